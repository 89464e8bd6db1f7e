// Arrays of random numbers: the numbers of consecutive counters one after the other.
#pragma once
#include "kernels/table.hpp"
#include "simd/normal.hpp"

namespace {

using fastdiv::RandomNumbers;

// As many as registers hold while their rounds overlap.
constexpr int kVectorsAtOnce = 3;
template <class T>
using FillCounters = Counters<T, kVectorsAtOnce>;
template <class T>
constexpr int kFillVectors = kVectorsAtOnce * kPerCounter<T>;

struct uniform_op {
  template <class T>
  FASTDIV_INLINE void draw(const FillCounters<T>& c, const RandomNumbers& r, const PhiloxKey& key, Vec<T>* out) {
    uniforms<T>(c, r.block, r.stream, key, out);
  }
};

struct normal_op {
  template <class T>
  FASTDIV_INLINE void draw(const FillCounters<T>& c, const RandomNumbers& r, const PhiloxKey& key, Vec<T>* out) {
    normals<T>(c, r.block, r.stream, key, out);
  }
};

struct words_op {
  template <class T>
  FASTDIV_INLINE void draw(const FillCounters<T>& c, const RandomNumbers& r, const PhiloxKey& key, Vec<T>* out) {
    Bits<T> words[kFillVectors<T>];
    philox(c, r.block, r.stream, key, words);
    for (int i = 0; i < kFillVectors<T>; ++i) out[i] = as_float<T>(words[i]);
  }
};

// Lanes as `transpose_groups` needs them to bring the counters' numbers into order: the k-th lane of a group of 128
// bits belongs to the k-th vector.
template <class T>
FASTDIV_INLINE FillCounters<T> grouped_counters(uint64_t first) {
  constexpr int kCount = Lanes<T>::kCount, kGroups = kCount / kPerCounter<T>, kParts = Counters<T>::kParts;
  FillCounters<T> result;
  for (int v = 0; v < kVectorsAtOnce; ++v)
    for (int lane = 0; lane < kCount; ++lane)
      result.part[v * kParts + lane % kParts][lane / kParts] =
          first + static_cast<uint64_t>(v * kCount + lane % kPerCounter<T> * kGroups + lane / kPerCounter<T>);
  return result;
}

// In each group of 128 bits: lane k of vector j becomes lane j of vector k.
FASTDIV_INLINE void transpose_groups(VecD* x) {
  VecD low = interleave_low(x[0], x[1]);
  x[1] = interleave_high(x[0], x[1]);
  x[0] = low;
}
FASTDIV_INLINE void transpose_groups(VecF* x) {
  VecD a[2] = {(VecD)interleave_low(x[0], x[1]), (VecD)interleave_low(x[2], x[3])};
  VecD b[2] = {(VecD)interleave_high(x[0], x[1]), (VecD)interleave_high(x[2], x[3])};
  transpose_groups(a);
  transpose_groups(b);
  for (int j = 0; j < 2; ++j) {
    x[j] = (VecF)a[j];
    x[2 + j] = (VecF)b[j];
  }
}

template <class T, class Op>
void fill(const RandomNumbers& numbers, T* out, size_t n) {
  constexpr size_t kCount = Lanes<T>::kCount, kBlock = kFillVectors<T> * kCount;
  const PhiloxKey key = philox_key(numbers.seed);
  FillCounters<T> c = grouped_counters<T>(numbers.index);
  size_t skip = numbers.skip;
  while (n > 0) {
    Vec<T> x[kFillVectors<T>];
    Op::template draw<T>(c, numbers, key, x);
    for (int v = 0; v < kVectorsAtOnce; ++v) transpose_groups(x + v * kPerCounter<T>);
    size_t count = kBlock - skip < n ? kBlock - skip : n;
    if (count == kBlock)
      for (int i = 0; i < kFillVectors<T>; ++i) store(out + i * kCount, x[i]);
    else
      __builtin_memcpy(out, reinterpret_cast<const T*>(x) + skip, count * sizeof(T));
    c = advance(c, kVectorsAtOnce * kCount);
    out += count;
    n -= count;
    skip = 0;
  }
}

}  // namespace
