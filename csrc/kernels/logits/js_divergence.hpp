// JS(p, q) = w KL(p | m) + (1 - w) KL(q | m), m = w p + (1 - w) q, with p = softmax(x / T), q = softmax(y / T).
// With a shift that makes t = (x - y - shift) / T the log-ratio log(p / q), let b be the larger of p and q, a the
// smaller one, c = a / b - 1 = exp(-|t|) - 1, and s the share of a in the mixture: m = b (1 + s c). The logarithm to m
// is taken of a or b, whichever is closer to it; that of the other one differs by t. Neither loses digits. To each x
// log(x / m) is added m - x, which cancels between p and q, and no term is negative. Where |t| is small, o being the
// closer one, h = (m - o) / (m + o), 2 atanh(h) = 2 h + h^3 R(h^2) and f = h (m - o - o h^2 R(h^2)):
//   o log(o / m) + m - o = f,   b log(b / m) + m - b = b ((f + (m - a) c) / a + c + |t|) if o = a,
//   a log(a / m) + m - a = b ((1 + c) f - c (|t| + m - b) - (c + |t|)) if o = b, all of f and m in units of b
// The sums of p and of q are divided by separately, so that an error of the shift counts by its square.
// dJS/dx = w p (log(p / m) - KL(p | m)) / T;   dJS/dy = (1 - w) q (log(q / m) - KL(q | m)) / T
#pragma once
#include "kernels/logits/entropy.hpp"

namespace {

// The sums of exp(x / T) and of exp(y / T), each counted from its own exponent.
struct LogitsExponentials {
  static constexpr int kInputs = 2, kSums = 2, kStages = 1;

  template <class T>
  using Row = LogitsEntropy::Row<T>;
  template <class T>
  using Work = Nothing;

  template <int kStage, class T, int kWanted>
  FASTDIV_INLINE void stage(const LogitsVectors<T>& row, const Row<T>&, const Vec<T>* inputs, Nothing*,
                            Vec<T>* result) {
    for (int k = 0; k < 2; ++k) result[k] = exponential<T>(row, inputs[k], k);
  }
};

// With equal shares m is always closer to the larger one, and less has to be chosen.
template <bool kEqualShares>
struct LogitsJsDivergence {
  static constexpr int kInputs = 2, kSums = 6, kStages = 3;

  template <class T>
  struct Row {
    Vec<T> weight, rest;
    explicit Row(const LogitsRow<T>& row) : weight(broadcast(row.weight)), rest(broadcast(row.rest)) {}
  };

  template <class T>
  struct Work {
    Pair<T> pair;
    Vec<T> log_pm, log_qm;  // log(p / m), log(q / m)
    Vec<T> moved, excess;   // m - o and f, in units of b
    Mask<T> from_a;         // o is a
  };

  template <int kStage, class T, int kWanted>
  FASTDIV_INLINE void stage(const LogitsVectors<T>& row, const Row<T>& own, const Vec<T>* inputs, Work<T>* work,
                            Vec<T>* result) {
    if (kStage == 0) return subtract_logits<T>(row, inputs[0], inputs[1], &work->pair);
    if (kStage == 1) return compare_probabilities<T>(row, inputs[0], inputs[1], &work->pair);
    take_logarithms<T>(own, work);
    Vec<T> p = work->pair.p(), q = work->pair.q();
    Vec<T> from_p = work->log_pm - row.mean_high[0], from_q = work->log_qm - row.mean_high[1];
    if (kWanted & 1) result[0] = p * (from_p - row.mean_low[0]) * row.factor[0];
    if (kWanted & 2) result[1] = q * (from_q - row.mean_low[1]) * row.factor[1];
    if (kWanted) return;
    terms<T>(own, *work, result);
    result[2] = p * from_p;
    result[3] = q * from_q;
    result[4] = p;
    result[5] = work->pair.difference();
  }

  template <class T>
  FASTDIV_INLINE void take_logarithms(const Row<T>& own, Work<T>* work) {
    const Vec<T> one = broadcast<T>(1);
    const Pair<T>& pair = work->pair;
    Mask<T> a_is_p = pair.q_is_larger();
    Vec<T> share = own.weight, other_share = own.weight;
    work->from_a = Mask<T>{};
    if (!kEqualShares) {
      share = select(a_is_p, own.weight, own.rest);
      other_share = select(a_is_p, own.rest, own.weight);
    }
    Vec<T> m = fma(share, pair.ratio, other_share);
    // m is below the geometric mean, m^2 < a / b; told exactly where a and b are close.
    if (!kEqualShares) work->from_a = share * fma(share, pair.change, broadcast<T>(2)) > 1;
    Vec<T> closer = select(work->from_a, pair.ratio, one);
    work->moved = select(work->from_a, -other_share, share) * pair.change;
    Ratio<T> ratio = divide_out<T>(m, closer, work->moved);
    Vec<T> log_om = -log<T>(ratio);
    Mask<T> from_p = work->from_a == a_is_p;
    work->log_pm = select(from_p, log_om, log_om + pair.t);
    work->log_qm = select(from_p, log_om - pair.t, log_om);
    work->excess = ratio.s * fma(-closer * ratio.z, ratio.tail, work->moved);
  }

  // p log(p / m) + m - p and q log(q / m) + m - q
  template <class T>
  FASTDIV_INLINE void terms(const Row<T>& own, const Work<T>& work, Vec<T>* terms) {
    const Pair<T>& pair = work.pair;
    Mask<T> from_p = work.from_a == pair.q_is_larger();
    Vec<T> f = work.excess, difference = pair.difference();
    Vec<T> other = fma(pair.ratio, f, fma(-pair.change, absolute<T>(pair.t) + work.moved, -pair.curved));
    if (!kEqualShares) other = select(work.from_a, fma(work.moved, pair.change, f) / pair.ratio + pair.curved, other);
    Vec<T> far_p = fma(own.rest, difference, pair.p() * work.log_pm);
    Vec<T> far_q = fma(-own.weight, difference, pair.q() * work.log_qm);
    terms[0] = select(pair.close, pair.largest * select(from_p, f, other), far_p);
    terms[1] = select(pair.close, pair.largest * select(from_p, other, f), far_q);
  }
};

typedef LogitsJsDivergence<false> logits_js_divergence_op;  // as list.hpp names it

template <>
struct WithEqualShares<logits_js_divergence_op> {
  static constexpr bool kIsOther = true;
  typedef LogitsJsDivergence<true> Op;
};

// log(p / m) and log(q / m) of one pair of logits, to the bit as the sums and the gradients have them.
template <class S, class Js>
void mixture_ratios(const S* const* inputs, const LogitsRow<Computed<S>>& row, Computed<S>* ratios) {
  typedef Computed<S> T;
  if constexpr (WithEqualShares<Js>::kIsOther)
    if (row.weight == row.rest) return mixture_ratios<S, typename WithEqualShares<Js>::Op>(inputs, row, ratios);
  S padded[2][Lanes<T>::kCount];
  for (int k = 0; k < 2; ++k)
    for (S& each : padded[k]) each = *inputs[k];
  LogitsVectors<T> vectors(row);
  typename Js::template Row<T> own(row);
  typename Js::template Work<T> work;
  Vec<T> x = load(padded[0]), y = load(padded[1]);
  subtract_logits<T>(vectors, x, y, &work.pair);
  compare_probabilities<T>(vectors, x, y, &work.pair);
  Js::template take_logarithms<T>(own, &work);
  T lanes[2][Lanes<T>::kCount];
  store(lanes[0], work.log_pm);
  store(lanes[1], work.log_qm);
  for (int k = 0; k < 2; ++k) ratios[k] = lanes[k][0];
}

}  // namespace
