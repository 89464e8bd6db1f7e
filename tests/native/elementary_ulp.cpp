// The largest error of the elementary functions in units in the last place, for every instruction set of this machine
// and both types, against libm in the next wider type. Fails above the constants that simd/math.hpp states.
//   elementary_ulp [points]     about so many arguments of every kind (default 2^18)
//   elementary_ulp every-float  all 2^32 floats (minutes)
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "dispatch.hpp"
#include "simd/logistic.hpp"  // for the constants alone
#include "simd/normal_cdf.hpp"

namespace {

struct Function {
  const char* name;
  double allowed;
  double (*reference_of_float)(double);
  long double (*reference_of_double)(long double);
};

template <class Wide>
Wide logistic_of(Wide x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}
template <class Wide>
Wide softplus_of(Wide x) {
  return std::isnan(x) ? x : std::fmax(x, Wide(0)) + std::log1p(std::exp(-std::fabs(x)));
}
// What the rounding of x / sqrt(2) does to a tail is put right: erfc(z) falls as exp(-z^2).
template <class Wide>
Wide normal_cdf_of(Wide x) {
  Wide z = std::fabs(x) / std::sqrt(Wide(2));
  if (std::isnan(x)) return x;
  if (z > 60) return x < 0 ? 0 : 1;
  Wide square = x * x / 2, own = z * z;
  Wide lost = (square - own) + (std::fma(x, x / 2, -square) - std::fma(z, z, -own));
  Wide tail = std::erfc(z) * std::exp(-lost) / 2;
  return x < 0 ? tail : 1 - tail;
}

const Function kFunctions[] = {
    {"log", kLogMaxUlp, std::log, std::log},
    {"log1p", kLog1pMaxUlp, std::log1p, std::log1p},
    {"exp", kExpMaxUlp, std::exp, std::exp},
    {"expm1", kExpm1MaxUlp, std::expm1, std::expm1},
    {"tanh", kTanhMaxUlp, std::tanh, std::tanh},
    {"logistic", kLogisticMaxUlp, logistic_of, logistic_of},
    {"softplus", kSoftplusMaxUlp, softplus_of, softplus_of},
    {"normal_cdf", kNormalCdfMaxUlp, normal_cdf_of, normal_cdf_of},
};
constexpr int kCount = sizeof kFunctions / sizeof kFunctions[0];

double reference(const Function& f, float x) { return f.reference_of_float(x); }
long double reference(const Function& f, double x) { return f.reference_of_double(x); }

// In units of the result type's last place at the reference. Specials are right (0) or wrong (infinite).
template <class T, class Wide>
double ulp_error(T got, Wide exact) {
  using Limits = std::numeric_limits<T>;
  constexpr double kWrong = std::numeric_limits<double>::infinity();
  const Wide top = std::ldexp(Wide(1), Limits::max_exponent);
  if (std::isnan(exact)) return std::isnan(got) ? 0 : kWrong;
  if (exact == 0) return got == 0 && std::signbit(got) == std::signbit(exact) ? 0 : kWrong;
  if (std::fabs(exact) >= top) return std::isinf(got) && std::signbit(got) == std::signbit(exact) ? 0 : kWrong;
  if (std::isnan(got)) return kWrong;
  int exponent = std::ilogb(exact);
  if (exponent < Limits::min_exponent - 1) exponent = Limits::min_exponent - 1;
  Wide value = std::isinf(got) ? std::copysign(top, Wide(got)) : Wide(got);
  return static_cast<double>(std::fabs(std::ldexp(value - exact, Limits::digits - 1 - exponent)));
}

template <class T, class Word>
T from_bits(Word bits) {
  T x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

template <class T>
std::vector<T> specials() {
  using Limits = std::numeric_limits<T>;
  // The last arguments whose exp is finite, normal, and not 0.
  const T edges[] = {std::log(Limits::max()), std::log(Limits::min()), std::log(Limits::denorm_min())};
  std::vector<T> list = {0,
                         1,
                         2,
                         T(0.5),
                         Limits::min(),
                         Limits::denorm_min(),
                         Limits::max(),
                         Limits::epsilon(),
                         Limits::infinity(),
                         Limits::quiet_NaN(),
                         Limits::max() / 8,
                         Limits::max() / 4};
  for (T edge : edges) list.push_back(edge);
  size_t count = list.size();
  for (size_t i = 0; i < count; ++i) {
    T up = list[i], down = list[i];
    for (int step = 0; step < 40; ++step) {
      list.push_back(up = std::nextafter(up, Limits::infinity()));
      list.push_back(down = std::nextafter(down, -Limits::infinity()));
    }
  }
  for (size_t i = 0, n = list.size(); i < n; ++i) list.push_back(-list[i]);
  return list;
}

template <class T, class Word>
std::vector<T> arguments(size_t points) {
  using Limits = std::numeric_limits<T>;
  std::mt19937_64 random(20240229);
  auto uniform = [&](double low, double high) { return low + (high - low) * (random() >> 11) * 0x1p-53; };
  auto sign = [&] { return random() & 1 ? T(1) : T(-1); };
  const double reach = 0.7 * Limits::max_exponent, depth = 0.7 * (Limits::digits - Limits::min_exponent);
  std::vector<T> list = specials<T>();
  for (size_t i = 0; i < points; ++i) {
    list.push_back(from_bits<T>(static_cast<Word>(random())));                             // of any magnitude
    list.push_back(sign() * T(1 + sign() * std::exp2(uniform(-Limits::digits - 1, -1))));  // near 1 and -1
    list.push_back(T(uniform(0.5, 2.5)));
    list.push_back(sign() * T(std::exp2(uniform(-Limits::digits - 8, 2))));
    list.push_back(T(uniform(-depth, reach)));                       // where exp is neither 0 nor inf
    list.push_back(T(uniform(-depth, 0.7 * Limits::min_exponent)));  // where it is subnormal
    double half_ln2 = 0.34657359027997264;                           // where exp changes n
    T boundary = T(half_ln2 * std::round(uniform(-depth, reach) / half_ln2));
    list.push_back(boundary + T(uniform(-4, 4)) * Limits::epsilon() * boundary);
    list.push_back(sign() * Limits::denorm_min() * T(std::floor(std::exp2(uniform(0, Limits::digits)))));
  }
  return list;
}

struct Worst {
  double ulp = 0;
  double argument = 0;
};

int failures = 0;

// The largest errors over `x`; rows of `worst` by instruction set, columns by function.
template <class T>
void sweep(const std::vector<T>& x, Worst (*worst)[kCount]) {
  std::vector<T> out(x.size()), fused(x.size());
  for (int f = 0; f < kCount; ++f) {
    std::vector<decltype(reference(kFunctions[f], T()))> exact(x.size());
    for (size_t i = 0; i < x.size(); ++i) exact[i] = reference(kFunctions[f], x[i]);
    bool have_fused = false;
    for (size_t k = 0; const fastdiv::KernelTable* table = fastdiv::available(k); ++k) {
      fastdiv::kernels_of<T>(*table).elementary(f, x.data(), out.data(), x.size());
      for (size_t i = 0; i < x.size(); ++i) {
        double error = ulp_error(out[i], exact[i]);
        if (error > worst[k][f].ulp) worst[k][f] = {error, static_cast<double>(x[i])};
      }
      if (std::strcmp(table->name, "v2") == 0) continue;  // no fused multiply-add: other roundings
      if (have_fused && std::memcmp(out.data(), fused.data(), x.size() * sizeof(T)) != 0) {
        std::printf("%s of %s: other bits than the instruction set before\n", kFunctions[f].name, table->name);
        ++failures;
      }
      fused = out;
      have_fused = true;
    }
  }
}

void report(const char* type, Worst (*worst)[kCount]) {
  for (size_t k = 0; const fastdiv::KernelTable* table = fastdiv::available(k); ++k)
    for (int f = 0; f < kCount; ++f) {
      const Worst& w = worst[k][f];
      bool fails = !(w.ulp <= kFunctions[f].allowed);
      std::printf("%s %s %-10s %.4f ulp at %a, allowed %g%s\n", type, table->name, kFunctions[f].name, w.ulp,
                  w.argument, kFunctions[f].allowed, fails ? ": TOO MUCH" : "");
      failures += fails;
    }
}

void sweep_every_float(Worst (*worst)[kCount]) {
  constexpr uint64_t kBatch = 1 << 20;
  std::vector<float> x(kBatch);
  for (uint64_t start = 0; start < (uint64_t{1} << 32); start += kBatch) {
    for (uint64_t i = 0; i < kBatch; ++i) x[i] = from_bits<float>(static_cast<uint32_t>(start + i));
    sweep(x, worst);
  }
}

}  // namespace

int main(int argc, char** argv) {
  constexpr int kMost = 8;
  static Worst f32[kMost][kCount], f64[kMost][kCount];
  if (argc > 1 && std::string(argv[1]) == "every-float") {
    sweep_every_float(f32);
    report("f32", f32);
  } else {
    size_t points = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : size_t{1} << 18;
    sweep(arguments<float, uint32_t>(points), f32);
    report("f32", f32);
    sweep(arguments<double, uint64_t>(points), f64);
    report("f64", f64);
  }
  return failures == 0 ? 0 : 1;
}
