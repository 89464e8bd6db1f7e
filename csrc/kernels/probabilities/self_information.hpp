// I(x) = -log p, entry by entry, with p = w / S
// gradient for the cotangent c: sum(c) / S - c / w, 0 where w is 0;   plain: -c / w
#pragma once
#include "kernels/rows.hpp"

namespace {

template <class T>
void self_information(const T* x, T* out, size_t n, const RowConstants<T>& row, T unit) {
  const Vec<T> high = broadcast(row.sum_high[0]), low = broadcast(row.sum_low[0]);
  const T* inputs[1] = {x};
  map<T, 1>(inputs, out, n, [=](const Vec<T>* v) __attribute__((always_inline)) {
    Vec<T> w = v[0];
    Ratio<T> r;
    divide_out<T>(w, high, &r);
    r.difference = (r.scaled - high) - low;
    expand<T>(high, &r);
    Vec<T> log_p = log<T>(r);
    Mask<T> special = ~((w >= Lanes<T>::kSmallestRegular) & (w <= Lanes<T>::kLargest / 8));
    if (__builtin_expect(any(special), 0)) log_p = select(special, log_ratio_any<T>(w, high), log_p);
    return (0 - log_p) * unit;  // 0 - log 1 is 0, not -0
  });
}

template <class T>
void self_information_gradient(const T* x, const T* cotangent, T* out, size_t n, T shift, T unit) {
  const T* inputs[2] = {x, cotangent};
  map<T, 2>(inputs, out, n, [=](const Vec<T>* v) __attribute__((always_inline)) {
    Vec<T> slope = select(v[0] > 0, (shift - v[1] / v[0]) * unit, broadcast<T>(__builtin_nan("")));
    return select(v[0] == 0, Vec<T>{}, slope);
  });
}

}  // namespace
