// What the fuzzer's bytes mean: numbers, sizes, and arrays with strides in memory that just holds them.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <vector>

struct Input {
  const uint8_t* data;
  size_t size;
  uint64_t state = 0x9e3779b97f4a7c15;  // of the numbers made up where bytes would be too many

  uint8_t byte() {
    if (size == 0) return 0;
    --size;
    return *data++;
  }

  size_t below(size_t count) { return byte() % count; }

  // Around the widths of registers and blocks, and past one chunk.
  size_t event_size(size_t event_ndim) {
    static const size_t sizes[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 100, 129, 257, 600, 8193};
    size_t count = sizeof sizes / sizeof *sizes;
    return sizes[below(event_ndim == 1 ? count : count - 4)];
  }

  template <class T>
  T number() {
    static const double some[] = {0, 1, 2, 10, 0.5, 0.25, -1, 1e-300, 1e300};
    size_t kind = below(12);
    if (kind < sizeof some / sizeof *some) return static_cast<T>(some[kind]);
    uint64_t bits = 0;
    for (size_t i = 0; i < sizeof(T); ++i) bits = bits << 8 | byte();
    return from_bits<T>(bits);
  }

  template <class T>
  static T from_bits(uint64_t bits) {
    T result;
    std::memcpy(&result, &bits, sizeof result);
    return result;
  }

  uint64_t random() {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
  }
  double uniform() { return static_cast<double>(random() >> 11) * 0x1p-53; }
};

// Weights, and any number.
template <class T>
struct Weights {
  static T special(Input& in) { return in.number<T>(); }

  // Of one array; `base` is the other array's number at the same place, if there is one.
  static T entry(Input& in, size_t kind, const T* base) {
    using Limits = std::numeric_limits<T>;
    switch (kind) {
      case 0:
        return in.number<T>();
      case 1:  // counts
        return static_cast<T>(in.random() % 5);
      case 2:  // many magnitudes
        return static_cast<T>(std::exp2(40 * in.uniform() - 38));
      case 3:  // all magnitudes
        return static_cast<T>(
            std::exp2((Limits::max_exponent - Limits::min_exponent) * in.uniform() + Limits::min_exponent));
      case 4:
        return Limits::denorm_min() * static_cast<T>(in.random() % 100);
      case 5:
        return Input::from_bits<T>(in.random());
      default:  // nearly the other array
        T near = base != nullptr ? *base : static_cast<T>(in.uniform());
        return near + near * static_cast<T>(std::exp2(-60 * in.uniform())) * (kind == 6 ? 0 : 1);
    }
  }

  static double shown(T x) { return static_cast<double>(x); }
};

template <class T, class Numbers = Weights<T>>
struct Strided {
  std::vector<size_t> shape;
  std::vector<ptrdiff_t> strides;
  bool with_strides = false;
  ptrdiff_t origin = 0;    // of the first entry, in `entries`
  std::vector<T> entries;  // exactly the memory that is needed

  T* first() { return entries.empty() ? nullptr : entries.data() + origin; }
  const ptrdiff_t* steps() const { return with_strides ? strides.data() : nullptr; }

  void contiguous(const std::vector<size_t>& sizes) {
    shape = sizes;
    strides.assign(shape.size(), 1);
    for (size_t axis = shape.size(); axis-- > 1;)
      strides[axis - 1] = strides[axis] * static_cast<ptrdiff_t>(std::max<size_t>(shape[axis], 1));
    with_strides = false;
    origin = 0;
    allocate();
  }

  // Entries may share memory if `overlap`. `other` is an array that this one may nearly equal.
  void read(Input& in, const std::vector<size_t>& sizes, bool overlap, const Strided* other) {
    contiguous(sizes);
    size_t kind = in.below(overlap ? 7 : 4);
    with_strides = kind != 0 && !shape.empty();
    if (kind == 1) step(static_cast<ptrdiff_t>(1 + in.below(3)));
    if (kind == 2) step(-1 - static_cast<ptrdiff_t>(in.below(2)));
    if (kind == 3) transpose();
    if (kind >= 4)
      for (ptrdiff_t& stride : strides) {
        if (kind == 4 && in.below(2)) stride = 0;
        if (kind > 4) stride = static_cast<ptrdiff_t>(in.below(7)) - 3;
      }
    allocate();
    fill(in, other);
  }

  // Which entries belong to the array; the others lie between them.
  std::vector<bool> members() const {
    std::vector<bool> result(entries.size());
    std::vector<size_t> index(shape.size());
    for (bool more = !entries.empty(); more;) {
      ptrdiff_t offset = origin;
      for (size_t axis = 0; axis < shape.size(); ++axis) offset += static_cast<ptrdiff_t>(index[axis]) * strides[axis];
      result[static_cast<size_t>(offset)] = true;
      more = false;
      for (size_t axis = shape.size(); axis-- > 0 && !more;)
        if (more = ++index[axis] < shape[axis]; !more) index[axis] = 0;
    }
    return result;
  }

  void print(const char* name) const {
    std::fprintf(stderr, "%s, first at %td, strides", name, origin);
    for (ptrdiff_t stride : strides) std::fprintf(stderr, " %td", stride);
    std::fprintf(stderr, ":");
    for (size_t i = 0; i < entries.size() && i < 40; ++i) std::fprintf(stderr, " %a", Numbers::shown(entries[i]));
    std::fprintf(stderr, "\n");
  }

 private:
  void step(ptrdiff_t factor) {
    for (ptrdiff_t& stride : strides) stride *= factor;
  }

  void transpose() {
    ptrdiff_t stride = 1;
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      strides[axis] = stride;
      stride *= static_cast<ptrdiff_t>(std::max<size_t>(shape[axis], 1));
    }
  }

  void allocate() {
    ptrdiff_t lowest = 0, highest = 0;
    bool empty = false;
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      empty |= shape[axis] == 0;
      ptrdiff_t reach = strides[axis] * (static_cast<ptrdiff_t>(shape[axis]) - 1);
      (reach < 0 ? lowest : highest) += reach;
    }
    origin = -lowest;
    entries.assign(empty ? 0 : static_cast<size_t>(highest - lowest + 1), T{});
  }

  void fill(Input& in, const Strided* other) {
    size_t kind = in.below(8);
    in.state += 1 + in.byte();
    for (size_t i = 0; i < entries.size(); ++i) {
      bool paired = other != nullptr && i < other->entries.size();
      entries[i] = Numbers::entry(in, kind, paired ? &other->entries[i] : nullptr);
    }
    if (entries.empty()) return;
    for (size_t k = in.below(4); k > 0; --k)
      entries[(in.byte() * 256u + in.byte()) % entries.size()] = Numbers::special(in);
  }
};

// Equal bits; one NaN is as good as another.
template <class T>
bool same(T x, T y) {
  return std::memcmp(&x, &y, sizeof x) == 0 || (std::isnan(x) && std::isnan(y));
}
template <class T, class Numbers>
bool same(const Strided<T, Numbers>& a, const Strided<T, Numbers>& b) {
  for (size_t i = 0; i < a.entries.size(); ++i)
    if (!same(a.entries[i], b.entries[i])) return false;
  return true;
}
