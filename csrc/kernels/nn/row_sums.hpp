// The sum of a row's terms, in an order that does not depend on the register's width, while something is written.
#pragma once
#include "kernels/nn/map.hpp"

namespace {

constexpr int kSumLanes = 16;  // lane l of a block is added into sum l mod 16

FASTDIV_INLINE void split_wide(VecF x, VecD* wide) {
  HalfF half[2];
  __builtin_memcpy(half, &x, sizeof x);
  wide[0] = widen(half[0]);
  wide[1] = widen(half[1]);
}

template <class T>
struct RowSum;

// Doubles have room for a row of floats.
template <>
struct RowSum<float> {
  static constexpr int kVectors = kSumLanes / Lanes<double>::kCount;
  VecD high[kVectors] = {};

  __attribute__((always_inline)) void add(const VecF* terms) {
    constexpr int kPer = kSumLanes / Lanes<float>::kCount;
#pragma GCC unroll 4
    for (int v = 0; v < kPer; ++v) {
      VecD wide[2];
      split_wide((terms[v] + terms[v + 2 * kPer]) + (terms[v + kPer] + terms[v + 3 * kPer]), wide);
      high[2 * v] += wide[0];
      high[2 * v + 1] += wide[1];
    }
  }
  double total() const { return sum_lanes<kSumLanes>(reinterpret_cast<const double*>(high)); }
};

// What a sum of doubles rounds away is kept.
template <>
struct RowSum<double> {
  static constexpr int kVectors = kSumLanes / Lanes<double>::kCount;
  VecD high[kVectors] = {}, low[kVectors] = {};

  __attribute__((always_inline)) void add(const VecD* terms) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      VecD a = high[v], b = terms[v] + terms[v + kVectors], s = a + b, part = s - a;
      high[v] = s;
      low[v] += (a - (s - part)) + (b - part);
    }
  }
  double total() const {
    double whole = sum_lanes<kSumLanes>(reinterpret_cast<const double*>(high));
    // Past infinity the part that was rounded away is NaN.
    return whole - whole == 0 ? whole + sum_lanes<kSumLanes>(reinterpret_cast<const double*>(low)) : whole;
  }
};

// Adds up body(vectors of the inputs, &vector to write); `written` is nullptr if nothing is.
template <class T, int kInputs, bool kWrites, class Body>
FASTDIV_INLINE double sum_row(const T* const* inputs, size_t n, T* written, const Body& body) {
  constexpr size_t kCount = Lanes<T>::kCount, kLanes = kLanesPerBlock<T>;
  RowSum<T> sum;
  Vec<T> x[kInputs], y = {};
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    Vec<T> terms[kVectorsPerBlock];
#pragma GCC unroll 4
    for (int v = 0; v < kVectorsPerBlock; ++v) {
      size_t at = i + static_cast<size_t>(v) * kCount;
      for (int k = 0; k < kInputs; ++k) x[k] = load(inputs[k] + at);
      terms[v] = body(x, &y);
      if (kWrites) store(written + at, y);
    }
    sum.add(terms);
  }
  if (i == n) return sum.total();
  Vec<T> terms[kVectorsPerBlock] = {};
  int v = 0;
  for (; i + kCount <= n; i += kCount) {
    for (int k = 0; k < kInputs; ++k) x[k] = load(inputs[k] + i);
    terms[v++] = body(x, &y);
    if (kWrites) store(written + i, y);
  }
  if (size_t left = n - i) {
    for (int k = 0; k < kInputs; ++k) x[k] = load_some(inputs[k] + i, left);
    Vec<T> term = body(x, &y);
    __builtin_memcpy(&terms[v], &term, left * sizeof(T));
    if (kWrites) store_some(written + i, y, left);
  }
  sum.add(terms);
  return sum.total();
}

}  // namespace
