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
      if (kStage == 0) pair->p = exponential<T>(row, x, 0);
    } else {
      if (kStage == 0) return subtract_logits<T>(row, x, y, pair);
      compare_probabilities<T>(row, y, pair);
    }
    if (kStage == 0) return;
    if (kWanted & 1) {
      Vec<T> slope =
          subtract<T>(at_least<T>(x, row.floor[0]), y, row.center_high, row.center_low, row.center_step).high;
      result[0] = select(pair->p == 0, Vec<T>{}, pair->p * slope * row.factor[0]);
    }
    if (kWanted & 2) result[1] = pair->difference * row.factor[1];
    if (kWanted) return;
    result[0] = pair->p;
    result[1] = pair->difference;
    result[2] = select(pair->close, pair->p * pair->curved, fma(pair->p, pair->t, pair->difference));
    result[3] = select(pair->p == 0, Vec<T>{}, pair->p * (pair->d.high * row.moment_factor));
  }
};

typedef LogitsKlDivergence logits_kl_divergence_op;  // as list.hpp names it

}  // namespace
