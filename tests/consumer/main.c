/* Calls libfastdiv as a C (and C++) program would; the number of mismatches is the exit status. */
#include <fastdiv/fastdiv.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int failures = 0;

#define CHECK(condition)                                               \
  do {                                                                 \
    if (!(condition)) {                                                \
      printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);   \
      ++failures;                                                      \
    }                                                                  \
  } while (0)
#define CHECK_STATUS(expected, call)                                   \
  do {                                                                 \
    int status = (call);                                               \
    if (status != (expected)) {                                        \
      printf("%s:%d: %s: got \"%s\", expected \"%s\"\n", __FILE__, __LINE__, #call, \
             fastdiv_status_string(status), fastdiv_status_string(expected)); \
      ++failures;                                                      \
    }                                                                  \
  } while (0)

static int close_to(double x, double y) { return fabs(x - y) <= 1e-14 * fabs(y); }

static void check_library(void) {
  CHECK(fastdiv_abi_version() == FASTDIV_ABI_VERSION);
  CHECK(strncmp(fastdiv_version(), "0.1", 3) == 0);
  CHECK(fastdiv_isa() != NULL && fastdiv_available_isa(0) != NULL && fastdiv_available_isa(1000) == NULL);
  CHECK_STATUS(FASTDIV_OK, fastdiv_set_isa(fastdiv_available_isa(0)));
  CHECK(strcmp(fastdiv_isa(), fastdiv_available_isa(0)) == 0);
  CHECK_STATUS(FASTDIV_UNKNOWN_ISA, fastdiv_set_isa("abacus"));
  CHECK_STATUS(FASTDIV_NULL_POINTER, fastdiv_set_isa(NULL));
  CHECK(strcmp(fastdiv_isa(), fastdiv_available_isa(0)) == 0);
  CHECK(strcmp(fastdiv_status_string(FASTDIV_OK), "ok") == 0);
  CHECK(fastdiv_status_string(-1) != NULL && fastdiv_status_string(12345) != NULL);

  CHECK_STATUS(FASTDIV_OK, fastdiv_set_num_threads(3));
  CHECK(fastdiv_get_num_threads() == 3);
  CHECK_STATUS(FASTDIV_INVALID_OPTION, fastdiv_set_num_threads(0));
  CHECK_STATUS(FASTDIV_INVALID_OPTION, fastdiv_set_num_threads(-1));
  CHECK_STATUS(FASTDIV_INVALID_OPTION, fastdiv_set_num_threads(1 << 30));
  CHECK(fastdiv_get_num_threads() == 3);
}

static void check_entropy(void) {
  const double p[2][4] = {{0.25, 0.25, 0.25, 0.25}, {4, 0, 0, 0}};
  const float p32[4] = {1, 1, 1, 1};
  const size_t shape[2] = {2, 4};
  const ptrdiff_t columns[2] = {1, 4}; /* p read as four rows of two */
  const size_t transposed[2] = {4, 2};
  fastdiv_options bits = FASTDIV_OPTIONS_DEFAULT;
  double value[4];
  float value32;

  CHECK_STATUS(FASTDIV_OK, fastdiv_entropy_f64(2, shape, &p[0][0], NULL, NULL, value, NULL));
  CHECK(close_to(value[0], log(4.0)) && value[1] == 0);
  bits.base = 2;
  CHECK_STATUS(FASTDIV_OK, fastdiv_entropy_f64(2, shape, &p[0][0], NULL, &bits, value, NULL));
  CHECK(close_to(value[0], 2) && value[1] == 0);
  CHECK_STATUS(FASTDIV_OK, fastdiv_entropy_f32(1, shape + 1, p32, NULL, &bits, &value32, NULL));
  CHECK(fabs(value32 - 2.0) < 1e-6);
  CHECK_STATUS(FASTDIV_OK, fastdiv_entropy_f64(2, transposed, &p[0][0], columns, NULL, value, NULL));
  CHECK(close_to(value[0], -(0.25 * log(0.25 / 4.25) + 4 * log(4 / 4.25)) / 4.25));
  CHECK(value[1] == 0 && value[2] == 0 && value[3] == 0);
}

/* Every second entry of p; q backwards; values and gradients in reversed or spread places. */
static void check_kl_divergence(void) {
  const double p[2][6] = {{0.5, -9, 0.25, -9, 0.25, -9}, {0.1, -9, 0.2, -9, 0.7, -9}};
  const double q[3] = {0.5, 0.3, 0.2}; /* read as 0.2, 0.3, 0.5 for both rows */
  const size_t shape[2] = {2, 3};
  const ptrdiff_t p_strides[2] = {6, 2}, q_strides[2] = {0, -1}, value_strides[1] = {-1};
  const ptrdiff_t cotangent_strides[1] = {2}, grad_strides[2] = {1, 2};
  const double cotangent[3] = {1, -9, 3};
  fastdiv_options options = FASTDIV_OPTIONS_DEFAULT;
  double value[2] = {0, 0}, grad_p[6], grad_q[2][3], expected[2] = {0, 0};
  int row, k;

  options.normalize = 0;
  options.base = 10;
  CHECK_STATUS(FASTDIV_OK, fastdiv_kl_divergence_value_and_grad_f64(
      2, shape, &p[0][0], p_strides, q + 2, q_strides, &options, cotangent, cotangent_strides,
      value + 1, value_strides, grad_p, grad_strides, &grad_q[0][0], NULL));
  for (row = 0; row < 2; ++row)
    for (k = 0; k < 3; ++k) {
      double a = p[row][2 * k], b = q[2 - k], weight = cotangent[2 * row];
      expected[row] += a * log10(a / b);
      CHECK(fabs(grad_p[row + 2 * k] - weight * (log10(a / b) + 1 / log(10.0))) < 1e-14);
      CHECK(close_to(grad_q[row][k], -weight * a / b / log(10.0)));
    }
  CHECK(close_to(value[1], expected[0]) && close_to(value[0], expected[1]));
  CHECK_STATUS(FASTDIV_OK, fastdiv_kl_divergence_f64(
      2, shape, &p[0][0], p_strides, q + 2, q_strides, &options, value, NULL));
  CHECK(close_to(value[0], expected[0]) && close_to(value[1], expected[1]));
}

/* Logits of all four types; 0x3c00 and 0x3f80 are 1, 0xfc00 and 0xff80 are -inf. */
static void check_logits(void) {
  const double x[3] = {1, 0, -INFINITY}, y[3] = {0, 0, 0};
  const float x32[3] = {1, 0, -INFINITY}, y32[3] = {0, 0, 0};
  const uint16_t x16[3] = {0x3c00, 0, 0xfc00}, x_bf16[3] = {0x3f80, 0, 0xff80}, y16[3] = {0, 0, 0};
  const size_t shape[1] = {3};
  const double p[3] = {0.62245933120185457, 0.37754066879814543, 0}; /* softmax(x / 2) */
  const double expected = p[0] * log(3 * p[0]) + p[1] * log(3 * p[1]);
  fastdiv_options options = FASTDIV_OPTIONS_DEFAULT, older;
  double value, grad_y[3];
  float value32[3], grad_y32[3];
  uint16_t grad_y16[3];
  int k;

  options.temperature = 2;
  CHECK_STATUS(FASTDIV_OK, fastdiv_logits_kl_divergence_value_and_grad_f64(
      1, shape, x, NULL, y, NULL, &options, NULL, NULL, &value, NULL, NULL, NULL, grad_y, NULL));
  CHECK(close_to(value, expected));
  for (k = 0; k < 3; ++k) CHECK(fabs(grad_y[k] - (1.0 / 3 - p[k]) / 2) <= 1e-15);
  CHECK_STATUS(FASTDIV_OK, fastdiv_logits_kl_divergence_value_and_grad_f32(
      1, shape, x32, NULL, y32, NULL, &options, NULL, NULL, value32, NULL, NULL, NULL, grad_y32, NULL));
  CHECK_STATUS(FASTDIV_OK, fastdiv_logits_kl_divergence_value_and_grad_bf16(
      1, shape, x_bf16, NULL, y16, NULL, &options, NULL, NULL, value32 + 1, NULL, NULL, NULL, grad_y16, NULL));
  CHECK(grad_y16[2] == 0x3e2b); /* 1/6 */
  CHECK_STATUS(FASTDIV_OK, fastdiv_logits_kl_divergence_value_and_grad_f16(
      1, shape, x16, NULL, y16, NULL, &options, NULL, NULL, value32 + 2, NULL, NULL, NULL, grad_y16, NULL));
  CHECK(grad_y16[2] == 0x3155);
  CHECK(fabs(value32[0] - expected) < 1e-7 && value32[1] == value32[0] && value32[2] == value32[0]);
  for (k = 0; k < 3; ++k) CHECK(fabs(grad_y32[k] - grad_y[k]) < 1e-7);

  /* Programs compiled before `temperature` was a member. */
  older = options, older.struct_size = offsetof(fastdiv_options, temperature);
  CHECK_STATUS(FASTDIV_OK, fastdiv_logits_entropy_f64(1, shape, x, NULL, &older, grad_y, NULL));
  CHECK_STATUS(FASTDIV_OK, fastdiv_logits_entropy_f64(1, shape, x, NULL, NULL, grad_y + 1, NULL));
  CHECK_STATUS(FASTDIV_OK, fastdiv_logits_entropy_f64(1, shape, x, NULL, &options, grad_y + 2, NULL));
  CHECK(grad_y[0] == grad_y[1] && grad_y[0] < grad_y[2]);
  for (k = 0; k < 5; ++k) {
    const double temperatures[5] = {0, -1, INFINITY, -INFINITY, NAN};
    options.temperature = temperatures[k];
    CHECK_STATUS(FASTDIV_INVALID_OPTION, fastdiv_logits_entropy_f64(1, shape, x, NULL, &options, &value, NULL));
    CHECK_STATUS(FASTDIV_OK, fastdiv_entropy_f64(1, shape, p, NULL, &options, &value, NULL)); /* has none */
  }
}

/* Philox's known answer, a part of a stream, and the last number that there is. */
static void check_random(void) {
  const uint64_t last = UINT64_MAX;
  float uniform[4], part[2];
  double normal[3];
  CHECK_STATUS(FASTDIV_OK, fastdiv_random_uniform_f32(4, 0, 0, 0, uniform));
  CHECK(uniform[0] == ((0x6627e8d5 >> 9) + 0.5f) / 8388608 && uniform[3] == ((0x9b00dbd8 >> 9) + 0.5f) / 8388608);
  CHECK_STATUS(FASTDIV_OK, fastdiv_random_uniform_f32(2, 0, 1, 0, part));
  CHECK(part[0] == uniform[1] && part[1] == uniform[2]);
  CHECK_STATUS(FASTDIV_OK, fastdiv_random_normal_f64(3, last, last - 2, UINT32_MAX, normal));
  CHECK(fabs(normal[0]) < 8.6 && fabs(normal[1]) < 8.6 && fabs(normal[2]) < 8.6 && normal[0] != normal[2]);
  CHECK_STATUS(FASTDIV_INVALID_OPTION, fastdiv_random_normal_f64(3, 1, last - 1, 0, normal));
  CHECK_STATUS(FASTDIV_INVALID_SHAPE, fastdiv_random_normal_f64(SIZE_MAX / 8, 1, 0, 0, normal));
  CHECK_STATUS(FASTDIV_NULL_POINTER, fastdiv_random_normal_f64(3, 1, 0, 0, NULL));
  CHECK_STATUS(FASTDIV_OK, fastdiv_random_normal_f64(0, 1, last, 0, NULL));
}

/* A layer forwards and backwards in place, likelihoods, a draw, and the options that are refused. */
static void check_training(void) {
  const double x[6] = {1, -2, 3, -4, 5, -6}, bias[3] = {0.5, 0.5, 0.5}, ones[6] = {1, 1, 1, 1, 1, 1};
  const double tenth = 0.1;
  double y[6], by_bias[3], value[2], gradient[6], z[6], by_mean[6], by_log_variance[6], penalty;
  double theta[2] = {1, 1}, first[2] = {0, 0}, second[2] = {0, 0};
  const double g[2] = {3, -0.25};
  int k;

  CHECK_STATUS(FASTDIV_OK, fastdiv_nn_bias_activation_f64(2, 3, x, bias, FASTDIV_RELU, y, gradient));
  for (k = 0; k < 6; ++k) CHECK(gradient[k] == x[k] + 0.5 && y[k] == fmax(0, x[k] + 0.5));
  CHECK_STATUS(FASTDIV_OK, fastdiv_nn_bias_activation_backward_f64(2, 3, y, ones, bias, FASTDIV_RELU, y, by_bias));
  CHECK(by_bias[0] == 1.5 && by_bias[1] == 1.5 && by_bias[2] == 1.5 && y[0] == 1.5 && y[1] == 0);

  CHECK_STATUS(FASTDIV_OK, fastdiv_nn_bernoulli_nll_f64(2, 3, x, ones, &tenth, 0, value, gradient));
  CHECK(close_to(value[0], log1p(exp(-1)) + log1p(exp(2)) + log1p(exp(-3))));
  CHECK(close_to(gradient[1], 0.1 * (1 / (1 + exp(2)) - 1)));
  CHECK_STATUS(FASTDIV_OK, fastdiv_nn_gaussian_nll_f64(2, 3, x, ones, 2, NULL, 0, value, NULL));
  CHECK(close_to(value[0], (0 + 9 + 4) / 8.0 + 3 * (log(2) + log(2 * acos(-1)) / 2)));

  CHECK_STATUS(FASTDIV_OK, fastdiv_nn_gaussian_kl_draw_f64(2, 2, x, 3, x + 1, 3, 7, 0, 0, value, z, 2));
  CHECK(close_to(value[1], (16 + exp(5) - 1 - 5 + 25 + exp(-6) - 1 + 6) / 2));
  CHECK_STATUS(FASTDIV_OK, fastdiv_nn_gaussian_kl_draw_f64(2, 2, x, 3, x + 1, 3, 7, 0, 0, value, NULL, 0));
  CHECK_STATUS(FASTDIV_OK, fastdiv_nn_gaussian_kl_draw_backward_f64(
      2, 2, x, 3, x + 1, 3, ones, 2, 7, 0, 0, &tenth, 0, by_mean, 3, by_log_variance, 3));
  CHECK(close_to(by_mean[4], 1 + 0.1 * x[4]));
  CHECK(close_to(by_log_variance[4], (z[3] - x[4] + 0.1 * expm1(x[5])) / 2));

  CHECK_STATUS(FASTDIV_OK, fastdiv_nn_corrupt_f64(6, x, FASTDIV_MASK, 1, 7, 0, 0, y));
  CHECK(y[0] == 0 && y[5] == 0);
  for (k = 0; k < 6; ++k) y[k] = 0.25;
  CHECK_STATUS(FASTDIV_OK, fastdiv_nn_sparsity_penalty_f64(2, 3, y, 0.5, 1, &penalty, by_bias));
  CHECK(close_to(penalty, 3 * (0.5 * log(2) + 0.5 * log(0.5 / 0.75))) && close_to(by_bias[2], -0.25 / (0.1875 * 2)));
  CHECK_STATUS(FASTDIV_OK, fastdiv_nn_adam_step_f64(2, theta, g, first, second, 1, 0.125, 0.9, 0.999, 0));
  CHECK(close_to(theta[0], 0.875) && close_to(theta[1], 1.125));

  CHECK_STATUS(FASTDIV_OK, fastdiv_nn_bias_activation_f64(0, 3, NULL, NULL, FASTDIV_GELU, NULL, NULL));
  CHECK_STATUS(FASTDIV_OK, fastdiv_nn_bias_activation_backward_f64(0, 3, NULL, NULL, NULL, 0, NULL, by_bias));
  CHECK(by_bias[0] == 0 && by_bias[1] == 0 && by_bias[2] == 0);
  CHECK_STATUS(FASTDIV_NULL_POINTER, fastdiv_nn_bias_activation_f64(2, 3, x, NULL, 0, y, NULL));
  CHECK_STATUS(FASTDIV_NULL_POINTER, fastdiv_nn_bernoulli_nll_f64(2, 0, NULL, NULL, NULL, 0, NULL, NULL));
  CHECK_STATUS(FASTDIV_NULL_POINTER, fastdiv_nn_sparsity_penalty_f64(2, 3, y, 0.5, 1, NULL, NULL));
  CHECK_STATUS(FASTDIV_INVALID_SHAPE, fastdiv_nn_gaussian_nll_f64(SIZE_MAX / 2, 3, x, x, 1, NULL, 0, value, NULL));
  CHECK_STATUS(FASTDIV_INVALID_SHAPE, fastdiv_nn_gaussian_nll_f64(SIZE_MAX, 0, x, x, 1, NULL, 0, value, NULL));
  CHECK_STATUS(FASTDIV_INVALID_OPTION, fastdiv_nn_bias_activation_f64(2, 3, x, bias, 6, y, NULL));
  CHECK_STATUS(FASTDIV_INVALID_OPTION, fastdiv_nn_bias_activation_f64(2, 3, x, bias, -1, y, NULL));
  CHECK_STATUS(FASTDIV_INVALID_OPTION, fastdiv_nn_gaussian_nll_f64(2, 3, x, x, 0, NULL, 0, value, NULL));
  CHECK_STATUS(FASTDIV_INVALID_OPTION, fastdiv_nn_gaussian_nll_f64(2, 3, x, x, NAN, NULL, 0, value, NULL));
  CHECK_STATUS(FASTDIV_INVALID_OPTION, fastdiv_nn_corrupt_f64(6, x, FASTDIV_MASK, 1.5, 7, 0, 0, y));
  CHECK_STATUS(FASTDIV_INVALID_OPTION, fastdiv_nn_corrupt_f64(6, x, 3, 0.5, 7, 0, 0, y));
  CHECK_STATUS(FASTDIV_INVALID_OPTION, fastdiv_nn_corrupt_f64(6, x, FASTDIV_GAUSSIAN, INFINITY, 7, 0, 0, y));
  CHECK_STATUS(FASTDIV_INVALID_OPTION, fastdiv_nn_corrupt_f64(6, x, FASTDIV_MASK, 0.5, 7, UINT64_MAX - 4, 0, y));
  CHECK_STATUS(FASTDIV_OK, fastdiv_nn_corrupt_f64(6, x, FASTDIV_MASK, 0.5, 7, UINT64_MAX - 5, 0, y));
  CHECK_STATUS(FASTDIV_INVALID_OPTION, fastdiv_nn_sparsity_penalty_f64(2, 3, y, 1, 1, &penalty, NULL));
  CHECK_STATUS(FASTDIV_INVALID_OPTION, fastdiv_nn_adam_step_f64(2, theta, g, first, second, 0, 0.1, 0.9, 0.999, 0));
  CHECK_STATUS(FASTDIV_INVALID_OPTION, fastdiv_nn_adam_step_f64(2, theta, g, first, second, 1, 0.1, 1, 0.999, 0));
}

static int stop(void *context, uint64_t done, uint64_t total) {
  uint64_t *calls = (uint64_t *)context;
  ++*calls;
  return done >= total / 4;
}

/* KL(N(0, 1) | N(1, 2)) = log 2 + (1 + 1) / 8 - 1/2, in shards too, and by an equal mixture of two equal components */
static void check_montecarlo(void) {
  const double exact = log(2) + 0.25 - 0.5, zero[2] = {0, 0}, one[2] = {1, 1}, two[2] = {2, 2};
  const fastdiv_mixture_f64 p = {sizeof p, 1, 0, 0, 0, NULL, zero, one};
  const fastdiv_mixture_f64 q = {sizeof q, 2, 1, 0, 0, NULL, one, two};
  fastdiv_montecarlo_options options = FASTDIV_MONTECARLO_OPTIONS_DEFAULT, bad;
  static fastdiv_montecarlo_record record;
  fastdiv_moments moments[4];
  double value, error, weights[1], mean_q[2], scale_q[2], weights_q[2], folded = 0, variance = 0;
  const fastdiv_mixture_gradient_f64 grad_q = {weights_q, mean_q, scale_q};
  const uint64_t counts[1] = {65536};
  uint64_t calls = 0;

  record.struct_size = sizeof record;
  options.seed = 7, options.n_samples = 102400;
  CHECK_STATUS(FASTDIV_OK, fastdiv_montecarlo_kl_divergence_plan_f64(1, 1, &p, &q, &options, 0, 1, &record));
  CHECK(record.grain == 256 && record.nodes[0] == 3 && record.nodes[1] == 0 && record.sums[0] == 6);
  record.moments[0] = moments, record.weights[0] = weights;
  CHECK_STATUS(FASTDIV_OK, fastdiv_montecarlo_kl_divergence_value_and_grad_f64(1, 1, &p, &q, &options, &value, &error,
                                                                               NULL, &grad_q, &record));
  CHECK(fabs(value - exact) < 4 * error && error < 0.01 && weights[0] == 1);
  CHECK(fabs(mean_q[0] - 0.125) < 0.01 && mean_q[0] == mean_q[1]); /* (1 - 0) / 4, half of it to each component */
  CHECK(fabs(scale_q[0] - 0.125) < 0.01);                         /* (1 / 2 - (1 + 1) / 8) / 2 */
  CHECK(fabs(weights_q[0]) < 1e-12 && fabs(weights_q[1]) < 1e-12);
  CHECK_STATUS(FASTDIV_OK, fastdiv_montecarlo_fold(1, 1, 1, counts, moments, weights, NULL, 1, &folded, &variance));
  CHECK(fabs(folded - exact) < 5 * sqrt(variance));

  options.n_samples = (uint64_t)1 << 26, options.progress = stop, options.context = &calls;
  CHECK_STATUS(FASTDIV_INTERRUPTED,
               fastdiv_montecarlo_js_divergence_f64(1, 1, &p, &q, &options, &value, &error, NULL));
  CHECK(calls > 0);
  options.n_samples = 1000, options.progress = NULL;
  CHECK_STATUS(FASTDIV_NULL_POINTER, fastdiv_montecarlo_kl_divergence_f64(1, 1, NULL, &q, &options, &value, &error, NULL));
  CHECK_STATUS(FASTDIV_NULL_POINTER, fastdiv_montecarlo_kl_divergence_f64(1, 1, &p, &q, NULL, &value, &error, NULL));
  CHECK_STATUS(FASTDIV_INVALID_SHAPE, fastdiv_montecarlo_kl_divergence_f64(1, 0, &p, &q, &options, &value, &error, NULL));
  CHECK_STATUS(FASTDIV_INVALID_SHAPE,
               fastdiv_montecarlo_kl_divergence_f64(1, SIZE_MAX / 2, &p, &q, &options, &value, &error, NULL));
  CHECK_STATUS(FASTDIV_INVALID_SHAPE,
               fastdiv_montecarlo_kl_divergence_f64(SIZE_MAX / 2, 1, &p, &q, &options, &value, &error, NULL));
  bad = options, bad.n_samples = 1;
  CHECK_STATUS(FASTDIV_INVALID_OPTION, fastdiv_montecarlo_kl_divergence_f64(1, 1, &p, &q, &bad, &value, &error, NULL));
  bad = options, bad.n_samples = 101, bad.antithetic = 1;
  CHECK_STATUS(FASTDIV_INVALID_OPTION, fastdiv_montecarlo_kl_divergence_f64(1, 1, &p, &q, &bad, &value, &error, NULL));
  bad = options, bad.first_sample = 1;
  CHECK_STATUS(FASTDIV_INVALID_OPTION, fastdiv_montecarlo_kl_divergence_f64(1, 1, &p, &q, &bad, &value, &error, NULL));
  bad = options, bad.weight = NAN;
  CHECK_STATUS(FASTDIV_INVALID_OPTION, fastdiv_montecarlo_js_divergence_f64(1, 1, &p, &q, &bad, &value, &error, NULL));
  bad = options, bad.struct_size = 8;
  CHECK_STATUS(FASTDIV_INVALID_OPTION, fastdiv_montecarlo_kl_divergence_f64(1, 1, &p, &q, &bad, &value, &error, NULL));
}

/* 300,000 rows through the thread pool. */
static void check_threads(void) {
  enum { kRows = 300000 };
  static float values[kRows];
  const float p[4] = {1, 2, 3, 4};
  const size_t shape[2] = {kRows, 4};
  const ptrdiff_t strides[2] = {0, 1};
  size_t row, equal = 0;
  CHECK_STATUS(FASTDIV_OK, fastdiv_entropy_f32(2, shape, p, strides, NULL, values, NULL));
  for (row = 0; row < kRows; ++row) equal += values[row] == values[0];
  CHECK(equal == kRows && fabs(values[0] - 1.2798542) < 1e-6);
}

static void check_zero_sizes(void) {
  const size_t no_entries[2] = {2, 0}, no_rows[2] = {0, 3}, no_table[3] = {2, 0, 3};
  double value[2] = {7, 7};
  CHECK_STATUS(FASTDIV_OK, fastdiv_entropy_f64(2, no_entries, NULL, NULL, NULL, value, NULL));
  CHECK(value[0] == 0 && value[1] == 0);
  CHECK_STATUS(FASTDIV_OK, fastdiv_entropy_f64(2, no_rows, NULL, NULL, NULL, NULL, NULL));
  value[0] = value[1] = 7;
  CHECK_STATUS(FASTDIV_OK, fastdiv_mutual_information_f64(3, no_table, NULL, NULL, NULL, value, NULL));
  CHECK(value[0] == 0 && value[1] == 0);
  CHECK_STATUS(FASTDIV_OK, fastdiv_self_information_f64(2, no_rows, NULL, NULL, NULL, NULL, NULL));
  CHECK_STATUS(FASTDIV_OK, fastdiv_pairwise_kl_divergence_f64(0, 2, 3, NULL, NULL, value, NULL, NULL, NULL));
  CHECK_STATUS(FASTDIV_NULL_POINTER, fastdiv_entropy_f64(2, no_entries, NULL, NULL, NULL, NULL, NULL));
}

static void check_errors(void) {
  const size_t shape[2] = {2, 2}, half = SIZE_MAX / 2 + 1;
  size_t many[FASTDIV_MAX_NDIM + 1], overflowing[3];
  const double p[4] = {1, 2, 3, 4};
  double value[4];
  const double nan = NAN, bases[5] = {1, -2, INFINITY, -INFINITY, nan}, weights[3] = {-0.1, 1.1, nan};
  fastdiv_options options = FASTDIV_OPTIONS_DEFAULT, bad;
  size_t k;

  CHECK_STATUS(FASTDIV_NULL_POINTER, fastdiv_entropy_f64(1, shape, NULL, NULL, NULL, value, NULL));
  CHECK_STATUS(FASTDIV_NULL_POINTER, fastdiv_entropy_f64(1, shape, p, NULL, NULL, NULL, NULL));
  CHECK_STATUS(FASTDIV_NULL_POINTER, fastdiv_entropy_f64(1, NULL, p, NULL, NULL, value, NULL));
  CHECK_STATUS(FASTDIV_NULL_POINTER, fastdiv_kl_divergence_f64(1, shape, p, NULL, NULL, NULL, NULL, value, NULL));
  CHECK_STATUS(FASTDIV_NULL_POINTER,
               fastdiv_pairwise_kl_divergence_f64(2, 2, 2, NULL, NULL, p, NULL, NULL, value));
  CHECK_STATUS(FASTDIV_NULL_POINTER,
               fastdiv_pairwise_kl_divergence_f64(2, 2, 2, p, NULL, p, NULL, NULL, NULL));

  CHECK_STATUS(FASTDIV_INVALID_SHAPE, fastdiv_entropy_f64(0, NULL, p, NULL, NULL, value, NULL));
  CHECK_STATUS(FASTDIV_INVALID_SHAPE, fastdiv_mutual_information_f64(1, shape, p, NULL, NULL, value, NULL));
  CHECK_STATUS(FASTDIV_INVALID_SHAPE, fastdiv_self_information_f64(0, NULL, p, NULL, NULL, value, NULL));
  for (k = 0; k <= FASTDIV_MAX_NDIM; ++k) many[k] = 1;
  CHECK_STATUS(FASTDIV_OK, fastdiv_entropy_f64(FASTDIV_MAX_NDIM, many, p, NULL, NULL, value, NULL));
  CHECK_STATUS(FASTDIV_INVALID_SHAPE, fastdiv_entropy_f64(FASTDIV_MAX_NDIM + 1, many, p, NULL, NULL, value, NULL));
  CHECK_STATUS(FASTDIV_INVALID_SHAPE, fastdiv_entropy_f64(SIZE_MAX, many, p, NULL, NULL, value, NULL));

  overflowing[0] = half, overflowing[1] = 2, overflowing[2] = 1;
  CHECK_STATUS(FASTDIV_INVALID_SHAPE, fastdiv_entropy_f64(3, overflowing, p, NULL, NULL, value, NULL));
  overflowing[2] = 0; /* an axis of size 0 hides nothing */
  CHECK_STATUS(FASTDIV_INVALID_SHAPE, fastdiv_entropy_f64(3, overflowing, p, NULL, NULL, value, NULL));
  CHECK_STATUS(FASTDIV_INVALID_SHAPE, fastdiv_entropy_f64(1, &half, p, NULL, NULL, value, NULL));
  CHECK_STATUS(FASTDIV_INVALID_SHAPE,
               fastdiv_pairwise_js_distance_f64(half, 2, 2, p, NULL, p, NULL, NULL, value));

  bad = options, bad.struct_size = 0;
  CHECK_STATUS(FASTDIV_INVALID_OPTION, fastdiv_entropy_f64(1, shape, p, NULL, &bad, value, NULL));
  bad = options, bad.struct_size = sizeof bad + 8; /* a later version's options are understood */
  CHECK_STATUS(FASTDIV_OK, fastdiv_entropy_f64(1, shape, p, NULL, &bad, value, NULL));
  for (k = 0; k < 5; ++k) {
    bad = options, bad.base = bases[k];
    CHECK_STATUS(FASTDIV_INVALID_OPTION, fastdiv_entropy_f64(1, shape, p, NULL, &bad, value, NULL));
  }
  for (k = 0; k < 3; ++k) {
    bad = options, bad.weight = weights[k];
    CHECK_STATUS(FASTDIV_INVALID_OPTION, fastdiv_js_divergence_f64(1, shape, p, NULL, p, NULL, &bad, value, NULL));
  }
  bad = options, bad.given = 0;
  CHECK_STATUS(FASTDIV_INVALID_OPTION, fastdiv_conditional_entropy_f64(2, shape, p, NULL, &bad, value, NULL));
}

int main(void) {
  check_library();
  check_entropy();
  check_kl_divergence();
  check_logits();
  check_random();
  check_montecarlo();
  check_training();
  check_threads();
  check_zero_sizes();
  check_errors();
  return failures == 0 ? 0 : 1;
}
