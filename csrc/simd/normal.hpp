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

// Two independent standard normal numbers from two uniform ones, sqrt(-2 log u) times (cos, sin)(2 pi v), and their
// largest error, in units in the last place, relative to these formulas at the same u and v.
// G. E. P. Box, M. E. Muller, A Note on the Generation of Random Normal Deviates, 1958.
constexpr double kNormalMaxUlp = 3;
template <class T>
FASTDIV_INLINE void box_muller(Vec<T> u, Vec<T> v, Vec<T>* normals) {
  Ratio<T> ratio = divide_out<T>(u, broadcast<T>(1));
  Vec<T> radius = square_root(-2 * log_to_one<T>(ratio, Vec<T>{})), cos, sin;
  cos_sin_of_turns<T>(v, &cos, &sin);
  normals[0] = radius * cos;
  normals[1] = radius * sin;
}

// The kPerCounter<T> numbers of each lane's counter in one block of one stream: numbers[j] holds the j-th of all lanes.
template <class T>
FASTDIV_INLINE void uniforms(const Counters<T>& c, uint32_t block, uint32_t stream, uint64_t seed, Vec<T>* numbers) {
  Bits<T> words[kPerCounter<T>];
  philox(c, block, stream, seed, words);
  for (int j = 0; j < kPerCounter<T>; ++j) numbers[j] = uniform<T>(words[j]);
}

template <class T>
FASTDIV_INLINE void normals(const Counters<T>& c, uint32_t block, uint32_t stream, uint64_t seed, Vec<T>* numbers) {
  Vec<T> u[kPerCounter<T>];
  uniforms<T>(c, block, stream, seed, u);
  for (int j = 0; j < kPerCounter<T>; j += 2) box_muller<T>(u[j], u[j + 1], numbers + j);
}

}  // namespace
