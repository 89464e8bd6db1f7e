// Conversions from and to 16-bit numbers on every instruction set of this machine, against storage_reference.hpp:
// all 65,536 numbers widened and narrowed again, and floats narrowed. NaN has to stay NaN, with any payload.
//   storage_bits [points]     about so many floats of every kind (default 2^20)
//   storage_bits every-float  all 2^32 floats (minutes)
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "dispatch.hpp"
#include "storage_reference.hpp"

namespace {

using fastdiv::BFloat16;
using fastdiv::Float16;

int failures = 0;

float from_bits(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

uint32_t to_bits(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

void report(const char* format, const char* what, const char* isa, uint32_t from, uint32_t got, uint32_t expected) {
  if (++failures <= 20)
    std::printf("%s %s, %s: %08" PRIx32 " became %08" PRIx32 ", expected %08" PRIx32 "\n", format, what, isa, from, got,
                expected);
}

template <class S>
std::vector<S> every_number() {
  std::vector<S> list(size_t{1} << 16);
  for (size_t i = 0; i < list.size(); ++i) list[i].bits = static_cast<uint16_t>(i);
  return list;
}

template <class S>
void check_widened() {
  std::vector<S> x = every_number<S>();
  std::vector<float> out(x.size());
  for (size_t k = 0; const fastdiv::KernelTable* table = fastdiv::available(k); ++k) {
    fastdiv::logits_kernels_of<S>(*table).widen(x.data(), out.data(), x.size());
    for (size_t i = 0; i < x.size(); ++i) {
      float expected = static_cast<float>(widened(x[i]));
      bool right = std::isnan(expected) ? std::isnan(out[i]) : to_bits(out[i]) == to_bits(expected);
      if (!right) report(Format<S>::kName, "widened", table->name, x[i].bits, to_bits(out[i]), to_bits(expected));
    }
  }
}

template <class S>
void check_narrowed(const std::vector<float>& x) {
  std::vector<S> expected(x.size()), out(x.size());
  for (size_t i = 0; i < x.size(); ++i) expected[i] = narrowed<S>(static_cast<double>(x[i]));
  for (size_t k = 0; const fastdiv::KernelTable* table = fastdiv::available(k); ++k) {
    fastdiv::logits_kernels_of<S>(*table).narrow(x.data(), out.data(), x.size());
    for (size_t i = 0; i < x.size(); ++i) {
      bool right = std::isnan(x[i]) ? std::isnan(widened(out[i])) : out[i].bits == expected[i].bits;
      if (!right) report(Format<S>::kName, "narrowed", table->name, to_bits(x[i]), out[i].bits, expected[i].bits);
    }
  }
}

// A register and a rest of every length, anywhere in memory; nothing is written past the end.
template <class S>
void check_tails() {
  constexpr size_t kMost = 70;
  for (size_t count = 0; count < kMost; ++count) {
    std::vector<S> numbers(kMost + 1), back(kMost + 1);
    for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = narrowed<S>(static_cast<double>(i) - 30);
    for (size_t k = 0; const fastdiv::KernelTable* table = fastdiv::available(k); ++k) {
      const fastdiv::LogitsKernels<S>& kernels = fastdiv::logits_kernels_of<S>(*table);
      std::vector<float> wide(kMost + 1);
      std::fill(back.begin(), back.end(), S{0x1234});
      kernels.widen(numbers.data() + 1, wide.data() + 1, count);
      kernels.narrow(wide.data() + 1, back.data() + 1, count);
      for (size_t i = 0; i <= kMost; ++i) {
        uint16_t expected = i >= 1 && i <= count ? numbers[i].bits : 0x1234;
        if (back[i].bits != expected) report(Format<S>::kName, "tail", table->name, 0, back[i].bits, expected);
      }
    }
  }
}

// The numbers themselves and what lies halfway between two of them, with the floats next to both.
template <class S>
std::vector<float> ties() {
  std::vector<float> list;
  for (S x : every_number<S>()) {
    S next = {static_cast<uint16_t>(x.bits + 1)};
    float middle = static_cast<float>((widened(x) + widened(next)) / 2);
    // The largest number's neighbour is infinity, but what rounds to it begins half a unit above.
    if (std::isinf(middle) && std::isfinite(widened(x))) {
      S before = {static_cast<uint16_t>(x.bits - 1)};
      middle = static_cast<float>(widened(x) + (widened(x) - widened(before)) / 2);
    }
    for (float each : {static_cast<float>(widened(x)), middle})
      for (uint32_t step : {0u, 1u, ~0u}) list.push_back(from_bits(to_bits(each) + step));
  }
  return list;
}

std::vector<float> random_floats(size_t points) {
  std::mt19937_64 random(20240229);
  std::vector<float> list;
  for (size_t i = 0; i < points; ++i) {
    list.push_back(from_bits(static_cast<uint32_t>(random())));
    // of the magnitudes of binary16
    double exponent = -28 + 46 * static_cast<double>(random() >> 11) * 0x1p-53;
    list.push_back(static_cast<float>(std::exp2(exponent)) * (random() & 1 ? 1 : -1));
    list.push_back(from_bits(static_cast<uint32_t>(random()) | 0x7f800000));            // NaN
    list.push_back(from_bits(static_cast<uint32_t>(random()) & 0x807fffff));            // subnormal
    list.push_back(from_bits(0x477fe000 + static_cast<uint32_t>(random() % 0x4000)));   // about the largest of binary16
    list.push_back(from_bits(0x7f7f0000 + static_cast<uint32_t>(random() % 0x10000)));  // and of bfloat16
  }
  return list;
}

template <class S>
void check(size_t points) {
  check_widened<S>();
  check_narrowed<S>(ties<S>());
  check_narrowed<S>(random_floats(points));
  check_tails<S>();
}

void check_every_float() {
  std::vector<float> x(size_t{1} << 20);
  for (uint64_t start = 0; start < (uint64_t{1} << 32); start += x.size()) {
    for (size_t i = 0; i < x.size(); ++i) x[i] = from_bits(static_cast<uint32_t>(start + i));
    check_narrowed<Float16>(x);
    check_narrowed<BFloat16>(x);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "every-float") {
    check_every_float();
  } else {
    size_t points = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : size_t{1} << 20;
    check<Float16>(points);
    check<BFloat16>(points);
  }
  std::printf("%d failures\n", failures);
  return failures == 0 ? 0 : 1;
}
