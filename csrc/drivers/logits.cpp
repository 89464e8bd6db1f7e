// Measures of logits, row by row: sums over the row's chunks, the value, then the gradients while the row is in cache.
#include <algorithm>
#include <cmath>
#include <limits>

#include "dispatch.hpp"
#include "drivers/batch.hpp"
#include "drivers/logits/cross_entropy.hpp"
#include "drivers/logits/entropy.hpp"
#include "drivers/logits/js_divergence.hpp"
#include "drivers/logits/kl_divergence.hpp"
#include "drivers/row_output.hpp"

namespace fastdiv {
namespace {

template <class S>
using LogitsCall = Call<Computed<S>, S>;

template <class S, template <class> class MeasureRow>
class LogitsReduction {
 public:
  typedef Computed<S> T;

  explicit LogitsReduction(const LogitsCall<S>& call)
      : call_(call),
        kernels_(logits_kernels_of<S>(fastdiv::kernels())),
        n_(call.shape[call.batch_ndim]),
        rows_(kernels_, call.options, n_, call.input[1].data != nullptr ? 2 : 1) {
    for (int i = 0; i < 2; ++i) wanted_ |= call.gradient[i].data != nullptr ? 1 << i : 0;
  }

  template <class ForEach>
  void run(const ptrdiff_t* offsets, const ptrdiff_t* next, const ForEach& for_each) {
    T* value = call_.value.data + offsets[kValue];
    if (n_ == 0) {
      *value = 0;
      return;
    }
    for (int k = 0; k < rows_.inputs(); ++k)
      rows_.start(k, call_.input[k].data + offsets[k], call_.input[k].strides[call_.batch_ndim], next[k] - offsets[k]);
    for (int i = 0; i < 2; ++i) {
      const Array<S>& gradient = call_.gradient[i];
      if (wanted_ & (1 << i))
        gradient_[i] = RowOutput<S>(gradient.data + offsets[kGradP + i], gradient.strides[call_.batch_ndim], n_, 2 + i);
    }
    rows_.survey(for_each);
    const T* cotangent = call_.cotangent.data != nullptr ? call_.cotangent.data + offsets[kCotangent] : nullptr;
    if (!rows_.undefined() && rows_.out_of_range()) return run_rebased(cotangent, value);
    MeasureRow<S> measure{rows_, wanted_};
    double nats = rows_.undefined() ? NAN : measure.value(for_each);
    *value = static_cast<T>(nats * call_.options.unit);
    if (wanted_ == 0) return;
    double slope = call_.options.unit * (cotangent != nullptr ? static_cast<double>(*cotangent) : 1);
    for (int i = 0; i < 2; ++i) {
      double factor = slope * measure.factor(i);
      if (sizeof(T) < sizeof(double) && std::fabs(factor) > kLargest) return run_rebased(cotangent, value);
      rows_.constants.factor[i] = static_cast<T>(std::isinf(factor) ? std::copysign(kLargest, factor) : factor);
    }
    for_each(rows_.chunks(), [&](size_t chunk) { write_gradients(chunk, nats); });
  }

 private:
  void write_gradients(size_t chunk, double nats) {
    const S* inputs[2];
    S* out[2] = {};
    rows_.fetch(chunk, inputs);
    for (int i = 0; i < 2; ++i)
      if (wanted_ & (1 << i)) out[i] = gradient_[i].memory(chunk);
    if (std::isnan(nats))
      fill_undefined(chunk, out);
    else if (std::isinf(nats) && rows_.uncovered())
      write_infinite(chunk, inputs, out);
    else
      kernels_.gradient[call_.measure][wanted_](inputs, rows_.size(chunk), rows_.constants, out);
    for (int i = 0; i < 2; ++i)
      if (wanted_ & (1 << i)) gradient_[i].commit(chunk);
  }

  void fill_undefined(size_t chunk, S* const* out) {
    T nan = std::numeric_limits<T>::quiet_NaN();
    S undefined;
    kernels_.narrow(&nan, &undefined, 1);
    for (int i = 0; i < 2; ++i)
      if (wanted_ & (1 << i)) std::fill_n(out[i], rows_.size(chunk), undefined);
  }

  // Where q = 0 < p the value rises without bound: +inf by x there, -inf at the other entries with p > 0.
  void write_infinite(size_t chunk, const S* const* inputs, S* const* out) {
    size_t count = rows_.size(chunk);
    std::vector<T> x(count), y(count);
    kernels_.widen(inputs[0], x.data(), count);
    kernels_.widen(inputs[1], y.data(), count);
    // The gradient by y exists; a gradient that overwrites its input must not be read as one.
    if (wanted_ & 2) kernels_.gradient[call_.measure][2](inputs, count, rows_.constants, out);
    if ((wanted_ & 1) == 0) return;
    const T infinity = std::numeric_limits<T>::infinity();
    for (size_t i = 0; i < count; ++i) {
      T slope = y[i] == -infinity ? infinity : -infinity;
      x[i] = x[i] == -infinity || rows_.constants.factor[0] == 0 ? 0 : slope * rows_.constants.factor[0];
    }
    kernels_.narrow(x.data(), out[0], count);
  }

  static constexpr double kLargest = static_cast<double>(std::numeric_limits<T>::max());

  // A row of very large logits, at an extreme temperature or of an extreme cotangent, once more: relative to its
  // largest logits, divided by the power of two in the temperature, and in doubles, which hold the differences. Rare:
  // the row is copied.
  void run_rebased(const T* cotangent, T* value) {
    int power = std::ilogb(call_.options.temperature);
    std::vector<double> x[2], gradient[2];
    double wide_value, wide_cotangent = cotangent != nullptr ? static_cast<double>(*cotangent) : 1;
    Call<double> call;
    call.measure = call_.measure;
    call.options = call_.options;
    call.options.temperature = std::scalbn(call_.options.temperature, -power);
    call.shape[0] = n_;
    call.value.data = &wide_value;
    call.cotangent.data = &wide_cotangent;
    for (int k = 0; k < rows_.inputs(); ++k) {
      x[k] = rebased(k, power);
      call.input[k].data = x[k].data();
      call.input[k].strides[0] = 1;
    }
    for (int i = 0; i < 2; ++i) {
      if ((wanted_ & (1 << i)) == 0) continue;
      gradient[i].resize(n_);
      call.gradient[i].data = gradient[i].data();
      call.gradient[i].strides[0] = 1;
    }
    ptrdiff_t offsets[kOperands] = {};
    LogitsReduction<double, MeasureRow>(call).run(offsets, offsets, Serially());
    *value = static_cast<T>(wide_value);
    std::vector<T> narrowed(kChunk);
    for (int i = 0; i < 2; ++i) {
      if ((wanted_ & (1 << i)) == 0) continue;
      for (size_t chunk = 0; chunk < rows_.chunks(); ++chunk) {
        const double* from = gradient[i].data() + chunk * kChunk;
        std::transform(from, from + rows_.size(chunk), narrowed.begin(),
                       [power](double each) { return static_cast<T>(std::scalbn(each, -power)); });
        kernels_.narrow(narrowed.data(), gradient_[i].memory(chunk), rows_.size(chunk));
        gradient_[i].commit(chunk);
      }
    }
  }

  std::vector<double> rebased(int input, int power) {
    std::vector<T> x(n_);
    for (size_t chunk = 0; chunk < rows_.chunks(); ++chunk) {
      const S* inputs[2];
      rows_.fetch(chunk, inputs);
      kernels_.widen(inputs[input], x.data() + chunk * kChunk, rows_.size(chunk));
    }
    // In a type that neither step overflows.
    long double largest = static_cast<long double>(rows_.largest(input));
    const double lowest = std::numeric_limits<double>::lowest();
    std::vector<double> moved(n_);
    std::transform(x.begin(), x.end(), moved.begin(), [=](T each) {
      long double step = std::scalbn(static_cast<long double>(each) - largest, -power);
      return step < lowest && std::isfinite(each) ? lowest : static_cast<double>(step);
    });
    return moved;
  }

  const LogitsCall<S>& call_;
  const LogitsKernels<S>& kernels_;
  const size_t n_;
  int wanted_ = 0;
  LogitsRows<S> rows_;
  RowOutput<S> gradient_[2];  // of the row at hand
};

template <class S, template <class> class MeasureRow>
void reduce_each(const LogitsCall<S>& call) {
  for_each_event(call, call.shape[call.batch_ndim], [&] { return LogitsReduction<S, MeasureRow>(call); });
}

template <class S>
using entropy_row = LogitsEntropyRow<S>;
template <class S>
using cross_entropy_row = LogitsCrossEntropyRow<S>;
template <class S>
using kl_divergence_row = LogitsKlDivergenceRow<S>;
template <class S>
using js_divergence_row = LogitsJsDivergenceRow<S>;

}  // namespace

template <class S>
void reduce_logits(const LogitsCall<S>& call) {
#define FASTDIV_REDUCE(name) \
  if (call.measure == l_##name) return reduce_each<S, name##_row>(call);
  FASTDIV_LOGITS_MEASURES(FASTDIV_REDUCE)
#undef FASTDIV_REDUCE
}

template void reduce_logits<float>(const LogitsCall<float>&);
template void reduce_logits<double>(const LogitsCall<double>&);
template void reduce_logits<Float16>(const LogitsCall<Float16>&);
template void reduce_logits<BFloat16>(const LogitsCall<BFloat16>&);

}  // namespace fastdiv
