// NumPy ufuncs of the elementwise C functions: out, where, broadcasting, casts and __array_ufunc__ are NumPy's own.
#pragma once
#include <pybind11/numpy.h>

#include <cfenv>
#include <string>

#include "fastdiv/fastdiv.h"
#include "kernels/list.hpp"

namespace ufunc {

namespace py = pybind11;

typedef void (*Loop)(char** operands, const py::ssize_t* sizes, const py::ssize_t* steps, void* function);

// How NumPy calls a C function of kInputs arrays for each innermost axis, without the GIL.
template <class T, int kInputs>
void loop(char** operands, const py::ssize_t* sizes, const py::ssize_t* steps, void* function) {
  typedef const size_t* Shape;
  typedef const ptrdiff_t* Strides;
  size_t shape[1] = {static_cast<size_t>(sizes[0])};
  ptrdiff_t strides[3];
  T* data[3];
  for (int k = 0; k <= kInputs; ++k) {
    strides[k] = steps[k] / static_cast<ptrdiff_t>(sizeof(T));
    data[k] = reinterpret_cast<T*>(operands[k]);
  }
  int status;
  if constexpr (kInputs == 1) {
    typedef int (*Function)(size_t, Shape, const T*, Strides, T*, Strides);
    status = reinterpret_cast<Function>(function)(1, shape, data[0], strides, data[1], strides + 1);
  } else {
    typedef int (*Function)(size_t, Shape, const T*, Strides, const T*, Strides, T*, Strides);
    status =
        reinterpret_cast<Function>(function)(1, shape, data[0], strides, data[1], strides + 1, data[2], strides + 2);
  }
  std::feclearexcept(FE_ALL_EXCEPT);  // of lanes that were discarded: values never warn
  if (status == FASTDIV_OK) return;
  py::gil_scoped_acquire locked;
  PyErr_SetString(PyExc_RuntimeError, fastdiv_status_string(status));
}

// What NumPy refers to for as long as the ufunc lives, which is until the process ends.
struct Definition {
  Loop loops[2];
  void* functions[2];
  std::string types, name, doc;
};

template <int kInputs, class F32, class F64>
py::object make(const char* name, const std::string& doc, F32 f32, F64 f64) {
  constexpr char kFloat = 11, kDouble = 12;  // NPY_FLOAT and NPY_DOUBLE
  auto* d = new Definition{{loop<float, kInputs>, loop<double, kInputs>},
                           {reinterpret_cast<void*>(f32), reinterpret_cast<void*>(f64)},
                           std::string(kInputs + 1, kFloat) + std::string(kInputs + 1, kDouble),
                           name,
                           doc};
  // PyUFunc_FromFuncAndData, whose place NumPy's ABI fixes: its headers are not needed to build.
  typedef PyObject* (*FromFuncAndData)(Loop*, void* const*, const char*, int types, int inputs, int outputs,
                                       int identity, const char* name, const char* doc, int unused);
  py::capsule table = py::detail::import_numpy_core_submodule("_multiarray_umath").attr("_UFUNC_API");
  auto create = reinterpret_cast<FromFuncAndData>(table.get_pointer<void*>()[1]);
  constexpr int kNoIdentity = -1;
  PyObject* result =
      create(d->loops, d->functions, d->types.data(), 2, kInputs, 1, kNoIdentity, d->name.c_str(), d->doc.c_str(), 0);
  if (result == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(result);
}

inline py::object by_name(const std::string& name, const std::string& doc) {
#define FASTDIV_MAKE_ONE(f) \
  if (name == #f) return make<1>(#f, doc, &fastdiv_##f##_f32, &fastdiv_##f##_f64);
#define FASTDIV_MAKE_TWO(f) \
  if (name == #f) return make<2>(#f, doc, &fastdiv_##f##_f32, &fastdiv_##f##_f64);
  FASTDIV_ELEMENTWISE_1(FASTDIV_MAKE_ONE)
  FASTDIV_ELEMENTWISE_2(FASTDIV_MAKE_TWO)
#undef FASTDIV_MAKE_ONE
#undef FASTDIV_MAKE_TWO
  throw py::value_error("no elementwise function " + name);
}

}  // namespace ufunc
