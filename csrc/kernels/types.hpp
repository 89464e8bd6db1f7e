// Types that arrays may be stored in, and the type that each is computed in.
#pragma once
#include <stdint.h>

namespace fastdiv {

// IEEE 754 binary16, and the upper half of a float.
struct Float16 {
  uint16_t bits;
};
struct BFloat16 {
  uint16_t bits;
};

template <class S>
struct ComputedIn {
  typedef float Type;
};
template <>
struct ComputedIn<double> {
  typedef double Type;
};

template <class S>
using Computed = typename ComputedIn<S>::Type;

}  // namespace fastdiv
