// Monte Carlo estimates: cuts the samples of each pair into groups of leaves, lets threads sum them, and joins what
// they found in an order that depends on sizes alone.
#include <algorithm>
#include <cmath>

#include "dispatch.hpp"
#include "drivers/chunks.hpp"
#include "drivers/montecarlo/pair.hpp"

namespace fastdiv {
namespace {

// Below this the work is done before a second thread would have woken up.
constexpr double kSerialNanoseconds = 3e4;
constexpr size_t kPairsMost = 256;

template <class T>
T* leaf_scratch(size_t size) {
  thread_local std::unique_ptr<T[]> memory;
  thread_local size_t capacity = 0;
  if (capacity < size + 64) {
    memory.reset(new T[size + 64]);
    capacity = size + 64;
  }
  // Rows start at lines of the cache.
  return memory.get() + (64 - reinterpret_cast<uintptr_t>(memory.get()) % 64) / sizeof(T) % (64 / sizeof(T));
}

template <class T>
class Estimation {
 public:
  explicit Estimation(const SamplesCall<T>& call) : call_(call), kernels_(samples_kernels_of<T>(kernels())) {
    for (int source = 0; source < (call.both ? 2 : 1); ++source) plans_.push_back(make_plan(call, source));
    for (const SourcePlan& plan : plans_)
      pair_nanoseconds_ +=
          nanoseconds_per_leaf(call, plan.strata) * static_cast<double>(plan.end_leaf - plan.first_leaf);
    // With all of the weight on one of them both are their mixture: the divergence is 0.
    if (call.both && (call.options.weight == 0 || call.options.weight == 1)) nothing_ = true;
  }

  void run() {
    double fit = kSegmentNanoseconds / pair_nanoseconds_;
    size_t step = fit < 1 ? 1 : fit < kPairsMost ? static_cast<size_t>(fit) : kPairsMost;
    for (size_t begin = 0; begin < call_.pairs; begin += step) run(begin, std::min(begin + step, call_.pairs));
  }

 private:
  void run(size_t begin, size_t end) {
    const size_t count = end - begin;
    const bool serial = pair_nanoseconds_ * static_cast<double>(count) < kSerialNanoseconds;
    std::vector<std::unique_ptr<Pair<T>>> pairs(count);
    for_each(serial, count, [&](size_t i) { pairs[i] = std::make_unique<Pair<T>>(call_, plans_, begin + i); });
    std::vector<double> own[2];
    double* batches[2] = {};
    for (size_t s = 0; s < plans_.size(); ++s) {
      batches[s] = empty_batches(s, begin, count, &own[s]);
      if (!nothing_) sample(s, serial, begin, pairs, batches[s]);
    }
    for_each(serial, count, [&](size_t i) { finish(*pairs[i], begin + i, i, batches); });
  }

  // The sums of the pairs' batches, where the caller keeps them or in `own`; NULL: no gradient.
  double* empty_batches(size_t s, size_t begin, size_t count, std::vector<double>* own) const {
    const size_t size = plans_[s].batches * plans_[s].sums;
    if (size == 0) return nullptr;
    if (call_.record.batches[s] == nullptr) {
      own->assign(count * size, 0.0);
      return own->data();
    }
    double* batches = call_.record.batches[s] + begin * size;
    std::fill_n(batches, count * size, 0.0);
    return batches;
  }

  template <class Task>
  static void for_each(bool serial, size_t count, const Task& task) {
    if (serial)
      serial_for(count, task);
    else
      parallel_for(count, task);
  }

  // A segment is at most a group for each batch, so that no two tasks add to the same sums, and not too long.
  void sample(size_t s, bool serial, size_t begin, std::vector<std::unique_ptr<Pair<T>>>& pairs, double* batches) {
    const SourcePlan& plan = plans_[s];
    double group_nanoseconds =
        nanoseconds_per_leaf(call_, plan.strata) * static_cast<double>(uint64_t{1} << plan.group_level);
    double fit = kSegmentNanoseconds * num_threads() / (group_nanoseconds * static_cast<double>(pairs.size()));
    const uint64_t step = fit < 1 ? 1 : std::min<uint64_t>(plan.batches, static_cast<uint64_t>(fit));
    for (uint64_t group = plan.first_group; group < plan.end_group; group += step) {
      const size_t groups = static_cast<size_t>(std::min(step, plan.end_group - group));
      std::vector<Forest> found(pairs.size() * groups, Forest(plan.strata));
      for_each(serial, found.size(), [&](size_t task) {
        size_t pair = task / groups;
        uint64_t own = group + task % groups, batch = (own - plan.first_group) % plan.batches;
        double* sums = batches == nullptr ? nullptr : batches + (pair * plan.batches + batch) * plan.sums;
        sum_group(plan, pairs[pair]->sources[s].job, own, &found[task], sums);
      });
      for (size_t task = 0; task < found.size(); ++task) pairs[task / groups]->sources[s].forest.push(found[task]);
      report(s, begin, pairs.size(),
             static_cast<double>(group + groups - plan.first_group) /
                 static_cast<double>(plan.end_group - plan.first_group));
    }
  }

  void sum_group(const SourcePlan& plan, const SamplesJob<T>& job, uint64_t group, Forest* forest, double* sums) const {
    const auto leaf_kernel = kernels_.leaf[call_.estimator][plan.source];
    const uint64_t width = uint64_t{1} << plan.group_level;
    const uint64_t first = std::max(group * width, plan.first_leaf), end = std::min((group + 1) * width, plan.end_leaf);
    T* scratch = leaf_scratch<T>(scratch_size(job));
    std::vector<Moments> moments(plan.strata);
    for (uint64_t leaf = first; leaf < end; ++leaf) {
      std::fill(moments.begin(), moments.end(), Moments{});
      leaf_kernel(job, leaf * plan.leaf_size(), plan.observations_of(leaf), scratch, moments.data(), sums);
      forest->push({0, leaf, plan.is_complete(leaf)}, moments.data());
    }
  }

  // What is done so far, in samples.
  void report(size_t s, size_t begin, size_t pairs, double part) const {
    if (call_.options.progress == nullptr) return;
    const double sources = static_cast<double>(plans_.size());
    double share = (static_cast<double>(s) + part) / sources * static_cast<double>(pairs) + static_cast<double>(begin);
    share /= static_cast<double>(call_.pairs);
    uint64_t total = call_.options.n_samples;
    uint64_t done = share >= 1 ? total : static_cast<uint64_t>(share * static_cast<double>(total));
    if (call_.options.progress(call_.options.context, done, total) != 0) throw Interrupted();
  }

  void finish(const Pair<T>& pair, size_t index, size_t place, double* const* batches) const {
    double value = 0, variance = 0;
    for (size_t s = 0; s < plans_.size(); ++s) {
      const SourceWork<T>& work = pair.sources[s];
      const Forest& forest = work.forest;
      const std::vector<double>& weights = pair.mixture(work.plan.source).weights;
      std::vector<uint64_t> counts(forest.size() * work.plan.strata);
      for (size_t i = 0; i < forest.size(); ++i)
        for (uint64_t k = 0; k < work.plan.strata; ++k)
          counts[i * work.plan.strata + k] = forest.node(i).complete
                                                 ? rounds_of(work.plan.strata) << forest.node(i).level
                                                 : work.plan.of_stratum(work.plan.last_leaf_count, k);
      const double* expected = work.expected.empty() ? nullptr : work.expected.data();
      fold_nodes(forest.size(), 1, work.plan.strata, counts.data(), forest.moments(0), weights.data(), expected,
                 work.plan.share, &value, &variance);
      keep(work, weights, index, s);
    }
    if (call_.value != nullptr) call_.value[index] = value;
    if (call_.standard_error != nullptr) call_.standard_error[index] = std::sqrt(variance);
    if (call_.wanted(0) || call_.wanted(1)) write_gradients(pair, index, place, batches);
  }

  void keep(const SourceWork<T>& work, const std::vector<double>& weights, size_t index, size_t s) const {
    const size_t strata = work.plan.strata;
    const SamplesRecord& record = call_.record;
    for (size_t i = 0; record.nodes[s] != nullptr && nothing_ && i < count_nodes(work.plan); ++i)
      std::fill_n(record.nodes[s] + (i * call_.pairs + index) * strata, strata, Moments{});
    for (size_t i = 0; record.nodes[s] != nullptr && i < work.forest.size(); ++i)
      std::copy_n(work.forest.moments(i), strata, record.nodes[s] + (i * call_.pairs + index) * strata);
    if (record.weights[s] != nullptr) std::copy_n(weights.data(), strata, record.weights[s] + index * strata);
    if (record.expected[s] != nullptr && !work.expected.empty())
      std::copy_n(work.expected.data(), strata, record.expected[s] + index * strata);
  }

  void write_gradients(const Pair<T>& pair, size_t index, size_t place, double* const* batches) const {
    const MixtureView<T>* mixtures[2] = {&pair.mixture(0), &pair.mixture(1)};
    GradientSums p(*mixtures[0]), q(*mixtures[1]);
    GradientSums* gradients[2] = {&p, &q};
    std::vector<double> total;
    for (size_t s = 0; s < plans_.size() && !nothing_; ++s) {
      const SourcePlan& plan = plans_[s];
      if (plan.sums == 0) continue;
      const double* from = batches[s] + place * plan.batches * plan.sums;
      total.assign(from, from + plan.sums);
      for (size_t batch = 1; batch < plan.batches; ++batch)
        for (size_t i = 0; i < plan.sums; ++i) total[i] += from[batch * plan.sums + i];
      double rounds = static_cast<double>(plan.observations) / static_cast<double>(plan.strata);
      add_sums(call_, plan, mixtures, total.data(), rounds, true, gradients);
    }
    for (int m = 0; m < 2; ++m)
      if (call_.wanted(m)) write_gradient(*mixtures[m], call_.mixture[m], call_.gradient[m], gradients[m], index);
  }

  static void write_gradient(const MixtureView<T>& view, const GaussianMixture<T>& mixture,
                             const MixtureGradient<T>& to, GradientSums* gradient, size_t index) {
    auto write = [&](const std::vector<double>& from, T* out) {
      for (size_t i = 0; i < from.size(); ++i) out[index * from.size() + i] = static_cast<T>(from[i]);
    };
    write(gradient->mean, to.mean);
    write(gradient->scale, to.scale);
    if (to.weights == nullptr) return;
    normalize_weights(view, mixture.logits, gradient->weights.data());
    write(gradient->weights, to.weights);
  }

  const SamplesCall<T>& call_;
  const SamplesKernels<T>& kernels_;
  std::vector<SourcePlan> plans_;
  double pair_nanoseconds_ = 0;
  bool nothing_ = false;
};

}  // namespace

template <class T>
bool samples_both(Estimator estimator) {
  return samples_kernels_of<T>(kernels()).leaf[estimator][1] != nullptr;
}

template <class T>
void estimate(const SamplesCall<T>& call) {
  Estimation<T>(call).run();
}

template <class T>
SamplesSizes sizes_of(const SamplesCall<T>& call, int source) {
  SourcePlan plan = make_plan(call, source);
  return {count_nodes(plan), plan.batches, plan.sums};
}

uint64_t samples_grain(bool both, bool antithetic, size_t components_p, size_t components_q) {
  uint64_t p = components_p * rounds_of(components_p), q = both ? components_q * rounds_of(components_q) : p;
  uint64_t divisor = p;
  for (uint64_t rest = q; rest != 0;) {
    divisor %= rest;
    std::swap(divisor, rest);
  }
  return p / divisor * q * (antithetic ? 2 : 1);
}

void fold_nodes(size_t nodes, size_t pairs, size_t components, const uint64_t* counts, const Moments* moments,
                const double* weights, const double* expected, double share, double* value, double* variance) {
  for (size_t pair = 0; pair < pairs; ++pair)
    for (size_t k = 0; k < components; ++k) {
      const double weight = weights[pair * components + k];
      if (weight == 0 || nodes == 0) continue;
      Moments all = {};
      double n = 0;
      for (size_t i = 0; i < nodes; ++i) {
        const double more = static_cast<double>(counts[i * components + k]);
        if (more == 0) continue;
        const Moments& each = moments[(i * pairs + pair) * components + k];
        if (n == 0) {
          all = each;
        } else {
          double df = each.f / more - all.f / n, dg = each.g / more - all.g / n, both = n * (more / (n + more));
          all = {all.f + each.f, (all.ff + each.ff) + df * df * both, all.g + each.g,
                 (all.gg + each.gg) + dg * dg * both, (all.fg + each.fg) + df * dg * both};
        }
        n += more;
      }
      double mean = all.f / n, square = all.ff, freedom = n - 1, of_mean = 1 / n;
      double slope = all.gg > 0 ? all.fg / all.gg : 0;
      if (expected != nullptr && slope != 0 && std::isfinite(slope)) {
        // The line fitted to (g, f), read off where g is expected: it has two parameters, and its slope errs, too.
        double distance = all.g / n - expected[pair * components + k];
        mean -= slope * distance;
        square = std::fmax(square - slope * all.fg, 0);
        freedom = n - 2;
        of_mean += distance * (distance / all.gg);
      }
      // Where an observation is infinite nothing is known of the spread, nor of that about a line through two.
      if (!std::isfinite(all.ff) || freedom == 0) square = std::numeric_limits<double>::infinity();
      value[pair] += share * weight * mean;
      variance[pair] += share * weight * (share * weight) * (square / freedom * of_mean);
    }
}

#define FASTDIV_INSTANTIATE(T)                   \
  template bool samples_both<T>(Estimator);      \
  template void estimate(const SamplesCall<T>&); \
  template SamplesSizes sizes_of(const SamplesCall<T>&, int);
FASTDIV_INSTANTIATE(float)
FASTDIV_INSTANTIATE(double)

}  // namespace fastdiv
