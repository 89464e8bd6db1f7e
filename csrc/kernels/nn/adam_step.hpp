// m = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g^2
// theta = theta - rate m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)
// D. P. Kingma, J. Ba, Adam: A Method for Stochastic Optimization, 2015, algorithm 1.
#pragma once
#include "kernels/nn/map.hpp"

namespace {

template <class T>
void adam_step(T* parameters, const T* gradient, T* first_moment, T* second_moment, size_t n,
               const fastdiv::AdamConstants<T>& c) {
  const Vec<T> keep_first = broadcast(c.keep_first), add_first = broadcast(c.add_first),
               keep_second = broadcast(c.keep_second), add_second = broadcast(c.add_second),
               minus_rate = broadcast(-c.rate), inverse_root = broadcast(c.inverse_root),
               epsilon = broadcast(c.epsilon);
  const T* inputs[4] = {parameters, gradient, first_moment, second_moment};
  T* outputs[3] = {parameters, first_moment, second_moment};
  map_all<T, 4, 3>(inputs, outputs, n, [=](const Vec<T>* in, Vec<T>* out) __attribute__((always_inline)) {
    out[1] = fma(keep_first, in[2], add_first * in[1]);
    out[2] = fma(keep_second, in[3], add_second * (in[1] * in[1]));
    Vec<T> root = fma(square_root(out[2]), inverse_root, epsilon);
    out[0] = fma(minus_rate, out[1] / root, in[0]);
  });
}

}  // namespace
