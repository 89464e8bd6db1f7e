// The loops over a contiguous chunk of a row: body, tail, and sums in an order that depends neither
// on the register's width nor on the number of threads.
#pragma once
#include "kernels/table.hpp"
#include "simd/logistic.hpp"
#include "simd/normal_cdf.hpp"
#include "simd/storage.hpp"

namespace {

using fastdiv::ChunkSum;
using fastdiv::RowConstants;

// Sums lane by lane. A few blocks are added in T; then they move on, without loss, into the total:
// doubles for float, a double and what it rounded away for double.
constexpr int kBlocksPerFlush = 8;

template <class T>
struct Total;

template <>
struct Total<float> {
  static constexpr int kLanes = kLanesPerBlock<float>;
  alignas(64) double high[kLanes] = {};

  FASTDIV_INLINE void add(Total* t, const float* lanes) {
    for (int i = 0; i < kLanes; i += kWidth / 8) store(t->high + i, load(t->high + i) + load_widened(lanes + i));
  }
  double sum() const { return sum_lanes<kLanes>(high); }

  // What `add` to an empty total and `sum` give.
  FASTDIV_INLINE double sum_once(const float* lanes) {
    Total total;
    add(&total, lanes);
    return total.sum();
  }
};

template <>
struct Total<double> {
  static constexpr int kLanes = kLanesPerBlock<double>;
  alignas(64) double high[kLanes] = {};
  alignas(64) double low[kLanes] = {};

  FASTDIV_INLINE void add(Total* t, const double* lanes) {
    for (int i = 0; i < kLanes; i += kWidth / 8) {
      VecD a = load(t->high + i), b = load(lanes + i), s = a + b, part = s - a;
      store(t->high + i, s);
      store(t->low + i, load(t->low + i) + ((a - (s - part)) + (b - part)));
    }
  }
  double sum() const { return sum_lanes_exactly<kLanes>(high, sum_lanes<kLanes>(low)); }

  // Nothing is rounded away in a single addition to 0.
  FASTDIV_INLINE double sum_once(const double* lanes) { return sum_lanes_exactly<kLanes>(lanes, 0.0); }
};

// One vector: body(vectors of the inputs, terms, raw gradients).
template <class S, int kInputs, int kTerms, class Body, class T = Computed<S>>
FASTDIV_INLINE void add_vector(const S* const* inputs, size_t at, Vec<T> (*running)[kVectorsPerBlock], int v,
                               const Body& body, S* const* raw) {
  Vec<T> x[kInputs], term[kTerms + 1], gradient[2] = {};
  for (int k = 0; k < kInputs; ++k) x[k] = load(inputs[k] + at);
  body(x, term, gradient);
  for (int t = 0; t < kTerms; ++t) running[t][v] += term[t];
  for (int k = 0; k < 2; ++k)
    if (Body::kGradients & (1 << k)) store(raw[k] + at, gradient[k]);
}

// Adds the terms of elements [i, end) to the running sums. The last, partial vectors see `Body::kPadding` past the
// end, which every measure counts as nothing.
template <class S, int kInputs, int kTerms, class Body, class T = Computed<S>>
FASTDIV_INLINE void add_elements(const S* const* inputs, size_t i, size_t end, Vec<T> (*running)[kVectorsPerBlock],
                                 const Body& body, S* const* raw) {
  constexpr int kLanes = kLanesPerBlock<T>, kCount = Lanes<T>::kCount;
  for (; i + kLanes <= end; i += kLanes) {
    body.prefetch(inputs, i);
    if constexpr (Body::kStaged) {
      body.block(inputs, i, running, raw);
      continue;
    }
#pragma GCC unroll 8
    for (int v = 0; v < kVectorsPerBlock; ++v)
      add_vector<S, kInputs, kTerms>(inputs, i + v * kCount, running, v, body, raw);
  }
  size_t left = end - i;
  if (left == 0) return;
  alignas(64) S padded[kInputs][kLanes];
  alignas(64) S written[2][kLanes];
  const S* tail[kInputs];
  S* const tail_raw[2] = {written[0], written[1]};
  for (int k = 0; k < kInputs; ++k) {
    for (int v = 0; v < kVectorsPerBlock; ++v) store(padded[k] + v * kCount, broadcast<T>(Body::kPadding));
    __builtin_memcpy(padded[k], inputs[k] + i, left * sizeof(S));
    tail[k] = padded[k];
  }
#pragma GCC unroll 1
  for (int v = 0; v * kCount < static_cast<int>(left); ++v)
    add_vector<S, kInputs, kTerms>(tail, v * kCount, running, v, body, tail_raw);
  for (int k = 0; k < 2; ++k)
    if (Body::kGradients & (1 << k)) __builtin_memcpy(raw[k] + i, written[k], left * sizeof(S));
}

template <class S, int kInputs, int kTerms, class Body, class T = Computed<S>>
FASTDIV_INLINE void reduce(const S* const* inputs, size_t n, double* sums, const Body& body, S* const* raw) {
  constexpr size_t kFlush = kBlocksPerFlush * kLanesPerBlock<T>;
  Total<T> total[kTerms + 1];
  for (size_t i = 0; i < n; i += kFlush) {
    Vec<T> running[kTerms + 1][kVectorsPerBlock] = {};
    add_elements<S, kInputs, kTerms>(inputs, i, n - i < kFlush ? n : i + kFlush, running, body, raw);
    for (int t = 0; t < kTerms; ++t) {
      const T* lanes = reinterpret_cast<const T*>(running[t]);
      if (n <= kFlush)
        sums[t] += Total<T>::sum_once(lanes);
      else
        Total<T>::add(&total[t], lanes);
    }
  }
  for (int t = 0; t < kTerms; ++t)
    if (n > kFlush) sums[t] += total[t].sum();
}

// One block of the next row: up to four lines of the cache an input.
template <class S, int kInputs, int kLanes>
FASTDIV_INLINE void prefetch_block(const S* const* inputs, size_t at, const ptrdiff_t* ahead) {
  for (int k = 0; k < kInputs; ++k) {
    const char* block = reinterpret_cast<const char*>(inputs[k]) + (at + ahead[k]) * sizeof(S);
    for (size_t line = 0; line < kLanes * sizeof(S); line += 64) __builtin_prefetch(block + line, 0, 2);
  }
}

// Stands for the slope of an entry that is 0: its gradient is 0.
template <class T>
FASTDIV_INLINE Vec<T> no_slope() {
  return broadcast<T>(__builtin_nan(""));
}

// A measure bound to its row: what `reduce` calls for every vector. A measure's `apply` is right for
// regular numbers (and 0) and returns the lanes where something else stood; they are done again, out of
// line, by its `apply_special`. Both paths give a regular lane the same bits.
template <class T, class Op, bool kNormalized, int kWanted>
struct Bound {
  static constexpr int kGradients = kWanted;
  static constexpr T kPadding = 0;
  static constexpr bool kStaged = false;
  static constexpr int kTerms = Op::kTraits.terms;
  typename Op::template Row<T> row;
  ptrdiff_t ahead[Op::kInputs];

  __attribute__((always_inline)) void prefetch(const T* const* inputs, size_t at) const {
    prefetch_block<T, Op::kInputs, kLanesPerBlock<T>>(inputs, at, ahead);
  }

  __attribute__((always_inline)) void operator()(const Vec<T>* x, Vec<T>* term, Vec<T>* gradient) const {
    Mask<T> special = Op::template apply<T, kNormalized, kWanted>(row, x, term, gradient);
    if (__builtin_expect(any(special), 0)) {
      Vec<T> inputs[Op::kInputs], terms[kTerms], gradients[2];
      for (int k = 0; k < Op::kInputs; ++k) inputs[k] = x[k];
      call_special(row, inputs, terms, gradients);
      for (int t = 0; t < kTerms; ++t) term[t] = select(special, terms[t], term[t]);
      for (int k = 0; k < 2; ++k)
        if (kWanted & (1 << k)) gradient[k] = select(special, gradients[k], gradient[k]);
    }
  }

  __attribute__((noinline, cold)) static void call_special(const typename Op::template Row<T>& row, const Vec<T>* x,
                                                           Vec<T>* term, Vec<T>* gradient) {
    gradient[0] = gradient[1] = Vec<T>{};
    Op::template apply_special<T, kNormalized, kWanted>(row, x, term, gradient);
  }
};

template <class T, class Op, bool kNormalized, int kWanted>
void terms(const T* const* inputs, size_t n, const RowConstants<T>& row, double* sums, T* const* raw) {
  Bound<T, Op, kNormalized, kWanted> body{typename Op::template Row<T>(row), {}};
  for (int k = 0; k < Op::kInputs; ++k) body.ahead[k] = row.ahead[k];
  reduce<T, Op::kInputs, Op::kTraits.terms>(inputs, n, sums, body, raw);
}

template <class T>
FASTDIV_INLINE T largest_lane(Vec<T> x) {
  constexpr int kCount = Lanes<T>::kCount;
  T lanes[kCount];
  store(lanes, x);
#pragma GCC unroll 4
  for (int half = kCount / 2; half >= 1; half /= 2)
#pragma GCC unroll 8
    for (int i = 0; i < half; ++i) lanes[i] = lanes[i + half] > lanes[i] ? lanes[i + half] : lanes[i];
  return lanes[0];
}

// Blocks that are added pair by pair in T before they move on to the total: pairs of equal numbers add
// exactly, and other roundings average out over the row.
template <class T, int kBlocks>
FASTDIV_INLINE Vec<T> add_pairwise(const T* p, Vec<T>* largest) {
  if constexpr (kBlocks == 1) {
    Vec<T> x = load(p);
    *largest = select(x > *largest, x, *largest);
    return x;
  } else {
    constexpr int kHalf = kBlocks / 2;
    return add_pairwise<T, kHalf>(p, largest) + add_pairwise<T, kHalf>(p + kHalf * kLanesPerBlock<T>, largest);
  }
}

template <class T, int kBlocks>
FASTDIV_INLINE void add_blocks(const T* p, Total<T>* total, Vec<T>* largest) {
  constexpr int kCount = Lanes<T>::kCount;
  Vec<T> sums[kVectorsPerBlock];
#pragma GCC unroll 8
  for (int v = 0; v < kVectorsPerBlock; ++v) sums[v] = add_pairwise<T, kBlocks>(p + v * kCount, &largest[v]);
  Total<T>::add(total, reinterpret_cast<const T*>(sums));
}

// `sum` of at most one block.
template <class T>
ChunkSum<T> sum_block(const T* x, size_t n) {
  constexpr int kLanes = kLanesPerBlock<T>, kCount = Lanes<T>::kCount;
  alignas(64) T padded[kLanes];
  if (n < kLanes) {
    for (int k = 0; k < kLanes; ++k) padded[k] = 0;
    __builtin_memcpy(padded, x, n * sizeof(T));
    x = padded;
  }
  Vec<T> largest = {};
#pragma GCC unroll 8
  for (int v = 0; v < kVectorsPerBlock; ++v) {
    Vec<T> each = load(x + v * kCount);
    largest = select(each > largest, each, largest);
  }
  return {Total<T>::sum_once(x), largest_lane<T>(largest)};
}

// Sum and largest entry; NaN shows in the sum.
template <class T>
ChunkSum<T> sum(const T* x, size_t n) {
  constexpr int kLanes = kLanesPerBlock<T>, kGroup = sizeof(T) == 4 ? 4 : 8;
  if (n <= kLanes) return sum_block(x, n);
  Total<T> total;
  Vec<T> largest[kVectorsPerBlock];
  for (int v = 0; v < kVectorsPerBlock; ++v) largest[v] = Vec<T>{};
  size_t i = 0;
  for (; i + kGroup * kLanes <= n; i += kGroup * kLanes) add_blocks<T, kGroup>(x + i, &total, largest);
  for (; i + kLanes <= n; i += kLanes) add_blocks<T, 1>(x + i, &total, largest);
  if (i < n) {
    alignas(64) T padded[kLanes] = {};
    __builtin_memcpy(padded, x + i, (n - i) * sizeof(T));
    add_blocks<T, 1>(padded, &total, largest);
  }
  for (int v = 1; v < kVectorsPerBlock; ++v) largest[0] = select(largest[v] > largest[0], largest[v], largest[0]);
  return {total.sum(), largest_lane<T>(largest[0])};
}

// The sum of the entries that differ from `left_out`, in double.
template <class T>
struct Others {
  static constexpr int kGradients = 0;
  static constexpr double kPadding = 0;
  static constexpr bool kStaged = false;
  __attribute__((always_inline)) void prefetch(const double* const*, size_t) const {}
  VecD left_out;
  __attribute__((always_inline)) void operator()(const VecD* x, VecD* term, VecD*) const {
    term[0] = select(x[0] == left_out, VecD{}, x[0]);
  }
};

template <class T>
double sum_others(const T* x, size_t n, T left_out) {
  constexpr size_t kPiece = 256;
  double total = 0, lost = 0, piece[kPiece];
  for (size_t i = 0; i < n; i += kPiece) {
    size_t count = n - i < kPiece ? n - i : kPiece;
    for (size_t k = 0; k < count; ++k) piece[k] = x[i + k];
    const double* inputs[1] = {piece};
    double part = 0;
    reduce<double, 1, 1>(inputs, count, &part, Others<T>{broadcast<double>(left_out)}, nullptr);
    double next = total + part, moved = next - total;
    lost += (total - (next - moved)) + (part - moved);
    total = next;
  }
  return total + lost;
}

// Calls body(vectors of the inputs) -> vector for every vector, and writes the results.
template <class T, int kInputs, class Body>
FASTDIV_INLINE void map(const T* const* inputs, T* out, size_t n, Body body) {
  constexpr int kCount = Lanes<T>::kCount;
  size_t i = 0;
  Vec<T> x[kInputs];
  for (; i + kCount <= n; i += kCount) {
    for (int k = 0; k < kInputs; ++k) x[k] = load(inputs[k] + i);
    store(out + i, body(x));
  }
  if (i < n) {
    alignas(64) T padded[kInputs][kCount];
    for (int k = 0; k < kInputs; ++k) {
      for (int lane = 0; lane < kCount; ++lane) padded[k][lane] = 1;
      __builtin_memcpy(padded[k], inputs[k] + i, (n - i) * sizeof(T));
      x[k] = load(padded[k]);
    }
    alignas(64) T written[kCount];
    store(written, body(x));
    __builtin_memcpy(out + i, written, (n - i) * sizeof(T));
  }
}

template <class T>
void center(const T* raw, T* out, size_t n, T center, T factor) {
  const Vec<T> infinity = broadcast<T>(__builtin_inf());
  const T* inputs[1] = {raw};
  map<T, 1>(inputs, out, n, [=](const Vec<T>* x) __attribute__((always_inline)) {
    Vec<T> difference = select(x[0] == infinity, x[0], x[0] - center);
    return select(x[0] == x[0], difference * factor, Vec<T>{});
  });
}

template <class T>
void add_columns(const T* row, T* high, T* low, size_t n) {
  constexpr int kCount = Lanes<T>::kCount;
  size_t i = 0;
  for (; i + kCount <= n; i += kCount) {
    Vec<T> a = load(high + i), b = load(row + i), s = a + b, part = s - a;
    store(high + i, s);
    store(low + i, load(low + i) + ((a - (s - part)) + (b - part)));
  }
  for (; i < n; ++i) {
    T a = high[i], b = row[i], s = a + b, part = s - a;
    high[i] = s;
    low[i] += (a - (s - part)) + (b - part);
  }
}

template <class T>
void multiply(const T* x, T* out, size_t n, T factor) {
  const T* inputs[1] = {x};
  map<T, 1>(inputs, out, n, [=](const Vec<T>* v) __attribute__((always_inline)) { return v[0] * factor; });
}

template <class T>
void elementary(int function, const T* x, T* out, size_t n) {
  const T* inputs[1] = {x};
  if (function == 0) map<T, 1>(inputs, out, n, [](const Vec<T>* v) { return log<T>(v[0]); });
  if (function == 1) map<T, 1>(inputs, out, n, [](const Vec<T>* v) { return log1p<T>(v[0]); });
  if (function == 2) map<T, 1>(inputs, out, n, [](const Vec<T>* v) { return exp<T>(v[0]); });
  if (function == 3) map<T, 1>(inputs, out, n, [](const Vec<T>* v) { return expm1<T>(v[0]); });
  if (function == 4) map<T, 1>(inputs, out, n, [](const Vec<T>* v) { return tanh<T>(v[0]); });
  if (function == 5) map<T, 1>(inputs, out, n, [](const Vec<T>* v) { return logistic<T>(v[0]); });
  if (function == 6) map<T, 1>(inputs, out, n, [](const Vec<T>* v) { return softplus<T>(v[0]); });
  if (function == 7) map<T, 1>(inputs, out, n, [](const Vec<T>* v) { return normal_cdf<T>(v[0]); });
}

}  // namespace
