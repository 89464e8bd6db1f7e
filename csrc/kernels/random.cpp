// The kernels of random numbers, compiled once per instruction set; exports one table.
#include "kernels/random.hpp"

#define FASTDIV_JOIN_(a, b) a##b
#define FASTDIV_JOIN(a, b) FASTDIV_JOIN_(a, b)

namespace fastdiv {
extern const RandomTable FASTDIV_JOIN(random_kernels_, FASTDIV_INSTRUCTION_SET);
#define FASTDIV_FILL_F32(name) fill<float, name##_op>,
#define FASTDIV_FILL_F64(name) fill<double, name##_op>,
const RandomTable FASTDIV_JOIN(random_kernels_, FASTDIV_INSTRUCTION_SET) = {
    {FASTDIV_RANDOM(FASTDIV_FILL_F32) FASTDIV_FILL_F32(words)},
    {FASTDIV_RANDOM(FASTDIV_FILL_F64) FASTDIV_FILL_F64(words)}};
}  // namespace fastdiv
