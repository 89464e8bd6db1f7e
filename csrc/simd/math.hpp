// Elementary functions on vectors. Each states its largest error in units in the last place, in a
// constant that the ulp sweep in tests/native reads; arguments are positive normal numbers unless a
// function says otherwise.
#pragma once
#include "simd/coefficients.hpp"
#include "simd/vec.hpp"

namespace {

template <class T, int N>
FASTDIV_INLINE Vec<T> polynomial(const T (&coefficients)[N], Vec<T> x) {
  Vec<T> sum = broadcast<T>(coefficients[N - 1]);
#pragma GCC unroll 16
  for (int i = N - 2; i >= 0; --i) sum = fma(sum, x, broadcast<T>(coefficients[i]));
  return sum;
}

FASTDIV_INLINE VecD two_atanh_tail(VecD z) { return polynomial<double>(kTwoAtanhTail64, z); }
FASTDIV_INLINE VecF two_atanh_tail(VecF z) { return polynomial<float>(kTwoAtanhTail32, z); }
FASTDIV_INLINE VecD exp_tail(VecD r) { return polynomial<double>(kExpTail64, r); }
FASTDIV_INLINE VecF exp_tail(VecF r) { return polynomial<float>(kExpTail32, r); }

// ln 2 in two parts, the first with 21 (double) or 12 (float) trailing zeros: k * high is exact.
template <class T>
struct Ln2;
template <>
struct Ln2<double> {
  static constexpr double kValue = 0x1.62e42fefa39efp-1, kHigh = 0x1.62e42fee00000p-1, kLow = 0x1.a39ef35793c76p-33,
                          kInverse = 0x1.71547652b82fep+0;
};
template <>
struct Ln2<float> {
  static constexpr float kValue = 0x1.62e430p-1f, kHigh = 0x1.62e000p-1f, kLow = 0x1.0bfbe8p-15f,
                         kInverse = 0x1.715476p+0f;
};

// Small non-negative integers as floating point numbers; AVX2 cannot convert 64-bit integers, so
// the double is made by writing the integer into the mantissa of 2^52.
FASTDIV_INLINE VecD from_small_integer(BitsD n) { return as_float<double>(n | 0x4330000000000000ull) - 0x1p52; }
FASTDIV_INLINE VecF from_small_integer(BitsF n) { return __builtin_convertvector((MaskF)n, VecF); }

// a/b = 2^k (1 + s)/(1 - s), so log(a/b) = k ln 2 + 2 atanh(s): one division and no rounded quotient.
// With a' = a 2^-k within [0.66, 1.51] b, the difference a' - b is exact (Sterbenz' lemma).
template <class T>
struct Ratio {
  Vec<T> k;           // a whole number
  Vec<T> scaled;      // a'
  Vec<T> difference;  // a' - b
  Vec<T> s;           // difference / (a' + b)
  Vec<T> z;           // s^2
  Vec<T> tail;        // (2 atanh(s) - 2 s) / s^3
};

template <class T>
FASTDIV_INLINE void divide_out(Vec<T> a, Vec<T> b, Ratio<T>* r) {
  typedef typename Lanes<T>::Word Word;
  constexpr int kShift = Lanes<T>::kMantissaBits;
  constexpr Word kTop = static_cast<Word>(1) << (8 * sizeof(T) - 1);
  constexpr Word kHalf = static_cast<Word>(1) << (kShift - 1);
  constexpr Word kExponents = ~((static_cast<Word>(1) << kShift) - 1);
  constexpr T kOffset = static_cast<T>(kTop >> kShift);
  // The bit patterns count log2 nearly linearly: their difference, rounded, is the exponent k.
  Bits<T> exponent = as_bits<T>(a) - as_bits<T>(b) + (kTop + kHalf);
  r->k = from_small_integer(exponent >> kShift) - kOffset;
  r->scaled = as_float<T>(as_bits<T>(a) - (exponent & kExponents) + kTop);
}

template <class T>
FASTDIV_INLINE void expand(Vec<T> b, Ratio<T>* r) {
  r->s = r->difference / (r->scaled + b);
  r->z = r->s * r->s;
  r->tail = two_atanh_tail(r->z);
}

template <class T>
FASTDIV_INLINE Ratio<T> divide_out(Vec<T> a, Vec<T> b) {
  Ratio<T> r;
  divide_out<T>(a, b, &r);
  r.difference = r.scaled - b;
  expand<T>(b, &r);
  return r;
}

// The same for a known to be b + a_minus_b more exactly than a itself is, which matters where a is close to b.
template <class T>
FASTDIV_INLINE Ratio<T> divide_out(Vec<T> a, Vec<T> b, Vec<T> a_minus_b) {
  Ratio<T> r;
  divide_out<T>(a, b, &r);
  r.difference = select(r.k == 0, a_minus_b, r.scaled - b);
  expand<T>(b, &r);
  return r;
}

template <class T>
FASTDIV_INLINE Vec<T> log(const Ratio<T>& r) {
  Vec<T> small = fma(r.s * r.z, r.tail, r.s + r.s);
  return fma(r.k, broadcast<T>(Ln2<T>::kHigh), fma(r.k, broadcast<T>(Ln2<T>::kLow), small));
}

// log(a/b); a and b need not be close, the quotient need not be representable.
constexpr double kLogRatioMaxUlp = 1.5;
template <class T>
FASTDIV_INLINE Vec<T> log_ratio(Vec<T> a, Vec<T> b) {
  return log<T>(divide_out<T>(a, b));
}

// Brings very small (what `divide_out` scales to them must stay normal) and very large magnitudes into the
// middle of the range; *k counts the powers of two taken out, so that x = result * 2^k.
template <class T>
FASTDIV_INLINE Vec<T> center_exponent(Vec<T> x, Vec<T>* k) {
  Mask<T> small = x < Lanes<T>::kSmallestRegular;
  Mask<T> large = x > Lanes<T>::kLargest / 8;
  Vec<T> shift = select(small, broadcast<T>(0x1p64), select(large, broadcast<T>(0x1p-64), broadcast<T>(1)));
  *k = select(small, broadcast<T>(-64), select(large, broadcast<T>(64), broadcast<T>(0)));
  return x * shift;
}

// log(a/b) of anything: subnormals, 0/b = -inf, a/0 = inf, 0/0 and inf/inf = NaN, NaN and negative
// numbers = NaN. For the rare vectors that need it.
template <class T>
FASTDIV_INLINE Vec<T> log_ratio_any(Vec<T> a, Vec<T> b) {
  const Vec<T> infinity = broadcast<T>(__builtin_inf()), nan = broadcast<T>(__builtin_nan(""));
  const Vec<T> one = broadcast<T>(1);
  Mask<T> a_regular = (a > 0) & (a < infinity), b_regular = (b > 0) & (b < infinity);
  Vec<T> a_exponent, b_exponent;
  Vec<T> a_centered = center_exponent<T>(select(a_regular, a, one), &a_exponent);
  Vec<T> b_centered = center_exponent<T>(select(b_regular, b, one), &b_exponent);
  Ratio<T> r = divide_out<T>(a_centered, b_centered);
  r.k += a_exponent - b_exponent;
  Vec<T> result = log<T>(r);
  result = select((a == infinity) | (b == 0), infinity, result);
  result = select((b == infinity) | (a == 0), -infinity, result);
  Mask<T> undefined = ((a == 0) & (b == 0)) | ((a == infinity) & (b == infinity)) | ~(a >= 0) | ~(b >= 0);
  return select(undefined, nan, result);
}

// k ln 2 + log(1 + d) of a ratio to 1, d = r.difference: 2 atanh(s) = d - s (d - s^2 tail), in which the rounding
// of s hardly counts. `lost` is what d itself has rounded away.
template <class T>
FASTDIV_INLINE Vec<T> log_to_one(const Ratio<T>& r, Vec<T> lost) {
  Vec<T> small = fma(-r.s, fma(-r.z, r.tail, r.difference), fma(r.k, broadcast<T>(Ln2<T>::kLow), lost));
  return fma(r.k, broadcast<T>(Ln2<T>::kHigh), r.difference + small);
}

// log(x), of anything.
constexpr double kLogMaxUlp = 1.1;
template <class T>
FASTDIV_INLINE Vec<T> log(Vec<T> x) {
  const Vec<T> infinity = broadcast<T>(__builtin_inf()), one = broadcast<T>(1);
  Mask<T> regular = (x > 0) & (x < infinity);
  Vec<T> exponent;
  Vec<T> centered = center_exponent<T>(select(regular, x, one), &exponent);
  Ratio<T> r = divide_out<T>(centered, one);
  r.k += exponent;
  // infinity and NaN are their own logarithms
  Vec<T> irregular = select(x == 0, -infinity, select(x < 0, broadcast<T>(__builtin_nan("")), x));
  return select(regular, log_to_one<T>(r, Vec<T>{}), irregular);
}

// log(1 + x), of anything: the part of x that 1 + x rounds away is put back into the difference.
constexpr double kLog1pMaxUlp = 1.1;
template <class T>
FASTDIV_INLINE Vec<T> log1p(Vec<T> x) {
  constexpr T kTiny = T(0.25) / static_cast<T>(static_cast<uint64_t>(1) << Lanes<T>::kMantissaBits);
  const Vec<T> one = broadcast<T>(1);
  Mask<T> regular = (x > -1) & (x < Lanes<T>::kLargest / 8);
  Vec<T> safe = select(regular, x, one);
  Vec<T> sum = safe + one;
  Vec<T> rest = select(sum >= 2, one - (sum - safe), safe - (sum - one));
  Ratio<T> r;
  divide_out<T>(sum, one, &r);
  // rest carries the factor 2^-k of the scaled sum.
  Vec<T> high = r.scaled - one, low = rest * (r.scaled / sum);
  r.difference = high + low;
  expand<T>(one, &r);
  Vec<T> result = log_to_one<T>(r, low - (r.difference - high));
  result = select((x > -kTiny) & (x < kTiny), x, result);
  return select(regular, result, log<T>(x + one));
}

// exp(x), of anything, = 2^n exp(r), |r| <= ln(2)/2.
constexpr double kExpMaxUlp = 1.1;
template <class T>
FASTDIV_INLINE Vec<T> exp(Vec<T> x) {
  constexpr int kShift = Lanes<T>::kMantissaBits;
  constexpr int kBias = Lanes<T>::kExponentBias;
  // Adding this rounds to a whole number and leaves it in the low mantissa bits.
  constexpr T kRound = static_cast<T>(3) * static_cast<T>(static_cast<uint64_t>(1) << (kShift - 1));
  constexpr T kMost = static_cast<T>(kBias + 2) * Ln2<T>::kValue;
  constexpr T kLeast = -static_cast<T>(kBias + kShift + 3) * Ln2<T>::kValue;
  Vec<T> clipped = select(x > kMost, broadcast<T>(kMost), x);
  clipped = select(clipped < kLeast, broadcast<T>(kLeast), clipped);
  Vec<T> n = fma(clipped, broadcast<T>(Ln2<T>::kInverse), broadcast<T>(kRound)) - kRound;
  Vec<T> r = fma(n, broadcast<T>(-Ln2<T>::kHigh), clipped);
  r = fma(n, broadcast<T>(-Ln2<T>::kLow), r);
  return times_power_of_two<T>(fma(exp_tail(r), r * r, r) + 1, n);
}

}  // namespace
