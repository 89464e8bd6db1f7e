// JS(p, q) = w KL(p | m) + (1 - w) KL(q | m), m = w p + (1 - w) q, with p = softmax(x / T), q = softmax(y / T).
// With the true shift (kl_divergence.hpp), p and q up to the same factor and q - p without cancellation; the
// terms p log(p / m) - p + m >= 0 and q log(q / m) - q + m >= 0 are those of probabilities/js_divergence.hpp.
// dJS/dx = w p (log(p / m) - KL(p | m)) / T;   dJS/dy = (1 - w) q (log(q / m) - KL(q | m)) / T
#pragma once
#include "kernels/logits.hpp"
#include "kernels/probabilities/js_divergence.hpp"

namespace {

struct LogitsJsDivergence {
  static constexpr int kInputs = 2, kSums = 4;

  template <class T>
  struct Row {
    Vec<T> weight, rest, tiny;
    explicit Row(const LogitsRow<T>& row)
        : weight(broadcast(row.weight)),
          rest(broadcast(T(1) - row.weight)),
          // with p and q above it the mixture is a normal number too
          tiny(Lanes<T>::kSmallestRegular / select(weight < rest, weight, rest)) {}
  };

  template <class T>
  FASTDIV_INLINE Pair<T> compare(const LogitsVectors<T>& row, const Row<T>& own, const Vec<T>* inputs) {
    Pair<T> pair = compare_logits<T>(row, inputs[0], inputs[1]);
    // Probabilities below `tiny` count as 0.
    Mask<T> p_faint = pair.p < own.tiny, q_faint = pair.q < own.tiny;
    pair.p = select(p_faint, Vec<T>{}, pair.p);
    pair.q = select(q_faint, Vec<T>{}, pair.q);
    pair.difference = select(p_faint | q_faint, pair.q - pair.p, pair.difference);
    return pair;
  }

  // Terms and log-ratios to the mixture, of p and of q.
  template <class T, bool kLogs>
  FASTDIV_INLINE void against_mixture(const Row<T>& own, const Pair<T>& pair, int input, Vec<T>* term,
                                      Vec<T>* log_ratio) {
    Vec<T> mixture = fma(own.weight, pair.p, own.rest * pair.q);
    if (input == 0)
      JsDivergence::against_mixture<T, kLogs>(pair.p, mixture, own.rest * pair.difference, term, log_ratio);
    else
      JsDivergence::against_mixture<T, kLogs>(pair.q, mixture, -own.weight * pair.difference, term, log_ratio);
  }

  template <class T>
  FASTDIV_INLINE void sums(const LogitsVectors<T>& row, const Row<T>& own, const Vec<T>* inputs, Vec<T>* sums) {
    Pair<T> pair = compare<T>(row, own, inputs);
    Vec<T> log_ratio;
    against_mixture<T, true>(own, pair, 0, &sums[0], &log_ratio);
    sums[2] = pair.p * (log_ratio - row.mean_high[0]);
    against_mixture<T, true>(own, pair, 1, &sums[1], &log_ratio);
    sums[3] = pair.q * (log_ratio - row.mean_high[1]);
  }

  template <class T, int kWanted>
  FASTDIV_INLINE void gradients(const LogitsVectors<T>& row, const Row<T>& own, const Vec<T>* inputs,
                                Vec<T>* gradient) {
    Pair<T> pair = compare<T>(row, own, inputs);
    Vec<T> unused, log_ratio;
    if (kWanted & 1) {
      against_mixture<T, true>(own, pair, 0, &unused, &log_ratio);
      gradient[0] = pair.p * ((log_ratio - row.mean_high[0]) - row.mean_low[0]) * row.factor[0];
    }
    if (kWanted & 2) {
      against_mixture<T, true>(own, pair, 1, &unused, &log_ratio);
      gradient[1] = pair.q * ((log_ratio - row.mean_high[1]) - row.mean_low[1]) * row.factor[1];
    }
  }
};

// log(p / m) and log(q / m) of one pair of logits.
template <class S>
void mixture_ratios(const S* const* inputs, const LogitsRow<Computed<S>>& row, Computed<S>* ratios) {
  typedef Computed<S> T;
  S padded[2][Lanes<T>::kCount];
  LogitsVectors<T> vectors(row);
  LogitsJsDivergence::Row<T> own(row);
  Vec<T> x[2], term, log_ratio;
  for (int k = 0; k < 2; ++k) {
    for (S& each : padded[k]) each = *inputs[k];
    x[k] = load(padded[k]);
  }
  Pair<T> pair = LogitsJsDivergence::compare<T>(vectors, own, x);
  for (int k = 0; k < 2; ++k) {
    LogitsJsDivergence::against_mixture<T, true>(own, pair, k, &term, &log_ratio);
    T lanes[Lanes<T>::kCount];
    store(lanes, log_ratio);
    ratios[k] = lanes[0];
  }
}

typedef LogitsJsDivergence logits_js_divergence_op;  // as list.hpp names it

}  // namespace
