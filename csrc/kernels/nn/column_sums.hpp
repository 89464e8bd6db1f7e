// Sums over the rows of a tile, column by column in double: each column adds its rows in their order, in a lane of its
// own, whatever the register's width.
#pragma once
#include "kernels/nn/map.hpp"

namespace {

using fastdiv::Tile;

template <class T>
FASTDIV_INLINE Vec<T> load_some(const T* p, size_t count) {
  Vec<T> x = {};
  __builtin_memcpy(&x, p, count * sizeof(T));
  return x;
}

FASTDIV_INLINE void add_wide(VecD* sum, VecD x) { sum[0] += x; }
FASTDIV_INLINE void add_wide(VecD* sum, VecF x) {
  constexpr int kHalf = Lanes<double>::kCount;
  alignas(64) float lanes[2 * kHalf];
  store(lanes, x);
  sum[0] += load_widened(lanes);
  sum[1] += load_widened(lanes + kHalf);
}

// Columns [column, column + kVectors vectors).
template <class T, int kVectors, class Body>
FASTDIV_INLINE void add_stripe(const Body& body, const Tile& tile, size_t column, double* sums) {
  constexpr int kCount = Lanes<T>::kCount, kParts = 8 / static_cast<int>(sizeof(T));
  VecD sum[kVectors][kParts] = {};
  for (size_t row = 0; row < tile.rows; ++row) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      size_t at = column + static_cast<size_t>(v * kCount);
      add_wide(sum[v], body(row * tile.stride + at, at));
    }
  }
  for (int v = 0; v < kVectors; ++v)
    for (int p = 0; p < kParts; ++p)
      store(sums + column + static_cast<size_t>(v * kCount + p * Lanes<double>::kCount), sum[v][p]);
}

// body(element, column) is a whole vector, body.some(element, column, count) its first lanes.
template <class T, class Body>
FASTDIV_INLINE void add_columns_of(const Body& body, const Tile& tile, double* sums) {
  constexpr size_t kCount = Lanes<T>::kCount, kParts = 8 / sizeof(T), kVectors = 4;
  size_t column = 0;
  for (; column + kVectors * kCount <= tile.columns; column += kVectors * kCount)
    add_stripe<T, kVectors>(body, tile, column, sums);
  for (; column + kCount <= tile.columns; column += kCount) add_stripe<T, 1>(body, tile, column, sums);
  size_t left = tile.columns - column;
  if (left == 0) return;
  VecD sum[kParts] = {};
  for (size_t row = 0; row < tile.rows; ++row) add_wide(sum, body.some(row * tile.stride + column, column, left));
  __builtin_memcpy(sums + column, sum, left * sizeof(double));
}

template <class T>
struct PlainColumns {
  const T* x;
  __attribute__((always_inline)) Vec<T> operator()(size_t at, size_t) const { return load(x + at); }
  __attribute__((always_inline)) Vec<T> some(size_t at, size_t, size_t count) const { return load_some(x + at, count); }
};

template <class T>
void column_sums(const T* x, const Tile& tile, double* sums) {
  add_columns_of<T>(PlainColumns<T>{x}, tile, sums);
}

}  // namespace
