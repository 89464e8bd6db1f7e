// Loops over elements with several outputs.
#pragma once
#include "kernels/nn_table.hpp"
#include "kernels/rows.hpp"

namespace {

template <class T>
FASTDIV_INLINE Vec<T> load_some(const T* p, size_t count) {
  Vec<T> x = {};
  __builtin_memcpy(&x, p, count * sizeof(T));
  return x;
}
template <class T>
FASTDIV_INLINE void store_some(T* p, Vec<T> x, size_t count) {
  __builtin_memcpy(p, &x, count * sizeof(T));
}

// Calls body(vectors of the inputs, vectors of the outputs) for every vector. An output may be an input's own memory.
template <class T, int kInputs, int kOutputs, class Body>
FASTDIV_INLINE void map_all(const T* const* inputs, T* const* outputs, size_t n, const Body& body) {
  constexpr int kCount = Lanes<T>::kCount;
  Vec<T> x[kInputs], y[kOutputs];
  size_t i = 0;
  for (; i + kCount <= n; i += kCount) {
    for (int k = 0; k < kInputs; ++k) x[k] = load(inputs[k] + i);
    body(x, y);
    for (int k = 0; k < kOutputs; ++k) store(outputs[k] + i, y[k]);
  }
  size_t left = n - i;
  if (left == 0) return;
  for (int k = 0; k < kInputs; ++k) x[k] = load_some(inputs[k] + i, left);
  body(x, y);
  for (int k = 0; k < kOutputs; ++k) store_some(outputs[k] + i, y[k], left);
}

}  // namespace
