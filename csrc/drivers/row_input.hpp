// One input of a row: its chunks as contiguous memory, and its sum.
#pragma once
#include <cmath>

#include "drivers/event.hpp"

namespace fastdiv {

template <class T>
class RowInput {
 public:
  RowInput() = default;
  RowInput(const Kernels<T>& kernels, const T* data, ptrdiff_t stride, size_t n, int slot)
      : kernels_(&kernels), data_(data), stride_(stride), n_(n), chunks_(chunk_count(n)), slot_(slot) {}

  const Normalizer<T>& sum() const { return sum_; }

  const T* fetch(size_t chunk) {
    if (cached_ != nullptr) return cached_;
    const T* from = data_ + static_cast<ptrdiff_t>(chunk * kChunk) * stride_;
    const PowerOfTwo<T>& prescale = sum_.prescale;
    if (stride_ != 1 || !prescale.is_one()) {
      T* buffer = scratch<T>(slot_);
      size_t count = chunk_size(n_, chunk);
      gather(from, stride_, count, buffer);
      prescale.apply(*kernels_, buffer, count);
      from = buffer;
    }
    if (chunks_ == 1) cached_ = from;
    return from;
  }

  // Finds the sum; in two exact parts if `exactly`.
  template <class ForEach>
  void normalize(bool exactly, const ForEach& for_each) {
    std::vector<ChunkSum<T>> partial;
    ChunkSum<T> total = add_up(partial, for_each);
    if (!is_moderate<T>(total.sum)) {
      sum_.valid = total.sum >= 0 && total.largest > 0 && std::isfinite(total.largest);
      if (!sum_.valid) return;
      sum_.prescale = PowerOfTwo<T>::inverse_of(total.largest);
      cached_ = nullptr;
      total = add_up(partial, for_each);
    }
    sum_.high = total.sum;
    // Where one entry has most of the mass, log(sum / entry) needs the rest of it exactly.
    if (!exactly || 2 * static_cast<double>(total.largest) <= total.sum) return;
    double rest = sum_others(partial, total.largest), largest = total.largest;
    sum_.high = largest + rest;
    sum_.low = (largest - sum_.high) + rest;
  }

 private:
  template <class ForEach>
  ChunkSum<T> add_up(std::vector<ChunkSum<T>>& partial, const ForEach& for_each) {
    if (chunks_ == 1) return kernels_->sum(fetch(0), n_);
    partial.resize(chunks_);
    std::vector<double> sums(chunks_);
    for_each(chunks_, [&](size_t chunk) {
      partial[chunk] = kernels_->sum(fetch(chunk), chunk_size(n_, chunk));
      sums[chunk] = partial[chunk].sum;
    });
    ChunkSum<T> total{sum_pairwise(sums.data(), chunks_, 1), 0};
    for (const ChunkSum<T>& part : partial)
      if (part.largest > total.largest) total.largest = part.largest;
    return total;
  }

  double sum_others(const std::vector<ChunkSum<T>>& partial, T largest) {
    if (chunks_ == 1) return kernels_->sum_others(fetch(0), n_, largest);
    std::vector<double> rests(chunks_);
    for (size_t chunk = 0; chunk < chunks_; ++chunk)
      rests[chunk] = partial[chunk].largest == largest
                         ? kernels_->sum_others(fetch(chunk), chunk_size(n_, chunk), largest)
                         : partial[chunk].sum;
    return sum_pairwise(rests.data(), chunks_, 1);
  }

  const Kernels<T>* kernels_ = nullptr;
  const T* data_ = nullptr;
  ptrdiff_t stride_ = 1;
  size_t n_ = 0, chunks_ = 0;
  int slot_ = 0;
  Normalizer<T> sum_;
  const T* cached_ = nullptr;  // a row of one chunk is gathered once
};

}  // namespace fastdiv
