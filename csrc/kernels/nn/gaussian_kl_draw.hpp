// KL(N(m, e^v) | N(0, 1)) = 1/2 sum_j m_j^2 + e^{v_j} - 1 - v_j;   here without the half
// z = m + e^{v / 2} xi, xi standard normal: the reparameterised draw
// dL/dm = dL/dz + c m,   dL/dv = (dL/dz e^{v / 2} xi + c (e^v - 1)) / 2,   c the cotangent of the row's KL
#pragma once
#include "kernels/nn/row_sums.hpp"
#include "simd/logistic.hpp"

namespace {

// exp(x) - 1 - x, never negative, and exp(x) - 1. Where they are small: g(2 h) = expm1(h)^2 + 2 g(h) has no negative
// terms, and is used twice, from |x| / 4 on.
template <class T>
struct Expm1AndRest {
  Vec<T> expm1, rest;
};

template <class T>
FASTDIV_INLINE Expm1AndRest<T> expm1_and_rest(Vec<T> x) {
  const Vec<T> infinity = broadcast<T>(__builtin_inf());
  constexpr T kNear = T(1.386);  // 4 times what the exponential's tail is fitted for
  Vec<T> near = at_most<T>(at_least<T>(x, broadcast<T>(-kNear)), broadcast<T>(kNear));
  Vec<T> h = near * T(0.25);
  Vec<T> rest = exp_tail(h) * (h * h), e = h + rest;
  for (int doubled = 0; doubled < 2; ++doubled) {
    rest = fma(e, e, rest + rest);
    h += h;
    e = h + rest;
  }
  Mask<T> is_near = near == x;
  Vec<T> far = expm1<T>(x);
  return {select(is_near, e, far), select(is_near, rest, select(x == infinity, x, far - x))};
}

template <class T>
double gaussian_kl_draw(const T* mean, const T* log_variance, const T* noise, size_t n, T* z) {
  if (z == nullptr) {
    const T* inputs[2] = {mean, log_variance};
    return sum_row<T, 2, false>(inputs, n, z, [](const Vec<T>* in, Vec<T>*) __attribute__((always_inline)) {
      return fma(in[0], in[0], expm1_and_rest<T>(in[1]).rest);
    });
  }
  const T* inputs[3] = {mean, log_variance, noise};
  return sum_row<T, 3, true>(inputs, n, z, [](const Vec<T>* in, Vec<T>* drawn) __attribute__((always_inline)) {
    *drawn = fma(exp<T>(in[1] * T(0.5)), in[2], in[0]);
    return fma(in[0], in[0], expm1_and_rest<T>(in[1]).rest);
  });
}

// Inputs: mean, log-variance, noise, upstream; gradients by mean and log-variance.
template <class T>
void gaussian_kl_draw_backward(const T* const* inputs, size_t n, T factor, T* const* gradients) {
  map_all<T, 4, 2>(inputs, gradients, n, [=](const Vec<T>* in, Vec<T>* out) __attribute__((always_inline)) {
    const Vec<T> c = broadcast(factor), half_noise = T(0.5) * in[2];
    out[0] = fma(c, in[0], in[3]);
    Vec<T> moved = in[3] * (exp<T>(in[1] * T(0.5)) * half_noise);
    out[1] = fma(c * T(0.5), expm1_and_rest<T>(in[1]).expm1, moved);
  });
}

}  // namespace
