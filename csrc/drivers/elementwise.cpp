// Functions of single elements: a row is mapped in chunks; there is nothing to normalise or to sum.
#include "dispatch.hpp"
#include "drivers/batch.hpp"
#include "drivers/row_output.hpp"

namespace fastdiv {
namespace {

template <class T>
class ElementwiseMap {
 public:
  ElementwiseMap(const Call<T>& call, ElementwiseKernel<T> kernel)
      : call_(call), kernel_(kernel), n_(call.shape[call.batch_ndim]) {}

  template <class ForEach>
  void run(const ptrdiff_t* offsets, const ptrdiff_t*, const ForEach& for_each) {
    RowOutput<T> value(call_.value.data + offsets[kValue], stride(call_.value), n_, 2);
    for_each(chunk_count(n_), [&](size_t chunk) {
      const T* inputs[2] = {fetch(0, offsets[kP], chunk), nullptr};
      if (call_.input[1].data != nullptr) inputs[1] = fetch(1, offsets[kQ], chunk);
      kernel_(inputs, value.memory(chunk), chunk_size(n_, chunk));
      value.commit(chunk);
    });
  }

 private:
  template <class A>
  ptrdiff_t stride(const A& array) const {
    return array.strides[call_.batch_ndim];
  }

  const T* fetch(int k, ptrdiff_t offset, size_t chunk) const {
    ptrdiff_t step = stride(call_.input[k]);
    const T* from = call_.input[k].data + offset + static_cast<ptrdiff_t>(chunk * kChunk) * step;
    if (step == 1) return from;
    gather(from, step, chunk_size(n_, chunk), scratch<T>(k));
    return scratch<T>(k);
  }

  const Call<T>& call_;
  const ElementwiseKernel<T> kernel_;
  const size_t n_;
};

}  // namespace

template <class T>
void map_elementwise(Elementwise function, const Call<T>& call) {
  ElementwiseKernel<T> kernel = kernels_of<T>(kernels()).elementwise[function];
  for_each_event(call, call.shape[call.batch_ndim], [&] { return ElementwiseMap<T>(call, kernel); });
}

template void map_elementwise(Elementwise, const Call<float>&);
template void map_elementwise(Elementwise, const Call<double>&);

}  // namespace fastdiv
