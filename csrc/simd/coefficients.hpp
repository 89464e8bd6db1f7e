// Written by generate_coefficients.py: change that file, not this one.
// 2 atanh(s) = 2 s + s^3 R(s^2), |s| <= 0.200372;
// exp(r) = 1 + r + r^2 E(r), |r| <= ln(2)/2. Lowest power first.
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

}  // namespace
