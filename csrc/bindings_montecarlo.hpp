// Monte Carlo estimates in the Python module. A mixture arrives as a tuple (components, is_triangular, has_logits,
// is_shared, weights or None, mean, scale) of C-contiguous arrays of one type.
#pragma once
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include "fastdiv/fastdiv.h"
#include "kernels/list.hpp"

namespace montecarlo {

namespace py = pybind11;

template <class T>
struct Types;
template <>
struct Types<float> {
  typedef fastdiv_mixture_f32 Mixture;
  typedef fastdiv_mixture_gradient_f32 Gradient;
};
template <>
struct Types<double> {
  typedef fastdiv_mixture_f64 Mixture;
  typedef fastdiv_mixture_gradient_f64 Gradient;
};

// The functions of an estimator for one type.
template <class T>
struct Functions {
  typedef const typename Types<T>::Mixture* Mixture;
  typedef const typename Types<T>::Gradient* Gradient;
  typedef const fastdiv_montecarlo_options* Options;
  int (*value)(size_t, size_t, Mixture, Mixture, Options, double*, double*, fastdiv_montecarlo_record*);
  int (*value_and_grad)(size_t, size_t, Mixture, Mixture, Options, double*, double*, Gradient, Gradient,
                        fastdiv_montecarlo_record*);
  int (*plan)(size_t, size_t, Mixture, Mixture, Options, int, int, fastdiv_montecarlo_record*);
  int (*gradient_errors)(size_t, size_t, Mixture, Mixture, Options, Gradient, Gradient,
                         const fastdiv_montecarlo_record*);
};

inline py::handle item(py::handle tuple, int i) { return PyTuple_GET_ITEM(tuple.ptr(), i); }

template <class T>
const T* data_of(py::handle array) {
  return array.is_none() ? nullptr : reinterpret_cast<const T*>(py::detail::array_proxy(array.ptr())->data);
}

template <class T>
typename Types<T>::Mixture mixture_of(py::handle tuple) {
  auto number = [&](int i) { return PyLong_AsLong(item(tuple, i).ptr()); };
  return {sizeof(typename Types<T>::Mixture), static_cast<size_t>(number(0)), static_cast<int>(number(1)),
          static_cast<int>(number(2)),        static_cast<int>(number(3)),    data_of<T>(item(tuple, 4)),
          data_of<T>(item(tuple, 5)),         data_of<T>(item(tuple, 6))};
}

// Arrays for the gradient by a mixture: of its arrays' shapes, with an axis of pairs in front where those have none.
template <class T>
struct Gradient {
  py::object weights = py::none(), mean = py::none(), scale = py::none();
  typename Types<T>::Gradient memory = {};

  Gradient() = default;
  Gradient(py::handle tuple, size_t pairs) {
    bool more = PyLong_AsLong(item(tuple, 3).ptr()) != 0;
    weights = like(item(tuple, 4), more, pairs, &memory.weights);
    mean = like(item(tuple, 5), more, pairs, &memory.mean);
    scale = like(item(tuple, 6), more, pairs, &memory.scale);
  }

  py::object result() const { return mean.is_none() ? py::none() : py::object(py::make_tuple(weights, mean, scale)); }
  const typename Types<T>::Gradient* wanted() const { return memory.mean == nullptr ? nullptr : &memory; }

 private:
  static py::object like(py::handle array, bool more, size_t pairs, T** data) {
    if (array.is_none()) return py::none();
    auto* proxy = py::detail::array_proxy(array.ptr());
    std::vector<py::ssize_t> shape(proxy->dimensions, proxy->dimensions + proxy->nd);
    if (more) shape.insert(shape.begin(), static_cast<py::ssize_t>(pairs));
    py::array_t<T> made(shape);
    *data = made.mutable_data();
    return std::move(made);
  }
};

// Called between segments, on the thread that called: Python's signals, then the caller's function.
struct Progress {
  py::object function;

  static int call(void* context, uint64_t done, uint64_t total) {
    py::gil_scoped_acquire locked;
    if (PyErr_CheckSignals() != 0) return 1;
    const Progress* progress = static_cast<const Progress*>(context);
    if (progress->function.is_none()) return 0;
    PyObject* result = PyObject_CallFunction(progress->function.ptr(), "KK", static_cast<unsigned long long>(done),
                                             static_cast<unsigned long long>(total));
    if (result == nullptr) return 1;
    Py_DECREF(result);
    return 0;
  }
};

// The arrays that a run leaves in its record.
struct Record {
  fastdiv_montecarlo_record memory = {};
  py::tuple arrays[2];

  int sources() const { return memory.nodes[1] != 0 ? 2 : 1; }

  void allocate(size_t pairs, const size_t* components, bool control) {
    for (int s = 0; s < sources(); ++s) {
      auto make = [](std::vector<size_t> shape, double** data) {
        py::array_t<double> array(std::vector<py::ssize_t>(shape.begin(), shape.end()));
        *data = array.mutable_data();
        return array;
      };
      double* moments;
      py::object expected = py::none(), sums = py::none();
      auto nodes = make({memory.nodes[s], pairs, components[s], 5}, &moments);
      memory.moments[s] = reinterpret_cast<fastdiv_moments*>(moments);
      auto weights = make({pairs, components[s]}, &memory.weights[s]);
      if (control) expected = make({pairs, components[s]}, &memory.expected[s]);
      if (memory.sums[s] != 0) sums = make({pairs, memory.batches[s], memory.sums[s]}, &memory.gradient_sums[s]);
      arrays[s] = py::make_tuple(nodes, weights, expected, sums);
    }
  }
};

template <class T>
struct Run {
  typename Types<T>::Mixture p, q;
  fastdiv_montecarlo_options options;
  size_t pairs, dimension;

  Run(py::handle p_, py::handle q_, size_t pairs_, const fastdiv_montecarlo_options& options_)
      : p(mixture_of<T>(p_)), q(mixture_of<T>(q_)), options(options_), pairs(pairs_) {
    auto* proxy = py::detail::array_proxy(item(p_, 5).ptr());
    dimension = static_cast<size_t>(proxy->dimensions[proxy->nd - 1]);
  }
};

inline void check(int status) {
  if (status == FASTDIV_OK) return;
  if (PyErr_Occurred() != nullptr) throw py::error_already_set();
  if (status == FASTDIV_OUT_OF_MEMORY) throw std::bad_alloc();
  throw std::runtime_error(std::string("libfastdiv: ") + fastdiv_status_string(status));
}

// (value, standard error, the sources' records, gradients by p and q); `wanted`: bit 0 for p, 1 for q.
template <class T>
py::tuple run(const Functions<T>& functions, py::handle p, py::handle q, size_t pairs, int wanted,
              const fastdiv_montecarlo_options& options, const py::object& progress) {
  Run<T> run(p, q, pairs, options);
  Progress context{progress};
  run.options.progress = Progress::call;
  run.options.context = &context;
  Record record;
  record.memory.struct_size = sizeof(record.memory);
  check(functions.plan(pairs, run.dimension, &run.p, &run.q, &run.options, wanted & 1, wanted & 2, &record.memory));
  const size_t components[2] = {run.p.components, run.q.components};
  record.allocate(pairs, components, run.options.control_variate != 0);
  py::array_t<double> value(static_cast<py::ssize_t>(pairs)), error(static_cast<py::ssize_t>(pairs));
  Gradient<T> gradient[2];
  if (wanted & 1) gradient[0] = Gradient<T>(p, pairs);
  if (wanted & 2) gradient[1] = Gradient<T>(q, pairs);
  double *values = value.mutable_data(), *errors = error.mutable_data();
  int status;
  auto call = [&] {
    return functions.value_and_grad(pairs, run.dimension, &run.p, &run.q, &run.options, values, errors,
                                    gradient[0].wanted(), gradient[1].wanted(), &record.memory);
  };
  // Below this a call is over before another thread could use the lock.
  if (options.n_samples * pairs < 4096) {
    status = call();
  } else {
    py::gil_scoped_release unlocked;
    status = call();
  }
  check(status);
  py::tuple records(record.sources());
  for (size_t s = 0; s < records.size(); ++s) records[s] = record.arrays[s];
  return py::make_tuple(value, error, records, gradient[0].result(), gradient[1].result());
}

template <class T>
py::tuple gradient_errors(const Functions<T>& functions, py::handle p, py::handle q, size_t pairs, int wanted,
                          const fastdiv_montecarlo_options& options, const py::tuple& records) {
  Run<T> run(p, q, pairs, options);
  fastdiv_montecarlo_record record = {};
  record.struct_size = sizeof(record);
  for (size_t s = 0; s < records.size(); ++s)
    record.gradient_sums[s] = const_cast<double*>(data_of<double>(item(item(records, int(s)), 3)));
  Gradient<T> gradient[2];
  if (wanted & 1) gradient[0] = Gradient<T>(p, pairs);
  if (wanted & 2) gradient[1] = Gradient<T>(q, pairs);
  check(functions.gradient_errors(pairs, run.dimension, &run.p, &run.q, &run.options, gradient[0].wanted(),
                                  gradient[1].wanted(), &record));
  return py::make_tuple(gradient[0].result(), gradient[1].result());
}

inline fastdiv_montecarlo_options make_options(uint64_t seed, uint64_t first_sample, uint64_t n_samples,
                                               bool antithetic, bool control_variate, bool score_term, double weight) {
  return {sizeof(fastdiv_montecarlo_options),
          seed,
          first_sample,
          n_samples,
          antithetic,
          control_variate,
          score_term,
          weight,
          nullptr,
          nullptr};
}

inline bool is_float32(py::handle mixture) {
  return py::reinterpret_borrow<py::array>(item(mixture, 5)).itemsize() == 4;
}

inline void define_one(py::module_& m, const std::string& name, Functions<float> f32, Functions<double> f64) {
  m.def(("montecarlo_" + name).c_str(),
        [=](const py::tuple& p, const py::tuple& q, size_t pairs, int wanted, uint64_t seed, uint64_t first_sample,
            uint64_t n_samples, bool antithetic, bool control_variate, bool score_term, double weight,
            const py::object& progress) {
          auto options = make_options(seed, first_sample, n_samples, antithetic, control_variate, score_term, weight);
          if (is_float32(p)) return run(f32, p, q, pairs, wanted, options, progress);
          return run(f64, p, q, pairs, wanted, options, progress);
        });
  m.def(("montecarlo_" + name + "_gradient_errors").c_str(),
        [=](const py::tuple& p, const py::tuple& q, size_t pairs, int wanted, uint64_t seed, uint64_t first_sample,
            uint64_t n_samples, bool antithetic, bool control_variate, bool score_term, double weight,
            const py::tuple& records) {
          auto options = make_options(seed, first_sample, n_samples, antithetic, control_variate, score_term, weight);
          if (is_float32(p)) return gradient_errors(f32, p, q, pairs, wanted, options, records);
          return gradient_errors(f64, p, q, pairs, wanted, options, records);
        });
}

// Adds to value and variance, of all pairs.
inline void fold(const py::array& counts, const py::array& moments, const py::array& weights,
                 const py::object& expected, double share, py::array_t<double>& value, py::array_t<double>& variance) {
  check(fastdiv_montecarlo_fold(static_cast<size_t>(moments.shape(0)), static_cast<size_t>(moments.shape(1)),
                                static_cast<size_t>(moments.shape(2)), data_of<uint64_t>(counts),
                                reinterpret_cast<const fastdiv_moments*>(data_of<double>(moments)),
                                data_of<double>(weights), data_of<double>(expected), share, value.mutable_data(),
                                variance.mutable_data()));
}

inline void define(py::module_& m) {
#define FASTDIV_MONTECARLO_TYPE(name, type, suffix)                                                            \
  Functions<type>{&fastdiv_montecarlo_##name##_##suffix, &fastdiv_montecarlo_##name##_value_and_grad_##suffix, \
                  &fastdiv_montecarlo_##name##_plan_##suffix, &fastdiv_montecarlo_##name##_gradient_errors_##suffix}
#define FASTDIV_MONTECARLO_DEFINE(name) \
  define_one(m, #name, FASTDIV_MONTECARLO_TYPE(name, float, f32), FASTDIV_MONTECARLO_TYPE(name, double, f64));
  FASTDIV_MONTECARLO(FASTDIV_MONTECARLO_DEFINE)
#undef FASTDIV_MONTECARLO_DEFINE
#undef FASTDIV_MONTECARLO_TYPE
  m.def("montecarlo_fold", &fold);
}

}  // namespace montecarlo
