// Written by generate_coefficients.py: change that file, not this one.
// 2 atanh(s) = 2 s + s^3 R(s^2), |s| <= 0.200372;
// exp(r) = 1 + r + r^2 E(r), |r| <= ln(2)/2; to one: -1 <= r <= 0;
// sin(pi/2 r) = h r + r S(r^2), h = pi/2 rounded, and cos(pi/2 r) = 1 + r^2 C(r^2), |r| <= 1/2;
// log(1 + t) = t + t^2 L(t), 0 <= t <= 1;
// Phi(-a) = exp(-a^2 / 2) N(u) / (1 + 3/2 a), u = (a - 4) / (a + 4), 0 <= a <= 40 or 15.
// Lowest power first.
// clang-format off
#pragma once

namespace {

// largest error of the fit: 2.61e-17
constexpr double kTwoAtanhTail64[] = {
    0x1.5555555555555p-1,
    0x1.9999999999f3dp-2,
    0x1.24924923da476p-2,
    0x1.c71c72e4c0236p-3,
    0x1.745caa9b49f84p-3,
    0x1.3b2a128a87042p-3,
    0x1.0e873db65bef5p-3,
    0x1.16c35bfffd169p-3};

// largest error of the fit: 4.89e-7
constexpr float kTwoAtanhTail32[] = {
    0x1.5555660000000p-1f,
    0x1.99622e0000000p-2f,
    0x1.32ccd60000000p-2f};

// largest error of the fit: 1.05e-16
constexpr double kExpTail64[] = {
    0x1.0000000000001p-1,
    0x1.5555555555556p-3,
    0x1.5555555553d4fp-5,
    0x1.11111111109adp-7,
    0x1.6c16c17893833p-10,
    0x1.a01a01a7c8d47p-13,
    0x1.a019b8ef67c6cp-16,
    0x1.71de0d9c145d0p-19,
    0x1.2891a8c1d838dp-22,
    0x1.af38d53857513p-26};

// largest error of the fit: 6.51e-8
constexpr float kExpTail32[] = {
    0x1.0000000000000p-1f,
    0x1.5554dc0000000p-3f,
    0x1.55551a0000000p-5f,
    0x1.120ba20000000p-7f,
    0x1.6d113c0000000p-10f};

// largest error of the fit: 8.74e-9
constexpr float kExpTailToOne32[] = {
    0x1.0000000000000p-1f,
    0x1.5555000000000p-3f,
    0x1.5545ca0000000p-5f,
    0x1.1003440000000p-7f,
    0x1.5b4b080000000p-10f,
    0x1.20330c0000000p-13f};

// largest error of the fit: 4.94e-18
constexpr double kSinTail64[] = {
    0x1.03960bb397e75p-54,
    -0x1.4abbce625be41p-1,
    0x1.466bc677587f8p-4,
    -0x1.32d2cce2e5b19p-8,
    0x1.50782fda12d96p-13,
    -0x1.e30071afc3e59p-19,
    0x1.e3f38399551bfp-25};

// largest error of the fit: 4.84e-9
constexpr float kSinTail32[] = {
    -0x1.a1114a0000000p-25f,
    -0x1.4abbba0000000p-1f,
    0x1.465ec40000000p-4f,
    -0x1.2d9b400000000p-8f};

// largest error of the fit: 4.86e-19
constexpr double kCosTail64[] = {
    -0x1.3bd3cc9be45dep+0,
    0x1.03c1f081b5ac0p-2,
    -0x1.55d3c7e3cb241p-6,
    0x1.e1f5068688d5bp-11,
    -0x1.a6d1eef479be1p-16,
    0x1.f9ce245cada0bp-22,
    -0x1.b2f3eb054afcdp-28};

// largest error of the fit: 7.61e-10
constexpr float kCosTail32[] = {
    -0x1.3bd3cc0000000p+0f,
    0x1.03c1ea0000000p-2f,
    -0x1.55cb980000000p-6f,
    0x1.db64920000000p-11f};

// largest error of the fit: 2.94e-8
constexpr float kLog1pTail32[] = {
    -0x1.fffffe0000000p-2f,
    0x1.55540c0000000p-2f,
    -0x1.ffb95c0000000p-3f,
    0x1.969cb20000000p-3f,
    -0x1.448ee20000000p-3f,
    0x1.d992bc0000000p-4f,
    -0x1.11708c0000000p-4f,
    0x1.9d455a0000000p-6f,
    -0x1.24b2980000000p-8f};

// largest error of the fit: 3.95e-17
constexpr double kNormalTail64[] = {
    0x1.525e241b02414p-1,
    -0x1.ea57e00379932p-5,
    -0x1.516e0f21741dfp-5,
    0x1.4293d0f17f041p-4,
    -0x1.0508dda40881dp-4,
    0x1.fe5d62155bb7fp-6,
    -0x1.fc62b7e52afa2p-8,
    -0x1.881599c59c300p-11,
    0x1.29c77cf33da65p-10,
    -0x1.f2913e9096b9cp-14,
    -0x1.3266993f25431p-13,
    0x1.efe85102ba2cfp-16,
    0x1.7afbf6415a61cp-16,
    -0x1.3d8399c3f6532p-18,
    -0x1.1cb103954a340p-18,
    0x1.0ccfc37557cfcp-21,
    0x1.ce4a51b8f26e4p-21,
    0x1.fe0ce70869253p-26,
    -0x1.4e5567c62f9e3p-23,
    -0x1.1ea844cdd8b15p-25,
    0x1.1e6c577d124acp-26,
    0x1.e57cf7f92e9a5p-28,
    0x1.d35ded0b9e9cbp-32};

// largest error of the fit: 2.17e-9
constexpr float kNormalTail32[] = {
    0x1.525e240000000p-1f,
    -0x1.ea57d60000000p-5f,
    -0x1.516e0a0000000p-5f,
    0x1.4293220000000p-4f,
    -0x1.0508fe0000000p-4f,
    0x1.fe785e0000000p-6f,
    -0x1.fc41280000000p-8f,
    -0x1.95d5a00000000p-11f,
    0x1.265c7a0000000p-10f,
    -0x1.307cda0000000p-14f,
    -0x1.e3e0040000000p-14f};

}  // namespace
