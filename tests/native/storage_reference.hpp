// 16-bit numbers one at a time, slow and obvious: what simd/storage.hpp must do with whole registers.
#pragma once
#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/types.hpp"

template <class S>
struct Format;
template <>
struct Format<fastdiv::Float16> {
  static constexpr const char* kName = "f16";
  static constexpr int kMantissaBits = 10, kBias = 15;
};
template <>
struct Format<fastdiv::BFloat16> {
  static constexpr const char* kName = "bf16";
  static constexpr int kMantissaBits = 7, kBias = 127;
};

template <class S>
constexpr uint16_t infinity_bits() {
  return static_cast<uint16_t>((2 * Format<S>::kBias + 1) << Format<S>::kMantissaBits);
}

template <class S>
double widened(S x) {
  constexpr int kShift = Format<S>::kMantissaBits, kBias = Format<S>::kBias;
  int magnitude = x.bits & 0x7fff, exponent = magnitude >> kShift, mantissa = magnitude & ((1 << kShift) - 1);
  double value;
  if (magnitude > infinity_bits<S>())
    value = std::numeric_limits<double>::quiet_NaN();
  else if (magnitude == infinity_bits<S>())
    value = std::numeric_limits<double>::infinity();
  else if (exponent == 0)
    value = std::ldexp(mantissa, 1 - kBias - kShift);
  else
    value = std::ldexp(mantissa + (1 << kShift), exponent - kBias - kShift);
  return x.bits & 0x8000 ? -value : value;
}

// To the nearest, ties to even.
template <class S>
S narrowed(double x) {
  constexpr int kShift = Format<S>::kMantissaBits, kBias = Format<S>::kBias;
  uint16_t sign = std::signbit(x) ? 0x8000 : 0;
  if (std::isnan(x)) return {static_cast<uint16_t>(sign | infinity_bits<S>() | 1 << (kShift - 1))};
  double magnitude = std::fabs(x);
  if (std::isinf(x)) return {static_cast<uint16_t>(sign | infinity_bits<S>())};
  int exponent = magnitude == 0 ? 1 - kBias : std::ilogb(magnitude);
  if (exponent < 1 - kBias) exponent = 1 - kBias;
  if (exponent > kBias) return {static_cast<uint16_t>(sign | infinity_bits<S>())};
  // In units of the last place; a carry goes into the exponent, and from the largest number to infinity.
  int units = static_cast<int>(std::nearbyint(std::ldexp(magnitude, kShift - exponent)));
  return {static_cast<uint16_t>(sign | (units + ((exponent + kBias - 1) << kShift)))};
}
