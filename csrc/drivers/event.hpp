// From an event's sums to its value, and to the centre and factor of its gradients.
#pragma once
#include <algorithm>
#include <cmath>
#include <limits>

#include "drivers/call.hpp"
#include "drivers/chunks.hpp"

namespace fastdiv {

// The sum of an input, in two parts where the measure asks for it, after the factor `prescale`.
template <class T>
struct Normalizer {
  double high = 1;
  double low = 0;
  PowerOfTwo<T> prescale;
  bool valid = true;  // otherwise the event's value is NaN
};

template <class T>
RowConstants<T> row_constants(const MeasureTraits& traits, const Normalizer<T>* sum, double weight) {
  RowConstants<T> row;
  row.weight = static_cast<T>(weight);
  for (int i = 0; i < 2 && i < traits.inputs; ++i) {
    row.sum_high[i] = static_cast<T>(sum[i].high);
    row.sum_low[i] = static_cast<T>((sum[i].high - static_cast<double>(row.sum_high[i])) + sum[i].low);
    row.scale[i] = static_cast<T>(traits.scales_each ? 1 / sum[i].high : sum[0].high / sum[i].high);
  }
  return row;
}

template <class T>
struct Event {
  double value;
  double center[2];
  double factor[2];
  PowerOfTwo<T> prescale[2];  // a second factor of the gradient, which need not be representable as one number

  Event(const MeasureTraits& traits, const Options& options, const Normalizer<T>* sum, const double* terms,
        double cotangent) {
    double share[2] = {1, 1};
    if (traits.mixture) {
      share[0] = options.weight;
      share[1] = 1 - options.weight;
    }
    double whole = traits.scales_each ? 1 : sum[0].high;
    double nats = 0;
    for (int t = 0; t < (traits.mixture ? 2 : 1); ++t)
      if (share[t] != 0) nats += share[t] * (terms[t] / whole);
    value = nats * options.unit;
    double slope = options.unit * cotangent;
    if (traits.square_root) {
      value = std::sqrt(value);
      slope = value > 0 ? slope / (2 * value) : 0;
    }
    for (int i = 0; i < 2; ++i) {
      center[i] = options.normalize ? 0 : traits.center_plain[i];
      if (options.normalize && traits.center_term[i] >= 0) center[i] = terms[traits.center_term[i]] / whole;
      factor[i] = slope * share[traits.mixture ? i : 0] / sum[i].high;
      prescale[i] = sum[i].prescale;
    }
  }

  void finish_gradient(const Kernels<T>& kernels, int i, T* raw, size_t count) const {
    if (std::isnan(value)) {
      std::fill_n(raw, count, std::numeric_limits<T>::quiet_NaN());
    } else {
      kernels.center(raw, raw, count, static_cast<T>(center[i]), static_cast<T>(factor[i]));
      prescale[i].apply(kernels, raw, count);
    }
  }
};

}  // namespace fastdiv
