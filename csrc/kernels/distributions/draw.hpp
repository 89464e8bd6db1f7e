// The normal numbers of samples, which depend on the seed and the samples' numbers alone.
#pragma once
#include "kernels/distributions/lanes.hpp"
#include "simd/normal.hpp"

namespace {

// z[d, i]: the normals of the samples first + i step, of counter (number of the sample, d / kPerCounter).
template <class T>
void draw(uint64_t seed, uint32_t stream, uint64_t first, uint64_t step, int dimension, const Rows<T>& block, T* z) {
  constexpr int kVectors = sizeof(T) == 8 ? 4 : 2, kPer = kPerCounter<T>, kCount = Lanes<T>::kCount;
  const PhiloxKey key = philox_key(seed);
  Counters<T, kVectors> c = counters<T, kVectors>(first, step);
  for (int i = 0; i < block.n; i += kVectors * kCount) {
    for (int d = 0; d < dimension; d += kPer) {
      Vec<T> numbers[kVectors * kPer];
      uniforms<T>(c, static_cast<uint32_t>(d / kPer), stream, key, numbers);
      if (kPer > 2 && dimension - d <= 2) {
        for (int v = 1; v < kVectors; ++v)
          for (int k = 0; k < 2; ++k) numbers[2 * v + k] = numbers[v * kPer + k];
        box_muller<T, kVectors>(numbers);
        for (int v = 0; v < kVectors; ++v)
          for (int k = 0; k < 2 && d + k < dimension; ++k)
            store(z + (d + k) * block.stride + i + v * kCount, numbers[2 * v + k]);
      } else {
        box_muller<T, kVectors * kPer / 2>(numbers);
        for (int v = 0; v < kVectors; ++v)
          for (int k = 0; k < kPer && d + k < dimension; ++k)
            store(z + (d + k) * block.stride + i + v * kCount, numbers[v * kPer + k]);
      }
    }
    c = advance(c, static_cast<uint64_t>(kVectors * kCount) * step);
  }
}

}  // namespace
