// The wall between C++ and C: exceptions become status codes.
#pragma once
#include <cstddef>
#include <cstdint>
#include <new>

#include "dispatch.hpp"
#include "fastdiv/fastdiv.h"

namespace {

struct Refusal {
  int status;
};

[[noreturn]] void refuse(int status) { throw Refusal{status}; }

template <class Body>
int guarded(const Body& body) noexcept {
  try {
    body();
    return FASTDIV_OK;
  } catch (const Refusal& refusal) {
    return refusal.status;
  } catch (const fastdiv::UnknownIsa&) {
    return FASTDIV_UNKNOWN_ISA;
  } catch (const std::bad_alloc&) {
    return FASTDIV_OUT_OF_MEMORY;
  } catch (...) {
    return FASTDIV_INTERNAL_ERROR;
  }
}

// The number of elements, which must leave room for byte offsets.
size_t checked_product(size_t a, size_t b) {
  size_t product;
  if (__builtin_mul_overflow(a, b, &product) || product > PTRDIFF_MAX / sizeof(double)) refuse(FASTDIV_INVALID_SHAPE);
  return product;
}

}  // namespace
