// -log p(x | m, s) = sum_j (x_j - m_j)^2 / (2 s^2) + log s + log(2 pi) / 2;   here the sum of squares alone
// d/dm_j = (m_j - x_j) / s^2
#pragma once
#include "kernels/nn/row_sums.hpp"

namespace {

template <class T, bool kWrites>
FASTDIV_INLINE double sum_squares(const T* mean, const T* x, size_t n, T factor, T* gradient) {
  const T* inputs[2] = {mean, x};
  return sum_row<T, 2, kWrites>(inputs, n, gradient,
                                [=](const Vec<T>* in, Vec<T>* slope) __attribute__((always_inline)) {
                                  Vec<T> difference = in[0] - in[1];
                                  if (kWrites) *slope = difference * factor;
                                  return difference * difference;
                                });
}

template <class T>
double gaussian_nll(const T* mean, const T* x, size_t n, T factor, T* gradient) {
  if (gradient == nullptr) return sum_squares<T, false>(mean, x, n, factor, nullptr);
  return sum_squares<T, true>(mean, x, n, factor, gradient);
}

}  // namespace
