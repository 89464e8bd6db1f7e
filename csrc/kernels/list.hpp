// Every measure once. Tables, C functions and bindings expand these lists; each name is also a file
// in kernels/probabilities or kernels/logits, a function in fastdiv.h and one in Python.
#ifndef FASTDIV_KERNELS_LIST_HPP
#define FASTDIV_KERNELS_LIST_HPP

// Over rows: X(name), by the number of arrays that the caller gives.
#define FASTDIV_ROW_MEASURES_1(X) X(entropy)
#define FASTDIV_ROW_MEASURES_2(X) X(cross_entropy) X(kl_divergence) X(js_divergence) X(js_distance)
// Over joint tables [nx, ny].
#define FASTDIV_JOINT_MEASURES(X) X(conditional_entropy) X(mutual_information)

// Also for all pairs of rows.
#define FASTDIV_PAIRWISE_MEASURES(X) X(kl_divergence) X(js_divergence) X(js_distance)

// Of softmax(logits), over rows.
#define FASTDIV_LOGITS_MEASURES_1(X) X(entropy)
#define FASTDIV_LOGITS_MEASURES_2(X) X(cross_entropy) X(kl_divergence) X(js_divergence)
#define FASTDIV_LOGITS_MEASURES(X) FASTDIV_LOGITS_MEASURES_1(X) FASTDIV_LOGITS_MEASURES_2(X)

// Of single elements, not normalised: X(name), by the number of arrays.
#define FASTDIV_ELEMENTWISE_1(X) X(entr)
#define FASTDIV_ELEMENTWISE_2(X) X(rel_entr) X(kl_div)
#define FASTDIV_ELEMENTWISE(X) FASTDIV_ELEMENTWISE_1(X) FASTDIV_ELEMENTWISE_2(X)

// Random numbers of one distribution.
#define FASTDIV_RANDOM(X) X(uniform) X(normal)

// Of mixtures of Gaussians, by Monte Carlo.
#define FASTDIV_MONTECARLO(X) X(kl_divergence) X(js_divergence)
// Of training: what a layer's sums go through, and how inputs are corrupted.
#define FASTDIV_ACTIVATIONS(X) X(identity) X(relu) X(tanh) X(sigmoid) X(softplus) X(gelu)
#define FASTDIV_CORRUPTIONS(X) X(mask) X(gaussian) X(salt_and_pepper)

#define FASTDIV_MEASURES(X) FASTDIV_ROW_MEASURES_1(X) FASTDIV_ROW_MEASURES_2(X) FASTDIV_JOINT_MEASURES(X)

#endif
