// Measures of joint tables [nx, ny]: marginals first, then the terms, piece by piece, beside the marginals spread out
// over the table; last the centred gradient.
#include <algorithm>
#include <cstring>

#include "dispatch.hpp"
#include "drivers/batch.hpp"
#include "drivers/event.hpp"

namespace fastdiv {
namespace {

// At most this many parts of a large table sum their columns side by side.
constexpr size_t kColumnParts = 16;

template <class T>
struct Table {
  T* data;
  ptrdiff_t row_stride, column_stride;

  T* at(size_t x, size_t y) const {
    return data + static_cast<ptrdiff_t>(x) * row_stride + static_cast<ptrdiff_t>(y) * column_stride;
  }
  bool is_contiguous(size_t columns) const {
    return column_stride == 1 && row_stride == static_cast<ptrdiff_t>(columns);
  }
};

// Rows [x, x + rows) by columns [y, y + columns): whole rows, or a part of one.
struct Piece {
  size_t x, rows, y, columns;
  size_t size() const { return rows * columns; }
};

template <class T>
class TableReduction {
 public:
  TableReduction(const Call<T>& call, const Kernels<T>& kernels)
      : call_(call), kernels_(kernels), measure_(kernels.measure[call.measure]) {
    size_t first = call.batch_ndim, last = call.batch_ndim + 1;
    // The columns' marginal is the one conditioned on; mutual information takes the contiguous axis for columns.
    bool swap = call.measure == k_conditional_entropy
                    ? call.options.given == -2
                    : call.input[0].strides[last] != 1 && call.input[0].strides[first] == 1;
    if (swap) std::swap(first, last);
    nx_ = call.shape[first];
    ny_ = call.shape[last];
    table_ = {nullptr, call.input[0].strides[first], call.input[0].strides[last]};
    gradient_ = {nullptr, call.gradient[0].strides[first], call.gradient[0].strides[last]};
    wanted_ = call.gradient[0].data != nullptr;
    rows_per_piece_ = ny_ == 0 || ny_ > kChunk ? 1 : kChunk / ny_;
    pieces_per_row_ = ny_ > kChunk ? chunk_count(ny_) : 1;
    pieces_ = (nx_ + rows_per_piece_ - 1) / rows_per_piece_ * pieces_per_row_;
  }

  template <class ForEach>
  void run(const ptrdiff_t* offsets, const ptrdiff_t* next, const ForEach& for_each) {
    T* value = call_.value.data + offsets[kValue];
    if (nx_ == 0 || ny_ == 0) {
      *value = 0;
      return;
    }
    table_.data = const_cast<T*>(call_.input[0].data + offsets[kP]);
    if (wanted_) gradient_.data = call_.gradient[0].data + offsets[kGradP];
    sum_[0] = Normalizer<T>();
    sum_marginals(for_each);
    if (!call_.options.normalize && largest_ == 0 && sum_[0].high == 0) return fill_zero(value);
    double terms[kMaxTerms] = {NAN, NAN};
    if (sum_[0].valid) sum_terms(pieces_ == 1 ? next[kP] - offsets[kP] : 0, terms, for_each);
    double cotangent = call_.cotangent.data != nullptr ? call_.cotangent.data[offsets[kCotangent]] : 1;
    Options normalized = call_.options;
    normalized.normalize = true;
    Event<T> event(measure_.traits, normalized, sum_, terms, cotangent);
    if (!call_.options.normalize) take_back_normalization(event);
    *value = static_cast<T>(event.value);
    if (wanted_) for_each(pieces_, [&](size_t k) { finish_gradient(piece(k), event); });
  }

 private:
  Piece piece(size_t k) const {
    size_t x = k / pieces_per_row_ * rows_per_piece_, y = k % pieces_per_row_ * kChunk;
    if (pieces_per_row_ > 1) return {x, 1, y, chunk_size(ny_, y / kChunk)};
    return {x, std::min(rows_per_piece_, nx_ - x), 0, ny_};
  }

  const T* fetch(const Piece& piece) {
    bool direct = piece.rows == 1 ? table_.column_stride == 1 : table_.is_contiguous(ny_);
    const PowerOfTwo<T>& prescale = sum_[0].prescale;
    if (direct && prescale.is_one()) return table_.at(piece.x, piece.y);
    T* buffer = scratch<T>(0);
    for (size_t k = 0; k < piece.rows; ++k)
      gather<T>(table_.at(piece.x + k, piece.y), table_.column_stride, piece.columns, buffer + k * piece.columns);
    prescale.apply(kernels_, buffer, piece.size());
    return buffer;
  }

  // Sums of rows and columns, and the largest entry, of pieces [begin, end), which hold whole rows or whole columns.
  T add_part(size_t begin, size_t end, T* high, T* low) {
    T largest = 0;
    for (size_t k = begin; k < end; ++k) {
      Piece at = piece(k);
      const T* entries = fetch(at);
      for (size_t row = 0; row < at.rows; ++row, entries += at.columns) {
        ChunkSum<T> part = kernels_.sum(entries, at.columns);
        row_sum_[at.x + row] += part.sum;
        largest = std::max(largest, part.largest);
        kernels_.add_columns(entries, high + at.y, low + at.y, at.columns);
      }
    }
    return largest;
  }

  template <class ForEach>
  T add_marginals(const ForEach& for_each) {
    row_sum_.assign(nx_, 0.0);
    high_.assign(ny_, T(0));
    low_.assign(ny_, T(0));
    size_t row_groups = pieces_ / pieces_per_row_;
    size_t parts = nx_ * ny_ < kWorthThreads ? 1 : std::min(kColumnParts, row_groups);
    if (parts == 1) return add_part(0, pieces_, high_.data(), low_.data());
    std::vector<T> columns(2 * parts * ny_);
    std::vector<T> largest(parts);
    for_each(parts, [&](size_t part) {
      size_t begin = row_groups * part / parts, end = row_groups * (part + 1) / parts;
      T* high = &columns[2 * part * ny_];
      largest[part] = add_part(begin * pieces_per_row_, end * pieces_per_row_, high, high + ny_);
    });
    for (size_t part = 0; part < parts; ++part)
      for (int half = 0; half < 2; ++half)
        kernels_.add_columns(&columns[(2 * part + half) * ny_], high_.data(), low_.data(), ny_);
    return *std::max_element(largest.begin(), largest.end());
  }

  template <class ForEach>
  void sum_marginals(const ForEach& for_each) {
    Normalizer<T>& norm = sum_[0];
    largest_ = add_marginals(for_each);
    norm.high = sum_pairwise(row_sum_.data(), nx_, 1);
    if (is_moderate<T>(norm.high)) return;
    norm.valid = norm.high >= 0 && largest_ > 0 && std::isfinite(largest_);
    if (!norm.valid) return;
    norm.prescale = PowerOfTwo<T>::inverse_of(largest_);
    add_marginals(for_each);
    norm.high = sum_pairwise(row_sum_.data(), nx_, 1);
  }

  // The plain measures of weights w from those of w / S: H(X | Y) = S H, and I(X; Y) = S I - S log S, whose own terms
  // would need products of marginals to more digits than T has. For probabilities S is 1 but for roundings, which is
  // why it is summed in two parts.
  void take_back_normalization(Event<T>& event) const {
    double sum = 0, rest = 0;
    for (size_t y = 0; y < ny_; ++y) {
      double next = sum + high_[y], part = next - sum;
      rest += ((sum - (next - part)) + (high_[y] - part)) + low_[y];
      sum = next;
    }
    double log_sum = sum > 0.5 && sum < 2 ? std::log1p((sum - 1) + rest) : std::log(sum + rest);
    const PowerOfTwo<T>& prescale = sum_[0].prescale;
    log_sum -= std::log(prescale.first) + std::log(prescale.second);
    if (call_.measure == k_conditional_entropy) log_sum = 0;
    double probable = event.value - call_.options.unit * log_sum;
    event.value = probable * (sum + rest) / prescale.first / prescale.second;
    event.center[0] = measure_.traits.center_plain[0] + log_sum;
    event.factor[0] *= sum_[0].high;
    event.prescale[0] = PowerOfTwo<T>();
  }

  // The plain measure of a table of zeros, which has no probabilities.
  void fill_zero(T* value) const {
    *value = 0;
    for (size_t x = 0; wanted_ && x < nx_; ++x)
      for (size_t y = 0; y < ny_; ++y) *gradient_.at(x, y) = 0;
  }

  // What the kernel wants beside the table: the columns' marginal, and its low part or the rows' share of the sum.
  void spread_marginals(const Piece& at, const T** inputs) {
    T* marginal = scratch<T>(4);
    T* second = scratch<T>(5);
    for (size_t row = 0; row < at.rows; ++row) {
      std::memcpy(marginal + row * at.columns, &high_[at.y], at.columns * sizeof(T));
      if (call_.measure == k_conditional_entropy) {
        std::memcpy(second + row * at.columns, &low_[at.y], at.columns * sizeof(T));
      } else {
        T share = static_cast<T>(row_sum_[at.x + row] / sum_[0].high);
        std::fill_n(second + row * at.columns, at.columns, share);
      }
    }
    inputs[1] = marginal;
    inputs[2] = second;
  }

  bool writes_directly(const Piece& at) const {
    return at.rows == 1 ? gradient_.column_stride == 1 : gradient_.is_contiguous(ny_);
  }
  T* raw_memory(const Piece& at) { return writes_directly(at) ? gradient_.at(at.x, at.y) : scratch<T>(2); }

  void scatter_rows(const Piece& at, const T* raw) {
    for (size_t row = 0; row < at.rows; ++row)
      scatter(raw + row * at.columns, at.columns, gradient_.at(at.x + row, at.y), gradient_.column_stride);
  }

  void piece_terms(const Piece& at, const RowConstants<T>& row, double* sums) {
    const T* inputs[3] = {fetch(at), nullptr, nullptr};
    spread_marginals(at, inputs);
    T* raw[2] = {wanted_ ? raw_memory(at) : nullptr, nullptr};
    measure_.normalized[wanted_](inputs, at.size(), row, sums, raw);
    if (wanted_ && !writes_directly(at)) scatter_rows(at, raw[0]);
  }

  template <class ForEach>
  void sum_terms(ptrdiff_t ahead, double* terms, const ForEach& for_each) {
    RowConstants<T> row;
    row.ahead[0] = ahead;
    terms[0] = terms[1] = 0;
    if (pieces_ == 1) return piece_terms(piece(0), row, terms);
    std::vector<double> partial(pieces_ * kMaxTerms);
    for_each(pieces_, [&](size_t k) { piece_terms(piece(k), row, &partial[k * kMaxTerms]); });
    for (int t = 0; t < kMaxTerms; ++t) terms[t] = sum_pairwise(&partial[t], pieces_, kMaxTerms);
  }

  void finish_gradient(const Piece& at, const Event<T>& event) {
    T* raw = raw_memory(at);
    bool direct = writes_directly(at);
    if (!direct)
      for (size_t row = 0; row < at.rows; ++row)
        gather<T>(gradient_.at(at.x + row, at.y), gradient_.column_stride, at.columns, raw + row * at.columns);
    event.finish_gradient(kernels_, 0, raw, at.size());
    if (!direct) scatter_rows(at, raw);
  }

  const Call<T>& call_;
  const Kernels<T>& kernels_;
  const MeasureKernels<T>& measure_;
  size_t nx_, ny_, rows_per_piece_, pieces_per_row_, pieces_;
  int wanted_;
  // of the table at hand
  Table<T> table_, gradient_;
  Normalizer<T> sum_[2];
  T largest_;
  std::vector<double> row_sum_;
  std::vector<T> high_, low_;  // the columns' sums
};

}  // namespace

template <class T>
void reduce_tables(const Call<T>& call) {
  const Kernels<T>& kernels = kernels_of<T>(fastdiv::kernels());
  size_t size = call.shape[call.batch_ndim] * call.shape[call.batch_ndim + 1];
  for_each_event(call, size, [&] { return TableReduction<T>(call, kernels); });
}

template void reduce_tables(const Call<float>&);
template void reduce_tables(const Call<double>&);

}  // namespace fastdiv
