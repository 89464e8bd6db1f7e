// Philox4x32-10, a counter-based generator: ten rounds that mix a counter of four 32-bit words under a key of two.
// J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011.
//
// counter = (index low, index high, block, stream), key = (seed low, seed high). A sample's index, the number of four
// words within it and a purpose never share a place, so none of them shifts another's numbers.
#pragma once
#include "simd/vec.hpp"

namespace {

// What one counter gives in lanes of T: four words for float, two pairs of them, 64 bits each, for double.
template <class T>
constexpr int kPerCounter = 16 / static_cast<int>(sizeof(T));

// The index of each lane's counter, in lanes of 64 bits: for float the even lanes and the odd ones.
template <class T>
struct Counters {
  static constexpr int kParts = 8 / static_cast<int>(sizeof(T));
  BitsD part[kParts];
};

// Lane l has first + l * step; vectors that follow start at first + step * Lanes<T>::kCount.
template <class T>
FASTDIV_INLINE Counters<T> counters(uint64_t first, uint64_t step = 1) {
  Counters<T> result;
  for (int i = 0; i < Counters<T>::kParts; ++i)
    for (int m = 0; m < Lanes<double>::kCount; ++m)
      result.part[i][m] = first + static_cast<uint64_t>(m * Counters<T>::kParts + i) * step;
  return result;
}

template <class T>
FASTDIV_INLINE Counters<T> advance(Counters<T> c, uint64_t by) {
  for (int i = 0; i < Counters<T>::kParts; ++i) c.part[i] += by;
  return c;
}

// A word in the low half of each lane; what stands above is not cleared, multiplication does not read it.
FASTDIV_INLINE void philox_words(BitsD index, uint32_t block, uint32_t stream, uint64_t seed, BitsD* word) {
  constexpr uint32_t kStep[2] = {0x9e3779b9, 0xbb67ae85};
  constexpr uint64_t kFactor[2] = {0xd2511f53, 0xcd9e8d57};
  uint32_t key[2] = {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
  word[0] = index;
  word[1] = index >> 32;
  word[2] = BitsD{} + block;
  word[3] = BitsD{} + stream;
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    BitsD first = multiply_low_words(word[0], BitsD{} + kFactor[0]);
    BitsD second = multiply_low_words(word[2], BitsD{} + kFactor[1]);
    word[0] = (second >> 32) ^ word[1] ^ static_cast<uint64_t>(key[0]);
    word[1] = second;
    word[2] = (first >> 32) ^ word[3] ^ static_cast<uint64_t>(key[1]);
    word[3] = first;
    for (int k = 0; k < 2; ++k) key[k] += kStep[k];
  }
}

// low's words below high's in each lane
FASTDIV_INLINE BitsD join_words(BitsD low, BitsD high) { return (low & 0xffffffff) | (high << 32); }

// words[j]: each lane's words 2 j and 2 j + 1, the first of them below
FASTDIV_INLINE void philox(const Counters<double>& c, uint32_t block, uint32_t stream, uint64_t seed, BitsD* words) {
  BitsD word[4];
  philox_words(c.part[0], block, stream, seed, word);
  for (int j = 0; j < 2; ++j) words[j] = join_words(word[2 * j], word[2 * j + 1]);
}

// words[j]: each lane's word j
FASTDIV_INLINE void philox(const Counters<float>& c, uint32_t block, uint32_t stream, uint64_t seed, BitsF* words) {
  BitsD even[4], odd[4];
  philox_words(c.part[0], block, stream, seed, even);
  philox_words(c.part[1], block, stream, seed, odd);
  for (int j = 0; j < 4; ++j) words[j] = (BitsF)join_words(even[j], odd[j]);
}

}  // namespace
