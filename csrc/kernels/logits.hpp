// Exponentials of logits, and the loops over a contiguous chunk of them. No logit is reduced by a maximum: the
// exponential is split into a power of two and a mantissa straight away, which loses nothing however large the logits
// are, and the powers are counted from a common exponent.
#pragma once
#include "kernels/rows.hpp"

namespace {

using fastdiv::LogitsRow;
using fastdiv::Survey;

template <class T>
FASTDIV_INLINE Vec<T> round_small(Vec<T> x, Vec<T> factor) {
  constexpr T kRound = static_cast<T>(3) * static_cast<T>(static_cast<uint64_t>(1) << (Lanes<T>::kMantissaBits - 1));
  return fma(x, factor, broadcast<T>(kRound)) - kRound;
}

// LogitsRow, a vector each.
template <class T>
struct LogitsVectors {
  Vec<T> steps_per_unit, minus_step_high, minus_step_low, inverse_temperature, moment_factor, faint;
  Vec<T> exponent[2], floor[2], largest[2], shift_high, shift_low, shift_step, shift_factor;
  Vec<T> center_high, center_low, center_step, mean_high[2], mean_low[2], factor[2];
  explicit LogitsVectors(const LogitsRow<T>& row)
      : steps_per_unit(broadcast(row.steps_per_unit)),
        minus_step_high(broadcast(-row.step_high)),
        minus_step_low(broadcast(-row.step_low)),
        inverse_temperature(broadcast(row.inverse_temperature)),
        moment_factor(broadcast(row.moment_factor)),
        faint(broadcast(row.faint)),
        exponent{broadcast(row.exponent[0]), broadcast(row.exponent[1])},
        floor{broadcast(row.floor[0]), broadcast(row.floor[1])},
        largest{broadcast(row.largest[0]), broadcast(row.largest[1])},
        shift_high(broadcast(row.shift_high)),
        shift_low(broadcast(row.shift_low)),
        shift_step(broadcast(row.shift_step)),
        shift_factor(broadcast(row.shift_factor)),
        center_high(broadcast(row.center_high)),
        center_low(broadcast(row.center_low)),
        center_step(broadcast(row.center_step)),
        mean_high{broadcast(row.mean_high[0]), broadcast(row.mean_high[1])},
        mean_low{broadcast(row.mean_low[0]), broadcast(row.mean_low[1])},
        factor{broadcast(row.factor[0]), broadcast(row.factor[1])} {}
};

// x / temperature is n whole steps and a small rest, in nats.
template <class T>
FASTDIV_INLINE Vec<T> divide_into_steps(const LogitsVectors<T>& row, Vec<T> x, Vec<T>* n) {
  *n = round_small<T>(x, row.steps_per_unit);
  Vec<T> rest = fma_cancelling<T>(*n, row.minus_step_high, x);
  return fma(*n, row.minus_step_low, rest) * row.inverse_temperature;
}

// exp(r), |r| <= ln(2)/2
template <class T>
FASTDIV_INLINE Vec<T> exponential_of_rest(Vec<T> r) {
  const Vec<T> one = broadcast<T>(1);
  return fma(fma(exp_tail(r), r, one), r, one);
}

// exp(x / temperature) 2^-exponent for x that is not below its floor
template <class T>
FASTDIV_INLINE Vec<T> exponential(const LogitsVectors<T>& row, Vec<T> x, Vec<T> exponent) {
  Vec<T> n, r = divide_into_steps<T>(row, x, &n);
  return times_power_of_two<T>(exponential_of_rest<T>(r), n - exponent);
}

// The same for any x; 0 at its floor and below.
template <class T>
FASTDIV_INLINE Vec<T> exponential(const LogitsVectors<T>& row, Vec<T> x, int input) {
  return exponential<T>(row, at_least<T>(x, row.floor[input]), row.exponent[input]);
}

// x - y - shift, the shift in three parts, within an ulp or two: what x - y rounds away is kept, and where the shift
// cancels the difference, that subtraction rounds nothing (Sterbenz' lemma).
template <class T>
FASTDIV_INLINE Vec<T> subtract(Vec<T> x, Vec<T> y, Vec<T> shift_high, Vec<T> shift_low, Vec<T> shift_step) {
  // D. E. Knuth, The Art of Computer Programming, volume 2, section 4.2.2, theorem B
  Vec<T> whole = x - y, part = whole - x, lost = (x - (whole - part)) - (y + part);
  return (whole - shift_high) + ((lost - shift_low) - shift_step);
}

// Two probabilities on one scale and their difference, none of which loses digits: the larger one comes from its
// logit, the smaller one from the log-ratio t = (x - y - shift) / temperature. In two steps, so that each is short.
template <class T>
struct Pair {
  Vec<T> d;  // x - y - shift

  Vec<T> largest, t;     // max(p, q), log(p / q)
  Vec<T> ratio, change;  // min(p, q) / largest = exp(-|t|), and that less 1
  Vec<T> curved;         // change + |t| where |t| < ln(2)/2
  Mask<T> close;         // there

  Mask<T> q_is_larger() const { return d < 0; }
  Vec<T> p() const { return largest * select(q_is_larger(), ratio, broadcast<T>(1)); }
  Vec<T> q() const { return largest * select(q_is_larger(), broadcast<T>(1), ratio); }
  Vec<T> difference() const { return largest * select(q_is_larger(), -change, change); }  // q - p
};

template <class T>
FASTDIV_INLINE void clip(const LogitsVectors<T>& row, Vec<T>* x, Vec<T>* y) {
  *x = at_least<T>(*x, row.floor[0]);
  *y = at_least<T>(*y, broadcast<T>(-Lanes<T>::kLargest));
}

template <class T>
FASTDIV_INLINE void subtract_logits(const LogitsVectors<T>& row, Vec<T> x, Vec<T> y, Pair<T>* pair) {
  clip<T>(row, &x, &y);
  pair->d = subtract<T>(x, y, row.shift_high, row.shift_low, row.shift_step);
}

template <class T>
FASTDIV_INLINE void compare_probabilities(const LogitsVectors<T>& row, Vec<T> x, Vec<T> y, Pair<T>* pair) {
  clip<T>(row, &x, &y);
  Mask<T> of_q = pair->q_is_larger();
  Vec<T> power = exponential<T>(row, select(of_q, y, x), select(of_q, row.exponent[1], row.exponent[0]));
  pair->largest = power * select(of_q, row.shift_factor, broadcast<T>(1));
  pair->t = at_most<T>(pair->d * row.inverse_temperature, broadcast<T>(Lanes<T>::kLargest));
  Vec<T> n, r = divide_into_steps<T>(row, at_least<T>(-absolute<T>(pair->d), -row.faint), &n);
  pair->curved = r * r * exp_tail(r);
  Vec<T> expm1_r = r + pair->curved;
  pair->close = n == 0;
  pair->ratio = times_power_of_two<T>(expm1_r + 1, n);
  pair->change = select(pair->close, expm1_r, pair->ratio - 1);
}

// What `reduce` calls. A measure works in Op::kStages stages on what it keeps in Op::Work; the last one writes the
// sums or the gradients. The vectors of a block go through each stage together: a stage is short enough for the
// processor to overlap them, a whole measure is not.
template <class T, class Op, int kWanted>
struct LogitsBody {
  static constexpr int kGradients = kWanted;
  static constexpr T kPadding = -__builtin_inf();
  static constexpr bool kStaged = Op::kStages > 1;
  typedef typename Op::template Work<T> Work;

  LogitsVectors<T> row;
  typename Op::template Row<T> own;
  ptrdiff_t ahead[2];

  template <class S>
  __attribute__((always_inline)) void prefetch(const S* const* inputs, size_t at) const {
    if (kWanted == 0) prefetch_block<S, Op::kInputs, kLanesPerBlock<T>>(inputs, at, ahead);
  }

  __attribute__((always_inline)) void operator()(const Vec<T>* x, Vec<T>* sums, Vec<T>* gradient) const {
    Work work;
    run<0>(x, &work, sums, gradient);
  }

  template <class S>
  __attribute__((always_inline)) void block(const S* const* inputs, size_t at, Vec<T> (*running)[kVectorsPerBlock],
                                            S* const* out) const {
    Work work[kVectorsPerBlock];
    stages<0>(inputs, at, work, running, out);
  }

 private:
  template <int kStage>
  __attribute__((always_inline)) void run(const Vec<T>* x, Work* work, Vec<T>* sums, Vec<T>* gradient) const {
    Op::template stage<kStage, T, kWanted>(row, own, x, work, kWanted ? gradient : sums);
    if constexpr (kStage + 1 < Op::kStages) run<kStage + 1>(x, work, sums, gradient);
  }

  template <int kStage, class S>
  __attribute__((always_inline)) void stages(const S* const* inputs, size_t at, Work* work,
                                             Vec<T> (*running)[kVectorsPerBlock], S* const* out) const {
    constexpr bool kLast = kStage + 1 == Op::kStages;
#pragma GCC unroll 4
    for (int v = 0; v < kVectorsPerBlock; ++v) {
      size_t i = at + v * Lanes<T>::kCount;
      Vec<T> x[Op::kInputs], result[Op::kSums];
      for (int k = 0; k < Op::kInputs; ++k) x[k] = load(inputs[k] + i);
      if (kLast) {
        Work last = work[v];  // stays in registers
        Op::template stage<kStage, T, kWanted>(row, own, x, &last, result);
      } else {
        Op::template stage<kStage, T, kWanted>(row, own, x, &work[v], result);
      }
      for (int k = 0; kLast && kWanted == 0 && k < Op::kSums; ++k) running[k][v] += result[k];
      for (int k = 0; kLast && k < 2; ++k)
        if (kWanted & (1 << k)) store(out[k] + i, result[k]);
    }
    if constexpr (!kLast) stages<kStage + 1>(inputs, at, work, running, out);
  }
};

// A measure's other form for mixtures with equal shares.
template <class Op>
struct WithEqualShares {
  static constexpr bool kIsOther = false;
};

template <class S, class Op>
void logits_sums(const S* const* inputs, size_t n, const LogitsRow<Computed<S>>& row, double* sums) {
  typedef Computed<S> T;
  if constexpr (WithEqualShares<Op>::kIsOther)
    if (row.weight == row.rest) return logits_sums<S, typename WithEqualShares<Op>::Op>(inputs, n, row, sums);
  LogitsBody<T, Op, 0> body{LogitsVectors<T>(row), typename Op::template Row<T>(row), {row.ahead[0], row.ahead[1]}};
  reduce<S, Op::kInputs, Op::kSums>(inputs, n, sums, body, nullptr);
}

template <class S, class Op, int kWanted>
void logits_gradient(const S* const* inputs, size_t n, const LogitsRow<Computed<S>>& row, S* const* out) {
  typedef Computed<S> T;
  if constexpr (WithEqualShares<Op>::kIsOther)
    if (row.weight == row.rest)
      return logits_gradient<S, typename WithEqualShares<Op>::Op, kWanted>(inputs, n, row, out);
  LogitsBody<T, Op, kWanted> body{LogitsVectors<T>(row), typename Op::template Row<T>(row), {}};
  reduce<S, Op::kInputs, 0>(inputs, n, nullptr, body, out);
}

// The largest logits, and what makes values NaN or infinite.
template <class S, int kInputs>
Survey<Computed<S>> survey(const S* const* inputs, size_t n) {
  typedef Computed<S> T;
  constexpr int kLanes = kLanesPerBlock<T>, kCount = Lanes<T>::kCount;
  const Vec<T> none = broadcast<T>(-__builtin_inf());
  Vec<T> largest[kInputs][kVectorsPerBlock];
  Mask<T> undefined = {}, uncovered = {};
  auto look = [&](const S* const* at, size_t i, int v) __attribute__((always_inline)) {
    Vec<T> x[kInputs];
    for (int k = 0; k < kInputs; ++k) {
      x[k] = load(at[k] + i);
      undefined |= x[k] != x[k];
      largest[k][v] = at_least<T>(largest[k][v], x[k]);
    }
    if (kInputs == 2) uncovered |= (x[kInputs - 1] == none) & (x[0] > none);
  };
  for (int k = 0; k < kInputs; ++k)
    for (int v = 0; v < kVectorsPerBlock; ++v) largest[k][v] = none;
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectorsPerBlock; ++v) look(inputs, i + v * kCount, v);
  }
  if (i < n) {
    alignas(64) S padded[kInputs][kLanes];
    const S* tail[kInputs];
    for (int k = 0; k < kInputs; ++k) {
      for (int v = 0; v < kVectorsPerBlock; ++v) store(padded[k] + v * kCount, none);
      __builtin_memcpy(padded[k], inputs[k] + i, (n - i) * sizeof(S));
      tail[k] = padded[k];
    }
    for (int v = 0; v < kVectorsPerBlock; ++v) look(tail, v * kCount, v);
  }
  Survey<T> result = {{}, any(uncovered)};
  for (int k = 0; k < kInputs; ++k) {
    for (int v = 1; v < kVectorsPerBlock; ++v) largest[k][0] = at_least<T>(largest[k][0], largest[k][v]);
    result.largest[k] = any(undefined) ? static_cast<T>(__builtin_nan("")) : largest_lane<T>(largest[k][0]);
  }
  return result;
}

template <class S>
size_t find(const S* x, size_t n, Computed<S> value) {
  typedef Computed<S> T;
  constexpr size_t kCount = Lanes<T>::kCount;
  const Vec<T> wanted = broadcast<T>(value);
  size_t i = 0;
  while (i + kCount <= n && !any(load(x + i) == wanted)) i += kCount;
  T lanes[kCount];
  S padded[kCount] = {};
  __builtin_memcpy(padded, x + i, (n - i < kCount ? n - i : kCount) * sizeof(S));
  store(lanes, load(padded));
  for (size_t k = 0; k < kCount && i < n && !(lanes[k] == value); ++k) ++i;
  return i;
}

template <class From, class To>
void convert(const From* x, To* out, size_t n) {
  constexpr size_t kCount = Lanes<Computed<From>>::kCount;
  size_t i = 0;
  for (; i + kCount <= n; i += kCount) store(out + i, load(x + i));
  if (i == n) return;
  From padded[kCount] = {};
  To written[kCount];
  __builtin_memcpy(padded, x + i, (n - i) * sizeof(From));
  store(written, load(padded));
  __builtin_memcpy(out + i, written, (n - i) * sizeof(To));
}

}  // namespace
