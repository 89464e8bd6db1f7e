// -log p(x | m, s) = sum_j (x_j - m_j)^2 / (2 s^2) + log s + log(2 pi) / 2;   here the sum of squares alone
// d/dm_j = (m_j - x_j) / s^2
#pragma once
#include "kernels/nn/map.hpp"

namespace {

template <class T, int kWritten>
struct GaussianNll : RowBody<T, kWritten> {
  Vec<T> factor;

  __attribute__((always_inline)) void operator()(const Vec<T>* in, Vec<T>* term, Vec<T>* gradient) const {
    Vec<T> difference = in[0] - in[1];
    term[0] = difference * difference;
    if (kWritten) gradient[0] = difference * factor;
  }
};

template <class T>
double gaussian_nll(const T* mean, const T* x, size_t n, T factor, T* gradient) {
  const T* inputs[2] = {mean, x};
  T* raw[2] = {gradient, nullptr};
  double sum = 0;
  if (gradient == nullptr)
    reduce<T, 2, 1>(inputs, n, &sum, GaussianNll<T, 0>{}, raw);
  else
    reduce<T, 2, 1>(inputs, n, &sum, GaussianNll<T, 1>{{}, broadcast(factor)}, raw);
  return sum;
}

}  // namespace
