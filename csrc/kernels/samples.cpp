// The kernels of Monte Carlo estimates, compiled once per instruction set; exports one table.
#include "kernels/samples.hpp"

#include "kernels/distributions/js_divergence.hpp"
#include "kernels/distributions/kl_divergence.hpp"

namespace {

template <class T, class Function>
struct LeafOf {
  static constexpr auto kKernel = add_leaf<T, Function>;
};
template <class T>
struct LeafOf<T, void> {
  static constexpr auto kKernel = nullptr;
};

template <class T>
constexpr fastdiv::SamplesKernels<T> samples_kernels() {
#define FASTDIV_LEAVES(name) {LeafOf<T, name##_estimator::OfP>::kKernel, LeafOf<T, name##_estimator::OfQ>::kKernel},
  return {{FASTDIV_MONTECARLO(FASTDIV_LEAVES)}};
#undef FASTDIV_LEAVES
}

}  // namespace

#define FASTDIV_JOIN_(a, b) a##b
#define FASTDIV_JOIN(a, b) FASTDIV_JOIN_(a, b)

namespace fastdiv {
extern const SamplesTable FASTDIV_JOIN(samples_kernels_, FASTDIV_INSTRUCTION_SET);
const SamplesTable FASTDIV_JOIN(samples_kernels_, FASTDIV_INSTRUCTION_SET) = {samples_kernels<float>(),
                                                                              samples_kernels<double>()};
}  // namespace fastdiv
