// Standard errors of gradients, from the spread between the batches of a run.
#include <cmath>
#include <limits>

#include "drivers/montecarlo/gradient.hpp"

namespace fastdiv {
namespace {

// Observations of each batch, for each stratum.
std::vector<double> rounds_of_batches(const SourcePlan& plan) {
  std::vector<double> rounds(plan.batches);
  for (uint64_t group = plan.first_group; group < plan.end_group; ++group) {
    uint64_t first = group << plan.group_level, end = (group + 1) << plan.group_level;
    if (first < plan.first_leaf) first = plan.first_leaf;
    if (end > plan.end_leaf) end = plan.end_leaf;
    double whole = static_cast<double>((end - first) * rounds_of(plan.strata));
    if (end == plan.end_leaf)
      whole -= static_cast<double>(plan.leaf_size() - plan.last_leaf_count) / static_cast<double>(plan.strata);
    rounds[(group - plan.first_group) % plan.batches] += whole;
  }
  return rounds;
}

template <class T>
class Errors {
 public:
  Errors(const SamplesCall<T>& call, size_t pair)
      : call_(call),
        views_{MixtureView<T>(call.mixture[0], call.dimension, pair),
               MixtureView<T>(call.mixture[1], call.dimension, pair)} {
    for (int m = 0; m < 2; ++m) {
      GradientSums sizes(views_[m]);
      squares_[m] = {std::vector<double>(sizes.weights.size()), std::vector<double>(sizes.mean.size()),
                     std::vector<double>(sizes.scale.size())};
    }
    for (int source = 0; source < (call.both ? 2 : 1); ++source) add_source(source, pair);
    for (int m = 0; m < 2; ++m) write(m, pair);
  }

 private:
  struct Fields {
    std::vector<double> weights, mean, scale;
  };

  void add_source(int source, size_t pair) {
    const SourcePlan plan = make_plan(call_, source);
    if (plan.sums == 0) return;
    const std::vector<double> rounds = rounds_of_batches(plan);
    const double all = static_cast<double>(plan.observations) / static_cast<double>(plan.strata);
    std::vector<double> shares;
    std::vector<std::vector<double>> fields[2][3];
    for (size_t batch = 0; batch < plan.batches; ++batch) {
      GradientSums p(views_[0]), q(views_[1]);
      GradientSums* gradients[2] = {&p, &q};
      const MixtureView<T>* views[2] = {&views_[0], &views_[1]};
      const double* sums = call_.record.batches[source] + (pair * plan.batches + batch) * plan.sums;
      add_sums(call_, plan, views, sums, rounds[batch], false, gradients);
      shares.push_back(rounds[batch] / all);
      for (int m = 0; m < 2; ++m) {
        normalize_weights(views_[m], call_.mixture[m].logits, gradients[m]->weights.data());
        fields[m][0].push_back(gradients[m]->weights);
        fields[m][1].push_back(gradients[m]->mean);
        fields[m][2].push_back(gradients[m]->scale);
      }
    }
    for (int m = 0; m < 2; ++m) {
      std::vector<double>* squares[3] = {&squares_[m].weights, &squares_[m].mean, &squares_[m].scale};
      for (int field = 0; field < 3; ++field) add_variance(fields[m][field], shares, squares[field]);
    }
  }

  static void add_variance(const std::vector<std::vector<double>>& batches, const std::vector<double>& shares,
                           std::vector<double>* squares) {
    const double count = static_cast<double>(batches.size());
    for (size_t i = 0; i < squares->size(); ++i) {
      double mean = 0, sum = 0;
      for (size_t b = 0; b < batches.size(); ++b) mean += shares[b] * batches[b][i];
      for (size_t b = 0; b < batches.size(); ++b) {
        double distance = shares[b] * (batches[b][i] - mean);
        sum += distance * distance;
      }
      (*squares)[i] += count > 1 ? sum * (count / (count - 1)) : std::numeric_limits<double>::infinity();
    }
  }

  void write(int m, size_t pair) const {
    if (!call_.wanted(m)) return;
    auto roots = [&](const std::vector<double>& squares, T* out) {
      for (size_t i = 0; i < squares.size(); ++i)
        out[pair * squares.size() + i] = static_cast<T>(std::sqrt(squares[i]));
    };
    roots(squares_[m].mean, call_.gradient[m].mean);
    roots(squares_[m].scale, call_.gradient[m].scale);
    const size_t d = call_.dimension;
    T* scale = call_.gradient[m].scale + pair * squares_[m].scale.size();
    for (size_t i = 0; views_[m].triangular && i < squares_[m].scale.size(); ++i)
      if (i % d > i / d % d) scale[i] = 0;  // no parameter
    if (call_.gradient[m].weights != nullptr) roots(squares_[m].weights, call_.gradient[m].weights);
  }

  const SamplesCall<T>& call_;
  MixtureView<T> views_[2];
  Fields squares_[2];
};

}  // namespace

template <class T>
void estimate_gradient_errors(const SamplesCall<T>& call) {
  for (size_t pair = 0; pair < call.pairs; ++pair) Errors<T>(call, pair);
}

template void estimate_gradient_errors(const SamplesCall<float>&);
template void estimate_gradient_errors(const SamplesCall<double>&);

}  // namespace fastdiv
