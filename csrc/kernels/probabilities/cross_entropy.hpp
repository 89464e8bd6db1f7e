// C(p, q) = -sum p log q, with p = v / V, q = w / W:   term = -v log(w / W),   C = sum of terms / V
// dC/dv = (-log q - C) / V;   dC/dw = (1 - p / q) / W;   plain: -log q and -p / q
#pragma once
#include "kernels/rows.hpp"

namespace {

// d/dq of -sum p log q for q = entry * scale, which is on the scale of p.
template <class T, bool kNormalized>
FASTDIV_INLINE Vec<T> gradient_by_reference(Vec<T> p, Vec<T> entry, Vec<T> scale) {
  Vec<T> q = entry * scale;
  return select(entry == 0, no_slope<T>(), kNormalized ? (q - p) / q : -p / q);
}

struct CrossEntropy {
  typedef CrossEntropy Formula;
  static constexpr int kInputs = 2;
  static constexpr fastdiv::MeasureTraits kTraits = {2, 1, false, false, false, /*exact_sum=*/1, {0, -1}, {0, 0}};

  template <class T>
  struct Row {
    Vec<T> high, low, scale;
    explicit Row(const RowConstants<T>& row)
        : high(broadcast(row.sum_high[1])), low(broadcast(row.sum_low[1])), scale(broadcast(row.scale[1])) {}
  };

  template <class T, bool kNormalized, int kWanted>
  FASTDIV_INLINE Mask<T> apply(const Row<T>& row, const Vec<T>* x, Vec<T>* term, Vec<T>* gradient) {
    constexpr T kTiny = Lanes<T>::kSmallestRegular;
    const Vec<T> zero = {};
    Vec<T> p = x[0], w = x[1];
    Mask<T> absent = p == 0;
    Ratio<T> r;
    divide_out<T>(w, row.high, &r);
    r.difference = (r.scaled - row.high) - row.low;
    expand<T>(row.high, &r);
    Vec<T> log_q = log<T>(r);
    term[0] = -p * log_q;
    if (kWanted & 1) gradient[0] = select(absent, no_slope<T>(), -log_q);
    if (kWanted & 2) gradient[1] = gradient_by_reference<T, kNormalized>(p, w, row.scale);
    Mask<T> special = ~(w >= select(absent, zero, broadcast(kTiny))) | ~(p >= 0);
    if (!kNormalized) special |= w > Lanes<T>::kLargest / 8;
    return special;
  }

  template <class T, bool kNormalized, int kWanted>
  FASTDIV_INLINE void apply_special(const Row<T>& row, const Vec<T>* x, Vec<T>* term, Vec<T>* gradient) {
    Vec<T> p = x[0], w = x[1], log_q = log_ratio_any<T>(w, row.high);
    Mask<T> absent = p == 0;
    term[0] = select(absent & (w >= 0), Vec<T>{}, -p * log_q);
    term[0] = select(p >= 0, term[0], broadcast<T>(__builtin_nan("")));
    gradient[0] = select(absent, no_slope<T>(), -log_q);
    gradient[1] = gradient_by_reference<T, kNormalized>(p, w, row.scale);
  }
};

typedef CrossEntropy cross_entropy_op;  // as list.hpp names it

}  // namespace
