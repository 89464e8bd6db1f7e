// What one instruction set exports for Monte Carlo estimates: a kernel that draws and sums one leaf of samples.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "kernels/list.hpp"

namespace fastdiv {

// Samples are stratified: number i is drawn from component i mod K of its source. A leaf, the piece that sums are made
// of, has this many of each component.
constexpr int kRoundsMost = 256;
constexpr int kFewStrata = 8, kRoundsOfMany = 64;  // leaves of many components are large enough with fewer of each
constexpr uint64_t rounds_of(uint64_t strata) { return strata <= kFewStrata ? kRoundsMost : kRoundsOfMany; }
// Rows of a block of samples hold whole blocks of 256 bytes; this many floats or doubles at most.
constexpr int kBlockBytesMost = 1024;

constexpr int kSurrogateP = 2, kSurrogateQ = 3, kMixtures = 4;

enum GaussianForm : int { kDiagonal, kTriangular, kGaussianForms };

// A mixture of Gaussians as densities need it, in rows a component:
// log p(x) = log sum_j exp(log_scale[j] - |u_j|^2 / 2), u_j = L_j^-1 (x - mean_j).
template <class T>
struct MixtureConstants {
  int components = 0;
  GaussianForm form;          // what L is
  const T* log_scale;         // [K] log weight_j - log det L_j - a constant that all mixtures share
  const T* inverse;           // [K, D] 1 / L_aa
  const T* rows;              // [K, D (D - 1) / 2] L_ab / L_aa: b < a, by a (triangular)
  const T* columns;           // [K, D (D - 1) / 2] L_ba / L_aa: b > a, by a
  const uint8_t* weightless;  // [K] the weight is 0: only the gradient by it is of interest; log_scale is without it
};

// One component of a source, and where it lies seen from every component of every mixture.
template <class T>
struct Stratum {
  const T* scale;                  // L, row by row, or its diagonal
  const T* offset[kMixtures];      // [K, D] (mean - mean_j)_a / L_jaa
  const uint8_t* same[kMixtures];  // [K] mean and L are those of component j: u = z
  T factor;                        // of gradients
};

enum Estimator : int {
#define FASTDIV_ESTIMATOR_ENUM(name) m_##name,
  FASTDIV_MONTECARLO(FASTDIV_ESTIMATOR_ENUM)
#undef FASTDIV_ESTIMATOR_ENUM
      kEstimators
};

// What is drawn, and what is summed, for one pair of mixtures.
template <class T>
struct SamplesJob {
  int dimension;
  int source;    // the mixture that samples come from: 0 or 1
  int mixtures;  // 2, or with the control variate 4
  MixtureConstants<T> mixture[kMixtures];
  const Stratum<T>* strata;
  uint64_t seed;
  uint32_t stream;
  bool antithetic;
  T weight[2];     // of p and q in the mixture of the Jensen-Shannon divergence
  bool direct[2];  // gradients wanted of the log-densities
  bool moved;      // and by where the samples lie
  int block;       // length of the rows of a block
};

// Sums of a stratum's observations f (and control variates g): count times the mean, and about the mean.
struct Moments {
  double f, ff, g, gg, fg;
};

// Gradient sums of one leaf are added to `sums`, in this order: of p, then of q, each component's
// sum r c, sum r c u [D], sum r c u u^T [D or, row by row, D (D + 1) / 2], c = F'(d) factor, r its responsibility; then
// each stratum's sum g_x [D], sum g_x z^T, and sum f.
template <class T>
struct SamplesKernels {
  // Observations [first, first + count) of a leaf that starts at a multiple of K; by estimator and source, NULL where
  // q is not sampled.
  void (*leaf[kEstimators][2])(const SamplesJob<T>& job, uint64_t first, uint64_t count, T* scratch, Moments* moments,
                               double* sums);
};

struct SamplesTable {
  SamplesKernels<float> f32;
  SamplesKernels<double> f64;
};

// Numbers of one component's sums.
inline size_t scale_size(int form, size_t dimension) {
  return form == kTriangular ? dimension * (dimension + 1) / 2 : dimension;
}
template <class T>
size_t direct_size(const SamplesJob<T>& job, int mixture) {
  const MixtureConstants<T>& m = job.mixture[mixture];
  size_t d = static_cast<size_t>(job.dimension);
  return job.direct[mixture] ? static_cast<size_t>(m.components) * (1 + d + scale_size(m.form, d)) : 0;
}
template <class T>
size_t moved_size(const SamplesJob<T>& job) {
  size_t d = static_cast<size_t>(job.dimension);
  return job.moved ? d + scale_size(job.mixture[job.source].form, d) + 1 : 0;
}
template <class T>
size_t gradient_size(const SamplesJob<T>& job) {
  return direct_size(job, 0) + direct_size(job, 1) +
         moved_size(job) * static_cast<size_t>(job.mixture[job.source].components);
}

// A block's rows in scratch: z, y, g_x and a work row [D each], the samples' factors, then of each mixture its
// log-density and factor, and of each component a weight and u [D].
template <class T>
size_t block_rows(const SamplesJob<T>& job) {
  size_t d = static_cast<size_t>(job.dimension), rows = 4 * d + 1;
  for (int m = 0; m < job.mixtures; ++m) rows += 2 + static_cast<size_t>(job.mixture[m].components) * (1 + d);
  return rows;
}
// Behind them f and g of a stratum, and sums by lanes of 64 bytes.
template <class T>
size_t scratch_size(const SamplesJob<T>& job) {
  return block_rows(job) * static_cast<size_t>(job.block) + 2 * kRoundsMost +
         (direct_size(job, 0) + direct_size(job, 1) + moved_size(job)) * (64 / sizeof(T));
}

}  // namespace fastdiv
