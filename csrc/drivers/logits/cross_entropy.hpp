// -sum p log q = log(k + R / E) + S / sum exp(x / T): see kernels/logits/cross_entropy.hpp.
#pragma once
#include "drivers/logits/entropy.hpp"

namespace fastdiv {

template <class S>
struct LogitsCrossEntropyRow {
  LogitsRows<S>& rows;
  int wanted;
  double total = 1;

  template <class ForEach>
  double value(const ForEach& for_each) {
    double sums[kMaxLogitsSums];
    S unused[2];
    double peak[2];
    for (int k = 0; k < 2; ++k) rows.set_exponent(k, rows.whole_steps(k));
    // Where p has its peak, the slopes of its gradient are relative to q there: a one-hot row loses no digit.
    rows.at_peak(0, unused, peak);
    rows.constants.center_high = static_cast<Computed<S>>(std::isfinite(peak[1]) ? peak[1] : rows.largest(1));
    rows.add_up(l_cross_entropy, for_each, sums);
    LogitsNormalizer normalizer(rows, 1, sums);
    total = sums[3];
    double mean_from_peak = sums[4] / total * kMomentUnit;
    double mean = sums[2] / total * kMomentUnit;
    // Taken by itself, a term that outweighs all others is not rounded as they are.
    if (rows.peak_outweighs(0, total)) mean = (rows.largest(1) - peak[1]) / rows.temperature.value() - mean_from_peak;
    double nats = rows.uncovered() ? rows.kInfinity : normalizer.log() + mean;
    rows.constants.center_step = static_cast<Computed<S>>(rows.temperature.value() * mean_from_peak);
    if (wanted & 2) align(for_each, rows.shift_between(total, normalizer.total(), Parts::sum(peak[0], -peak[1])));
    return nats;
  }

  double factor(int input) const { return rows.temperature.slope(input == 0 ? 2 : 1) / total; }

 private:
  // q - p keeps its digits where the rows are close: what rounding has left of the shift comes from its sum.
  template <class ForEach>
  void align(const ForEach& for_each, const Parts& shift) {
    double sums[kMaxLogitsSums];
    rows.set_shift(shift, 0);
    rows.add_up(rows.kernels().differences, for_each, sums);
    total = sums[0];
    rows.set_shift(shift, -rows.temperature.value() * std::log1p(sums[1] / sums[0]));
  }
};

}  // namespace fastdiv
