#include "dispatch.hpp"

#include <atomic>
#include <cstdlib>
#include <cstring>

namespace fastdiv {

#if defined(__x86_64__)
extern const KernelTable kernels_v4, kernels_v3, kernels_v2;
#else
extern const KernelTable kernels_neon;
#endif

namespace {

struct Choice {
  const KernelTable* table;
  bool (*supported)();
};

#if defined(__x86_64__)
#if defined(__clang__) && __clang_major__ < 18
// It does not know the levels by name: these features together tell them apart on every processor made.
#define FASTDIV_HAS(feature) (__builtin_cpu_supports(feature) != 0)
bool has_v2() { return FASTDIV_HAS("sse4.2") && FASTDIV_HAS("popcnt"); }
bool has_v3() { return has_v2() && FASTDIV_HAS("avx2") && FASTDIV_HAS("fma") && FASTDIV_HAS("bmi2"); }
bool has_v4() {
  return has_v3() && FASTDIV_HAS("avx512f") && FASTDIV_HAS("avx512bw") && FASTDIV_HAS("avx512cd") &&
         FASTDIV_HAS("avx512dq") && FASTDIV_HAS("avx512vl");
}
#else
bool has_v2() { return __builtin_cpu_supports("x86-64-v2") != 0; }
bool has_v3() { return __builtin_cpu_supports("x86-64-v3") != 0; }
bool has_v4() { return __builtin_cpu_supports("x86-64-v4") != 0; }
#endif
#endif

// Best first: the first that the machine supports is used.
const Choice kChoices[] = {
#if defined(__x86_64__)
    {&kernels_v4, has_v4},
    {&kernels_v3, has_v3},
    {&kernels_v2, has_v2},
#else
    {&kernels_neon, [] { return true; }},
#endif
};

const KernelTable* find(const char* name) {
  for (size_t k = 0; const KernelTable* table = available(k); ++k)
    if (std::strcmp(table->name, name) == 0) return table;
  throw UnknownIsa();
}

std::atomic<const KernelTable*> active{nullptr};

}  // namespace

const KernelTable* available(size_t k) {
  for (const Choice& choice : kChoices)
    if (choice.supported() && k-- == 0) return choice.table;
  return nullptr;
}

const KernelTable& kernels() {
  const KernelTable* table = active.load(std::memory_order_acquire);
  if (table == nullptr) {
    const char* wanted = std::getenv("FASTDIV_ISA");
    table = wanted != nullptr && *wanted != '\0' ? find(wanted) : available(0);
    if (table == nullptr) throw UnknownIsa();
    active.store(table, std::memory_order_release);
  }
  return *table;
}

void use(const char* name) { active.store(find(name), std::memory_order_release); }

}  // namespace fastdiv
