// Arrays of random numbers, shared out by their place in the stream: no number depends on which thread draws it.
#include "dispatch.hpp"
#include "drivers/call.hpp"
#include "drivers/chunks.hpp"

namespace fastdiv {

template <class T>
void fill_random(Random distribution, uint64_t seed, uint64_t offset, uint32_t stream, T* out, size_t n) {
  RandomKernel<T> kernel = random_kernels_of<T>(kernels())[distribution];
  auto fill = [&](size_t begin, size_t end) {
    uint64_t first = offset + begin;
    kernel({seed, first / kNumbersPerCounter<T>, 0, stream, first % kNumbersPerCounter<T>}, out + begin, end - begin);
  };
  if (n < kWorthThreads) return fill(0, n);
  parallel_for((n + kElementsPerTask - 1) / kElementsPerTask, [&](size_t task) {
    size_t begin = task * kElementsPerTask, end = begin + kElementsPerTask;
    fill(begin, end < n ? end : n);
  });
}

template void fill_random(Random, uint64_t, uint64_t, uint32_t, float*, size_t);
template void fill_random(Random, uint64_t, uint64_t, uint32_t, double*, size_t);

}  // namespace fastdiv
