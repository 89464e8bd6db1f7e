// sqrt(JS(p, q)), a metric; the gradient is that of JS divided by 2 sqrt(JS), 0 where JS is 0.
#pragma once
#include "kernels/probabilities/js_divergence.hpp"

namespace {

struct JsDistance {
  typedef JsDivergence Formula;
  static constexpr fastdiv::MeasureTraits kTraits = {
      2, 2, /*mixture=*/true, /*scales_each=*/true, /*square_root=*/true, -1, {0, 1}, {0, 0}};
};

typedef JsDistance js_distance_op;  // as list.hpp names it

}  // namespace
