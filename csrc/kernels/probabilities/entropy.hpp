// H(p) = -sum p log p, with p = w / S:   term = -w log(w / S),   H = sum of terms / S
// dH/dw = (-log p - H) / S;   plain (S = 1): -log p - 1
#pragma once
#include "kernels/rows.hpp"

namespace {

struct Entropy {
  typedef Entropy Formula;
  static constexpr int kInputs = 1;
  static constexpr fastdiv::MeasureTraits kTraits = {1, 1, false, false, false, /*exact_sum=*/0, {0, -1}, {1, 0}};

  template <class T>
  struct Row {
    Vec<T> high, low;
    explicit Row(const RowConstants<T>& row) : high(broadcast(row.sum_high[0])), low(broadcast(row.sum_low[0])) {}
  };

  template <class T, bool kNormalized, int kWanted>
  FASTDIV_INLINE Mask<T> apply(const Row<T>& row, const Vec<T>* x, Vec<T>* term, Vec<T>* gradient) {
    Vec<T> w = x[0];
    Ratio<T> r;
    divide_out<T>(w, row.high, &r);
    r.difference = (r.scaled - row.high) - row.low;  // exact to the last bit where w is nearly S
    expand<T>(row.high, &r);
    Vec<T> log_p = log<T>(r);
    term[0] = -w * log_p;  // 0 at w = 0, where log_p is some finite number
    if (kWanted) gradient[0] = select(w == 0, no_slope<T>(), -log_p);
    Mask<T> special = ~(w >= Lanes<T>::kSmallestRegular) & (w != 0);
    if (!kNormalized) special |= w > Lanes<T>::kLargest / 8;
    return special;
  }

  template <class T, bool kNormalized, int kWanted>
  FASTDIV_INLINE void apply_special(const Row<T>& row, const Vec<T>* x, Vec<T>* term, Vec<T>* gradient) {
    Vec<T> log_p = log_ratio_any<T>(x[0], row.high);
    term[0] = -x[0] * log_p;
    gradient[0] = -log_p;
  }
};

typedef Entropy entropy_op;  // as list.hpp names it

}  // namespace
