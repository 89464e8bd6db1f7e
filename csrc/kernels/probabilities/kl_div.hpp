// x log(x / y) - x + y >= 0, element by element: y for x = 0 <= y, +inf where x or y is negative or x > y = 0
#pragma once
#include "kernels/probabilities/rel_entr.hpp"

namespace {

// b log(b / a) - b + a as `bregman` has it, but for a term that no larger one hides. What cancels is kept small: k = 0
// as far as the polynomial reaches, and b k ln 2 in parts, of which the first is exact without fma too.
template <class T>
FASTDIV_INLINE Vec<T> bregman_term(Vec<T> a, Vec<T> b) {
  constexpr int kTrailing = sizeof(T) == 8 ? 32 : 12;  // Ln2<T>::kHigh has as many bits to spare
  Ratio<T> r;
  divide_out<T>(a, b, &r);
  Mask<T> close = (a <= b) & (a >= T(0.667) * b);
  r.k = select(close, Vec<T>{}, r.k);
  r.scaled = select(close, a, r.scaled);
  r.difference = r.scaled - b;
  expand<T>(b, &r);
  Vec<T> b_high = as_float<T>((as_bits<T>(b) >> kTrailing) << kTrailing), b_low = b - b_high;
  Vec<T> k_high = r.k * Ln2<T>::kHigh, k_low = r.k * Ln2<T>::kLow;
  Vec<T> whole = fma(-b_high, k_high, a - r.scaled) - fma(b_low, k_high, b * k_low);  // 0 for k = 0
  return fma(r.s, fma(-(b * r.z), r.tail, r.difference), whole);
}

// Lifted or lowered together, two numbers either have room or are so far apart that nothing cancels.
template <class T>
__attribute__((noinline, cold)) Vec<T> kl_div_any(Vec<T> x, Vec<T> y) {
  const Vec<T> one = broadcast<T>(1), up = broadcast<T>(0x1p64), down = broadcast<T>(0x1p-64);
  const Vec<T> infinity = broadcast<T>(__builtin_inf());
  Vec<T> larger = select(x > y, x, y);
  Mask<T> faint = (larger < T(0x1p64) * Lanes<T>::kSmallestRegular), huge = (larger > Lanes<T>::kLargest / 8);
  Vec<T> scale = select(faint, up, select(huge, down, one)), back = select(faint, down, select(huge, up, one));
  Vec<T> a = y * scale, b = x * scale;
  Mask<T> room = has_room<T>(a) & has_room<T>(b);
  Vec<T> safe_a = select(room, a, one), safe_b = select(room, b, one);
  Vec<T> near = bregman_term<T>(safe_a, safe_b);
  Vec<T> far = fma(b, log_ratio_any<T>(x, y) - 1, a);
  Vec<T> result = select(room, near, far) * back;
  result = select(((x == infinity) & (y < infinity)) | ((y == infinity) & (x < infinity)), infinity, result);
  return extend_domain<T>(x, y, result);
}

template <class T>
void kl_div(const T* const* inputs, T* out, size_t n) {
  map<T, 2>(inputs, out, n, [](const Vec<T>* v) __attribute__((always_inline)) {
    const Vec<T> one = broadcast<T>(1);
    Mask<T> absent = (v[0] == 0) & (v[1] >= 0);
    Vec<T> x = select(absent, one, v[0]), y = select(absent, one, v[1]);
    Vec<T> result = bregman_term<T>(y, x);
    Mask<T> special = ~(has_room<T>(x) & has_room<T>(y));
    if (__builtin_expect(any(special), 0)) result = select(special, kl_div_any<T>(x, y), result);
    return select(absent, v[1], result);
  });
}

}  // namespace
