// The kernels of logits, compiled once per instruction set; exports one table.
#include "kernels/logits/cross_entropy.hpp"
#include "kernels/logits/entropy.hpp"
#include "kernels/logits/js_divergence.hpp"
#include "kernels/logits/kl_divergence.hpp"
#include "kernels/table.hpp"

namespace {

template <class S>
constexpr fastdiv::LogitsKernels<S> logits_kernels() {
  return {{survey<S, 1>, survey<S, 2>},
#define FASTDIV_SUMS(name) logits_sums<S, logits_##name##_op>,
          {FASTDIV_LOGITS_MEASURES(FASTDIV_SUMS)},
#undef FASTDIV_SUMS
#define FASTDIV_GRADIENT(name) {nullptr, logits_gradient<S, logits_##name##_op, 1>, nullptr, nullptr},
#define FASTDIV_GRADIENTS(name)                                                                   \
  {nullptr, logits_gradient<S, logits_##name##_op, 1>, logits_gradient<S, logits_##name##_op, 2>, \
   logits_gradient<S, logits_##name##_op, 3>},
          {FASTDIV_LOGITS_MEASURES_1(FASTDIV_GRADIENT) FASTDIV_LOGITS_MEASURES_2(FASTDIV_GRADIENTS)},
          logits_sums<S, LogitsExponentials>,
          logits_sums<S, LogitsDifferences>,
          mixture_ratios<S, logits_js_divergence_op>,
          find<S>,
          convert<S, Computed<S>>,
          convert<Computed<S>, S>};
#undef FASTDIV_GRADIENTS
#undef FASTDIV_GRADIENT
}

}  // namespace

#define FASTDIV_JOIN_(a, b) a##b
#define FASTDIV_JOIN(a, b) FASTDIV_JOIN_(a, b)

namespace fastdiv {
extern const LogitsTable FASTDIV_JOIN(logits_kernels_, FASTDIV_INSTRUCTION_SET);
const LogitsTable FASTDIV_JOIN(logits_kernels_, FASTDIV_INSTRUCTION_SET) = {
    logits_kernels<float>(), logits_kernels<double>(), logits_kernels<Float16>(), logits_kernels<BFloat16>()};
}  // namespace fastdiv
