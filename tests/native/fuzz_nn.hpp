// What must hold of any call of the functions of training, on every instruction set and any number of threads: it ends
// with the status that its arguments ask for, writes nothing but its outputs, and those are right
// (fuzz_nn_reference.hpp); instruction sets with a fused multiply-add give the same bits.
#pragma once
#include <cstdlib>

#include "fuzz_nn_reference.hpp"

namespace nn {

template <class T>
void require(bool holds, const Request<T>& before, const char* what, size_t row = 0, size_t column = 0) {
  if (holds) return;
  const Signature& s = before.signature();
  std::fprintf(stderr, "nn_%s_%s, entry %zu %zu: %s; %zu rows, %zu columns, choice %d, options", s.name,
               sizeof(T) == 4 ? "f32" : "f64", row, column, what, before.rows, before.columns, before.choice);
  for (double option : before.options) std::fprintf(stderr, " %a", option);
  std::fprintf(stderr, "; seed %llu, offset %llu, stream %u, step %llu, isa %s\n",
               static_cast<unsigned long long>(before.seed), static_cast<unsigned long long>(before.offset),
               before.stream, static_cast<unsigned long long>(before.step), fastdiv_isa());
  for (size_t k = 0; k < kMost; ++k) {
    const Array<T>& a = before.in[k];
    if (!a.given || row >= a.rows) continue;
    std::fprintf(stderr, "input %zu, stride %td: %a\n", k, a.stride,
                 static_cast<double>(a.at(row, column < a.columns ? column : 0)));
  }
  for (size_t k = 0; k < kMost; ++k)
    std::fprintf(stderr, "output %zu: %s, in place of input %d\n", k, before.out[k].given ? "given" : "none",
                 before.alias[k]);
  std::abort();
}

template <class T>
bool agrees(T found, const Expected& e) {
  if (e.loose) return true;
  if (std::isnan(e.value)) return std::isnan(found);
  Real most = std::numeric_limits<T>::max();
  if (std::fabs(found - e.value) <= e.error) return true;
  return std::fabs(e.value) + e.error > most && std::fabs(found) > most / 2;
}

template <class T>
class Check {
 public:
  Check(const Request<T>& before, const Request<T>& after) : before_(before), after_(after), noise_(before.size()) {
    bool normal = before.name != kCorrupt || before.choice == FASTDIV_GAUSSIAN;
    bool drawn = before.name == kDraw || before.name == kDrawBackward || before.name == kCorrupt;
    if (drawn && !noise_.empty()) draw(normal, before, noise_.data());
  }

  void run() const {
    if (before_.name == kActivationBackward) bias_gradients();
    if (before_.name == kSparsity) return penalty();
    for (size_t row = 0; row < before_.rows; ++row) {
      for (size_t column = 0; column < before_.columns; ++column) element(row, column);
      if (before_.name == kBernoulli || before_.name == kGaussian || before_.name == kDraw) value(row);
    }
  }

 private:
  T in(size_t k, size_t row, size_t column) const { return before_.in[k].at(row, column); }
  T found(size_t k, size_t row, size_t column) const { return after_.written(k).at(row, column); }
  Real factor(size_t k, size_t row) const { return before_.in[k].given ? Real(in(k, row, 0)) : Real(1); }

  void expect(size_t k, size_t row, size_t column, const Expected& e) const {
    if (!before_.out[k].given) return;
    T y = found(k, row, column);
    if (agrees(y, e)) return;
    std::string what = "output " + std::to_string(k) + " is " + std::to_string(static_cast<double>(y)) + ", expected " +
                       std::to_string(static_cast<double>(e.value));
    std::fprintf(stderr, "%a instead of %La, error %Lg allowed\n", static_cast<double>(y), e.value, e.error);
    require(false, before_, what.c_str(), row, column);
  }

  void element(size_t i, size_t j) const {
    const int f = before_.choice;
    const double* o = before_.options;
    T a = in(0, i, j), noise = noise_.empty() ? T(0) : noise_[i * before_.columns + j];
    if (before_.name == kActivation) {
      T sum = a + in(1, 0, j);
      expect(0, i, j, activated<T>(f, sum));
      expect(1, i, j, {sum, 0, false});
    } else if (before_.name == kActivationBackward) {
      T upstream = in(1, i, j);
      if (before_.in[2].given) upstream += in(2, 0, j);
      expect(0, i, j, activated_backward<T>(f, a, upstream));
    } else if (before_.name == kBernoulli) {
      expect(1, i, j, bernoulli_gradient<T>(a, in(1, i, j), factor(2, i)));
    } else if (before_.name == kGaussian) {
      expect(1, i, j, gaussian_gradient<T>(a, in(1, i, j), factor(2, i), o[0]));
    } else if (before_.name == kDraw) {
      expect(1, i, j, drawn<T>(a, in(1, i, j), noise));
    } else if (before_.name == kDrawBackward) {
      expect(0, i, j, mean_gradient<T>(a, in(2, i, j), factor(3, i)));
      expect(1, i, j, log_variance_gradient<T>(in(1, i, j), in(2, i, j), noise, factor(3, i)));
    } else if (before_.name == kCorrupt) {
      expect(0, i, j, corrupted<T>(f, a, noise, static_cast<T>(o[0])));
    } else if (before_.name == kAdam) {
      AdamReference<T> adam(before_);
      expect(1, i, j, adam.moment(adam.keep_first, in(2, i, j), adam.add_first, a));
      expect(2, i, j, adam.moment(adam.keep_second, in(3, i, j), adam.add_second, Real(a) * a));
      expect(0, i, j, adam.parameter(in(1, i, j), found(1, i, j), found(2, i, j)));
    }
  }

  void value(size_t row) const {
    Sum sum;
    for (size_t j = 0; j < before_.columns; ++j) {
      T a = in(0, row, j), b = in(1, row, j);
      if (before_.name == kBernoulli) add_bernoulli<T>(a, b, &sum);
      if (before_.name == kGaussian) add_square<T>(a, b, &sum);
      if (before_.name == kDraw) add_kl<T>(a, b, &sum);
    }
    if (before_.name == kGaussian) return expect(0, row, 0, gaussian_nll<T>(sum, before_.columns, before_.options[0]));
    Real half = before_.name == kDraw ? 0.5L : 1, slack = kSmall<T> * static_cast<Real>(1 + before_.columns);
    expect(0, row, 0, {sum.value * half, 16 * kUnit<T> * sum.scale * half + slack, sum.loose || leaves<T>(sum.scale)});
  }

  // The sums of the gradients as they were written, in double one after the other.
  void bias_gradients() const {
    for (size_t j = 0; j < before_.columns; ++j) {
      Real sum = 0, scale = 0, rows = static_cast<Real>(before_.rows);
      for (size_t i = 0; i < before_.rows; ++i) sum += found(0, i, j), scale += std::fabs(Real(found(0, i, j)));
      Real error = (32 + rows / 32) * kUnit<double> * scale + kUnit<T> * std::fabs(sum) + kSmall<T>;
      expect(1, 0, j, {sum, error, leaves<double>(scale)});
    }
  }

  void penalty() const {
    const Real s = before_.options[0], rows = static_cast<Real>(before_.rows);
    Sum total;
    for (size_t j = 0; j < before_.columns; ++j) {
      Real sum = 0, scale = 0;
      for (size_t i = 0; i < before_.rows; ++i) sum += in(0, i, j), scale += std::fabs(Real(in(0, i, j)));
      Real mean = sum / rows, off = (33 + rows / 32) * kUnit<double> * scale / rows;
      total.loose |= before_.rows == 0 || leaves<double>(scale) || std::isinf(scale);
      add_penalty(mean, off, s, &total);
      if (before_.out[0].given && !total.loose)
        expect(0, 0, j, penalty_gradient<T>(mean, off, s, before_.options[1] / rows));
    }
    Expected e = {total.value, 1000 * kUnit<double> * total.scale + kSmall<double>, total.loose};
    require(agrees(after_.penalty, e), before_, "the penalty is wrong");
  }

  const Request<T>&before_, &after_;
  std::vector<T> noise_;
};

// Nothing but the outputs' own entries has changed.
template <class T>
void check_memory(const Request<T>& before, const Request<T>& after, bool refused) {
  auto check = [&](const Array<T>& a, const Array<T>& b, bool output) {
    std::vector<bool> member(a.entries.size());
    for (size_t row = 0; output && row < a.rows && a.columns != 0; ++row)
      for (size_t column = 0; column < a.columns; ++column) member[a.place(row, column)] = true;
    for (size_t i = 0; i < member.size(); ++i)
      if (!member[i]) require(same(a.entries[i], b.entries[i]), before, "written where nothing is to be");
  };
  for (size_t k = 0; k < kMost; ++k) {
    bool output = false;
    for (size_t j = 0; j < kMost; ++j) output |= before.alias[j] == static_cast<int>(k) && before.out[j].given;
    check(before.in[k], after.in[k], output && !refused);
    check(before.out[k], after.out[k], before.alias[k] < 0 && before.out[k].given && !refused);
  }
}

template <class T>
void check_same(const Request<T>& request, const Request<T>& a, const Request<T>& b) {
  const char* what = "other bits than the instruction set, or number of threads, before";
  auto bits = [](const Array<T>& x, const Array<T>& y) {
    for (size_t i = 0; i < x.entries.size(); ++i)
      if (!same(x.entries[i], y.entries[i])) return false;
    return true;
  };
  for (size_t k = 0; k < kMost; ++k)
    require(bits(a.in[k], b.in[k]) && bits(a.out[k], b.out[k]) && same(a.penalty, b.penalty), request, what);
}

template <class T>
void check_request(const Request<T>& request) {
  Request<T> before;
  bool have_before = false;
  for (size_t k = 0; const char* isa = fastdiv_available_isa(k); ++k) {
    fastdiv_set_isa(isa);
    fastdiv_set_num_threads(1 + static_cast<int>((request.seed + k) % 3));
    Request<T> r = request;
    int status = call(r), expected = expected_status(request);
    check_memory(request, r, status != FASTDIV_OK);
    require(status == expected, request, fastdiv_status_string(status));
    if (status != FASTDIV_OK) return;
    const bool own_bits = std::strcmp(isa, "v2") == 0;
    if (have_before && !own_bits) {
      check_same(request, before, r);
      continue;
    }
    Check<T>(request, r).run();
    if (own_bits) continue;
    before = r;
    have_before = true;
  }
}

}  // namespace nn
