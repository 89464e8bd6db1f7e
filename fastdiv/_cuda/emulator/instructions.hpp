// What PTX's instructions compute for one lane (NVIDIA, Parallel Thread Execution ISA, chapter 9): a function each,
// named as they are. Registers of integers have no sign; instructions on signed ones convert.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace ptx {

using u8 = unsigned char;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using s32 = std::int32_t;
using s64 = std::int64_t;
using f32 = float;
using f64 = double;

inline u32 hashed(u32 x) {
  x = (x ^ (x >> 16)) * 0x7feb352du;
  x = (x ^ (x >> 15)) * 0x846ca68bu;
  return x ^ (x >> 16);
}

// Approximations err as much as kernels have to bear, up or down by the argument's bits.
inline f64 error_at(f32 x) { return static_cast<s32>(hashed(std::bit_cast<u32>(x))) / 2147483648.0; }
inline f32 flushed(f32 x) { return std::fabs(x) < 0x1p-126f ? std::copysign(0.0f, x) : x; }
inline f32 roughly(f32 x, f64 exact, f64 error) {
  return std::isfinite(exact) ? flushed(static_cast<f32>(exact * (1 + error * error_at(x)))) : static_cast<f32>(exact);
}
inline f32 ex2_approx_ftz_f32(f32 x) {
  x = flushed(x);
  return x == 0 ? 1 : roughly(x, std::exp2(f64{x}), 0x1p-22);
}
inline f32 lg2_approx_ftz_f32(f32 x) {
  x = flushed(x);
  const f64 exact = std::log2(f64{x});
  return x > 0.5f && x < 2 ? static_cast<f32>(exact + 0x1p-22 * error_at(x)) : roughly(x, exact, 0x1p-22);
}
inline f32 rcp_approx_ftz_f32(f32 x) {
  x = flushed(x);
  return roughly(x, 1 / f64{x}, 0x1p-23);
}

#define FASTDIV_UNARY(name, T, result) \
  inline T name(T a) { return result; }
#define FASTDIV_BINARY(name, T, result) \
  inline T name(T a, T b) { return result; }
#define FASTDIV_FLOATS(T)                                                           \
  FASTDIV_BINARY(add_rn_##T, T, a + b)                                              \
  FASTDIV_BINARY(sub_rn_##T, T, a - b)                                              \
  FASTDIV_BINARY(mul_rn_##T, T, a* b)                                               \
  FASTDIV_BINARY(div_rn_##T, T, a / b)                                              \
  FASTDIV_BINARY(max_##T, T, std::fmax(a, b))                                       \
  FASTDIV_BINARY(min_##T, T, std::fmin(a, b))                                       \
  FASTDIV_BINARY(max_NaN_##T, T, std::isunordered(a, b) ? T(NAN) : std::fmax(a, b)) \
  FASTDIV_BINARY(min_NaN_##T, T, std::isunordered(a, b) ? T(NAN) : std::fmin(a, b)) \
  FASTDIV_UNARY(neg_##T, T, -a)                                                     \
  FASTDIV_UNARY(abs_##T, T, std::fabs(a))                                           \
  FASTDIV_UNARY(rcp_rn_##T, T, 1 / a)                                               \
  FASTDIV_UNARY(sqrt_rn_##T, T, std::sqrt(a))                                       \
  inline T fma_rn_##T(T a, T b, T c) { return std::fma(a, b, c); }                  \
  inline bool setp_eq_##T(T a, T b) { return a == b; }                              \
  inline bool setp_ne_##T(T a, T b) { return a < b || a > b; }                      \
  inline bool setp_lt_##T(T a, T b) { return a < b; }                               \
  inline bool setp_le_##T(T a, T b) { return a <= b; }                              \
  inline bool setp_gt_##T(T a, T b) { return a > b; }                               \
  inline bool setp_ge_##T(T a, T b) { return a >= b; }                              \
  inline bool setp_equ_##T(T a, T b) { return !(a < b || a > b); }                  \
  inline bool setp_neu_##T(T a, T b) { return !(a == b); }                          \
  inline bool setp_ltu_##T(T a, T b) { return !(a >= b); }                          \
  inline bool setp_leu_##T(T a, T b) { return !(a > b); }                           \
  inline bool setp_gtu_##T(T a, T b) { return !(a <= b); }                          \
  inline bool setp_geu_##T(T a, T b) { return !(a < b); }                           \
  inline bool setp_num_##T(T a, T b) { return !std::isunordered(a, b); }            \
  inline bool setp_nan_##T(T a, T b) { return std::isunordered(a, b); }
FASTDIV_FLOATS(f32)
FASTDIV_FLOATS(f64)

// U is the register, T what the instruction takes it for.
#define FASTDIV_ORDER(name, U, T)                                \
  inline bool setp_eq_##name(U a, U b) { return a == b; }        \
  inline bool setp_ne_##name(U a, U b) { return a != b; }        \
  inline bool setp_lt_##name(U a, U b) { return T(a) < T(b); }   \
  inline bool setp_le_##name(U a, U b) { return T(a) <= T(b); }  \
  inline bool setp_gt_##name(U a, U b) { return T(a) > T(b); }   \
  inline bool setp_ge_##name(U a, U b) { return T(a) >= T(b); }  \
  FASTDIV_BINARY(max_##name, U, U(std::max(T(a), T(b))))         \
  FASTDIV_BINARY(min_##name, U, U(std::min(T(a), T(b))))         \
  FASTDIV_BINARY(div_##name, U, b == 0 ? U(-1) : U(T(a) / T(b))) \
  FASTDIV_BINARY(rem_##name, U, b == 0 ? a : U(T(a) % T(b)))     \
  inline U shr_##name(U a, u32 n) { return U(T(a) >> std::min<u32>(n, 8 * sizeof(U) - 1)); }
FASTDIV_ORDER(s32, u32, s32)
FASTDIV_ORDER(s64, u64, s64)
#undef FASTDIV_ORDER
#define FASTDIV_WORDS(signed_name, unsigned_name, bits, U)                                  \
  FASTDIV_BINARY(add_##signed_name, U, a + b)                                               \
  FASTDIV_BINARY(sub_##signed_name, U, a - b)                                               \
  FASTDIV_BINARY(mul_lo_##signed_name, U, a* b)                                             \
  FASTDIV_UNARY(neg_##signed_name, U, 0 - a)                                                \
  FASTDIV_BINARY(and_##bits, U, a& b)                                                       \
  FASTDIV_BINARY(or_##bits, U, a | b)                                                       \
  FASTDIV_BINARY(xor_##bits, U, a ^ b)                                                      \
  FASTDIV_UNARY(not_##bits, U, ~a)                                                          \
  inline bool setp_eq_##bits(U a, U b) { return a == b; }                                   \
  inline bool setp_ne_##bits(U a, U b) { return a != b; }                                   \
  inline bool setp_eq_##unsigned_name(U a, U b) { return a == b; }                          \
  inline bool setp_ne_##unsigned_name(U a, U b) { return a != b; }                          \
  inline bool setp_lt_##unsigned_name(U a, U b) { return a < b; }                           \
  inline bool setp_le_##unsigned_name(U a, U b) { return a <= b; }                          \
  inline bool setp_gt_##unsigned_name(U a, U b) { return a > b; }                           \
  inline bool setp_ge_##unsigned_name(U a, U b) { return a >= b; }                          \
  FASTDIV_BINARY(max_##unsigned_name, U, std::max(a, b))                                    \
  FASTDIV_BINARY(min_##unsigned_name, U, std::min(a, b))                                    \
  FASTDIV_BINARY(div_##unsigned_name, U, b == 0 ? U(-1) : a / b)                            \
  FASTDIV_BINARY(rem_##unsigned_name, U, b == 0 ? a : a % b)                                \
  inline U shl_##bits(U a, u32 n) { return n < 8 * sizeof(U) ? U(a << n) : U(0); }          \
  inline U shr_##unsigned_name(U a, u32 n) { return n < 8 * sizeof(U) ? U(a >> n) : U(0); } \
  inline U bfi_##bits(U a, U b, u32 at, u32 count) {                                        \
    const U mask = (count < 8 * sizeof(U) ? (U(1) << count) - 1 : ~U(0)) << at;             \
    return (b & ~mask) | ((a << at) & mask);                                                \
  }
FASTDIV_WORDS(s32, u32, b32, u32)
FASTDIV_WORDS(s64, u64, b64, u64)
#undef FASTDIV_WORDS

FASTDIV_BINARY(and_pred, bool, a&& b)
FASTDIV_BINARY(or_pred, bool, a || b)
FASTDIV_BINARY(xor_pred, bool, a != b)
FASTDIV_UNARY(not_pred, bool, !a)
FASTDIV_BINARY(mul_hi_u32, u32, static_cast<u32>((u64{a} * b) >> 32))
#undef FASTDIV_UNARY
#undef FASTDIV_BINARY
#undef FASTDIV_FLOATS
inline u64 mul_wide_u32(u32 a, u32 b) { return u64{a} * b; }
inline u64 mul_wide_s32(u32 a, u32 b) { return static_cast<u64>(s64{s32(a)} * s32(b)); }

#define FASTDIV_CONVERT(name, To, From, result) \
  inline To name(From a) { return result; }
FASTDIV_CONVERT(cvt_u64_u32, u64, u32, a)
FASTDIV_CONVERT(cvt_u32_u64, u32, u64, static_cast<u32>(a))
FASTDIV_CONVERT(cvt_s64_s32, u64, u32, static_cast<u64>(s64{s32(a)}))
FASTDIV_CONVERT(cvt_u32_u16, u32, u16, a)
FASTDIV_CONVERT(cvt_u64_u16, u64, u16, a)
FASTDIV_CONVERT(cvt_u16_u32, u16, u32, static_cast<u16>(a))
FASTDIV_CONVERT(cvt_u16_u64, u16, u64, static_cast<u16>(a))
FASTDIV_CONVERT(cvt_f64_f32, f64, f32, a)
FASTDIV_CONVERT(cvt_rn_f32_f64, f32, f64, static_cast<f32>(a))
FASTDIV_CONVERT(cvt_rn_f64_s64, f64, u64, static_cast<f64>(s64(a)))
FASTDIV_CONVERT(cvt_rn_f64_u64, f64, u64, static_cast<f64>(a))
FASTDIV_CONVERT(cvt_rn_f64_u32, f64, u32, a)
FASTDIV_CONVERT(cvt_rn_f32_u32, f32, u32, static_cast<f32>(a))
FASTDIV_CONVERT(cvt_rn_f32_u64, f32, u64, static_cast<f32>(a))
FASTDIV_CONVERT(cvt_f32_f16, f32, u16, static_cast<f32>(std::bit_cast<_Float16>(a)))
FASTDIV_CONVERT(cvt_rn_f16_f32, u16, f32, std::isnan(a) ? u16{0x7fff} : std::bit_cast<u16>(static_cast<_Float16>(a)))
FASTDIV_CONVERT(cvta_to_global_u64, u64, u64, a)
#undef FASTDIV_CONVERT
inline u16 cvt_rn_bf16_f32(f32 a) {
  const u32 bits = std::bit_cast<u32>(a);
  return std::isnan(a) ? u16{0x7fff} : static_cast<u16>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

}  // namespace ptx
