// y = f(x + b), b one number a column
// dL/dx = f'(x + b) dL/dy, and dL/db is its sum over the rows
//
// f' from y: identity 1;  relu 1 where y > 0;  tanh (1 - y)(1 + y);  sigmoid y (1 - y);  softplus 1 - exp(-y).
// gelu(x) = x Phi(x) does not tell x, whose slope is Phi(x) + x phi(x): it keeps x + b instead of y.
#pragma once
#include "kernels/nn/column_sums.hpp"
#include "simd/logistic.hpp"
#include "simd/normal_cdf.hpp"

namespace {

using fastdiv::RepeatedColumns;

struct identity_activation {
  template <class T>
  FASTDIV_INLINE Vec<T> value(Vec<T> x) {
    return x;
  }
  template <class T>
  FASTDIV_INLINE Vec<T> times_slope(Vec<T>, Vec<T> upstream) {
    return upstream;
  }
};

struct relu_activation {
  template <class T>
  FASTDIV_INLINE Vec<T> value(Vec<T> x) {
    return select(x < 0, Vec<T>{}, x);  // NaN stays
  }
  template <class T>
  FASTDIV_INLINE Vec<T> times_slope(Vec<T> y, Vec<T> upstream) {
    return select(y <= 0, Vec<T>{}, upstream);
  }
};

struct tanh_activation {
  template <class T>
  FASTDIV_INLINE Vec<T> value(Vec<T> x) {
    return tanh<T>(x);
  }
  template <class T>
  FASTDIV_INLINE Vec<T> times_slope(Vec<T> y, Vec<T> upstream) {
    return ((1 - y) * (1 + y)) * upstream;
  }
};

struct sigmoid_activation {
  template <class T>
  FASTDIV_INLINE Vec<T> value(Vec<T> x) {
    return logistic<T>(x);
  }
  template <class T>
  FASTDIV_INLINE Vec<T> times_slope(Vec<T> y, Vec<T> upstream) {
    return (y * (1 - y)) * upstream;
  }
};

struct softplus_activation {
  template <class T>
  FASTDIV_INLINE Vec<T> value(Vec<T> x) {
    return softplus<T>(x);
  }
  template <class T>
  FASTDIV_INLINE Vec<T> times_slope(Vec<T> y, Vec<T> upstream) {
    constexpr T kMost = static_cast<T>(kFar);
    return -expm1_near<T>(-at_most<T>(y, broadcast<T>(kMost))) * upstream;
  }
};

struct gelu_activation {
  template <class T>
  FASTDIV_INLINE Vec<T> value(Vec<T> x) {
    Vec<T> density, cdf = normal_cdf<T>(x, &density);
    return at_least<T>(x, broadcast<T>(-NormalTail<T>::kFarthest)) * cdf;  // of -inf it is 0
  }
  template <class T>
  FASTDIV_INLINE Vec<T> times_slope(Vec<T> x, Vec<T> upstream) {
    constexpr T kMost = NormalTail<T>::kFarthest;
    Vec<T> density, cdf = normal_cdf<T>(x, &density);
    Vec<T> near = at_most<T>(at_least<T>(x, broadcast<T>(-kMost)), broadcast<T>(kMost));
    return fma(near, density, cdf) * upstream;
  }
};

template <class T, class Op, bool kKeep>
FASTDIV_INLINE void activate(const T* x, const RepeatedColumns<T>& bias, T* out, T* pre, size_t n) {
  constexpr size_t kCount = Lanes<T>::kCount;
  const size_t step = kCount % bias.columns;
  size_t column = bias.first, i = 0;
  for (; i + kCount <= n; i += kCount) {
    Vec<T> sum = load(x + i) + load(bias.entries + column);
    if (kKeep) store(pre + i, sum);
    store(out + i, Op::template value<T>(sum));
    column += step;
    if (column >= bias.columns) column -= bias.columns;
  }
  size_t left = n - i;
  if (left == 0) return;
  Vec<T> sum = load_some(x + i, left) + load(bias.entries + column);
  if (kKeep) store_some(pre + i, sum, left);
  store_some(out + i, Op::template value<T>(sum), left);
}

template <class T, class Op>
void activation(const T* x, const RepeatedColumns<T>& bias, T* out, T* pre, size_t n) {
  if (pre == nullptr) return activate<T, Op, false>(x, bias, out, nullptr, n);
  activate<T, Op, true>(x, bias, out, pre, n);
}

template <class T, class Op, bool kShifted>
struct BackwardColumns {
  const T *saved, *upstream, *column_upstream;
  T* out;

  __attribute__((always_inline)) Vec<T> operator()(size_t at, size_t column, size_t count) const {
    const bool whole = count == Lanes<T>::kCount;
    Vec<T> total = whole ? load(upstream + at) : load_some(upstream + at, count);
    if (kShifted) total += whole ? load(column_upstream + column) : load_some(column_upstream + column, count);
    Vec<T> kept = whole ? load(saved + at) : load_some(saved + at, count);
    Vec<T> gradient = Op::template times_slope<T>(kept, total);
    if (whole)
      store(out + at, gradient);
    else
      store_some(out + at, gradient, count);
    return gradient;
  }
};

template <class T, class Op>
void activation_backward(const T* saved, const T* upstream, const T* column_upstream, T* out, const fastdiv::Tile& tile,
                         double* sums) {
  if (column_upstream == nullptr)
    return add_columns_of<T>(BackwardColumns<T, Op, false>{saved, upstream, nullptr, out}, tile, sums);
  add_columns_of<T>(BackwardColumns<T, Op, true>{saved, upstream, column_upstream, out}, tile, sums);
}

}  // namespace
