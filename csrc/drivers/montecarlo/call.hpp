// One Monte Carlo estimate, as the C functions hand it over: checked.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "kernels/samples_table.hpp"

namespace fastdiv {

// A mixture of Gaussians for each pair; one component without weights is a Gaussian.
template <class T>
struct GaussianMixture {
  size_t components = 1;
  bool triangular = false;
  bool logits = false;         // `weights` are unnormalised log-weights
  bool shared = false;         // one mixture for all pairs
  const T* weights = nullptr;  // [pairs, K]; NULL: equal
  const T* mean = nullptr;     // [pairs, K, D]
  const T* scale = nullptr;    // [pairs, K, D] or [pairs, K, D, D]

  size_t scale_entries(size_t dimension) const { return triangular ? dimension * dimension : dimension; }
};

template <class T>
struct MixtureGradient {
  T* weights = nullptr;  // by `weights`, of the normalised weights; NULL: not wanted
  T* mean = nullptr;     // NULL: no gradient by this mixture
  T* scale = nullptr;
};

// What a shard keeps to be merged with others, and the gradient's batches. Any of it may be absent.
struct SamplesRecord {
  Moments* nodes[2] = {};    // by source: [nodes, pairs, K]
  double* weights[2] = {};   // [pairs, K]
  double* expected[2] = {};  // [pairs, K] of the control variate
  double* batches[2] = {};   // [pairs, batches, sums]
};

struct SamplesOptions {
  uint64_t seed = 0, first_sample = 0, n_samples = 0;
  bool antithetic = false, control_variate = false, score_term = true;
  double weight = 0.5;
  int (*progress)(void* context, uint64_t done, uint64_t total) = nullptr;  // not 0: stop
  void* context = nullptr;
};

template <class T>
struct SamplesCall {
  Estimator estimator = kEstimators;
  bool both = false;  // p and q are sampled, with the weight and the rest of it; else p
  size_t pairs = 0, dimension = 0;
  GaussianMixture<T> mixture[2];
  MixtureGradient<T> gradient[2];
  SamplesOptions options;
  double* value = nullptr;           // [pairs]
  double* standard_error = nullptr;  // [pairs]
  SamplesRecord record;

  bool wanted(int m) const { return gradient[m].mean != nullptr; }
};

struct Interrupted {};

template <class T>
bool samples_both(Estimator estimator);

// Throws Interrupted when the progress function asks for it.
template <class T>
void estimate(const SamplesCall<T>& call);

// Standard errors of the gradients, from the batches of a record.
template <class T>
void estimate_gradient_errors(const SamplesCall<T>& call);

// Of one source: how many nodes the moments of a run make, and its batches and their sums.
struct SamplesSizes {
  size_t nodes = 0, batches = 0, sums = 0;
};
template <class T>
SamplesSizes sizes_of(const SamplesCall<T>& call, int source);

// A shard starts at a multiple of this many samples.
uint64_t samples_grain(bool both, bool antithetic, size_t components_p, size_t components_q);

// value += share * estimate, variance += share^2 * its variance, of each pair, from the moments of nodes with
// counts[node, k] observations of stratum k.
void fold_nodes(size_t nodes, size_t pairs, size_t components, const uint64_t* counts, const Moments* moments,
                const double* weights, const double* expected, double share, double* value, double* variance);

}  // namespace fastdiv
