// KL(p | q) = E_p F(d),   d = log p(x) - log q(x)
//
//   F(d) = d,   F'(d) = 1
#pragma once
#include "simd/math.hpp"

namespace {

struct kl_of_p {
  template <class T>
  FASTDIV_INLINE Vec<T> apply(Vec<T> d, T, T, Vec<T>* slope) {
    *slope = broadcast<T>(1);
    return d;
  }
};

}  // namespace
