// Mixtures of Gaussians from their components' log-densities l_j, weights included:
//
//   log p(x) = log sum_j exp(l_j),   responsibilities r_j = exp(l_j - log p(x))
//   d log p / d(parameters of j) = r_j d l_j / d(parameters of j),   d log p / d w_j = r_j / w_j
//
// The largest l_j is taken out first, whatever it is: nothing is clipped, and nothing overflows or is lost.
#pragma once
#include "kernels/distributions/exponential.hpp"
#include "kernels/distributions/gaussian.hpp"

namespace {

// From log-densities, in rows, to log p and to weights e_j = factor r_j; components without weight are left out.
// `factor` gets what e_j are to be multiplied by.
template <class T>
void mix(const MixtureConstants<T>& m, T* rows, const Rows<T>& block, T* log_density, T* factor) {
  constexpr int kCount = Lanes<T>::kCount;
  const Vec<T> none = broadcast<T>(-__builtin_inf());
  for (int i = 0; i < block.n; i += kGroupLanes<T>) {
    Vec<T> largest[kGroup], sum[kGroup] = {};
    for (int v = 0; v < kGroup; ++v) largest[v] = none;
    for (int j = 0; j < m.components; ++j) {
      if (m.weightless[j]) continue;
#pragma GCC unroll 4
      for (int v = 0; v < kGroup; ++v) {
        Vec<T> each = load(rows + j * block.stride + i + v * kCount);
        largest[v] = select(each > largest[v], each, largest[v]);
      }
    }
    for (int j = 0; j < m.components; ++j) {
      if (m.weightless[j]) continue;
#pragma GCC unroll 4
      for (int v = 0; v < kGroup; ++v) {
        T* at = rows + j * block.stride + i + v * kCount;
        Vec<T> minus_one, base = select(largest[v] == none, Vec<T>{}, largest[v]);
        Vec<T> each = exp_of_negative<T>(load(at) - base, &minus_one);
        store(at, each);
        sum[v] += each;
      }
    }
#pragma GCC unroll 4
    for (int v = 0; v < kGroup; ++v) {
      Mask<T> nowhere = largest[v] == none;
      Vec<T> whole = select(nowhere, broadcast<T>(1), sum[v]);
      Vec<T> result = largest[v] + log_to_one<T>(divide_out<T>(whole, broadcast<T>(1)), Vec<T>{});
      store(log_density + i + v * kCount, result);
      store(factor + i + v * kCount, select(nowhere, Vec<T>{}, 1 / whole));
    }
  }
}

}  // namespace
