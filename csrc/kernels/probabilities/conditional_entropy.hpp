// H(X | Y) = -sum p(x, y) log(p(x, y) / p(y)):   term = -w log(w / c), c the marginal's weight (in two parts)
// gradient by w: (log(c / w) - H) / S;   plain: log(c / w)
#pragma once
#include "kernels/rows.hpp"

namespace {

struct ConditionalEntropy {
  static constexpr int kInputs = 3;  // the table, its marginal spread over the table, the marginal's low part
  static constexpr fastdiv::MeasureTraits kTraits = {1, 1, false, false, false, -1, {0, -1}, {0, 0}};

  template <class T>
  struct Row {
    explicit Row(const RowConstants<T>&) {}
  };

  template <class T, bool kNormalized, int kWanted>
  FASTDIV_INLINE Mask<T> apply(const Row<T>&, const Vec<T>* x, Vec<T>* term, Vec<T>* gradient) {
    Vec<T> w = x[0], marginal = select(w == 0, broadcast<T>(1), x[1]);
    Ratio<T> r;
    divide_out<T>(w, marginal, &r);
    r.difference = (r.scaled - marginal) - x[2];
    expand<T>(marginal, &r);
    Vec<T> log_conditional = log<T>(r);
    term[0] = -w * log_conditional;
    if (kWanted) gradient[0] = select(w == 0, no_slope<T>(), -log_conditional);
    Mask<T> special = ~(w >= Lanes<T>::kSmallestRegular) & (w != 0);
    if (!kNormalized) special |= marginal > Lanes<T>::kLargest / 8;
    return special;
  }

  template <class T, bool kNormalized, int kWanted>
  FASTDIV_INLINE void apply_special(const Row<T>&, const Vec<T>* x, Vec<T>* term, Vec<T>* gradient) {
    Vec<T> log_conditional = log_ratio_any<T>(x[0], x[1]);
    term[0] = -x[0] * log_conditional;
    gradient[0] = -log_conditional;
  }
};

typedef ConditionalEntropy conditional_entropy_op;  // as list.hpp names it

}  // namespace
