// JS(p, q) = w E_p F_p(d) + v E_q F_q(d),   d = log p(x) - log q(x),   m = w p + v q,   v = 1 - w
//
//   F_p(d) = log p/m = -log(w + v exp(-d)),   F_p'(d) =  v q/m
//   F_q(d) = log q/m = -log(w exp(d) + v),    F_q'(d) = -w p/m
//
// The larger of p and q is divided out, so nothing overflows: with t = exp(-|d|), m/larger is 1 + (t - 1) times the
// smaller one's share, known better than its sum where that is near 1: near d = 0 no digits cancel.
#pragma once
#include "kernels/distributions/exponential.hpp"

namespace {

template <bool kOfP>
struct js_divergence_of {
  template <class T>
  FASTDIV_INLINE Vec<T> apply(Vec<T> d, T weight_p, T weight_q, Vec<T>* slope) {
    const Vec<T> w = broadcast(weight_p), v = broadcast(weight_q), one = broadcast<T>(1);
    Mask<T> p_larger = d >= 0, own_larger = kOfP ? p_larger : ~p_larger;
    Vec<T> distance = absolute<T>(d), change, t = exp_of_negative<T>(-distance, &change);
    Vec<T> smaller_share = select(p_larger, v, w);
    Vec<T> whole = fma(smaller_share, t, select(p_larger, w, v));  // m / larger
    Vec<T> log_whole = log<T>(divide_out<T>(whole, one, smaller_share * change));
    Vec<T> other = select(own_larger, t, one) / whole;  // the other one / m
    *slope = kOfP ? v * other : -w * other;
    return select(own_larger, Vec<T>{}, -distance) - log_whole;
  }
};

struct js_divergence_estimator {
  typedef js_divergence_of<true> OfP;
  typedef js_divergence_of<false> OfQ;
};

}  // namespace
