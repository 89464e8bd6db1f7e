// H(p) = -sum p log p, with p = softmax(x / T). With m = max x, E = exp(m / T), and sums over the row,
//   R = sum of exp(x / T) where x < m, k = how often x = m, S = sum exp(x / T) (x - m) / T:
//   H = log(k + R / E) - S / (k E + R),   in which nothing cancels, not even for one-hot rows
// dH/dx = p (mean of x under p - x) / T^2
#pragma once
#include "kernels/logits.hpp"

namespace {

struct Nothing {};

struct LogitsEntropy {
  static constexpr int kInputs = 1, kSums = 3, kStages = 1;

  template <class T>
  struct Row {
    explicit Row(const LogitsRow<T>&) {}
  };
  template <class T>
  using Work = Nothing;

  // R and k
  template <class T>
  FASTDIV_INLINE void normalizer(Vec<T> x, Vec<T> largest, Vec<T> power, Vec<T>* sums) {
    Mask<T> is_largest = x == largest;
    sums[0] = select(is_largest, Vec<T>{}, power);
    sums[1] = select(is_largest, broadcast<T>(1), Vec<T>{});
  }

  template <int kStage, class T, int kWanted>
  FASTDIV_INLINE void stage(const LogitsVectors<T>& row, const Row<T>&, const Vec<T>* inputs, Nothing*,
                            Vec<T>* result) {
    Vec<T> x = at_least<T>(inputs[0], row.floor[0]);
    Vec<T> power = exponential<T>(row, x, 0);
    if (kWanted) {
      result[0] = power * ((row.center_high - x) + row.center_step) * row.factor[0];
    } else {
      normalizer<T>(inputs[0], row.largest[0], power, result);
      result[2] = power * ((x - row.largest[0]) * row.inverse_temperature);
    }
  }
};

typedef LogitsEntropy logits_entropy_op;  // as list.hpp names it

}  // namespace
