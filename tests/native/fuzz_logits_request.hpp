// Arbitrary calls of the functions on logits: any numbers, stored as any type, any shapes, strides and options, and
// pointers that are missing.
#pragma once
#include <cstddef>
#include <type_traits>

#include "fastdiv/fastdiv.h"
#include "fuzz_input.hpp"
#include "kernels/list.hpp"
#include "storage_reference.hpp"

namespace logits {

using fastdiv::BFloat16;
using fastdiv::Computed;
using fastdiv::Float16;

template <class S>
S stored(double x) {
  if constexpr (std::is_class_v<S>)
    return narrowed<S>(x);
  else
    return static_cast<S>(x);
}
template <class S>
double number(S x) {
  if constexpr (std::is_class_v<S>)
    return widened(x);
  else
    return static_cast<double>(x);
}
template <class S>
bool same_number(S x, S y) {
  return std::memcmp(&x, &y, sizeof x) == 0 || (std::isnan(number(x)) && std::isnan(number(y)));
}

template <class S>
struct Logits {
  static S special(Input& in) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    static const double some[] = {-kInfinity,
                                  -kInfinity,
                                  0,
                                  1e30,
                                  -1e30,
                                  3.4028234663852886e38,
                                  -3.4028234663852886e38,
                                  1.7976931348623157e308,
                                  -1.7976931348623157e308,
                                  65504,
                                  1e-40,
                                  kInfinity,
                                  std::numeric_limits<double>::quiet_NaN()};
    size_t count = sizeof some / sizeof *some, kind = in.below(count + 3);
    return kind < count ? stored<S>(some[kind]) : stored<S>(100 * in.uniform() - 50);
  }

  static S entry(Input& in, size_t kind, const S* base) {
    double u = in.uniform();
    switch (kind) {
      case 0:
        return special(in);
      case 1:
        return stored<S>(static_cast<double>(in.random() % 7) - 3);
      case 2:
        return stored<S>((in.random() % 4 == 0 ? 160 : 20) * (u - 0.5));
      case 3:  // one-hot, some of them masked
        return in.random() % 40 == 0 ? stored<S>(300 * u)
                                     : stored<S>(u < 0.2 ? -std::numeric_limits<double>::infinity() : u);
      case 4:  // all magnitudes
        return stored<S>((in.random() & 1 ? 1 : -1) * std::exp2((sizeof(S) == 8 ? 2040 : 250) * (u - 0.5)));
      case 5:  // far from 0
        return stored<S>(1e4 + u);
      default:  // nearly the other array, shifted by little or by nothing
        double near = base != nullptr ? number(*base) : 10 * u;
        return kind == 6 ? stored<S>(near) : stored<S>(near + std::exp2(-60 * u) * (1 + std::fabs(near)) + 3);
    }
  }

  static double shown(S x) { return number(x); }
};

template <class S>
using Array = Strided<S, Logits<S>>;
// What a type of logits is to the C functions.
template <class S>
using Word = std::conditional_t<std::is_class_v<S>, uint16_t, S>;

template <class S, class T = Computed<S>>
using OneInput = int (*)(size_t, const size_t*, const Word<S>*, const ptrdiff_t*, const fastdiv_options*, const T*,
                         const ptrdiff_t*, T*, const ptrdiff_t*, Word<S>*, const ptrdiff_t*);
template <class S, class T = Computed<S>>
using TwoInputs = int (*)(size_t, const size_t*, const Word<S>*, const ptrdiff_t*, const Word<S>*, const ptrdiff_t*,
                          const fastdiv_options*, const T*, const ptrdiff_t*, T*, const ptrdiff_t*, Word<S>*,
                          const ptrdiff_t*, Word<S>*, const ptrdiff_t*);

template <class S>
struct Function {
  const char *name, *type;
  OneInput<S> one;
  TwoInputs<S> two;
};

#define LOGITS_ONE(name, suffix) {#name, #suffix, &fastdiv_logits_##name##_value_and_grad_##suffix, nullptr}
#define LOGITS_TWO(name, suffix) {#name, #suffix, nullptr, &fastdiv_logits_##name##_value_and_grad_##suffix}
#define LOGITS_TABLE(S, suffix)                                                                         \
  template <>                                                                                           \
  const std::vector<Function<S>>& functions<S>() {                                                      \
    static const std::vector<Function<S>> table = {FASTDIV_LOGITS_MEASURES_1(LOGITS_ONE_##suffix)       \
                                                       FASTDIV_LOGITS_MEASURES_2(LOGITS_TWO_##suffix)}; \
    return table;                                                                                       \
  }
#define LOGITS_ONE_f32(name) LOGITS_ONE(name, f32),
#define LOGITS_TWO_f32(name) LOGITS_TWO(name, f32),
#define LOGITS_ONE_f64(name) LOGITS_ONE(name, f64),
#define LOGITS_TWO_f64(name) LOGITS_TWO(name, f64),
#define LOGITS_ONE_f16(name) LOGITS_ONE(name, f16),
#define LOGITS_TWO_f16(name) LOGITS_TWO(name, f16),
#define LOGITS_ONE_bf16(name) LOGITS_ONE(name, bf16),
#define LOGITS_TWO_bf16(name) LOGITS_TWO(name, bf16),
template <class S>
const std::vector<Function<S>>& functions();
LOGITS_TABLE(float, f32)
LOGITS_TABLE(double, f64)
LOGITS_TABLE(Float16, f16)
LOGITS_TABLE(BFloat16, bf16)

// What the caller leaves out or gets wrong.
enum Slip { kNoX, kNoY, kNoValue, kNoShape, kNoAxes, kTooManyAxes, kSlips };

template <class S>
struct Request {
  typedef Computed<S> T;
  Function<S> function;
  std::vector<size_t> shape;
  bool gradient[2] = {false, false}, in_place[2] = {false, false}, with_cotangent = false;
  bool with_options = true;
  int slip = kSlips;  // none
  fastdiv_options options = FASTDIV_OPTIONS_DEFAULT;
  Array<S> input[2], grad[2];
  Strided<T> cotangent, value;
  const Request* original = nullptr;  // before gradients overwrote inputs

  int inputs() const { return function.one ? 1 : 2; }

  bool valid_options() const {
    const fastdiv_options& o = options;
    if (!with_options) return true;
    bool base = o.base == 0 || (o.base > 0 && o.base != 1 && std::isfinite(o.base));
    return base && o.weight >= 0 && o.weight <= 1 && o.struct_size >= offsetof(fastdiv_options, temperature) &&
           temperature() > 0 && std::isfinite(temperature());
  }
  double temperature() const {
    return with_options && options.struct_size >= sizeof(fastdiv_options) ? options.temperature : 1;
  }
  double weight() const { return with_options ? options.weight : 0.5; }
  double unit() const { return with_options && options.base != 0 ? 1 / std::log(options.base) : 1; }
};

inline fastdiv_options read_options(Input& in) {
  static const double temperatures[] = {1,
                                        1,
                                        0.5,
                                        2,
                                        10,
                                        0.01,
                                        100,
                                        1e-3,
                                        1e6,
                                        1e-30,
                                        1e30,
                                        1e-45,
                                        1e45,
                                        1e-300,
                                        1e300,
                                        5e-324,
                                        1.7e308,
                                        0,
                                        -1,
                                        std::numeric_limits<double>::infinity(),
                                        std::numeric_limits<double>::quiet_NaN()};
  static const double weights[] = {0.5, 0.5, 0.5, 0, 1, 0.3, 0.9, 1e-10, 1 - 1e-10, 1e-300, -0.1, 1.5};
  fastdiv_options options = FASTDIV_OPTIONS_DEFAULT;
  size_t kind = in.below(30);
  options.temperature = kind < 21   ? temperatures[kind]
                        : kind < 28 ? std::exp2(20 * in.uniform() - 10)
                                    : in.number<double>();
  options.weight = weights[in.below(sizeof weights / sizeof *weights)];
  if (in.below(4) == 0) options.base = in.below(2) ? 2 : in.number<double>();
  size_t size = in.below(12);
  if (size == 0) options.struct_size = offsetof(fastdiv_options, temperature);
  if (size == 1) options.struct_size = sizeof options + 8;
  if (size == 2) options.struct_size = in.below(offsetof(fastdiv_options, temperature));
  return options;
}

template <class S>
Request<S> read_request(Input& in) {
  Request<S> r;
  r.function = functions<S>()[in.below(functions<S>().size())];
  size_t size = in.event_size(1), most = size > 100 ? 3 : 6;  // the comparison takes its time
  for (size_t axis = in.below(3); axis > 0; --axis) r.shape.push_back(in.below(most));
  std::vector<size_t> value_shape = r.shape;
  r.shape.push_back(size);
  unsigned flags = static_cast<unsigned>(in.below(256));
  r.with_options = (flags & 7) != 0;
  r.with_cotangent = flags & 8;
  if (r.with_options) r.options = read_options(in);
  if (in.below(16) == 0) r.slip = static_cast<int>(in.below(kSlips));
  for (int i = 0; i < 2; ++i) {
    bool given = i < r.inputs();
    r.gradient[i] = given && (flags & (32u << i));
    r.in_place[i] = r.gradient[i] && in.below(2);
    if (given) r.input[i].read(in, r.shape, !r.in_place[i], i == 0 ? nullptr : &r.input[0]);
    r.grad[i] = r.input[i];
    if (!r.in_place[i]) r.grad[i].read(in, r.gradient[i] ? r.shape : std::vector<size_t>{0}, false, nullptr);
  }
  r.cotangent.read(in, r.with_cotangent ? value_shape : std::vector<size_t>{0}, true, nullptr);
  r.value.read(in, value_shape, false, nullptr);
  return r;
}

}  // namespace logits
