// Sums of observations and of their squares about the mean, in double.
#pragma once
#include "kernels/distributions/lanes.hpp"

namespace {

FASTDIV_INLINE VecD widened(const float* x) { return load_widened(x); }
FASTDIV_INLINE VecD widened(const double* x) { return load(x); }

// The sum of n numbers; `out` gets their differences from the mean, filled up with 0.
template <class T>
double sum_about(T* x, int n, int whole, double* out) {
  constexpr int kCount = Lanes<double>::kCount;
  for (int i = n; i < whole; ++i) x[i] = 0;
  alignas(64) double lanes[kSumLanes<double>];
  for (int part = 0; part < kSumLanes<double>; part += kCount) {
    VecD sum = {};
    for (int i = part; i < whole; i += kSumLanes<double>) sum += widened(x + i);
    store(lanes + part, sum);
  }
  double total = sum_of_lanes(lanes), mean = total / n;
  for (int i = 0; i < whole; i += kCount) store(out + i, widened(x + i) - mean);
  for (int i = n; i < whole; ++i) out[i] = 0;
  return total;
}

double sum_of_products(const double* a, const double* b, int n) {
  constexpr int kCount = Lanes<double>::kCount;
  alignas(64) double lanes[kSumLanes<double>];
  for (int part = 0; part < kSumLanes<double>; part += kCount) {
    VecD sum = {};
    for (int i = part; i < n; i += kSumLanes<double>) sum = fma(load(a + i), load(b + i), sum);
    store(lanes + part, sum);
  }
  return sum_of_lanes(lanes);
}

}  // namespace
