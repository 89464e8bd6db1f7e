// Chunks: the fixed grid over a long event. A chunk's partial sums are combined in the grid's order, so neither the
// number of threads nor the way the work was shared changes a bit of the result.
#pragma once
#include <cmath>
#include <memory>
#include <vector>

#include "kernels/table.hpp"
#include "thread_pool.hpp"

namespace fastdiv {

constexpr size_t kChunk = 8192;
// Below this many elements the work is done before a second thread would have woken up.
constexpr size_t kWorthThreads = size_t{1} << 17;
constexpr size_t kElementsPerTask = size_t{1} << 14;

// One thread's memory for chunks that have to be gathered.
constexpr int kScratchSlots = 6;
template <class T>
T* scratch(int slot) {
  thread_local std::unique_ptr<T[]> memory[kScratchSlots];
  if (!memory[slot]) memory[slot].reset(new T[kChunk]);
  return memory[slot].get();
}

inline size_t chunk_count(size_t n) { return (n + kChunk - 1) / kChunk; }
inline size_t chunk_size(size_t n, size_t chunk) {
  size_t left = n - chunk * kChunk;
  return left < kChunk ? left : kChunk;
}

struct Serially {
  template <class Task>
  void operator()(size_t count, const Task& task) const {
    serial_for(count, task);
  }
};

struct InParallel {
  template <class Task>
  void operator()(size_t count, const Task& task) const {
    parallel_for(count, task);
  }
};

inline double sum_pairwise(const double* x, size_t count, size_t step) {
  if (count == 1) return x[0];
  size_t half = count / 2;
  return sum_pairwise(x, half, step) + sum_pairwise(x + half * step, count - half, step);
}

// A power of two in two factors, each representable: it lifts events of subnormal numbers, and lowers those whose
// sum would overflow, into the middle of the range.
template <class T>
struct PowerOfTwo {
  T first = 1, second = 1;

  static PowerOfTwo inverse_of(T x) {
    int exponent = -std::ilogb(x);
    return {std::ldexp(T(1), exponent / 2), std::ldexp(T(1), exponent - exponent / 2)};
  }
  void apply(const Kernels<T>& kernels, T* x, size_t count) const {
    if (is_one()) return;
    kernels.multiply(x, x, count, first);
    kernels.multiply(x, x, count, second);
  }
  bool is_one() const { return first == 1 && second == 1; }
};

// Sums within these bounds need no such factor: quotients of two sums and products with a weight stay normal.
template <class T>
bool is_moderate(double sum) {
  return sizeof(T) == 4 ? (sum >= 0x1p-30 && sum <= 0x1p40) : (sum >= 0x1p-300 && sum <= 0x1p300);
}

template <class T>
void gather(const T* from, ptrdiff_t stride, size_t count, T* to) {
  for (size_t i = 0; i < count; ++i) to[i] = from[static_cast<ptrdiff_t>(i) * stride];
}

template <class T>
void scatter(const T* from, size_t count, T* to, ptrdiff_t stride) {
  for (size_t i = 0; i < count; ++i) to[static_cast<ptrdiff_t>(i) * stride] = from[i];
}

}  // namespace fastdiv
