// One row of logits, or two: its chunks in memory, what a first look tells of them, and sums over them.
#pragma once
#include <algorithm>
#include <cmath>
#include <limits>

#include "drivers/call.hpp"
#include "drivers/chunks.hpp"
#include "drivers/logits/temperature.hpp"

namespace fastdiv {

template <class S>
class LogitsRows {
 public:
  typedef Computed<S> T;

  LogitsRows(const LogitsKernels<S>& kernels, const Options& options, size_t n, int inputs)
      : temperature(options.temperature),
        weight(options.weight),
        kernels_(kernels),
        n_(n),
        chunks_(chunk_count(n)),
        inputs_(inputs),
        surveys_(chunks_),
        partial_(chunks_ * kMaxLogitsSums) {
    constants = {};
    constants.weight = static_cast<T>(weight);
    constants.rest = static_cast<T>(1 - weight);
    temperature.fill(&constants);
  }

  const Temperature temperature;
  const double weight;
  LogitsRow<T> constants;

  // `ahead` elements from here the next row lies.
  void start(int input, const S* data, ptrdiff_t stride, ptrdiff_t ahead) {
    data_[input] = data;
    stride_[input] = stride;
    constants.ahead[input] = stride == 1 ? ahead : 0;
    gathered_ = false;
  }

  size_t chunks() const { return chunks_; }
  size_t size(size_t chunk) const { return chunk_size(n_, chunk); }
  int inputs() const { return inputs_; }

  // The chunk as contiguous memory.
  void fetch(size_t chunk, const S** inputs) {
    for (int k = 0; k < inputs_; ++k) {
      const S* from = data_[k] + static_cast<ptrdiff_t>(chunk * kChunk) * stride_[k];
      inputs[k] = stride_[k] == 1 ? from : scratch<S>(k);
      if (stride_[k] != 1 && !gathered_) gather(from, stride_[k], size(chunk), scratch<S>(k));
    }
    if (chunks_ == 1) gathered_ = true;  // once is enough
  }

  // The first look: largest logits, and what makes the value NaN or infinite.
  template <class ForEach>
  void survey(const ForEach& for_each) {
    for_each(chunks_, [&](size_t chunk) {
      const S* inputs[2];
      fetch(chunk, inputs);
      surveys_[chunk] = kernels_.survey[inputs_ - 1](inputs, size(chunk));
    });
    undefined_ = uncovered_ = false;
    for (int k = 0; k < inputs_; ++k) {
      largest_[k] = -kInfinity;
      for (const Survey<T>& survey : surveys_) {
        double x = static_cast<double>(survey.largest[k]);
        undefined_ |= std::isnan(x);
        largest_[k] = std::max(largest_[k], x);
      }
      undefined_ |= std::isinf(largest_[k]);
      constants.largest[k] = static_cast<T>(largest_[k]);
    }
    for (const Survey<T>& survey : surveys_) uncovered_ |= survey.uncovered;
  }

  double largest(int input) const { return largest_[input]; }
  // NaN, +inf, or no finite logit at all: the value is NaN.
  bool undefined() const { return undefined_; }
  // Somewhere q = 0 < p.
  bool uncovered() const { return uncovered_; }
  // Logits so large that their steps cannot be counted exactly.
  bool out_of_range() const {
    for (int k = 0; k < inputs_; ++k)
      if (!temperature.in_range<T>(largest_[k])) return true;
    return false;
  }

  // Both logits where the given input has its largest one.
  void at_peak(int input, S* logits, double* values) {
    size_t chunk = 0;
    while (static_cast<double>(surveys_[chunk].largest[input]) != largest_[input]) ++chunk;
    const S* inputs[2];
    fetch(chunk, inputs);
    size_t index = kernels_.find(inputs[input], size(chunk), static_cast<T>(largest_[input]));
    for (int k = 0; k < inputs_; ++k) {
      T value;
      logits[k] = inputs[k][index];
      kernels_.widen(&logits[k], &value, 1);
      values[k] = static_cast<double>(value);
    }
  }

  // The input's largest logit has most of its probability; exponentials are counted from its whole steps.
  bool peak_outweighs(int input, double total) const { return 2 * largest_exponential(input) > total; }

  double largest_exponential(int input) const { return temperature.exponential(largest_[input], whole_steps(input)); }
  double whole_steps(int input) const { return temperature.whole_steps(largest_[input]); }

  // Sets the exponent and the floor of an input's exponentials: n whole steps are 2^0.
  void set_exponent(int input, double n) {
    constants.exponent[input] = static_cast<T>(n);
    constants.floor[input] = static_cast<T>(temperature.template floor<T>(n));
  }

  // The shift between the rows, as kernels take it: in three parts, and as whole steps and a factor near 1. The largest
  // p is then about 1.
  void set_shift(const Parts& shift, double step) {
    double steps = temperature.whole_steps(shift.high), exponent = whole_steps(0);
    shift.store(&constants.shift_high, &constants.shift_low);
    constants.shift_step = static_cast<T>(step);
    constants.shift_factor = static_cast<T>(temperature.exponential(shift.high, steps, shift.low + step));
    set_exponent(0, exponent);
    set_exponent(1, exponent - steps);
  }

  void set_center(const Parts& peak, double step) {
    peak.store(&constants.center_high, &constants.center_low);
    constants.center_step = static_cast<T>(step);
  }

  // A measure's sums over the row.
  template <class ForEach>
  void add_up(LogitsMeasure measure, const ForEach& for_each, double* sums) {
    add_up(kernels_.sums[measure], for_each, sums);
  }

  template <class ForEach>
  void add_up(LogitsSums<S> kernel, const ForEach& for_each, double* sums) {
    std::fill(partial_.begin(), partial_.end(), 0.0);
    for_each(chunks_, [&](size_t chunk) {
      const S* inputs[2];
      fetch(chunk, inputs);
      kernel(inputs, size(chunk), constants, &partial_[chunk * kMaxLogitsSums]);
    });
    for (int k = 0; k < kMaxLogitsSums; ++k) sums[k] = sum_pairwise(&partial_[k], chunks_, kMaxLogitsSums);
  }

  // Sums of the exponentials over the row, each input's counted from its largest logit.
  template <class ForEach>
  void add_up_exponentials(const ForEach& for_each, double* sums) {
    for (int k = 0; k < 2; ++k) set_exponent(k, whole_steps(k));
    add_up(kernels_.exponentials, for_each, sums);
  }

  // The same from a few pieces that lie evenly in the row, as if it were like them but for the largest logit; false for
  // a row so short that it might as well be read.
  bool sample_exponentials(double* sums) {
    size_t pieces = std::min(n_ / kPieceApart, kMostPieces);
    if (pieces < 2) return false;
    S sample[2][kMostPieces * kPiece];
    for (size_t piece = 0; piece < pieces; ++piece) {
      size_t at = (2 * piece + 1) * (n_ / (2 * pieces)), chunk = at / kChunk;
      size_t offset = std::min(at - chunk * kChunk, size(chunk) - kPiece);
      const S* inputs[2] = {};
      fetch(chunk, inputs);
      for (int k = 0; k < 2; ++k) std::copy_n(inputs[k] + offset, kPiece, sample[k] + piece * kPiece);
    }
    for (int k = 0; k < 2; ++k) set_exponent(k, whole_steps(k));
    const S* inputs[2] = {sample[0], sample[1]};
    double sampled[kMaxLogitsSums] = {};
    LogitsRow<T> row = constants;
    row.ahead[0] = row.ahead[1] = 0;
    kernels_.exponentials(inputs, pieces * kPiece, row, sampled);
    for (int k = 0; k < 2; ++k)
      sums[k] = largest_exponential(k) + sampled[k] * (static_cast<double>(n_) / static_cast<double>(pieces * kPiece));
    return true;
  }

  // x - y less this shift is the log-ratio of distributions whose exponentials, counted from the largest logits, have
  // these sums. A shift that may just as well be x - y where p has its peak, or that of the largest logits, is exactly
  // that: equal rows have log-ratios of exactly 0, and a one-hot row loses no digit.
  Parts shift_between(double sum_x, double sum_y, const Parts& peak) const {
    Parts steps = temperature.of_steps(whole_steps(0) - whole_steps(1));
    Parts shift = steps.plus(temperature.value() * std::log(sum_x / sum_y));
    for (const Parts& exact : {peak, Parts::sum(largest(0), -largest(1))}) {
      double apart = std::fabs((shift.high - exact.high) + (shift.low - exact.low));
      if (apart < kRoundingStep * temperature.value()) return exact;
    }
    return shift;
  }

  const LogitsKernels<S>& kernels() const { return kernels_; }

  static constexpr double kInfinity = std::numeric_limits<double>::infinity();

 private:
  static constexpr double kRoundingStep = sizeof(T) == 4 ? 0x1p-19 : 0x1p-48;  // in nats, and more than it is
  static constexpr size_t kPiece = 32, kPieceApart = 256, kMostPieces = 8;     // of a sample

  const LogitsKernels<S>& kernels_;
  const size_t n_, chunks_;
  const int inputs_;
  std::vector<Survey<T>> surveys_;
  std::vector<double> partial_;
  // of the row at hand
  const S* data_[2];
  ptrdiff_t stride_[2];
  bool gathered_ = false;
  double largest_[2];
  bool undefined_ = false, uncovered_ = false;
};

}  // namespace fastdiv
