// sum_j KL(rho | r_j) of two-way distributions, r_j the mean of column j
// KL(rho | r) = rho phi(d / rho) + (1 - rho) phi(-d / (1 - rho)), d = r - rho, phi(y) = y - log(1 + y): both not
// negative d/dr = (r - rho) / (r (1 - r)): the driver's
#pragma once
#include "kernels/nn/map.hpp"

namespace {

// p phi((q - p) / p) = (q - p) - p log(q / p), without cancellation where q is near p; q_minus_p is exact there.
FASTDIV_INLINE VecD weighted_phi(VecD p, VecD q, VecD q_minus_p) {
  Mask<double> regular = (q > Lanes<double>::kSmallestRegular) & (q < 1);
  Ratio<double> r = divide_out<double>(select(regular, q, p), p, select(regular, q_minus_p, VecD{}));
  VecD near = r.s * fma(-p * r.z, r.tail, q_minus_p);
  VecD far = q_minus_p - p * log_ratio_any<double>(q, p);
  return select(regular & (r.k == 0), near, far);
}

inline void two_way_kl(const double* means, double rho, double* values, size_t n) {
  const double* inputs[1] = {means};
  map<double, 1>(inputs, values, n, [=](const VecD* in) __attribute__((always_inline)) {
    const VecD p = broadcast(rho), r = in[0], d = r - p;
    return weighted_phi(p, r, d) + weighted_phi(1 - p, 1 - r, -d);
  });
}

}  // namespace
