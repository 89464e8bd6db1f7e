// What one instruction set exports for training: kernels over contiguous elements, rows and tiles of columns.
#pragma once
#include <stddef.h>

#include "kernels/list.hpp"

namespace fastdiv {

enum Activation : int {
#define FASTDIV_ACTIVATION_ENUM(name) a_##name,
  FASTDIV_ACTIVATIONS(FASTDIV_ACTIVATION_ENUM)
#undef FASTDIV_ACTIVATION_ENUM
      kActivations
};

enum Corruption : int {
#define FASTDIV_CORRUPTION_ENUM(name) c_##name,
  FASTDIV_CORRUPTIONS(FASTDIV_CORRUPTION_ENUM)
#undef FASTDIV_CORRUPTION_ENUM
      kCorruptions
};

// One entry for each column, for matrices read element by element: so many more entries follow the last column's, which
// repeat the first ones, that a vector can be loaded from any column.
constexpr size_t kRepeated = 64;
template <class T>
struct RepeatedColumns {
  const T* entries;
  size_t columns, first;  // the column of the first element
};

// A tile of a matrix: rows are `stride` elements apart.
struct Tile {
  size_t rows, columns, stride;
};

template <class T>
struct AdamConstants {
  T keep_first, add_first, keep_second, add_second;  // beta and 1 - beta of both moments
  T rate, inverse_root, epsilon;                     // learning rate / (1 - beta1^t), 1 / sqrt(1 - beta2^t)
};

template <class T>
struct NnKernels {
  // out may be an input's own memory everywhere; pre and gradients that are nullptr are not written.
  void (*activation[kActivations])(const T* x, const RepeatedColumns<T>& bias, T* out, T* pre, size_t n);
  // column_upstream is nullptr or one row; sums[columns] = sums over the tile's rows.
  void (*activation_backward[kActivations])(const T* saved, const T* upstream, const T* column_upstream, T* out,
                                            const Tile& tile, double* sums);
  void (*column_sums)(const T* x, const Tile& tile, double* sums);
  // A row's negative log-likelihood (of the Gaussian: the sum of squares), and its gradient times a factor.
  double (*bernoulli_nll)(const T* logits, const T* x, size_t n, T factor, T* gradient);
  double (*gaussian_nll)(const T* mean, const T* x, size_t n, T factor, T* gradient);
  // sum of mean^2 + exp(v) - 1 - v, v the log-variance; z = mean + exp(v / 2) noise unless it is nullptr
  double (*gaussian_kl_draw)(const T* mean, const T* log_variance, const T* noise, size_t n, T* z);
  void (*gaussian_kl_draw_backward)(const T* const* inputs, size_t n, T factor, T* const* gradients);
  void (*corrupt[kCorruptions])(const T* x, const T* noise, size_t n, T level, T* out);
  void (*adam_step)(T* parameters, const T* gradient, T* first_moment, T* second_moment, size_t n,
                    const AdamConstants<T>& constants);
};

struct NnTable {
  NnKernels<float> f32;
  NnKernels<double> f64;
  // KL(rho | mean) of two-way distributions, for each mean; may be in place
  void (*two_way_kl)(const double* means, double rho, double* values, size_t n);
};

}  // namespace fastdiv
