// Arbitrary calls of the functions of training: any numbers, sizes, strides and options, outputs in the memory of
// inputs where that is allowed, pointers that are missing.
#pragma once
#include <string>

#include "fastdiv/fastdiv.h"
#include "fuzz_input.hpp"

namespace nn {

enum Name { kActivation, kActivationBackward, kBernoulli, kGaussian, kDraw, kDrawBackward, kCorrupt, kSparsity, kAdam };
constexpr size_t kNames = 9, kMost = 4;

// What an argument is: a matrix, rows of one with a stride, a number a column, a number a row, rows of them with a
// stride (0, too). Elements of vectors are a matrix of one row.
enum Shape { kNone, kMatrix, kStrided, kColumns, kValues, kCotangent };
struct Argument {
  Shape shape = kNone;
  bool optional = false;
};
struct Signature {
  const char* name;
  Argument in[kMost], out[kMost];
};
constexpr Argument kM = {kMatrix, false}, kS = {kStrided, false}, kC = {kColumns, false}, kR = {kValues, false};
constexpr Argument kFactor = {kCotangent, true};
constexpr Argument maybe(Argument a) { return {a.shape, true}; }
constexpr Signature kSignatures[kNames] = {
    {"bias_activation", {kM, kC}, {kM, maybe(kM)}},
    {"bias_activation_backward", {kM, kM, maybe(kC)}, {kM, kC}},
    {"bernoulli_nll", {kM, kM, kFactor}, {kR, maybe(kM)}},
    {"gaussian_nll", {kM, kM, kFactor}, {kR, maybe(kM)}},
    {"gaussian_kl_draw", {kS, kS}, {kR, maybe(kS)}},
    {"gaussian_kl_draw_backward", {kS, kS, kS, kFactor}, {kS, kS}},
    {"corrupt", {kM}, {kM}},
    {"sparsity_penalty", {kM}, {maybe(kC)}},
    {"adam_step", {kM, kM, kM, kM}, {kM, kM, kM}},  // inputs: gradient, then those that are outputs, too
};

template <class T>
struct Array {
  size_t rows = 0, columns = 0;
  ptrdiff_t stride = 0;
  size_t origin = 0;
  bool given = false;
  std::vector<T> entries;  // exactly the memory that is needed

  T* first() { return given && !entries.empty() ? entries.data() + origin : nullptr; }
  size_t place(size_t row, size_t column) const {
    return static_cast<size_t>(static_cast<ptrdiff_t>(origin) + static_cast<ptrdiff_t>(row) * stride) + column;
  }
  T at(size_t row, size_t column) const { return entries[place(row, column)]; }

  void allocate(Input& in, Shape shape, size_t matrix_rows, size_t matrix_columns) {
    rows = shape == kColumns ? 1 : matrix_rows;
    columns = shape == kValues || shape == kCotangent ? 1 : matrix_columns;
    stride = static_cast<ptrdiff_t>(columns);
    size_t kind = in.below(6);
    if (shape == kStrided && kind > 2) stride += static_cast<ptrdiff_t>(in.below(5));
    if (shape == kStrided && kind == 5) stride = -stride;
    if (shape == kCotangent) stride = static_cast<ptrdiff_t>(kind % 4) - 1;
    given = true;
    size_t reach = rows == 0 ? 0 : (rows - 1) * static_cast<size_t>(stride < 0 ? -stride : stride);
    origin = stride < 0 ? reach : 0;
    entries.assign(rows * columns == 0 ? 0 : reach + columns, T(-7));
  }

  void fill(Input& in) {
    size_t kind = in.below(12);
    for (T& entry : entries) {
      double u = in.uniform();
      entry = kind < 4   ? static_cast<T>(8 * u - 4)
              : kind < 7 ? static_cast<T>(in.random() % 16 == 0 ? in.random() % 2 : u)
              : kind < 8 ? static_cast<T>(200 * u - 100)
              : kind < 9 ? (in.random() % 20 == 0 ? in.number<T>() : static_cast<T>(8 * u - 4))
                         : Weights<T>::entry(in, kind - 9 + (kind == 11 ? 3 : 0), nullptr);
    }
  }
};

template <class T>
struct Request {
  size_t name = 0, rows = 0, columns = 0;
  Array<T> in[kMost], out[kMost];
  int alias[kMost] = {-1, -1, -1, -1};  // the input in whose memory an output is
  int choice = 0;                       // activation or corruption
  double options[kMost] = {};           // scale; level; sparsity, cotangent; learning rate, betas, epsilon
  uint64_t seed = 0, offset = 0, step = 1;
  uint32_t stream = 0;
  double penalty = -7;
  bool overflow = false;
  int missing = -1;  // an input, or 4 + an output, that is NULL although it must not be

  const Signature& signature() const { return kSignatures[name]; }
  size_t size() const { return rows * columns; }
  const Array<T>& written(size_t k) const { return alias[k] < 0 ? out[k] : in[alias[k]]; }
  T* input(size_t k) { return static_cast<int>(k) == missing ? nullptr : in[k].first(); }
  T* output(size_t k) {
    if (static_cast<int>(kMost + k) == missing || !out[k].given) return nullptr;
    return alias[k] < 0 ? out[k].first() : in[alias[k]].first();
  }
};

template <class T>
double option(Input& in, double low, double high) {
  return in.below(8) == 0 ? in.number<double>() : low + (high - low) * in.uniform();
}

template <class T>
void read_options(Input& in, Request<T>& r) {
  r.choice = static_cast<int>(in.below(in.below(16) == 0 ? 8 : r.name == kCorrupt ? 3 : 6)) - (in.below(64) == 0);
  double* o = r.options;
  if (r.name == kGaussian) o[0] = in.below(2) ? 1 : option<T>(in, 1e-3, 3);
  if (r.name == kCorrupt) o[0] = option<T>(in, 0, 1);
  if (r.name == kSparsity) o[0] = option<T>(in, 0.001, 0.999), o[1] = option<T>(in, -2, 2);
  if (r.name == kAdam) {
    o[0] = option<T>(in, 0, 0.1);
    o[1] = option<T>(in, 0, 1);
    o[2] = in.below(2) ? 0.999 : option<T>(in, 0, 1);
    o[3] = in.below(2) ? 1e-8 : option<T>(in, 0, 1e-3);
  }
  r.seed = in.random();
  r.stream = static_cast<uint32_t>(in.random());
  r.offset = in.below(4) == 0 ? UINT64_MAX - in.below(20) : in.random() >> in.below(64);
  r.step = in.below(8) == 0 ? in.random() >> in.below(64) : 1 + in.below(50);
}

template <class T>
Request<T> read_request(Input& in) {
  static const size_t rows[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 64, 100, 300};
  Request<T> r;
  r.name = in.below(kNames);
  r.columns = in.event_size(1);
  // The comparison takes its time.
  size_t choices = sizeof rows / sizeof *rows;
  r.rows = rows[in.below(r.columns > 600 ? 4 : r.columns > 65 ? 9 : r.columns > 9 ? 13 : choices)];
  if (r.name == kCorrupt || r.name == kAdam) r.rows = 1;
  read_options(in, r);
  const Signature& s = r.signature();
  for (size_t k = 0; k < kMost; ++k) {
    if (s.in[k].shape == kNone || (s.in[k].optional && in.below(2))) continue;
    r.in[k].allocate(in, s.in[k].shape, r.rows, r.columns);
    r.in[k].fill(in);
  }
  bool taken[kMost] = {};
  for (size_t k = 0; k < kMost; ++k) {
    if (s.out[k].shape == kNone || (s.out[k].optional && in.below(2))) continue;
    r.out[k].allocate(in, s.out[k].shape, r.rows, r.columns);
    size_t place = r.name == kAdam ? k + 1 : in.below(2 * kMost);
    if (place >= kMost || taken[place] || !r.in[place].given) continue;
    const Array<T>& a = r.in[place];
    bool columns = s.out[k].shape == kColumns, a_columns = s.in[place].shape == kColumns;
    bool row_by_row = a.stride >= static_cast<ptrdiff_t>(a.columns);
    if (columns != a_columns || a.rows != r.out[k].rows || a.columns != r.out[k].columns) continue;
    if (s.out[k].shape != kStrided && a.stride != r.out[k].stride) continue;
    if ((s.out[k].shape == kValues) != (s.in[place].shape == kCotangent)) continue;
    if (s.out[k].shape == kValues && !row_by_row) continue;
    r.alias[k] = static_cast<int>(place);
    taken[place] = true;
  }
  if (in.below(20) == 0) r.overflow = true;
  if (in.below(20) == 0) r.missing = static_cast<int>(in.below(2 * kMost));
  if (r.missing >= 0) {
    const Argument& a = r.missing < 4 ? s.in[r.missing] : s.out[r.missing - 4];
    bool no_argument = a.shape == kNone && !(r.name == kSparsity && r.missing == 5);
    if (a.optional || no_argument || (r.name == kAdam && r.missing > 0 && r.missing < 4)) r.missing = -1;
  }
  return r;
}

// The C functions of a type, by one name.
template <class T>
int call(Request<T>& r);
// clang-format off
#define FASTDIV_NN_CALL(T, suffix)                                                                                     \
  template <>                                                                                                          \
  inline int call(Request<T>& r) {                                                                                     \
    size_t rows = r.overflow ? SIZE_MAX / 2 : r.rows, columns = r.overflow ? 3 : r.columns;                            \
    size_t n = r.overflow ? SIZE_MAX / 4 : r.columns;                                                                  \
    T *a = r.input(0), *b = r.input(1), *c = r.input(2), *d = r.input(3), *x = r.output(0), *y = r.output(1);          \
    auto in = [&](size_t k) { return r.in[k].stride; };                                                                \
    auto out = [&](size_t k) { return r.written(k).stride; };                                                          \
    double* o = r.options;                                                                                             \
    switch (r.name) {                                                                                                  \
      case kActivation: return fastdiv_nn_bias_activation_##suffix(rows, columns, a, b, r.choice, x, y);               \
      case kActivationBackward:                                                                                        \
        return fastdiv_nn_bias_activation_backward_##suffix(rows, columns, a, b, c, r.choice, x, y);                   \
      case kBernoulli: return fastdiv_nn_bernoulli_nll_##suffix(rows, columns, a, b, c, in(2), x, y);                  \
      case kGaussian: return fastdiv_nn_gaussian_nll_##suffix(rows, columns, a, b, o[0], c, in(2), x, y);              \
      case kDraw:                                                                                                      \
        return fastdiv_nn_gaussian_kl_draw_##suffix(rows, columns, a, in(0), b, in(1), r.seed, r.offset, r.stream, x,  \
                                                    y, out(1));                                                        \
      case kDrawBackward:                                                                                              \
        return fastdiv_nn_gaussian_kl_draw_backward_##suffix(rows, columns, a, in(0), b, in(1), c, in(2), r.seed,      \
                                                             r.offset, r.stream, d, in(3), x, out(0), y, out(1));      \
      case kCorrupt:                                                                                                   \
        return fastdiv_nn_corrupt_##suffix(n, a, r.choice, o[0], r.seed, r.offset, r.stream, x);                       \
      case kSparsity:                                                                                                  \
        return fastdiv_nn_sparsity_penalty_##suffix(rows, columns, a, o[0], o[1],                                      \
                                                    r.missing == 5 ? nullptr : &r.penalty, x);                         \
      default: return fastdiv_nn_adam_step_##suffix(n, x, a, y, r.output(2), r.step, o[0], o[1], o[2], o[3]);          \
    }                                                                                                                  \
  }                                                                                                                    \
  inline void draw(bool normal, const Request<T>& r, T* numbers) {                                                     \
    (normal ? fastdiv_random_normal_##suffix : fastdiv_random_uniform_##suffix)(r.size(), r.seed, r.offset, r.stream,  \
                                                                                numbers);                              \
  }
// clang-format on
FASTDIV_NN_CALL(float, f32)
FASTDIV_NN_CALL(double, f64)
#undef FASTDIV_NN_CALL

// The status that a call's arguments ask for.
template <class T>
int expected_status(const Request<T>& r) {
  const double* o = r.options;
  auto finite = [](double x) { return std::isfinite(x); };
  if (r.overflow) return FASTDIV_INVALID_SHAPE;
  for (int k = 0; k < static_cast<int>(kMost); ++k) {
    const Argument &in = r.signature().in[k], &out = r.signature().out[k];
    bool some = r.size() != 0;
    if (r.missing == k && in.shape != kNone && !in.optional && some && !(r.name == kAdam && k > 0))
      return FASTDIV_NULL_POINTER;
    if (out.shape == kColumns) some = r.columns != 0;
    if (out.shape == kValues) some = r.rows != 0;
    if (r.missing == 4 + k && out.shape != kNone && !out.optional && some) return FASTDIV_NULL_POINTER;
  }
  bool allowed = true;
  if (r.name == kSparsity && r.missing == 5) return FASTDIV_NULL_POINTER;
  if (r.name == kActivation || r.name == kActivationBackward) allowed = r.choice >= 0 && r.choice < 6;
  if (r.name == kGaussian) allowed = o[0] > 0 && finite(o[0]);
  if (r.name == kCorrupt)
    allowed = r.choice >= 0 && r.choice < 3 && o[0] >= 0 && (r.choice == FASTDIV_GAUSSIAN ? finite(o[0]) : o[0] <= 1);
  if (r.name == kSparsity) allowed = o[0] > 0 && o[0] < 1;
  if (r.name == kAdam)
    allowed = r.step >= 1 && o[0] >= 0 && finite(o[0]) && o[1] >= 0 && o[1] < 1 && o[2] >= 0 && o[2] < 1 && o[3] >= 0 &&
              finite(o[3]);
  if (r.name == kDraw || r.name == kDrawBackward || r.name == kCorrupt)
    allowed &= r.size() == 0 || r.offset <= UINT64_MAX - (r.size() - 1);
  return allowed ? FASTDIV_OK : FASTDIV_INVALID_OPTION;
}

}  // namespace nn
