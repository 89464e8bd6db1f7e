// Gaussian components, block by block of samples:
//
//   log N(x; m, L) = -|u|^2 / 2 - log det L - D/2 log 2 pi,   u = L^-1 (x - m);   D/2 log 2 pi is left out
//   d/dm = L^-T u,   d/dL = lower triangle of L^-T (u u^T - 1),   d/dx = -L^-T u
//
// Samples are x = m_k + y, y = L_k z: u comes from y and m_k - m, so means far from 0 cost no digits. Of gradients
// only the sums of w, w u and w u u^T are taken here; L^-T is multiplied once, in the end.
#pragma once
#include "kernels/distributions/lanes.hpp"
#include "kernels/samples_table.hpp"

namespace {

using fastdiv::MixtureConstants;

// Where u is too far away for its square, and what overflows on the way there: the density is 0, and u counts for
// nothing.
template <class T>
FASTDIV_INLINE void tame(T* u, int rows, int i, const Rows<T>& block, Vec<T>* square) {
  Mask<T> wild = ~(*square < __builtin_inf());
  if (__builtin_expect(!any(wild), 1)) return;
  *square = select(wild, broadcast<T>(__builtin_inf()), *square);
  for (int a = 0; a < rows; ++a) {
    T* at = u + a * block.stride + i;
    store(at, select(wild, Vec<T>{}, load(at)));
  }
}

// L is diagonal.
template <class T>
struct Diagonal {
  // y = L z
  static void spread(const T* scale, const T* z, int dimension, const Rows<T>& block, T* y) {
    for (int a = 0; a < dimension; ++a)
      for (int i = 0; i < block.n; i += Lanes<T>::kCount)
        store(y + a * block.stride + i, load(z + a * block.stride + i) * scale[a]);
  }

  // u = L^-1 (y + offset), and log density = log_scale - |u|^2 / 2
  static void density(const MixtureConstants<T>& m, int j, const T* offset, const T* y, int dimension,
                      const Rows<T>& block, T* u, T* log_density) {
    constexpr int kCount = Lanes<T>::kCount;
    const T* inverse = m.inverse + j * dimension;
    for (int i = 0; i < block.n; i += kGroupLanes<T>) {
      Vec<T> square[kGroup] = {};
      for (int a = 0; a < dimension; ++a) {
        Vec<T> factor = broadcast(inverse[a]), start = broadcast(offset[a]);
#pragma GCC unroll 4
        for (int v = 0; v < kGroup; ++v) {
          Vec<T> each = fma(load(y + a * block.stride + i + v * kCount), factor, start);
          store(u + a * block.stride + i + v * kCount, each);
          square[v] = fma(each, each, square[v]);
        }
      }
      for (int v = 0; v < kGroup; ++v) {
        tame<T>(u, dimension, i + v * kCount, block, &square[v]);
        store(log_density + i + v * kCount, fma(square[v], broadcast(T(-0.5)), broadcast(m.log_scale[j])));
      }
    }
  }

  // g += sign L^-T wu
  static void pull(const MixtureConstants<T>& m, int j, T sign, T* wu, int dimension, const Rows<T>& block, T* g) {
    const T* inverse = m.inverse + j * dimension;
    for (int a = 0; a < dimension; ++a)
      for (int i = 0; i < block.n; i += Lanes<T>::kCount) {
        int at = a * block.stride + i;
        store(g + at, fma(load(wu + at), broadcast(sign * inverse[a]), load(g + at)));
      }
  }

  // Sums of a b^T, as much of it as L has entries.
  static void add_outer(const T* a, const T* b, int dimension, const Rows<T>& block, T* lanes) {
    add_products(a, b, dimension, block, lanes);
  }
};

// L is lower triangular. Systems are solved in tiles of rows, each row divided by its diagonal element beforehand.
template <class T>
struct Triangular {
  static void spread(const T* scale, const T* z, int dimension, const Rows<T>& block, T* y) {
    constexpr int kCount = Lanes<T>::kCount;
    for (int i = 0; i < block.n; i += kGroupLanes<T>) {
      const T* row = scale;
      for (int a = 0; a < dimension; row += ++a) {
        Vec<T> sum[kGroup] = {};
        for (int b = 0; b <= a; ++b)
#pragma GCC unroll 4
          for (int v = 0; v < kGroup; ++v)
            sum[v] = fma(load(z + b * block.stride + i + v * kCount), broadcast(row[b]), sum[v]);
        for (int v = 0; v < kGroup; ++v) store(y + a * block.stride + i + v * kCount, sum[v]);
      }
    }
  }

  static void density(const MixtureConstants<T>& m, int j, const T* offset, const T* y, int dimension,
                      const Rows<T>& block, T* u, T* log_density) {
    constexpr int kCount = Lanes<T>::kCount;
    const T* rows = m.rows + j * (dimension * (dimension - 1) / 2);
    const T* inverse = m.inverse + j * dimension;
    for (int i = 0; i < block.n; i += kGroupLanes<T>) {
      Vec<T> square[kGroup] = {};
      int a = 0;
      for (; a + kTile <= dimension; a += kTile)
        forward<kTile>(rows, inverse, offset, a, y + i, block.stride, u + i, square);
      if (dimension - a == 1) forward<1>(rows, inverse, offset, a, y + i, block.stride, u + i, square);
      if (dimension - a == 2) forward<2>(rows, inverse, offset, a, y + i, block.stride, u + i, square);
      if (dimension - a == 3) forward<3>(rows, inverse, offset, a, y + i, block.stride, u + i, square);
      for (int v = 0; v < kGroup; ++v) {
        tame<T>(u, dimension, i + v * kCount, block, &square[v]);
        store(log_density + i + v * kCount, fma(square[v], broadcast(T(-0.5)), broadcast(m.log_scale[j])));
      }
    }
  }

  static void pull(const MixtureConstants<T>& m, int j, T sign, T* wu, int dimension, const Rows<T>& block, T* g) {
    const T* columns = m.columns + j * (dimension * (dimension - 1) / 2);
    const T* inverse = m.inverse + j * dimension;
    for (int i = 0; i < block.n; i += kGroupLanes<T>) {
      int end = dimension;
      for (; end >= kTile; end -= kTile)
        backward<kTile>(columns, inverse, end, dimension, sign, wu + i, block.stride, g + i);
      if (end == 1) backward<1>(columns, inverse, end, dimension, sign, wu + i, block.stride, g + i);
      if (end == 2) backward<2>(columns, inverse, end, dimension, sign, wu + i, block.stride, g + i);
      if (end == 3) backward<3>(columns, inverse, end, dimension, sign, wu + i, block.stride, g + i);
    }
  }

  static void add_outer(const T* a, const T* b, int dimension, const Rows<T>& block, T* lanes) {
    add_outer_products(a, b, dimension, block, lanes);
  }

 private:
  // Rows [a, a + kRows) of u = L^-1 (y + offset); `rows` are -L_ab / L_aa.
  template <int kRows>
  FASTDIV_INLINE void forward(const T* rows, const T* inverse, const T* offset, int a, const T* y, int stride, T* u,
                              Vec<T>* square) {
    constexpr int kCount = Lanes<T>::kCount;
    Vec<T> x[kRows][kGroup];
    const T* row[kRows];
#pragma GCC unroll 4
    for (int k = 0; k < kRows; ++k) {
      row[k] = rows + (a + k) * (a + k - 1) / 2;
#pragma GCC unroll 4
      for (int v = 0; v < kGroup; ++v)
        x[k][v] = fma(load(y + (a + k) * stride + v * kCount), broadcast(inverse[a + k]), broadcast(offset[a + k]));
    }
    for (int b = 0; b < a; ++b) {
      Vec<T> known[kGroup];
#pragma GCC unroll 4
      for (int v = 0; v < kGroup; ++v) known[v] = load(u + b * stride + v * kCount);
#pragma GCC unroll 4
      for (int k = 0; k < kRows; ++k)
#pragma GCC unroll 4
        for (int v = 0; v < kGroup; ++v) x[k][v] = fma(known[v], broadcast(row[k][b]), x[k][v]);
    }
#pragma GCC unroll 4
    for (int k = 0; k < kRows; ++k)
#pragma GCC unroll 4
      for (int v = 0; v < kGroup; ++v) {
#pragma GCC unroll 4
        for (int l = 0; l < k; ++l) x[k][v] = fma(x[l][v], broadcast(row[k][a + l]), x[k][v]);
        store(u + (a + k) * stride + v * kCount, x[k][v]);
        square[v] = fma(x[k][v], x[k][v], square[v]);
      }
  }

  // Rows [end - kRows, end) of L^-T wu, written over wu and added to g; `columns` are -L_ba / L_aa.
  template <int kRows>
  FASTDIV_INLINE void backward(const T* columns, const T* inverse, int end, int dimension, T sign, T* wu, int stride,
                               T* g) {
    constexpr int kCount = Lanes<T>::kCount;
    const int first = end - kRows;
    Vec<T> x[kRows][kGroup];
    const T* column[kRows];
#pragma GCC unroll 4
    for (int k = 0; k < kRows; ++k) {
      int a = first + k;
      column[k] = columns + a * (2 * dimension - a - 1) / 2 - (a + 1);
#pragma GCC unroll 4
      for (int v = 0; v < kGroup; ++v) x[k][v] = load(wu + a * stride + v * kCount) * broadcast(inverse[a]);
    }
    for (int b = dimension - 1; b >= end; --b) {
      Vec<T> known[kGroup];
#pragma GCC unroll 4
      for (int v = 0; v < kGroup; ++v) known[v] = load(wu + b * stride + v * kCount);
#pragma GCC unroll 4
      for (int k = 0; k < kRows; ++k)
#pragma GCC unroll 4
        for (int v = 0; v < kGroup; ++v) x[k][v] = fma(known[v], broadcast(column[k][b]), x[k][v]);
    }
#pragma GCC unroll 4
    for (int k = kRows - 1; k >= 0; --k)
#pragma GCC unroll 4
      for (int v = 0; v < kGroup; ++v) {
#pragma GCC unroll 4
        for (int l = kRows - 1; l > k; --l) x[k][v] = fma(x[l][v], broadcast(column[k][first + l]), x[k][v]);
        int at = (first + k) * stride + v * kCount;
        store(wu + at, x[k][v]);
        store(g + at, fma(x[k][v], broadcast(sign), load(g + at)));
      }
  }
};

// What a component adds to gradients. `weight` times `factor` are the samples' weights w (no weight: factor alone).
// `lanes` (or none) get the sums of w, w u and w u u^T, g (or none) sign L^-T w u; `work` has room for w u.
template <class T>
struct GradientOf {
  const MixtureConstants<T>& mixture;
  int component, dimension;
  T sign;
  const T *weight, *factor, *u;
  T *lanes, *g, *work;
};

template <class T, class Gaussian>
void add_gradient(const GradientOf<T>& c, const Rows<T>& block) {
  constexpr int kCount = Lanes<T>::kCount, kLanes = kSumLanes<T>;
  for (int i = 0; i < block.n; i += kCount) {
    Vec<T> w = load(c.factor + i);
    if (c.weight != nullptr) w = w * load(c.weight + i);
    for (int d = 0; d < c.dimension; ++d) store(c.work + d * block.stride + i, w * load(c.u + d * block.stride + i));
  }
  if (c.lanes != nullptr) {
    if (c.weight != nullptr)
      add_products(c.weight, c.factor, 1, block, c.lanes);
    else
      add_rows(c.factor, 1, block, c.lanes);
    add_rows(c.work, c.dimension, block, c.lanes + kLanes);
    Gaussian::add_outer(c.work, c.u, c.dimension, block, c.lanes + (1 + c.dimension) * kLanes);
  }
  if (c.g != nullptr) Gaussian::pull(c.mixture, c.component, c.sign, c.work, c.dimension, block, c.g);
}

// The same for few dimensions, in one pass.
template <class T, bool kTriangular, int kDimension, bool kLanes, bool kG>
void add_small_gradient(const GradientOf<T>& c, const Rows<T>& block) {
  constexpr int kCount = Lanes<T>::kCount, kStep = kSumLanes<T>, kPairs = kDimension * (kDimension - 1) / 2;
  constexpr int kSums = kTriangular ? 1 + kDimension + kPairs + kDimension : 1 + 2 * kDimension;
  Vec<T> inverse[kDimension], columns[kPairs + 1];
  for (int d = 0; d < kDimension; ++d) inverse[d] = broadcast(c.mixture.inverse[c.component * kDimension + d]);
  for (int d = 0; kTriangular && d < kPairs; ++d) columns[d] = broadcast(c.mixture.columns[c.component * kPairs + d]);
  for (int part = 0; part < kStep; part += kCount) {
    Vec<T> sums[kSums] = {};
    for (int i = part; i < block.n; i += kStep) {
      Vec<T> w = load(c.factor + i), u[kDimension], wu[kDimension];
      if (c.weight != nullptr) w = w * load(c.weight + i);
#pragma GCC unroll 3
      for (int d = 0; d < kDimension; ++d) {
        u[d] = load(c.u + d * block.stride + i);
        wu[d] = w * u[d];
      }
      if (kLanes) {
        sums[0] += w;
#pragma GCC unroll 3
        for (int d = 0; d < kDimension; ++d) sums[1 + d] += wu[d];
        int at = 1 + kDimension;
#pragma GCC unroll 3
        for (int a = 0; a < kDimension; ++a)
#pragma GCC unroll 3
          for (int b = kTriangular ? 0 : a; b <= a; ++b, ++at) sums[at] = fma(wu[a], u[b], sums[at]);
      }
      if (!kG) continue;
      int at = kPairs;
#pragma GCC unroll 3
      for (int a = kDimension - 1; a >= 0; --a) {
        Vec<T> x = wu[a] * inverse[a];
        at -= kDimension - 1 - a;
#pragma GCC unroll 3
        for (int b = a + 1; kTriangular && b < kDimension; ++b) x = fma(wu[b], columns[at + b - a - 1], x);
        wu[a] = x;
        T* g = c.g + a * block.stride + i;
        store(g, fma(x, broadcast(c.sign), load(g)));
      }
    }
    for (int k = 0; kLanes && k < kSums; ++k) {
      T* at = c.lanes + k * kStep + part;
      store(at, load(at) + sums[k]);
    }
  }
}

template <class T, bool kTriangular, int kDimension>
void add_small_gradient(const GradientOf<T>& c, const Rows<T>& block) {
  if (c.lanes != nullptr && c.g != nullptr)
    add_small_gradient<T, kTriangular, kDimension, true, true>(c, block);
  else if (c.lanes != nullptr)
    add_small_gradient<T, kTriangular, kDimension, true, false>(c, block);
  else
    add_small_gradient<T, kTriangular, kDimension, false, true>(c, block);
}

}  // namespace
