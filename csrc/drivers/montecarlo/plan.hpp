// How the samples of one source are cut: into leaves, groups of leaves for one task each, and batches of groups whose
// gradients are summed apart. All of it follows from sizes alone, never from the number of threads.
#pragma once
#include "drivers/montecarlo/call.hpp"

namespace fastdiv {

// Rough times, to cut work into tasks and segments: what a vector of samples takes, in nanoseconds.
constexpr double kTaskNanoseconds = 4e5;
constexpr double kSegmentNanoseconds = 2e7;
constexpr size_t kBatchesMost = 64;
// Fewer batches where the sums of one take more memory than this many doubles.
constexpr size_t kSumsOfManyBatches = 8192;

template <class T>
double nanoseconds_per_leaf(const SamplesCall<T>& call, size_t strata) {
  double d = static_cast<double>(call.dimension), work = 60 + 25 * d;
  bool gradient = call.wanted(0) || call.wanted(1);
  for (const GaussianMixture<T>& m : call.mixture) {
    double entries = m.triangular ? d * (d + 1) / 2 : d;
    work += static_cast<double>(m.components) * (20 + entries * (gradient ? 4 : 1));
  }
  double vectors = static_cast<double>(strata * rounds_of(strata)) * sizeof(T) / 64;
  return vectors * work * (sizeof(T) == 8 ? 0.5 : 0.4) * (call.options.antithetic ? 2 : 1);
}

struct SourcePlan {
  int source = 0;
  uint32_t stream = 0;
  double share = 1;
  uint64_t strata = 1;
  uint64_t observations = 0;  // of this run
  uint64_t first_leaf = 0, end_leaf = 0;
  uint64_t last_leaf_count = 0;  // observations of the last leaf
  int group_level = 0;           // 2^level leaves a group, counted from leaf 0
  uint64_t first_group = 0, end_group = 0;
  size_t batches = 1, sums = 0;

  uint64_t leaf_size() const { return strata * rounds_of(strata); }
  uint64_t observations_of(uint64_t leaf) const { return leaf + 1 == end_leaf ? last_leaf_count : leaf_size(); }
  bool is_complete(uint64_t leaf) const { return observations_of(leaf) == leaf_size(); }
  // Observations of stratum k in a leaf, and in the run.
  uint64_t of_stratum(uint64_t count, uint64_t k) const { return count > k ? (count - k + strata - 1) / strata : 0; }
};

template <class T>
size_t sums_size(const SamplesCall<T>& call, int source) {
  SamplesJob<T> job = {};
  job.dimension = static_cast<int>(call.dimension);
  job.source = source;
  for (int m = 0; m < 2; ++m) {
    bool sampled = m == source || call.both;
    job.mixture[m].components = static_cast<int>(call.mixture[m].components);
    job.mixture[m].form = call.mixture[m].triangular ? kTriangular : kDiagonal;
    job.direct[m] = call.wanted(m) && (call.options.score_term || !sampled);
  }
  job.moved = call.wanted(source);
  return gradient_size(job);
}

inline int floor_log2(uint64_t x) { return 63 - __builtin_clzll(x); }

template <class T>
SourcePlan make_plan(const SamplesCall<T>& call, int source) {
  SourcePlan plan;
  const uint64_t points = call.options.antithetic ? 2 : 1;
  plan.source = source;
  plan.stream = static_cast<uint32_t>(source);
  plan.share = !call.both ? 1 : source == 0 ? call.options.weight : 1 - call.options.weight;
  plan.strata = call.mixture[source].components;
  plan.observations = call.options.n_samples / points;
  plan.first_leaf = call.options.first_sample / points / plan.leaf_size();
  uint64_t leaves = (plan.observations + plan.leaf_size() - 1) / plan.leaf_size();
  plan.end_leaf = plan.first_leaf + leaves;
  plan.last_leaf_count = plan.observations - (leaves - 1) * plan.leaf_size();
  plan.sums = sums_size(call, source);
  size_t batches = plan.sums > kSumsOfManyBatches ? kBatchesMost / 4 : kBatchesMost;
  double longest = kTaskNanoseconds / nanoseconds_per_leaf(call, plan.strata);
  while (plan.group_level < 40 && static_cast<double>(uint64_t{2} << plan.group_level) <= longest &&
         leaves >> (plan.group_level + 1) >= 2 * batches)
    ++plan.group_level;
  plan.first_group = plan.first_leaf >> plan.group_level;
  plan.end_group = ((plan.end_leaf - 1) >> plan.group_level) + 1;
  uint64_t groups = plan.end_group - plan.first_group;
  plan.batches = groups < batches ? static_cast<size_t>(groups) : batches;
  return plan;
}

// How many nodes the leaves of a plan leave over.
inline size_t count_nodes(const SourcePlan& plan) {
  uint64_t leaf = plan.first_leaf, end = plan.end_leaf - (plan.is_complete(plan.end_leaf - 1) ? 0 : 1);
  size_t count = end < plan.end_leaf ? 1 : 0;
  for (; leaf < end; ++count) {
    int level = floor_log2(end - leaf);
    if (leaf != 0 && __builtin_ctzll(leaf) < level) level = __builtin_ctzll(leaf);
    leaf += uint64_t{1} << level;
  }
  return count;
}

}  // namespace fastdiv
