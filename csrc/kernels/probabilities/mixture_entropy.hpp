// H(m) = -sum m log m of the mixture m = w p + (1 - w) q of two distributions. With the rows' own entropies it gives
// all pairs' Jensen-Shannon divergences for one logarithm an entry: JS = H(m) - w H(p) - (1 - w) H(q).
#pragma once
#include "kernels/probabilities/entropy.hpp"

namespace {

template <class T>
struct MixtureEntropy {
  static constexpr int kGradients = 0;
  static constexpr T kPadding = 0;
  static constexpr bool kStaged = false;
  __attribute__((always_inline)) void prefetch(const T* const*, size_t) const {}
  Entropy::Row<T> whole;  // of sum 1
  Vec<T> weight, rest;

  __attribute__((always_inline)) void operator()(const Vec<T>* x, Vec<T>* term, Vec<T>*) const {
    Vec<T> m = fma(weight, x[0], rest * x[1]), unused[2];
    // A subnormal mixture adds nothing that counts beside entries that sum to 1.
    m = select(m < Lanes<T>::kSmallestRegular, Vec<T>{}, m);
    Entropy::apply<T, true, 0>(whole, &m, term, unused);
  }
};

template <class T>
double mixture_entropy(const T* p, const T* q, size_t n, T weight) {
  const T* inputs[2] = {p, q};
  double sum = 0;
  MixtureEntropy<T> body{Entropy::Row<T>(RowConstants<T>()), broadcast(weight), broadcast(T(1) - weight)};
  reduce<T, 2, 1>(inputs, n, &sum, body, nullptr);
  return sum;
}

}  // namespace
