// The functions of training, as the C functions hand them to their driver: checked. Matrices are C-contiguous, or say
// how many elements their rows are apart.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "kernels/table.hpp"

namespace fastdiv {

struct Matrix {
  size_t rows, columns;
  size_t size() const { return rows * columns; }
};

// One factor for each row (step 1) or for all of them (step 0); nullptr: 1.
template <class T>
struct Cotangent {
  const T* data;
  ptrdiff_t step;
  T of(size_t row) const { return data == nullptr ? T(1) : data[static_cast<ptrdiff_t>(row) * step]; }
};

template <class A>
struct Rows {
  A* data;
  ptrdiff_t stride;
  A* row(size_t index) const { return data == nullptr ? nullptr : data + static_cast<ptrdiff_t>(index) * stride; }
};

struct Noise {
  uint64_t seed, offset;
  uint32_t stream;
};

template <class T>
void bias_activation(Activation f, Matrix shape, const T* x, const T* bias, T* out, T* pre);
template <class T>
void bias_activation_backward(Activation f, Matrix shape, const T* saved, const T* upstream, const T* column_upstream,
                              T* out, T* bias_gradient);
template <class T>
void bernoulli_nll(Matrix shape, const T* logits, const T* x, Cotangent<T> cotangent, T* values, T* gradient);
template <class T>
void gaussian_nll(Matrix shape, const T* mean, const T* x, double scale, Cotangent<T> cotangent, T* values,
                  T* gradient);
template <class T>
void gaussian_kl_draw(Matrix shape, Rows<const T> mean, Rows<const T> log_variance, Noise noise, T* values, Rows<T> z);
template <class T>
void gaussian_kl_draw_backward(Matrix shape, Rows<const T> mean, Rows<const T> log_variance, Rows<const T> upstream,
                               Noise noise, Cotangent<T> cotangent, Rows<T> by_mean, Rows<T> by_log_variance);
template <class T>
void corrupt(Corruption kind, size_t n, const T* x, double level, Noise noise, T* out);
template <class T>
double sparsity_penalty(Matrix shape, const T* activations, double sparsity, double cotangent, T* gradient);

struct Adam {
  uint64_t step;
  double learning_rate, beta1, beta2, epsilon;
};
template <class T>
void adam_step(size_t n, T* parameters, const T* gradient, T* first_moment, T* second_moment, const Adam& adam);

}  // namespace fastdiv
