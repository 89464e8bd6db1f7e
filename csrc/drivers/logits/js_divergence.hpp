// JS(p, q) = w KL(p | m) + (1 - w) KL(q | m): see kernels/logits/js_divergence.hpp. Two passes: the shift between the
// rows from their normalisers, then the sums of the divergence.
#pragma once
#include <algorithm>
#include <cmath>

#include "drivers/logits/row.hpp"

namespace fastdiv {

template <class S>
struct LogitsJsDivergenceRow {
  typedef Computed<S> T;

  LogitsRows<S>& rows;
  int wanted;
  double total[2] = {1, 1};

  template <class ForEach>
  double value(const ForEach& for_each) {
    double sums[kMaxLogitsSums];
    if (is_degenerate()) rows.constants.weight = rows.constants.rest = T(0.5);  // keeps kernels from 0 / 0
    rows.set_shift(find_shift(for_each), 0);
    if (wanted != 0)
      for (int k = 0; k < 2; ++k) rows.constants.mean_high[k] = at_peak(k);
    rows.add_up(l_js_divergence, for_each, sums);
    total[0] = sums[4];
    total[1] = sums[4] + sums[5];
    double nats = 0;
    for (int k = 0; k < 2; ++k) {
      rows.constants.mean_low[k] = static_cast<T>(sums[2 + k] / total[k]);
      nats += share(k) * (sums[k] / total[k]);
    }
    // What is left where the rows are close, of the error that the shift has in nats.
    double missing = sums[5] / sums[4];
    nats -= share(0) * share(1) / 2 * missing * missing;
    return is_degenerate() ? 0 : std::max(nats, 0.0);
  }

  double factor(int input) const {
    return is_degenerate() ? 0 : share(input) * rows.temperature.slope(1) / total[input];
  }

 private:
  template <class ForEach>
  Parts find_shift(const ForEach& for_each) {
    double sums[kMaxLogitsSums], peak[2];
    S unused[2];
    rows.add_up_exponentials(for_each, sums);
    rows.at_peak(0, unused, peak);
    return rows.shift_between(sums[0], sums[1], Parts::sum(peak[0], -peak[1]));
  }

  // One distribution has no weight: the mixture is the other one.
  bool is_degenerate() const { return std::min(rows.weight, 1 - rows.weight) < (sizeof(T) == 4 ? 0x1p-100 : 0x1p-900); }

  double share(int input) const { return input == 0 ? rows.weight : 1 - rows.weight; }

  // The log-ratio to the mixture where the distribution has its peak, as the kernel computes it: means are taken
  // relative to it, so that a one-hot row loses no digit of its gradient.
  T at_peak(int input) {
    S logits[2];
    double unused[2];
    rows.at_peak(input, logits, unused);
    const S* inputs[2] = {&logits[0], &logits[1]};
    T ratios[2];
    rows.kernels().mixture_ratios(inputs, rows.constants, ratios);
    return ratios[input];
  }
};

}  // namespace fastdiv
