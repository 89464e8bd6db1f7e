// What the kernels need of a pair of mixtures, computed in double and rounded once.
#pragma once
#include <cstring>
#include <limits>

#include "drivers/montecarlo/mixture.hpp"
#include "drivers/montecarlo/plan.hpp"

namespace fastdiv {

// Finite, so that nothing is multiplied by inf: what is so far away has no density.
template <class T>
T rounded(double x) {
  constexpr double kMost = static_cast<double>(std::numeric_limits<T>::max()) / 16;
  return static_cast<T>(x < -kMost ? -kMost : x > kMost ? kMost : x);
}

// Of one mixture; `shift` is taken from all log-densities.
template <class T>
class MixtureMemory {
 public:
  MixtureMemory(const MixtureView<T>& m, double shift) {
    const size_t count = m.components, d = m.dimension, pairs = m.triangular ? d * (d - 1) / 2 : 0;
    numbers_.resize(count * (1 + d + 2 * pairs));
    weightless_.resize(count);
    T *log_scale = numbers_.data(), *inverse = log_scale + count, *rows = inverse + count * d,
      *columns = rows + count * pairs;
    constants = {static_cast<int>(count), m.triangular ? kTriangular : kDiagonal, log_scale, inverse, rows, columns,
                 weightless_.data()};
    for (size_t j = 0; j < count; ++j) {
      weightless_[j] = m.weights[j] == 0;
      log_scale[j] = static_cast<T>((weightless_[j] ? 0 : m.log_weights[j]) - m.log_determinant(j) - shift);
      for (size_t a = 0; a < d; ++a) {
        double diagonal = m.entry(j, a, a);
        *inverse++ = rounded<T>(1 / diagonal);
        for (size_t b = 0; m.triangular && b < a; ++b) *rows++ = rounded<T>(-m.entry(j, a, b) / diagonal);
        for (size_t b = a + 1; m.triangular && b < d; ++b) *columns++ = rounded<T>(-m.entry(j, b, a) / diagonal);
      }
    }
  }
  MixtureMemory(MixtureMemory&&) = default;

  MixtureConstants<T> constants;

 private:
  std::vector<T> numbers_;
  std::vector<uint8_t> weightless_;
};

// The strata of one source.
template <class T>
class StrataMemory {
 public:
  StrataMemory(const SourcePlan& plan, const MixtureView<T>& source, const std::vector<MixtureView<T>*>& mixtures) {
    const size_t d = source.dimension, scale = scale_size(source.triangular ? kTriangular : kDiagonal, d);
    size_t components = 0;
    for (const MixtureView<T>* m : mixtures) components += m->components;
    strata.resize(source.components);
    numbers_.resize(source.components * (scale + components * d));
    same_.resize(source.components * components);
    T* number = numbers_.data();
    uint8_t* same = same_.data();
    for (size_t k = 0; k < source.components; ++k) {
      Stratum<T>& stratum = strata[k];
      stratum.scale = number;
      for (size_t a = 0; a < d; ++a)
        for (size_t b = source.triangular ? 0 : a; b <= a; ++b) *number++ = static_cast<T>(source.entry(k, a, b));
      for (size_t m = 0; m < mixtures.size(); ++m) {
        stratum.offset[m] = number;
        stratum.same[m] = same;
        for (size_t j = 0; j < mixtures[m]->components; ++j) {
          *same++ = is_same(source, k, *mixtures[m], j);
          for (size_t a = 0; a < d; ++a) *number++ = offset(source, k, *mixtures[m], j, a);
        }
      }
      // Strata may differ by one observation: each counts with its own number.
      double rounds = static_cast<double>(plan.observations) / static_cast<double>(plan.strata);
      stratum.factor = static_cast<T>(plan.share * source.weights[k] * rounds /
                                      static_cast<double>(plan.of_stratum(plan.observations, k)));
    }
  }

  std::vector<Stratum<T>> strata;

 private:
  static T offset(const MixtureView<T>& source, size_t k, const MixtureView<T>& m, size_t j, size_t a) {
    double difference = static_cast<double>(source.mean_of(k)[a]) - static_cast<double>(m.mean_of(j)[a]);
    return rounded<T>(difference / m.entry(j, a, a));
  }

  static bool is_same(const MixtureView<T>& a, size_t k, const MixtureView<T>& b, size_t j) {
    size_t entries = a.triangular ? a.dimension * a.dimension : a.dimension;
    return a.triangular == b.triangular && std::memcmp(a.mean_of(k), b.mean_of(j), a.dimension * sizeof(T)) == 0 &&
           std::memcmp(a.scale_of(k), b.scale_of(j), entries * sizeof(T)) == 0;
  }

  std::vector<T> numbers_;
  std::vector<uint8_t> same_;
};

}  // namespace fastdiv
