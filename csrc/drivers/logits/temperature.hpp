// Steps of temperature * ln 2, in which logits are counted: exp(x / temperature) = 2^n exp(r / temperature).
#pragma once
#include <cmath>

#include "kernels/table.hpp"

namespace fastdiv {

// A number in two parts, the second what the first has rounded away.
struct Parts {
  double high = 0, low = 0;

  static Parts sum(double a, double b) {
    double whole = a + b, part = whole - a;
    return {whole, (a - (whole - part)) + (b - part)};
  }
  Parts plus(double x) const {
    Parts total = sum(high, x);
    return sum(total.high, total.low + low);
  }
  template <class T>
  void store(T* first, T* second) const {
    *first = static_cast<T>(high);
    *second = static_cast<T>((high - static_cast<double>(*first)) + low);
  }
};

class Temperature {
 public:
  explicit Temperature(double value) : value_(value), step_(value * kLn2) {
    step_low_ = std::fma(value, kLn2, -step_) + value * kLn2Low;
  }

  double value() const { return value_; }
  double whole_steps(double x) const { return std::nearbyint(x * (kLog2E / value_)); }

  Parts of_steps(double n) const {
    double high = n * step_;
    return {high, std::fma(n, step_, -high) + n * step_low_};
  }

  // exp(x / temperature) 2^-n for n near the whole steps of x = high + low
  double exponential(double high, double n, double low = 0) const {
    return std::exp(((std::fma(-n, step_, high) - n * step_low_) + low) / value_);
  }

  // 1 / temperature^power, for gradients by logits
  double slope(int power) const { return power == 2 ? 1 / (value_ * value_) : 1 / value_; }

  // The largest logit that has no probability beside one of n whole steps.
  template <class T>
  double floor(double n) const {
    return n * step_ - faint<T>();
  }

  // Kernels count the steps of such a logit without error, and no factor overflows.
  template <class T>
  bool in_range(double x) const {
    bool moderate = value_ >= 0x1p-20 && value_ <= 0x1p20;
    return moderate && std::fabs(x) * kLog2E < value_ * (sizeof(T) == 4 ? 0x1p18 : 0x1p45);
  }

  template <class T>
  void fill(LogitsRow<T>* row) const {
    row->steps_per_unit = static_cast<T>(kLog2E / value_);
    row->step_high = static_cast<T>(step_);
    row->step_low = static_cast<T>((step_ - static_cast<double>(row->step_high)) + step_low_);
    row->inverse_temperature = static_cast<T>(1 / value_);
    row->moment_factor = static_cast<T>(1 / (value_ * kMomentUnit));
    row->faint = static_cast<T>(faint<T>());
  }

 private:
  // exp(-faint / temperature) is 0 in the type.
  template <class T>
  double faint() const {
    return value_ * (sizeof(T) == 4 ? 110 : 760);
  }

  static constexpr double kLn2 = 0x1.62e42fefa39efp-1, kLn2Low = 0x1.abc9e3b39803fp-56, kLog2E = 0x1.71547652b82fep+0;
  double value_, step_, step_low_;
};

}  // namespace fastdiv
