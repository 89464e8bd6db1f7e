// -log p(x | l) = sum_j softplus(l_j) - x_j l_j, 0 <= x <= 1
// With t = exp(-|l|), and w = 1 - x where l > 0, else x:   a term is |l| w + log(1 + t), a sum without cancellation
// d/dl_j = sigmoid(l_j) - x_j:   1 - x - t / (1 + t) where l > 0, else t / (1 + t) - x
#pragma once
#include "kernels/nn/row_sums.hpp"
#include "simd/logistic.hpp"

namespace {

template <class T, bool kWrites>
FASTDIV_INLINE double sum_bernoulli_nll(const T* logits, const T* data, size_t n, T factor, T* gradient) {
  const T* inputs[2] = {logits, data};
  return sum_row<T, 2, kWrites>(
      inputs, n, gradient, [=](const Vec<T>* in, Vec<T>* slope) __attribute__((always_inline)) {
        const Vec<T> l = in[0], x = in[1], magnitude = absolute<T>(l), t = exp_of_negative<T>(-magnitude);
        Mask<T> positive = l > 0;
        Vec<T> w = select(positive, 1 - x, x);
        if (kWrites) {
          Vec<T> other = t / (t + 1);
          *slope = select(positive, w - other, other - w) * factor;
        }
        // inf 0 = 0
        return select(w == 0, Vec<T>{}, magnitude * w) + log1p_of_fraction(t);
      });
}

template <class T>
double bernoulli_nll(const T* logits, const T* x, size_t n, T factor, T* gradient) {
  if (gradient == nullptr) return sum_bernoulli_nll<T, false>(logits, x, n, factor, nullptr);
  return sum_bernoulli_nll<T, true>(logits, x, n, factor, gradient);
}

}  // namespace
