// Vectors from and to the types that arrays are stored in: 16-bit numbers are converted in registers.
#pragma once
#include "kernels/types.hpp"
#include "simd/vec.hpp"

namespace {

using fastdiv::BFloat16;
using fastdiv::Computed;
using fastdiv::Float16;

typedef uint16_t Words16 __attribute__((vector_size(kWidth / 2), may_alias));
typedef uint16_t UnalignedWords16 __attribute__((vector_size(kWidth / 2), may_alias, aligned(2)));

FASTDIV_INLINE Words16 load_words(const void* p) { return *static_cast<const UnalignedWords16*>(p); }
FASTDIV_INLINE void store_words(void* p, Words16 words) { *static_cast<UnalignedWords16*>(p) = words; }

FASTDIV_INLINE VecF load(const BFloat16* p) {
  return as_float<float>(__builtin_convertvector(load_words(p), BitsF) << 16);
}

// To the nearest, ties to even; NaN stays NaN whatever its payload.
FASTDIV_INLINE void store(BFloat16* p, VecF x) {
  BitsF bits = as_bits<float>(x);
  BitsF rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  rounded = x == x ? rounded : (bits >> 16) | 0x40;
  store_words(p, __builtin_convertvector(rounded, Words16));
}

#if defined(__AVX512F__)
FASTDIV_INLINE VecF load(const Float16* p) { return (VecF)_mm512_maskz_cvtph_ps(-1, (__m256i)load_words(p)); }
FASTDIV_INLINE void store(Float16* p, VecF x) {
  store_words(p, (Words16)_mm512_maskz_cvtps_ph(-1, (__m512)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
#elif defined(__AVX2__)
FASTDIV_INLINE VecF load(const Float16* p) { return (VecF)_mm256_cvtph_ps((__m128i)load_words(p)); }
FASTDIV_INLINE void store(Float16* p, VecF x) {
  store_words(p, (Words16)_mm256_cvtps_ph((__m256)x, _MM_FROUND_TO_NEAREST_INT));
}
#elif defined(__aarch64__)
FASTDIV_INLINE VecF load(const Float16* p) { return (VecF)vcvt_f32_f16((float16x4_t)load_words(p)); }
FASTDIV_INLINE void store(Float16* p, VecF x) { store_words(p, (Words16)vcvt_f16_f32((float32x4_t)x)); }
#else
// By hand: the exponent is rebiased by a multiplication, which also makes subnormal numbers right.
FASTDIV_INLINE VecF load(const Float16* p) {
  BitsF bits = __builtin_convertvector(load_words(p), BitsF);
  BitsF magnitude = (bits & 0x7fff) << 13;
  VecF x = as_float<float>(magnitude) * 0x1p112f;
  BitsF special = magnitude | 0x7f800000;
  x = (bits & 0x7c00) == 0x7c00 ? as_float<float>(special) : x;
  return as_float<float>(as_bits<float>(x) | ((bits & 0x8000) << 16));
}

FASTDIV_INLINE void store(Float16* p, VecF x) {
  BitsF bits = as_bits<float>(x), sign = (bits >> 16) & 0x8000, magnitude = bits & 0x7fffffff;
  // Normal numbers: rounded by adding, the carry goes into the exponent. Subnormal ones: by adding 1/2, whose last
  // mantissa bit is theirs.
  BitsF normal = (magnitude - (112u << 23) + 0xfff + ((magnitude >> 13) & 1)) >> 13;
  BitsF subnormal = as_bits<float>(as_float<float>(magnitude) + 0.5f) - (126u << 23);
  BitsF result = (MaskF)magnitude < (113 << 23) ? subnormal : normal;
  result = (MaskF)magnitude >= 0x477ff000 ? BitsF{} + 0x7c00 : result;  // 65520 and more
  result = x == x ? result : BitsF{} + 0x7e00;
  store_words(p, __builtin_convertvector(result | sign, Words16));
}
#endif

}  // namespace
