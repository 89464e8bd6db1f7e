// -log p(x | l) = sum_j softplus(l_j) - x_j l_j, 0 <= x <= 1
// With t = exp(-|l|), and w = 1 - x where l > 0, else x:   a term is |l| w + log(1 + t), a sum without cancellation
// d/dl_j = sigmoid(l_j) - x_j:   1 - x - t / (1 + t) where l > 0, else t / (1 + t) - x
#pragma once
#include "kernels/nn/map.hpp"
#include "simd/logistic.hpp"

namespace {

template <class T, int kWritten>
struct BernoulliNll : RowBody<T, kWritten> {
  static constexpr T kPadding = -__builtin_inf();  // at which a term is 0
  Vec<T> factor;

  __attribute__((always_inline)) void operator()(const Vec<T>* in, Vec<T>* term, Vec<T>* gradient) const {
    const Vec<T> l = in[0], x = in[1], magnitude = absolute<T>(l), t = exp<T>(-magnitude);
    Mask<T> positive = l > 0;
    Vec<T> w = select(positive, 1 - x, x);
    Mask<T> certain = (magnitude == static_cast<T>(__builtin_inf())) & (w <= 0);  // inf 0 = 0
    term[0] = select(certain, Vec<T>{}, magnitude * w) + log1p_of_fraction<T>(t);
    if (!kWritten) return;
    Vec<T> other = t / (t + 1);
    gradient[0] = select(positive, w - other, other - x) * factor;
  }
};

template <class T>
double bernoulli_nll(const T* logits, const T* x, size_t n, T factor, T* gradient) {
  const T* inputs[2] = {logits, x};
  T* raw[2] = {gradient, nullptr};
  double sum = 0;
  if (gradient == nullptr)
    reduce<T, 2, 1>(inputs, n, &sum, BernoulliNll<T, 0>{}, raw);
  else
    reduce<T, 2, 1>(inputs, n, &sum, BernoulliNll<T, 1>{{}, broadcast(factor)}, raw);
  return sum;
}

}  // namespace
