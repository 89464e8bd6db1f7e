// Loops over elements with several outputs.
#pragma once
#include "kernels/nn_table.hpp"
#include "kernels/rows.hpp"

namespace {

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
  for (int k = 0; k < kInputs; ++k) {
    x[k] = Vec<T>{};
    __builtin_memcpy(&x[k], inputs[k] + i, left * sizeof(T));
  }
  body(x, y);
  for (int k = 0; k < kOutputs; ++k) __builtin_memcpy(outputs[k] + i, &y[k], left * sizeof(T));
}

// What `reduce` asks of a body beside its terms.
template <class T, int kWritten>
struct RowBody {
  static constexpr int kGradients = kWritten;
  static constexpr T kPadding = 0;
  static constexpr bool kStaged = false;
  __attribute__((always_inline)) void prefetch(const T* const*, size_t) const {}
};

}  // namespace
