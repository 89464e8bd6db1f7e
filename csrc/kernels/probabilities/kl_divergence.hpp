// KL(p | q) = sum p log(p / q), with p = v / V and q = w / W. With q scaled to the sum of p,
//   normalised: term = p log(p / q) - p + q >= 0, which sums to the same, cannot cancel over the row
//               and is 0 where p = q;   KL = sum of terms / V
//   plain:      term = p log(p / q)
// dKL/dv = (log(p / q) - KL) / V;   dKL/dw = (1 - p / q) / W;   plain: log(p / q) + 1 and -p / q
#pragma once
#include "kernels/probabilities/cross_entropy.hpp"

namespace {

// Entries whose quotient is this close to a power of two differ from it by rounding alone (1.5 ulp from scaling, and
// what the sums add): |s| < 2 epsilon. What they would add is less than the error bound; dropping it gives exactly 0
// for proportional inputs.
template <class T>
struct Noise;
template <>
struct Noise<double> {
  static constexpr double kSquare = 0x1p-102;
};
template <>
struct Noise<float> {
  static constexpr float kSquare = 0x1p-44f;
};

// b log(b / a) - b + a >= 0 from a / b = 2^k (1 + s) / (1 - s): writing 2 atanh(s) = 2 s + s^3 R, the terms
// in s combine to s (a' - b), so that nothing cancels where a is close to b.
template <class T>
FASTDIV_INLINE Vec<T> bregman(const Ratio<T>& r, Vec<T> a, Vec<T> b) {
  Vec<T> whole = fma(-b, r.k * Ln2<T>::kValue, a - r.scaled);  // 0 for k = 0
  Vec<T> s = select(r.z < Noise<T>::kSquare, Vec<T>{}, r.s);
  return fma(s, fma(-(b * r.z), r.tail, r.difference), whole);
}

struct KlDivergence {
  typedef KlDivergence Formula;
  static constexpr int kInputs = 2;
  static constexpr fastdiv::MeasureTraits kTraits = {2, 1, false, false, false, -1, {0, -1}, {-1, 0}};

  template <class T>
  struct Row {
    Vec<T> scale;
    explicit Row(const RowConstants<T>& row) : scale(broadcast(row.scale[1])) {}
  };

  template <class T, bool kNormalized, int kWanted>
  FASTDIV_INLINE Mask<T> apply(const Row<T>& row, const Vec<T>* x, Vec<T>* term, Vec<T>* gradient) {
    return compare<T, kNormalized, kWanted>(x[0], x[1], row.scale, term, gradient);
  }

  template <class T, bool kNormalized, int kWanted>
  FASTDIV_INLINE void apply_special(const Row<T>& row, const Vec<T>* x, Vec<T>* term, Vec<T>* gradient) {
    compare_any<T, kNormalized>(x[0], x[1], row.scale, term, gradient);
  }

  template <class T, bool kNormalized, int kWanted>
  FASTDIV_INLINE Mask<T> compare(Vec<T> p, Vec<T> entry, Vec<T> scale, Vec<T>* term, Vec<T>* gradient) {
    constexpr T kTiny = Lanes<T>::kSmallestRegular;
    const Vec<T> zero = {}, one = broadcast<T>(1);
    Vec<T> q = entry * scale;
    Mask<T> absent = p == 0;
    Vec<T> safe_p = select(absent, one, p);
    Ratio<T> r = divide_out<T>(q, safe_p);
    Vec<T> log_ratio_qp;
    if (!kNormalized || (kWanted & 1)) log_ratio_qp = log<T>(r);
    term[0] = kNormalized ? select(absent, q, bregman<T>(r, q, safe_p)) : select(absent, zero, -p * log_ratio_qp);
    if (kWanted & 1) gradient[0] = select(absent, no_slope<T>(), -log_ratio_qp);
    if (kWanted & 2) gradient[1] = gradient_by_reference<T, kNormalized>(p, entry, scale);
    Mask<T> special = ~(safe_p >= kTiny) | ~(q >= select(absent, zero, broadcast(kTiny)));
    if (!kNormalized) special |= (safe_p > Lanes<T>::kLargest / 8) | (q > Lanes<T>::kLargest / 8);
    return special;
  }

  // The same for any numbers; q = entry * scale may underflow while p / q does not overflow.
  template <class T, bool kNormalized>
  FASTDIV_INLINE void compare_any(Vec<T> p, Vec<T> entry, Vec<T> scale, Vec<T>* term, Vec<T>* gradient) {
    const Vec<T> zero = {};
    Vec<T> q = entry * scale;
    Mask<T> absent = p == 0;
    Vec<T> log_ratio_pq = log_ratio_any<T>(p, entry) - log_ratio_any<T>(scale, broadcast<T>(1));
    term[0] = select(absent & (q >= 0), zero, p * log_ratio_pq);
    if (kNormalized) {
      term[0] += q - p;
      term[0] = select(term[0] < 0, zero, term[0]);
    }
    gradient[0] = select(absent, no_slope<T>(), log_ratio_pq);
    gradient[1] = gradient_by_reference<T, kNormalized>(p, entry, scale);
  }
};

typedef KlDivergence kl_divergence_op;  // as list.hpp names it

}  // namespace
