# Written by tools/generate_pxd.py from fastdiv.h, which explains the functions.
from libc.stdint cimport uint16_t, uint32_t, uint64_t

cdef extern from "fastdiv/fastdiv.h" nogil:
    int FASTDIV_ABI_VERSION
    int FASTDIV_MAX_NDIM
    enum:
        FASTDIV_OK
        FASTDIV_NULL_POINTER
        FASTDIV_INVALID_SHAPE
        FASTDIV_INVALID_OPTION
        FASTDIV_UNKNOWN_ISA
        FASTDIV_OUT_OF_MEMORY
        FASTDIV_INTERNAL_ERROR
        FASTDIV_INTERRUPTED
        FASTDIV_IDENTITY
        FASTDIV_RELU
        FASTDIV_TANH
        FASTDIV_SIGMOID
        FASTDIV_SOFTPLUS
        FASTDIV_GELU
        FASTDIV_MASK
        FASTDIV_GAUSSIAN
        FASTDIV_SALT_AND_PEPPER
    ctypedef struct fastdiv_options:
        size_t struct_size
        double base
        double weight
        int normalize
        int given
        double temperature
    ctypedef struct fastdiv_montecarlo_options:
        size_t struct_size
        uint64_t seed
        uint64_t first_sample
        uint64_t n_samples
        int antithetic
        int control_variate
        int score_term
        double weight
        int (*progress)(void *context, uint64_t done, uint64_t total)
        void *context
    ctypedef struct fastdiv_moments:
        double f
        double ff
        double g
        double gg
        double fg
    ctypedef struct fastdiv_montecarlo_record:
        size_t struct_size
        uint64_t grain
        size_t nodes[2]
        size_t batches[2]
        size_t sums[2]
        fastdiv_moments *moments[2]
        double *weights[2]
        double *expected[2]
        double *gradient_sums[2]
    ctypedef struct fastdiv_mixture_f32:
        size_t struct_size
        size_t components
        int is_triangular
        int has_logits
        int is_shared
        const float *weights
        const float *mean
        const float *scale
    ctypedef struct fastdiv_mixture_gradient_f32:
        float *weights
        float *mean
        float *scale
    ctypedef struct fastdiv_mixture_f64:
        size_t struct_size
        size_t components
        int is_triangular
        int has_logits
        int is_shared
        const double *weights
        const double *mean
        const double *scale
    ctypedef struct fastdiv_mixture_gradient_f64:
        double *weights
        double *mean
        double *scale
    int fastdiv_abi_version()
    const char *fastdiv_version()
    const char *fastdiv_status_string(
        int status)
    const char *fastdiv_isa()
    const char *fastdiv_available_isa(
        size_t k)
    int fastdiv_set_isa(
        const char *name)
    int fastdiv_get_num_threads()
    int fastdiv_set_num_threads(
        int count)
    int fastdiv_entropy_f32(
        size_t ndim,
        const size_t *shape,
        const float *p,
        const ptrdiff_t *p_strides,
        const fastdiv_options *options,
        float *value,
        const ptrdiff_t *value_strides)
    int fastdiv_entropy_value_and_grad_f32(
        size_t ndim,
        const size_t *shape,
        const float *p,
        const ptrdiff_t *p_strides,
        const fastdiv_options *options,
        const float *cotangent,
        const ptrdiff_t *cotangent_strides,
        float *value,
        const ptrdiff_t *value_strides,
        float *grad_p,
        const ptrdiff_t *grad_p_strides)
    int fastdiv_entropy_f64(
        size_t ndim,
        const size_t *shape,
        const double *p,
        const ptrdiff_t *p_strides,
        const fastdiv_options *options,
        double *value,
        const ptrdiff_t *value_strides)
    int fastdiv_entropy_value_and_grad_f64(
        size_t ndim,
        const size_t *shape,
        const double *p,
        const ptrdiff_t *p_strides,
        const fastdiv_options *options,
        const double *cotangent,
        const ptrdiff_t *cotangent_strides,
        double *value,
        const ptrdiff_t *value_strides,
        double *grad_p,
        const ptrdiff_t *grad_p_strides)
    int fastdiv_cross_entropy_f32(
        size_t ndim,
        const size_t *shape,
        const float *p,
        const ptrdiff_t *p_strides,
        const float *q,
        const ptrdiff_t *q_strides,
        const fastdiv_options *options,
        float *value,
        const ptrdiff_t *value_strides)
    int fastdiv_cross_entropy_value_and_grad_f32(
        size_t ndim,
        const size_t *shape,
        const float *p,
        const ptrdiff_t *p_strides,
        const float *q,
        const ptrdiff_t *q_strides,
        const fastdiv_options *options,
        const float *cotangent,
        const ptrdiff_t *cotangent_strides,
        float *value,
        const ptrdiff_t *value_strides,
        float *grad_p,
        const ptrdiff_t *grad_p_strides,
        float *grad_q,
        const ptrdiff_t *grad_q_strides)
    int fastdiv_cross_entropy_f64(
        size_t ndim,
        const size_t *shape,
        const double *p,
        const ptrdiff_t *p_strides,
        const double *q,
        const ptrdiff_t *q_strides,
        const fastdiv_options *options,
        double *value,
        const ptrdiff_t *value_strides)
    int fastdiv_cross_entropy_value_and_grad_f64(
        size_t ndim,
        const size_t *shape,
        const double *p,
        const ptrdiff_t *p_strides,
        const double *q,
        const ptrdiff_t *q_strides,
        const fastdiv_options *options,
        const double *cotangent,
        const ptrdiff_t *cotangent_strides,
        double *value,
        const ptrdiff_t *value_strides,
        double *grad_p,
        const ptrdiff_t *grad_p_strides,
        double *grad_q,
        const ptrdiff_t *grad_q_strides)
    int fastdiv_kl_divergence_f32(
        size_t ndim,
        const size_t *shape,
        const float *p,
        const ptrdiff_t *p_strides,
        const float *q,
        const ptrdiff_t *q_strides,
        const fastdiv_options *options,
        float *value,
        const ptrdiff_t *value_strides)
    int fastdiv_kl_divergence_value_and_grad_f32(
        size_t ndim,
        const size_t *shape,
        const float *p,
        const ptrdiff_t *p_strides,
        const float *q,
        const ptrdiff_t *q_strides,
        const fastdiv_options *options,
        const float *cotangent,
        const ptrdiff_t *cotangent_strides,
        float *value,
        const ptrdiff_t *value_strides,
        float *grad_p,
        const ptrdiff_t *grad_p_strides,
        float *grad_q,
        const ptrdiff_t *grad_q_strides)
    int fastdiv_kl_divergence_f64(
        size_t ndim,
        const size_t *shape,
        const double *p,
        const ptrdiff_t *p_strides,
        const double *q,
        const ptrdiff_t *q_strides,
        const fastdiv_options *options,
        double *value,
        const ptrdiff_t *value_strides)
    int fastdiv_kl_divergence_value_and_grad_f64(
        size_t ndim,
        const size_t *shape,
        const double *p,
        const ptrdiff_t *p_strides,
        const double *q,
        const ptrdiff_t *q_strides,
        const fastdiv_options *options,
        const double *cotangent,
        const ptrdiff_t *cotangent_strides,
        double *value,
        const ptrdiff_t *value_strides,
        double *grad_p,
        const ptrdiff_t *grad_p_strides,
        double *grad_q,
        const ptrdiff_t *grad_q_strides)
    int fastdiv_js_divergence_f32(
        size_t ndim,
        const size_t *shape,
        const float *p,
        const ptrdiff_t *p_strides,
        const float *q,
        const ptrdiff_t *q_strides,
        const fastdiv_options *options,
        float *value,
        const ptrdiff_t *value_strides)
    int fastdiv_js_divergence_value_and_grad_f32(
        size_t ndim,
        const size_t *shape,
        const float *p,
        const ptrdiff_t *p_strides,
        const float *q,
        const ptrdiff_t *q_strides,
        const fastdiv_options *options,
        const float *cotangent,
        const ptrdiff_t *cotangent_strides,
        float *value,
        const ptrdiff_t *value_strides,
        float *grad_p,
        const ptrdiff_t *grad_p_strides,
        float *grad_q,
        const ptrdiff_t *grad_q_strides)
    int fastdiv_js_divergence_f64(
        size_t ndim,
        const size_t *shape,
        const double *p,
        const ptrdiff_t *p_strides,
        const double *q,
        const ptrdiff_t *q_strides,
        const fastdiv_options *options,
        double *value,
        const ptrdiff_t *value_strides)
    int fastdiv_js_divergence_value_and_grad_f64(
        size_t ndim,
        const size_t *shape,
        const double *p,
        const ptrdiff_t *p_strides,
        const double *q,
        const ptrdiff_t *q_strides,
        const fastdiv_options *options,
        const double *cotangent,
        const ptrdiff_t *cotangent_strides,
        double *value,
        const ptrdiff_t *value_strides,
        double *grad_p,
        const ptrdiff_t *grad_p_strides,
        double *grad_q,
        const ptrdiff_t *grad_q_strides)
    int fastdiv_js_distance_f32(
        size_t ndim,
        const size_t *shape,
        const float *p,
        const ptrdiff_t *p_strides,
        const float *q,
        const ptrdiff_t *q_strides,
        const fastdiv_options *options,
        float *value,
        const ptrdiff_t *value_strides)
    int fastdiv_js_distance_value_and_grad_f32(
        size_t ndim,
        const size_t *shape,
        const float *p,
        const ptrdiff_t *p_strides,
        const float *q,
        const ptrdiff_t *q_strides,
        const fastdiv_options *options,
        const float *cotangent,
        const ptrdiff_t *cotangent_strides,
        float *value,
        const ptrdiff_t *value_strides,
        float *grad_p,
        const ptrdiff_t *grad_p_strides,
        float *grad_q,
        const ptrdiff_t *grad_q_strides)
    int fastdiv_js_distance_f64(
        size_t ndim,
        const size_t *shape,
        const double *p,
        const ptrdiff_t *p_strides,
        const double *q,
        const ptrdiff_t *q_strides,
        const fastdiv_options *options,
        double *value,
        const ptrdiff_t *value_strides)
    int fastdiv_js_distance_value_and_grad_f64(
        size_t ndim,
        const size_t *shape,
        const double *p,
        const ptrdiff_t *p_strides,
        const double *q,
        const ptrdiff_t *q_strides,
        const fastdiv_options *options,
        const double *cotangent,
        const ptrdiff_t *cotangent_strides,
        double *value,
        const ptrdiff_t *value_strides,
        double *grad_p,
        const ptrdiff_t *grad_p_strides,
        double *grad_q,
        const ptrdiff_t *grad_q_strides)
    int fastdiv_conditional_entropy_f32(
        size_t ndim,
        const size_t *shape,
        const float *p,
        const ptrdiff_t *p_strides,
        const fastdiv_options *options,
        float *value,
        const ptrdiff_t *value_strides)
    int fastdiv_conditional_entropy_value_and_grad_f32(
        size_t ndim,
        const size_t *shape,
        const float *p,
        const ptrdiff_t *p_strides,
        const fastdiv_options *options,
        const float *cotangent,
        const ptrdiff_t *cotangent_strides,
        float *value,
        const ptrdiff_t *value_strides,
        float *grad_p,
        const ptrdiff_t *grad_p_strides)
    int fastdiv_conditional_entropy_f64(
        size_t ndim,
        const size_t *shape,
        const double *p,
        const ptrdiff_t *p_strides,
        const fastdiv_options *options,
        double *value,
        const ptrdiff_t *value_strides)
    int fastdiv_conditional_entropy_value_and_grad_f64(
        size_t ndim,
        const size_t *shape,
        const double *p,
        const ptrdiff_t *p_strides,
        const fastdiv_options *options,
        const double *cotangent,
        const ptrdiff_t *cotangent_strides,
        double *value,
        const ptrdiff_t *value_strides,
        double *grad_p,
        const ptrdiff_t *grad_p_strides)
    int fastdiv_mutual_information_f32(
        size_t ndim,
        const size_t *shape,
        const float *p,
        const ptrdiff_t *p_strides,
        const fastdiv_options *options,
        float *value,
        const ptrdiff_t *value_strides)
    int fastdiv_mutual_information_value_and_grad_f32(
        size_t ndim,
        const size_t *shape,
        const float *p,
        const ptrdiff_t *p_strides,
        const fastdiv_options *options,
        const float *cotangent,
        const ptrdiff_t *cotangent_strides,
        float *value,
        const ptrdiff_t *value_strides,
        float *grad_p,
        const ptrdiff_t *grad_p_strides)
    int fastdiv_mutual_information_f64(
        size_t ndim,
        const size_t *shape,
        const double *p,
        const ptrdiff_t *p_strides,
        const fastdiv_options *options,
        double *value,
        const ptrdiff_t *value_strides)
    int fastdiv_mutual_information_value_and_grad_f64(
        size_t ndim,
        const size_t *shape,
        const double *p,
        const ptrdiff_t *p_strides,
        const fastdiv_options *options,
        const double *cotangent,
        const ptrdiff_t *cotangent_strides,
        double *value,
        const ptrdiff_t *value_strides,
        double *grad_p,
        const ptrdiff_t *grad_p_strides)
    int fastdiv_self_information_f32(
        size_t ndim,
        const size_t *shape,
        const float *p,
        const ptrdiff_t *p_strides,
        const fastdiv_options *options,
        float *value,
        const ptrdiff_t *value_strides)
    int fastdiv_self_information_value_and_grad_f32(
        size_t ndim,
        const size_t *shape,
        const float *p,
        const ptrdiff_t *p_strides,
        const fastdiv_options *options,
        const float *cotangent,
        const ptrdiff_t *cotangent_strides,
        float *value,
        const ptrdiff_t *value_strides,
        float *grad_p,
        const ptrdiff_t *grad_p_strides)
    int fastdiv_self_information_f64(
        size_t ndim,
        const size_t *shape,
        const double *p,
        const ptrdiff_t *p_strides,
        const fastdiv_options *options,
        double *value,
        const ptrdiff_t *value_strides)
    int fastdiv_self_information_value_and_grad_f64(
        size_t ndim,
        const size_t *shape,
        const double *p,
        const ptrdiff_t *p_strides,
        const fastdiv_options *options,
        const double *cotangent,
        const ptrdiff_t *cotangent_strides,
        double *value,
        const ptrdiff_t *value_strides,
        double *grad_p,
        const ptrdiff_t *grad_p_strides)
    int fastdiv_entr_f32(
        size_t ndim,
        const size_t *shape,
        const float *x,
        const ptrdiff_t *x_strides,
        float *value,
        const ptrdiff_t *value_strides)
    int fastdiv_entr_f64(
        size_t ndim,
        const size_t *shape,
        const double *x,
        const ptrdiff_t *x_strides,
        double *value,
        const ptrdiff_t *value_strides)
    int fastdiv_rel_entr_f32(
        size_t ndim,
        const size_t *shape,
        const float *x,
        const ptrdiff_t *x_strides,
        const float *y,
        const ptrdiff_t *y_strides,
        float *value,
        const ptrdiff_t *value_strides)
    int fastdiv_rel_entr_f64(
        size_t ndim,
        const size_t *shape,
        const double *x,
        const ptrdiff_t *x_strides,
        const double *y,
        const ptrdiff_t *y_strides,
        double *value,
        const ptrdiff_t *value_strides)
    int fastdiv_kl_div_f32(
        size_t ndim,
        const size_t *shape,
        const float *x,
        const ptrdiff_t *x_strides,
        const float *y,
        const ptrdiff_t *y_strides,
        float *value,
        const ptrdiff_t *value_strides)
    int fastdiv_kl_div_f64(
        size_t ndim,
        const size_t *shape,
        const double *x,
        const ptrdiff_t *x_strides,
        const double *y,
        const ptrdiff_t *y_strides,
        double *value,
        const ptrdiff_t *value_strides)
    int fastdiv_pairwise_kl_divergence_f32(
        size_t rows_p,
        size_t rows_q,
        size_t n,
        const float *p,
        const ptrdiff_t *p_strides,
        const float *q,
        const ptrdiff_t *q_strides,
        const fastdiv_options *options,
        float *value)
    int fastdiv_pairwise_kl_divergence_f64(
        size_t rows_p,
        size_t rows_q,
        size_t n,
        const double *p,
        const ptrdiff_t *p_strides,
        const double *q,
        const ptrdiff_t *q_strides,
        const fastdiv_options *options,
        double *value)
    int fastdiv_pairwise_js_divergence_f32(
        size_t rows_p,
        size_t rows_q,
        size_t n,
        const float *p,
        const ptrdiff_t *p_strides,
        const float *q,
        const ptrdiff_t *q_strides,
        const fastdiv_options *options,
        float *value)
    int fastdiv_pairwise_js_divergence_f64(
        size_t rows_p,
        size_t rows_q,
        size_t n,
        const double *p,
        const ptrdiff_t *p_strides,
        const double *q,
        const ptrdiff_t *q_strides,
        const fastdiv_options *options,
        double *value)
    int fastdiv_pairwise_js_distance_f32(
        size_t rows_p,
        size_t rows_q,
        size_t n,
        const float *p,
        const ptrdiff_t *p_strides,
        const float *q,
        const ptrdiff_t *q_strides,
        const fastdiv_options *options,
        float *value)
    int fastdiv_pairwise_js_distance_f64(
        size_t rows_p,
        size_t rows_q,
        size_t n,
        const double *p,
        const ptrdiff_t *p_strides,
        const double *q,
        const ptrdiff_t *q_strides,
        const fastdiv_options *options,
        double *value)
    int fastdiv_random_uniform_f32(
        size_t n,
        uint64_t seed,
        uint64_t offset,
        uint32_t stream,
        float *out)
    int fastdiv_random_uniform_f64(
        size_t n,
        uint64_t seed,
        uint64_t offset,
        uint32_t stream,
        double *out)
    int fastdiv_random_normal_f32(
        size_t n,
        uint64_t seed,
        uint64_t offset,
        uint32_t stream,
        float *out)
    int fastdiv_random_normal_f64(
        size_t n,
        uint64_t seed,
        uint64_t offset,
        uint32_t stream,
        double *out)
    int fastdiv_logits_entropy_f32(
        size_t ndim,
        const size_t *shape,
        const float *x,
        const ptrdiff_t *x_strides,
        const fastdiv_options *options,
        float *value,
        const ptrdiff_t *value_strides)
    int fastdiv_logits_entropy_value_and_grad_f32(
        size_t ndim,
        const size_t *shape,
        const float *x,
        const ptrdiff_t *x_strides,
        const fastdiv_options *options,
        const float *cotangent,
        const ptrdiff_t *cotangent_strides,
        float *value,
        const ptrdiff_t *value_strides,
        float *grad_x,
        const ptrdiff_t *grad_x_strides)
    int fastdiv_logits_entropy_f64(
        size_t ndim,
        const size_t *shape,
        const double *x,
        const ptrdiff_t *x_strides,
        const fastdiv_options *options,
        double *value,
        const ptrdiff_t *value_strides)
    int fastdiv_logits_entropy_value_and_grad_f64(
        size_t ndim,
        const size_t *shape,
        const double *x,
        const ptrdiff_t *x_strides,
        const fastdiv_options *options,
        const double *cotangent,
        const ptrdiff_t *cotangent_strides,
        double *value,
        const ptrdiff_t *value_strides,
        double *grad_x,
        const ptrdiff_t *grad_x_strides)
    int fastdiv_logits_entropy_f16(
        size_t ndim,
        const size_t *shape,
        const uint16_t *x,
        const ptrdiff_t *x_strides,
        const fastdiv_options *options,
        float *value,
        const ptrdiff_t *value_strides)
    int fastdiv_logits_entropy_value_and_grad_f16(
        size_t ndim,
        const size_t *shape,
        const uint16_t *x,
        const ptrdiff_t *x_strides,
        const fastdiv_options *options,
        const float *cotangent,
        const ptrdiff_t *cotangent_strides,
        float *value,
        const ptrdiff_t *value_strides,
        uint16_t *grad_x,
        const ptrdiff_t *grad_x_strides)
    int fastdiv_logits_entropy_bf16(
        size_t ndim,
        const size_t *shape,
        const uint16_t *x,
        const ptrdiff_t *x_strides,
        const fastdiv_options *options,
        float *value,
        const ptrdiff_t *value_strides)
    int fastdiv_logits_entropy_value_and_grad_bf16(
        size_t ndim,
        const size_t *shape,
        const uint16_t *x,
        const ptrdiff_t *x_strides,
        const fastdiv_options *options,
        const float *cotangent,
        const ptrdiff_t *cotangent_strides,
        float *value,
        const ptrdiff_t *value_strides,
        uint16_t *grad_x,
        const ptrdiff_t *grad_x_strides)
    int fastdiv_logits_cross_entropy_f32(
        size_t ndim,
        const size_t *shape,
        const float *x,
        const ptrdiff_t *x_strides,
        const float *y,
        const ptrdiff_t *y_strides,
        const fastdiv_options *options,
        float *value,
        const ptrdiff_t *value_strides)
    int fastdiv_logits_cross_entropy_value_and_grad_f32(
        size_t ndim,
        const size_t *shape,
        const float *x,
        const ptrdiff_t *x_strides,
        const float *y,
        const ptrdiff_t *y_strides,
        const fastdiv_options *options,
        const float *cotangent,
        const ptrdiff_t *cotangent_strides,
        float *value,
        const ptrdiff_t *value_strides,
        float *grad_x,
        const ptrdiff_t *grad_x_strides,
        float *grad_y,
        const ptrdiff_t *grad_y_strides)
    int fastdiv_logits_cross_entropy_f64(
        size_t ndim,
        const size_t *shape,
        const double *x,
        const ptrdiff_t *x_strides,
        const double *y,
        const ptrdiff_t *y_strides,
        const fastdiv_options *options,
        double *value,
        const ptrdiff_t *value_strides)
    int fastdiv_logits_cross_entropy_value_and_grad_f64(
        size_t ndim,
        const size_t *shape,
        const double *x,
        const ptrdiff_t *x_strides,
        const double *y,
        const ptrdiff_t *y_strides,
        const fastdiv_options *options,
        const double *cotangent,
        const ptrdiff_t *cotangent_strides,
        double *value,
        const ptrdiff_t *value_strides,
        double *grad_x,
        const ptrdiff_t *grad_x_strides,
        double *grad_y,
        const ptrdiff_t *grad_y_strides)
    int fastdiv_logits_cross_entropy_f16(
        size_t ndim,
        const size_t *shape,
        const uint16_t *x,
        const ptrdiff_t *x_strides,
        const uint16_t *y,
        const ptrdiff_t *y_strides,
        const fastdiv_options *options,
        float *value,
        const ptrdiff_t *value_strides)
    int fastdiv_logits_cross_entropy_value_and_grad_f16(
        size_t ndim,
        const size_t *shape,
        const uint16_t *x,
        const ptrdiff_t *x_strides,
        const uint16_t *y,
        const ptrdiff_t *y_strides,
        const fastdiv_options *options,
        const float *cotangent,
        const ptrdiff_t *cotangent_strides,
        float *value,
        const ptrdiff_t *value_strides,
        uint16_t *grad_x,
        const ptrdiff_t *grad_x_strides,
        uint16_t *grad_y,
        const ptrdiff_t *grad_y_strides)
    int fastdiv_logits_cross_entropy_bf16(
        size_t ndim,
        const size_t *shape,
        const uint16_t *x,
        const ptrdiff_t *x_strides,
        const uint16_t *y,
        const ptrdiff_t *y_strides,
        const fastdiv_options *options,
        float *value,
        const ptrdiff_t *value_strides)
    int fastdiv_logits_cross_entropy_value_and_grad_bf16(
        size_t ndim,
        const size_t *shape,
        const uint16_t *x,
        const ptrdiff_t *x_strides,
        const uint16_t *y,
        const ptrdiff_t *y_strides,
        const fastdiv_options *options,
        const float *cotangent,
        const ptrdiff_t *cotangent_strides,
        float *value,
        const ptrdiff_t *value_strides,
        uint16_t *grad_x,
        const ptrdiff_t *grad_x_strides,
        uint16_t *grad_y,
        const ptrdiff_t *grad_y_strides)
    int fastdiv_logits_kl_divergence_f32(
        size_t ndim,
        const size_t *shape,
        const float *x,
        const ptrdiff_t *x_strides,
        const float *y,
        const ptrdiff_t *y_strides,
        const fastdiv_options *options,
        float *value,
        const ptrdiff_t *value_strides)
    int fastdiv_logits_kl_divergence_value_and_grad_f32(
        size_t ndim,
        const size_t *shape,
        const float *x,
        const ptrdiff_t *x_strides,
        const float *y,
        const ptrdiff_t *y_strides,
        const fastdiv_options *options,
        const float *cotangent,
        const ptrdiff_t *cotangent_strides,
        float *value,
        const ptrdiff_t *value_strides,
        float *grad_x,
        const ptrdiff_t *grad_x_strides,
        float *grad_y,
        const ptrdiff_t *grad_y_strides)
    int fastdiv_logits_kl_divergence_f64(
        size_t ndim,
        const size_t *shape,
        const double *x,
        const ptrdiff_t *x_strides,
        const double *y,
        const ptrdiff_t *y_strides,
        const fastdiv_options *options,
        double *value,
        const ptrdiff_t *value_strides)
    int fastdiv_logits_kl_divergence_value_and_grad_f64(
        size_t ndim,
        const size_t *shape,
        const double *x,
        const ptrdiff_t *x_strides,
        const double *y,
        const ptrdiff_t *y_strides,
        const fastdiv_options *options,
        const double *cotangent,
        const ptrdiff_t *cotangent_strides,
        double *value,
        const ptrdiff_t *value_strides,
        double *grad_x,
        const ptrdiff_t *grad_x_strides,
        double *grad_y,
        const ptrdiff_t *grad_y_strides)
    int fastdiv_logits_kl_divergence_f16(
        size_t ndim,
        const size_t *shape,
        const uint16_t *x,
        const ptrdiff_t *x_strides,
        const uint16_t *y,
        const ptrdiff_t *y_strides,
        const fastdiv_options *options,
        float *value,
        const ptrdiff_t *value_strides)
    int fastdiv_logits_kl_divergence_value_and_grad_f16(
        size_t ndim,
        const size_t *shape,
        const uint16_t *x,
        const ptrdiff_t *x_strides,
        const uint16_t *y,
        const ptrdiff_t *y_strides,
        const fastdiv_options *options,
        const float *cotangent,
        const ptrdiff_t *cotangent_strides,
        float *value,
        const ptrdiff_t *value_strides,
        uint16_t *grad_x,
        const ptrdiff_t *grad_x_strides,
        uint16_t *grad_y,
        const ptrdiff_t *grad_y_strides)
    int fastdiv_logits_kl_divergence_bf16(
        size_t ndim,
        const size_t *shape,
        const uint16_t *x,
        const ptrdiff_t *x_strides,
        const uint16_t *y,
        const ptrdiff_t *y_strides,
        const fastdiv_options *options,
        float *value,
        const ptrdiff_t *value_strides)
    int fastdiv_logits_kl_divergence_value_and_grad_bf16(
        size_t ndim,
        const size_t *shape,
        const uint16_t *x,
        const ptrdiff_t *x_strides,
        const uint16_t *y,
        const ptrdiff_t *y_strides,
        const fastdiv_options *options,
        const float *cotangent,
        const ptrdiff_t *cotangent_strides,
        float *value,
        const ptrdiff_t *value_strides,
        uint16_t *grad_x,
        const ptrdiff_t *grad_x_strides,
        uint16_t *grad_y,
        const ptrdiff_t *grad_y_strides)
    int fastdiv_logits_js_divergence_f32(
        size_t ndim,
        const size_t *shape,
        const float *x,
        const ptrdiff_t *x_strides,
        const float *y,
        const ptrdiff_t *y_strides,
        const fastdiv_options *options,
        float *value,
        const ptrdiff_t *value_strides)
    int fastdiv_logits_js_divergence_value_and_grad_f32(
        size_t ndim,
        const size_t *shape,
        const float *x,
        const ptrdiff_t *x_strides,
        const float *y,
        const ptrdiff_t *y_strides,
        const fastdiv_options *options,
        const float *cotangent,
        const ptrdiff_t *cotangent_strides,
        float *value,
        const ptrdiff_t *value_strides,
        float *grad_x,
        const ptrdiff_t *grad_x_strides,
        float *grad_y,
        const ptrdiff_t *grad_y_strides)
    int fastdiv_logits_js_divergence_f64(
        size_t ndim,
        const size_t *shape,
        const double *x,
        const ptrdiff_t *x_strides,
        const double *y,
        const ptrdiff_t *y_strides,
        const fastdiv_options *options,
        double *value,
        const ptrdiff_t *value_strides)
    int fastdiv_logits_js_divergence_value_and_grad_f64(
        size_t ndim,
        const size_t *shape,
        const double *x,
        const ptrdiff_t *x_strides,
        const double *y,
        const ptrdiff_t *y_strides,
        const fastdiv_options *options,
        const double *cotangent,
        const ptrdiff_t *cotangent_strides,
        double *value,
        const ptrdiff_t *value_strides,
        double *grad_x,
        const ptrdiff_t *grad_x_strides,
        double *grad_y,
        const ptrdiff_t *grad_y_strides)
    int fastdiv_logits_js_divergence_f16(
        size_t ndim,
        const size_t *shape,
        const uint16_t *x,
        const ptrdiff_t *x_strides,
        const uint16_t *y,
        const ptrdiff_t *y_strides,
        const fastdiv_options *options,
        float *value,
        const ptrdiff_t *value_strides)
    int fastdiv_logits_js_divergence_value_and_grad_f16(
        size_t ndim,
        const size_t *shape,
        const uint16_t *x,
        const ptrdiff_t *x_strides,
        const uint16_t *y,
        const ptrdiff_t *y_strides,
        const fastdiv_options *options,
        const float *cotangent,
        const ptrdiff_t *cotangent_strides,
        float *value,
        const ptrdiff_t *value_strides,
        uint16_t *grad_x,
        const ptrdiff_t *grad_x_strides,
        uint16_t *grad_y,
        const ptrdiff_t *grad_y_strides)
    int fastdiv_logits_js_divergence_bf16(
        size_t ndim,
        const size_t *shape,
        const uint16_t *x,
        const ptrdiff_t *x_strides,
        const uint16_t *y,
        const ptrdiff_t *y_strides,
        const fastdiv_options *options,
        float *value,
        const ptrdiff_t *value_strides)
    int fastdiv_logits_js_divergence_value_and_grad_bf16(
        size_t ndim,
        const size_t *shape,
        const uint16_t *x,
        const ptrdiff_t *x_strides,
        const uint16_t *y,
        const ptrdiff_t *y_strides,
        const fastdiv_options *options,
        const float *cotangent,
        const ptrdiff_t *cotangent_strides,
        float *value,
        const ptrdiff_t *value_strides,
        uint16_t *grad_x,
        const ptrdiff_t *grad_x_strides,
        uint16_t *grad_y,
        const ptrdiff_t *grad_y_strides)
    int fastdiv_montecarlo_fold(
        size_t nodes,
        size_t pairs,
        size_t components,
        const uint64_t *counts,
        const fastdiv_moments *moments,
        const double *weights,
        const double *expected,
        double share,
        double *value,
        double *variance)
    int fastdiv_montecarlo_kl_divergence_f32(
        size_t pairs,
        size_t dimension,
        const fastdiv_mixture_f32 *p,
        const fastdiv_mixture_f32 *q,
        const fastdiv_montecarlo_options *options,
        double *value,
        double *standard_error,
        fastdiv_montecarlo_record *record)
    int fastdiv_montecarlo_kl_divergence_value_and_grad_f32(
        size_t pairs,
        size_t dimension,
        const fastdiv_mixture_f32 *p,
        const fastdiv_mixture_f32 *q,
        const fastdiv_montecarlo_options *options,
        double *value,
        double *standard_error,
        const fastdiv_mixture_gradient_f32 *grad_p,
        const fastdiv_mixture_gradient_f32 *grad_q,
        fastdiv_montecarlo_record *record)
    int fastdiv_montecarlo_kl_divergence_plan_f32(
        size_t pairs,
        size_t dimension,
        const fastdiv_mixture_f32 *p,
        const fastdiv_mixture_f32 *q,
        const fastdiv_montecarlo_options *options,
        int with_grad_p,
        int with_grad_q,
        fastdiv_montecarlo_record *record)
    int fastdiv_montecarlo_kl_divergence_gradient_errors_f32(
        size_t pairs,
        size_t dimension,
        const fastdiv_mixture_f32 *p,
        const fastdiv_mixture_f32 *q,
        const fastdiv_montecarlo_options *options,
        const fastdiv_mixture_gradient_f32 *grad_p,
        const fastdiv_mixture_gradient_f32 *grad_q,
        const fastdiv_montecarlo_record *record)
    int fastdiv_montecarlo_kl_divergence_f64(
        size_t pairs,
        size_t dimension,
        const fastdiv_mixture_f64 *p,
        const fastdiv_mixture_f64 *q,
        const fastdiv_montecarlo_options *options,
        double *value,
        double *standard_error,
        fastdiv_montecarlo_record *record)
    int fastdiv_montecarlo_kl_divergence_value_and_grad_f64(
        size_t pairs,
        size_t dimension,
        const fastdiv_mixture_f64 *p,
        const fastdiv_mixture_f64 *q,
        const fastdiv_montecarlo_options *options,
        double *value,
        double *standard_error,
        const fastdiv_mixture_gradient_f64 *grad_p,
        const fastdiv_mixture_gradient_f64 *grad_q,
        fastdiv_montecarlo_record *record)
    int fastdiv_montecarlo_kl_divergence_plan_f64(
        size_t pairs,
        size_t dimension,
        const fastdiv_mixture_f64 *p,
        const fastdiv_mixture_f64 *q,
        const fastdiv_montecarlo_options *options,
        int with_grad_p,
        int with_grad_q,
        fastdiv_montecarlo_record *record)
    int fastdiv_montecarlo_kl_divergence_gradient_errors_f64(
        size_t pairs,
        size_t dimension,
        const fastdiv_mixture_f64 *p,
        const fastdiv_mixture_f64 *q,
        const fastdiv_montecarlo_options *options,
        const fastdiv_mixture_gradient_f64 *grad_p,
        const fastdiv_mixture_gradient_f64 *grad_q,
        const fastdiv_montecarlo_record *record)
    int fastdiv_montecarlo_js_divergence_f32(
        size_t pairs,
        size_t dimension,
        const fastdiv_mixture_f32 *p,
        const fastdiv_mixture_f32 *q,
        const fastdiv_montecarlo_options *options,
        double *value,
        double *standard_error,
        fastdiv_montecarlo_record *record)
    int fastdiv_montecarlo_js_divergence_value_and_grad_f32(
        size_t pairs,
        size_t dimension,
        const fastdiv_mixture_f32 *p,
        const fastdiv_mixture_f32 *q,
        const fastdiv_montecarlo_options *options,
        double *value,
        double *standard_error,
        const fastdiv_mixture_gradient_f32 *grad_p,
        const fastdiv_mixture_gradient_f32 *grad_q,
        fastdiv_montecarlo_record *record)
    int fastdiv_montecarlo_js_divergence_plan_f32(
        size_t pairs,
        size_t dimension,
        const fastdiv_mixture_f32 *p,
        const fastdiv_mixture_f32 *q,
        const fastdiv_montecarlo_options *options,
        int with_grad_p,
        int with_grad_q,
        fastdiv_montecarlo_record *record)
    int fastdiv_montecarlo_js_divergence_gradient_errors_f32(
        size_t pairs,
        size_t dimension,
        const fastdiv_mixture_f32 *p,
        const fastdiv_mixture_f32 *q,
        const fastdiv_montecarlo_options *options,
        const fastdiv_mixture_gradient_f32 *grad_p,
        const fastdiv_mixture_gradient_f32 *grad_q,
        const fastdiv_montecarlo_record *record)
    int fastdiv_montecarlo_js_divergence_f64(
        size_t pairs,
        size_t dimension,
        const fastdiv_mixture_f64 *p,
        const fastdiv_mixture_f64 *q,
        const fastdiv_montecarlo_options *options,
        double *value,
        double *standard_error,
        fastdiv_montecarlo_record *record)
    int fastdiv_montecarlo_js_divergence_value_and_grad_f64(
        size_t pairs,
        size_t dimension,
        const fastdiv_mixture_f64 *p,
        const fastdiv_mixture_f64 *q,
        const fastdiv_montecarlo_options *options,
        double *value,
        double *standard_error,
        const fastdiv_mixture_gradient_f64 *grad_p,
        const fastdiv_mixture_gradient_f64 *grad_q,
        fastdiv_montecarlo_record *record)
    int fastdiv_montecarlo_js_divergence_plan_f64(
        size_t pairs,
        size_t dimension,
        const fastdiv_mixture_f64 *p,
        const fastdiv_mixture_f64 *q,
        const fastdiv_montecarlo_options *options,
        int with_grad_p,
        int with_grad_q,
        fastdiv_montecarlo_record *record)
    int fastdiv_montecarlo_js_divergence_gradient_errors_f64(
        size_t pairs,
        size_t dimension,
        const fastdiv_mixture_f64 *p,
        const fastdiv_mixture_f64 *q,
        const fastdiv_montecarlo_options *options,
        const fastdiv_mixture_gradient_f64 *grad_p,
        const fastdiv_mixture_gradient_f64 *grad_q,
        const fastdiv_montecarlo_record *record)
    int fastdiv_nn_bias_activation_f32(
        size_t rows,
        size_t columns,
        const float *x,
        const float *bias,
        int activation,
        float *out,
        float *pre)
    int fastdiv_nn_bias_activation_f64(
        size_t rows,
        size_t columns,
        const double *x,
        const double *bias,
        int activation,
        double *out,
        double *pre)
    int fastdiv_nn_bias_activation_backward_f32(
        size_t rows,
        size_t columns,
        const float *saved,
        const float *upstream,
        const float *column_upstream,
        int activation,
        float *out,
        float *bias_gradient)
    int fastdiv_nn_bias_activation_backward_f64(
        size_t rows,
        size_t columns,
        const double *saved,
        const double *upstream,
        const double *column_upstream,
        int activation,
        double *out,
        double *bias_gradient)
    int fastdiv_nn_bernoulli_nll_f32(
        size_t rows,
        size_t columns,
        const float *logits,
        const float *x,
        const float *cotangent,
        ptrdiff_t cotangent_stride,
        float *value,
        float *gradient)
    int fastdiv_nn_bernoulli_nll_f64(
        size_t rows,
        size_t columns,
        const double *logits,
        const double *x,
        const double *cotangent,
        ptrdiff_t cotangent_stride,
        double *value,
        double *gradient)
    int fastdiv_nn_gaussian_nll_f32(
        size_t rows,
        size_t columns,
        const float *mean,
        const float *x,
        double scale,
        const float *cotangent,
        ptrdiff_t cotangent_stride,
        float *value,
        float *gradient)
    int fastdiv_nn_gaussian_nll_f64(
        size_t rows,
        size_t columns,
        const double *mean,
        const double *x,
        double scale,
        const double *cotangent,
        ptrdiff_t cotangent_stride,
        double *value,
        double *gradient)
    int fastdiv_nn_gaussian_kl_draw_f32(
        size_t rows,
        size_t columns,
        const float *mean,
        ptrdiff_t mean_stride,
        const float *log_variance,
        ptrdiff_t log_variance_stride,
        uint64_t seed,
        uint64_t offset,
        uint32_t stream,
        float *value,
        float *z,
        ptrdiff_t z_stride)
    int fastdiv_nn_gaussian_kl_draw_f64(
        size_t rows,
        size_t columns,
        const double *mean,
        ptrdiff_t mean_stride,
        const double *log_variance,
        ptrdiff_t log_variance_stride,
        uint64_t seed,
        uint64_t offset,
        uint32_t stream,
        double *value,
        double *z,
        ptrdiff_t z_stride)
    int fastdiv_nn_gaussian_kl_draw_backward_f32(
        size_t rows,
        size_t columns,
        const float *mean,
        ptrdiff_t mean_stride,
        const float *log_variance,
        ptrdiff_t log_variance_stride,
        const float *upstream_z,
        ptrdiff_t upstream_z_stride,
        uint64_t seed,
        uint64_t offset,
        uint32_t stream,
        const float *cotangent,
        ptrdiff_t cotangent_stride,
        float *mean_gradient,
        ptrdiff_t mean_gradient_stride,
        float *log_variance_gradient,
        ptrdiff_t log_variance_gradient_stride)
    int fastdiv_nn_gaussian_kl_draw_backward_f64(
        size_t rows,
        size_t columns,
        const double *mean,
        ptrdiff_t mean_stride,
        const double *log_variance,
        ptrdiff_t log_variance_stride,
        const double *upstream_z,
        ptrdiff_t upstream_z_stride,
        uint64_t seed,
        uint64_t offset,
        uint32_t stream,
        const double *cotangent,
        ptrdiff_t cotangent_stride,
        double *mean_gradient,
        ptrdiff_t mean_gradient_stride,
        double *log_variance_gradient,
        ptrdiff_t log_variance_gradient_stride)
    int fastdiv_nn_corrupt_f32(
        size_t n,
        const float *x,
        int kind,
        double level,
        uint64_t seed,
        uint64_t offset,
        uint32_t stream,
        float *out)
    int fastdiv_nn_corrupt_f64(
        size_t n,
        const double *x,
        int kind,
        double level,
        uint64_t seed,
        uint64_t offset,
        uint32_t stream,
        double *out)
    int fastdiv_nn_sparsity_penalty_f32(
        size_t rows,
        size_t columns,
        const float *activations,
        double sparsity,
        double cotangent,
        double *value,
        float *gradient)
    int fastdiv_nn_sparsity_penalty_f64(
        size_t rows,
        size_t columns,
        const double *activations,
        double sparsity,
        double cotangent,
        double *value,
        double *gradient)
    int fastdiv_nn_adam_step_f32(
        size_t n,
        float *parameters,
        const float *gradient,
        float *first_moment,
        float *second_moment,
        uint64_t step,
        double learning_rate,
        double beta1,
        double beta2,
        double epsilon)
    int fastdiv_nn_adam_step_f64(
        size_t n,
        double *parameters,
        const double *gradient,
        double *first_moment,
        double *second_moment,
        uint64_t step,
        double learning_rate,
        double beta1,
        double beta2,
        double epsilon)
