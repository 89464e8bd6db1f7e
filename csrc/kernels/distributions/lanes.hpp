// Sums over a block of samples. Rows lie `stride` apart and hold whole blocks of 256 bytes; a sum is kept in logical
// lanes of 64 bytes, so that every register width adds in the same order.
#pragma once
#include "simd/math.hpp"

namespace {

constexpr int kLaneBytes = 64;
template <class T>
constexpr int kSumLanes = kLaneBytes / static_cast<int>(sizeof(T));
// Vectors that are worked on together, as many as registers hold.
constexpr int kGroup = kWidth == 64 ? 4 : 2;
template <class T>
constexpr int kGroupLanes = kGroup * Lanes<T>::kCount;
// Rows and columns of a tile of outer products.
constexpr int kTile = 4;

template <class T>
struct Rows {
  int n;       // lanes in use
  int stride;  // from row to row
  FASTDIV_INLINE Vec<T> at(const T* row, int i) { return load(row + i); }
};

// lanes[k] += sum of a_k
template <class T>
void add_rows(const T* a, int rows, const Rows<T>& block, T* lanes) {
  constexpr int kCount = Lanes<T>::kCount, kStep = kSumLanes<T>;
  for (int k = 0; k < rows; ++k, a += block.stride, lanes += kStep)
    for (int part = 0; part < kStep; part += kCount) {
      Vec<T> sum = {};
      for (int i = part; i < block.n; i += kStep) sum += load(a + i);
      store(lanes + part, load(lanes + part) + sum);
    }
}

// lanes[k] += sum of a_k b_k
template <class T>
void add_products(const T* a, const T* b, int rows, const Rows<T>& block, T* lanes) {
  constexpr int kCount = Lanes<T>::kCount, kStep = kSumLanes<T>;
  for (int k = 0; k < rows; ++k, a += block.stride, b += block.stride, lanes += kStep)
    for (int part = 0; part < kStep; part += kCount) {
      Vec<T> sum = {};
      for (int i = part; i < block.n; i += kStep) sum = fma(load(a + i), load(b + i), sum);
      store(lanes + part, load(lanes + part) + sum);
    }
}

// A tile of the products below, kA by kB of them; on the diagonal the lower triangle.
template <class T, int kA, int kB, bool kOnDiagonal>
void add_tile(const T* a, const T* b, const Rows<T>& block, T* const* lanes) {
  constexpr int kCount = Lanes<T>::kCount, kStep = kSumLanes<T>;
  for (int part = 0; part < kStep; part += kCount) {
    Vec<T> sum[kA][kB] = {};
    for (int i = part; i < block.n; i += kStep) {
      Vec<T> x[kA], y[kB];
#pragma GCC unroll 4
      for (int k = 0; k < kA; ++k) x[k] = load(a + k * block.stride + i);
#pragma GCC unroll 4
      for (int l = 0; l < kB; ++l) y[l] = load(b + l * block.stride + i);
#pragma GCC unroll 4
      for (int k = 0; k < kA; ++k)
#pragma GCC unroll 4
        for (int l = 0; l < kB; ++l)
          if (!kOnDiagonal || l <= k) sum[k][l] = fma(x[k], y[l], sum[k][l]);
    }
#pragma GCC unroll 4
    for (int k = 0; k < kA; ++k)
#pragma GCC unroll 4
      for (int l = 0; l < kB; ++l)
        if (!kOnDiagonal || l <= k) {
          T* at = lanes[k] + l * kStep + part;
          store(at, load(at) + sum[k][l]);
        }
  }
}

template <class T, int kA>
FASTDIV_INLINE void add_row_of_tiles(const T* a, const T* b, int row, const Rows<T>& block, T* lanes) {
  T* at[kA];
  for (int column = 0; column <= row; column += kTile) {
    for (int k = 0; k < kA; ++k) at[k] = lanes + ((row + k) * (row + k + 1) / 2 + column) * kSumLanes<T>;
    const T* x = a + row * block.stride;
    const T* y = b + column * block.stride;
    if (column == row)
      add_tile<T, kA, kA, true>(x, y, block, at);
    else
      add_tile<T, kA, kTile, false>(x, y, block, at);
  }
}

// lanes[k (k + 1) / 2 + l] += sum of a_k b_l, l <= k
template <class T>
void add_outer_products(const T* a, const T* b, int rows, const Rows<T>& block, T* lanes) {
  int row = 0;
  for (; row + kTile <= rows; row += kTile) add_row_of_tiles<T, kTile>(a, b, row, block, lanes);
  if (rows - row == 1) add_row_of_tiles<T, 1>(a, b, row, block, lanes);
  if (rows - row == 2) add_row_of_tiles<T, 2>(a, b, row, block, lanes);
  if (rows - row == 3) add_row_of_tiles<T, 3>(a, b, row, block, lanes);
}

// The lanes' sum, halves first.
FASTDIV_INLINE double sum_of_lanes(const double* lanes) { return sum_lanes<kSumLanes<double>>(lanes); }
FASTDIV_INLINE double sum_of_lanes(const float* lanes) {
  alignas(64) double wide[kSumLanes<float>];
  for (int i = 0; i < kSumLanes<float>; i += Lanes<double>::kCount) store(wide + i, load_widened(lanes + i));
  return sum_lanes<kSumLanes<float>>(wide);
}

}  // namespace
