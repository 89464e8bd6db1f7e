// KL(p | q) comes from the alignment of the rows: see kernels/logits/kl_divergence.hpp.
#pragma once
#include "drivers/logits/alignment.hpp"

namespace fastdiv {

template <class S>
struct LogitsKlDivergenceRow {
  LogitsRows<S>& rows;
  int wanted;
  double total = 1;

  template <class ForEach>
  double value(const ForEach& for_each) {
    Alignment<S> alignment(rows, for_each);
    total = alignment.total();
    if (wanted & 1) rows.set_center(alignment.peak(), alignment.mean_from_peak(for_each));
    double nats = rows.uncovered() ? rows.kInfinity : alignment.kl_divergence(for_each);
    if (wanted != 0) alignment.apply();
    return nats;
  }

  double factor(int input) const { return rows.temperature.slope(input == 0 ? 2 : 1) / total; }
};

}  // namespace fastdiv
