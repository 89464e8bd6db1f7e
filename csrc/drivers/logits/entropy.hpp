// H = log(k + R / E) - S / (k E + R): see kernels/logits/entropy.hpp.
#pragma once
#include <cmath>

#include "drivers/logits/row.hpp"

namespace fastdiv {

// The normaliser of an input's exponentials, from R and k.
struct LogitsNormalizer {
  double power, rest, count;  // E, the exponential of the largest logit; R; k

  template <class S>
  LogitsNormalizer(const LogitsRows<S>& rows, int input, const double* sums)
      : power(rows.temperature.exponential(rows.largest(input), rows.whole_steps(input))),
        rest(sums[0]),
        count(sums[1]) {}

  double total() const { return count * power + rest; }
  // log of the total, less the largest logit
  double log() const { return count == 1 ? std::log1p(rest / power) : std::log(count + rest / power); }
};

template <class S>
struct LogitsEntropyRow {
  LogitsRows<S>& rows;
  int wanted;
  double total = 1;

  template <class ForEach>
  double value(const ForEach& for_each) {
    double sums[kMaxLogitsSums];
    rows.set_exponent(0, rows.whole_steps(0));
    rows.add_up(l_entropy, for_each, sums);
    LogitsNormalizer normalizer(rows, 0, sums);
    total = normalizer.total();
    double moment = sums[2] / total;
    rows.set_center({rows.largest(0), 0}, rows.temperature.value() * moment);
    return normalizer.log() - moment;
  }

  double factor(int) const { return rows.temperature.slope(2) / total; }
};

}  // namespace fastdiv
