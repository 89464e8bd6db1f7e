// Arbitrary calls of the C functions: any numbers, shapes, strides and options. Each runs on every instruction set of
// the machine. It must end with a status, touch no memory but the arrays' (address sanitizer), give the same bits
// with all instruction sets that have a fused multiply-add, and no negative divergence.
// Bytes become calls, so libFuzzer can look for bad ones (clang):
//   cmake -S tests/native -B build/fuzz -DCMAKE_CXX_COMPILER=clang++ -DFASTDIV_SANITIZE=address,undefined
//     -DFASTDIV_LIBFUZZER=ON && cmake --build build/fuzz --target fuzz_c_api && build/fuzz/fuzz_c_api -max_len=512
// Without libFuzzer: fuzz_c_api [seconds [seed [kind]]], or fuzz_c_api FILE... to repeat calls that it has found; kind
// is a number below 12 of the switch below, for calls of that kind alone.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "fastdiv/fastdiv.h"
#include "fuzz_input.hpp"
#include "fuzz_logits.hpp"
#include "fuzz_nn.hpp"
#include "kernels/list.hpp"

namespace {

template <class T>
using OneInput = int (*)(size_t, const size_t*, const T*, const ptrdiff_t*, const fastdiv_options*, const T*,
                         const ptrdiff_t*, T*, const ptrdiff_t*, T*, const ptrdiff_t*);
template <class T>
using TwoInputs = int (*)(size_t, const size_t*, const T*, const ptrdiff_t*, const T*, const ptrdiff_t*,
                          const fastdiv_options*, const T*, const ptrdiff_t*, T*, const ptrdiff_t*, T*,
                          const ptrdiff_t*, T*, const ptrdiff_t*);
template <class T>
using AllPairs = int (*)(size_t, size_t, size_t, const T*, const ptrdiff_t*, const T*, const ptrdiff_t*,
                         const fastdiv_options*, T*);

template <class T>
struct Function {
  const char* name;
  OneInput<T> one;
  TwoInputs<T> two;
  AllPairs<T> pairs;
  size_t event_ndim, value_event_ndim;
  bool plain = false;  // takes neither options nor gradients
};

// Functions of single elements, called with arguments that they do not have.
template <class T, int (*function)(size_t, const size_t*, const T*, const ptrdiff_t*, T*, const ptrdiff_t*)>
int without_options(size_t ndim, const size_t* shape, const T* x, const ptrdiff_t* x_strides, const fastdiv_options*,
                    const T*, const ptrdiff_t*, T* value, const ptrdiff_t* value_strides, T*, const ptrdiff_t*) {
  return function(ndim, shape, x, x_strides, value, value_strides);
}
template <class T, int (*function)(size_t, const size_t*, const T*, const ptrdiff_t*, const T*, const ptrdiff_t*, T*,
                                   const ptrdiff_t*)>
int without_options(size_t ndim, const size_t* shape, const T* x, const ptrdiff_t* x_strides, const T* y,
                    const ptrdiff_t* y_strides, const fastdiv_options*, const T*, const ptrdiff_t*, T* value,
                    const ptrdiff_t* value_strides, T*, const ptrdiff_t*, T*, const ptrdiff_t*) {
  return function(ndim, shape, x, x_strides, y, y_strides, value, value_strides);
}

#define JOIN_(a, b, c) a##b##c
#define JOIN(a, b, c) JOIN_(a, b, c)
#define WITH_GRAD(name) &JOIN(fastdiv_##name, _value_and_grad_, SUFFIX)
#define PLAIN(name) &without_options<T_, JOIN(fastdiv_##name, _, SUFFIX)>
#define ONE(name) {#name, WITH_GRAD(name), nullptr, nullptr, 1, 0},
#define TWO(name) {#name, nullptr, WITH_GRAD(name), nullptr, 1, 0},
#define JOINT(name) {#name, WITH_GRAD(name), nullptr, nullptr, 2, 0},
#define PAIRS(name) {#name, nullptr, nullptr, &JOIN(fastdiv_pairwise_##name, _, SUFFIX), 1, 0},
#define ELEMENTS_1(name) {#name, PLAIN(name), nullptr, nullptr, 1, 1, true},
#define ELEMENTS_2(name) {#name, nullptr, PLAIN(name), nullptr, 1, 1, true},
// clang-format off
#define FUNCTIONS                                                                                     \
  FASTDIV_ROW_MEASURES_1(ONE) FASTDIV_ROW_MEASURES_2(TWO) FASTDIV_JOINT_MEASURES(JOINT)               \
  FASTDIV_PAIRWISE_MEASURES(PAIRS) FASTDIV_ELEMENTWISE_1(ELEMENTS_1) FASTDIV_ELEMENTWISE_2(ELEMENTS_2) \
  {"self_information", WITH_GRAD(self_information), nullptr, nullptr, 1, 1},
// clang-format on

#define T_ float
#define SUFFIX f32
const std::vector<Function<T_>> kFunctions32 = {FUNCTIONS};
#undef T_
#undef SUFFIX
#define T_ double
#define SUFFIX f64
const std::vector<Function<T_>> kFunctions64 = {FUNCTIONS};
#undef T_
#undef SUFFIX

template <class T>
struct Request {
  Function<T> function;
  std::vector<size_t> shape;  // of all pairs: rows of p, rows of q, entries
  bool own_pairs = false, gradient[2] = {false, false}, in_place[2] = {false, false}, with_cotangent = false;
  fastdiv_options options = FASTDIV_OPTIONS_DEFAULT;
  Strided<T> input[2], cotangent, value, grad[2];
};

template <class T>
Request<T> read_request(Input& in, const std::vector<Function<T>>& functions) {
  Request<T> r;
  r.function = functions[in.below(functions.size())];
  const Function<T>& f = r.function;
  size_t batch_ndim = f.pairs ? 2 : in.below(3), inputs = f.one ? 1 : 2;
  for (size_t axis = 0; axis < batch_ndim; ++axis) r.shape.push_back(in.below(f.pairs ? 9 : 6));
  for (size_t axis = 0; axis < f.event_ndim; ++axis) r.shape.push_back(in.event_size(f.event_ndim));
  r.own_pairs = f.pairs && in.below(3) == 0;
  if (r.own_pairs) r.shape[1] = r.shape[0];

  unsigned flags = static_cast<unsigned>(in.below(256));
  r.options.normalize = flags & 1;
  r.options.given = flags & 2 ? -1 : -2;
  r.options.base = flags & 4 ? 0 : in.number<double>();
  r.options.weight = flags & 8 ? 0.5 : in.number<double>();
  r.with_cotangent = flags & 16;
  std::vector<size_t> value_shape(r.shape.begin(),
                                  r.shape.end() - static_cast<long>(f.event_ndim - f.value_event_ndim));
  for (size_t i = 0; i < 2; ++i) {
    std::vector<size_t> shape = f.pairs ? std::vector<size_t>{r.shape[i], r.shape[2]} : r.shape;
    r.gradient[i] = !f.pairs && i < inputs && (flags & (32u << i));
    r.in_place[i] = r.gradient[i] && in.below(2);
    if (i < inputs) r.input[i].read(in, shape, !r.in_place[i], i == 0 ? nullptr : &r.input[0]);
    r.grad[i] = r.input[i];
    if (!r.in_place[i]) r.grad[i].read(in, r.gradient[i] ? shape : std::vector<size_t>{0}, false, nullptr);
  }
  r.cotangent.read(in, r.with_cotangent ? value_shape : std::vector<size_t>{0}, true, nullptr);
  if (f.pairs)
    r.value.contiguous(value_shape);
  else
    r.value.read(in, value_shape, false, nullptr);
  return r;
}

// The call; `r` is a copy, its arrays are written to.
template <class T>
int call(Request<T>& r) {
  const Function<T>& f = r.function;
  T* grad[2];
  for (int i = 0; i < 2; ++i)
    grad[i] = !r.gradient[i] ? nullptr : r.in_place[i] ? r.input[i].first() : r.grad[i].first();
  const T* cotangent = r.with_cotangent ? r.cotangent.first() : nullptr;
  Strided<T>&p = r.input[0], &q = r.input[1];
  if (f.pairs)
    return f.pairs(r.shape[0], r.shape[1], r.shape[2], p.first(), p.steps(), r.own_pairs ? nullptr : q.first(),
                   r.own_pairs ? nullptr : q.steps(), &r.options, r.value.first());
  if (f.two)
    return f.two(r.shape.size(), r.shape.data(), p.first(), p.steps(), q.first(), q.steps(), &r.options, cotangent,
                 r.cotangent.steps(), r.value.first(), r.value.steps(), grad[0], r.grad[0].steps(), grad[1],
                 r.grad[1].steps());
  return f.one(r.shape.size(), r.shape.data(), p.first(), p.steps(), &r.options, cotangent, r.cotangent.steps(),
               r.value.first(), r.value.steps(), grad[0], r.grad[0].steps());
}

template <class T>
void require(bool holds, const Request<T>& r, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s_%s: %s; shape", r.function.name, sizeof(T) == 4 ? "f32" : "f64", what);
  for (size_t size : r.shape) std::fprintf(stderr, " %zu", size);
  std::fprintf(stderr, "; normalize %d, base %a, weight %a, isa %s\n", r.options.normalize, r.options.base,
               r.options.weight, fastdiv_isa());
  for (int i = 0; i < 2; ++i) r.input[i].print("input");
  r.value.print("value");
  std::abort();
}

template <class T>
bool is_divergence(const Function<T>& f) {
  for (const char* name : {"kl_divergence", "js_divergence", "js_distance", "mutual_information"})
    if (std::strcmp(f.name, name) == 0) return true;
  return false;
}

bool is_valid(const fastdiv_options& o) {
  bool base = o.base == 0 || (o.base > 0 && o.base != 1 && std::isfinite(o.base));
  return base && o.weight >= 0 && o.weight <= 1;
}

template <class T>
void check_value(const Request<T>& r, const Strided<T>& before) {
  bool non_negative = r.options.normalize && is_divergence(r.function) && (r.options.base == 0 || r.options.base > 1);
  std::vector<bool> member = r.value.members();
  for (size_t i = 0; i < member.size(); ++i) {
    T value = r.value.entries[i];
    if (member[i] && non_negative) require(!(value < 0), r, "a negative divergence");
    if (!member[i]) require(same(value, before.entries[i]), r, "written between the entries of value");
  }
}

template <class T>
void check_request(const Request<T>& request) {
  Request<T> before;
  bool have_before = false;
  for (size_t k = 0; const char* isa = fastdiv_available_isa(k); ++k) {
    fastdiv_set_isa(isa);
    Request<T> r = request;
    int status = call(r);
    require((status == FASTDIV_OK) == (r.function.plain || is_valid(r.options)), r, fastdiv_status_string(status));
    if (status != FASTDIV_OK) return;
    check_value(r, request.value);
    if (std::strcmp(isa, "v2") == 0) continue;
    if (have_before) {
      require(same(r.value, before.value), r, "other values than the instruction set before");
      for (int i = 0; i < 2; ++i) {
        require(same(r.grad[i], before.grad[i]), r, "other gradients than the instruction set before");
        require(same(r.input[i], before.input[i]), r, "other gradients in place than the instruction set before");
      }
    }
    before = r;
    have_before = true;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input in{data, size};
  switch (in.below(12)) {
    case 0:
      check_request(logits::read_request<float>(in));
      break;
    case 1:
      check_request(logits::read_request<double>(in));
      break;
    case 2:
      check_request(logits::read_request<fastdiv::Float16>(in));
      break;
    case 3:
      check_request(logits::read_request<fastdiv::BFloat16>(in));
      break;
    case 4:
    case 5:
      check_request(read_request(in, kFunctions32));
      break;
    case 6:
    case 7:
      nn::check_request(nn::read_request<float>(in));
      break;
    case 8:
    case 9:
      nn::check_request(nn::read_request<double>(in));
      break;
    default:
      check_request(read_request(in, kFunctions64));
  }
  return 0;
}

#ifndef FASTDIV_LIBFUZZER
#include <chrono>
#include <random>

int main(int argc, char** argv) {
  char* end = nullptr;
  double seconds = argc > 1 ? std::strtod(argv[1], &end) : 2;
  if (argc > 1 && *end != '\0') {
    for (int k = 1; k < argc; ++k) {
      std::FILE* file = std::fopen(argv[k], "rb");
      if (file == nullptr) return 2;
      uint8_t bytes[4096];
      LLVMFuzzerTestOneInput(bytes, std::fread(bytes, 1, sizeof bytes, file));
      std::fclose(file);
    }
    return 0;
  }
  std::mt19937_64 random(argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1);
  auto stop = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  size_t calls = 0;
  for (; std::chrono::steady_clock::now() < stop; ++calls) {
    std::vector<uint8_t> bytes(random() % 400);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    if (argc > 3 && !bytes.empty()) bytes[0] = static_cast<uint8_t>(std::atoi(argv[3]));
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
  std::printf("%zu calls\n", calls);
  return 0;
}
#endif
