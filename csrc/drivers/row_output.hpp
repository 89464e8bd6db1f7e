// One output of a row: chunks are written in place where it is contiguous, through scratch memory elsewhere.
#pragma once
#include "drivers/chunks.hpp"

namespace fastdiv {

template <class T>
class RowOutput {
 public:
  RowOutput() = default;
  RowOutput(T* data, ptrdiff_t stride, size_t n, int slot) : data_(data), stride_(stride), n_(n), slot_(slot) {}

  // Where to write a chunk; `commit` afterwards.
  T* memory(size_t chunk) const { return stride_ == 1 ? at(chunk) : scratch<T>(slot_); }

  void commit(size_t chunk) const {
    if (stride_ != 1) scatter(scratch<T>(slot_), chunk_size(n_, chunk), at(chunk), stride_);
  }

  // Memory with what was committed before.
  T* reload(size_t chunk) const {
    if (stride_ != 1) gather<T>(at(chunk), stride_, chunk_size(n_, chunk), scratch<T>(slot_));
    return memory(chunk);
  }

  T* begin() const { return data_; }
  ptrdiff_t stride() const { return stride_; }

 private:
  T* at(size_t chunk) const { return data_ + static_cast<ptrdiff_t>(chunk * kChunk) * stride_; }

  T* data_ = nullptr;
  ptrdiff_t stride_ = 1;
  size_t n_ = 0;
  int slot_ = 0;
};

}  // namespace fastdiv
