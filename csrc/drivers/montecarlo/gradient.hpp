// From the sums that the kernels take to gradients: L^-T is multiplied once, weights are normalised.
//
//   by m_j: L^-T sum w u;   by L_j: lower triangle of L^-T (sum w u u^T - 1 sum w);   by w_j: sum w / w_j, and for a
//   source's weight its stratum's mean of F; then g - sum w g, of weights that are divided by their sum, and by logits
//   w times that
#pragma once
#include "drivers/montecarlo/mixture.hpp"
#include "drivers/montecarlo/plan.hpp"

namespace fastdiv {

// The gradient by one mixture, in double, before weights are normalised.
struct GradientSums {
  std::vector<double> weights, mean, scale;

  template <class T>
  explicit GradientSums(const MixtureView<T>& m)
      : weights(m.components),
        mean(m.components * m.dimension),
        scale(m.components * (m.triangular ? m.dimension * m.dimension : m.dimension)) {}
};

// x = L^-T x
template <class T>
void solve_transposed(const MixtureView<T>& m, size_t j, double* x, size_t from, size_t step) {
  for (size_t a = m.dimension; a-- > from;) {
    double sum = x[a * step];
    for (size_t b = a + 1; m.triangular && b < m.dimension; ++b) sum -= m.entry(j, b, a) * x[b * step];
    x[a * step] = sum / m.entry(j, a, a);
  }
}

// Adds factor times what the sums of one component's responsibilities make.
template <class T>
void add_direct(const MixtureView<T>& m, size_t j, const double* sums, double factor, GradientSums* gradient) {
  const size_t d = m.dimension;
  const double whole = sums[0], *first = sums + 1, *second = first + d;
  gradient->weights[j] += factor * (m.weights[j] > 0 ? whole / m.weights[j] : whole);
  if (m.weights[j] == 0) return;
  std::vector<double> work(first, first + d), square;
  solve_transposed(m, j, work.data(), 0, 1);
  for (size_t a = 0; a < d; ++a) gradient->mean[j * d + a] += factor * work[a];
  if (!m.triangular) {
    for (size_t a = 0; a < d; ++a) gradient->scale[j * d + a] += factor * ((second[a] - whole) / m.entry(j, a, a));
    return;
  }
  square.resize(d * d);
  for (size_t a = 0; a < d; ++a)
    for (size_t b = 0; b <= a; ++b) {
      double x = *second++ - (a == b ? whole : 0);
      square[a * d + b] = square[b * d + a] = x;
    }
  for (size_t column = 0; column < d; ++column) {
    solve_transposed(m, j, square.data() + column, column, d);
    for (size_t a = column; a < d; ++a) gradient->scale[(j * d + a) * d + column] += factor * square[a * d + column];
  }
}

template <class T>
void add_moved(const MixtureView<T>& m, size_t k, const double* sums, double factor, double value_factor,
               GradientSums* gradient) {
  const size_t d = m.dimension;
  for (size_t a = 0; a < d; ++a) gradient->mean[k * d + a] += factor * *sums++;
  for (size_t a = 0; a < d; ++a)
    for (size_t b = 0; m.triangular && b <= a; ++b) gradient->scale[(k * d + a) * d + b] += factor * *sums++;
  for (size_t a = 0; !m.triangular && a < d; ++a) gradient->scale[k * d + a] += factor * *sums++;
  gradient->weights[k] += value_factor * *sums;
}

// Adds what one source's sums say to the gradients by both mixtures. They are of `rounds` observations of each stratum,
// or, of the whole run, of the plan's.
template <class T>
void add_sums(const SamplesCall<T>& call, const SourcePlan& plan, const MixtureView<T>* const* mixtures,
              const double* sums, double rounds, bool whole, GradientSums* const* gradients) {
  const size_t d = call.dimension;
  for (int m = 0; m < 2; ++m) {
    bool sampled = m == plan.source || call.both;
    if (!call.wanted(m) || (sampled && !call.options.score_term)) continue;
    const MixtureView<T>& mixture = *mixtures[m];
    size_t size = 1 + d + scale_size(mixture.triangular ? kTriangular : kDiagonal, d);
    for (size_t j = 0; j < mixture.components; ++j, sums += size)
      add_direct(mixture, j, sums, (m == 0 ? 1 : -1) / rounds, gradients[m]);
  }
  if (!call.wanted(plan.source)) return;
  const MixtureView<T>& mixture = *mixtures[plan.source];
  size_t size = d + scale_size(mixture.triangular ? kTriangular : kDiagonal, d) + 1;
  for (size_t k = 0; k < mixture.components; ++k, sums += size) {
    double own = whole ? static_cast<double>(plan.of_stratum(plan.observations, k)) : rounds;
    add_moved(mixture, k, sums, 1 / rounds, plan.share / own, gradients[plan.source]);
  }
}

// Gradients by weights that are divided by their sum, or by logits. What is infinite stays so.
template <class T>
void normalize_weights(const MixtureView<T>& m, bool logits, double* gradient) {
  double mean = 0;
  for (size_t k = 0; k < m.components; ++k)
    if (m.weights[k] > 0) mean += m.weights[k] * gradient[k];
  if (std::isnan(mean)) mean = 0;  // infinite in both directions
  for (size_t k = 0; k < m.components; ++k) {
    if (std::isfinite(gradient[k])) gradient[k] -= mean;
    if (logits) gradient[k] = m.weights[k] > 0 ? m.weights[k] * gradient[k] : 0;
  }
}

}  // namespace fastdiv
