// Measures of one row of logits in long double, by their definitions: slow and obvious. What fuzz_logits.hpp compares
// with, and by how much results may differ from it.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <vector>

typedef long double Wide;
#ifdef __SIZEOF_FLOAT128__
__extension__ typedef __float128 Widest;
#else
typedef long double Widest;
#endif

struct LogitsOptions {
  double temperature, weight;
};

// One measure of softmax(x / temperature) and softmax(y / temperature); y is empty for measures of one row.
class LogitsReference {
 public:
  bool undefined = false;  // the value is NaN
  bool infinite = false;
  Wide value = 0;
  Wide magnitude = 0;   // the sum of the terms' magnitudes
  Wide doubt = 0;       // what rounding does to this reference's logarithms
  Wide logarithms = 0;  // the largest of them
  std::vector<Wide> gradient[2];
  Wide cancels[2] = {0, 0};  // the largest part of a gradient that centring takes away again

  LogitsReference(const char* measure, const std::vector<double>& x, const std::vector<double>& y,
                  LogitsOptions options)
      : temperature_(options.temperature), weight_(options.weight), x_(x), y_(y) {
    for (const std::vector<double>* logits : {&x, &y})
      if (!logits->empty() && !has_distribution(*logits)) undefined = true;
    if (undefined || x.empty()) return;
    log_p_ = log_softmax(x, &log_sum_p_);
    if (!y.empty()) log_q_ = log_softmax(y, &log_sum_q_);
    gradient[0].assign(x.size(), 0);
    gradient[1].assign(y.size(), 0);
    if (std::strcmp(measure, "entropy") == 0) entropy();
    if (std::strcmp(measure, "cross_entropy") == 0) cross_entropy();
    if (std::strcmp(measure, "kl_divergence") == 0) kl_divergence();
    if (std::strcmp(measure, "js_divergence") == 0) js_divergence();
  }

  void print() const {
    for (size_t i = 0; i < x_.size() && i < 200; ++i)
      std::fprintf(stderr, "%zu: %a %a\n", i, x_[i], y_.empty() ? 0 : y_[i]);
  }

 private:
  static constexpr Wide kInfinity = std::numeric_limits<Wide>::infinity();

  static bool has_distribution(const std::vector<double>& logits) {
    bool finite = false;
    for (double x : logits) {
      if (std::isnan(x) || x == std::numeric_limits<double>::infinity()) return false;
      finite |= std::isfinite(x);
    }
    return finite;
  }

  static Wide largest(const std::vector<double>& logits) {
    Wide result = -kInfinity;
    for (double x : logits) result = std::fmax(result, Wide(x));
    return result;
  }

  std::vector<Wide> log_softmax(const std::vector<double>& logits, Wide* log_sum) const {
    std::vector<Wide> result(logits.size());
    Wide top = largest(logits), others = 0, lost = 0;
    // The largest one stays apart: where it has nearly all, its logarithm is the sum of the others.
    size_t first = std::find(logits.begin(), logits.end(), static_cast<double>(top)) - logits.begin();
    for (size_t i = 0; i < logits.size(); ++i) {
      result[i] = (logits[i] - top) / temperature_;
      Wide term = (i == first ? 0 : std::exp(result[i])) - lost, next = others + term;
      lost = (next - others) - term;
      others = next;
    }
    *log_sum = std::log1p(others);
    for (Wide& each : result) each -= *log_sum;
    return result;
  }

  // log(p / q) where both are positive: through the difference of the logits, which loses least.
  Wide log_ratio(size_t i) {
    Wide tops = largest(x_) - largest(y_), difference = Wide(x_[i]) - y_[i], sums = log_sum_p_ - log_sum_q_;
    if (std::exp(log_p_[i]) > 0) allow_for((std::fabs(tops) + std::fabs(difference)) / temperature_);
    allow_for(1 + std::fabs(log_sum_p_) + std::fabs(log_sum_q_));
    // Numbers of very different magnitude must not swallow each other.
    Widest apart = ((Widest(x_[i]) - y_[i]) - largest(x_)) + largest(y_);
    return Wide(apart) / temperature_ - sums;
  }

  // Numbers of this magnitude were rounded.
  void allow_for(Wide magnitude) {
    doubt = std::fmax(doubt, 4 * std::numeric_limits<Wide>::epsilon() * magnitude);
    logarithms = std::fmax(logarithms, magnitude);
  }

  void add(Wide probability, Wide logarithm, Wide* sum) {
    if (probability == 0) return;
    *sum += probability * logarithm;
    magnitude += std::fabs(probability * logarithm);
  }

  void entropy() {
    Wide mean = 0;
    for (Wide log_p : log_p_) add(std::exp(log_p), log_p, &mean);
    allow_for(1 - mean);
    value = -mean;
    for (size_t i = 0; i < x_.size(); ++i) gradient[0][i] = slope(std::exp(log_p_[i]), -(log_p_[i] - mean));
  }

  void cross_entropy() {
    for (size_t i = 0; i < x_.size(); ++i) {
      add(std::exp(log_p_[i]), -log_q_[i], &value);
      if (std::exp(log_p_[i]) > 0 && std::isfinite(log_q_[i])) allow_for(1 - log_q_[i]);
    }
    set_gradients([&](size_t i) { return -log_q_[i]; });
  }

  void kl_divergence() {
    std::vector<Wide> ratios(x_.size());
    for (size_t i = 0; i < x_.size(); ++i) ratios[i] = y_[i] == -kInfinity ? kInfinity : log_ratio(i);
    for (size_t i = 0; i < x_.size(); ++i) add(std::exp(log_p_[i]), ratios[i], &value);
    set_gradients([&](size_t i) { return ratios[i]; });
  }

  // Of the sum of p f(i), f having no slope of its own, and of q, which log q alone depends on.
  template <class Logarithm>
  void set_gradients(const Logarithm& f) {
    for (size_t i = 0; i < x_.size(); ++i) infinite |= y_[i] == -kInfinity && x_[i] != -kInfinity;
    if (infinite) value = kInfinity;
    for (size_t i = 0; i < x_.size(); ++i) {
      Wide p = std::exp(log_p_[i]), q = std::exp(log_q_[i]);
      gradient[0][i] = slope(p, f(i) - value);
      if (infinite && x_[i] != -kInfinity) gradient[0][i] = y_[i] == -kInfinity ? kInfinity : -kInfinity;
      gradient[1][i] = difference(i, p, q) / temperature_;
    }
  }

  Wide difference(size_t i, Wide p, Wide q) {
    if (p == 0 || q == 0) return q - p;
    Wide t = log_ratio(i);
    return t > 0 ? p * std::expm1(-t) : -q * std::expm1(t);
  }

  void js_divergence() {
    Wide rest = 1 - weight_, kl_p = 0, kl_q = 0;
    std::vector<Wide> log_pm(x_.size(), 0), log_qm(x_.size(), 0);
    for (size_t i = 0; i < x_.size(); ++i) {
      if (x_[i] == -kInfinity && y_[i] == -kInfinity) continue;
      Wide t = x_[i] == -kInfinity ? -kInfinity : y_[i] == -kInfinity ? kInfinity : log_ratio(i);
      log_pm[i] = log_to_mixture(t, weight_, rest);
      log_qm[i] = log_to_mixture(-t, rest, weight_);
      Wide p = std::exp(log_p_[i]), q = std::exp(log_q_[i]);
      if (p != 0 && weight_ != 0) kl_p += p * log_pm[i];
      if (q != 0 && rest != 0) kl_q += q * log_qm[i];
      if (p != 0 && weight_ != 0) magnitude += std::fabs(weight_ * p * log_pm[i]);
      if (q != 0 && rest != 0) magnitude += std::fabs(rest * q * log_qm[i]);
    }
    value = weight_ * kl_p + rest * kl_q;
    for (size_t i = 0; i < x_.size(); ++i) {
      gradient[0][i] = weight_ == 0 ? 0 : weight_ * slope(std::exp(log_p_[i]), log_pm[i] - kl_p);
      gradient[1][i] = rest == 0 ? 0 : rest * slope(std::exp(log_q_[i]), log_qm[i] - kl_q);
      if (weight_ != 0) cancels[0] = std::fmax(cancels[0], std::fabs(weight_ * slope(std::exp(log_p_[i]), log_pm[i])));
      if (rest != 0) cancels[1] = std::fmax(cancels[1], std::fabs(rest * slope(std::exp(log_q_[i]), log_qm[i])));
    }
  }

  // -log(own + other exp(-t)), the shares summing to 1
  static Wide log_to_mixture(Wide t, Wide own, Wide other) {
    if (other == 0) return 0;
    if (t < -1000) return t - std::log(other);
    return t < 1 ? -std::log1p(other * std::expm1(-t)) : -std::log(own + other * std::exp(-t));
  }

  Wide slope(Wide probability, Wide logarithm) const {
    return probability == 0 ? 0 : probability * logarithm / temperature_;
  }

  const Wide temperature_, weight_;
  const std::vector<double> x_, y_;
  std::vector<Wide> log_p_, log_q_;
  Wide log_sum_p_ = 0, log_sum_q_ = 0;
};
