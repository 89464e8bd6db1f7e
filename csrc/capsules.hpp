// The C functions as Python capsules, the way Cython publishes its own: {name: capsule named by the signature}.
// Numba's get_cython_function_address and scipy.LowLevelCallable.from_cython read them.
#pragma once
#include <pybind11/pybind11.h>

#include <cstring>
#include <string>

#include "fastdiv/fastdiv.h"
#include "kernels/list.hpp"

template <class T>
constexpr const char* kTypeName = nullptr;
template <>
inline constexpr const char* kTypeName<size_t> = "size_t";
template <>
inline constexpr const char* kTypeName<const size_t*> = "size_t const *";
template <>
inline constexpr const char* kTypeName<const ptrdiff_t*> = "ptrdiff_t const *";
template <>
inline constexpr const char* kTypeName<const float*> = "float const *";
template <>
inline constexpr const char* kTypeName<float*> = "float *";
template <>
inline constexpr const char* kTypeName<const double*> = "double const *";
template <>
inline constexpr const char* kTypeName<double*> = "double *";
template <>
inline constexpr const char* kTypeName<const uint16_t*> = "uint16_t const *";
template <>
inline constexpr const char* kTypeName<uint16_t*> = "uint16_t *";
template <>
inline constexpr const char* kTypeName<const fastdiv_options*> = "fastdiv_options const *";

template <class... Arguments>
void publish(pybind11::dict& functions, const char* name, int (*function)(Arguments...)) {
  std::string signature;
  for (const char* type : {kTypeName<Arguments>...})
    signature += (signature.empty() ? "int (" : ", ") + std::string(type);
  // A capsule does not copy its name; it lives as long as the process.
  functions[name] = pybind11::capsule(reinterpret_cast<void*>(function), strdup((signature + ")").c_str()));
}

// For types that C knows by several names.
template <class Function>
void publish_as(pybind11::dict& functions, const char* name, Function* function, const char* signature) {
  functions[name] = pybind11::capsule(reinterpret_cast<void*>(function), signature);
}

inline pybind11::dict c_functions() {
  pybind11::dict functions;
#define FASTDIV_PUBLISH_ONE(function) publish(functions, #function, &function);
#define FASTDIV_PUBLISH(name)                              \
  FASTDIV_PUBLISH_ONE(fastdiv_##name##_f32)                \
  FASTDIV_PUBLISH_ONE(fastdiv_##name##_f64)                \
  FASTDIV_PUBLISH_ONE(fastdiv_##name##_value_and_grad_f32) \
  FASTDIV_PUBLISH_ONE(fastdiv_##name##_value_and_grad_f64)
#define FASTDIV_PUBLISH_PAIRWISE(name)               \
  FASTDIV_PUBLISH_ONE(fastdiv_pairwise_##name##_f32) \
  FASTDIV_PUBLISH_ONE(fastdiv_pairwise_##name##_f64)
  FASTDIV_MEASURES(FASTDIV_PUBLISH)
  FASTDIV_PUBLISH(self_information)
  FASTDIV_PAIRWISE_MEASURES(FASTDIV_PUBLISH_PAIRWISE)
#define FASTDIV_PUBLISH_ELEMENTWISE(name)   \
  FASTDIV_PUBLISH_ONE(fastdiv_##name##_f32) \
  FASTDIV_PUBLISH_ONE(fastdiv_##name##_f64)
  FASTDIV_ELEMENTWISE(FASTDIV_PUBLISH_ELEMENTWISE)
#undef FASTDIV_PUBLISH_ELEMENTWISE
#define FASTDIV_PUBLISH_RANDOM_ONE(function, type) \
  publish_as(functions, #function, &function, "int (size_t, uint64_t, uint64_t, uint32_t, " #type " *)");
#define FASTDIV_PUBLISH_RANDOM(name)                             \
  FASTDIV_PUBLISH_RANDOM_ONE(fastdiv_random_##name##_f32, float) \
  FASTDIV_PUBLISH_RANDOM_ONE(fastdiv_random_##name##_f64, double)
  FASTDIV_RANDOM(FASTDIV_PUBLISH_RANDOM)
#undef FASTDIV_PUBLISH_RANDOM
#undef FASTDIV_PUBLISH_RANDOM_ONE
#define FASTDIV_PUBLISH_MIXTURES(function, suffix, rest)                                          \
  publish_as(functions, #function "_" #suffix, &function##_##suffix,                              \
             "int (size_t, size_t, fastdiv_mixture_" #suffix " const *, fastdiv_mixture_" #suffix \
             " const *, "                                                                         \
             "fastdiv_montecarlo_options const *, " rest ")");
#define FASTDIV_GRADIENTS(suffix) \
  "fastdiv_mixture_gradient_" #suffix " const *, fastdiv_mixture_gradient_" #suffix " const *, "
#define FASTDIV_PUBLISH_MONTECARLO_TYPE(name, suffix)                                                            \
  FASTDIV_PUBLISH_MIXTURES(fastdiv_montecarlo_##name, suffix, "double *, double *, fastdiv_montecarlo_record *") \
  FASTDIV_PUBLISH_MIXTURES(fastdiv_montecarlo_##name##_value_and_grad, suffix,                                   \
                           "double *, double *, " FASTDIV_GRADIENTS(suffix) "fastdiv_montecarlo_record *")       \
  FASTDIV_PUBLISH_MIXTURES(fastdiv_montecarlo_##name##_plan, suffix, "int, int, fastdiv_montecarlo_record *")    \
  FASTDIV_PUBLISH_MIXTURES(fastdiv_montecarlo_##name##_gradient_errors, suffix,                                  \
                           FASTDIV_GRADIENTS(suffix) "fastdiv_montecarlo_record const *")
#define FASTDIV_PUBLISH_MONTECARLO(name)     \
  FASTDIV_PUBLISH_MONTECARLO_TYPE(name, f32) \
  FASTDIV_PUBLISH_MONTECARLO_TYPE(name, f64)
  FASTDIV_MONTECARLO(FASTDIV_PUBLISH_MONTECARLO)
#undef FASTDIV_PUBLISH_MONTECARLO
#undef FASTDIV_PUBLISH_MONTECARLO_TYPE
#undef FASTDIV_GRADIENTS
#undef FASTDIV_PUBLISH_MIXTURES
#define FASTDIV_PUBLISH_NN_ONE(function, signature) publish_as(functions, #function, &function, "int " signature);
#define FASTDIV_PUBLISH_NN(name, signature_f32, signature_f64)   \
  FASTDIV_PUBLISH_NN_ONE(fastdiv_nn_##name##_f32, signature_f32) \
  FASTDIV_PUBLISH_NN_ONE(fastdiv_nn_##name##_f64, signature_f64)
#include "capsules_nn.inc"
#undef FASTDIV_PUBLISH_NN
#undef FASTDIV_PUBLISH_NN_ONE
#define FASTDIV_PUBLISH_LOGITS(name)                              \
  FASTDIV_PUBLISH(logits_##name)                                  \
  FASTDIV_PUBLISH_ONE(fastdiv_logits_##name##_f16)                \
  FASTDIV_PUBLISH_ONE(fastdiv_logits_##name##_bf16)               \
  FASTDIV_PUBLISH_ONE(fastdiv_logits_##name##_value_and_grad_f16) \
  FASTDIV_PUBLISH_ONE(fastdiv_logits_##name##_value_and_grad_bf16)
  FASTDIV_LOGITS_MEASURES(FASTDIV_PUBLISH_LOGITS)
#undef FASTDIV_PUBLISH_LOGITS
#undef FASTDIV_PUBLISH_PAIRWISE
#undef FASTDIV_PUBLISH
#undef FASTDIV_PUBLISH_ONE
  return functions;
}
