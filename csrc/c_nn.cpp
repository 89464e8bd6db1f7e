// The C functions of training: arguments are checked and handed to the driver.
#include <cmath>
#include <initializer_list>

#include "c_guard.hpp"
#include "drivers/nn.hpp"

namespace {

using fastdiv::Matrix;
using fastdiv::Noise;
using fastdiv::Rows;

Matrix checked_matrix(size_t rows, size_t columns) {
  checked_product(rows == 0 ? 1 : rows, columns == 0 ? 1 : columns);
  return {rows, columns};
}

void need(bool some, std::initializer_list<const void*> pointers) {
  for (const void* pointer : pointers)
    if (some && pointer == nullptr) refuse(FASTDIV_NULL_POINTER);
}

void allow(bool fits) {
  if (!fits) refuse(FASTDIV_INVALID_OPTION);
}

bool is_finite(double x) { return x - x == 0; }

Noise checked_noise(uint64_t seed, uint64_t offset, uint32_t stream, size_t n) {
  allow(n == 0 || offset <= UINT64_MAX - (n - 1));
  return {seed, offset, stream};
}

fastdiv::Activation checked_activation(int f) {
  allow(f >= 0 && f < fastdiv::kActivations);
  return static_cast<fastdiv::Activation>(f);
}

fastdiv::Corruption checked_corruption(int kind, double level) {
  allow(kind >= 0 && kind < fastdiv::kCorruptions);
  allow(level >= 0 && (kind == fastdiv::c_gaussian ? is_finite(level) : level <= 1));
  return static_cast<fastdiv::Corruption>(kind);
}

}  // namespace

extern "C" {

#define FASTDIV_TYPE float
#define FASTDIV_SUFFIX f32
#include "c_nn_functions.inc"
#undef FASTDIV_TYPE
#undef FASTDIV_SUFFIX

#define FASTDIV_TYPE double
#define FASTDIV_SUFFIX f64
#include "c_nn_functions.inc"
#undef FASTDIV_TYPE
#undef FASTDIV_SUFFIX

}  // extern "C"
