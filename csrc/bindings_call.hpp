// How the Python module calls a C function: the GIL let go where that pays, statuses turned into exceptions.
#pragma once
#include <pybind11/pybind11.h>

#include <string>

#include "fastdiv/fastdiv.h"

namespace {

namespace py = pybind11;

// Below this many elements a call is over before another thread could use the lock.
constexpr py::ssize_t kWorthReleasing = 4096;

[[noreturn]] void raise(int status) {
  if (status == FASTDIV_OUT_OF_MEMORY) throw std::bad_alloc();
  if (status == FASTDIV_UNKNOWN_ISA) throw py::value_error(fastdiv_status_string(status));
  throw std::runtime_error(std::string("libfastdiv: ") + fastdiv_status_string(status));
}

template <class Body>
void call(py::ssize_t elements, const Body& body) {
  int status;
  if (elements < kWorthReleasing) {
    status = body();
  } else {
    py::gil_scoped_release unlocked;
    status = body();
  }
  if (status != FASTDIV_OK) raise(status);
}

}  // namespace
