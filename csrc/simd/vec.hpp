// Vectors of float and double on the compiler's vector extensions: the only file that knows how wide
// a register is. Include it in per-instruction-set translation units alone. Everything is internal
// (anonymous namespace, no std:: templates): an inline function compiled for AVX-512 must never
// become the copy that the linker keeps for all.
#pragma once
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define FASTDIV_INLINE static inline __attribute__((always_inline))

namespace {

#if defined(__AVX512F__)
constexpr int kWidth = 64;
#elif defined(__AVX2__)
constexpr int kWidth = 32;
#else
constexpr int kWidth = 16;
#endif

// Sums are laid out in logical blocks of 256 bytes whatever the register's width: lane l of the
// block always adds into accumulator l, so every instruction set adds in the same order.
constexpr int kBlockBytes = 256;
constexpr int kVectorsPerBlock = kBlockBytes / kWidth;

typedef double VecD __attribute__((vector_size(kWidth), may_alias));
typedef float VecF __attribute__((vector_size(kWidth), may_alias));
typedef int64_t MaskD __attribute__((vector_size(kWidth), may_alias));
typedef int32_t MaskF __attribute__((vector_size(kWidth), may_alias));
typedef uint64_t BitsD __attribute__((vector_size(kWidth), may_alias));
typedef uint32_t BitsF __attribute__((vector_size(kWidth), may_alias));
typedef double UnalignedD __attribute__((vector_size(kWidth), may_alias, aligned(8)));
typedef float UnalignedF __attribute__((vector_size(kWidth), may_alias, aligned(4)));
typedef float HalfF __attribute__((vector_size(kWidth / 2), may_alias));

template <class T>
struct Lanes;

template <>
struct Lanes<double> {
  typedef VecD Vec;
  typedef MaskD Mask;
  typedef BitsD Bits;
  typedef UnalignedD Unaligned;
  typedef uint64_t Word;
  static constexpr int kCount = kWidth / 8;
  static constexpr int kMantissaBits = 52;
  static constexpr int kExponentBias = 1023;
  // A number a little smaller than it is still normal, as divide_out needs of what it scales.
  static constexpr double kSmallestRegular = 0x1p-1020;
  static constexpr double kLargest = 0x1.fffffffffffffp1023;
};

template <>
struct Lanes<float> {
  typedef VecF Vec;
  typedef MaskF Mask;
  typedef BitsF Bits;
  typedef UnalignedF Unaligned;
  typedef uint32_t Word;
  static constexpr int kCount = kWidth / 4;
  static constexpr int kMantissaBits = 23;
  static constexpr int kExponentBias = 127;
  static constexpr float kSmallestRegular = 0x1p-124f;
  static constexpr float kLargest = 0x1.fffffep127f;
};

template <class T>
using Vec = typename Lanes<T>::Vec;
template <class T>
using Mask = typename Lanes<T>::Mask;
template <class T>
using Bits = typename Lanes<T>::Bits;

template <class T>
constexpr int kLanesPerBlock = kBlockBytes / static_cast<int>(sizeof(T));

template <class T>
FASTDIV_INLINE Vec<T> broadcast(T x) {
  return Vec<T>{} + x;
}

template <class T>
FASTDIV_INLINE Vec<T> load(const T* p) {
  return *reinterpret_cast<const typename Lanes<T>::Unaligned*>(p);
}

template <class T>
FASTDIV_INLINE void store(T* p, Vec<T> x) {
  *reinterpret_cast<typename Lanes<T>::Unaligned*>(p) = x;
}

template <class T>
FASTDIV_INLINE Vec<T> as_float(Bits<T> bits) {
  return (Vec<T>)bits;
}
template <class T>
FASTDIV_INLINE Bits<T> as_bits(Vec<T> x) {
  return (Bits<T>)x;
}

FASTDIV_INLINE VecD select(MaskD m, VecD a, VecD b) { return m ? a : b; }
FASTDIV_INLINE VecF select(MaskF m, VecF a, VecF b) { return m ? a : b; }

// NaN in x stays.
template <class T>
FASTDIV_INLINE Vec<T> at_least(Vec<T> x, Vec<T> least) {
  return select(x < least, least, x);
}
template <class T>
FASTDIV_INLINE Vec<T> at_most(Vec<T> x, Vec<T> most) {
  return select(x > most, most, x);
}

template <class T>
FASTDIV_INLINE Vec<T> absolute(Vec<T> x) {
  typedef typename Lanes<T>::Word Word;
  return as_float<T>(as_bits<T>(x) & (~static_cast<Word>(0) >> 1));
}

// Half a vector of floats as a whole vector of doubles: compilers would convert it in pieces.
FASTDIV_INLINE VecD widen(HalfF x) {
#if defined(__AVX512F__)
  return (VecD)_mm512_maskz_cvtps_pd(-1, (__m256)x);
#elif defined(__AVX2__)
  return (VecD)_mm256_cvtps_pd((__m128)x);
#else
  return __builtin_convertvector(x, VecD);
#endif
}
FASTDIV_INLINE VecD load_widened(const float* p) {
  typedef float UnalignedHalfF __attribute__((vector_size(kWidth / 2), may_alias, aligned(4)));
  HalfF half = *reinterpret_cast<const UnalignedHalfF*>(p);
  return widen(half);
}

// a * b + c rounded once; x86-64-v2 has no such instruction and rounds twice.
#if defined(__AVX512F__)
FASTDIV_INLINE VecD fma(VecD a, VecD b, VecD c) { return (VecD)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c); }
FASTDIV_INLINE VecF fma(VecF a, VecF b, VecF c) { return (VecF)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c); }
FASTDIV_INLINE bool any(MaskD m) { return _mm512_movepi64_mask((__m512i)m) != 0; }
FASTDIV_INLINE bool any(MaskF m) { return _mm512_movepi32_mask((__m512i)m) != 0; }
#elif defined(__AVX2__)
FASTDIV_INLINE VecD fma(VecD a, VecD b, VecD c) { return (VecD)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c); }
FASTDIV_INLINE VecF fma(VecF a, VecF b, VecF c) { return (VecF)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
FASTDIV_INLINE bool any(MaskD m) { return _mm256_movemask_pd((__m256d)m) != 0; }
FASTDIV_INLINE bool any(MaskF m) { return _mm256_movemask_ps((__m256)m) != 0; }
#elif defined(__aarch64__)
FASTDIV_INLINE VecD fma(VecD a, VecD b, VecD c) {
  return (VecD)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
}
FASTDIV_INLINE VecF fma(VecF a, VecF b, VecF c) {
  return (VecF)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}
FASTDIV_INLINE bool any(MaskD m) { return vmaxvq_u32((uint32x4_t)m) != 0; }
FASTDIV_INLINE bool any(MaskF m) { return vmaxvq_u32((uint32x4_t)m) != 0; }
#else
FASTDIV_INLINE VecD fma(VecD a, VecD b, VecD c) { return a * b + c; }
FASTDIV_INLINE VecF fma(VecF a, VecF b, VecF c) { return a * b + c; }
FASTDIV_INLINE bool any(MaskD m) { return (m[0] | m[1]) != 0; }
FASTDIV_INLINE bool any(MaskF m) { return (m[0] | m[1] | m[2] | m[3]) != 0; }
#endif

// a * b + c for c close to -a * b, where rounding the product would leave nothing of the result.
#if defined(__AVX2__) || defined(__aarch64__)
template <class T>
FASTDIV_INLINE Vec<T> fma_cancelling(Vec<T> a, Vec<T> b, Vec<T> c) {
  return fma(a, b, c);
}
#else
// The product in two parts (T. J. Dekker, A Floating-Point Technique for Extending the Available Precision, 1971).
template <class T>
FASTDIV_INLINE Vec<T> fma_cancelling(Vec<T> a, Vec<T> b, Vec<T> c) {
  constexpr T kSplit = sizeof(T) == 4 ? 0x1p12f + 1 : static_cast<T>(0x1p27 + 1);
  Vec<T> a_high = a * kSplit - (a * kSplit - a), a_low = a - a_high;
  Vec<T> b_high = b * kSplit - (b * kSplit - b), b_low = b - b_high;
  Vec<T> product = a * b;
  Vec<T> rest = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low;
  return (product + c) + rest;
}
#endif

// Rounded correctly, as is everything here but the v2 fma.
#if defined(__AVX512F__)
FASTDIV_INLINE VecD square_root(VecD x) { return (VecD)_mm512_maskz_sqrt_pd(-1, (__m512d)x); }
FASTDIV_INLINE VecF square_root(VecF x) { return (VecF)_mm512_maskz_sqrt_ps(-1, (__m512)x); }
#elif defined(__AVX2__)
FASTDIV_INLINE VecD square_root(VecD x) { return (VecD)_mm256_sqrt_pd((__m256d)x); }
FASTDIV_INLINE VecF square_root(VecF x) { return (VecF)_mm256_sqrt_ps((__m256)x); }
#elif defined(__aarch64__)
FASTDIV_INLINE VecD square_root(VecD x) { return (VecD)vsqrtq_f64((float64x2_t)x); }
FASTDIV_INLINE VecF square_root(VecF x) { return (VecF)vsqrtq_f32((float32x4_t)x); }
#else
FASTDIV_INLINE VecD square_root(VecD x) { return (VecD)_mm_sqrt_pd((__m128d)x); }
FASTDIV_INLINE VecF square_root(VecF x) { return (VecF)_mm_sqrt_ps((__m128)x); }
#endif

// The product of the low 32 bits of each lane, whatever stands above them: compilers do not find the instruction.
#if defined(__AVX512F__)
FASTDIV_INLINE BitsD multiply_low_words(BitsD a, BitsD b) {
  return (BitsD)_mm512_maskz_mul_epu32(-1, (__m512i)a, (__m512i)b);
}
#elif defined(__AVX2__)
FASTDIV_INLINE BitsD multiply_low_words(BitsD a, BitsD b) { return (BitsD)_mm256_mul_epu32((__m256i)a, (__m256i)b); }
#elif defined(__aarch64__)
FASTDIV_INLINE BitsD multiply_low_words(BitsD a, BitsD b) {
  return (BitsD)vmull_u32(vmovn_u64((uint64x2_t)a), vmovn_u64((uint64x2_t)b));
}
#else
FASTDIV_INLINE BitsD multiply_low_words(BitsD a, BitsD b) { return (BitsD)_mm_mul_epu32((__m128i)a, (__m128i)b); }
#endif

// Of each group of 128 bits in a and b, its first (second) half, taken in turns.
#if defined(__AVX512F__)
FASTDIV_INLINE VecD interleave_low(VecD a, VecD b) {
  return (VecD)_mm512_maskz_unpacklo_pd(-1, (__m512d)a, (__m512d)b);
}
FASTDIV_INLINE VecD interleave_high(VecD a, VecD b) {
  return (VecD)_mm512_maskz_unpackhi_pd(-1, (__m512d)a, (__m512d)b);
}
FASTDIV_INLINE VecF interleave_low(VecF a, VecF b) { return (VecF)_mm512_maskz_unpacklo_ps(-1, (__m512)a, (__m512)b); }
FASTDIV_INLINE VecF interleave_high(VecF a, VecF b) { return (VecF)_mm512_maskz_unpackhi_ps(-1, (__m512)a, (__m512)b); }
#elif defined(__AVX2__)
FASTDIV_INLINE VecD interleave_low(VecD a, VecD b) { return (VecD)_mm256_unpacklo_pd((__m256d)a, (__m256d)b); }
FASTDIV_INLINE VecD interleave_high(VecD a, VecD b) { return (VecD)_mm256_unpackhi_pd((__m256d)a, (__m256d)b); }
FASTDIV_INLINE VecF interleave_low(VecF a, VecF b) { return (VecF)_mm256_unpacklo_ps((__m256)a, (__m256)b); }
FASTDIV_INLINE VecF interleave_high(VecF a, VecF b) { return (VecF)_mm256_unpackhi_ps((__m256)a, (__m256)b); }
#else
FASTDIV_INLINE VecD interleave_low(VecD a, VecD b) { return VecD{a[0], b[0]}; }
FASTDIV_INLINE VecD interleave_high(VecD a, VecD b) { return VecD{a[1], b[1]}; }
FASTDIV_INLINE VecF interleave_low(VecF a, VecF b) { return VecF{a[0], b[0], a[1], b[1]}; }
FASTDIV_INLINE VecF interleave_high(VecF a, VecF b) { return VecF{a[2], b[2], a[3], b[3]}; }
#endif

#if defined(__AVX512F__)
FASTDIV_INLINE VecD scale(VecD x, VecD k) { return (VecD)_mm512_maskz_scalef_pd(-1, (__m512d)x, (__m512d)k); }
FASTDIV_INLINE VecF scale(VecF x, VecF k) { return (VecF)_mm512_maskz_scalef_ps(-1, (__m512)x, (__m512)k); }
#endif

// x * 2^k for whole k down to twice the least exponent, rounded once.
template <class T>
FASTDIV_INLINE Vec<T> times_power_of_two(Vec<T> x, Vec<T> k) {
#if defined(__AVX512F__)
  return scale(x, k);
#else
  // In two factors, so that subnormal results are right. Adding kRound rounds to a whole number and leaves it in the
  // low mantissa bits.
  constexpr int kShift = Lanes<T>::kMantissaBits;
  constexpr T kRound = static_cast<T>(3) * static_cast<T>(static_cast<uint64_t>(1) << (kShift - 1));
  constexpr typename Lanes<T>::Word kOne = static_cast<typename Lanes<T>::Word>(Lanes<T>::kExponentBias) << kShift;
  Vec<T> half = k * T(0.5) + kRound;
  Vec<T> rest = (k - (half - kRound)) + kRound;
  Vec<T> first = as_float<T>((as_bits<T>(half) << kShift) + kOne);
  Vec<T> second = as_float<T>((as_bits<T>(rest) << kShift) + kOne);
  return x * first * second;
#endif
}

// Sum of a block's lanes, halves first.
template <int kLanes>
FASTDIV_INLINE double sum_lanes(const double* lanes) {
  constexpr int kCount = Lanes<double>::kCount, kVectors = kLanes / kCount;
  VecD work[kVectors];
#pragma GCC unroll 32
  for (int i = 0; i < kVectors; ++i) work[i] = load(lanes + i * kCount);
#pragma GCC unroll 8
  for (int half = kVectors / 2; half >= 1; half /= 2)
#pragma GCC unroll 16
    for (int i = 0; i < half; ++i) work[i] += work[i + half];
  double last[kCount];
  store(last, work[0]);
#pragma GCC unroll 4
  for (int half = kCount / 2; half >= 1; half /= 2)
#pragma GCC unroll 4
    for (int i = 0; i < half; ++i) last[i] += last[i + half];
  return last[0];
}

// a += b; what that rounds away is added to a_lost, and b_lost too (D. E. Knuth, The Art of Computer Programming,
// volume 2, section 4.2.2, theorem B).
template <class V>
FASTDIV_INLINE void add_exactly(V* a, V* a_lost, V b, V b_lost) {
  V sum = *a + b, part = sum - *a;
  *a_lost += b_lost + ((*a - (sum - part)) + (b - part));
  *a = sum;
}

// Sum of a block's lanes, halves first, and of `low`, rounded once.
template <int kLanes>
FASTDIV_INLINE double sum_lanes_exactly(const double* lanes, double low) {
  constexpr int kCount = Lanes<double>::kCount, kVectors = kLanes / kCount;
  VecD work[kVectors], lost[kVectors];
#pragma GCC unroll 32
  for (int i = 0; i < kVectors; ++i) {
    work[i] = load(lanes + i * kCount);
    lost[i] = VecD{};
  }
#pragma GCC unroll 8
  for (int half = kVectors / 2; half >= 1; half /= 2)
#pragma GCC unroll 16
    for (int i = 0; i < half; ++i) add_exactly(&work[i], &lost[i], work[i + half], lost[i + half]);
  double sum[kCount], rest[kCount];
  store(sum, work[0]);
  store(rest, lost[0]);
#pragma GCC unroll 4
  for (int half = kCount / 2; half >= 1; half /= 2)
#pragma GCC unroll 4
    for (int i = 0; i < half; ++i) add_exactly(&sum[i], &rest[i], sum[i + half], rest[i + half]);
  // Past infinity what was rounded away is NaN.
  return sum[0] - sum[0] == 0 ? sum[0] + (low + rest[0]) : sum[0];
}

}  // namespace
