// JS(p, q) = w KL(p | m) + (1 - w) KL(q | m), once the rows are aligned: see kernels/logits/js_divergence.hpp.
#pragma once
#include "drivers/logits/alignment.hpp"

namespace fastdiv {

template <class S>
struct LogitsJsDivergenceRow {
  LogitsRows<S>& rows;
  int wanted;
  double total[2] = {1, 1};

  template <class ForEach>
  double value(const ForEach& for_each) {
    double sums[kMaxLogitsSums];
    if (is_degenerate()) rows.constants.weight = rows.constants.rest = Computed<S>(0.5);  // keeps kernels from 0 / 0
    total[0] = Alignment<S>(rows, for_each).total();
    for (int k = 0; k < 2; ++k) rows.constants.mean_high[k] = at_peak(k);
    rows.add_up(l_js_divergence, for_each, sums);
    total[1] = sums[4];
    double nats = 0;
    for (int k = 0; k < 2; ++k) {
      rows.constants.mean_low[k] = static_cast<Computed<S>>(sums[2 + k] / total[k]);
      nats += share(k) * (sums[k] / total[k]);
    }
    return is_degenerate() ? 0 : std::max(nats, 0.0);
  }

  double factor(int input) const {
    return is_degenerate() ? 0 : share(input) * rows.temperature.slope(1) / total[input];
  }

 private:
  // One distribution has no weight: the mixture is the other one.
  bool is_degenerate() const {
    return std::min(rows.weight, 1 - rows.weight) < (sizeof(Computed<S>) == 4 ? 0x1p-100 : 0x1p-900);
  }

  double share(int input) const { return input == 0 ? rows.weight : 1 - rows.weight; }

  // The log-ratio to the mixture where the distribution has its peak, as the kernel computes it: means are taken
  // relative to it, so that a one-hot row loses no digit of its gradient.
  Computed<S> at_peak(int input) {
    S logits[2];
    double unused[2];
    rows.at_peak(input, logits, unused);
    const S* inputs[2] = {&logits[0], &logits[1]};
    Computed<S> ratios[2];
    rows.kernels().mixture_ratios(inputs, rows.constants, ratios);
    return ratios[input];
  }
};

}  // namespace fastdiv
