// -sum p log q, with p = softmax(x / T), q = softmax(y / T). With n = max y and R, k, E of y as in entropy.hpp,
//   S = sum exp(x / T) (n - y) / T:
//   value = log(k + R / E) + S / sum exp(x / T),   both of them positive
// The mean of y under p is summed relative to y where x has its maximum.
// d/dx = p (mean of y under p - y) / T^2;   d/dy = (q - p) / T
#pragma once
#include "kernels/logits/entropy.hpp"
#include "kernels/logits/kl_divergence.hpp"

namespace {

struct LogitsCrossEntropy {
  static constexpr int kInputs = 2, kSums = 5;

  template <class T>
  using Row = LogitsEntropy::Row<T>;

  template <class T>
  FASTDIV_INLINE void sums(const LogitsVectors<T>& row, const Row<T>&, const Vec<T>* inputs, Vec<T>* sums) {
    Vec<T> y = inputs[1];
    Vec<T> p = exponential<T>(row, inputs[0], 0), q = exponential<T>(row, y, 1);
    LogitsEntropy::normalizer<T>(y, row.largest[1], q, sums);
    sums[2] = select(p == 0, Vec<T>{}, p * ((row.largest[1] - y) * row.inverse_temperature));
    sums[3] = p;
    sums[4] = select(p == 0, Vec<T>{}, p * ((y - row.center_high) * row.inverse_temperature));
  }

  template <class T, int kWanted>
  FASTDIV_INLINE void gradients(const LogitsVectors<T>& row, const Row<T>&, const Vec<T>* inputs, Vec<T>* gradient) {
    Vec<T> x = inputs[0], y = inputs[1];
    if (kWanted & 1) {
      Vec<T> p = exponential<T>(row, x, 0);
      Vec<T> slope = p * ((row.center_high - y) + row.center_low) * row.factor[0];
      gradient[0] = select(p == 0, Vec<T>{}, slope);
    }
    if (kWanted & 2) gradient[1] = compare_logits<T>(row, x, y).difference * row.factor[1];
  }
};

typedef LogitsCrossEntropy logits_cross_entropy_op;  // as list.hpp names it

}  // namespace
