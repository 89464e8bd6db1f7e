// The kernels of Monte Carlo estimates, compiled once per instruction set; exports one table.
#include "kernels/samples.hpp"

#include "kernels/distributions/js_divergence.hpp"
#include "kernels/distributions/kl_divergence.hpp"

namespace {

template <class T>
constexpr fastdiv::SamplesKernels<T> samples_kernels() {
  return {{add_leaf<T, kl_of_p>, add_leaf<T, js_of_p>, add_leaf<T, js_of_q>}};
}

}  // namespace

#define FASTDIV_JOIN_(a, b) a##b
#define FASTDIV_JOIN(a, b) FASTDIV_JOIN_(a, b)

namespace fastdiv {
extern const SamplesTable FASTDIV_JOIN(samples_kernels_, FASTDIV_INSTRUCTION_SET);
const SamplesTable FASTDIV_JOIN(samples_kernels_, FASTDIV_INSTRUCTION_SET) = {samples_kernels<float>(),
                                                                              samples_kernels<double>()};
}  // namespace fastdiv
