// -log p entry by entry: normalise the row, then map its chunks; the gradient needs the sum of the cotangents.
#include <algorithm>

#include "dispatch.hpp"
#include "drivers/batch.hpp"
#include "drivers/row_input.hpp"
#include "drivers/row_output.hpp"

namespace fastdiv {
namespace {

template <class T>
bool has_negative(const T* x, size_t n) {
  bool found = false;
  for (size_t i = 0; i < n; ++i) found |= x[i] < 0;
  return found;
}

template <class T>
class SelfInformation {
 public:
  SelfInformation(const Call<T>& call, const Kernels<T>& kernels)
      : call_(call), kernels_(kernels), n_(call.shape[call.batch_ndim]), chunks_(chunk_count(n_)) {}

  template <class ForEach>
  void run(const ptrdiff_t* offsets, const ptrdiff_t*, const ForEach& for_each) {
    if (n_ == 0) return;
    input_ = RowInput<T>(kernels_, call_.input[0].data + offsets[kP], stride(call_.input[0]), n_, 0);
    RowOutput<T> value(call_.value.data + offsets[kValue], stride(call_.value), n_, 1);
    bool wanted = call_.gradient[0].data != nullptr;
    RowOutput<T> gradient;
    if (wanted) gradient = RowOutput<T>(call_.gradient[0].data + offsets[kGradP], stride(call_.gradient[0]), n_, 2);
    if (call_.options.normalize) input_.normalize(/*exactly=*/true, for_each);
    const Normalizer<T>& sum = input_.sum();
    bool valid = sum.valid && !(call_.options.normalize && any_negative(for_each));
    RowConstants<T> row = row_constants<T>(kOneInput, &sum, 0.5);
    double shift = wanted && call_.options.normalize ? total_cotangent(offsets) / sum.high : 0;
    for_each(chunks_, [&](size_t chunk) {
      size_t count = chunk_size(n_, chunk);
      const T* x = input_.fetch(chunk);
      T* out = value.memory(chunk);
      if (valid)
        kernels_.self_information(x, out, count, row, static_cast<T>(call_.options.unit));
      else
        std::fill_n(out, count, std::numeric_limits<T>::quiet_NaN());
      value.commit(chunk);
      if (!wanted) return;
      T* slope = gradient.memory(chunk);
      if (valid)
        kernels_.self_information_gradient(x, fetch_cotangent(offsets, chunk), slope, count, static_cast<T>(shift),
                                           static_cast<T>(call_.options.unit));
      else
        std::fill_n(slope, count, std::numeric_limits<T>::quiet_NaN());
      sum.prescale.apply(kernels_, slope, count);
      gradient.commit(chunk);
    });
  }

 private:
  static constexpr MeasureTraits kOneInput = {1, 0, false, false, false, 0, {-1, -1}, {0, 0}};

  template <class A>
  ptrdiff_t stride(const A& array) const {
    return array.strides[call_.batch_ndim];
  }

  template <class ForEach>
  bool any_negative(const ForEach& for_each) {
    std::vector<char> found(chunks_);
    for_each(chunks_, [&](size_t chunk) { found[chunk] = has_negative(input_.fetch(chunk), chunk_size(n_, chunk)); });
    return std::find(found.begin(), found.end(), 1) != found.end();
  }

  const T* fetch_cotangent(const ptrdiff_t* offsets, size_t chunk) const {
    size_t count = chunk_size(n_, chunk);
    T* buffer = scratch<T>(3);
    if (call_.cotangent.data == nullptr) {
      std::fill_n(buffer, count, T(1));
    } else {
      ptrdiff_t step = stride(call_.cotangent);
      gather(call_.cotangent.data + offsets[kCotangent] + static_cast<ptrdiff_t>(chunk * kChunk) * step, step, count,
             buffer);
    }
    return buffer;
  }

  double total_cotangent(const ptrdiff_t* offsets) const {
    std::vector<double> sums(chunks_);
    for (size_t chunk = 0; chunk < chunks_; ++chunk)
      sums[chunk] = kernels_.sum(fetch_cotangent(offsets, chunk), chunk_size(n_, chunk)).sum;
    return chunks_ == 0 ? 0 : sum_pairwise(sums.data(), chunks_, 1);
  }

  const Call<T>& call_;
  const Kernels<T>& kernels_;
  const size_t n_, chunks_;
  RowInput<T> input_;
};

}  // namespace

template <class T>
void map_self_information(const Call<T>& call) {
  const Kernels<T>& kernels = kernels_of<T>(fastdiv::kernels());
  for_each_event(call, call.shape[call.batch_ndim], [&] { return SelfInformation<T>(call, kernels); });
}

template void map_self_information(const Call<float>&);
template void map_self_information(const Call<double>&);

}  // namespace fastdiv
