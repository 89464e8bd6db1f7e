// Training in the Python module: arrays arrive checked, of one type; matrices are C-contiguous but for those of
// gaussian_kl_draw, whose rows may lie apart.
#pragma once
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include "bindings_call.hpp"
#include "fastdiv/fastdiv.h"

namespace nn {

namespace py = pybind11;

// An array as the C functions take it; None becomes NULL.
template <class T>
struct View {
  T* data = nullptr;
  size_t rows = 0, columns = 0, size = 1;
  ptrdiff_t stride = 0;  // of the first axis

  explicit View(py::handle object) {
    if (object.is_none()) return;
    auto* proxy = py::detail::array_proxy(object.ptr());
    data = reinterpret_cast<T*>(proxy->data);
    for (int axis = 0; axis < proxy->nd; ++axis) size *= static_cast<size_t>(proxy->dimensions[axis]);
    if (proxy->nd > 0) rows = static_cast<size_t>(proxy->dimensions[0]);
    if (proxy->nd > 0) stride = proxy->strides[0] / static_cast<ptrdiff_t>(sizeof(T));
    if (proxy->nd > 1) columns = static_cast<size_t>(proxy->dimensions[1]);
  }
};

// Calls run(a T, the C function for it) for the array's type.
#define FASTDIV_NN_CHOOSE(array, name, run)    \
  do {                                         \
    if ((array).itemsize() == 4)               \
      run(float(), &fastdiv_nn_##name##_f32);  \
    else                                       \
      run(double(), &fastdiv_nn_##name##_f64); \
  } while (false)

template <class Body>
void call_on(size_t elements, const Body& body) {
  call(static_cast<py::ssize_t>(elements), body);
}

inline void bias_activation(const py::array& x, const py::array& bias, int activation, const py::array& out,
                            const py::object& pre) {
  auto run = [&](auto type, auto function) {
    typedef decltype(type) T;
    View<const T> in(x), b(bias);
    View<T> to(out), kept(pre);
    call_on(in.size, [&] { return function(in.rows, in.columns, in.data, b.data, activation, to.data, kept.data); });
  };
  FASTDIV_NN_CHOOSE(x, bias_activation, run);
}

inline void bias_activation_backward(const py::array& saved, const py::array& upstream,
                                     const py::object& column_upstream, int activation, const py::array& out,
                                     const py::array& bias_gradient) {
  auto run = [&](auto type, auto function) {
    typedef decltype(type) T;
    View<const T> in(saved), up(upstream), shift(column_upstream);
    View<T> to(out), by_bias(bias_gradient);
    call_on(in.size, [&] {
      return function(in.rows, in.columns, in.data, up.data, shift.data, activation, to.data, by_bias.data);
    });
  };
  FASTDIV_NN_CHOOSE(saved, bias_activation_backward, run);
}

inline void bernoulli_nll(const py::array& logits, const py::array& x, const py::array& cotangent,
                          const py::array& value, const py::object& gradient) {
  auto run = [&](auto type, auto function) {
    typedef decltype(type) T;
    View<const T> l(logits), target(x), factor(cotangent);
    View<T> values(value), by_logits(gradient);
    call_on(l.size, [&] {
      return function(l.rows, l.columns, l.data, target.data, factor.data, factor.stride, values.data, by_logits.data);
    });
  };
  FASTDIV_NN_CHOOSE(logits, bernoulli_nll, run);
}

inline void gaussian_nll(const py::array& mean, const py::array& x, double scale, const py::array& cotangent,
                         const py::array& value, const py::object& gradient) {
  auto run = [&](auto type, auto function) {
    typedef decltype(type) T;
    View<const T> m(mean), target(x), factor(cotangent);
    View<T> values(value), by_mean(gradient);
    call_on(m.size, [&] {
      return function(m.rows, m.columns, m.data, target.data, scale, factor.data, factor.stride, values.data,
                      by_mean.data);
    });
  };
  FASTDIV_NN_CHOOSE(mean, gaussian_nll, run);
}

inline void gaussian_kl_draw(const py::array& mean, const py::array& log_variance, uint64_t seed, uint64_t offset,
                             uint32_t stream, const py::array& value, const py::array& z) {
  auto run = [&](auto type, auto function) {
    typedef decltype(type) T;
    View<const T> m(mean), v(log_variance);
    View<T> values(value), drawn(z);
    call_on(m.size, [&] {
      return function(m.rows, m.columns, m.data, m.stride, v.data, v.stride, seed, offset, stream, values.data,
                      drawn.data, drawn.stride);
    });
  };
  FASTDIV_NN_CHOOSE(mean, gaussian_kl_draw, run);
}

inline void gaussian_kl_draw_backward(const py::array& mean, const py::array& log_variance, const py::array& upstream_z,
                                      uint64_t seed, uint64_t offset, uint32_t stream, const py::array& cotangent,
                                      const py::array& mean_gradient, const py::array& log_variance_gradient) {
  auto run = [&](auto type, auto function) {
    typedef decltype(type) T;
    View<const T> m(mean), v(log_variance), up(upstream_z), factor(cotangent);
    View<T> by_mean(mean_gradient), by_log_variance(log_variance_gradient);
    call_on(m.size, [&] {
      return function(m.rows, m.columns, m.data, m.stride, v.data, v.stride, up.data, up.stride, seed, offset, stream,
                      factor.data, factor.stride, by_mean.data, by_mean.stride, by_log_variance.data,
                      by_log_variance.stride);
    });
  };
  FASTDIV_NN_CHOOSE(mean, gaussian_kl_draw_backward, run);
}

inline void corrupt(const py::array& x, int kind, double level, uint64_t seed, uint64_t offset, uint32_t stream,
                    const py::array& out) {
  auto run = [&](auto type, auto function) {
    typedef decltype(type) T;
    View<const T> in(x);
    View<T> to(out);
    call_on(in.size, [&] { return function(in.size, in.data, kind, level, seed, offset, stream, to.data); });
  };
  FASTDIV_NN_CHOOSE(x, corrupt, run);
}

inline double sparsity_penalty(const py::array& activations, double sparsity, double cotangent,
                               const py::object& gradient) {
  double value = 0;
  auto run = [&](auto type, auto function) {
    typedef decltype(type) T;
    View<const T> in(activations);
    View<T> by_column(gradient);
    call_on(in.size,
            [&] { return function(in.rows, in.columns, in.data, sparsity, cotangent, &value, by_column.data); });
  };
  FASTDIV_NN_CHOOSE(activations, sparsity_penalty, run);
  return value;
}

inline void adam_step(const py::array& parameters, const py::array& gradient, const py::array& first_moment,
                      const py::array& second_moment, uint64_t step, double learning_rate, double beta1, double beta2,
                      double epsilon) {
  auto run = [&](auto type, auto function) {
    typedef decltype(type) T;
    View<T> to(parameters), first(first_moment), second(second_moment);
    View<const T> by(gradient);
    call_on(to.size, [&] {
      return function(to.size, to.data, by.data, first.data, second.data, step, learning_rate, beta1, beta2, epsilon);
    });
  };
  FASTDIV_NN_CHOOSE(parameters, adam_step, run);
}

#undef FASTDIV_NN_CHOOSE

inline void define(py::module_& m) {
  m.def("nn_bias_activation", &bias_activation, py::arg("x"), py::arg("bias"), py::arg("activation"), py::arg("out"),
        py::arg("pre"));
  m.def("nn_bias_activation_backward", &bias_activation_backward, py::arg("saved"), py::arg("upstream"),
        py::arg("column_upstream"), py::arg("activation"), py::arg("out"), py::arg("bias_gradient"));
  m.def("nn_bernoulli_nll", &bernoulli_nll, py::arg("logits"), py::arg("x"), py::arg("cotangent"), py::arg("value"),
        py::arg("gradient"));
  m.def("nn_gaussian_nll", &gaussian_nll, py::arg("mean"), py::arg("x"), py::arg("scale"), py::arg("cotangent"),
        py::arg("value"), py::arg("gradient"));
  m.def("nn_gaussian_kl_draw", &gaussian_kl_draw, py::arg("mean"), py::arg("log_variance"), py::arg("seed"),
        py::arg("offset"), py::arg("stream"), py::arg("value"), py::arg("z"));
  m.def("nn_gaussian_kl_draw_backward", &gaussian_kl_draw_backward, py::arg("mean"), py::arg("log_variance"),
        py::arg("upstream_z"), py::arg("seed"), py::arg("offset"), py::arg("stream"), py::arg("cotangent"),
        py::arg("mean_gradient"), py::arg("log_variance_gradient"));
  m.def("nn_corrupt", &corrupt, py::arg("x"), py::arg("kind"), py::arg("level"), py::arg("seed"), py::arg("offset"),
        py::arg("stream"), py::arg("out"));
  m.def("nn_sparsity_penalty", &sparsity_penalty, py::arg("activations"), py::arg("sparsity"), py::arg("cotangent"),
        py::arg("gradient"));
  m.def("nn_adam_step", &adam_step, py::arg("parameters"), py::arg("gradient"), py::arg("first_moment"),
        py::arg("second_moment"), py::arg("step"), py::arg("learning_rate"), py::arg("beta1"), py::arg("beta2"),
        py::arg("epsilon"));
}

}  // namespace nn
