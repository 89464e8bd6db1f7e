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

// The index of each lane's counter, in lanes of 64 bits: for float the even lanes of each vector, then the odd ones.
// Several vectors at once keep the processor busy while each waits for its own products.
template <class T, int kVectors = 1>
struct Counters {
  static constexpr int kPartsPerVector = 8 / static_cast<int>(sizeof(T));
  static constexpr int kParts = kVectors * kPartsPerVector;
  BitsD part[kParts];
};

// Lane l of vector v has first + (v * Lanes<T>::kCount + l) * step; `advance` adds the same to all of them.
template <class T, int kVectors = 1>
FASTDIV_INLINE Counters<T, kVectors> counters(uint64_t first, uint64_t step = 1) {
  constexpr int kParts = Counters<T>::kParts, kCount = Lanes<T>::kCount;
  Counters<T, kVectors> result;
  for (int v = 0; v < kVectors; ++v)
    for (int lane = 0; lane < kCount; ++lane)
      result.part[v * kParts + lane % kParts][lane / kParts] = first + static_cast<uint64_t>(v * kCount + lane) * step;
  return result;
}

template <class T, int kVectors>
FASTDIV_INLINE Counters<T, kVectors> advance(Counters<T, kVectors> c, uint64_t by) {
  for (int i = 0; i < Counters<T, kVectors>::kParts; ++i) c.part[i] += by;
  return c;
}

// What each round mixes in. Make it once, outside of loops.
struct PhiloxKey {
  static constexpr int kRounds = 10;
  uint64_t round[kRounds][2];
};

FASTDIV_INLINE PhiloxKey philox_key(uint64_t seed) {
  PhiloxKey key;
  uint32_t low = static_cast<uint32_t>(seed), high = static_cast<uint32_t>(seed >> 32);
  for (int i = 0; i < PhiloxKey::kRounds; ++i) {
    key.round[i][0] = low;
    key.round[i][1] = high;
    low += 0x9e3779b9;
    high += 0xbb67ae85;
  }
  return key;
}

// A word in the low half of each lane; what stands above is not cleared, multiplication does not read it.
template <int kParts>
FASTDIV_INLINE void philox_words(const BitsD (&index)[kParts], uint32_t block, uint32_t stream, const PhiloxKey& key,
                                 BitsD (&word)[kParts][4]) {
  constexpr uint64_t kFirst = 0xd2511f53, kSecond = 0xcd9e8d57;
  for (int i = 0; i < kParts; ++i) {
    word[i][0] = index[i];
    word[i][1] = index[i] >> 32;
    word[i][2] = BitsD{} + block;
    word[i][3] = BitsD{} + stream;
  }
#pragma GCC unroll 10
  for (int round = 0; round < PhiloxKey::kRounds; ++round) {
#pragma GCC unroll 8
    for (int i = 0; i < kParts; ++i) {
      BitsD first = multiply_low_words(word[i][0], BitsD{} + kFirst);
      BitsD second = multiply_low_words(word[i][2], BitsD{} + kSecond);
      word[i][0] = (second >> 32) ^ word[i][1] ^ key.round[round][0];
      word[i][1] = second;
      word[i][2] = (first >> 32) ^ word[i][3] ^ key.round[round][1];
      word[i][3] = first;
    }
  }
}

// low's words below high's in each lane
FASTDIV_INLINE BitsD join_words(BitsD low, BitsD high) { return (low & 0xffffffff) | (high << 32); }

// words[2 v + j]: words 2 j and 2 j + 1 of each lane of vector v, the first of them below
template <int kVectors>
FASTDIV_INLINE void philox(const Counters<double, kVectors>& c, uint32_t block, uint32_t stream, const PhiloxKey& key,
                           BitsD* words) {
  BitsD word[Counters<double, kVectors>::kParts][4];
  philox_words(c.part, block, stream, key, word);
#pragma GCC unroll 16
  for (int i = 0; i < 2 * kVectors; ++i) words[i] = join_words(word[i / 2][i % 2 * 2], word[i / 2][i % 2 * 2 + 1]);
}

// words[4 v + j]: word j of each lane of vector v
template <int kVectors>
FASTDIV_INLINE void philox(const Counters<float, kVectors>& c, uint32_t block, uint32_t stream, const PhiloxKey& key,
                           BitsF* words) {
  BitsD word[Counters<float, kVectors>::kParts][4];
  philox_words(c.part, block, stream, key, word);
#pragma GCC unroll 16
  for (int i = 0; i < 4 * kVectors; ++i)
    words[i] = (BitsF)join_words(word[i / 4 * 2][i % 4], word[i / 4 * 2 + 1][i % 4]);
}

}  // namespace
