// KL(p | q) = sum p log(p / q), with p = softmax(x / T), q = softmax(y / T). With a shift D that makes
// t = (x - y - D) / T nearly the log-ratio log(p / q), P = exp(x / T) and Q = P exp(-t), sums over the row:
//   w = sum (Q - P) / sum P;   KL = sum P t / sum P + log(1 + w)
//                                 = sum P (t - 1 + exp(-t)) / sum P - (w - log(1 + w))
//   In the second form no term is negative and w vanishes as the shift becomes the true one, so that nothing
//   cancels for rows that are close; the first serves for large w.   log(p / q) = t + log(1 + w)
// dKL/dx = p (x - y - mean of x - y under p) / T^2;   dKL/dy = (q - p) / T, with the shift such that sum P = sum Q
#pragma once
#include "kernels/logits.hpp"

namespace {

struct LogitsKlDivergence {
  static constexpr int kInputs = 2, kSums = 4, kStages = 2;

  template <class T>
  struct Row {
    explicit Row(const LogitsRow<T>&) {}
  };
  template <class T>
  using Work = Pair<T>;

  template <int kStage, class T, int kWanted>
  FASTDIV_INLINE void stage(const LogitsVectors<T>& row, const Row<T>&, const Vec<T>* inputs, Pair<T>* pair,
                            Vec<T>* result) {
    Vec<T> x = inputs[0], y = inputs[1];
    if constexpr (kWanted == 1) {
      if (kStage == 0) pair->largest = exponential<T>(row, x, 0);
    } else {
      if (kStage == 0) return subtract_logits<T>(row, x, y, pair);
      compare_probabilities<T>(row, x, y, pair);
    }
    if (kStage == 0) return;
    Vec<T> p = kWanted == 1 ? pair->largest : kWanted == 3 ? exponential<T>(row, x, 0) : pair->p();
    if (kWanted & 1) {
      Vec<T> slope = subtract<T>(at_least<T>(x, row.floor[0]), y, row.center_high, row.center_low, row.center_step);
      result[0] = select(p == 0, Vec<T>{}, p * slope * row.factor[0]);
    }
    if (kWanted & 2) result[1] = pair->difference() * row.factor[1];
    if (kWanted) return;
    result[0] = p;
    result[1] = pair->difference();
    result[2] = select(pair->close, excess_where_close<T>(*pair), fma(p, pair->t, result[1]));
    result[3] = select(p == 0, Vec<T>{}, p * (pair->d * row.moment_factor));
  }

  // P (t - 1 + exp(-t)), from exp(-|t|) - 1 + |t|
  template <class T>
  FASTDIV_INLINE Vec<T> excess_where_close(const Pair<T>& pair) {
    return pair.largest * select(pair.q_is_larger(), fma(pair.change, pair.t, -pair.curved), pair.curved);
  }
};

typedef LogitsKlDivergence logits_kl_divergence_op;  // as list.hpp names it

}  // namespace
