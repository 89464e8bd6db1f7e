// Written by generate_coefficients.py: change that file, not this one.
// 2 atanh(s) = 2 s + s^3 R(s^2), |s| <= 0.200372;
// exp(r) = 1 + r + r^2 E(r), |r| <= ln(2)/2;
// sin(pi/2 r) = h r + r S(r^2), h = pi/2 rounded, and cos(pi/2 r) = 1 + r^2 C(r^2), |r| <= 1/2.
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

}  // namespace
