// A measure of all pairs of rows: each row is normalised once, then tiles of rows that fit the cache meet.
#include <algorithm>

#include "dispatch.hpp"
#include "drivers/row_input.hpp"

namespace fastdiv {
namespace {

constexpr size_t kTile = 16;

// The rows of one argument, contiguous and divided by their sums.
template <class T>
struct NormalizedRows {
  std::vector<T> entries;
  std::vector<char> valid;
  std::vector<double> entropy;

  NormalizedRows(const Kernels<T>& kernels, const Array<const T>& array, size_t rows, size_t n, bool normalize)
      : entries(rows * n), valid(rows, 1), entropy(rows) {
    if (n == 0) return;
    size_t per_task = kElementsPerTask / n + 1;
    parallel_for((rows + per_task - 1) / per_task, [&](size_t task) {
      for (size_t row = task * per_task; row < std::min((task + 1) * per_task, rows); ++row) {
        const T* from = array.data + static_cast<ptrdiff_t>(row) * array.strides[0];
        RowInput<T> input(kernels, from, array.strides[1], n, 0);
        if (normalize) input.normalize(/*exactly=*/false, Serially());
        valid[row] = input.sum().valid;
        T factor = static_cast<T>(1 / input.sum().high);
        for (size_t chunk = 0; chunk < chunk_count(n); ++chunk)
          kernels.multiply(input.fetch(chunk), &entries[row * n + chunk * kChunk], chunk_size(n, chunk), factor);
        if (!normalize) continue;
        for (size_t k = 0; k < n; ++k) valid[row] &= entries[row * n + k] >= 0;
        entropy[row] = kernels.mixture_entropy(&entries[row * n], &entries[row * n], n, T(0.5));
      }
    });
  }
};

template <class T>
class PairReduction {
 public:
  PairReduction(const PairwiseCall<T>& call, const Kernels<T>& kernels)
      : call_(call),
        kernels_(kernels),
        measure_(kernels.measure[call.measure]),
        own_(call.q.data == nullptr),
        p_(kernels, call.p, call.rows_p, call.n, call.options.normalize),
        q_(kernels, call.q, own_ ? 0 : call.rows_q, call.n, call.options.normalize) {}

  void run() {
    size_t across = (call_.rows_q + kTile - 1) / kTile, down = (call_.rows_p + kTile - 1) / kTile;
    parallel_for(across * down, [&](size_t task) {
      size_t first_i = task / across * kTile, first_j = task % across * kTile;
      for (size_t i = first_i; i < std::min(first_i + kTile, call_.rows_p); ++i)
        for (size_t j = own_ ? std::max(first_j, i + 1) : first_j; j < std::min(first_j + kTile, call_.rows_q); ++j)
          call_.value[place(i, j)] = pair(i, j);
    });
  }

 private:
  // The pairs i < j in order: those of rows before i come first.
  size_t place(size_t i, size_t j) const {
    return own_ ? i * call_.rows_p - i * (i + 1) / 2 + (j - i - 1) : i * call_.rows_q + j;
  }

  T pair(size_t i, size_t j) const {
    if (call_.n == 0) return 0;
    const NormalizedRows<T>& q = own_ ? p_ : q_;
    const T* inputs[2] = {&p_.entries[i * call_.n], &q.entries[j * call_.n]};
    double terms[kMaxTerms] = {NAN, NAN};
    if (p_.valid[i] && q.valid[j] && !from_entropies(inputs, p_.entropy[i], q.entropy[j], terms)) {
      terms[0] = terms[1] = 0;
      RowConstants<T> row;
      row.weight = static_cast<T>(call_.options.weight);
      (call_.options.normalize ? measure_.normalized : measure_.plain)[0](inputs, call_.n, row, terms, nullptr);
    }
    const Normalizer<T> unit_sums[2];
    return static_cast<T>(Event<T>(measure_.traits, call_.options, unit_sums, terms, 1).value);
  }

  // JS from the rows' entropies and the mixture's, unless so little is left of them that their roundings show.
  bool from_entropies(const T* const* inputs, double entropy_p, double entropy_q, double* terms) const {
    if (!measure_.traits.mixture || !call_.options.normalize) return false;
    double weight = call_.options.weight;
    double mixture = kernels_.mixture_entropy(inputs[0], inputs[1], call_.n, static_cast<T>(weight));
    double value = mixture - weight * entropy_p - (1 - weight) * entropy_q;
    terms[0] = terms[1] = value;
    return value > kSmallestShare * mixture;
  }

  static constexpr double kSmallestShare = 1.0 / 128;

  const PairwiseCall<T>& call_;
  const Kernels<T>& kernels_;
  const MeasureKernels<T>& measure_;
  const bool own_;
  const NormalizedRows<T> p_, q_;
};

}  // namespace

template <class T>
void reduce_pairs(const PairwiseCall<T>& call) {
  PairReduction<T>(call, kernels_of<T>(kernels())).run();
}

template void reduce_pairs(const PairwiseCall<float>&);
template void reduce_pairs(const PairwiseCall<double>&);

}  // namespace fastdiv
