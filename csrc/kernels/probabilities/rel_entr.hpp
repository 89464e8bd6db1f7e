// x log(x / y), element by element: 0 for x = 0 <= y, +inf where x or y is negative or x > y = 0
#pragma once
#include "kernels/rows.hpp"

namespace {

// Neither the numbers, nor one scaled to the other as `divide_out` does, nor what a term rounds from them leave the
// normal range.
template <class T>
FASTDIV_INLINE Mask<T> has_room(Vec<T> x) {
  return (x >= T(0x1p32) * Lanes<T>::kSmallestRegular) & (x <= Lanes<T>::kLargest / 8);
}

// Outside its domain a convex function is +inf, but NaN stays NaN.
template <class T>
FASTDIV_INLINE Vec<T> extend_domain(Vec<T> x, Vec<T> y, Vec<T> result) {
  Mask<T> outside = (x < 0) | (y < 0) | ((y == 0) & (x > 0));
  Mask<T> missing = (x != x) | (y != y);
  result = select(outside, broadcast<T>(__builtin_inf()), result);
  return select(missing, broadcast<T>(__builtin_nan("")), result);
}

template <class T>
__attribute__((noinline, cold)) Vec<T> rel_entr_any(Vec<T> x, Vec<T> y) {
  return extend_domain<T>(x, y, x * log_ratio_any<T>(x, y));
}

template <class T>
void rel_entr(const T* const* inputs, T* out, size_t n) {
  map<T, 2>(inputs, out, n, [](const Vec<T>* v) __attribute__((always_inline)) {
    const Vec<T> one = broadcast<T>(1);
    Mask<T> absent = (v[0] == 0) & (v[1] >= 0);
    Vec<T> x = select(absent, one, v[0]), y = select(absent, one, v[1]);
    Vec<T> result = x * log_ratio<T>(x, y);  // 0 where absent, as log 1 is
    Mask<T> special = ~(has_room<T>(x) & has_room<T>(y));
    if (__builtin_expect(any(special), 0)) result = select(special, rel_entr_any<T>(x, y), result);
    return result;
  });
}

}  // namespace
