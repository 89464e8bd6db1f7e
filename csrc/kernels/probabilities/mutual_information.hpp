// I(X; Y) = KL(p(x, y) | p(x) p(y)): the joint driver spreads both marginals over the table.
// gradient by w: (log(p / (p_x p_y)) - I) / S;   plain: log(p / (p_x p_y)) - 1
#pragma once
#include "kernels/probabilities/kl_divergence.hpp"

namespace {

struct MutualInformation {
  static constexpr int kInputs = 3;  // the table, the columns' marginal, the rows' share of the sum
  static constexpr fastdiv::MeasureTraits kTraits = {1, 1, false, false, false, -1, {0, -1}, {1, 0}};

  template <class T>
  struct Row {
    explicit Row(const RowConstants<T>&) {}
  };

  template <class T, bool kNormalized, int kWanted>
  FASTDIV_INLINE Mask<T> apply(const Row<T>&, const Vec<T>* x, Vec<T>* term, Vec<T>* gradient) {
    return KlDivergence::compare<T, kNormalized, kWanted & 1>(x[0], x[1], x[2], term, gradient);
  }

  template <class T, bool kNormalized, int kWanted>
  FASTDIV_INLINE void apply_special(const Row<T>&, const Vec<T>* x, Vec<T>* term, Vec<T>* gradient) {
    KlDivergence::compare_any<T, kNormalized>(x[0], x[1], x[2], term, gradient);
  }
};

typedef MutualInformation mutual_information_op;  // as list.hpp names it

}  // namespace
