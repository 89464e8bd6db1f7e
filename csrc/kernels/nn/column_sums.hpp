// Sums over the rows of a tile, column by column in double: each column adds its rows one after the other, in a lane of
// its own, whatever the register's width.
#pragma once
#include "kernels/nn/row_sums.hpp"

namespace {

using fastdiv::Tile;

FASTDIV_INLINE void add_wide(VecD* sum, VecD x) { sum[0] += x; }
FASTDIV_INLINE void add_wide(VecD* sum, VecF x) {
  VecD wide[2];
  split_wide(x, wide);
  sum[0] += wide[0];
  sum[1] += wide[1];
}

// Adds kRows rows, from element `at` on, to the sums. body(element, column, count) gives a vector, of `count` elements
// that there are.
template <class T, int kRows, class Body>
FASTDIV_INLINE void add_rows(const Body& body, size_t at, const Tile& tile, double* sums) {
  constexpr size_t kCount = Lanes<T>::kCount, kWide = Lanes<double>::kCount;
  constexpr int kParts = 8 / static_cast<int>(sizeof(T));
  VecD sum[kParts];
  size_t column = 0;
  for (; column + kCount <= tile.columns; column += kCount) {
    for (size_t p = 0; p < kParts; ++p) sum[p] = load(sums + column + p * kWide);
#pragma GCC unroll 4
    for (size_t row = 0; row < kRows; ++row) add_wide(sum, body(at + row * tile.stride + column, column, kCount));
    for (size_t p = 0; p < kParts; ++p) store(sums + column + p * kWide, sum[p]);
  }
  size_t left = tile.columns - column;
  if (left == 0) return;
  for (size_t p = 0; p < kParts; ++p) sum[p] = VecD{};
  __builtin_memcpy(sum, sums + column, left * sizeof(double));
  for (size_t row = 0; row < kRows; ++row) add_wide(sum, body(at + row * tile.stride + column, column, left));
  __builtin_memcpy(sums + column, sum, left * sizeof(double));
}

// Several rows at a time, so that sums are fetched less often, and few enough for the processor to see each one coming.
template <class T, class Body>
FASTDIV_INLINE void add_columns_of(const Body& body, const Tile& tile, double* sums) {
  constexpr size_t kRows = 4;
  __builtin_memset(sums, 0, tile.columns * sizeof(double));
  size_t row = 0;
  for (; row + kRows <= tile.rows; row += kRows) add_rows<T, kRows>(body, row * tile.stride, tile, sums);
  for (; row < tile.rows; ++row) add_rows<T, 1>(body, row * tile.stride, tile, sums);
}

template <class T>
void column_sums(const T* x, const Tile& tile, double* sums) {
  auto body = [=](size_t at, size_t, size_t count) __attribute__((always_inline)) {
    return count == Lanes<T>::kCount ? load(x + at) : load_some(x + at, count);
  };
  add_columns_of<T>(body, tile, sums);
}

}  // namespace
