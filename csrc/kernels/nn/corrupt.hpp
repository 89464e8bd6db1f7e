// mask: 0 where u < level, else x.   gaussian: x + level xi.
// salt_and_pepper: 0 where u < level / 2, 1 where level / 2 <= u < level, else x.
// u uniform, xi standard normal
#pragma once
#include "kernels/nn/map.hpp"

namespace {

template <class T>
void corrupt_mask(const T* x, const T* u, size_t n, T level, T* out) {
  const T* inputs[2] = {x, u};
  map_all<T, 2, 1>(inputs, &out, n, [=](const Vec<T>* in, Vec<T>* y) __attribute__((always_inline)) {
    *y = select(in[1] < level, Vec<T>{}, in[0]);
  });
}

template <class T>
void corrupt_gaussian(const T* x, const T* noise, size_t n, T level, T* out) {
  const T* inputs[2] = {x, noise};
  map_all<T, 2, 1>(inputs, &out, n, [=](const Vec<T>* in, Vec<T>* y) __attribute__((always_inline)) {
    *y = fma(broadcast(level), in[1], in[0]);
  });
}

template <class T>
void corrupt_salt_and_pepper(const T* x, const T* u, size_t n, T level, T* out) {
  const T* inputs[2] = {x, u};
  map_all<T, 2, 1>(inputs, &out, n, [=](const Vec<T>* in, Vec<T>* y) __attribute__((always_inline)) {
    Vec<T> extreme = select(in[1] < level / 2, Vec<T>{}, broadcast<T>(1));
    *y = select(in[1] < level, extreme, in[0]);
  });
}

}  // namespace
