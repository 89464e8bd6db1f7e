// What one instruction set exports: a table of kernels over contiguous chunks of a row. The drivers
// see nothing else of it.
#pragma once
#include <stddef.h>

#include "kernels/nn_table.hpp"
#include "kernels/samples_table.hpp"
#include "kernels/types.hpp"

namespace fastdiv {

constexpr int kMaxInputs = 3;
constexpr int kMaxTerms = 2;

// What a chunk has to know of its row. Normalisation is by the sum, held in two parts because
// log(sum / w) needs the small difference sum - w where one weight has nearly all of the mass.
template <class T>
struct RowConstants {
  T sum_high[2] = {1, 1};
  T sum_low[2] = {0, 0};
  T scale[2] = {1, 1};  // the factor that each input is multiplied by
  T weight = T(0.5);    // of the first distribution in a mixture
  // From each input to where the next row's will be read, in elements: memory is fetched while this row is computed.
  ptrdiff_t ahead[kMaxInputs] = {};
};

// Adds a chunk's terms into sums[0 .. terms), and, where raw[i] is given, writes the gradient by
// input i before centring. raw[i] may be the input's own memory.
template <class T>
using TermsKernel = void (*)(const T* const* inputs, size_t n, const RowConstants<T>& row, double* sums, T* const* raw);

// How the driver turns terms and raw gradients into values and gradients.
struct MeasureTraits {
  int inputs;              // arrays given by the caller
  int terms;               // sums per row
  bool mixture;            // value = weight * sums[0] + (1 - weight) * sums[1], not sums[0]
  bool scales_each;        // every input is divided by its sum; otherwise the others by sum / sum[0]
  bool square_root;        // value = sqrt(value)
  int exact_sum;           // the input whose sum is needed in two parts, or -1
  int center_term[2];      // normalised gradient: raw - sums[term] (none: -1)
  double center_plain[2];  // plain gradient: raw - constant
};

template <class T>
struct MeasureKernels {
  MeasureTraits traits;
  TermsKernel<T> normalized[4];  // index: 1 for the gradient by input 0, + 2 by input 1
  TermsKernel<T> plain[4];
};

template <class T>
struct ChunkSum {
  double sum;
  T largest;
};

enum Measure : int {
#define FASTDIV_MEASURE_ENUM(name) k_##name,
#include "kernels/list.hpp"
  FASTDIV_MEASURES(FASTDIV_MEASURE_ENUM)
#undef FASTDIV_MEASURE_ENUM
      kMeasures
};

enum Elementwise : int {
#define FASTDIV_ELEMENTWISE_ENUM(name) e_##name,
  FASTDIV_ELEMENTWISE(FASTDIV_ELEMENTWISE_ENUM)
#undef FASTDIV_ELEMENTWISE_ENUM
      kElementwise
};

// out[i] of the inputs' elements i; out may be an input's own memory.
template <class T>
using ElementwiseKernel = void (*)(const T* const* inputs, T* out, size_t n);

template <class T>
struct Kernels {
  MeasureKernels<T> measure[kMeasures];
  ChunkSum<T> (*sum)(const T* x, size_t n);
  double (*sum_others)(const T* x, size_t n, T left_out);
  // out = (raw - center) * factor, inf where raw is inf, 0 where raw is NaN, which marks entries of 0.
  void (*center)(const T* raw, T* out, size_t n, T center, T factor);
  // (high, low) += row, column by column, without losing what high rounds away.
  void (*add_columns)(const T* row, T* high, T* low, size_t n);
  // out = x * factor
  void (*multiply)(const T* x, T* out, size_t n, T factor);
  // Of w p + (1 - w) q, both summing to 1.
  double (*mixture_entropy)(const T* p, const T* q, size_t n, T weight);
  // -log(x / sum), and its gradient shift - cotangent / x (0 where x is 0)
  void (*self_information)(const T* x, T* out, size_t n, const RowConstants<T>& row, T unit);
  void (*self_information_gradient)(const T* x, const T* cotangent, T* out, size_t n, T shift, T unit);
  ElementwiseKernel<T> elementwise[kElementwise];
  void (*elementary)(int function, const T* x, T* out, size_t n);  // for tests of accuracy
};

enum LogitsMeasure : int {
#define FASTDIV_LOGITS_ENUM(name) l_##name,
  FASTDIV_LOGITS_MEASURES(FASTDIV_LOGITS_ENUM)
#undef FASTDIV_LOGITS_ENUM
      kLogitsMeasures
};

// What is found in a first look at a chunk of logits.
template <class T>
struct Survey {
  T largest[2];    // NaN if there is one
  bool uncovered;  // somewhere the second is -inf and the first is not
};

// What a chunk of logits has to know of its row: exp(x / temperature) = 2^n exp(r / temperature), with
// n = round(x steps_per_unit) and r = x - n (step_high + step_low).
template <class T>
struct LogitsRow {
  T steps_per_unit, step_high, step_low, inverse_temperature;
  T moment_factor;                      // 1 / (temperature kMomentUnit)
  T faint;                              // exp(-faint / temperature) is 0 in the type
  T exponent[2];                        // exponentials are multiplied by 2^-exponent
  T floor[2];                           // logits below have no probability at that exponent
  T largest[2];                         // what sums of logits are relative to
  T shift_high, shift_low, shift_step;  // x - y less their sum are the log-ratios
  T shift_factor;                       // exp of the shift's part that is no whole number of steps
  T weight, rest;                       // of the first distribution in a mixture, and 1 - weight
  // Gradients are centred by the mean of a logit, or of a difference of logits: what it is at the peak, and from there.
  T center_high, center_low, center_step;
  T mean_high[2], mean_low[2];  // of log-ratios to the mixture
  T factor[2];                  // of the gradients
  // From each input to where the next row's will be read, in elements: memory is fetched while sums are computed.
  ptrdiff_t ahead[2];
};

constexpr int kMaxLogitsSums = 6;
// Moments about logits as low as the type has them would overflow: they are summed in this unit.
constexpr double kMomentUnit = 16;

// Adds a chunk's sums, or writes its gradients by the inputs wanted; out[i] may be the input's own memory.
template <class S>
using LogitsSums = void (*)(const S* const* inputs, size_t n, const LogitsRow<Computed<S>>& row, double* sums);
template <class S>
using LogitsGradient = void (*)(const S* const* inputs, size_t n, const LogitsRow<Computed<S>>& row, S* const* out);

template <class S>
struct LogitsKernels {
  Survey<Computed<S>> (*survey[2])(const S* const* inputs, size_t n);  // of one input, of two
  LogitsSums<S> sums[kLogitsMeasures];
  LogitsGradient<S> gradient[kLogitsMeasures][4];  // index: 1 for the gradient by input 0, + 2 by input 1
  LogitsSums<S> exponentials;                      // of both inputs
  LogitsSums<S> differences;                       // p and q - p
  // log(p / m) and log(q / m) of one pair of logits
  void (*mixture_ratios)(const S* const* inputs, const LogitsRow<Computed<S>>& row, Computed<S>* ratios);
  size_t (*find)(const S* x, size_t n, Computed<S> value);  // the first index, n if there is none
  void (*widen)(const S* x, Computed<S>* out, size_t n);
  void (*narrow)(const Computed<S>* x, S* out, size_t n);
};

struct LogitsTable {
  LogitsKernels<float> f32;
  LogitsKernels<double> f64;
  LogitsKernels<Float16> f16;
  LogitsKernels<BFloat16> bf16;
};

// Numbers of consecutive counters (index, block, stream), each of which gives 16 bytes, but for the first `skip`
// numbers.
template <class T>
constexpr uint64_t kNumbersPerCounter = 16 / sizeof(T);
struct RandomNumbers {
  uint64_t seed, index;
  uint32_t block, stream;
  size_t skip;
};

enum Random : int {
#define FASTDIV_RANDOM_ENUM(name) r_##name,
  FASTDIV_RANDOM(FASTDIV_RANDOM_ENUM)
#undef FASTDIV_RANDOM_ENUM
      r_words,  // the generator's bits, for tests
  kRandom
};

template <class T>
using RandomKernel = void (*)(const RandomNumbers& numbers, T* out, size_t n);

struct RandomTable {
  RandomKernel<float> f32[kRandom];
  RandomKernel<double> f64[kRandom];
};

struct KernelTable {
  const char* name;
  Kernels<float> f32;
  Kernels<double> f64;
  const LogitsTable* logits;
  const RandomTable* random;
  const SamplesTable* samples;
  const NnTable* nn;
};

template <class T>
const Kernels<T>& kernels_of(const KernelTable& table);
template <>
inline const Kernels<float>& kernels_of<float>(const KernelTable& table) {
  return table.f32;
}
template <>
inline const Kernels<double>& kernels_of<double>(const KernelTable& table) {
  return table.f64;
}

template <class T>
const RandomKernel<T>* random_kernels_of(const KernelTable& table);
template <>
inline const RandomKernel<float>* random_kernels_of<float>(const KernelTable& table) {
  return table.random->f32;
}
template <>
inline const RandomKernel<double>* random_kernels_of<double>(const KernelTable& table) {
  return table.random->f64;
}

template <class T>
const SamplesKernels<T>& samples_kernels_of(const KernelTable& table);
template <>
inline const SamplesKernels<float>& samples_kernels_of<float>(const KernelTable& table) {
  return table.samples->f32;
}
template <>
inline const SamplesKernels<double>& samples_kernels_of<double>(const KernelTable& table) {
  return table.samples->f64;
}

template <class T>
const NnKernels<T>& nn_kernels_of(const KernelTable& table);
template <>
inline const NnKernels<float>& nn_kernels_of<float>(const KernelTable& table) {
  return table.nn->f32;
}
template <>
inline const NnKernels<double>& nn_kernels_of<double>(const KernelTable& table) {
  return table.nn->f64;
}

template <class S>
const LogitsKernels<S>& logits_kernels_of(const KernelTable& table);
template <>
inline const LogitsKernels<float>& logits_kernels_of<float>(const KernelTable& table) {
  return table.logits->f32;
}
template <>
inline const LogitsKernels<double>& logits_kernels_of<double>(const KernelTable& table) {
  return table.logits->f64;
}
template <>
inline const LogitsKernels<Float16>& logits_kernels_of<Float16>(const KernelTable& table) {
  return table.logits->f16;
}
template <>
inline const LogitsKernels<BFloat16>& logits_kernels_of<BFloat16>(const KernelTable& table) {
  return table.logits->bf16;
}

}  // namespace fastdiv
