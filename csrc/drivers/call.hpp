// One call of a measure, as the C functions hand it to the drivers: checked, strides filled in.
#pragma once
#include <stddef.h>

#include "kernels/table.hpp"

namespace fastdiv {

constexpr size_t kMaxNdim = 64;

struct Options {
  double unit = 1;  // of the result in nats: 1 / log(base)
  double weight = 0.5;
  double temperature = 1;
  bool normalize = true;
  int given = -1;
};

template <class T>
struct Array {
  T* data = nullptr;
  ptrdiff_t strides[kMaxNdim];  // in elements; as many as the array has axes
};

// Values and cotangents are of type T; inputs and gradients are stored as S.
template <class T, class S = T>
struct Call {
  int measure = kMeasures;  // of the kernels' list that the driver uses
  size_t batch_ndim = 0;
  size_t shape[kMaxNdim];  // batch axes, then the event's
  // Arrays that are absent have data = nullptr: no second input, a cotangent of ones, a gradient not wanted.
  Array<const S> input[2];
  Array<const T> cotangent;
  Array<T> value;
  Array<S> gradient[2];
  Options options;
};

template <class T>
void reduce_rows(const Call<T>& call);
template <class T>
void reduce_tables(const Call<T>& call);
template <class S>
void reduce_logits(const Call<Computed<S>, S>& call);
template <class T>
void map_self_information(const Call<T>& call);
template <class T>
void map_elementwise(Elementwise function, const Call<T>& call);  // the options have no meaning

template <class T>
void fill_random(Random distribution, uint64_t seed, uint64_t offset, uint32_t stream, T* out, size_t n);

// value[i, j] of all pairs of rows; q.data == nullptr: the pairs i < j of p.
template <class T>
struct PairwiseCall {
  Measure measure;
  size_t rows_p, rows_q, n;
  Array<const T> p, q;
  T* value;
  Options options;
};
template <class T>
void reduce_pairs(const PairwiseCall<T>& call);

}  // namespace fastdiv
