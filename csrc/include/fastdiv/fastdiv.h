/* fastdiv: information measures of probability tables, values and gradients.
 *
 * Plain C. Every function returns a status, FASTDIV_OK or one of the codes below; none throws, prints or ends
 * the process. All functions may be called from several threads at once.
 *
 * Arrays. `shape` has `ndim` entries: batch axes first, then the event, which is the last axis, or for the joint
 * measures the last two. Strides count elements, not bytes, one for each entry of `shape` (for `value` and
 * `cotangent`: for each batch axis), may be zero or negative, and NULL means C-contiguous. All inputs of a call
 * have the same shape; a stride of 0 broadcasts. Empty arrays may be NULL.
 *
 * Values. With options.normalize each event is divided by its sum. 0 log 0 = 0; p > 0 = q gives +inf; an event
 * with NaN or negative entries, or (normalised) with the sum 0 or inf, gives NaN; an event of length 0 gives 0.
 * Error: at most 4 units in the last place of the sum of the terms' magnitudes.
 *
 * Gradients are with respect to the unnormalised entries, multiplied by the event's `cotangent` (NULL: ones), and
 * 0 where the entry is 0. A gradient may overwrite an input of the same shape and strides; no other overlap of
 * outputs is allowed. A NULL gradient is not computed.
 */
#ifndef FASTDIV_FASTDIV_H
#define FASTDIV_FASTDIV_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define FASTDIV_API
#else
#define FASTDIV_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Grows when a function changes its meaning or disappears; new functions alone do not raise it. */
#define FASTDIV_ABI_VERSION 1
#define FASTDIV_MAX_NDIM 64

enum fastdiv_status {
  FASTDIV_OK = 0,
  FASTDIV_NULL_POINTER = 1,    /* a required pointer is NULL */
  FASTDIV_INVALID_SHAPE = 2,   /* too few or too many axes, or sizes whose product overflows */
  FASTDIV_INVALID_OPTION = 3,  /* base, weight, given, temperature, struct_size, offset, samples; of training: there */
  FASTDIV_UNKNOWN_ISA = 4,     /* FASTDIV_ISA or fastdiv_set_isa names no instruction set of this machine */
  FASTDIV_OUT_OF_MEMORY = 5,
  FASTDIV_INTERNAL_ERROR = 6,
  FASTDIV_INTERRUPTED = 7      /* the progress function of a Monte Carlo estimate asked to stop */
};

typedef struct fastdiv_options {
  size_t struct_size; /* sizeof(fastdiv_options): later versions may append members */
  double base;        /* of the logarithm: positive and not 1; 0 means natural (nats) */
  double weight;      /* of p in the mixture of js_divergence and js_distance, in [0, 1] */
  int normalize;      /* 0: take the entries as they are */
  int given;          /* conditional_entropy: the axis conditioned on, -1 or -2 */
  double temperature; /* of softmax(logits / temperature): positive; 1 if struct_size says that it is missing */
} fastdiv_options;

/* The defaults, which NULL stands for as well. */
#define FASTDIV_OPTIONS_DEFAULT {sizeof(fastdiv_options), 0.0, 0.5, 1, -1, 1.0}

FASTDIV_API int fastdiv_abi_version(void);
FASTDIV_API const char *fastdiv_version(void);
FASTDIV_API const char *fastdiv_status_string(int status);

/* The instruction set in use ("v4", "v3", "v2" of x86-64; "neon"), NULL if FASTDIV_ISA names none; the k-th that
 * this machine has (NULL past the end); and a choice for the calls that follow. */
FASTDIV_API const char *fastdiv_isa(void);
FASTDIV_API const char *fastdiv_available_isa(size_t k);
FASTDIV_API int fastdiv_set_isa(const char *name);

/* Threads used by one call, the caller's included. Results do not depend on it. The default is FASTDIV_NUM_THREADS,
 * OMP_NUM_THREADS, or the number of processors that the process may run on. */
FASTDIV_API int fastdiv_get_num_threads(void);
FASTDIV_API int fastdiv_set_num_threads(int count);

/* -sum p log p */
FASTDIV_API int fastdiv_entropy_f32(
    size_t ndim, const size_t *shape, const float *p, const ptrdiff_t *p_strides,
    const fastdiv_options *options, float *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_entropy_value_and_grad_f32(
    size_t ndim, const size_t *shape, const float *p, const ptrdiff_t *p_strides,
    const fastdiv_options *options, const float *cotangent, const ptrdiff_t *cotangent_strides,
    float *value, const ptrdiff_t *value_strides, float *grad_p, const ptrdiff_t *grad_p_strides);
FASTDIV_API int fastdiv_entropy_f64(
    size_t ndim, const size_t *shape, const double *p, const ptrdiff_t *p_strides,
    const fastdiv_options *options, double *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_entropy_value_and_grad_f64(
    size_t ndim, const size_t *shape, const double *p, const ptrdiff_t *p_strides,
    const fastdiv_options *options, const double *cotangent, const ptrdiff_t *cotangent_strides,
    double *value, const ptrdiff_t *value_strides, double *grad_p, const ptrdiff_t *grad_p_strides);

/* -sum p log q */
FASTDIV_API int fastdiv_cross_entropy_f32(
    size_t ndim, const size_t *shape, const float *p, const ptrdiff_t *p_strides,
    const float *q, const ptrdiff_t *q_strides,
    const fastdiv_options *options, float *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_cross_entropy_value_and_grad_f32(
    size_t ndim, const size_t *shape, const float *p, const ptrdiff_t *p_strides,
    const float *q, const ptrdiff_t *q_strides,
    const fastdiv_options *options, const float *cotangent, const ptrdiff_t *cotangent_strides,
    float *value, const ptrdiff_t *value_strides, float *grad_p, const ptrdiff_t *grad_p_strides,
    float *grad_q, const ptrdiff_t *grad_q_strides);
FASTDIV_API int fastdiv_cross_entropy_f64(
    size_t ndim, const size_t *shape, const double *p, const ptrdiff_t *p_strides,
    const double *q, const ptrdiff_t *q_strides,
    const fastdiv_options *options, double *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_cross_entropy_value_and_grad_f64(
    size_t ndim, const size_t *shape, const double *p, const ptrdiff_t *p_strides,
    const double *q, const ptrdiff_t *q_strides,
    const fastdiv_options *options, const double *cotangent, const ptrdiff_t *cotangent_strides,
    double *value, const ptrdiff_t *value_strides, double *grad_p, const ptrdiff_t *grad_p_strides,
    double *grad_q, const ptrdiff_t *grad_q_strides);

/* sum p log(p / q) */
FASTDIV_API int fastdiv_kl_divergence_f32(
    size_t ndim, const size_t *shape, const float *p, const ptrdiff_t *p_strides,
    const float *q, const ptrdiff_t *q_strides,
    const fastdiv_options *options, float *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_kl_divergence_value_and_grad_f32(
    size_t ndim, const size_t *shape, const float *p, const ptrdiff_t *p_strides,
    const float *q, const ptrdiff_t *q_strides,
    const fastdiv_options *options, const float *cotangent, const ptrdiff_t *cotangent_strides,
    float *value, const ptrdiff_t *value_strides, float *grad_p, const ptrdiff_t *grad_p_strides,
    float *grad_q, const ptrdiff_t *grad_q_strides);
FASTDIV_API int fastdiv_kl_divergence_f64(
    size_t ndim, const size_t *shape, const double *p, const ptrdiff_t *p_strides,
    const double *q, const ptrdiff_t *q_strides,
    const fastdiv_options *options, double *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_kl_divergence_value_and_grad_f64(
    size_t ndim, const size_t *shape, const double *p, const ptrdiff_t *p_strides,
    const double *q, const ptrdiff_t *q_strides,
    const fastdiv_options *options, const double *cotangent, const ptrdiff_t *cotangent_strides,
    double *value, const ptrdiff_t *value_strides, double *grad_p, const ptrdiff_t *grad_p_strides,
    double *grad_q, const ptrdiff_t *grad_q_strides);

/* w KL(p | m) + (1 - w) KL(q | m), m = w p + (1 - w) q */
FASTDIV_API int fastdiv_js_divergence_f32(
    size_t ndim, const size_t *shape, const float *p, const ptrdiff_t *p_strides,
    const float *q, const ptrdiff_t *q_strides,
    const fastdiv_options *options, float *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_js_divergence_value_and_grad_f32(
    size_t ndim, const size_t *shape, const float *p, const ptrdiff_t *p_strides,
    const float *q, const ptrdiff_t *q_strides,
    const fastdiv_options *options, const float *cotangent, const ptrdiff_t *cotangent_strides,
    float *value, const ptrdiff_t *value_strides, float *grad_p, const ptrdiff_t *grad_p_strides,
    float *grad_q, const ptrdiff_t *grad_q_strides);
FASTDIV_API int fastdiv_js_divergence_f64(
    size_t ndim, const size_t *shape, const double *p, const ptrdiff_t *p_strides,
    const double *q, const ptrdiff_t *q_strides,
    const fastdiv_options *options, double *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_js_divergence_value_and_grad_f64(
    size_t ndim, const size_t *shape, const double *p, const ptrdiff_t *p_strides,
    const double *q, const ptrdiff_t *q_strides,
    const fastdiv_options *options, const double *cotangent, const ptrdiff_t *cotangent_strides,
    double *value, const ptrdiff_t *value_strides, double *grad_p, const ptrdiff_t *grad_p_strides,
    double *grad_q, const ptrdiff_t *grad_q_strides);

/* the square root of js_divergence */
FASTDIV_API int fastdiv_js_distance_f32(
    size_t ndim, const size_t *shape, const float *p, const ptrdiff_t *p_strides,
    const float *q, const ptrdiff_t *q_strides,
    const fastdiv_options *options, float *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_js_distance_value_and_grad_f32(
    size_t ndim, const size_t *shape, const float *p, const ptrdiff_t *p_strides,
    const float *q, const ptrdiff_t *q_strides,
    const fastdiv_options *options, const float *cotangent, const ptrdiff_t *cotangent_strides,
    float *value, const ptrdiff_t *value_strides, float *grad_p, const ptrdiff_t *grad_p_strides,
    float *grad_q, const ptrdiff_t *grad_q_strides);
FASTDIV_API int fastdiv_js_distance_f64(
    size_t ndim, const size_t *shape, const double *p, const ptrdiff_t *p_strides,
    const double *q, const ptrdiff_t *q_strides,
    const fastdiv_options *options, double *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_js_distance_value_and_grad_f64(
    size_t ndim, const size_t *shape, const double *p, const ptrdiff_t *p_strides,
    const double *q, const ptrdiff_t *q_strides,
    const fastdiv_options *options, const double *cotangent, const ptrdiff_t *cotangent_strides,
    double *value, const ptrdiff_t *value_strides, double *grad_p, const ptrdiff_t *grad_p_strides,
    double *grad_q, const ptrdiff_t *grad_q_strides);

/* H(X | Y) = H(X, Y) - H(Y) of tables [nx, ny]; options.given = -2 gives H(Y | X) */
FASTDIV_API int fastdiv_conditional_entropy_f32(
    size_t ndim, const size_t *shape, const float *p, const ptrdiff_t *p_strides,
    const fastdiv_options *options, float *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_conditional_entropy_value_and_grad_f32(
    size_t ndim, const size_t *shape, const float *p, const ptrdiff_t *p_strides,
    const fastdiv_options *options, const float *cotangent, const ptrdiff_t *cotangent_strides,
    float *value, const ptrdiff_t *value_strides, float *grad_p, const ptrdiff_t *grad_p_strides);
FASTDIV_API int fastdiv_conditional_entropy_f64(
    size_t ndim, const size_t *shape, const double *p, const ptrdiff_t *p_strides,
    const fastdiv_options *options, double *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_conditional_entropy_value_and_grad_f64(
    size_t ndim, const size_t *shape, const double *p, const ptrdiff_t *p_strides,
    const fastdiv_options *options, const double *cotangent, const ptrdiff_t *cotangent_strides,
    double *value, const ptrdiff_t *value_strides, double *grad_p, const ptrdiff_t *grad_p_strides);

/* I(X; Y) = KL(p(x, y) | p(x) p(y)) of tables [nx, ny] */
FASTDIV_API int fastdiv_mutual_information_f32(
    size_t ndim, const size_t *shape, const float *p, const ptrdiff_t *p_strides,
    const fastdiv_options *options, float *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_mutual_information_value_and_grad_f32(
    size_t ndim, const size_t *shape, const float *p, const ptrdiff_t *p_strides,
    const fastdiv_options *options, const float *cotangent, const ptrdiff_t *cotangent_strides,
    float *value, const ptrdiff_t *value_strides, float *grad_p, const ptrdiff_t *grad_p_strides);
FASTDIV_API int fastdiv_mutual_information_f64(
    size_t ndim, const size_t *shape, const double *p, const ptrdiff_t *p_strides,
    const fastdiv_options *options, double *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_mutual_information_value_and_grad_f64(
    size_t ndim, const size_t *shape, const double *p, const ptrdiff_t *p_strides,
    const fastdiv_options *options, const double *cotangent, const ptrdiff_t *cotangent_strides,
    double *value, const ptrdiff_t *value_strides, double *grad_p, const ptrdiff_t *grad_p_strides);

/* -log p, entry by entry: `value` (and `cotangent`) have the shape of p. */
FASTDIV_API int fastdiv_self_information_f32(
    size_t ndim, const size_t *shape, const float *p, const ptrdiff_t *p_strides,
    const fastdiv_options *options, float *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_self_information_value_and_grad_f32(
    size_t ndim, const size_t *shape, const float *p, const ptrdiff_t *p_strides,
    const fastdiv_options *options, const float *cotangent, const ptrdiff_t *cotangent_strides,
    float *value, const ptrdiff_t *value_strides, float *grad_p, const ptrdiff_t *grad_p_strides);
FASTDIV_API int fastdiv_self_information_f64(
    size_t ndim, const size_t *shape, const double *p, const ptrdiff_t *p_strides,
    const fastdiv_options *options, double *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_self_information_value_and_grad_f64(
    size_t ndim, const size_t *shape, const double *p, const ptrdiff_t *p_strides,
    const fastdiv_options *options, const double *cotangent, const ptrdiff_t *cotangent_strides,
    double *value, const ptrdiff_t *value_strides, double *grad_p, const ptrdiff_t *grad_p_strides);

/* Element by element, nothing normalised, in nats: `value` has the shape of x and may be an input's memory with its
 * strides; at least one axis. NaN gives NaN. Error: 4 units in the last place. */

/* -x log x; 0 at 0, -inf below */
FASTDIV_API int fastdiv_entr_f32(
    size_t ndim, const size_t *shape, const float *x, const ptrdiff_t *x_strides,
    float *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_entr_f64(
    size_t ndim, const size_t *shape, const double *x, const ptrdiff_t *x_strides,
    double *value, const ptrdiff_t *value_strides);

/* x log(x / y); 0 for x = 0 <= y, otherwise +inf where x or y is not positive */
FASTDIV_API int fastdiv_rel_entr_f32(
    size_t ndim, const size_t *shape, const float *x, const ptrdiff_t *x_strides,
    const float *y, const ptrdiff_t *y_strides, float *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_rel_entr_f64(
    size_t ndim, const size_t *shape, const double *x, const ptrdiff_t *x_strides,
    const double *y, const ptrdiff_t *y_strides, double *value, const ptrdiff_t *value_strides);

/* x log(x / y) - x + y; y for x = 0 <= y, otherwise +inf where x or y is not positive */
FASTDIV_API int fastdiv_kl_div_f32(
    size_t ndim, const size_t *shape, const float *x, const ptrdiff_t *x_strides,
    const float *y, const ptrdiff_t *y_strides, float *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_kl_div_f64(
    size_t ndim, const size_t *shape, const double *x, const ptrdiff_t *x_strides,
    const double *y, const ptrdiff_t *y_strides, double *value, const ptrdiff_t *value_strides);

/* All pairs of the rows of p [rows_p, n] and q [rows_q, n], strides {row, entry}: value[i * rows_q + j] is the measure
 * of (p_i, q_j). With q = NULL the pairs i < j of p's own rows, in the order (0, 1), (0, 2) ... (1, 2) ...: `value`
 * has rows_p (rows_p - 1) / 2 entries. */
FASTDIV_API int fastdiv_pairwise_kl_divergence_f32(
    size_t rows_p, size_t rows_q, size_t n, const float *p, const ptrdiff_t *p_strides,
    const float *q, const ptrdiff_t *q_strides, const fastdiv_options *options, float *value);
FASTDIV_API int fastdiv_pairwise_kl_divergence_f64(
    size_t rows_p, size_t rows_q, size_t n, const double *p, const ptrdiff_t *p_strides,
    const double *q, const ptrdiff_t *q_strides, const fastdiv_options *options, double *value);
FASTDIV_API int fastdiv_pairwise_js_divergence_f32(
    size_t rows_p, size_t rows_q, size_t n, const float *p, const ptrdiff_t *p_strides,
    const float *q, const ptrdiff_t *q_strides, const fastdiv_options *options, float *value);
FASTDIV_API int fastdiv_pairwise_js_divergence_f64(
    size_t rows_p, size_t rows_q, size_t n, const double *p, const ptrdiff_t *p_strides,
    const double *q, const ptrdiff_t *q_strides, const fastdiv_options *options, double *value);
FASTDIV_API int fastdiv_pairwise_js_distance_f32(
    size_t rows_p, size_t rows_q, size_t n, const float *p, const ptrdiff_t *p_strides,
    const float *q, const ptrdiff_t *q_strides, const fastdiv_options *options, float *value);
FASTDIV_API int fastdiv_pairwise_js_distance_f64(
    size_t rows_p, size_t rows_q, size_t n, const double *p, const ptrdiff_t *p_strides,
    const double *q, const ptrdiff_t *q_strides, const fastdiv_options *options, double *value);

/* Random numbers, contiguous: out[i] is number offset + i of the stream that a seed and a stream number stand for, so
 * that any part of it can be drawn alone, by any number of threads; offset + n may not exceed 2^64. Number e comes from
 * Philox4x32-10 (Salmon et al. 2011) of the counter (e / k low, e / k high, 0, stream) and the key (seed low, seed
 * high), k = 4 (f32) or 2 (f64): it is the counter's word e mod k, of 32 or 64 bits. The same bits on v3, v4 and NEON. */

/* In the open interval (0, 1): (m + 1/2) 2^-23 (f32) or (m + 1/2) 2^-52 (f64), m the word's highest bits. */
FASTDIV_API int fastdiv_random_uniform_f32(
    size_t n, uint64_t seed, uint64_t offset, uint32_t stream, float *out);
FASTDIV_API int fastdiv_random_uniform_f64(
    size_t n, uint64_t seed, uint64_t offset, uint32_t stream, double *out);

/* Standard normal (Box and Muller 1958): of uniform numbers u, v at e and e + 1, e even, the numbers
 * sqrt(-2 log u) cos(2 pi v) at e and sqrt(-2 log u) sin(2 pi v) at e + 1. Error: 3.5 units in the last place. At most
 * 5.8 (f32) or 8.6 (f64) in magnitude. */
FASTDIV_API int fastdiv_random_normal_f32(
    size_t n, uint64_t seed, uint64_t offset, uint32_t stream, float *out);
FASTDIV_API int fastdiv_random_normal_f64(
    size_t n, uint64_t seed, uint64_t offset, uint32_t stream, double *out);

/* Of logits: p = softmax(x / options.temperature), q = softmax(y / options.temperature); options.normalize has no
 * meaning. f16 (IEEE 754 binary16) and bf16 (the upper half of a float) are computed as floats and rounded to the
 * nearest when gradients are stored. -inf is probability 0; a row with NaN or +inf, or of -inf alone, gives NaN.
 * Gradients are with respect to the logits; where a divergence is +inf, +inf at the entries with q = 0 < p and -inf at
 * the others. Error of a gradient: 1e-5 (f32) or 1e-13 (f64) of its row's largest entry; of js_divergence, of its
 * row's largest share p |log(p / m)|. A probability below the type's smallest normal number may count as 0. */

/* -sum p log p */
FASTDIV_API int fastdiv_logits_entropy_f32(
    size_t ndim, const size_t *shape, const float *x, const ptrdiff_t *x_strides,
    const fastdiv_options *options, float *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_logits_entropy_value_and_grad_f32(
    size_t ndim, const size_t *shape, const float *x, const ptrdiff_t *x_strides,
    const fastdiv_options *options, const float *cotangent, const ptrdiff_t *cotangent_strides,
    float *value, const ptrdiff_t *value_strides, float *grad_x, const ptrdiff_t *grad_x_strides);
FASTDIV_API int fastdiv_logits_entropy_f64(
    size_t ndim, const size_t *shape, const double *x, const ptrdiff_t *x_strides,
    const fastdiv_options *options, double *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_logits_entropy_value_and_grad_f64(
    size_t ndim, const size_t *shape, const double *x, const ptrdiff_t *x_strides,
    const fastdiv_options *options, const double *cotangent, const ptrdiff_t *cotangent_strides,
    double *value, const ptrdiff_t *value_strides, double *grad_x, const ptrdiff_t *grad_x_strides);
FASTDIV_API int fastdiv_logits_entropy_f16(
    size_t ndim, const size_t *shape, const uint16_t *x, const ptrdiff_t *x_strides,
    const fastdiv_options *options, float *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_logits_entropy_value_and_grad_f16(
    size_t ndim, const size_t *shape, const uint16_t *x, const ptrdiff_t *x_strides,
    const fastdiv_options *options, const float *cotangent, const ptrdiff_t *cotangent_strides,
    float *value, const ptrdiff_t *value_strides, uint16_t *grad_x, const ptrdiff_t *grad_x_strides);
FASTDIV_API int fastdiv_logits_entropy_bf16(
    size_t ndim, const size_t *shape, const uint16_t *x, const ptrdiff_t *x_strides,
    const fastdiv_options *options, float *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_logits_entropy_value_and_grad_bf16(
    size_t ndim, const size_t *shape, const uint16_t *x, const ptrdiff_t *x_strides,
    const fastdiv_options *options, const float *cotangent, const ptrdiff_t *cotangent_strides,
    float *value, const ptrdiff_t *value_strides, uint16_t *grad_x, const ptrdiff_t *grad_x_strides);

/* -sum p log q */
FASTDIV_API int fastdiv_logits_cross_entropy_f32(
    size_t ndim, const size_t *shape, const float *x, const ptrdiff_t *x_strides,
    const float *y, const ptrdiff_t *y_strides,
    const fastdiv_options *options, float *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_logits_cross_entropy_value_and_grad_f32(
    size_t ndim, const size_t *shape, const float *x, const ptrdiff_t *x_strides,
    const float *y, const ptrdiff_t *y_strides,
    const fastdiv_options *options, const float *cotangent, const ptrdiff_t *cotangent_strides,
    float *value, const ptrdiff_t *value_strides, float *grad_x, const ptrdiff_t *grad_x_strides,
    float *grad_y, const ptrdiff_t *grad_y_strides);
FASTDIV_API int fastdiv_logits_cross_entropy_f64(
    size_t ndim, const size_t *shape, const double *x, const ptrdiff_t *x_strides,
    const double *y, const ptrdiff_t *y_strides,
    const fastdiv_options *options, double *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_logits_cross_entropy_value_and_grad_f64(
    size_t ndim, const size_t *shape, const double *x, const ptrdiff_t *x_strides,
    const double *y, const ptrdiff_t *y_strides,
    const fastdiv_options *options, const double *cotangent, const ptrdiff_t *cotangent_strides,
    double *value, const ptrdiff_t *value_strides, double *grad_x, const ptrdiff_t *grad_x_strides,
    double *grad_y, const ptrdiff_t *grad_y_strides);
FASTDIV_API int fastdiv_logits_cross_entropy_f16(
    size_t ndim, const size_t *shape, const uint16_t *x, const ptrdiff_t *x_strides,
    const uint16_t *y, const ptrdiff_t *y_strides,
    const fastdiv_options *options, float *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_logits_cross_entropy_value_and_grad_f16(
    size_t ndim, const size_t *shape, const uint16_t *x, const ptrdiff_t *x_strides,
    const uint16_t *y, const ptrdiff_t *y_strides,
    const fastdiv_options *options, const float *cotangent, const ptrdiff_t *cotangent_strides,
    float *value, const ptrdiff_t *value_strides, uint16_t *grad_x, const ptrdiff_t *grad_x_strides,
    uint16_t *grad_y, const ptrdiff_t *grad_y_strides);
FASTDIV_API int fastdiv_logits_cross_entropy_bf16(
    size_t ndim, const size_t *shape, const uint16_t *x, const ptrdiff_t *x_strides,
    const uint16_t *y, const ptrdiff_t *y_strides,
    const fastdiv_options *options, float *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_logits_cross_entropy_value_and_grad_bf16(
    size_t ndim, const size_t *shape, const uint16_t *x, const ptrdiff_t *x_strides,
    const uint16_t *y, const ptrdiff_t *y_strides,
    const fastdiv_options *options, const float *cotangent, const ptrdiff_t *cotangent_strides,
    float *value, const ptrdiff_t *value_strides, uint16_t *grad_x, const ptrdiff_t *grad_x_strides,
    uint16_t *grad_y, const ptrdiff_t *grad_y_strides);

/* sum p log(p / q) */
FASTDIV_API int fastdiv_logits_kl_divergence_f32(
    size_t ndim, const size_t *shape, const float *x, const ptrdiff_t *x_strides,
    const float *y, const ptrdiff_t *y_strides,
    const fastdiv_options *options, float *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_logits_kl_divergence_value_and_grad_f32(
    size_t ndim, const size_t *shape, const float *x, const ptrdiff_t *x_strides,
    const float *y, const ptrdiff_t *y_strides,
    const fastdiv_options *options, const float *cotangent, const ptrdiff_t *cotangent_strides,
    float *value, const ptrdiff_t *value_strides, float *grad_x, const ptrdiff_t *grad_x_strides,
    float *grad_y, const ptrdiff_t *grad_y_strides);
FASTDIV_API int fastdiv_logits_kl_divergence_f64(
    size_t ndim, const size_t *shape, const double *x, const ptrdiff_t *x_strides,
    const double *y, const ptrdiff_t *y_strides,
    const fastdiv_options *options, double *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_logits_kl_divergence_value_and_grad_f64(
    size_t ndim, const size_t *shape, const double *x, const ptrdiff_t *x_strides,
    const double *y, const ptrdiff_t *y_strides,
    const fastdiv_options *options, const double *cotangent, const ptrdiff_t *cotangent_strides,
    double *value, const ptrdiff_t *value_strides, double *grad_x, const ptrdiff_t *grad_x_strides,
    double *grad_y, const ptrdiff_t *grad_y_strides);
FASTDIV_API int fastdiv_logits_kl_divergence_f16(
    size_t ndim, const size_t *shape, const uint16_t *x, const ptrdiff_t *x_strides,
    const uint16_t *y, const ptrdiff_t *y_strides,
    const fastdiv_options *options, float *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_logits_kl_divergence_value_and_grad_f16(
    size_t ndim, const size_t *shape, const uint16_t *x, const ptrdiff_t *x_strides,
    const uint16_t *y, const ptrdiff_t *y_strides,
    const fastdiv_options *options, const float *cotangent, const ptrdiff_t *cotangent_strides,
    float *value, const ptrdiff_t *value_strides, uint16_t *grad_x, const ptrdiff_t *grad_x_strides,
    uint16_t *grad_y, const ptrdiff_t *grad_y_strides);
FASTDIV_API int fastdiv_logits_kl_divergence_bf16(
    size_t ndim, const size_t *shape, const uint16_t *x, const ptrdiff_t *x_strides,
    const uint16_t *y, const ptrdiff_t *y_strides,
    const fastdiv_options *options, float *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_logits_kl_divergence_value_and_grad_bf16(
    size_t ndim, const size_t *shape, const uint16_t *x, const ptrdiff_t *x_strides,
    const uint16_t *y, const ptrdiff_t *y_strides,
    const fastdiv_options *options, const float *cotangent, const ptrdiff_t *cotangent_strides,
    float *value, const ptrdiff_t *value_strides, uint16_t *grad_x, const ptrdiff_t *grad_x_strides,
    uint16_t *grad_y, const ptrdiff_t *grad_y_strides);

/* w KL(p | m) + (1 - w) KL(q | m), m = w p + (1 - w) q */
FASTDIV_API int fastdiv_logits_js_divergence_f32(
    size_t ndim, const size_t *shape, const float *x, const ptrdiff_t *x_strides,
    const float *y, const ptrdiff_t *y_strides,
    const fastdiv_options *options, float *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_logits_js_divergence_value_and_grad_f32(
    size_t ndim, const size_t *shape, const float *x, const ptrdiff_t *x_strides,
    const float *y, const ptrdiff_t *y_strides,
    const fastdiv_options *options, const float *cotangent, const ptrdiff_t *cotangent_strides,
    float *value, const ptrdiff_t *value_strides, float *grad_x, const ptrdiff_t *grad_x_strides,
    float *grad_y, const ptrdiff_t *grad_y_strides);
FASTDIV_API int fastdiv_logits_js_divergence_f64(
    size_t ndim, const size_t *shape, const double *x, const ptrdiff_t *x_strides,
    const double *y, const ptrdiff_t *y_strides,
    const fastdiv_options *options, double *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_logits_js_divergence_value_and_grad_f64(
    size_t ndim, const size_t *shape, const double *x, const ptrdiff_t *x_strides,
    const double *y, const ptrdiff_t *y_strides,
    const fastdiv_options *options, const double *cotangent, const ptrdiff_t *cotangent_strides,
    double *value, const ptrdiff_t *value_strides, double *grad_x, const ptrdiff_t *grad_x_strides,
    double *grad_y, const ptrdiff_t *grad_y_strides);
FASTDIV_API int fastdiv_logits_js_divergence_f16(
    size_t ndim, const size_t *shape, const uint16_t *x, const ptrdiff_t *x_strides,
    const uint16_t *y, const ptrdiff_t *y_strides,
    const fastdiv_options *options, float *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_logits_js_divergence_value_and_grad_f16(
    size_t ndim, const size_t *shape, const uint16_t *x, const ptrdiff_t *x_strides,
    const uint16_t *y, const ptrdiff_t *y_strides,
    const fastdiv_options *options, const float *cotangent, const ptrdiff_t *cotangent_strides,
    float *value, const ptrdiff_t *value_strides, uint16_t *grad_x, const ptrdiff_t *grad_x_strides,
    uint16_t *grad_y, const ptrdiff_t *grad_y_strides);
FASTDIV_API int fastdiv_logits_js_divergence_bf16(
    size_t ndim, const size_t *shape, const uint16_t *x, const ptrdiff_t *x_strides,
    const uint16_t *y, const ptrdiff_t *y_strides,
    const fastdiv_options *options, float *value, const ptrdiff_t *value_strides);
FASTDIV_API int fastdiv_logits_js_divergence_value_and_grad_bf16(
    size_t ndim, const size_t *shape, const uint16_t *x, const ptrdiff_t *x_strides,
    const uint16_t *y, const ptrdiff_t *y_strides,
    const fastdiv_options *options, const float *cotangent, const ptrdiff_t *cotangent_strides,
    float *value, const ptrdiff_t *value_strides, uint16_t *grad_x, const ptrdiff_t *grad_x_strides,
    uint16_t *grad_y, const ptrdiff_t *grad_y_strides);

/* Monte Carlo estimates for mixtures of Gaussians, where no closed form exists: draw, both log-densities in log space,
 * value, variance and all gradients in one loop; memory does not grow with the number of samples.
 *
 * Pairs. `p` and `q` hold one mixture for each of `pairs` pairs, C-contiguous, or one for all; all pairs see the same
 * random numbers. A mixture of one component is a Gaussian.
 *
 * Samples. Sample i of a source of K components is drawn from component i mod K, and the value is the sum of the weights
 * times the components' means. Its normals are those of Philox's counters (i, d / 4 [f32] or d / 2 [f64], stream) under
 * the seed, d the dimension, in the order of fastdiv_random_normal; stream 0 for p and 1 for q. With antithetic, sample
 * numbers 2 i and 2 i + 1 are the two points of z and -z at counter i, one observation. So the same call gives the same
 * bits on any number of threads (and on v3, v4, NEON), and a run can be cut into shards.
 *
 * Gradients are those of the estimate at its random numbers. By an argument that is sampled: how its points move
 * (reparameterisation), plus, with score_term, how its log-density depends on its parameters, of which the expectation
 * is 0; without it they are those that "stick the landing" (Roeder, Wu, Duvenaud 2017). Gradients by weights are those
 * of weights divided by their sum. The control variate changes value and standard error alone. */
typedef struct fastdiv_montecarlo_options {
  size_t struct_size;    /* sizeof(fastdiv_montecarlo_options) */
  uint64_t seed;
  uint64_t first_sample; /* of a shard: a multiple of the grain; the sum with n_samples at most 2^63 */
  uint64_t n_samples;    /* of each source: two observations of each component at least; even if antithetic */
  int antithetic;        /* z and -z in pairs */
  int control_variate;   /* log-ratio of the Gaussians with the mixtures' moments, with the best coefficient */
  int score_term;        /* usually 1 */
  double weight;         /* of p in the mixture of js_divergence, in [0, 1] */
  int (*progress)(void *context, uint64_t done, uint64_t total); /* NULL, or called some 20 times a second from the
                            calling thread; not 0: stop, with FASTDIV_INTERRUPTED */
  void *context;
} fastdiv_montecarlo_options;

/* The defaults but for n_samples, which has none. */
#define FASTDIV_MONTECARLO_OPTIONS_DEFAULT {sizeof(fastdiv_montecarlo_options), 0, 0, 0, 0, 0, 1, 0.5, NULL, NULL}

/* Sums of one stratum's observations: of f and of the control variate g, and of squares about the means. */
typedef struct fastdiv_moments {
  double f, ff, g, gg, fg;
} fastdiv_moments;

/* What a run leaves behind beside its results. fastdiv_montecarlo_*_plan fills in the sizes; arrays may be NULL. Index
 * 0 is the first source, p, and 1 the second, q, of js_divergence (for the KL divergence: sizes of 0).
 *
 * A leaf is 256 observations of each component, of more than 8 components 64. Complete leaves, counted from sample 0,
 * are summed in a dyadic tree; `moments` are those of the largest complete subtrees of the run, in their order, and last
 * of an incomplete leaf. */
typedef struct fastdiv_montecarlo_record {
  size_t struct_size;  /* sizeof(fastdiv_montecarlo_record) */
  uint64_t grain;      /* shards start at a multiple of this many samples */
  size_t nodes[2];     /* subtrees */
  size_t batches[2];   /* parts of the run whose gradient sums are kept apart, for the gradients' errors */
  size_t sums[2];      /* of a batch */
  fastdiv_moments *moments[2]; /* [nodes, pairs, K] */
  double *weights[2];          /* [pairs, K]: of the strata */
  double *expected[2];         /* [pairs, K]: the control variate's expectations */
  double *gradient_sums[2];    /* [pairs, batches, sums] */
} fastdiv_montecarlo_record;

/* Adds share times an estimate to value[pairs], and share^2 times its variance to variance[pairs]: of the moments of
 * `nodes` nodes with counts[nodes, K] observations of each stratum. `expected`: NULL without a control variate. */
FASTDIV_API int fastdiv_montecarlo_fold(
    size_t nodes, size_t pairs, size_t components, const uint64_t *counts, const fastdiv_moments *moments,
    const double *weights, const double *expected, double share, double *value, double *variance);

typedef struct fastdiv_mixture_f32 {
  size_t struct_size;   /* sizeof(fastdiv_mixture_f32) */
  size_t components;    /* K, at least 1 */
  int is_triangular;    /* what `scale` holds: lower triangular factors of the covariances, or standard deviations */
  int has_logits;       /* `weights` are unnormalised logarithms */
  int is_shared;        /* one mixture for all pairs: no axis of pairs */
  const float *weights; /* [pairs, K]; divided by their sum; NULL: equal */
  const float *mean;    /* [pairs, K, D] */
  const float *scale;   /* [pairs, K, D, D], positive on the diagonal, or [pairs, K, D], positive */
} fastdiv_mixture_f32;

/* Gradients, of the arrays' shapes, always with the axis of pairs; weights may be NULL. */
typedef struct fastdiv_mixture_gradient_f32 {
  float *weights;
  float *mean;
  float *scale;
} fastdiv_mixture_gradient_f32;

typedef struct fastdiv_mixture_f64 {
  size_t struct_size;   /* sizeof(fastdiv_mixture_f64) */
  size_t components;    /* K, at least 1 */
  int is_triangular;    /* what `scale` holds: lower triangular factors of the covariances, or standard deviations */
  int has_logits;       /* `weights` are unnormalised logarithms */
  int is_shared;        /* one mixture for all pairs: no axis of pairs */
  const double *weights; /* [pairs, K]; divided by their sum; NULL: equal */
  const double *mean;    /* [pairs, K, D] */
  const double *scale;   /* [pairs, K, D, D], positive on the diagonal, or [pairs, K, D], positive */
} fastdiv_mixture_f64;

/* Gradients, of the arrays' shapes, always with the axis of pairs; weights may be NULL. */
typedef struct fastdiv_mixture_gradient_f64 {
  double *weights;
  double *mean;
  double *scale;
} fastdiv_mixture_gradient_f64;

/* Each estimator is four functions. The first gives value[pairs] and standard_error[pairs]; the second gradients as
 * well, where grad_p or grad_q is not NULL; `record` may be NULL. The third fills in a record's sizes. The fourth takes
 * the record of a run with gradients and writes their standard errors, from the spread between batches, in place of
 * gradients: inf where there is one batch only. */

/* KL(p | q) = E_p(log p - log q) */
FASTDIV_API int fastdiv_montecarlo_kl_divergence_f32(
    size_t pairs, size_t dimension, const fastdiv_mixture_f32 *p, const fastdiv_mixture_f32 *q,
    const fastdiv_montecarlo_options *options, double *value, double *standard_error, fastdiv_montecarlo_record *record);
FASTDIV_API int fastdiv_montecarlo_kl_divergence_value_and_grad_f32(
    size_t pairs, size_t dimension, const fastdiv_mixture_f32 *p, const fastdiv_mixture_f32 *q,
    const fastdiv_montecarlo_options *options, double *value, double *standard_error,
    const fastdiv_mixture_gradient_f32 *grad_p, const fastdiv_mixture_gradient_f32 *grad_q,
    fastdiv_montecarlo_record *record);
FASTDIV_API int fastdiv_montecarlo_kl_divergence_plan_f32(
    size_t pairs, size_t dimension, const fastdiv_mixture_f32 *p, const fastdiv_mixture_f32 *q,
    const fastdiv_montecarlo_options *options, int with_grad_p, int with_grad_q, fastdiv_montecarlo_record *record);
FASTDIV_API int fastdiv_montecarlo_kl_divergence_gradient_errors_f32(
    size_t pairs, size_t dimension, const fastdiv_mixture_f32 *p, const fastdiv_mixture_f32 *q,
    const fastdiv_montecarlo_options *options,
    const fastdiv_mixture_gradient_f32 *grad_p, const fastdiv_mixture_gradient_f32 *grad_q,
    const fastdiv_montecarlo_record *record);
FASTDIV_API int fastdiv_montecarlo_kl_divergence_f64(
    size_t pairs, size_t dimension, const fastdiv_mixture_f64 *p, const fastdiv_mixture_f64 *q,
    const fastdiv_montecarlo_options *options, double *value, double *standard_error, fastdiv_montecarlo_record *record);
FASTDIV_API int fastdiv_montecarlo_kl_divergence_value_and_grad_f64(
    size_t pairs, size_t dimension, const fastdiv_mixture_f64 *p, const fastdiv_mixture_f64 *q,
    const fastdiv_montecarlo_options *options, double *value, double *standard_error,
    const fastdiv_mixture_gradient_f64 *grad_p, const fastdiv_mixture_gradient_f64 *grad_q,
    fastdiv_montecarlo_record *record);
FASTDIV_API int fastdiv_montecarlo_kl_divergence_plan_f64(
    size_t pairs, size_t dimension, const fastdiv_mixture_f64 *p, const fastdiv_mixture_f64 *q,
    const fastdiv_montecarlo_options *options, int with_grad_p, int with_grad_q, fastdiv_montecarlo_record *record);
FASTDIV_API int fastdiv_montecarlo_kl_divergence_gradient_errors_f64(
    size_t pairs, size_t dimension, const fastdiv_mixture_f64 *p, const fastdiv_mixture_f64 *q,
    const fastdiv_montecarlo_options *options,
    const fastdiv_mixture_gradient_f64 *grad_p, const fastdiv_mixture_gradient_f64 *grad_q,
    const fastdiv_montecarlo_record *record);

/* w E_p log(p / m) + (1 - w) E_q log(q / m), m = w p + (1 - w) q */
FASTDIV_API int fastdiv_montecarlo_js_divergence_f32(
    size_t pairs, size_t dimension, const fastdiv_mixture_f32 *p, const fastdiv_mixture_f32 *q,
    const fastdiv_montecarlo_options *options, double *value, double *standard_error, fastdiv_montecarlo_record *record);
FASTDIV_API int fastdiv_montecarlo_js_divergence_value_and_grad_f32(
    size_t pairs, size_t dimension, const fastdiv_mixture_f32 *p, const fastdiv_mixture_f32 *q,
    const fastdiv_montecarlo_options *options, double *value, double *standard_error,
    const fastdiv_mixture_gradient_f32 *grad_p, const fastdiv_mixture_gradient_f32 *grad_q,
    fastdiv_montecarlo_record *record);
FASTDIV_API int fastdiv_montecarlo_js_divergence_plan_f32(
    size_t pairs, size_t dimension, const fastdiv_mixture_f32 *p, const fastdiv_mixture_f32 *q,
    const fastdiv_montecarlo_options *options, int with_grad_p, int with_grad_q, fastdiv_montecarlo_record *record);
FASTDIV_API int fastdiv_montecarlo_js_divergence_gradient_errors_f32(
    size_t pairs, size_t dimension, const fastdiv_mixture_f32 *p, const fastdiv_mixture_f32 *q,
    const fastdiv_montecarlo_options *options,
    const fastdiv_mixture_gradient_f32 *grad_p, const fastdiv_mixture_gradient_f32 *grad_q,
    const fastdiv_montecarlo_record *record);
FASTDIV_API int fastdiv_montecarlo_js_divergence_f64(
    size_t pairs, size_t dimension, const fastdiv_mixture_f64 *p, const fastdiv_mixture_f64 *q,
    const fastdiv_montecarlo_options *options, double *value, double *standard_error, fastdiv_montecarlo_record *record);
FASTDIV_API int fastdiv_montecarlo_js_divergence_value_and_grad_f64(
    size_t pairs, size_t dimension, const fastdiv_mixture_f64 *p, const fastdiv_mixture_f64 *q,
    const fastdiv_montecarlo_options *options, double *value, double *standard_error,
    const fastdiv_mixture_gradient_f64 *grad_p, const fastdiv_mixture_gradient_f64 *grad_q,
    fastdiv_montecarlo_record *record);
FASTDIV_API int fastdiv_montecarlo_js_divergence_plan_f64(
    size_t pairs, size_t dimension, const fastdiv_mixture_f64 *p, const fastdiv_mixture_f64 *q,
    const fastdiv_montecarlo_options *options, int with_grad_p, int with_grad_q, fastdiv_montecarlo_record *record);
FASTDIV_API int fastdiv_montecarlo_js_divergence_gradient_errors_f64(
    size_t pairs, size_t dimension, const fastdiv_mixture_f64 *p, const fastdiv_mixture_f64 *q,
    const fastdiv_montecarlo_options *options,
    const fastdiv_mixture_gradient_f64 *grad_p, const fastdiv_mixture_gradient_f64 *grad_q,
    const fastdiv_montecarlo_record *record);
/* Training: what a step needs beside matrix products. Matrices are [rows, columns], C-contiguous; where a stride is
 * given, rows are so many elements apart. An output may be an input's own memory (same rows, same place); no other
 * overlap is allowed. Sums over rows go by a fixed grid: the same bits on any number of threads, and on v3, v4, NEON.
 * Random numbers are those of fastdiv_random_normal or _uniform: element e of a matrix in C order is number offset + e.
 * `cotangent` multiplies a row's gradient: entry row * cotangent_stride (a stride of 0: one for all); NULL: 1. */
enum fastdiv_activation {
  FASTDIV_IDENTITY = 0,
  FASTDIV_RELU = 1,
  FASTDIV_TANH = 2,
  FASTDIV_SIGMOID = 3,
  FASTDIV_SOFTPLUS = 4, /* log(1 + exp(x)) */
  FASTDIV_GELU = 5      /* x Phi(x), Phi the normal distribution function */
};
enum fastdiv_corruption {
  FASTDIV_MASK = 0,           /* 0 with probability level */
  FASTDIV_GAUSSIAN = 1,       /* plus level times a normal number */
  FASTDIV_SALT_AND_PEPPER = 2 /* 0 or 1, each with probability level / 2 */
};

/* out = f(x + bias), bias[columns]; pre (unless NULL) = x + bias, which may be x. */
FASTDIV_API int fastdiv_nn_bias_activation_f32(
    size_t rows, size_t columns, const float *x, const float *bias, int activation, float *out, float *pre);
FASTDIV_API int fastdiv_nn_bias_activation_f64(
    size_t rows, size_t columns, const double *x, const double *bias, int activation, double *out,
    double *pre);

/* out = f' (upstream + column_upstream), bias_gradient[columns] = out summed over the rows. `saved` is what the forward
 * function gave: its out, or for gelu its pre. column_upstream[columns] is added to every row; NULL: 0. */
FASTDIV_API int fastdiv_nn_bias_activation_backward_f32(
    size_t rows, size_t columns, const float *saved, const float *upstream, const float *column_upstream,
    int activation, float *out, float *bias_gradient);
FASTDIV_API int fastdiv_nn_bias_activation_backward_f64(
    size_t rows, size_t columns, const double *saved, const double *upstream, const double *column_upstream,
    int activation, double *out, double *bias_gradient);

/* value[row] = sum log(1 + exp(l)) - x l, the negative log-likelihood of x in [0, 1] under logits l; gradient (unless
 * NULL) = (1 / (1 + exp(-l)) - x) cotangent */
FASTDIV_API int fastdiv_nn_bernoulli_nll_f32(
    size_t rows, size_t columns, const float *logits, const float *x, const float *cotangent,
    ptrdiff_t cotangent_stride, float *value, float *gradient);
FASTDIV_API int fastdiv_nn_bernoulli_nll_f64(
    size_t rows, size_t columns, const double *logits, const double *x, const double *cotangent,
    ptrdiff_t cotangent_stride, double *value, double *gradient);

/* value[row] = sum (x - mean)^2 / (2 scale^2) + log(scale) + log(2 pi) / 2; gradient (unless NULL) =
 * (mean - x) / scale^2 cotangent */
FASTDIV_API int fastdiv_nn_gaussian_nll_f32(
    size_t rows, size_t columns, const float *mean, const float *x, double scale, const float *cotangent,
    ptrdiff_t cotangent_stride, float *value, float *gradient);
FASTDIV_API int fastdiv_nn_gaussian_nll_f64(
    size_t rows, size_t columns, const double *mean, const double *x, double scale, const double *cotangent,
    ptrdiff_t cotangent_stride, double *value, double *gradient);

/* value[row] = 1/2 sum mean^2 + exp(v) - 1 - v, the divergence of N(mean, exp(v)) from N(0, 1), v the log-variance;
 * z (unless NULL) = mean + exp(v / 2) xi, xi standard normal */
FASTDIV_API int fastdiv_nn_gaussian_kl_draw_f32(
    size_t rows, size_t columns, const float *mean, ptrdiff_t mean_stride, const float *log_variance,
    ptrdiff_t log_variance_stride, uint64_t seed, uint64_t offset, uint32_t stream, float *value, float *z,
    ptrdiff_t z_stride);
FASTDIV_API int fastdiv_nn_gaussian_kl_draw_f64(
    size_t rows, size_t columns, const double *mean, ptrdiff_t mean_stride, const double *log_variance,
    ptrdiff_t log_variance_stride, uint64_t seed, uint64_t offset, uint32_t stream, double *value, double *z,
    ptrdiff_t z_stride);

/* mean_gradient = upstream_z + cotangent mean;
 * log_variance_gradient = (upstream_z exp(v / 2) xi + cotangent (exp(v) - 1)) / 2, xi drawn again */
FASTDIV_API int fastdiv_nn_gaussian_kl_draw_backward_f32(
    size_t rows, size_t columns, const float *mean, ptrdiff_t mean_stride, const float *log_variance,
    ptrdiff_t log_variance_stride, const float *upstream_z, ptrdiff_t upstream_z_stride, uint64_t seed,
    uint64_t offset, uint32_t stream, const float *cotangent, ptrdiff_t cotangent_stride,
    float *mean_gradient, ptrdiff_t mean_gradient_stride, float *log_variance_gradient,
    ptrdiff_t log_variance_gradient_stride);
FASTDIV_API int fastdiv_nn_gaussian_kl_draw_backward_f64(
    size_t rows, size_t columns, const double *mean, ptrdiff_t mean_stride, const double *log_variance,
    ptrdiff_t log_variance_stride, const double *upstream_z, ptrdiff_t upstream_z_stride, uint64_t seed,
    uint64_t offset, uint32_t stream, const double *cotangent, ptrdiff_t cotangent_stride,
    double *mean_gradient, ptrdiff_t mean_gradient_stride, double *log_variance_gradient,
    ptrdiff_t log_variance_gradient_stride);

/* out = x corrupted: see fastdiv_corruption. level is a probability, or for gaussian a standard deviation. */
FASTDIV_API int fastdiv_nn_corrupt_f32(
    size_t n, const float *x, int kind, double level, uint64_t seed, uint64_t offset, uint32_t stream,
    float *out);
FASTDIV_API int fastdiv_nn_corrupt_f64(
    size_t n, const double *x, int kind, double level, uint64_t seed, uint64_t offset, uint32_t stream,
    double *out);

/* value = sum over columns of KL(sparsity | r) = s log(s / r) + (1 - s) log((1 - s) / (1 - r)), r the column's mean;
 * gradient[columns] (unless NULL) by each entry of a column: (r - s) / (r (1 - r)) cotangent / rows */
FASTDIV_API int fastdiv_nn_sparsity_penalty_f32(
    size_t rows, size_t columns, const float *activations, double sparsity, double cotangent, double *value,
    float *gradient);
FASTDIV_API int fastdiv_nn_sparsity_penalty_f64(
    size_t rows, size_t columns, const double *activations, double sparsity, double cotangent, double *value,
    double *gradient);

/* One step of Adam (Kingma and Ba 2015, algorithm 1), in place; step counts from 1. */
FASTDIV_API int fastdiv_nn_adam_step_f32(
    size_t n, float *parameters, const float *gradient, float *first_moment, float *second_moment,
    uint64_t step, double learning_rate, double beta1, double beta2, double epsilon);
FASTDIV_API int fastdiv_nn_adam_step_f64(
    size_t n, double *parameters, const double *gradient, double *first_moment, double *second_moment,
    uint64_t step, double learning_rate, double beta1, double beta2, double epsilon);

#ifdef __cplusplus
}
#endif

#endif
