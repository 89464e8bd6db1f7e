// One leaf of a Monte Carlo estimate, fused: draw, both log-densities, the divergence's F, and the sums of value,
// variance and all gradients that are asked for, block by block of samples of one component. Nothing leaves the cache,
// and nothing grows with the number of samples.
//
//   x = m_k + y, y = L_k z;   value = sum_k w_k mean_k F(d),   d = log p(x) - log q(x),   c = w_k F'(d)
//   direct:  sum of c d log p / d(parameters of p), -c d log q / d(parameters of q)
//   moved:   g_x = c (d log p / dx - d log q / dx);   by m_k: g_x, by L_k: lower triangle of g_x z^T
#pragma once
#include "kernels/distributions/draw.hpp"
#include "kernels/distributions/mixture.hpp"
#include "kernels/distributions/moments.hpp"

namespace {

using fastdiv::kMixtures;
using fastdiv::kRoundsMost;
using fastdiv::Moments;
using fastdiv::SamplesJob;
using fastdiv::Stratum;

constexpr int kSmallDimension = 3;

template <class T>
struct GaussianKernels {
  void (*spread)(const T* scale, const T* z, int dimension, const Rows<T>& block, T* y);
  void (*density)(const MixtureConstants<T>& m, int j, const T* offset, const T* y, int dimension, const Rows<T>& block,
                  T* u, T* log_density);
  void (*add_outer)(const T* a, const T* b, int dimension, const Rows<T>& block, T* lanes);
  void (*add_gradient[1 + kSmallDimension])(const GradientOf<T>& component, const Rows<T>& block);  // 0: any dimension
};

template <class T, class Gaussian, bool kTriangular>
constexpr GaussianKernels<T> gaussian_kernels() {
  return {Gaussian::spread,
          Gaussian::density,
          Gaussian::add_outer,
          {add_gradient<T, Gaussian>, add_small_gradient<T, kTriangular, 1>, add_small_gradient<T, kTriangular, 2>,
           add_small_gradient<T, kTriangular, 3>}};
}

template <class T>
constexpr GaussianKernels<T> kGaussian[fastdiv::kGaussianForms] = {gaussian_kernels<T, Diagonal<T>, false>(),
                                                                   gaussian_kernels<T, Triangular<T>, true>()};

template <class T>
void zero(T* x, size_t n) {
  __builtin_memset(x, 0, n * sizeof(T));
}

// The scratch memory of a leaf.
template <class T>
struct Memory {
  T *z, *y, *g, *work, *sample_factor;
  T* log_density[kMixtures];
  T* factor[kMixtures];
  T* weight[kMixtures];  // rows of log-densities, then of weights
  T* u[kMixtures];
  T *f_of_leaf, *control_of_leaf;
  T *direct[2], *moved;

  Memory(const SamplesJob<T>& job, T* at) {
    const ptrdiff_t row = job.block, dimension = job.dimension * row;
    auto take = [&](ptrdiff_t size) {
      T* begin = at;
      at += size;
      return begin;
    };
    z = take(dimension);
    y = take(dimension);
    g = take(dimension);
    work = take(dimension);
    sample_factor = take(row);
    for (int m = 0; m < job.mixtures; ++m) {
      log_density[m] = take(row);
      factor[m] = take(row);
      weight[m] = take(job.mixture[m].components * row);
      u[m] = take(job.mixture[m].components * dimension);
    }
    f_of_leaf = take(kRoundsMost);
    control_of_leaf = take(kRoundsMost);
    for (int m = 0; m < 2; ++m) direct[m] = take(static_cast<ptrdiff_t>(direct_size(job, m)) * kSumLanes<T>);
    moved = take(static_cast<ptrdiff_t>(moved_size(job)) * kSumLanes<T>);
  }
};

template <class T, class Function>
class Leaf {
 public:
  Leaf(const SamplesJob<T>& job, T* scratch) : job_(job), memory_(job, scratch) {}

  void run(uint64_t first, uint64_t count, Moments* moments, double* sums) {
    const uint64_t strata = static_cast<uint64_t>(job_.mixture[job_.source].components);
    const size_t direct = direct_size(job_, 0) + direct_size(job_, 1), moved = moved_size(job_);
    // Both follow one another in memory.
    zero(memory_.direct[0], direct * kSumLanes<T>);
    for (uint64_t k = 0; k < strata && k < count; ++k) {
      stratum_ = job_.strata + k;
      zero(memory_.moved, moved * kSumLanes<T>);
      int of_stratum = static_cast<int>((count - k + strata - 1) / strata);
      for (int start = 0; start < of_stratum; start += job_.block) {
        int left = of_stratum - start;
        add_block(first + k + strata * static_cast<uint64_t>(start), strata, start,
                  left < job_.block ? left : job_.block);
      }
      moments[k] = moments_of(of_stratum);
      if (moved != 0) {
        double* to = sums + direct + k * moved;
        flush(memory_.moved, moved - 1, to);
        to[moved - 1] += moments[k].f;
      }
    }
    flush(memory_.direct[0], direct, sums);
  }

 private:
  static void flush(const T* lanes, size_t count, double* sums) {
    for (size_t i = 0; i < count; ++i) sums[i] += sum_of_lanes(lanes + i * kSumLanes<T>);
  }

  void add_block(uint64_t first, uint64_t step, int start, int samples) {
    constexpr int kWhole = kBlockBytes / static_cast<int>(sizeof(T));
    block_ = {(samples + kWhole - 1) / kWhole * kWhole, job_.block};
    samples_ = samples;
    draw<T>(job_.seed, job_.stream, first, step, job_.dimension, block_, memory_.z);
    evaluate(start, false);
    if (job_.antithetic) {
      for (int d = 0; d < job_.dimension; ++d)
        for (int i = 0; i < block_.n; i += Lanes<T>::kCount) {
          T* at = memory_.z + d * block_.stride + i;
          store(at, -load(at));
        }
      evaluate(start, true);
    }
  }

  // Of the points that z stands for now; `again` for the second half of an observation.
  void evaluate(int start, bool again) {
    const int source = job_.source;
    kGaussian<T>[job_.mixture[source].form].spread(stratum_->scale, memory_.z, job_.dimension, block_, memory_.y);
    for (int m = 0; m < job_.mixtures; ++m) mixture(m);
    apply(start, again);
    if (!gradients() || stratum_->factor == 0) return;
    if (job_.moved) zero(memory_.g, static_cast<size_t>(job_.dimension) * static_cast<size_t>(block_.stride));
    for (int m = 0; m < 2; ++m) gradient(m);
    if (!job_.moved) return;
    T* lanes = memory_.moved;
    add_rows(memory_.g, job_.dimension, block_, lanes);
    kGaussian<T>[job_.mixture[source].form].add_outer(memory_.g, memory_.z, job_.dimension, block_,
                                                      lanes + job_.dimension * kSumLanes<T>);
  }

  bool gradients() const { return job_.direct[0] || job_.direct[1] || job_.moved; }

  const T* u(int m, int j) const {
    return stratum_->same[m][j] ? memory_.z : memory_.u[m] + j * job_.dimension * block_.stride;
  }

  void mixture(int m) {
    const MixtureConstants<T>& constants = job_.mixture[m];
    for (int j = 0; j < constants.components; ++j) {
      if (constants.weightless[j] && !(m < 2 && job_.direct[m])) continue;
      T* rows = memory_.weight[m] + j * block_.stride;
      if (stratum_->same[m][j]) {
        square_of_normals(constants.log_scale[j], rows);
      } else {
        kGaussian<T>[constants.form].density(constants, j, stratum_->offset[m] + j * job_.dimension, memory_.y,
                                             job_.dimension, block_, memory_.u[m] + j * job_.dimension * block_.stride,
                                             rows);
      }
    }
    if (constants.components > 1) mix(constants, memory_.weight[m], block_, memory_.log_density[m], memory_.factor[m]);
  }

  void square_of_normals(T log_scale, T* log_density) {
    constexpr int kCount = Lanes<T>::kCount;
    for (int i = 0; i < block_.n; i += kGroupLanes<T>) {
      Vec<T> square[kGroup] = {};
      for (int d = 0; d < job_.dimension; ++d)
#pragma GCC unroll 4
        for (int v = 0; v < kGroup; ++v) {
          Vec<T> z = load(memory_.z + d * block_.stride + i + v * kCount);
          square[v] = fma(z, z, square[v]);
        }
      for (int v = 0; v < kGroup; ++v)
        store(log_density + i + v * kCount, fma(square[v], broadcast(T(-0.5)), broadcast(log_scale)));
    }
  }

  // Log-densities of a mixture of one component are its component's.
  const T* log_density(int m) const {
    return job_.mixture[m].components > 1 ? memory_.log_density[m] : memory_.weight[m];
  }

  void apply(int start, bool again) {
    constexpr int kCount = Lanes<T>::kCount;
    const T part = job_.antithetic ? T(0.5) : T(1);
    const Vec<T> share = broadcast(part), factor = broadcast(part * stratum_->factor);
    const bool control = job_.mixtures > 2;
    for (int i = 0; i < block_.n; i += kCount) {
      Vec<T> d = load(log_density(0) + i) - load(log_density(1) + i), slope;
      d = select(d == d, d, Vec<T>{});  // both densities are 0, far away from a component without weight
      Vec<T> f = Function::template apply<T>(d, job_.weight[0], job_.weight[1], &slope) * share;
      T* at = memory_.f_of_leaf + start + i;
      store(at, again ? load(at) + f : f);
      if (control) {
        Vec<T> h = (load(log_density(fastdiv::kSurrogateP) + i) - load(log_density(fastdiv::kSurrogateQ) + i)) * share;
        at = memory_.control_of_leaf + start + i;
        store(at, again ? load(at) + h : h);
      }
      store(memory_.sample_factor + i, slope * factor);
    }
    for (int i = samples_; i < block_.n; ++i) memory_.sample_factor[i] = 0;
    for (int m = 0; m < 2; ++m)
      for (int i = 0; job_.mixture[m].components > 1 && i < block_.n; i += kCount) {
        T* at = memory_.factor[m] + i;
        store(at, load(at) * load(memory_.sample_factor + i));
      }
  }

  void gradient(int m) {
    const MixtureConstants<T>& constants = job_.mixture[m];
    if (!job_.direct[m] && !job_.moved) return;
    const int dimension = job_.dimension,
              size = 1 + dimension + static_cast<int>(scale_size(constants.form, dimension));
    const bool mixed = constants.components > 1;
    for (int j = 0; j < constants.components; ++j) {
      T* weight = memory_.weight[m] + j * block_.stride;
      T* lanes = job_.direct[m] ? memory_.direct[m] + j * size * kSumLanes<T> : nullptr;
      if (constants.weightless[j]) {
        if (lanes != nullptr) add_weightless(weight, memory_.log_density[m], lanes);
        continue;
      }
      kGaussian<T>[constants.form].add_gradient[dimension <= kSmallDimension ? dimension : 0](
          {constants, j, dimension, m == 0 ? T(-1) : T(1), mixed ? weight : nullptr,
           mixed ? memory_.factor[m] : memory_.sample_factor, u(m, j), lanes, job_.moved ? memory_.g : nullptr,
           memory_.work},
          block_);
    }
  }

  // Of a component without weight only the sum of N_j(x) / p(x) times the sample's factor, kept finite.
  void add_weightless(T* row, const T* log_density, T* lanes) {
    const Vec<T> most = broadcast<T>(T(0.99) * (Lanes<T>::kExponentBias * Ln2<T>::kValue));
    for (int i = 0; i < block_.n; i += Lanes<T>::kCount)
      store(row + i, exp<T>(at_most<T>(load(row + i) - load(log_density + i), most)));
    add_products<T>(row, memory_.sample_factor, 1, block_, lanes);
  }

  // In double, about the mean.
  Moments moments_of(int n) {
    alignas(64) double f[kRoundsMost], g[kRoundsMost];
    const int whole = (n + kSumLanes<double> - 1) / kSumLanes<double> * kSumLanes<double>;
    const bool control = job_.mixtures > 2;
    Moments result = {};
    result.f = sum_about(memory_.f_of_leaf, n, whole, f);
    result.ff = sum_of_products(f, f, whole);
    if (!control) return result;
    result.g = sum_about(memory_.control_of_leaf, n, whole, g);
    result.gg = sum_of_products(g, g, whole);
    result.fg = sum_of_products(f, g, whole);
    return result;
  }

  const SamplesJob<T>& job_;
  Memory<T> memory_;
  const Stratum<T>* stratum_ = nullptr;
  Rows<T> block_ = {};
  int samples_ = 0;
};

template <class T, class Function>
void add_leaf(const SamplesJob<T>& job, uint64_t first, uint64_t count, T* scratch, Moments* moments, double* sums) {
  Leaf<T, Function>(job, scratch).run(first, count, moments, sums);
}

}  // namespace
