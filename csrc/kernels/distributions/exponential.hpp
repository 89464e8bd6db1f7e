// Exponentials of differences of log-densities, the larger one taken out.
#pragma once
#include "simd/math.hpp"

namespace {

// exp(x) and exp(x) - 1 for x <= 0, -inf included
template <class T>
FASTDIV_INLINE Vec<T> exp_of_negative(Vec<T> x, Vec<T>* minus_one) {
  constexpr int kShift = Lanes<T>::kMantissaBits;
  // Adding this rounds to a whole number.
  constexpr T kRound = static_cast<T>(3) * static_cast<T>(static_cast<uint64_t>(1) << (kShift - 1));
  constexpr T kLeast = -static_cast<T>(Lanes<T>::kExponentBias + kShift + 3) * Ln2<T>::kValue;
  x = at_least<T>(x, broadcast<T>(kLeast));
  Vec<T> n = fma(x, broadcast<T>(Ln2<T>::kInverse), broadcast<T>(kRound)) - kRound;
  Vec<T> r = fma(n, broadcast<T>(-Ln2<T>::kHigh), x);
  r = fma(n, broadcast<T>(-Ln2<T>::kLow), r);
  Vec<T> small = fma(exp_tail(r), r * r, r);
  Vec<T> result = times_power_of_two<T>(small + 1, n);
  *minus_one = select(n == 0, small, result - 1);
  return result;
}

}  // namespace
