// Compiled once per instruction set; exports the table of that set and nothing else.
#include "kernels/probabilities/conditional_entropy.hpp"
#include "kernels/probabilities/cross_entropy.hpp"
#include "kernels/probabilities/entr.hpp"
#include "kernels/probabilities/entropy.hpp"
#include "kernels/probabilities/js_distance.hpp"
#include "kernels/probabilities/js_divergence.hpp"
#include "kernels/probabilities/kl_div.hpp"
#include "kernels/probabilities/kl_divergence.hpp"
#include "kernels/probabilities/mixture_entropy.hpp"
#include "kernels/probabilities/mutual_information.hpp"
#include "kernels/probabilities/rel_entr.hpp"
#include "kernels/probabilities/self_information.hpp"
#include "kernels/table.hpp"

namespace {

template <class T, class Named, class Op = typename Named::Formula>
constexpr fastdiv::MeasureKernels<T> measure() {
  if constexpr (Named::kTraits.inputs == 1)
    return {Named::kTraits,
            {terms<T, Op, true, 0>, terms<T, Op, true, 1>, nullptr, nullptr},
            {terms<T, Op, false, 0>, terms<T, Op, false, 1>, nullptr, nullptr}};
  else
    return {Named::kTraits,
            {terms<T, Op, true, 0>, terms<T, Op, true, 1>, terms<T, Op, true, 2>, terms<T, Op, true, 3>},
            {terms<T, Op, false, 0>, terms<T, Op, false, 1>, terms<T, Op, false, 2>, terms<T, Op, false, 3>}};
}

// The joint driver derives the plain measures from the normalised ones.
template <class T, class Named>
constexpr fastdiv::MeasureKernels<T> joint_measure() {
  return {Named::kTraits, {terms<T, Named, true, 0>, terms<T, Named, true, 1>, nullptr, nullptr}, {}};
}

template <class T>
constexpr fastdiv::Kernels<T> kernels() {
  return {
#define FASTDIV_MEASURE_KERNELS(name) measure<T, name##_op>(),
#define FASTDIV_JOINT_KERNELS(name) joint_measure<T, name##_op>(),
      {FASTDIV_ROW_MEASURES_1(FASTDIV_MEASURE_KERNELS) FASTDIV_ROW_MEASURES_2(FASTDIV_MEASURE_KERNELS)
           FASTDIV_JOINT_MEASURES(FASTDIV_JOINT_KERNELS)},
#undef FASTDIV_JOINT_KERNELS
#undef FASTDIV_MEASURE_KERNELS
      sum<T>,
      sum_others<T>,
      center<T>,
      add_columns<T>,
      multiply<T>,
      mixture_entropy<T>,
      self_information<T>,
      self_information_gradient<T>,
#define FASTDIV_ELEMENTWISE_KERNEL(name) name<T>,
      {FASTDIV_ELEMENTWISE(FASTDIV_ELEMENTWISE_KERNEL)},
#undef FASTDIV_ELEMENTWISE_KERNEL
      elementary<T>};
}

}  // namespace

#define FASTDIV_JOIN_(a, b) a##b
#define FASTDIV_JOIN(a, b) FASTDIV_JOIN_(a, b)
#define FASTDIV_TEXT_(a) #a
#define FASTDIV_TEXT(a) FASTDIV_TEXT_(a)

namespace fastdiv {
extern const LogitsTable FASTDIV_JOIN(logits_kernels_, FASTDIV_INSTRUCTION_SET);
extern const RandomTable FASTDIV_JOIN(random_kernels_, FASTDIV_INSTRUCTION_SET);
extern const SamplesTable FASTDIV_JOIN(samples_kernels_, FASTDIV_INSTRUCTION_SET);
extern const NnTable FASTDIV_JOIN(nn_kernels_, FASTDIV_INSTRUCTION_SET);
extern const KernelTable FASTDIV_JOIN(kernels_, FASTDIV_INSTRUCTION_SET);
const KernelTable FASTDIV_JOIN(kernels_, FASTDIV_INSTRUCTION_SET) = {
    FASTDIV_TEXT(FASTDIV_INSTRUCTION_SET),
    kernels<float>(),
    kernels<double>(),
    &FASTDIV_JOIN(logits_kernels_, FASTDIV_INSTRUCTION_SET),
    &FASTDIV_JOIN(random_kernels_, FASTDIV_INSTRUCTION_SET),
    &FASTDIV_JOIN(samples_kernels_, FASTDIV_INSTRUCTION_SET),
    &FASTDIV_JOIN(nn_kernels_, FASTDIV_INSTRUCTION_SET)};
}  // namespace fastdiv
