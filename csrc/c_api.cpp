// The C functions: arguments are checked, exceptions become status codes, the drivers do the rest.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

#include "c_guard.hpp"
#include "dispatch.hpp"
#include "drivers/call.hpp"
#include "fastdiv/fastdiv.h"
#include "thread_pool.hpp"

namespace {

using fastdiv::Array;
using fastdiv::Call;
using fastdiv::Elementwise;
using fastdiv::Measure;
using fastdiv::Options;
using fastdiv::PairwiseCall;

Options checked_options(const fastdiv_options* given) {
  Options options;
  if (given == nullptr) return options;
  if (given->struct_size < offsetof(fastdiv_options, temperature)) refuse(FASTDIV_INVALID_OPTION);
  // Programs compiled before it was there leave it out.
  if (given->struct_size >= sizeof(fastdiv_options)) options.temperature = given->temperature;
  if (given->base != 0) {
    if (!(given->base > 0) || given->base == 1 || std::isinf(given->base)) refuse(FASTDIV_INVALID_OPTION);
    options.unit = 1 / std::log(given->base);
  }
  if (!(given->weight >= 0 && given->weight <= 1)) refuse(FASTDIV_INVALID_OPTION);
  if (given->given != -1 && given->given != -2) refuse(FASTDIV_INVALID_OPTION);
  options.weight = given->weight;
  options.normalize = given->normalize != 0;
  options.given = given->given;
  return options;
}

// Axes of size 0 hide nothing: sizes that overflow are refused even then.
size_t checked_size(size_t ndim, const size_t* shape, size_t event_ndim) {
  if (ndim < event_ndim || ndim > fastdiv::kMaxNdim) refuse(FASTDIV_INVALID_SHAPE);
  if (shape == nullptr) refuse(FASTDIV_NULL_POINTER);
  size_t at_least_one = 1, size = 1;
  for (size_t axis = 0; axis < ndim; ++axis) {
    at_least_one = checked_product(at_least_one, shape[axis] == 0 ? 1 : shape[axis]);
    size *= shape[axis];
  }
  return size;
}

// The strides of an array that is absent are not read.
template <class T>
Array<T> array(T* data, const ptrdiff_t* strides, size_t ndim, const size_t* shape) {
  Array<T> result;
  result.data = data;
  ptrdiff_t contiguous = 1;
  for (size_t axis = ndim; axis-- > 0;) {
    result.strides[axis] = strides != nullptr && data != nullptr ? strides[axis] : contiguous;
    contiguous *= static_cast<ptrdiff_t>(shape[axis]);
  }
  return result;
}

// The arguments of one C function, gathered in the order of its signature.
template <class T, class S = T>
struct Arguments {
  size_t ndim;
  const size_t* shape;
  const S* input[2];
  const ptrdiff_t* input_strides[2];
  const fastdiv_options* options;
  const T* cotangent;
  const ptrdiff_t* cotangent_strides;
  T* value;
  const ptrdiff_t* value_strides;
  S* gradient[2];
  const ptrdiff_t* gradient_strides[2];
};

template <class T, class S>
Call<T, S> checked_call(int measure, const Arguments<T, S>& a, int inputs, size_t event_ndim, size_t value_event_ndim) {
  Call<T, S> call;
  size_t size = checked_size(a.ndim, a.shape, event_ndim);
  call.measure = measure;
  call.options = checked_options(a.options);
  call.batch_ndim = a.ndim - event_ndim;
  std::memcpy(call.shape, a.shape, a.ndim * sizeof(size_t));
  for (int i = 0; i < 2; ++i) {
    if (i < inputs && a.input[i] == nullptr && size != 0) refuse(FASTDIV_NULL_POINTER);
    call.input[i] = array(a.input[i], a.input_strides[i], a.ndim, a.shape);
    call.gradient[i] = array(a.gradient[i], a.gradient_strides[i], a.ndim, a.shape);
  }
  size_t value_ndim = call.batch_ndim + value_event_ndim, values = 1;
  for (size_t axis = 0; axis < value_ndim; ++axis) values *= a.shape[axis];
  if (a.value == nullptr && values != 0) refuse(FASTDIV_NULL_POINTER);
  call.value = array(a.value, a.value_strides, value_ndim, a.shape);
  call.cotangent = array(a.cotangent, a.cotangent_strides, value_ndim, a.shape);
  return call;
}

template <class T>
int rows(Measure measure, const Arguments<T>& arguments, int inputs) {
  return guarded([&] { fastdiv::reduce_rows(checked_call(measure, arguments, inputs, 1, 0)); });
}

template <class T, class S>
int logits(fastdiv::LogitsMeasure measure, const Arguments<T, S>& arguments, int inputs) {
  return guarded([&] {
    auto call = checked_call(measure, arguments, inputs, 1, 0);
    if (!(call.options.temperature > 0) || std::isinf(call.options.temperature)) refuse(FASTDIV_INVALID_OPTION);
    fastdiv::reduce_logits<S>(call);
  });
}

template <class T>
int tables(Measure measure, const Arguments<T>& arguments) {
  return guarded([&] { fastdiv::reduce_tables(checked_call(measure, arguments, 1, 2, 0)); });
}

template <class T>
int elements(const Arguments<T>& arguments) {
  return guarded([&] { fastdiv::map_self_information(checked_call(fastdiv::kMeasures, arguments, 1, 1, 1)); });
}

template <class T>
int mapped(Elementwise function, const Arguments<T>& arguments, int inputs) {
  return guarded(
      [&] { fastdiv::map_elementwise(function, checked_call(fastdiv::kMeasures, arguments, inputs, 1, 1)); });
}

template <class T>
int pairs(Measure measure, size_t rows_p, size_t rows_q, size_t n, const T* p, const ptrdiff_t* p_strides, const T* q,
          const ptrdiff_t* q_strides, const fastdiv_options* options, T* value) {
  return guarded([&] {
    if (q == nullptr && rows_q != 0 && n != 0 && rows_q != rows_p) refuse(FASTDIV_NULL_POINTER);
    bool own = q == nullptr && rows_q == rows_p;
    size_t shape_p[2] = {rows_p, n}, shape_q[2] = {rows_q, n}, shape_value[2] = {rows_p, rows_q};
    if (checked_size(2, shape_p, 2) != 0 && p == nullptr) refuse(FASTDIV_NULL_POINTER);
    checked_size(2, shape_q, 2);
    size_t values = checked_size(2, shape_value, 2);
    if (values > (own ? rows_p : 0) && value == nullptr) refuse(FASTDIV_NULL_POINTER);
    PairwiseCall<T> call;
    call.measure = measure;
    call.rows_p = rows_p;
    call.rows_q = rows_q;
    call.n = n;
    call.p = array(p, p_strides, 2, shape_p);
    call.q = array(own ? nullptr : q, q_strides, 2, shape_q);
    call.value = value;
    call.options = checked_options(options);
    fastdiv::reduce_pairs(call);
  });
}

template <class T>
int random_numbers(fastdiv::Random distribution, size_t n, uint64_t seed, uint64_t offset, uint32_t stream, T* out) {
  return guarded([&] {
    checked_product(n, 1);
    if (n == 0) return;
    if (out == nullptr) refuse(FASTDIV_NULL_POINTER);
    if (offset > UINT64_MAX - (n - 1)) refuse(FASTDIV_INVALID_OPTION);
    fastdiv::fill_random(distribution, seed, offset, stream, out, n);
  });
}

}  // namespace

extern "C" {

int fastdiv_abi_version(void) { return FASTDIV_ABI_VERSION; }
const char* fastdiv_version(void) { return FASTDIV_VERSION; }

const char* fastdiv_status_string(int status) {
  switch (status) {
    case FASTDIV_OK:
      return "ok";
    case FASTDIV_NULL_POINTER:
      return "a required pointer is NULL";
    case FASTDIV_INVALID_SHAPE:
      return "the shape has too few or too many axes, or its sizes overflow";
    case FASTDIV_INVALID_OPTION:
      return "an option is out of range: base must be positive and not 1, weight in [0, 1], given -1 or -2, "
             "temperature positive and finite, offset + n at most 2^64, samples two of each component at least, even "
             "if antithetic, from a multiple of the grain; "
             "of training: activation and kind from their lists, scale positive, level and sparsity between 0 and 1, "
             "step at least 1, beta from 0 to below 1";
    case FASTDIV_UNKNOWN_ISA:
      return "no such instruction set on this machine (environment variable FASTDIV_ISA or fastdiv_set_isa)";
    case FASTDIV_OUT_OF_MEMORY:
      return "out of memory";
    case FASTDIV_INTERNAL_ERROR:
      return "internal error";
    case FASTDIV_INTERRUPTED:
      return "interrupted by the progress function";
    default:
      return "unknown status";
  }
}

const char* fastdiv_isa(void) {
  const char* name = nullptr;
  guarded([&] { name = fastdiv::kernels().name; });
  return name;
}

const char* fastdiv_available_isa(size_t k) {
  const fastdiv::KernelTable* table = fastdiv::available(k);
  return table != nullptr ? table->name : nullptr;
}

int fastdiv_set_isa(const char* name) {
  if (name == nullptr) return FASTDIV_NULL_POINTER;
  return guarded([&] { fastdiv::use(name); });
}

int fastdiv_get_num_threads(void) { return fastdiv::num_threads(); }

int fastdiv_set_num_threads(int count) {
  if (count < 1 || count > 4096) return FASTDIV_INVALID_OPTION;
  return guarded([&] { fastdiv::set_num_threads(count); });
}

#define FASTDIV_TYPE float
#define FASTDIV_SUFFIX f32
#include "c_functions.inc"
#undef FASTDIV_TYPE
#undef FASTDIV_SUFFIX

#define FASTDIV_TYPE double
#define FASTDIV_SUFFIX f64
#include "c_functions.inc"
#undef FASTDIV_TYPE
#undef FASTDIV_SUFFIX

#define FASTDIV_TYPE float
#define FASTDIV_STORED float
#define FASTDIV_STORAGE float
#define FASTDIV_SUFFIX f32
#include "c_logits_functions.inc"
#undef FASTDIV_STORED
#undef FASTDIV_STORAGE
#undef FASTDIV_SUFFIX

#define FASTDIV_STORED uint16_t
#define FASTDIV_STORAGE fastdiv::Float16
#define FASTDIV_SUFFIX f16
#include "c_logits_functions.inc"
#undef FASTDIV_STORAGE
#undef FASTDIV_SUFFIX

#define FASTDIV_STORAGE fastdiv::BFloat16
#define FASTDIV_SUFFIX bf16
#include "c_logits_functions.inc"
#undef FASTDIV_TYPE
#undef FASTDIV_STORED
#undef FASTDIV_STORAGE
#undef FASTDIV_SUFFIX

#define FASTDIV_TYPE double
#define FASTDIV_STORED double
#define FASTDIV_STORAGE double
#define FASTDIV_SUFFIX f64
#include "c_logits_functions.inc"
#undef FASTDIV_TYPE
#undef FASTDIV_STORED
#undef FASTDIV_STORAGE
#undef FASTDIV_SUFFIX

}  // extern "C"
