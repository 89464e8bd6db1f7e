// Chooses one instruction set for the process.
#pragma once
#include "kernels/table.hpp"

namespace fastdiv {

// The kernels in use. Throws UnknownIsa if FASTDIV_ISA names none that this machine has.
const KernelTable& kernels();

struct UnknownIsa {};

// The k-th instruction set of this machine, best first; nullptr past the end.
const KernelTable* available(size_t k);

void use(const char* name);  // throws UnknownIsa

}  // namespace fastdiv
