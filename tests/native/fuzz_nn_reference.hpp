// The functions of training as plain formulas in long double, an entry at a time, each with the error that is allowed.
// Where a step of the computation comes near the end of the type's range nothing is asked of a number but its NaN.
#pragma once
#include <cmath>
#include <limits>

#include "fuzz_nn_request.hpp"

namespace nn {

typedef long double Real;

struct Expected {
  Real value, error;
  bool loose = false;
};

template <class T>
constexpr Real kUnit = std::numeric_limits<T>::epsilon();
template <class T>
constexpr Real kLarge = std::numeric_limits<T>::max() / 64;
template <class T>
constexpr Real kSmall = std::numeric_limits<T>::min();

// Whether a step of the computation may have left the range; NaN and infinities that came in have not.
template <class T>
bool leaves(Real x) {
  return std::isfinite(x) && std::fabs(x) > kLarge<T>;
}

inline Real logistic(Real x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }
inline Real normal_cdf(Real x) { return std::erfc(-x / std::sqrt(Real(2))) / 2; }
inline Real normal_density(Real x) { return std::exp(-x * x / 2) * 0.398942280401432677939946059934381868L; }
inline Real from_zero(Real factor, Real x) { return factor == 0 ? 0 : factor * x; }

template <class T>
Expected activated(int f, T before) {
  Real x = before, y = x;
  if (f == FASTDIV_RELU) y = x < 0 ? 0 : x;
  if (f == FASTDIV_TANH) y = std::tanh(x);
  if (f == FASTDIV_SIGMOID) y = logistic(x);
  if (f == FASTDIV_SOFTPLUS) y = std::isnan(x) ? x : std::fmax(x, Real(0)) + std::log1p(std::exp(-std::fabs(x)));
  if (f == FASTDIV_GELU) y = std::isinf(x) ? std::fmax(x, Real(0)) : x * normal_cdf(x);
  return {y, 8 * kUnit<T> * std::fabs(y) + kSmall<T>, false};
}

// Times the slope, of what was saved.
template <class T>
Expected activated_backward(int f, T saved, T upstream) {
  Real y = saved, u = upstream, slope = 1, scale = 1;
  if (f == FASTDIV_RELU) slope = y <= 0 ? 0 : 1;
  if (f == FASTDIV_TANH) slope = scale = (1 - y) * (1 + y);
  if (f == FASTDIV_SIGMOID) slope = scale = y * (1 - y);
  if (f == FASTDIV_SOFTPLUS) slope = scale = -std::expm1(-y);
  if (f == FASTDIV_GELU) {
    Real moved = std::isinf(y) ? 0 : y * normal_density(y);
    slope = normal_cdf(y) + moved;
    scale = normal_cdf(y) + std::fabs(moved);
  }
  if (f == FASTDIV_RELU && y <= 0) return {0, 0, false};
  Real value = slope * u;
  // What no activation gives.
  bool strange = (f == FASTDIV_RELU && std::isnan(y)) || (f == FASTDIV_SOFTPLUS && y < 0);
  bool vanished = std::isinf(u) && std::fabs(slope) < kSmall<T>;
  bool loose = strange || vanished || leaves<T>(slope) || leaves<T>(value);
  return {value, 16 * kUnit<T> * std::fabs(scale * u) + kSmall<T> * (1 + std::fabs(u)), loose};
}

struct Sum {
  Real value = 0, scale = 0;
  bool loose = false;
  void add(Real term, Real size, bool left) {
    value += term;
    scale += size;
    loose |= left;
  }
};

template <class T>
void add_bernoulli(T logit, T x, Sum* sum) {
  Real l = logit, magnitude = std::fabs(l), w = l > 0 ? T(1) - x : x;
  Real first = std::isnan(l) ? l : from_zero(w, magnitude), rest = std::log1p(std::exp(-magnitude));
  sum->add(first + rest, std::fabs(first) + rest, leaves<T>(first));
}

template <class T>
Expected bernoulli_gradient(T logit, T x, Real c) {
  Real l = logit, t = std::exp(-std::fabs(l)), other = t / (1 + t), w = l > 0 ? T(1) - x : x;
  Real slope = l > 0 ? w - other : other - w;
  if (std::isnan(l)) slope = l;
  return {slope * c, 8 * kUnit<T> * (std::fabs(w) + other) * std::fabs(c) + kSmall<T> * (1 + std::fabs(c)),
          leaves<T>(slope) || leaves<T>(slope * c)};
}

template <class T>
void add_square(T mean, T x, Sum* sum) {
  Real difference = mean - x, square = difference * difference;  // the difference as the type rounds it
  sum->add(square, square + kSmall<T> / kUnit<T>, leaves<T>(square));
}

template <class T>
Expected gaussian_nll(const Sum& squares, size_t columns, Real scale) {
  Real constant = static_cast<Real>(columns) * (std::log(scale) + 0.918938533204672741780329736405617640L);
  Real fit = squares.value / scale / scale / 2, error = squares.scale / scale / scale / 2 + std::fabs(constant);
  if (columns == 0) constant = 0;
  return {fit + constant, 16 * kUnit<T> * error + kSmall<T>, squares.loose};
}

template <class T>
Expected gaussian_gradient(T mean, T x, Real c, Real scale) {
  Real difference = mean - x, factor = c / scale / scale, value = difference * factor;
  Real error = 8 * kUnit<T> * std::fabs(value) + kSmall<T> * (1 + std::fabs(difference) + std::fabs(factor));
  bool vanished = std::isinf(difference) && std::fabs(factor) < kSmall<T>;
  return {value, error, vanished || (difference != 0 && (leaves<T>(factor) || leaves<T>(value)))};
}

// m^2 + exp(v) - 1 - v
template <class T>
void add_kl(T mean, T log_variance, Sum* sum) {
  Real m = mean, v = log_variance, square = m * m, rest = std::expm1(v) - v;
  if (std::isinf(v)) rest = std::numeric_limits<Real>::infinity();
  if (std::fabs(v) < 1e-3L) {  // v^2 / 2 + v^3 / 6 + ...
    rest = 0;
    for (int k = 9; k >= 2; --k) rest = (rest + 1) * v / k;
    rest *= v;
  }
  sum->add(square + rest, square + rest + kSmall<T> / kUnit<T>, leaves<T>(square) || leaves<T>(rest));
}

template <class T>
Expected drawn(T mean, T log_variance, T noise) {
  Real m = mean, s = std::exp(Real(log_variance) / 2), moved = s * noise;
  Real error = 8 * kUnit<T> * (std::fabs(m) + std::fabs(moved)) + kSmall<T>;
  return {m + moved, error, leaves<T>(s) || leaves<T>(moved) || leaves<T>(m)};
}

template <class T>
Expected mean_gradient(T mean, T upstream, Real c) {
  Real m = mean, u = upstream, moved = c * m;
  return {u + moved, 8 * kUnit<T> * (std::fabs(u) + std::fabs(moved)) + kSmall<T>, leaves<T>(moved) || leaves<T>(u)};
}

template <class T>
Expected log_variance_gradient(T log_variance, T upstream, T noise, Real c) {
  Real v = log_variance, u = upstream, s = std::exp(v / 2), step = s * noise, grown = std::expm1(v);
  Real value = (u * step + c * grown) / 2, scale = (std::fabs(u * step) + std::fabs(c * grown)) / 2;
  Real small = kSmall<T> * (1 + std::fabs(u) + std::fabs(c));
  bool vanished = std::isinf(u) && std::fabs(step) < kSmall<T>;
  bool loose = vanished || leaves<T>(s) || leaves<T>(grown) || leaves<T>(u * step) || leaves<T>(c * grown);
  return {value, 8 * kUnit<T> * scale + small, loose};
}

template <class T>
Expected corrupted(int kind, T x, T number, T level) {
  if (kind == FASTDIV_MASK) return {number < level ? Real(0) : Real(x), 0, false};
  if (kind == FASTDIV_SALT_AND_PEPPER) {
    if (number < level / 2) return {0, 0, false};
    return {number < level ? Real(1) : Real(x), 0, false};
  }
  Real moved = Real(level) * number, value = x + moved;
  Real error = 2 * kUnit<T> * (std::fabs(Real(x)) + std::fabs(moved)) + kSmall<T>;
  return {value, error, leaves<T>(moved) || leaves<T>(value)};
}

// Of a column with this mean, which is known to within `off`.
inline void add_penalty(Real r, Real off, Real s, Sum* sum) {
  Real first = s * std::log(s / r), second = (1 - s) * std::log((1 - s) / (1 - r));
  Real slope = std::fabs((r - s) / (r * (1 - r)));
  bool near_end = std::fabs(r) <= 4 * off || std::fabs(1 - r) <= 4 * off;
  sum->add(first + second, std::fabs(first) + std::fabs(second) + slope * off / kUnit<double>, near_end);
}

template <class T>
Expected penalty_gradient(Real r, Real off, Real s, Real factor) {
  Real value = (r - s) / (r * (1 - r)) * factor;
  bool near_end = std::fabs(r) <= 4 * off || std::fabs(1 - r) <= 4 * off;
  bool loose = near_end || leaves<T>(value) || leaves<double>(factor) || leaves<double>(r * (1 - r));
  Real moved = 2 * off * (std::fabs(factor / (r * (1 - r))) + std::fabs(value / r) + std::fabs(value / (1 - r)));
  return {value, 64 * kUnit<T> * std::fabs(value) + moved + kSmall<T>, loose};
}

// What Adam's constants are in the type.
template <class T>
struct AdamReference {
  Real keep_first, add_first, keep_second, add_second, rate, inverse_root, epsilon;
  explicit AdamReference(const Request<T>& r) {
    const double* o = r.options;
    Real t = static_cast<Real>(r.step);
    keep_first = static_cast<T>(o[1]), add_first = static_cast<T>(1 - o[1]);
    keep_second = static_cast<T>(o[2]), add_second = static_cast<T>(1 - o[2]);
    rate = o[0] / -std::expm1(t * std::log(Real(o[1])));
    inverse_root = 1 / std::sqrt(-std::expm1(t * std::log(Real(o[2]))));
    epsilon = o[3];
  }
  static Expected moment(Real keep, Real old, Real add, Real more) {
    Real a = keep * old, b = add * more;
    Real error = 16 * kUnit<T> * (std::fabs(a) + std::fabs(b)) + kSmall<T>;
    return {a + b, error, leaves<T>(a) || leaves<T>(b) || leaves<T>(more)};
  }
  // Of the moments as they were written.
  Expected parameter(Real old, Real first, Real second) const {
    Real root = std::sqrt(second) * inverse_root + epsilon, ratio = first / root, change = rate * ratio;
    Real error = 32 * kUnit<T> * std::fabs(change) + 2 * kUnit<T> * std::fabs(old) + kSmall<T> * (1 + rate);
    bool small = (root > 0 && root < kSmall<T> / kUnit<T>) || rate < kSmall<T>;
    bool loose = small || leaves<T>(rate) || leaves<T>(ratio) || leaves<T>(change) || leaves<T>(old) || leaves<T>(root);
    return {old - change, error, loose};
  }
};

}  // namespace nn
