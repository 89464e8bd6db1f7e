// Measures of rows: normalise, sum the terms, centre the gradient; each step over the chunks of the row.
#include <algorithm>

#include "dispatch.hpp"
#include "drivers/batch.hpp"
#include "drivers/row_input.hpp"
#include "drivers/row_output.hpp"

namespace fastdiv {
namespace {

template <class T>
class RowReduction {
 public:
  RowReduction(const Call<T>& call, const Kernels<T>& kernels)
      : call_(call),
        kernels_(kernels),
        measure_(kernels.measure[call.measure]),
        n_(call.shape[call.batch_ndim]),
        chunks_(chunk_count(n_)) {
    for (int i = 0; i < 2; ++i) wanted_ |= call.gradient[i].data != nullptr ? 1 << i : 0;
  }

  template <class ForEach>
  void run(const ptrdiff_t* offsets, const ptrdiff_t* next, const ForEach& for_each) {
    const MeasureTraits& traits = measure_.traits;
    T* value = call_.value.data + offsets[kValue];
    if (n_ == 0) {
      *value = 0;
      return;
    }
    Normalizer<T> sum[2];
    for (int i = 0; i < 2 && i < traits.inputs; ++i) {
      const Array<const T>& array = call_.input[i];
      input_[i] = RowInput<T>(kernels_, array.data + offsets[i], array.strides[call_.batch_ndim], n_, i);
      if (call_.options.normalize) input_[i].normalize(traits.exact_sum == i, for_each);
      sum[i] = input_[i].sum();
      const Array<T>& gradient = call_.gradient[i];
      if (wanted_ & (1 << i))
        gradient_[i] = RowOutput<T>(gradient.data + offsets[kGradP + i], gradient.strides[call_.batch_ndim], n_, 2 + i);
    }
    double terms[kMaxTerms] = {NAN, NAN};
    if (sum[0].valid && sum[1].valid) {
      RowConstants<T> row = row_constants<T>(traits, sum, call_.options.weight);
      for (int i = 0; i < 2 && chunks_ == 1; ++i) row.ahead[i] = next[i] - offsets[i];
      sum_terms(row, terms, for_each);
    }
    double cotangent = call_.cotangent.data != nullptr ? call_.cotangent.data[offsets[kCotangent]] : 1;
    Event<T> event(traits, call_.options, sum, terms, cotangent);
    *value = static_cast<T>(event.value);
    if (wanted_ == 0) return;
    for_each(chunks_, [&](size_t chunk) { finish_gradients(chunk, event); });
  }

 private:
  void chunk_terms(size_t chunk, const RowConstants<T>& row, double* sums) {
    size_t count = chunk_size(n_, chunk);
    const T* inputs[2] = {input_[0].fetch(chunk), measure_.traits.inputs > 1 ? input_[1].fetch(chunk) : nullptr};
    T* raw[2] = {};
    for (int i = 0; i < 2; ++i)
      if (wanted_ & (1 << i)) raw[i] = gradient_[i].memory(chunk);
    (call_.options.normalize ? measure_.normalized : measure_.plain)[wanted_](inputs, count, row, sums, raw);
    for (int i = 0; i < 2; ++i)
      if (wanted_ & (1 << i)) gradient_[i].commit(chunk);
  }

  template <class ForEach>
  void sum_terms(const RowConstants<T>& row, double* terms, const ForEach& for_each) {
    terms[0] = terms[1] = 0;
    if (chunks_ == 1) return chunk_terms(0, row, terms);
    std::vector<double> partial(chunks_ * kMaxTerms);
    for_each(chunks_, [&](size_t chunk) { chunk_terms(chunk, row, &partial[chunk * kMaxTerms]); });
    for (int t = 0; t < kMaxTerms; ++t) terms[t] = sum_pairwise(&partial[t], chunks_, kMaxTerms);
  }

  void finish_gradients(size_t chunk, const Event<T>& event) {
    size_t count = chunk_size(n_, chunk);
    for (int i = 0; i < 2; ++i) {
      if (!(wanted_ & (1 << i))) continue;
      T* raw = gradient_[i].reload(chunk);
      event.finish_gradient(kernels_, i, raw, count);
      gradient_[i].commit(chunk);
    }
  }

  const Call<T>& call_;
  const Kernels<T>& kernels_;
  const MeasureKernels<T>& measure_;
  const size_t n_, chunks_;
  int wanted_ = 0;
  // of the row at hand
  RowInput<T> input_[2];
  RowOutput<T> gradient_[2];
};

}  // namespace

template <class T>
void reduce_rows(const Call<T>& call) {
  const Kernels<T>& kernels = kernels_of<T>(fastdiv::kernels());
  for_each_event(call, call.shape[call.batch_ndim], [&] { return RowReduction<T>(call, kernels); });
}

template void reduce_rows(const Call<float>&);
template void reduce_rows(const Call<double>&);

}  // namespace fastdiv
