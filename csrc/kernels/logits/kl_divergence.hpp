// KL(p | q) = sum p log(p / q), with p = softmax(x / T), q = softmax(y / T). With a shift D that makes
// t = (x - y - D) / T nearly the log-ratio log(p / q), P = exp(x / T) and Q = P exp(-t), sums over the row:
//   w = sum (Q - P) / sum P;   KL = sum P t / sum P + log(1 + w)
//                                 = sum P (t - 1 + exp(-t)) / sum P - (w - log(1 + w))
//   In the second form no term is negative and w vanishes as the shift becomes the true one, so that nothing
//   cancels for rows that are close; the first serves for large w.   log(p / q) = t + log(1 + w)
// dKL/dx = p (x - y - mean of x - y under p) / T^2;   dKL/dy = (q - p) / T
#pragma once
#include "kernels/logits.hpp"

namespace {

struct LogitsKlDivergence {
  static constexpr int kInputs = 2, kSums = 4;

  template <class T>
  struct Row {
    explicit Row(const LogitsRow<T>&) {}
  };

  template <class T>
  FASTDIV_INLINE void sums(const LogitsVectors<T>& row, const Row<T>&, const Vec<T>* inputs, Vec<T>* sums) {
    Pair<T> pair = compare_logits<T>(row, inputs[0], inputs[1]);
    Vec<T> moment = select(pair.p == 0, Vec<T>{}, pair.p * pair.t);
    sums[0] = pair.p;
    sums[1] = pair.difference;
    sums[2] = select(pair.close, pair.p * pair.curved, moment + pair.difference);
    sums[3] = moment;
  }

  // The shift is now such that sum P = sum Q.
  template <class T, int kWanted>
  FASTDIV_INLINE void gradients(const LogitsVectors<T>& row, const Row<T>&, const Vec<T>* inputs, Vec<T>* gradient) {
    Vec<T> x = inputs[0], y = inputs[1], p;
    if (kWanted & 2) {
      Pair<T> pair = compare_logits<T>(row, x, y);
      gradient[1] = pair.difference * row.factor[1];
      p = pair.p;
    } else {
      p = exponential<T>(row, x, 0);
    }
    if (kWanted & 1) {
      Vec<T> slope = subtract<T>(at_least<T>(x, row.floor[0]), y, row.center_high, row.center_low).high;
      gradient[0] = select(p == 0, Vec<T>{}, p * slope * row.factor[0]);
    }
  }
};

typedef LogitsKlDivergence logits_kl_divergence_op;  // as list.hpp names it

}  // namespace
