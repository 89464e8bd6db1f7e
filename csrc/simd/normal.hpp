// Uniform and normal numbers from the words of Philox. Only operations that are rounded correctly: every machine with
// a fused multiply-add gives the same bits.
#pragma once
#include "simd/math.hpp"
#include "simd/philox.hpp"

namespace {

// (n + 1/2) 2^-m, n the word's m highest bits, m = 23 (float) or 52 (double): exact, and neither 0 nor 1.
template <class T>
FASTDIV_INLINE Vec<T> uniform(Bits<T> word) {
  typedef typename Lanes<T>::Word Word;
  constexpr int kShift = Lanes<T>::kMantissaBits;
  constexpr Word kOne = static_cast<Word>(Lanes<T>::kExponentBias) << kShift;
  constexpr T kHalfStep = T(0.5) / static_cast<T>(static_cast<uint64_t>(1) << kShift);
  return as_float<T>((word >> (8 * sizeof(T) - kShift)) | kOne) - (1 - kHalfStep);
}

template <class T>
struct Quadrant;
template <>
struct Quadrant<double> {
  static constexpr double kHalfPi = 0x1.921fb54442d18p+0;
  FASTDIV_INLINE VecD sin_tail(VecD z) { return polynomial<double>(kSinTail64, z); }
  FASTDIV_INLINE VecD cos_tail(VecD z) { return polynomial<double>(kCosTail64, z); }
};
template <>
struct Quadrant<float> {
  static constexpr float kHalfPi = 0x1.921fb6p+0f;
  FASTDIV_INLINE VecF sin_tail(VecF z) { return polynomial<float>(kSinTail32, z); }
  FASTDIV_INLINE VecF cos_tail(VecF z) { return polynomial<float>(kCosTail32, z); }
};

// cos and sin of 2 pi u for a `uniform` u: 4 u = q + r, |r| <= 1/2, without rounding.
template <class T>
FASTDIV_INLINE void cos_sin_of_turns(Vec<T> u, Vec<T>* cos, Vec<T>* sin) {
  constexpr int kShift = Lanes<T>::kMantissaBits;
  constexpr int kToSign = 8 * sizeof(T) - 2;  // from bit 1 to the sign
  // Adding this rounds to a whole number and leaves it in the low mantissa bits.
  constexpr T kRound = static_cast<T>(3) * static_cast<T>(static_cast<uint64_t>(1) << (kShift - 1));
  Vec<T> quarters = u * 4, rounded = quarters + kRound;
  Bits<T> q = as_bits<T>(rounded);
  Vec<T> r = quarters - (rounded - kRound), z = r * r;
  Vec<T> near_sin = fma(r, broadcast<T>(Quadrant<T>::kHalfPi), r * Quadrant<T>::sin_tail(z));
  Vec<T> near_cos = fma(z, Quadrant<T>::cos_tail(z), broadcast<T>(1));
  Mask<T> even = (q & 1) == 0;
  *cos = as_float<T>(as_bits<T>(select(even, near_cos, near_sin)) ^ (((q + 1) & 2) << kToSign));
  *sin = as_float<T>(as_bits<T>(select(even, near_sin, near_cos)) ^ ((q & 2) << kToSign));
}

// The largest error of a normal number in units in the last place, relative to its formula at the same uniform ones.
constexpr double kNormalMaxUlp = 3.5;

// Of each pair of uniform numbers u, v two independent standard normal ones: sqrt(-2 log u) times (cos, sin)(2 pi v).
// G. E. P. Box, M. E. Muller, A Note on the Generation of Random Normal Deviates, 1958.
// In stages over the pairs, which the processor then overlaps.
template <class T, int kPairs>
FASTDIV_INLINE void box_muller(Vec<T>* numbers) {
  Ratio<T> ratio[kPairs];
#pragma GCC unroll 8
  for (int i = 0; i < kPairs; ++i) ratio[i] = divide_out<T>(numbers[2 * i], broadcast<T>(1));
  Vec<T> radius[kPairs];
#pragma GCC unroll 8
  for (int i = 0; i < kPairs; ++i) radius[i] = square_root(-2 * log_to_one<T>(ratio[i], Vec<T>{}));
#pragma GCC unroll 8
  for (int i = 0; i < kPairs; ++i) {
    Vec<T> cos, sin;
    cos_sin_of_turns<T>(numbers[2 * i + 1], &cos, &sin);
    numbers[2 * i] = radius[i] * cos;
    numbers[2 * i + 1] = radius[i] * sin;
  }
}

// numbers[v * kPerCounter<T> + j]: the j-th number of the counters in vector v, in one block of one stream.
template <class T, int kVectors>
FASTDIV_INLINE void uniforms(const Counters<T, kVectors>& c, uint32_t block, uint32_t stream, const PhiloxKey& key,
                             Vec<T>* numbers) {
  Bits<T> words[kVectors * kPerCounter<T>];
  philox(c, block, stream, key, words);
#pragma GCC unroll 16
  for (int i = 0; i < kVectors * kPerCounter<T>; ++i) numbers[i] = uniform<T>(words[i]);
}

template <class T, int kVectors>
FASTDIV_INLINE void normals(const Counters<T, kVectors>& c, uint32_t block, uint32_t stream, const PhiloxKey& key,
                            Vec<T>* numbers) {
  uniforms<T>(c, block, stream, key, numbers);
  box_muller<T, kVectors * kPerCounter<T> / 2>(numbers);
}

}  // namespace
