// -x log x, element by element: 0 at 0, -inf below
#pragma once
#include "kernels/rows.hpp"

namespace {

template <class T>
__attribute__((noinline, cold)) Vec<T> entr_any(Vec<T> x) {
  Vec<T> result = -x * log<T>(x);
  return select(x < 0, broadcast<T>(-__builtin_inf()), result);
}

template <class T>
void entr(const T* const* inputs, T* out, size_t n) {
  map<T, 1>(inputs, out, n, [](const Vec<T>* v) __attribute__((always_inline)) {
    const Vec<T> one = broadcast<T>(1);
    Vec<T> x = v[0];
    Mask<T> absent = x == 0;
    Vec<T> safe = select(absent, one, x);
    Vec<T> result = -x * log_ratio<T>(safe, one);
    Mask<T> special = ~((safe >= Lanes<T>::kSmallestRegular) & (safe <= Lanes<T>::kLargest / 8));
    if (__builtin_expect(any(special), 0)) result = select(special, entr_any<T>(x), result);
    return select(absent, Vec<T>{}, result);
  });
}

}  // namespace
