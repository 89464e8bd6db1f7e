// JS(p, q) = w KL(p | m) + (1 - w) KL(q | m), m = w p + (1 - w) q; both are normalised first.
//   terms = p log(p / m) - p + m >= 0 and q log(q / m) - q + m >= 0: what they add to p log(p / m) and
//   q log(q / m) cancels within each entry, so the same terms serve the plain formula.
// dJS/dv = w (log(p / m) - KL(p | m)) / V;   dJS/dw = (1 - w) (log(q / m) - KL(q | m)) / W
// plain: w log(p / m) and (1 - w) log(q / m)
#pragma once
#include "kernels/probabilities/kl_divergence.hpp"

namespace {

struct JsDivergence {
  typedef JsDivergence Formula;
  static constexpr int kInputs = 2;
  static constexpr fastdiv::MeasureTraits kTraits = {2,     2,  /*mixture=*/true, /*scales_each=*/true,
                                                     false, -1, {0, 1},           {0, 0}};

  template <class T>
  struct Row {
    Vec<T> scale_p, scale_q, weight, rest, tiny;
    explicit Row(const RowConstants<T>& row)
        : scale_p(broadcast(row.scale[0])),
          scale_q(broadcast(row.scale[1])),
          weight(broadcast(row.weight)),
          rest(broadcast(T(1) - row.weight)),
          // with p and q above it the mixture is a normal number too
          tiny(Lanes<T>::kSmallestRegular / select(weight < rest, weight, rest)) {}
  };

  // One distribution's half: x against the mixture m = x + step.
  template <class T, bool kLog>
  FASTDIV_INLINE void against_mixture(Vec<T> x, Vec<T> m, Vec<T> step, Vec<T>* term, Vec<T>* log_xm) {
    const Vec<T> one = broadcast<T>(1);
    Mask<T> absent = x == 0;
    Vec<T> safe_x = select(absent, one, x);
    Ratio<T> r = divide_out<T>(m, safe_x, step);
    *term = select(absent, m, bregman<T>(r, m, safe_x));
    if (kLog) *log_xm = -log<T>(r);
  }

  // The same for any x = entry * scale.
  template <class T>
  FASTDIV_INLINE void against_mixture_any(Vec<T> entry, Vec<T> scale, Vec<T> m, Vec<T> step, Vec<T>* term,
                                          Vec<T>* log_xm) {
    Vec<T> x = entry * scale;
    against_mixture<T, true>(x, m, step, term, log_xm);
    Mask<T> faint = (x < Lanes<T>::kSmallestRegular) & (entry != 0);
    Vec<T> log_any = log_ratio_any<T>(entry, m) + log_ratio_any<T>(scale, broadcast<T>(1));
    Vec<T> any_term = fma(x, log_any, step);
    *log_xm = select(faint, log_any, *log_xm);
    *term = select(faint, select(any_term < 0, Vec<T>{}, any_term), *term);
  }

  template <class T, bool kNormalized, int kWanted>
  FASTDIV_INLINE Mask<T> apply(const Row<T>& row, const Vec<T>* x, Vec<T>* term, Vec<T>* gradient) {
    Vec<T> p = x[0] * row.scale_p, q = x[1] * row.scale_q;
    Vec<T> m = fma(row.weight, p, row.rest * q);
    Vec<T> log_pm = {}, log_qm = {};
    against_mixture<T, (kWanted & 1) != 0>(p, m, row.rest * (q - p), &term[0], &log_pm);
    against_mixture<T, (kWanted & 2) != 0>(q, m, row.weight * (p - q), &term[1], &log_qm);
    if (kWanted & 1) gradient[0] = select(x[0] == 0, no_slope<T>(), log_pm);
    if (kWanted & 2) gradient[1] = select(x[1] == 0, no_slope<T>(), log_qm);
    Mask<T> special = (~(p >= row.tiny) & (x[0] != 0)) | (~(q >= row.tiny) & (x[1] != 0));
    if (!kNormalized) special |= (p > Lanes<T>::kLargest / 8) | (q > Lanes<T>::kLargest / 8);
    return special;
  }

  template <class T, bool kNormalized, int kWanted>
  FASTDIV_INLINE void apply_special(const Row<T>& row, const Vec<T>* x, Vec<T>* term, Vec<T>* gradient) {
    // Two subnormal entries would lose their mixture to rounding, two very large ones could overflow.
    const Vec<T> one = broadcast<T>(1), up = broadcast<T>(0x1p64), down = broadcast<T>(0x1p-64);
    Vec<T> p = x[0] * row.scale_p, q = x[1] * row.scale_q;
    Mask<T> faint = (p < row.tiny) & (q < row.tiny);
    Mask<T> huge = (p > Lanes<T>::kLargest / 8) | (q > Lanes<T>::kLargest / 8);
    Vec<T> lift = select(faint, up, select(huge, down, one)), drop = select(faint, down, select(huge, up, one));
    Vec<T> v = x[0] * lift, w = x[1] * lift;
    p = v * row.scale_p;
    q = w * row.scale_q;
    Vec<T> m = fma(row.weight, p, row.rest * q);
    against_mixture_any<T>(v, row.scale_p, m, row.rest * (q - p), &term[0], &gradient[0]);
    against_mixture_any<T>(w, row.scale_q, m, row.weight * (p - q), &term[1], &gradient[1]);
    Mask<T> undefined = ~(p >= 0) | ~(q >= 0);
    term[0] = select(undefined, broadcast<T>(__builtin_nan("")), term[0] * drop);
    term[1] *= drop;
    gradient[0] = select(x[0] == 0, no_slope<T>(), gradient[0]);
    gradient[1] = select(x[1] == 0, no_slope<T>(), gradient[1]);
  }
};

typedef JsDivergence js_divergence_op;  // as list.hpp names it

}  // namespace
