// Arrays of random numbers: the numbers of consecutive counters one after the other.
#pragma once
#include "kernels/table.hpp"
#include "simd/normal.hpp"

namespace {

using fastdiv::RandomNumbers;

struct uniform_op {
  template <class T>
  FASTDIV_INLINE void draw(const Counters<T>& c, const RandomNumbers& r, Vec<T>* out) {
    uniforms<T>(c, r.block, r.stream, r.seed, out);
  }
};

struct normal_op {
  template <class T>
  FASTDIV_INLINE void draw(const Counters<T>& c, const RandomNumbers& r, Vec<T>* out) {
    normals<T>(c, r.block, r.stream, r.seed, out);
  }
};

struct words_op {
  template <class T>
  FASTDIV_INLINE void draw(const Counters<T>& c, const RandomNumbers& r, Vec<T>* out) {
    Bits<T> words[kPerCounter<T>];
    philox(c, r.block, r.stream, r.seed, words);
    for (int j = 0; j < kPerCounter<T>; ++j) out[j] = as_float<T>(words[j]);
  }
};

// Lanes as `transpose_groups` needs them to bring the counters' numbers into order: the k-th of a group of 128 bits
// belongs to the k-th vector.
template <class T>
FASTDIV_INLINE Counters<T> grouped_counters(uint64_t first) {
  constexpr int kGroups = Lanes<T>::kCount / kPerCounter<T>, kParts = Counters<T>::kParts;
  Counters<T> result;
  for (int lane = 0; lane < Lanes<T>::kCount; ++lane)
    result.part[lane % kParts][lane / kParts] = first + lane % kPerCounter<T> * kGroups + lane / kPerCounter<T>;
  return result;
}

// In each group of 128 bits: lane k of vector j becomes lane j of vector k.
FASTDIV_INLINE void transpose_groups(VecD* x) {
  VecD low = interleave_low(x[0], x[1]);
  x[1] = interleave_high(x[0], x[1]);
  x[0] = low;
}
FASTDIV_INLINE void transpose_groups(VecF* x) {
  for (int half = 0; half < 2; ++half) {
    VecF* pair = x + 2 * half;
    VecF low = interleave_low(pair[0], pair[1]);
    pair[1] = interleave_high(pair[0], pair[1]);
    pair[0] = low;
  }
  VecD a[2] = {(VecD)x[0], (VecD)x[2]}, b[2] = {(VecD)x[1], (VecD)x[3]};
  transpose_groups(a);
  transpose_groups(b);
  for (int j = 0; j < 2; ++j) {
    x[j] = (VecF)a[j];
    x[2 + j] = (VecF)b[j];
  }
}

template <class T, class Op>
void fill(const RandomNumbers& numbers, T* out, size_t n) {
  constexpr size_t kCount = Lanes<T>::kCount, kBlock = kPerCounter<T> * kCount;
  Counters<T> c = grouped_counters<T>(numbers.offset / kPerCounter<T>);
  size_t skip = numbers.offset % kPerCounter<T>;  // numbers of the first counter that are not wanted
  while (n > 0) {
    Vec<T> x[kPerCounter<T>];
    Op::template draw<T>(c, numbers, x);
    transpose_groups(x);
    c = advance<T>(c, kCount);
    size_t count = kBlock - skip < n ? kBlock - skip : n;
    if (count == kBlock)
      for (int j = 0; j < kPerCounter<T>; ++j) store(out + j * kCount, x[j]);
    else
      __builtin_memcpy(out, reinterpret_cast<const T*>(x) + skip, count * sizeof(T));
    out += count;
    n -= count;
    skip = 0;
  }
}

}  // namespace
