// Arrays of random numbers, shared out by their place in the stream: no number depends on which thread draws it.
#include "dispatch.hpp"
#include "drivers/call.hpp"
#include "drivers/chunks.hpp"

namespace fastdiv {

template <class T>
void fill_random(Random distribution, const RandomNumbers& numbers, T* out, size_t n) {
  RandomKernel<T> kernel = random_kernels_of<T>(kernels())[distribution];
  if (n < kWorthThreads) return kernel(numbers, out, n);
  parallel_for((n + kElementsPerTask - 1) / kElementsPerTask, [&](size_t task) {
    size_t begin = task * kElementsPerTask, left = n - begin;
    RandomNumbers part = numbers;
    part.offset += begin;
    kernel(part, out + begin, left < kElementsPerTask ? left : kElementsPerTask);
  });
}

template void fill_random(Random, const RandomNumbers&, float*, size_t);
template void fill_random(Random, const RandomNumbers&, double*, size_t);

}  // namespace fastdiv
