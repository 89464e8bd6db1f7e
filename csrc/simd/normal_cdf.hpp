// The normal distribution function Phi and its density phi, from one exponential.
#pragma once
#include "simd/math.hpp"

namespace {

template <class T>
struct NormalTail;
template <>
struct NormalTail<double> {
  static constexpr double kFarthest = 40;
  FASTDIV_INLINE VecD fitted(VecD u) { return polynomial<double>(kNormalTail64, u); }
};
template <>
struct NormalTail<float> {
  static constexpr float kFarthest = 15;
  FASTDIV_INLINE VecF fitted(VecF u) { return polynomial<float>(kNormalTail32, u); }
};

// Phi(x), of anything, and phi(x); where it is small its relative error is.
constexpr double kNormalCdfMaxUlp = 6;
template <class T>
FASTDIV_INLINE Vec<T> normal_cdf(Vec<T> x, Vec<T>* density) {
  constexpr double kInverseRoot = 0.39894228040143268;  // 1 / sqrt(2 pi)
  Vec<T> a = at_most<T>(absolute<T>(x), broadcast<T>(NormalTail<T>::kFarthest));
  // exp(-a^2 / 2), with what rounding the square has lost
  Vec<T> square = a * a, lost = fma_cancelling<T>(a, a, -square);
  Vec<T> bell = exp<T>(square * T(-0.5));
  bell = fma(bell * T(-0.5), lost, bell);
  *density = bell * static_cast<T>(kInverseRoot);
  Vec<T> fitted = NormalTail<T>::fitted((a - 4) / (a + 4));
  Vec<T> tail = bell * (fitted / fma(a, broadcast<T>(1.5), broadcast<T>(1)));
  return select(x < 0, tail, 1 - tail);
}
template <class T>
FASTDIV_INLINE Vec<T> normal_cdf(Vec<T> x) {
  Vec<T> density;
  return normal_cdf<T>(x, &density);
}

}  // namespace
