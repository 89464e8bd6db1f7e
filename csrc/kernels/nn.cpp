// The kernels of training, compiled once per instruction set; exports one table.
#include "kernels/nn/adam_step.hpp"
#include "kernels/nn/bernoulli_nll.hpp"
#include "kernels/nn/bias_activation.hpp"
#include "kernels/nn/corrupt.hpp"
#include "kernels/nn/gaussian_kl_draw.hpp"
#include "kernels/nn/gaussian_nll.hpp"
#include "kernels/nn/sparsity_penalty.hpp"
#include "kernels/table.hpp"

namespace {

template <class T>
constexpr fastdiv::NnKernels<T> nn_kernels() {
  return {
#define FASTDIV_ACTIVATION(name) activation<T, name##_activation>,
#define FASTDIV_BACKWARD(name) activation_backward<T, name##_activation>,
#define FASTDIV_CORRUPT(name) corrupt_##name<T>,
      {FASTDIV_ACTIVATIONS(FASTDIV_ACTIVATION)},
      {FASTDIV_ACTIVATIONS(FASTDIV_BACKWARD)},
      column_sums<T>,
      bernoulli_nll<T>,
      gaussian_nll<T>,
      gaussian_kl_draw<T>,
      gaussian_kl_draw_backward<T>,
      {FASTDIV_CORRUPTIONS(FASTDIV_CORRUPT)},
      adam_step<T>};
#undef FASTDIV_ACTIVATION
#undef FASTDIV_BACKWARD
#undef FASTDIV_CORRUPT
}

}  // namespace

#define FASTDIV_JOIN_(a, b) a##b
#define FASTDIV_JOIN(a, b) FASTDIV_JOIN_(a, b)

namespace fastdiv {
extern const NnTable FASTDIV_JOIN(nn_kernels_, FASTDIV_INSTRUCTION_SET);
const NnTable FASTDIV_JOIN(nn_kernels_, FASTDIV_INSTRUCTION_SET) = {nn_kernels<float>(), nn_kernels<double>(),
                                                                    two_way_kl};
}  // namespace fastdiv
