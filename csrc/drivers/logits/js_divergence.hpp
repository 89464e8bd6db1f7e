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
    total[0] = Alignment<S>(rows, for_each).total();
    Computed<S> for_gradient[2];
    for (int k = 0; k < 2; ++k) at_peak(k, &rows.constants.mean_high[k], &for_gradient[k]);
    rows.add_up(l_js_divergence, for_each, sums);
    total[1] = sums[4];
    double nats = 0;
    for (int k = 0; k < 2; ++k) {
      rows.constants.mean_high[k] = for_gradient[k];
      rows.constants.mean_low[k] = static_cast<Computed<S>>(sums[2 + k] / total[k]);
      nats += share(k) * (sums[k] / total[k]);
    }
    return std::max(nats, 0.0);
  }

  double factor(int input) const { return share(input) * rows.temperature.slope(1) / total[input]; }

 private:
  double share(int input) const { return input == 0 ? rows.weight : 1 - rows.weight; }

  // The log-ratio to the mixture where the distribution has its peak, as kernels compute it: means are taken
  // relative to it, so that a one-hot row loses no digit of its gradient.
  void at_peak(int input, Computed<S>* summed, Computed<S>* for_gradient) {
    S logits[2];
    double unused[2];
    rows.at_peak(input, logits, unused);
    const S* inputs[2] = {&logits[0], &logits[1]};
    Computed<S> ratios[2][2];
    rows.kernels().mixture_ratios(inputs, rows.constants, ratios[0], ratios[1]);
    *summed = ratios[0][input];
    *for_gradient = ratios[1][input];
  }
};

}  // namespace fastdiv
