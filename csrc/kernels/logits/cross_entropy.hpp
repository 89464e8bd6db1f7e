// -sum p log q, with p = softmax(x / T), q = softmax(y / T). With n = max y and R, k, E of y as in entropy.hpp,
//   S = sum exp(x / T) (n - y) / T:
//   value = log(k + R / E) + S / sum exp(x / T),   both of them positive
// The mean of y under p is summed relative to y where x has its maximum.
// d/dx = p (mean of y under p - y) / T^2;   d/dy = (q - p) / T
#pragma once
#include "kernels/logits/entropy.hpp"

namespace {

struct LogitsCrossEntropy {
  static constexpr int kInputs = 2, kSums = 5, kStages = 2;

  template <class T>
  using Row = LogitsEntropy::Row<T>;
  template <class T>
  using Work = Pair<T>;

  template <int kStage, class T, int kWanted>
  FASTDIV_INLINE void stage(const LogitsVectors<T>& row, const Row<T>&, const Vec<T>* inputs, Pair<T>* pair,
                            Vec<T>* result) {
    Vec<T> x = inputs[0], y = inputs[1];
    if constexpr (kWanted & 2) {
      if (kStage == 0) return subtract_logits<T>(row, x, y, pair);
      compare_probabilities<T>(row, x, y, pair);
      result[1] = pair->difference() * row.factor[1];
    } else if (kStage == 0) {
      pair->largest = exponential<T>(row, x, 0);
      return;
    }
    Vec<T> p = kWanted & 2 ? exponential<T>(row, x, 0) : pair->largest;
    if (kWanted & 1)
      result[0] = select(p == 0, Vec<T>{}, p * ((row.center_high - y) + row.center_step) * row.factor[0]);
    if (kWanted) return;
    Vec<T> q = exponential<T>(row, y, 1);
    LogitsEntropy::normalizer<T>(y, row.largest[1], q, result);
    result[2] = select(p == 0, Vec<T>{}, p * ((row.largest[1] - y) * row.moment_factor));
    result[3] = p;
    result[4] = select(p == 0, Vec<T>{}, p * ((y - row.center_high) * row.moment_factor));
  }
};

// The sums of P and of Q - P, as the gradient by y has them.
struct LogitsDifferences {
  static constexpr int kInputs = 2, kSums = 2, kStages = 2;

  template <class T>
  using Row = LogitsEntropy::Row<T>;
  template <class T>
  using Work = Pair<T>;

  template <int kStage, class T, int kWanted>
  FASTDIV_INLINE void stage(const LogitsVectors<T>& row, const Row<T>&, const Vec<T>* inputs, Pair<T>* pair,
                            Vec<T>* result) {
    if (kStage == 0) return subtract_logits<T>(row, inputs[0], inputs[1], pair);
    compare_probabilities<T>(row, inputs[0], inputs[1], pair);
    result[0] = pair->p();
    result[1] = pair->difference();
  }
};

typedef LogitsCrossEntropy logits_cross_entropy_op;  // as list.hpp names it

}  // namespace
