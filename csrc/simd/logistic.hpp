// Functions made of one exponential: exp(x) - 1, tanh, the logistic function and softplus, of which it is the slope.
// Each states its largest error in units in the last place, as those in math.hpp do; arguments are any numbers.
#pragma once
#include "simd/math.hpp"

namespace {

// exp(x) = 2^n (1 + a); returns a = exp(r) - 1, |r| <= ln(2)/2. For |x| up to some thousands.
template <class T>
FASTDIV_INLINE Vec<T> split_exponential(Vec<T> x, Vec<T>* n) {
  constexpr T kRound = static_cast<T>(3) * static_cast<T>(static_cast<uint64_t>(1) << (Lanes<T>::kMantissaBits - 1));
  *n = fma(x, broadcast<T>(Ln2<T>::kInverse), broadcast<T>(kRound)) - kRound;
  Vec<T> r = fma(*n, broadcast<T>(-Ln2<T>::kLow), fma(*n, broadcast<T>(-Ln2<T>::kHigh), x));
  return fma(exp_tail(r), r * r, r);
}

// 2^n for whole n whose power is a normal number.
template <class T>
FASTDIV_INLINE Vec<T> power_of_two(Vec<T> n) {
  constexpr int kShift = Lanes<T>::kMantissaBits;
  constexpr T kRound = static_cast<T>(3) * static_cast<T>(static_cast<uint64_t>(1) << (kShift - 1));
  constexpr typename Lanes<T>::Word kOne = static_cast<typename Lanes<T>::Word>(Lanes<T>::kExponentBias) << kShift;
  return as_float<T>((as_bits<T>(n + kRound) << kShift) + kOne);
}

// exp(kFar) and exp(-kFar) beside 1 leave one of the two alone, in float and in double.
constexpr int kFarPower = 64;
constexpr double kFar = kFarPower * Ln2<double>::kValue;

// exp(x) - 1 for |x| <= kFar: 2^n a + (2^n - 1), of which the last is exact or all there is.
template <class T>
FASTDIV_INLINE Vec<T> expm1_near(Vec<T> x) {
  Vec<T> n, a = split_exponential<T>(x, &n), power = power_of_two<T>(n);
  return fma(power, a, power - 1);
}

constexpr double kExpm1MaxUlp = 2.5;
template <class T>
FASTDIV_INLINE Vec<T> expm1(Vec<T> x) {
  constexpr T kMost = static_cast<T>(kFar);
  Vec<T> near = at_most<T>(at_least<T>(x, broadcast<T>(-kMost)), broadcast<T>(kMost));
  Vec<T> result = select(x > kMost, exp<T>(x), expm1_near<T>(near));
  return select(x == 0, x, result);  // -0 stays
}

template <class T>
FASTDIV_INLINE Vec<T> with_sign_of(Vec<T> magnitude, Vec<T> x) {
  typedef typename Lanes<T>::Word Word;
  constexpr Word kSign = static_cast<Word>(1) << (8 * sizeof(T) - 1);
  return as_float<T>(as_bits<T>(magnitude) | (as_bits<T>(x) & kSign));
}

// tanh(x) = e / (e + 2), e = exp(2 |x|) - 1, with the sign of x.
constexpr double kTanhMaxUlp = 3;
template <class T>
FASTDIV_INLINE Vec<T> tanh(Vec<T> x) {
  Vec<T> e = expm1_near<T>(at_most<T>(2 * absolute<T>(x), broadcast<T>(static_cast<T>(kFar))));
  return with_sign_of<T>(e / (e + 2), x);
}

// exp(x) for x <= 0 and NaN.
template <class T>
FASTDIV_INLINE Vec<T> exp_of_negative(Vec<T> x) {
  constexpr T kLeast = -static_cast<T>(Lanes<T>::kExponentBias + Lanes<T>::kMantissaBits + 3) * Ln2<T>::kValue;
  Vec<T> n, a = split_exponential<T>(at_least<T>(x, broadcast<T>(kLeast)), &n);
  return times_power_of_two<T>(a + 1, n);
}

// log(1 + t) for 0 <= t <= 1. A division takes less time than the long polynomial that doubles would need without one:
// 1 + t or (1 + t) / 2 is 1 + d, log(1 + d) = d - s (d - s^2 tail), s = d / (2 + d).
FASTDIV_INLINE VecD log1p_of_fraction(VecD t) {
  MaskD halved = t > 0.41421356;
  VecD d = select(halved, (t - 1) * 0.5, t);
  VecD s = d / (d + 2), z = s * s;
  VecD small = d - s * fma(-z, two_atanh_tail(z), d);
  return select(halved, small + Ln2<double>::kValue, small);
}
FASTDIV_INLINE VecF log1p_of_fraction(VecF t) { return fma(t * t, polynomial<float>(kLog1pTail32, t), t); }

// 1 / (1 + exp(-x))
constexpr double kLogisticMaxUlp = 2.5;
template <class T>
FASTDIV_INLINE Vec<T> logistic(Vec<T> x) {
  Vec<T> t = exp_of_negative<T>(-absolute<T>(x));
  return select(x < 0, t, broadcast<T>(1)) / (t + 1);
}

// log(1 + exp(x))
constexpr double kSoftplusMaxUlp = 2.5;
template <class T>
FASTDIV_INLINE Vec<T> softplus(Vec<T> x) {
  return select(x > 0, x, Vec<T>{}) + log1p_of_fraction(exp_of_negative<T>(-absolute<T>(x)));
}

}  // namespace
