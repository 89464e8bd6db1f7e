// Training: elements, rows and tiles are shared out over a fixed grid, so that no bit depends on the threads.
#include "drivers/nn.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "dispatch.hpp"
#include "drivers/call.hpp"
#include "drivers/chunks.hpp"

namespace fastdiv {
namespace {

// Logarithms, exponentials and random numbers take some ten times as long as the memory they are read from.
constexpr size_t kWorthThreadsIfSlow = kWorthThreads / 4;

// Calls body(begin, end) on parts of [0, n).
template <class Body>
void for_parts(size_t n, size_t part, bool threads, const Body& body) {
  size_t count = (n + part - 1) / part;
  auto run = [&](size_t i) { body(i * part, std::min(n, (i + 1) * part)); };
  if (threads)
    parallel_for(count, run);
  else
    serial_for(count, run);
}

template <class Body>
void for_elements(size_t n, size_t worth, const Body& body) {
  if (n < worth) return body(size_t{0}, n);
  for_parts(n, kElementsPerTask, true, body);
}

// Calls body(begin, end) on rows: so many that they are worth a task.
template <class Body>
void for_rows(Matrix shape, const Body& body) {
  size_t rows = std::max<size_t>(1, kElementsPerTask / std::max<size_t>(1, shape.columns));
  for_parts(shape.rows, rows, shape.size() >= kWorthThreadsIfSlow, body);
}

// Memory of this thread that only grows; a call uses each once.
enum Slot { kPartialSums, kRepeatedColumns, kMeans };
template <class T, Slot slot>
T* workspace(size_t n) {
  thread_local std::vector<T> memory;
  if (memory.size() < n) memory.resize(n);
  return memory.data();
}

bool is_slow(Activation f) { return f != a_identity && f != a_relu; }

// Several rows of few columns make one of many.
size_t folded_rows(Matrix shape) {
  constexpr size_t kMany = 64;
  return std::max<size_t>(1, kMany / std::max<size_t>(1, shape.columns));
}

// The columns' sums of a matrix, of which `add(elements before the tile, column, tile, sums)` adds those of one tile.
template <class Add>
const double* sum_columns(Matrix shape, size_t worth, const Add& add) {
  constexpr size_t kTileRows = 32, kTileColumns = 1024;
  const size_t fold = folded_rows(shape), width = fold * shape.columns, rows = shape.rows / fold;
  const size_t left = shape.rows % fold * shape.columns;  // elements of a last, shorter row
  const size_t blocks = (rows + kTileRows - 1) / kTileRows, stripes = (width + kTileColumns - 1) / kTileColumns;
  double* partial = workspace<double, kPartialSums>((blocks + 2) * width);
  double *rest = partial + blocks * width, *sums = rest + width;
  std::fill(rest, rest + width, 0.0);
  auto run = [&](size_t task) {
    size_t block = task / stripes, column = task % stripes * kTileColumns, row = block * kTileRows;
    Tile tile = {std::min(kTileRows, rows - row), std::min(kTileColumns, width - column), width};
    add(row * width + column, column, tile, partial + block * width + column);
  };
  if (shape.size() < worth)
    serial_for(blocks * stripes, run);
  else
    parallel_for(blocks * stripes, run);
  for (size_t column = 0; column < left; column += kTileColumns)
    add(rows * width + column, column, Tile{1, std::min(kTileColumns, left - column), width}, rest + column);
  for (size_t column = 0; column < width; ++column)
    for (size_t block = 0; block < blocks; ++block) rest[column] += partial[block * width + column];
  for (size_t column = 0; column < shape.columns; ++column) {
    sums[column] = rest[column];
    for (size_t k = 1; k < fold; ++k) sums[column] += rest[k * shape.columns + column];
  }
  return sums;
}

// A row of `columns` entries over and over.
template <class T>
const T* repeated(const T* entries, size_t columns, size_t n) {
  T* copy = workspace<T, kRepeatedColumns>(n);
  for (size_t i = 0; i < n; i += columns) std::copy_n(entries, std::min(columns, n - i), copy + i);
  return copy;
}

template <class T>
void draw(Random distribution, const Noise& noise, uint64_t first, T* out, size_t n) {
  fill_random(distribution, noise.seed, noise.offset + first, noise.stream, out, n);
}

// Calls body(row, column, count, noise, sum) on rows, or on parts of a long row one after the other, with normal
// numbers in the order of a C-contiguous matrix. What `sum` points to is the body's.
template <class T, class Body>
void for_rows_with_noise(Matrix shape, const Noise& noise, bool wanted, const Body& body) {
  const size_t columns = shape.columns, at_once = std::max<size_t>(1, kChunk / columns);
  for_parts(shape.rows, at_once, shape.size() >= kWorthThreadsIfSlow, [&](size_t begin, size_t end) {
    double sum = 0;
    for (size_t column = 0; column < columns; column += kChunk) {
      size_t count = std::min(kChunk, columns - column);
      T* numbers = scratch<T>(0);
      if (wanted) draw(r_normal, noise, begin * columns + column, numbers, (end - begin) * count);
      for (size_t row = begin; row < end; ++row) body(row, column, count, numbers + (row - begin) * count, &sum);
    }
  });
}

}  // namespace

template <class T>
void bias_activation(Activation f, Matrix shape, const T* x, const T* bias, T* out, T* pre) {
  if (shape.size() == 0) return;
  auto kernel = nn_kernels_of<T>(kernels()).activation[f];
  const T* entries = repeated(bias, shape.columns, shape.columns + kRepeated);
  for_elements(shape.size(), is_slow(f) ? kWorthThreadsIfSlow : kWorthThreads, [&](size_t begin, size_t end) {
    RepeatedColumns<T> columns = {entries, shape.columns, begin % shape.columns};
    kernel(x + begin, columns, out + begin, pre == nullptr ? nullptr : pre + begin, end - begin);
  });
}

template <class T>
void bias_activation_backward(Activation f, Matrix shape, const T* saved, const T* upstream, const T* column_upstream,
                              T* out, T* bias_gradient) {
  if (shape.columns == 0) return;
  auto kernel = nn_kernels_of<T>(kernels()).activation_backward[f];
  const T* shift = nullptr;
  if (column_upstream != nullptr) shift = repeated(column_upstream, shape.columns, folded_rows(shape) * shape.columns);
  bool slow = f == a_softplus || f == a_gelu;
  const double* sums = sum_columns(
      shape, slow ? kWorthThreadsIfSlow : kWorthThreads, [&](size_t at, size_t column, const Tile& tile, double* sum) {
        kernel(saved + at, upstream + at, shift == nullptr ? nullptr : shift + column, out + at, tile, sum);
      });
  std::copy_n(sums, shape.columns, bias_gradient);
}

template <class T>
void bernoulli_nll(Matrix shape, const T* logits, const T* x, Cotangent<T> cotangent, T* values, T* gradient) {
  auto kernel = nn_kernels_of<T>(kernels()).bernoulli_nll;
  for_rows(shape, [&](size_t begin, size_t end) {
    for (size_t row = begin; row < end; ++row) {
      size_t at = row * shape.columns;
      T* to = gradient == nullptr ? nullptr : gradient + at;
      values[row] = static_cast<T>(kernel(logits + at, x + at, shape.columns, cotangent.of(row), to));
    }
  });
}

template <class T>
void gaussian_nll(Matrix shape, const T* mean, const T* x, double scale, Cotangent<T> cotangent, T* values,
                  T* gradient) {
  constexpr double kHalfLogTwoPi = 0.91893853320467274;
  auto kernel = nn_kernels_of<T>(kernels()).gaussian_nll;
  constexpr double kMost = std::numeric_limits<T>::max();
  const double constant = static_cast<double>(shape.columns) * (std::log(scale) + kHalfLogTwoPi);
  for_rows(shape, [&](size_t begin, size_t end) {
    for (size_t row = begin; row < end; ++row) {
      size_t at = row * shape.columns;
      T* to = gradient == nullptr ? nullptr : gradient + at;
      // The square of a scale may leave the numbers' range, and where the mean is right infinity would give NaN.
      double c = cotangent.of(row), factor = c / scale / scale;
      if (std::isfinite(c)) factor = std::max(-kMost, std::min(kMost, factor));
      double squares = kernel(mean + at, x + at, shape.columns, static_cast<T>(factor), to);
      values[row] = static_cast<T>(squares / scale / scale / 2 + constant);
    }
  });
}

template <class T>
void gaussian_kl_draw(Matrix shape, Rows<const T> mean, Rows<const T> log_variance, Noise noise, T* values, Rows<T> z) {
  auto kernel = nn_kernels_of<T>(kernels()).gaussian_kl_draw;
  if (shape.columns == 0) return std::fill_n(values, shape.rows, T(0)), void();
  const bool drawn = z.data != nullptr;
  for_rows_with_noise<T>(shape, noise, drawn,
                         [&](size_t row, size_t column, size_t count, const T* numbers, double* sum) {
                           if (column == 0) *sum = 0;
                           *sum += kernel(mean.row(row) + column, log_variance.row(row) + column, numbers, count,
                                          drawn ? z.row(row) + column : nullptr);
                           if (column + count == shape.columns) values[row] = static_cast<T>(*sum / 2);
                         });
}

template <class T>
void gaussian_kl_draw_backward(Matrix shape, Rows<const T> mean, Rows<const T> log_variance, Rows<const T> upstream,
                               Noise noise, Cotangent<T> cotangent, Rows<T> by_mean, Rows<T> by_log_variance) {
  auto kernel = nn_kernels_of<T>(kernels()).gaussian_kl_draw_backward;
  if (shape.columns == 0) return;
  for_rows_with_noise<T>(shape, noise, true, [&](size_t row, size_t column, size_t count, const T* numbers, double*) {
    const T* inputs[4] = {mean.row(row) + column, log_variance.row(row) + column, numbers, upstream.row(row) + column};
    T* gradients[2] = {by_mean.row(row) + column, by_log_variance.row(row) + column};
    kernel(inputs, count, cotangent.of(row), gradients);
  });
}

template <class T>
void corrupt(Corruption kind, size_t n, const T* x, double level, Noise noise, T* out) {
  auto kernel = nn_kernels_of<T>(kernels()).corrupt[kind];
  for_parts(n, kChunk, n >= kWorthThreadsIfSlow, [&](size_t begin, size_t end) {
    T* numbers = scratch<T>(0);
    draw(kind == c_gaussian ? r_normal : r_uniform, noise, begin, numbers, end - begin);
    kernel(x + begin, numbers, end - begin, static_cast<T>(level), out + begin);
  });
}

template <class T>
double sparsity_penalty(Matrix shape, const T* activations, double sparsity, double cotangent, T* gradient) {
  if (shape.columns == 0) return 0;
  auto kernel = nn_kernels_of<T>(kernels()).column_sums;
  const double* sums = sum_columns(shape, kWorthThreads, [&](size_t at, size_t, const Tile& tile, double* sum) {
    kernel(activations + at, tile, sum);
  });
  const double rows = static_cast<double>(shape.rows);
  double* means = workspace<double, kMeans>(shape.columns);
  for (size_t j = 0; j < shape.columns; ++j) means[j] = sums[j] / rows;
  for (size_t j = 0; gradient != nullptr && j < shape.columns; ++j)
    gradient[j] = static_cast<T>((means[j] - sparsity) / (means[j] * (1 - means[j])) * (cotangent / rows));
  kernels().nn->two_way_kl(means, sparsity, means, shape.columns);
  return sum_pairwise(means, shape.columns, 1);
}

template <class T>
void adam_step(size_t n, T* parameters, const T* gradient, T* first_moment, T* second_moment, const Adam& adam) {
  auto kernel = nn_kernels_of<T>(kernels()).adam_step;
  const double t = static_cast<double>(adam.step);
  AdamConstants<T> constants = {static_cast<T>(adam.beta1),
                                static_cast<T>(1 - adam.beta1),
                                static_cast<T>(adam.beta2),
                                static_cast<T>(1 - adam.beta2),
                                static_cast<T>(adam.learning_rate / -std::expm1(t * std::log(adam.beta1))),
                                static_cast<T>(1 / std::sqrt(-std::expm1(t * std::log(adam.beta2)))),
                                static_cast<T>(adam.epsilon)};
  for_elements(n, kWorthThreads, [&](size_t begin, size_t end) {
    kernel(parameters + begin, gradient + begin, first_moment + begin, second_moment + begin, end - begin, constants);
  });
}

#define FASTDIV_INSTANTIATE(T)                                                                                      \
  template void bias_activation(Activation, Matrix, const T*, const T*, T*, T*);                                    \
  template void bias_activation_backward(Activation, Matrix, const T*, const T*, const T*, T*, T*);                 \
  template void bernoulli_nll(Matrix, const T*, const T*, Cotangent<T>, T*, T*);                                    \
  template void gaussian_nll(Matrix, const T*, const T*, double, Cotangent<T>, T*, T*);                             \
  template void gaussian_kl_draw(Matrix, Rows<const T>, Rows<const T>, Noise, T*, Rows<T>);                         \
  template void gaussian_kl_draw_backward(Matrix, Rows<const T>, Rows<const T>, Rows<const T>, Noise, Cotangent<T>, \
                                          Rows<T>, Rows<T>);                                                        \
  template void corrupt(Corruption, size_t, const T*, double, Noise, T*);                                           \
  template double sparsity_penalty(Matrix, const T*, double, double, T*);                                           \
  template void adam_step(size_t, T*, const T*, T*, T*, const Adam&);
FASTDIV_INSTANTIATE(float)
FASTDIV_INSTANTIATE(double)

}  // namespace fastdiv
