// Mixtures of one pair in double: normalised weights, and the Gaussians that stand in for them as control variates.
#pragma once
#include <cmath>
#include <limits>
#include <vector>

#include "drivers/montecarlo/call.hpp"

namespace fastdiv {

// The parameters of one mixture where they lie.
template <class T>
struct MixtureView {
  size_t components, dimension;
  bool triangular;
  const T* mean;
  const T* scale;
  std::vector<double> weights, log_weights;

  MixtureView() = default;
  MixtureView(const GaussianMixture<T>& m, size_t dimension_, size_t pair)
      : components(m.components), dimension(dimension_), triangular(m.triangular) {
    size_t at = m.shared ? 0 : pair * components;
    mean = m.mean + at * dimension;
    scale = m.scale + at * m.scale_entries(dimension);
    set_weights(m.weights != nullptr ? m.weights + at : nullptr, m.logits);
  }

  const T* mean_of(size_t k) const { return mean + k * dimension; }
  const T* scale_of(size_t k) const { return scale + k * (triangular ? dimension * dimension : dimension); }
  double entry(size_t k, size_t a, size_t b) const {
    if (triangular) return static_cast<double>(scale_of(k)[a * dimension + b]);
    return a == b ? static_cast<double>(scale_of(k)[a]) : 0;
  }
  double log_determinant(size_t k) const {
    double sum = 0;
    for (size_t a = 0; a < dimension; ++a) sum += std::log(entry(k, a, a));
    return sum;
  }

 private:
  void set_weights(const T* given, bool logits) {
    weights.assign(components, 1 / static_cast<double>(components));
    log_weights.assign(components, -std::log(static_cast<double>(components)));
    if (given == nullptr) return;
    double largest = -std::numeric_limits<double>::infinity(), sum = 0;
    for (size_t k = 0; k < components; ++k) largest = std::fmax(largest, static_cast<double>(given[k]));
    for (size_t k = 0; k < components; ++k) {
      double x = static_cast<double>(given[k]);
      weights[k] = logits ? std::exp(x - largest) : x;
      log_weights[k] = logits ? x - largest : std::log(x);
      sum += weights[k];
    }
    for (size_t k = 0; k < components; ++k) {
      weights[k] /= sum;
      log_weights[k] = weights[k] > 0 ? log_weights[k] - std::log(sum) : -std::numeric_limits<double>::infinity();
    }
  }
};

// A = L^-1 R, both lower triangular, [D, D] row by row.
template <class T>
void solve_scale(const MixtureView<T>& left, size_t j, const MixtureView<T>& right, size_t k, double* a) {
  const size_t d = left.dimension;
  for (size_t column = 0; column < d; ++column)
    for (size_t row = 0; row < d; ++row) {
      double x = row >= column ? right.entry(k, row, column) : 0;
      for (size_t b = column; left.triangular && b < row; ++b) x -= left.entry(j, row, b) * a[b * d + column];
      a[row * d + column] = row >= column ? x / left.entry(j, row, row) : 0;
    }
}

// E (log N(x; component j of `left`) + D/2 log 2 pi) under component k of `right`:
// -(|L^-1 R|^2 + |L^-1 (m_k - m_j)|^2) / 2 - log det L
template <class T>
double expected_log_density(const MixtureView<T>& left, size_t j, const MixtureView<T>& right, size_t k) {
  const size_t d = left.dimension;
  std::vector<double> inner(d * d), offset(d);
  solve_scale(left, j, right, k, inner.data());
  double square = 0;
  for (double x : inner) square += x * x;
  for (size_t row = 0; row < d; ++row) {
    double x = static_cast<double>(right.mean_of(k)[row]) - static_cast<double>(left.mean_of(j)[row]);
    for (size_t b = 0; left.triangular && b < row; ++b) x -= left.entry(j, row, b) * offset[b];
    offset[row] = x / left.entry(j, row, row);
    square += offset[row] * offset[row];
  }
  return -0.5 * square - left.log_determinant(j);
}

// The Gaussian of a mixture's mean and covariance; of a Gaussian, itself.
template <class T>
class Surrogate {
 public:
  explicit Surrogate(const MixtureView<T>& mixture) {
    view = mixture;
    if (mixture.components == 1) return;
    const size_t d = mixture.dimension;
    std::vector<double> mean(d), covariance(d * d);
    for (size_t k = 0; k < mixture.components; ++k)
      for (size_t a = 0; a < d; ++a) mean[a] += mixture.weights[k] * static_cast<double>(mixture.mean_of(k)[a]);
    for (size_t k = 0; k < mixture.components; ++k) add_covariance(mixture, k, mean.data(), covariance.data());
    mean_.assign(mean.begin(), mean.end());
    factor(covariance.data(), d);
    view.components = 1;
    view.triangular = true;
    view.mean = mean_.data();
    view.scale = scale_.data();
    view.weights = {1};
    view.log_weights = {0};
  }
  Surrogate(const Surrogate&) = delete;

  MixtureView<T> view;

 private:
  static void add_covariance(const MixtureView<T>& m, size_t k, const double* mean, double* covariance) {
    const size_t d = m.dimension;
    for (size_t a = 0; a < d; ++a)
      for (size_t b = 0; b <= a; ++b) {
        double sum =
            (static_cast<double>(m.mean_of(k)[a]) - mean[a]) * (static_cast<double>(m.mean_of(k)[b]) - mean[b]);
        for (size_t c = 0; c <= b; ++c) sum += m.entry(k, a, c) * m.entry(k, b, c);
        covariance[a * d + b] += m.weights[k] * sum;
      }
  }

  // Cholesky's factor; where rounding leaves nothing on the diagonal, something small: any Gaussian would do.
  void factor(double* covariance, size_t d) {
    scale_.assign(d * d, 0);
    for (size_t a = 0; a < d; ++a)
      for (size_t b = 0; b <= a; ++b) {
        double x = covariance[a * d + b];
        for (size_t c = 0; c < b; ++c) x -= covariance[a * d + c] * covariance[b * d + c];
        if (a == b) x = std::sqrt(std::fmax(x, 1e-6 * covariance[a * d + a]));
        covariance[a * d + b] = a == b ? x : x / covariance[b * d + b];
        scale_[a * d + b] = static_cast<T>(covariance[a * d + b]);
      }
  }

  std::vector<T> mean_, scale_;
};

}  // namespace fastdiv
