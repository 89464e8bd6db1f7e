// The shift between two rows of logits: with it, (x - y - shift) / temperature are the log-ratios of their softmaxes.
#pragma once
#include <algorithm>
#include <cmath>
#include <type_traits>

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
  // Finds the shift, and on the way the Kullback-Leibler divergence.
  template <class ForEach>
  Alignment(LogitsRows<S>& rows, const ForEach& for_each) : rows_(rows) {
    // Where p has its peak the first log-ratios are exactly 0, so that a one-hot row loses no digit.
    S unused[2];
    rows.at_peak(0, unused, peak_);
    Parts between_peaks = Parts::sum(rows.largest(0), -rows.largest(1));
    double apart = std::fabs(peak().high - between_peaks.high) / rows.temperature.value();
    is_far_apart_ = !(apart < kFarApart);
    mean_is_known_ = !is_far_apart_;
    reference_ = is_far_apart_ ? between_peaks : peak();
    improve_by_sample();
    for (int round = 0; round < kRounds; ++round) {
      set_shift();
      rows.add_up(l_kl_divergence, for_each, sums_);
      if (round == 0) find_mean_from_peak();
      evaluate();
      if (!is_far()) break;
      correct();
    }
    total_ = sums_[0];
  }

  // Sets the rows' constants for both distributions on one scale, on which each sums to total().
  void apply() {
    correct();
    set_shift();
  }

  // x - y where p has its peak.
  Parts peak() const { return Parts::sum(peak_[0], -peak_[1]); }

  // The mean of x - y under p, less that at the peak, so that a one-hot row's gradient loses no digit.
  template <class ForEach>
  double mean_from_peak(const ForEach& for_each) {
    if (mean_is_known_) return mean_from_peak_;
    mean_is_known_ = true;
    LogitsRow<Computed<S>> constants = rows_.constants;
    mean_from_peak_ = is_far_apart_ ? difference_of_means(for_each) : mean_by_shift_to_peak(for_each);
    rows_.constants = constants;
    return mean_from_peak_;
  }

  // Taken by itself, a term that outweighs all others is not rounded as they are.
  template <class ForEach>
  double kl_divergence(const ForEach& for_each) {
    bool is_most = rows_.peak_outweighs(0, total_) && 2 * std::fabs(value_ - peak_ratio_) < value_;
    if (!is_most) return value_;
    double mean = peak_ratio_ + mean_from_peak(for_each) / rows_.temperature.value();
    return std::max(mean + std::log1p(missing_), 0.0);
  }

  double total() const { return total_; }

 private:
  static constexpr int kRounds = 4;
  static constexpr double kSmallStep = 0x1p-10;
  static constexpr double kLargestOffset = 2;
  static constexpr double kPeakShare = 3;  // in units of the peak's probability
  static constexpr double kLargestCancellation = 16;
  static constexpr double kLargeMean = 64;  // beside it the logarithm hardly counts
  // In nats: further apart, q could overflow.
  static constexpr double kFarApart = sizeof(Computed<S>) == 4 ? 16 : 64;

  // A shift that a part of the row suggests saves another round, unless digits depend on the peak.
  void improve_by_sample() {
    double totals[2];
    if (!rows_.sample_exponentials(totals) || !(totals[0] > kPeakShare)) return;
    Parts shift = rows_.shift_between(totals[0], totals[1], peak());
    if (std::fabs(shift.high - reference_.high) > rows_.temperature.value() * kSmallStep) reference_ = shift;
  }

  // The shift, less x - y where p has its peak.
  double beyond_peak() const { return ((reference_.high - peak().high) + (reference_.low - peak().low)) + step_; }

  void find_mean_from_peak() {
    mean_from_peak_ = first_moment() + beyond_peak();
    if (std::fabs(beyond_peak()) > kLargestCancellation * std::fabs(mean_from_peak_)) mean_is_known_ = false;
  }

  template <class ForEach>
  double mean_by_shift_to_peak(const ForEach& for_each) {
    rows_.set_shift(peak(), 0);
    rows_.add_up(l_kl_divergence, for_each, sums_);
    return first_moment();
  }

  template <class ForEach>
  double difference_of_means(const ForEach& for_each) {
    double of_x[kMaxLogitsSums], of_y[kMaxLogitsSums];
    for (int k = 0; k < 2; ++k) rows_.set_exponent(k, rows_.whole_steps(k));
    rows_.constants.center_high = static_cast<Computed<S>>(peak_[1]);
    rows_.add_up(l_entropy, for_each, of_x);
    rows_.add_up(l_cross_entropy, for_each, of_y);
    return rows_.temperature.value() * (of_x[2] / of_y[3] - of_y[4] / of_y[3] * kMomentUnit);
  }

  double first_moment() const { return rows_.temperature.value() * (sums_[3] / sums_[0] * kMomentUnit); }

  void evaluate() {
    missing_ = sums_[1] / sums_[0];
    mean_ = sums_[3] / sums_[0] * kMomentUnit;
    peak_ratio_ =
        (((peak().high - reference_.high) - step_) + (peak().low - reference_.low)) / rows_.temperature.value();
    value_ = is_sum_of_positive() ? sums_[2] / sums_[0] - excess_over_log1p(missing_) : mean_ + std::log1p(missing_);
    value_ = value_ < 0 ? 0 : value_;
  }

  bool is_sum_of_positive() const { return is_near() && mean_ < kLargeMean; }

  bool is_near() const { return missing_ <= 1; }

  // What the shift is off by outweighs the divergence, or has made exponentials of large log-ratios count: digits would
  // be lost.
  bool is_far() const {
    double offset = std::log1p(missing_);
    return std::fabs(offset) > kLargestOffset || (is_near() ? excess_over_log1p(missing_) : offset) > value_;
  }

  // A small step stays apart from the reference, beside which it would lose its digits. For doubles a larger
  // one is taken in long double: half a unit in the last place of a double would be a relative error of each
  // probability.
  void correct() {
    typedef std::conditional_t<sizeof(Computed<S>) == 4, double, long double> Wide;
    double temperature = rows_.temperature.value();
    Wide step = step_ - temperature * std::log1p(static_cast<Wide>(missing_));
    step_ = static_cast<double>(step);
    if (std::fabs(step_) < temperature * kSmallStep) return;
    reference_ = reference_.plus(step_).plus(static_cast<double>(step - step_));
    step_ = 0;
  }

  void set_shift() { rows_.set_shift(reference_, step_); }

  LogitsRows<S>& rows_;
  double peak_[2];  // both logits where p has its peak
  Parts reference_;
  bool is_far_apart_, mean_is_known_;
  double sums_[kMaxLogitsSums];
  double total_ = 1, missing_ = 0, mean_ = 0, value_ = 0, mean_from_peak_ = 0;
  double peak_ratio_ = 0;  // the peak's log-ratio, less that of the shift
  double step_ = 0;        // from the reference to the shift
};

}  // namespace fastdiv
