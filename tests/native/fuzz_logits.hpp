// What must hold of any call of the functions on logits, on every instruction set: it ends with the status that its
// arguments ask for and writes nothing but its outputs; a value is NaN only where its row is undefined and a
// divergence never negative; values and gradients are right (logits_reference.hpp); no row depends on another; and
// instruction sets with a fused multiply-add give the same bits.
#pragma once
#include <cstdlib>
#include <memory>

#include "fuzz_logits_request.hpp"
#include "logits_reference.hpp"

namespace logits {

template <class S>
int call(Request<S>& r) {
  typedef Word<S>* Words;
  Words grad[2], input[2];
  for (int i = 0; i < 2; ++i) {
    input[i] = reinterpret_cast<Words>(r.input[i].first());
    grad[i] = !r.gradient[i] ? nullptr : r.in_place[i] ? input[i] : reinterpret_cast<Words>(r.grad[i].first());
  }
  if (r.slip == kNoX) input[0] = nullptr;
  if (r.slip == kNoY) input[1] = nullptr;
  auto* value = r.slip == kNoValue ? nullptr : r.value.first();
  auto* cotangent = r.with_cotangent ? r.cotangent.first() : nullptr;
  std::vector<size_t> many(FASTDIV_MAX_NDIM + 1, 1);
  const size_t* shape = r.slip == kNoShape ? nullptr : r.slip == kTooManyAxes ? many.data() : r.shape.data();
  size_t ndim = r.slip == kNoAxes ? 0 : r.slip == kTooManyAxes ? many.size() : r.shape.size();
  // An older program's options end where it says.
  size_t size = std::max(sizeof(size_t), std::min(r.options.struct_size, sizeof r.options));
  std::unique_ptr<char[]> memory(new char[size]);
  std::memcpy(memory.get(), &r.options, size);
  auto* options = r.with_options ? reinterpret_cast<const fastdiv_options*>(memory.get()) : nullptr;
  if (r.function.one != nullptr)
    return r.function.one(ndim, shape, input[0], r.input[0].steps(), options, cotangent, r.cotangent.steps(), value,
                          r.value.steps(), grad[0], r.grad[0].steps());
  return r.function.two(ndim, shape, input[0], r.input[0].steps(), input[1], r.input[1].steps(), options, cotangent,
                        r.cotangent.steps(), value, r.value.steps(), grad[0], r.grad[0].steps(), grad[1],
                        r.grad[1].steps());
}

template <class S>
void require(bool holds, const Request<S>& r, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "logits %s_%s: %s; shape", r.function.name, r.function.type, what);
  for (size_t size : r.shape) std::fprintf(stderr, " %zu", size);
  std::fprintf(stderr, "; temperature %a, base %a, weight %a, struct_size %zu%s, slip %d, isa %s\n",
               r.options.temperature, r.options.base, r.options.weight, r.options.struct_size,
               r.with_options ? "" : " (not given)", r.slip, fastdiv_isa());
  for (int i = 0; i < 2; ++i) (r.original != nullptr ? r.original : &r)->input[i].print("input");
  r.value.print("value");
  r.cotangent.print("cotangent");
  for (int i = 0; i < 2; ++i) r.grad[i].print(r.in_place[i] ? "gradient in place of" : "gradient");
  std::abort();
}

template <class S>
void check_status(const Request<S>& r, int status) {
  size_t size = 1, rows = 1;
  for (size_t each : r.shape) size *= each;
  for (size_t axis = 0; axis + 1 < r.shape.size(); ++axis) rows *= r.shape[axis];
  int slip = FASTDIV_OK;
  if (r.slip == kNoAxes || r.slip == kTooManyAxes) slip = FASTDIV_INVALID_SHAPE;
  if (r.slip == kNoShape || (r.slip == kNoX && size != 0) || (r.slip == kNoY && size != 0 && r.inputs() == 2) ||
      (r.slip == kNoValue && rows != 0))
    slip = FASTDIV_NULL_POINTER;
  bool asked = status == slip || (status == FASTDIV_INVALID_OPTION && !r.valid_options());
  require(asked && (status != FASTDIV_OK || r.valid_options()), r, fastdiv_status_string(status));
}

// Where an array has entry i of a row; values have no entries.
template <class AnyArray>
size_t place(const AnyArray& array, const std::vector<size_t>& shape, size_t row, size_t i) {
  ptrdiff_t offset = array.origin;
  for (size_t axis = shape.size() - 1; axis-- > 0; row /= shape[axis])
    offset += static_cast<ptrdiff_t>(row % shape[axis]) * array.strides[axis];
  if (array.shape.size() == shape.size()) offset += static_cast<ptrdiff_t>(i) * array.strides.back();
  return static_cast<size_t>(offset);
}

template <class S>
std::vector<double> logits_of(const Request<S>& r, int input, size_t row) {
  std::vector<double> list(input < r.inputs() ? r.shape.back() : 0);
  for (size_t i = 0; i < list.size(); ++i)
    list[i] = number(r.input[input].entries[place(r.input[input], r.shape, row, i)]);
  return list;
}

template <class S>
const Array<S>& gradient_array(const Request<S>& r, int i) {
  return r.in_place[i] ? r.input[i] : r.grad[i];
}

// A result and its tolerance; both ends are rounded as results are. Sums of a row may overflow before their mean would.
template <class S>
bool is_near(S got, Wide exact, Wide tolerance) {
  typedef Computed<S> T;
  S least = stored<S>(static_cast<T>(exact - tolerance)), most = stored<S>(static_cast<T>(exact + tolerance));
  if (std::fabs(exact) > std::numeric_limits<T>::max() / 0x1p14L && std::isinf(number(got))) return true;
  return number(least) <= number(got) && number(got) <= number(most);
}

template <class T>
Wide ulp(Wide x) {
  using Limits = std::numeric_limits<T>;
  int exponent = x == 0 ? Limits::min_exponent - 1 : std::max(std::ilogb(x), Limits::min_exponent - 1);
  return std::ldexp(Wide(1), exponent - Limits::digits + 1);
}

template <class S, class T = Computed<S>>
void check_gradient(const Request<S>& r, int input, size_t row, const LogitsReference& reference, Wide slope) {
  const Array<S>& gradient = gradient_array(r, input);
  // Which sign an infinite slope has is lost where its factor is rounded to 0.
  if (reference.infinite && input == 0 && std::fabs(slope) < 1e-30L) return;
  Wide largest = 0, relative = sizeof(T) == 4 ? 1e-5L : 1e-13L;
  for (Wide each : reference.gradient[input]) largest = std::fmax(largest, std::fabs(each));
  // Logarithms to a mixture that are nearly equal cancel, and probabilities below the smallest number are lost.
  Wide tolerance = relative * largest + 4 * std::numeric_limits<T>::epsilon() * reference.cancels[input];
  tolerance += (reference.doubt + std::numeric_limits<T>::min()) / r.temperature();
  // Out of their range, doubles are taken as their differences to the largest logit, rounded.
  bool rebased = sizeof(T) == 8 && (std::fabs(std::log2(r.temperature())) > 20 || reference.logarithms > 0x1p45L);
  if (rebased) tolerance += 0x1p11L * reference.doubt / r.temperature();
  if (std::isinf(largest)) tolerance = 0;
  tolerance = tolerance * std::fabs(slope) + std::numeric_limits<T>::min();
  // A factor that is subnormal has lost digits.
  if (std::isfinite(largest)) tolerance += 2 * r.shape.back() * largest * std::numeric_limits<T>::denorm_min();
  for (size_t i = 0; i < r.shape.back(); ++i) {
    S got = gradient.entries[place(gradient, r.shape, row, i)];
    Wide exact = reference.undefined || reference.gradient[input][i] == 0 ? 0 : reference.gradient[input][i] * slope;
    bool right = reference.undefined ? std::isnan(number(got)) : is_near(got, exact, tolerance);
    if (!right) std::fprintf(stderr, "row %zu, entry %zu: got %a, expected %La\n", row, i, number(got), exact);
    if (!right) reference.print();
    require(right, r, input == 0 ? "a wrong gradient by x" : "a wrong gradient by y");
  }
}

template <class S, class T = Computed<S>>
void check_row(const Request<S>& request, const Request<S>& r, size_t row, const LogitsReference& reference) {
  Wide unit = r.unit(), slope = unit;
  T value = r.value.entries[place(r.value, r.shape, row, 0)];
  if (request.with_cotangent) slope *= request.cotangent.entries[place(request.cotangent, r.shape, row, 0)];
  bool divergence = std::strstr(r.function.name, "divergence") != nullptr && unit > 0;
  if (std::isnan(value) != reference.undefined) reference.print();
  require(std::isnan(value) == reference.undefined, r, "NaN without cause, or a number without sense");
  require(!(divergence && value < 0), r, "a negative divergence");
  if (reference.logarithms > std::numeric_limits<T>::max() / 0x1p14L) return;  // sums may be anything
  if (!reference.undefined) {
    Wide tolerance = 4 * ulp<T>(reference.magnitude * std::fabs(unit)) + reference.doubt * std::fabs(unit);
    bool right = reference.infinite ? value == static_cast<T>(reference.value * unit)
                                    : is_near(value, reference.value * unit, tolerance + std::numeric_limits<T>::min());
    if (!right)
      std::fprintf(stderr, "row %zu: got %a, expected %La, magnitude %La, doubt %La\n", row, double(value),
                   reference.value * unit, reference.magnitude, reference.doubt);
    if (!right) reference.print();
    require(right, r, "a wrong value");
  }
  for (int i = 0; i < 2; ++i)
    if (r.gradient[i] && std::isfinite(slope)) check_gradient(r, i, row, reference, slope);
}

// The row by itself, contiguous, its gradients in memory of their own.
template <class S>
void check_alone(const Request<S>& request, const Request<S>& r, size_t row) {
  Request<S> alone = request;
  std::vector<size_t> one_row = {r.shape.back()};
  alone.shape = one_row;
  alone.value.contiguous({});
  if (request.with_cotangent) {
    alone.cotangent.contiguous({});
    alone.cotangent.entries[0] = request.cotangent.entries[place(request.cotangent, r.shape, row, 0)];
  }
  for (int i = 0; i < r.inputs(); ++i) {
    alone.in_place[i] = false;
    alone.input[i].contiguous(one_row);
    alone.grad[i].contiguous(one_row);
    for (size_t k = 0; k < one_row[0]; ++k)
      alone.input[i].entries[k] = request.input[i].entries[place(request.input[i], r.shape, row, k)];
  }
  call(alone);
  require(same_number(alone.value.entries[0], r.value.entries[place(r.value, r.shape, row, 0)]), r,
          "another value than of the row alone");
  for (int i = 0; i < 2; ++i)
    for (size_t k = 0; r.gradient[i] && k < one_row[0]; ++k)
      require(same_number(alone.grad[i].entries[k], gradient_array(r, i).entries[place(r.grad[i], r.shape, row, k)]), r,
              "another gradient than of the row alone");
}

// Nothing else than the entries of `after` is written, and they only if `all`.
template <class S, class AnyArray>
void check_untouched(const Request<S>& r, const AnyArray& before, const AnyArray& after, bool all) {
  std::vector<bool> member = after.members();
  for (size_t i = 0; i < member.size(); ++i)
    if (all || !member[i])
      require(same_number(before.entries[i], after.entries[i]), r, "written where nothing belongs");
}

template <class AnyArray>
bool same_array(const AnyArray& a, const AnyArray& b) {
  for (size_t i = 0; i < a.entries.size(); ++i)
    if (!same_number(a.entries[i], b.entries[i])) return false;
  return true;
}

template <class S>
void check_request(const Request<S>& request) {
  size_t rows = 1;
  for (size_t axis = 0; axis + 1 < request.shape.size(); ++axis) rows *= request.shape[axis];
  std::vector<LogitsReference> references;
  Request<S> before;
  for (size_t k = 0; const char* isa = fastdiv_available_isa(k); ++k) {
    fastdiv_set_isa(isa);
    Request<S> r = request;
    r.original = &request;
    int status = call(r);
    check_status(r, status);
    bool refused = status != FASTDIV_OK;
    check_untouched(r, request.value, r.value, refused);
    for (int i = 0; i < r.inputs(); ++i) {
      check_untouched(r, request.input[i], r.input[i], refused || !r.in_place[i]);
      check_untouched(r, request.grad[i], r.grad[i], refused || !r.gradient[i] || r.in_place[i]);
    }
    if (refused) continue;
    for (size_t row = 0; row < rows; ++row) {
      if (references.size() == row)
        references.emplace_back(r.function.name, logits_of(request, 0, row), logits_of(request, 1, row),
                                LogitsOptions{r.temperature(), r.weight()});
      check_row(request, r, row, references[row]);
      check_alone(request, r, row);
    }
    if (std::strcmp(isa, "v2") == 0) continue;
    if (!before.shape.empty()) {
      require(same_array(before.value, r.value), r, "other values than the instruction set before");
      for (int i = 0; i < 2; ++i)
        require(same_array(gradient_array(before, i), gradient_array(r, i)), r,
                "other gradients than the instruction set before");
    }
    before = r;
  }
}

}  // namespace logits
