// JS(p, q) = w KL(p | m) + (1 - w) KL(q | m), m = w p + (1 - w) q, with p = softmax(x / T), q = softmax(y / T).
// With the true shift (kl_divergence.hpp), t = log(p / q); of p and q let b be the one that is closer to m, and o the
// other. Then log(m / b) is one logarithm, log(m / o) differs from it by t, and neither loses digits.
//   term = w p log(p / m) + (1 - w) q log(q / m) >= 0. Where t is small each x log(x / m) has m - x added, which
//   cancels in the term: s ((m - x) - x s^2 R),   s = (m - x) / (m + x),   2 atanh(s) = 2 s + s^3 R(s^2)
// dJS/dx = w p (log(p / m) - KL(p | m)) / T;   dJS/dy = (1 - w) q (log(q / m) - KL(q | m)) / T
#pragma once
#include "kernels/logits.hpp"

namespace {

struct LogitsJsDivergence {
  static constexpr int kInputs = 2, kSums = 3;

  template <class T>
  struct Row {
    Vec<T> weight, rest, log_rest;
    explicit Row(const LogitsRow<T>& row)
        : weight(broadcast(row.weight)), rest(broadcast(row.rest)), log_rest(broadcast(row.log_rest)) {}
  };

  // In units of p.
  template <class T>
  struct Mixed {
    Vec<T> mixture, base;
    Mask<T> base_is_p;
    Ratio<T> ratio;         // of the mixture to the base
    Vec<T> log_pm, log_qm;  // log(p / m), log(q / m)
  };

  template <class T>
  FASTDIV_INLINE void mix(const Row<T>& own, const Pair<T>& pair, Mixed<T>* mixed) {
    const Vec<T> one = broadcast<T>(1);
    Vec<T> m = fma(own.rest, pair.change, one);
    // m is closer to the larger one if it is above their geometric mean.
    mixed->base_is_p = ~((m * m > pair.quotient) ^ (pair.quotient <= 1));
    mixed->mixture = m;
    mixed->base = select(mixed->base_is_p, one, pair.quotient);
    divide_out<T>(m, mixed->base, &mixed->ratio);
    Vec<T> exact = select(mixed->base_is_p, own.rest, -own.weight) * pair.change;
    mixed->ratio.difference = select(mixed->ratio.k == 0, exact, mixed->ratio.scaled - mixed->base);
  }

  // Completes what `mix` began, with s = difference / (scaled + base) known.
  template <class T>
  FASTDIV_INLINE void take_logarithms(const Row<T>& own, const Pair<T>& pair, Vec<T> s, Mixed<T>* mixed) {
    Ratio<T>& ratio = mixed->ratio;
    ratio.s = s;
    ratio.z = s * s;
    ratio.tail = two_atanh_tail(ratio.z);
    Vec<T> log_bm = -log<T>(ratio);
    Vec<T> t = at_most<T>(pair.t, broadcast<T>(0x1p20));  // finite where q is 0
    mixed->log_pm = select(mixed->base_is_p, log_bm, log_bm + t);
    mixed->log_qm = select(mixed->base_is_p, log_bm - t, log_bm);
    if (__builtin_expect(any(pair.apart), 0)) {
      mixed->log_pm = select(pair.apart, Vec<T>{}, mixed->log_pm);
      mixed->log_qm = select(pair.apart, -own.log_rest, mixed->log_qm);
    }
  }

  template <class T>
  FASTDIV_INLINE void sums(const LogitsVectors<T>& row, const Row<T>& own, const Vec<T>* inputs, Vec<T>* sums) {
    const Vec<T> one = broadcast<T>(1);
    Pair<T> pair = compare_logits<T>(row, inputs[0], inputs[1]);
    Mixed<T> mixed;
    mix<T>(own, pair, &mixed);
    Mask<T> base_is_p = mixed.base_is_p;
    Vec<T> other = select(base_is_p, pair.quotient, one);
    Vec<T> step = select(base_is_p, -own.weight, own.rest) * pair.change;  // m - other
    // One division for both quotients.
    Vec<T> below = mixed.ratio.scaled + mixed.base, below_other = mixed.mixture + other;
    Vec<T> inverse = 1 / (below * below_other);
    take_logarithms<T>(own, pair, mixed.ratio.difference * below_other * inverse, &mixed);

    Vec<T> s = step * below * inverse, z = s * s;
    Vec<T> near = mixed.ratio.s * fma(-mixed.base * mixed.ratio.z, mixed.ratio.tail, mixed.ratio.difference);
    Vec<T> near_other = s * fma(-other * z, two_atanh_tail(z), step);
    Vec<T> share = select(base_is_p, own.weight, own.rest), share_other = select(base_is_p, own.rest, own.weight);
    Vec<T> far = fma(own.weight * pair.p, mixed.log_pm, own.rest * pair.q * mixed.log_qm);
    sums[0] = select(pair.close, pair.p * fma(share, near, share_other * near_other), far);
    sums[1] = pair.p * (mixed.log_pm - row.mean_high[0]);
    sums[2] = pair.q * (mixed.log_qm - row.mean_high[1]);
  }

  template <class T>
  FASTDIV_INLINE void log_ratios(const Row<T>& own, const Pair<T>& pair, Mixed<T>* mixed) {
    mix<T>(own, pair, mixed);
    take_logarithms<T>(own, pair, mixed->ratio.difference / (mixed->ratio.scaled + mixed->base), mixed);
  }

  template <class T, int kWanted>
  FASTDIV_INLINE void gradients(const LogitsVectors<T>& row, const Row<T>& own, const Vec<T>* inputs,
                                Vec<T>* gradient) {
    Pair<T> pair = compare_logits<T>(row, inputs[0], inputs[1]);
    Mixed<T> mixed;
    log_ratios<T>(own, pair, &mixed);
    if (kWanted & 1) gradient[0] = pair.p * ((mixed.log_pm - row.mean_high[0]) - row.mean_low[0]) * row.factor[0];
    if (kWanted & 2) gradient[1] = pair.q * ((mixed.log_qm - row.mean_high[1]) - row.mean_low[1]) * row.factor[1];
  }
};

// log(p / m) and log(q / m) of one pair of logits.
template <class S>
void mixture_ratios(const S* const* inputs, const LogitsRow<Computed<S>>& row, Computed<S>* ratios) {
  typedef Computed<S> T;
  S padded[2][Lanes<T>::kCount];
  for (int k = 0; k < 2; ++k)
    for (S& each : padded[k]) each = *inputs[k];
  LogitsVectors<T> vectors(row);
  LogitsJsDivergence::Row<T> own(row);
  LogitsJsDivergence::Mixed<T> mixed;
  LogitsJsDivergence::log_ratios<T>(own, compare_logits<T>(vectors, load(padded[0]), load(padded[1])), &mixed);
  T lanes[Lanes<T>::kCount];
  store(lanes, mixed.log_pm);
  ratios[0] = lanes[0];
  store(lanes, mixed.log_qm);
  ratios[1] = lanes[0];
}

typedef LogitsJsDivergence logits_js_divergence_op;  // as list.hpp names it

}  // namespace
