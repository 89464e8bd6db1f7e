// Philox and the normal numbers of every instruction set of this machine: Random123's known answers, the same bits on
// all that have fused multiply-adds, and the largest error, against long double, within what simd/normal.hpp states.
// Box and Muller's formula is also tried at uniform numbers that streams hardly ever come to.
//   random_numbers [counters]     so many counters (default 2^18)
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <vector>

#include "dispatch.hpp"
#include "simd/normal.hpp"

namespace {

using fastdiv::KernelTable;
using fastdiv::RandomNumbers;

int failures = 0;

void expect(bool condition, const char* instruction_set, const char* what) {
  if (condition) return;
  std::printf("%s: %s\n", instruction_set, what);
  ++failures;
}

struct KnownAnswer {
  RandomNumbers counter;
  uint32_t words[4];
};
const KnownAnswer kKnown[] = {
    {{0, 0, 0, 0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{~uint64_t{0}, ~uint64_t{0}, 0xffffffff, 0xffffffff, 0}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x299f31d0a4093822, 0x85a308d3243f6a88, 0x13198a2e, 0x03707344, 0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

template <class T>
void check_known_answers(const KernelTable& table) {
  // Every lane in turn is the one whose answer is known.
  constexpr uint64_t kCounters = 100;
  constexpr size_t kNumbers = fastdiv::kNumbersPerCounter<T>;
  std::vector<T> words(kCounters * kNumbers);
  for (const KnownAnswer& known : kKnown)
    for (uint64_t before = 0; before < kCounters; ++before) {
      RandomNumbers numbers = known.counter;
      numbers.index -= before;
      fastdiv::random_kernels_of<T>(table)[fastdiv::r_words](numbers, words.data(), words.size());
      bool same = std::memcmp(&words[before * kNumbers], known.words, sizeof known.words) == 0;
      expect(same, table.name, "words are not the known answer");
    }
}

// The error of a normal number in units in the last place, given the uniform numbers that it is made of.
template <class T>
double error_of(T got, T u, T v, bool second) {
  const long double half_pi = std::acos(0.0L);
  long double quarters = 4 * static_cast<long double>(v), nearest = std::round(quarters);
  long double angle = half_pi * (quarters - nearest);  // without rounding that matters near zeros
  int quadrant = (static_cast<int>(nearest) + (second ? 3 : 0)) % 4;
  long double wave = quadrant % 2 == 0 ? std::cos(angle) : -std::sin(angle);
  if (quadrant >= 2) wave = -wave;
  long double exact = std::sqrt(-2 * std::log(static_cast<long double>(u))) * wave;
  int last_place = std::ilogb(exact) - (std::numeric_limits<T>::digits - 1);
  return static_cast<double>(std::fabs(std::ldexp(static_cast<long double>(got) - exact, -last_place)));
}

template <class T>
void check_streams(const char* type, size_t counters) {
  size_t n = counters * fastdiv::kNumbersPerCounter<T>;
  std::vector<T> u(n), z(n), fused;
  for (size_t k = 0; const KernelTable* table = fastdiv::available(k); ++k) {
    auto kernels = fastdiv::random_kernels_of<T>(*table);
    double worst = 0;
    for (uint32_t stream = 0; stream < 4; ++stream) {
      RandomNumbers numbers = {20240229, uint64_t{1} << 40, stream, stream, 0};
      kernels[fastdiv::r_uniform](numbers, u.data(), n);
      kernels[fastdiv::r_normal](numbers, z.data(), n);
      for (size_t i = 0; i < n; ++i) worst = std::fmax(worst, error_of(z[i], u[i & ~size_t{1}], u[i | 1], i & 1));
    }
    std::printf("%s %s normal %.4f ulp, allowed %g\n", type, table->name, worst, kNormalMaxUlp);
    expect(worst <= kNormalMaxUlp, table->name, "normal numbers have too large an error");
    if (std::strcmp(table->name, "v2") == 0) continue;  // no fused multiply-add: other roundings
    expect(fused.empty() || std::memcmp(fused.data(), z.data(), n * sizeof(T)) == 0, table->name,
           "other bits than the instruction set before");
    fused = z;
  }
}

// Compiled for the least instruction set: the formula is the same.
template <class T>
void check_edges(const char* type) {
  const T step = std::numeric_limits<T>::epsilon(), least = step / 2;
  std::vector<T> edges;
  for (T at : {T(0), T(0.125), T(0.25), T(0.375), T(0.5), T(0.625), T(0.70703125), T(0.75), T(0.875), T(1)})
    for (int i = -20; i < 20; ++i) {
      T u = at + step * static_cast<T>(i) + least;
      if (u > 0 && u < 1) edges.push_back(u);
    }
  double worst = 0;
  for (T u : edges)
    for (T v : edges) {
      Vec<T> pair[2] = {broadcast<T>(u), broadcast<T>(v)};
      box_muller<T, 1>(pair);
      for (int second = 0; second < 2; ++second)
        worst = std::fmax(worst, error_of(static_cast<T>(pair[second][0]), u, v, second == 1));
    }
  std::printf("%s edges %.4f ulp, allowed %g\n", type, worst, kNormalMaxUlp);
  expect(worst <= kNormalMaxUlp, type, "normal numbers at the edges have too large an error");
}

}  // namespace

int main(int argc, char** argv) {
  size_t counters = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : size_t{1} << 18;
  for (size_t k = 0; const KernelTable* table = fastdiv::available(k); ++k) {
    check_known_answers<float>(*table);
    check_known_answers<double>(*table);
  }
  check_streams<float>("f32", counters);
  check_streams<double>("f64", counters);
  check_edges<float>("f32");
  check_edges<double>("f64");
  return failures == 0 ? 0 : 1;
}
