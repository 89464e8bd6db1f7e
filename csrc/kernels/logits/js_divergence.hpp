// JS(p, q) = w KL(p | m) + (1 - w) KL(q | m), m = w p + (1 - w) q, with p = softmax(x / T), q = softmax(y / T).
// With the true shift (kl_divergence.hpp), t = log(p / q); of p and q let b be the one that is closer to m, and o the
// other. Then log(m / b) is one logarithm, log(m / o) differs from it by t, and neither loses digits.
//   JS = w sum p log(p / m) / sum p + (1 - w) sum q log(q / m) / sum q: what rounding leaves between the two sums
//   of probabilities does not count. Where t is small each x log(x / m) has m - x added, which cancels between them:
//   s ((m - x) - x s^2 R) >= 0,   s = (m - x) / (m + x),   2 atanh(s) = 2 s + s^3 R(s^2)
// dJS/dx = w p (log(p / m) - KL(p | m)) / T;   dJS/dy = (1 - w) q (log(q / m) - KL(q | m)) / T
#pragma once
#include "kernels/logits.hpp"

namespace {

struct LogitsJsDivergence {
  static constexpr int kInputs = 2, kSums = 5, kStages = 4;

  template <class T>
  struct Row {
    Vec<T> weight, rest, log_rest;
    explicit Row(const LogitsRow<T>& row)
        : weight(broadcast(row.weight)), rest(broadcast(row.rest)), log_rest(broadcast(row.log_rest)) {}
  };

  // In units of p.
  template <class T>
  struct Work {
    Vec<T> p;
    Parts<T> d;
    Vec<T> q, t, quotient, change;  // as in Pair
    Vec<T> base;                    // 1 where it is p
    Vec<T> k, scaled, step;         // mixture = scaled 2^k; step = scaled - base
    Vec<T> log_pm, log_qm;          // log(p / m), log(q / m)
  };

  template <int kStage, class T, int kWanted>
  FASTDIV_INLINE void stage(const LogitsVectors<T>& row, const Row<T>& own, const Vec<T>* inputs, Work<T>* work,
                            Vec<T>* result) {
    if (kStage == 0) subtract<T>(row, inputs, work);
    if (kStage == 1) compare<T>(row, inputs, work);
    if (kStage == 2) mix<T>(own, work);
    if (kStage != 3) return;
    Ratio<T> ratio = take_logarithms<T>(own, work);
    if (!kWanted) terms<T>(own, *work, ratio, result);
    Vec<T> from_p = work->log_pm - row.mean_high[0], from_q = work->log_qm - row.mean_high[1];
    if (kWanted & 1) result[0] = work->p * (from_p - row.mean_low[0]) * row.factor[0];
    if (kWanted & 2) result[1] = work->q * (from_q - row.mean_low[1]) * row.factor[1];
    if (kWanted) return;
    result[2] = work->p * from_p;
    result[3] = work->q * from_q;
    result[4] = work->q;
  }

  template <class T>
  FASTDIV_INLINE void subtract(const LogitsVectors<T>& row, const Vec<T>* inputs, Work<T>* work) {
    Pair<T> pair;
    subtract_logits<T>(row, inputs[0], inputs[1], &pair);
    work->p = pair.p;
    work->d = pair.d;
  }

  template <class T>
  FASTDIV_INLINE void compare(const LogitsVectors<T>& row, const Vec<T>* inputs, Work<T>* work) {
    Pair<T> pair;
    pair.p = work->p;
    pair.d = work->d;
    compare_probabilities<T>(row, inputs[1], &pair);
    work->q = pair.q;
    work->t = pair.t;
    work->quotient = pair.quotient;
    work->change = pair.change;
  }

  template <class T>
  FASTDIV_INLINE Vec<T> mixture(const Row<T>& own, const Work<T>& work) {
    return fma(own.rest, work.quotient, own.weight);
  }

  template <class T>
  FASTDIV_INLINE void mix(const Row<T>& own, Work<T>* work) {
    const Vec<T> one = broadcast<T>(1);
    Vec<T> m = mixture<T>(own, *work);
    // m is closer to the larger one if it is above their geometric mean. No logarithm is taken of what vanishes.
    Mask<T> base_is_p = ~((m * m > work->quotient) ^ (work->quotient <= 1));
    base_is_p |= (work->quotient < Lanes<T>::kSmallestRegular) | (work->quotient == 1);
    work->base = select(base_is_p, one, work->quotient);
    Ratio<T> ratio;
    divide_out<T>(m, work->base, &ratio);
    Vec<T> exact = select(base_is_p, own.rest, -own.weight) * work->change;
    work->k = ratio.k;
    work->scaled = ratio.scaled;
    work->step = select(ratio.k == 0, exact, ratio.scaled - work->base);
  }

  template <class T>
  FASTDIV_INLINE Ratio<T> take_logarithms(const Row<T>& own, Work<T>* work) {
    Ratio<T> ratio;
    ratio.k = work->k;
    ratio.scaled = work->scaled;
    ratio.difference = work->step;
    expand<T>(work->base, &ratio);
    Vec<T> log_bm = -log<T>(ratio);
    Mask<T> base_is_p = work->base == 1;
    work->log_pm = select(base_is_p, log_bm, log_bm + work->t);
    work->log_qm = select(base_is_p, log_bm - work->t, log_bm);
    Mask<T> apart = are_apart<T>(work->p, work->t);
    if (__builtin_expect(any(apart), 0)) {
      work->log_pm = select(apart, Vec<T>{}, work->log_pm);
      work->log_qm = select(apart, -own.log_rest, work->log_qm);
    }
    return ratio;
  }

  // p log(p / m) and q log(q / m); both with m - p and m - q added where they are close.
  template <class T>
  FASTDIV_INLINE void terms(const Row<T>& own, const Work<T>& work, const Ratio<T>& ratio, Vec<T>* terms) {
    Mask<T> base_is_p = work.base == 1;
    Vec<T> other = select(base_is_p, work.quotient, broadcast<T>(1));
    Vec<T> other_step = select(base_is_p, -own.weight, own.rest) * work.change;  // mixture - other
    Vec<T> s = other_step / (mixture<T>(own, work) + other), z = s * s;
    Vec<T> near = ratio.s * fma(-work.base * ratio.z, ratio.tail, work.step);
    Vec<T> other_near = s * fma(-other * z, two_atanh_tail(z), other_step);
    near *= work.p;
    other_near *= work.p;
    Mask<T> close = absolute<T>(work.t) < T(0.3);
    terms[0] = select(close, select(base_is_p, near, other_near), work.p * work.log_pm);
    terms[1] = select(close, select(base_is_p, other_near, near), work.q * work.log_qm);
  }
};

// log(p / m) and log(q / m) of one pair of logits, to the bit as the sums and the gradients have them.
template <class S>
void mixture_ratios(const S* const* inputs, const LogitsRow<Computed<S>>& row, Computed<S>* ratios) {
  typedef Computed<S> T;
  typedef LogitsJsDivergence Js;
  S padded[2][Lanes<T>::kCount];
  for (int k = 0; k < 2; ++k)
    for (S& each : padded[k]) each = *inputs[k];
  LogitsVectors<T> vectors(row);
  Js::Row<T> own(row);
  Js::Work<T> work;
  Vec<T> x[2] = {load(padded[0]), load(padded[1])};
  Js::subtract<T>(vectors, x, &work);
  Js::compare<T>(vectors, x, &work);
  Js::mix<T>(own, &work);
  Js::take_logarithms<T>(own, &work);
  T lanes[2][Lanes<T>::kCount];
  store(lanes[0], work.log_pm);
  store(lanes[1], work.log_qm);
  for (int k = 0; k < 2; ++k) ratios[k] = lanes[k][0];
}

typedef LogitsJsDivergence logits_js_divergence_op;  // as list.hpp names it

}  // namespace
