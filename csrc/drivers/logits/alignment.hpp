// The shift between two rows of logits: with it, (x - y - shift) / temperature are the log-ratios of their softmaxes.
#pragma once
#include <algorithm>
#include <cmath>

#include "drivers/logits/row.hpp"

namespace fastdiv {

// x - log(1 + x) without cancellation.
inline double excess_over_log1p(double x) {
  if (std::fabs(x) > 0.1) return x - std::log1p(x);
  double sum = 0, power = x * x;
  for (int k = 2; k <= 16; ++k, power *= -x) sum += power / k;
  return sum;
}

template <class S>
class Alignment {
 public:
  // Finds the shift, and on the way the Kullback-Leibler divergence. The rows' constants are then set for both
  // distributions on one scale, on which each sums to total().
  template <class ForEach>
  Alignment(LogitsRows<S>& rows, const ForEach& for_each) : rows_(rows) {
    // Where p has its peak the first log-ratios are exactly 0: there a one-hot row loses no digit.
    S unused[2];
    double peak[2];
    rows.at_peak(0, unused, peak);
    reference_ = std::isfinite(peak[1]) ? Parts::sum(peak[0], -peak[1]) : between_peaks();
    for (int round = 0; round < kRounds; ++round) {
      set_shift(reference_);
      rows.add_up(l_kl_divergence, for_each, sums_);
      if (!comparable()) {
        reference_ = between_peaks();
        continue;
      }
      evaluate();
      if (!is_far()) break;
      reference_ = corrected();
    }
    mean_ = reference_.plus(rows_.temperature.value() * (sums_[3] / sums_[0]));
    total_ = sums_[0];
    double exponent = exponent_;
    set_shift(corrected());
    total_ = std::ldexp(total_, static_cast<int>(std::max(std::min(exponent - exponent_, 4000.0), -4000.0)));
  }

  double kl_divergence() const { return value_; }
  double total() const { return total_; }
  // The mean of x - y under p, relative to which gradients by x are taken.
  const Parts& mean() const { return mean_; }

 private:
  static constexpr int kRounds = 4;
  static constexpr double kLargestOffset = 2;
  static constexpr double kSmallestTotal = sizeof(Computed<S>) == 4 ? 0x1p-60 : 0x1p-600;

  Parts between_peaks() const { return Parts::sum(rows_.largest(0), -rows_.largest(1)); }

  // Neither row's sum was lost to underflow at the common exponent.
  bool comparable() const { return sums_[0] > kSmallestTotal && sums_[0] + sums_[1] > kSmallestTotal; }

  void evaluate() {
    missing_ = sums_[1] / sums_[0];
    value_ = is_near() ? sums_[2] / sums_[0] - excess_over_log1p(missing_) : sums_[3] / sums_[0] + std::log1p(missing_);
    value_ = value_ < 0 ? 0 : value_;
  }

  bool is_near() const { return missing_ <= 1; }

  // What the shift is off by outweighs the divergence, or has made exponentials of large log-ratios count: digits would
  // be lost.
  bool is_far() const {
    double offset = std::log1p(missing_);
    return std::fabs(offset) > kLargestOffset || (is_near() ? excess_over_log1p(missing_) : offset) > 4 * value_;
  }

  // In long double: half a unit in the last place of a double would be a relative error of each probability.
  Parts corrected() const {
    long double step = -rows_.temperature.value() * std::log1p(static_cast<long double>(missing_));
    double high = static_cast<double>(step);
    return reference_.plus(high).plus(static_cast<double>(step - high));
  }

  // The shift as kernels take it: in two parts, and as whole steps and a factor near 1. Both distributions' largest
  // entries are then about 1 or less.
  void set_shift(const Parts& shift) {
    double steps = rows_.temperature.whole_steps(shift.high);
    shift.store(&rows_.constants.shift_high, &rows_.constants.shift_low);
    rows_.constants.shift_factor =
        static_cast<Computed<S>>(rows_.temperature.exponential(shift.high, steps, shift.low));
    exponent_ = std::max(rows_.whole_steps(0), rows_.whole_steps(1) + steps);
    rows_.set_exponent(0, exponent_);
    rows_.set_exponent(1, exponent_ - steps);
  }

  LogitsRows<S>& rows_;
  Parts reference_, mean_;
  double sums_[kMaxLogitsSums];
  double exponent_ = 0, total_ = 1, missing_ = 0, value_ = 0;
};

}  // namespace fastdiv
