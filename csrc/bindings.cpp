// The Python module _native: a thin client of the C functions. Arrays arrive checked (same dtype, float32 or
// float64, for logits also float16 and bfloat16 as uint16, aligned, native byte order, one shape); here they become
// pointers and strides, and the GIL is let go.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <string>

#include "bindings_call.hpp"
#include "bindings_montecarlo.hpp"
#include "bindings_nn.hpp"
#include "capsules.hpp"
#include "fastdiv/fastdiv.h"
#include "kernels/list.hpp"
#include "ufunc.hpp"

namespace {

// An array's memory as the C functions take it; None becomes NULL.
template <class T>
struct Memory {
  T* data = nullptr;
  ptrdiff_t strides[FASTDIV_MAX_NDIM];

  explicit Memory(py::handle object) {
    if (object.is_none()) return;
    auto* proxy = py::detail::array_proxy(object.ptr());
    data = reinterpret_cast<T*>(proxy->data);
    for (int axis = 0; axis < proxy->nd; ++axis) strides[axis] = proxy->strides[axis] / py::ssize_t(sizeof(T));
  }
};

struct Shape {
  size_t ndim;
  size_t sizes[FASTDIV_MAX_NDIM];
  py::ssize_t elements = 1;

  explicit Shape(py::handle array) {
    auto* proxy = py::detail::array_proxy(array.ptr());
    ndim = static_cast<size_t>(proxy->nd);
    for (size_t axis = 0; axis < ndim; ++axis) {
      sizes[axis] = static_cast<size_t>(proxy->dimensions[axis]);
      elements *= proxy->dimensions[axis];
    }
  }
};

bool is_float32(const py::array& array) { return array.itemsize() == 4; }

fastdiv_options make_options(double base, bool normalize, double weight, int given) {
  return {sizeof(fastdiv_options), base, weight, normalize, given, 1};
}

fastdiv_options make_logits_options(double base, double weight, double temperature) {
  return {sizeof(fastdiv_options), base, weight, 1, -1, temperature};
}

// The four functions of a measure: two types, with and without gradients.
template <class F32, class F64, class G32, class G64>
struct Functions {
  F32 f32;
  F64 f64;
  G32 grad_f32;
  G64 grad_f64;
};

template <class T, class S = T, class F, class G>
void one_input(F value_only, G with_grad, const py::array& p, const fastdiv_options& options, const py::array& value,
               py::handle cotangent, py::handle grad_p) {
  Shape shape(p);
  Memory<const S> in(p);
  Memory<const T> upstream(cotangent);
  Memory<T> out(value);
  Memory<S> grad(grad_p);
  call(shape.elements, [&] {
    if (grad.data == nullptr)
      return value_only(shape.ndim, shape.sizes, in.data, in.strides, &options, out.data, out.strides);
    return with_grad(shape.ndim, shape.sizes, in.data, in.strides, &options, upstream.data, upstream.strides, out.data,
                     out.strides, grad.data, grad.strides);
  });
}

template <class T, class S = T, class F, class G>
void two_inputs(F value_only, G with_grad, const py::array& p, const py::array& q, const fastdiv_options& options,
                const py::array& value, py::handle cotangent, py::handle grad_p, py::handle grad_q) {
  Shape shape(p);
  Memory<const S> in_p(p), in_q(q);
  Memory<const T> upstream(cotangent);
  Memory<T> out(value);
  Memory<S> out_p(grad_p), out_q(grad_q);
  call(shape.elements, [&] {
    if (out_p.data == nullptr && out_q.data == nullptr)
      return value_only(shape.ndim, shape.sizes, in_p.data, in_p.strides, in_q.data, in_q.strides, &options, out.data,
                        out.strides);
    return with_grad(shape.ndim, shape.sizes, in_p.data, in_p.strides, in_q.data, in_q.strides, &options, upstream.data,
                     upstream.strides, out.data, out.strides, out_p.data, out_p.strides, out_q.data, out_q.strides);
  });
}

template <class F32, class F64, class G32, class G64>
void define_one_input(py::module_& m, const char* name, Functions<F32, F64, G32, G64> f) {
  m.def(
      name,
      [f](const py::array& p, const py::array& value, double base, bool normalize, int given,
          const py::object& cotangent, const py::object& grad_p) {
        fastdiv_options options = make_options(base, normalize, 0.5, given);
        if (is_float32(p))
          one_input<float>(f.f32, f.grad_f32, p, options, value, cotangent, grad_p);
        else
          one_input<double>(f.f64, f.grad_f64, p, options, value, cotangent, grad_p);
      },
      py::arg("p"), py::arg("value"), py::arg("base"), py::arg("normalize"), py::arg("given") = -1,
      py::arg("cotangent") = py::none(), py::arg("grad_p") = py::none());
}

template <class F32, class F64, class G32, class G64>
void define_two_inputs(py::module_& m, const char* name, Functions<F32, F64, G32, G64> f) {
  m.def(
      name,
      [f](const py::array& p, const py::array& q, const py::array& value, double base, bool normalize, double weight,
          const py::object& cotangent, const py::object& grad_p, const py::object& grad_q) {
        fastdiv_options options = make_options(base, normalize, weight, -1);
        if (is_float32(p))
          two_inputs<float>(f.f32, f.grad_f32, p, q, options, value, cotangent, grad_p, grad_q);
        else
          two_inputs<double>(f.f64, f.grad_f64, p, q, options, value, cotangent, grad_p, grad_q);
      },
      py::arg("p"), py::arg("q"), py::arg("value"), py::arg("base"), py::arg("normalize"), py::arg("weight") = 0.5,
      py::arg("cotangent") = py::none(), py::arg("grad_p") = py::none(), py::arg("grad_q") = py::none());
}

// float16 arrives as such, bfloat16 as uint16: NumPy has no name for it.
bool is_bfloat16(const py::array& array) { return array.dtype().kind() == 'u'; }

#define FASTDIV_LOGITS_FUNCTION(name)                                                                        \
  [](auto run, const py::array& x) {                                                                         \
    if (x.itemsize() == 4)                                                                                   \
      run(float(), float(), &fastdiv_logits_##name##_f32, &fastdiv_logits_##name##_value_and_grad_f32);      \
    else if (x.itemsize() == 8)                                                                              \
      run(double(), double(), &fastdiv_logits_##name##_f64, &fastdiv_logits_##name##_value_and_grad_f64);    \
    else if (is_bfloat16(x))                                                                                 \
      run(float(), uint16_t(), &fastdiv_logits_##name##_bf16, &fastdiv_logits_##name##_value_and_grad_bf16); \
    else                                                                                                     \
      run(float(), uint16_t(), &fastdiv_logits_##name##_f16, &fastdiv_logits_##name##_value_and_grad_f16);   \
  }

template <class Choose>
void define_logits_1(py::module_& m, const char* name, Choose choose) {
  m.def(
      name,
      [choose](const py::array& x, const py::array& value, double base, double temperature, const py::object& cotangent,
               const py::object& grad_x) {
        fastdiv_options options = make_logits_options(base, 0.5, temperature);
        choose(
            [&](auto computed, auto stored, auto value_only, auto with_grad) {
              one_input<decltype(computed), decltype(stored)>(value_only, with_grad, x, options, value, cotangent,
                                                              grad_x);
            },
            x);
      },
      py::arg("x"), py::arg("value"), py::arg("base"), py::arg("temperature"), py::arg("cotangent") = py::none(),
      py::arg("grad_x") = py::none());
}

template <class Choose>
void define_logits_2(py::module_& m, const char* name, Choose choose) {
  m.def(
      name,
      [choose](const py::array& x, const py::array& y, const py::array& value, double base, double temperature,
               double weight, const py::object& cotangent, const py::object& grad_x, const py::object& grad_y) {
        fastdiv_options options = make_logits_options(base, weight, temperature);
        choose(
            [&](auto computed, auto stored, auto value_only, auto with_grad) {
              two_inputs<decltype(computed), decltype(stored)>(value_only, with_grad, x, y, options, value, cotangent,
                                                               grad_x, grad_y);
            },
            x);
      },
      py::arg("x"), py::arg("y"), py::arg("value"), py::arg("base"), py::arg("temperature"), py::arg("weight") = 0.5,
      py::arg("cotangent") = py::none(), py::arg("grad_x") = py::none(), py::arg("grad_y") = py::none());
}

template <class T, class F>
void all_pairs(F function, const py::array& p, py::handle q, const fastdiv_options& options, const py::array& value) {
  Shape shape(p);
  bool own = q.is_none();
  size_t rows_q = own ? shape.sizes[0] : Shape(q).sizes[0];
  Memory<const T> in_p(p), in_q(q);
  Memory<T> out(value);
  call(value.size() * static_cast<py::ssize_t>(shape.sizes[1]), [&] {
    return function(shape.sizes[0], rows_q, shape.sizes[1], in_p.data, in_p.strides, in_q.data,
                    own ? nullptr : in_q.strides, &options, out.data);
  });
}

template <class F32, class F64>
void define_pairwise(py::module_& m, const char* name, F32 f32, F64 f64) {
  m.def(
      name,
      [f32, f64](const py::array& p, const py::object& q, const py::array& value, double base, bool normalize,
                 double weight) {
        fastdiv_options options = make_options(base, normalize, weight, -1);
        if (is_float32(p))
          all_pairs<float>(f32, p, q, options, value);
        else
          all_pairs<double>(f64, p, q, options, value);
      },
      py::arg("p"), py::arg("q"), py::arg("value"), py::arg("base"), py::arg("normalize"), py::arg("weight") = 0.5);
}

template <class F32, class F64>
void define_random(py::module_& m, const char* name, F32 f32, F64 f64) {
  m.def(
      name,
      [f32, f64](uint64_t seed, uint64_t offset, uint32_t stream, py::array out) {
        void* data = out.mutable_data();
        size_t n = static_cast<size_t>(out.size());
        call(out.size(), [&] {
          if (is_float32(out)) return f32(n, seed, offset, stream, static_cast<float*>(data));
          return f64(n, seed, offset, stream, static_cast<double*>(data));
        });
      },
      py::arg("seed"), py::arg("offset"), py::arg("stream"), py::arg("out"));
}

py::list available_isas() {
  py::list names;
  for (size_t k = 0; const char* name = fastdiv_available_isa(k); ++k) names.append(name);
  return names;
}

const char* isa() {
  const char* name = fastdiv_isa();
  if (name == nullptr) raise(FASTDIV_UNKNOWN_ISA);
  return name;
}

}  // namespace

PYBIND11_MODULE(_native, m, py::mod_gil_not_used()) {
  m.doc() = "fastdiv on the CPU: the kernels of libfastdiv, without checks. Use the functions of fastdiv.";
  m.attr("abi_version") = fastdiv_abi_version();
  m.attr("version") = fastdiv_version();
  m.attr("__pyx_capi__") = c_functions();
  m.def("isa", &isa);
  m.def("available_isas", &available_isas);
  m.def("set_isa", [](const std::string& name) {
    if (int status = fastdiv_set_isa(name.c_str())) raise(status);
  });
  m.def("get_num_threads", &fastdiv_get_num_threads);
  m.def("set_num_threads", [](int count) {
    if (int status = fastdiv_set_num_threads(count)) raise(status);
  });

#define FASTDIV_FUNCTIONS(name)                                                                              \
  Functions<decltype(&fastdiv_##name##_f32), decltype(&fastdiv_##name##_f64),                                \
            decltype(&fastdiv_##name##_value_and_grad_f32), decltype(&fastdiv_##name##_value_and_grad_f64)>{ \
      &fastdiv_##name##_f32, &fastdiv_##name##_f64, &fastdiv_##name##_value_and_grad_f32,                    \
      &fastdiv_##name##_value_and_grad_f64}
#define FASTDIV_DEFINE_ONE(name) define_one_input(m, #name, FASTDIV_FUNCTIONS(name));
#define FASTDIV_DEFINE_TWO(name) define_two_inputs(m, #name, FASTDIV_FUNCTIONS(name));
#define FASTDIV_DEFINE_PAIRWISE(name) \
  define_pairwise(m, "pairwise_" #name, &fastdiv_pairwise_##name##_f32, &fastdiv_pairwise_##name##_f64);
  FASTDIV_ROW_MEASURES_1(FASTDIV_DEFINE_ONE)
  FASTDIV_JOINT_MEASURES(FASTDIV_DEFINE_ONE)
  FASTDIV_DEFINE_ONE(self_information)
  FASTDIV_ROW_MEASURES_2(FASTDIV_DEFINE_TWO)
  FASTDIV_PAIRWISE_MEASURES(FASTDIV_DEFINE_PAIRWISE)
#define FASTDIV_DEFINE_LOGITS_1(name) define_logits_1(m, "logits_" #name, FASTDIV_LOGITS_FUNCTION(name));
#define FASTDIV_DEFINE_LOGITS_2(name) define_logits_2(m, "logits_" #name, FASTDIV_LOGITS_FUNCTION(name));
  FASTDIV_LOGITS_MEASURES_1(FASTDIV_DEFINE_LOGITS_1)
  FASTDIV_LOGITS_MEASURES_2(FASTDIV_DEFINE_LOGITS_2)
#define FASTDIV_DEFINE_RANDOM(name) \
  define_random(m, "random_" #name, &fastdiv_random_##name##_f32, &fastdiv_random_##name##_f64);
  FASTDIV_RANDOM(FASTDIV_DEFINE_RANDOM)
  montecarlo::define(m);
  nn::define(m);
  m.def("ufunc", &ufunc::by_name, py::arg("name"), py::arg("doc"));
}
