// The C functions of Monte Carlo estimates: arguments are checked and handed to the driver.
#include <climits>
#include <cmath>
#include <initializer_list>

#include "c_guard.hpp"
#include "kernels/list.hpp"

namespace {
namespace montecarlo {

using fastdiv::GaussianMixture;
using fastdiv::MixtureGradient;
using fastdiv::Moments;
using fastdiv::SamplesCall;

static_assert(sizeof(Moments) == sizeof(fastdiv_moments), "the header's moments are the kernels'");

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

template <class T>
constexpr const typename Types<T>::Gradient* kNoGradient = nullptr;

template <class T>
GaussianMixture<T> checked_mixture(const typename Types<T>::Mixture* given, size_t pairs, size_t dimension) {
  if (given == nullptr) refuse(FASTDIV_NULL_POINTER);
  if (given->struct_size < sizeof(*given)) refuse(FASTDIV_INVALID_OPTION);
  if (given->components == 0 || dimension == 0) refuse(FASTDIV_INVALID_SHAPE);
  // The kernels count the numbers of one mixture, a line of the cache each, in int.
  size_t entries = checked_product(checked_product(dimension, dimension + 2), 2 * given->components);
  if (entries > INT_MAX / 256) refuse(FASTDIV_INVALID_SHAPE);
  checked_product(entries, pairs);
  if (pairs != 0 && (given->mean == nullptr || given->scale == nullptr)) refuse(FASTDIV_NULL_POINTER);
  GaussianMixture<T> mixture;
  mixture.components = given->components;
  mixture.triangular = given->is_triangular != 0;
  mixture.logits = given->has_logits != 0;
  mixture.shared = given->is_shared != 0;
  mixture.weights = given->weights;
  mixture.mean = given->mean;
  mixture.scale = given->scale;
  return mixture;
}

template <class T>
fastdiv::SamplesOptions checked_options(const fastdiv_montecarlo_options* given, const SamplesCall<T>& call) {
  if (given == nullptr) refuse(FASTDIV_NULL_POINTER);
  if (given->struct_size < sizeof(*given)) refuse(FASTDIV_INVALID_OPTION);
  if (!(given->weight >= 0 && given->weight <= 1)) refuse(FASTDIV_INVALID_OPTION);
  const bool antithetic = given->antithetic != 0;
  const size_t p = call.mixture[0].components, q = call.mixture[1].components;
  const uint64_t points = antithetic ? 2 : 1, strata = call.both && q > p ? q : p;
  constexpr uint64_t kMost = uint64_t{1} << 63;
  if (given->n_samples % points != 0 || given->n_samples / points < 2 * strata) refuse(FASTDIV_INVALID_OPTION);
  if (given->first_sample > kMost || given->n_samples > kMost - given->first_sample) refuse(FASTDIV_INVALID_OPTION);
  if (given->first_sample % fastdiv::samples_grain(call.both, antithetic, p, q) != 0) refuse(FASTDIV_INVALID_OPTION);
  fastdiv::SamplesOptions options;
  options.seed = given->seed;
  options.first_sample = given->first_sample;
  options.n_samples = given->n_samples;
  options.antithetic = antithetic;
  options.control_variate = given->control_variate != 0;
  options.score_term = given->score_term != 0;
  options.weight = given->weight;
  options.progress = given->progress;
  options.context = given->context;
  return options;
}

template <class T>
SamplesCall<T> checked_call(fastdiv::Estimator estimator, size_t pairs, size_t dimension,
                            const typename Types<T>::Mixture* p, const typename Types<T>::Mixture* q,
                            const fastdiv_montecarlo_options* options) {
  SamplesCall<T> call;
  call.estimator = estimator;
  call.both = fastdiv::samples_both<T>(estimator);
  call.pairs = pairs;
  call.dimension = dimension;
  call.mixture[0] = checked_mixture<T>(p, pairs, dimension);
  call.mixture[1] = checked_mixture<T>(q, pairs, dimension);
  call.options = checked_options(options, call);
  return call;
}

template <class T>
MixtureGradient<T> checked_gradient(const typename Types<T>::Gradient* given) {
  if (given == nullptr) return {};
  if (given->mean == nullptr || given->scale == nullptr) refuse(FASTDIV_NULL_POINTER);
  return {given->weights, given->mean, given->scale};
}

inline fastdiv::SamplesRecord checked_record(const fastdiv_montecarlo_record* given) {
  fastdiv::SamplesRecord record;
  if (given == nullptr) return record;
  if (given->struct_size < sizeof(*given)) refuse(FASTDIV_INVALID_OPTION);
  for (int source = 0; source < 2; ++source) {
    record.nodes[source] = reinterpret_cast<Moments*>(given->moments[source]);
    record.weights[source] = given->weights[source];
    record.expected[source] = given->expected[source];
    record.batches[source] = given->gradient_sums[source];
  }
  return record;
}

template <class T>
SamplesCall<T> checked_run(fastdiv::Estimator estimator, size_t pairs, size_t dimension,
                           const typename Types<T>::Mixture* p, const typename Types<T>::Mixture* q,
                           const fastdiv_montecarlo_options* options, double* value, double* standard_error,
                           const typename Types<T>::Gradient* grad_p, const typename Types<T>::Gradient* grad_q,
                           const fastdiv_montecarlo_record* record) {
  SamplesCall<T> call = checked_call<T>(estimator, pairs, dimension, p, q, options);
  call.gradient[0] = checked_gradient<T>(grad_p);
  call.gradient[1] = checked_gradient<T>(grad_q);
  call.record = checked_record(record);
  call.value = value;
  call.standard_error = standard_error;
  return call;
}

template <class T>
SamplesCall<T> checked_errors(fastdiv::Estimator estimator, size_t pairs, size_t dimension,
                              const typename Types<T>::Mixture* p, const typename Types<T>::Mixture* q,
                              const fastdiv_montecarlo_options* options, const typename Types<T>::Gradient* grad_p,
                              const typename Types<T>::Gradient* grad_q, const fastdiv_montecarlo_record* record) {
  SamplesCall<T> call =
      checked_run<T>(estimator, pairs, dimension, p, q, options, nullptr, nullptr, grad_p, grad_q, record);
  for (int source = 0; source < (call.both ? 2 : 1); ++source)
    if (fastdiv::sizes_of(call, source).sums != 0 && call.record.batches[source] == nullptr)
      refuse(FASTDIV_NULL_POINTER);
  return call;
}

template <class T>
void plan(fastdiv::Estimator estimator, size_t pairs, size_t dimension, const typename Types<T>::Mixture* p,
          const typename Types<T>::Mixture* q, const fastdiv_montecarlo_options* options, bool with_p, bool with_q,
          fastdiv_montecarlo_record* record) {
  if (record == nullptr) refuse(FASTDIV_NULL_POINTER);
  if (record->struct_size < sizeof(*record)) refuse(FASTDIV_INVALID_OPTION);
  SamplesCall<T> call = checked_call<T>(estimator, pairs, dimension, p, q, options);
  T some;  // not written to
  for (int m = 0; m < 2; ++m)
    if (m == 0 ? with_p : with_q) call.gradient[m] = {&some, &some, &some};
  record->grain = fastdiv::samples_grain(call.both, call.options.antithetic, p->components, q->components);
  for (int source = 0; source < 2; ++source) {
    fastdiv::SamplesSizes sizes;
    if (source == 0 || call.both) sizes = fastdiv::sizes_of(call, source);
    record->nodes[source] = sizes.nodes;
    record->batches[source] = sizes.batches;
    record->sums[source] = sizes.sums;
  }
}

}  // namespace montecarlo
}  // namespace

extern "C" {

int fastdiv_montecarlo_fold(size_t nodes, size_t pairs, size_t components, const uint64_t* counts,
                            const fastdiv_moments* moments, const double* weights, const double* expected, double share,
                            double* value, double* variance) {
  return guarded([&] {
    if (pairs == 0 || nodes == 0 || components == 0) return;
    for (const void* each :
         {static_cast<const void*>(counts), static_cast<const void*>(moments), static_cast<const void*>(weights),
          static_cast<const void*>(value), static_cast<const void*>(variance)})
      if (each == nullptr) refuse(FASTDIV_NULL_POINTER);
    fastdiv::fold_nodes(nodes, pairs, components, counts, reinterpret_cast<const fastdiv::Moments*>(moments), weights,
                        expected, share, value, variance);
  });
}

#define FASTDIV_TYPE float
#define FASTDIV_SUFFIX f32
#include "c_montecarlo_functions.inc"
#undef FASTDIV_TYPE
#undef FASTDIV_SUFFIX

#define FASTDIV_TYPE double
#define FASTDIV_SUFFIX f64
#include "c_montecarlo_functions.inc"
#undef FASTDIV_TYPE
#undef FASTDIV_SUFFIX

}  // extern "C"
