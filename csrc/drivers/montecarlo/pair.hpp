// One pair of mixtures on its way from parameters to an estimate.
#pragma once
#include <memory>

#include "drivers/montecarlo/constants.hpp"
#include "drivers/montecarlo/gradient.hpp"
#include "drivers/montecarlo/nodes.hpp"

namespace fastdiv {

// The samples of one source.
template <class T>
struct SourceWork {
  const SourcePlan& plan;
  StrataMemory<T> memory;
  SamplesJob<T> job;
  Forest forest;
  std::vector<double> expected;  // of the control variate, by stratum
};

template <class T>
class Pair {
 public:
  Pair(const SamplesCall<T>& call, const std::vector<SourcePlan>& plans, size_t pair)
      : p_(call.mixture[0], call.dimension, pair), q_(call.mixture[1], call.dimension, pair) {
    std::vector<MixtureView<T>*> mixtures = {&p_, &q_};
    if (call.options.control_variate)
      for (int m = 0; m < 2; ++m) {
        surrogates_[m] = std::make_unique<Surrogate<T>>(*mixtures[static_cast<size_t>(m)]);
        mixtures.push_back(&surrogates_[m]->view);
      }
    const double shift = -p_.log_determinant(0);
    memory_.reserve(mixtures.size());
    for (const MixtureView<T>* m : mixtures) memory_.emplace_back(*m, shift);
    sources.reserve(plans.size());
    for (const SourcePlan& plan : plans) add_source(call, plan, mixtures);
  }
  Pair(const Pair&) = delete;

  const MixtureView<T>& mixture(int m) const { return m == 0 ? p_ : q_; }

  std::vector<SourceWork<T>> sources;

 private:
  void add_source(const SamplesCall<T>& call, const SourcePlan& plan, const std::vector<MixtureView<T>*>& mixtures) {
    const MixtureView<T>& source = mixture(plan.source);
    sources.push_back({plan, StrataMemory<T>(plan, source, mixtures), {}, Forest(source.components), {}});
    SourceWork<T>& work = sources.back();
    SamplesJob<T>& job = work.job;
    job.dimension = static_cast<int>(call.dimension);
    job.source = plan.source;
    job.mixtures = static_cast<int>(mixtures.size());
    for (size_t m = 0; m < mixtures.size(); ++m) job.mixture[m] = memory_[m].constants;
    job.strata = work.memory.strata.data();
    job.seed = call.options.seed;
    job.stream = plan.stream;
    job.antithetic = call.options.antithetic;
    job.weight[0] = static_cast<T>(call.options.weight);
    job.weight[1] = static_cast<T>(1 - call.options.weight);
    for (int m = 0; m < 2; ++m)
      job.direct[m] = call.wanted(m) && (call.options.score_term || !(m == plan.source || call.both));
    job.moved = call.wanted(plan.source);
    job.block = block_length(job);
    if (!call.options.control_variate) return;
    for (size_t k = 0; k < source.components; ++k)
      work.expected.push_back(expected_log_density(*mixtures[kSurrogateP], 0, source, k) -
                              expected_log_density(*mixtures[kSurrogateQ], 0, source, k));
  }

  // As long as the second cache has room.
  static int block_length(const SamplesJob<T>& job) {
    size_t bytes = kBlockBytesMost;
    while (bytes > 256 && block_rows(job) * bytes > kBlockMemory) bytes /= 2;
    return static_cast<int>(bytes / sizeof(T));
  }
  static constexpr size_t kBlockMemory = size_t{256} << 10;

  MixtureView<T> p_, q_;
  std::unique_ptr<Surrogate<T>> surrogates_[2];
  std::vector<MixtureMemory<T>> memory_;
};

}  // namespace fastdiv
