// The batch axes of a call: neighbouring axes that all operands cross in one step are merged, so that most
// batches have one axis.
#pragma once
#include <algorithm>

#include "drivers/call.hpp"
#include "drivers/chunks.hpp"

namespace fastdiv {

enum Operand { kP, kQ, kCotangent, kValue, kGradP, kGradQ, kOperands };

class Batch {
 public:
  template <class AnyCall>
  explicit Batch(const AnyCall& call) {
    const ptrdiff_t* strides[kOperands] = {call.input[0].strides, call.input[1].strides,    call.cotangent.strides,
                                           call.value.strides,    call.gradient[0].strides, call.gradient[1].strides};
    for (size_t axis = 0; axis < call.batch_ndim; ++axis) append(call.shape[axis], axis, strides);
  }

  size_t count() const { return count_; }

  // Where the operands' events of this index start.
  void locate(size_t index, ptrdiff_t* offsets) const {
    for (int k = 0; k < kOperands; ++k) offsets[k] = 0;
    for (size_t axis = ndim_; axis-- > 0;) {
      size_t place = axis == 0 ? index : index % shape_[axis];
      if (axis != 0) index /= shape_[axis];
      for (int k = 0; k < kOperands; ++k) offsets[k] += static_cast<ptrdiff_t>(place) * strides_[k][axis];
    }
  }

 private:
  void append(size_t size, size_t axis, const ptrdiff_t* const* strides) {
    count_ *= size;
    if (size == 1) return;
    bool merges = ndim_ > 0;
    for (int k = 0; k < kOperands && merges; ++k)
      merges = strides_[k][ndim_ - 1] == strides[k][axis] * static_cast<ptrdiff_t>(size);
    if (!merges) shape_[ndim_++] = 1;
    shape_[ndim_ - 1] *= size;
    for (int k = 0; k < kOperands; ++k) strides_[k][ndim_ - 1] = strides[k][axis];
  }

  size_t count_ = 1;
  size_t ndim_ = 0;
  size_t shape_[kMaxNdim];
  ptrdiff_t strides_[kOperands][kMaxNdim];
};

// Runs make()'s reduction on every event; it is told where the next one lies. Threads share the events, or, where these
// are few and long, the chunks of one event after another. The result does not depend on which.
template <class AnyCall, class Make>
void for_each_event(const AnyCall& call, size_t event_size, const Make& make) {
  Batch batch(call);
  size_t events = batch.count(), cost = event_size + 16;
  auto run = [&](size_t begin, size_t end, const auto& for_each) {
    auto reduction = make();
    ptrdiff_t offsets[kOperands], next[kOperands];
    batch.locate(begin, next);
    for (size_t event = begin; event < end; ++event) {
      std::copy_n(next, static_cast<int>(kOperands), offsets);
      if (event + 1 < end) batch.locate(event + 1, next);
      reduction.run(offsets, next, for_each);
    }
  };
  if (events == 0) return;
  if (events <= kWorthThreads && events * cost < kWorthThreads) return run(0, events, Serially());
  if (event_size > kChunk && events < 4 * static_cast<size_t>(num_threads())) return run(0, events, InParallel());
  size_t per_task = kElementsPerTask / cost + 1;
  parallel_for((events + per_task - 1) / per_task, [&](size_t task) {
    size_t begin = task * per_task, end = begin + per_task;
    run(begin, end < events ? end : events, Serially());
  });
}

}  // namespace fastdiv
