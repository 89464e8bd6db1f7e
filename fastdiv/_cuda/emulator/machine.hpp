// A GPU that runs one block at a time: its memory, which is checked, and the order in which warps and lanes come.
//
// The lanes of a warp go through a basic block one after another, those first that are furthest behind, so that they
// come together again. Warps run to the next barrier in an order drawn anew each time: what needs a barrier fails
// without one.
#pragma once

#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "instructions.hpp"

namespace ptx {

constexpr u32 lanes_of_warp = 32, all_lanes = 0xffffffffu;

struct Fault : std::runtime_error {
  using runtime_error::runtime_error;
};

[[noreturn, gnu::noinline]] inline void fault(const char* what, int line, u64 address, u64 bytes) {
  char text[200];
  std::snprintf(text, sizeof text, "%s (%llu bytes at %#llx, PTX line %d)", what,
                static_cast<unsigned long long>(bytes), static_cast<unsigned long long>(address), line);
  throw Fault(text);
}

struct Range {
  u64 begin, end;
};

// Global memory has the host's addresses; those of shared memory begin at 0.
struct Memory {
  const Range* arrays;
  u32 count;
  std::vector<unsigned char> shared;
};

// A vector with an element inside an array is read as a whole: no page of memory ends within 16 bytes.
template <bool reads>
unsigned char* at_global(Memory& memory, u64 address, u64 bytes, int line) {
  if (address % bytes) fault("global memory off the alignment", line, address, bytes);
  const u64 slack = reads && bytes == 16 ? 15 : 0;
  for (u32 k = 0; k < memory.count; ++k)
    if (address + slack >= memory.arrays[k].begin && address + bytes <= memory.arrays[k].end + slack)
      return reinterpret_cast<unsigned char*>(address);
  fault("global memory out of bounds", line, address, bytes);
}

template <bool reads>
unsigned char* at_shared(Memory& memory, u64 address, u64 bytes, int line) {
  if (address % bytes) fault("shared memory off the alignment", line, address, bytes);
  if (address > memory.shared.size() || memory.shared.size() - address < bytes)
    fault("shared memory out of bounds", line, address, bytes);
  return memory.shared.data() + address;
}

template <class T>
T get(const unsigned char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class T>
void put(unsigned char* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

struct Launch {
  u32 grid, lanes;
  const u64* parameters;
};

// What a warp's lanes say to each other in one instruction.
struct Exchange {
  u32 said[lanes_of_warp], distance[lanes_of_warp], clamp[lanes_of_warp], members[lanes_of_warp];

  void check(u32 active, int line) const {
    for (u32 members_of_one : members)
      if (active != all_lanes || members_of_one != all_lanes) fault("lanes of a warp are apart", line, active, 0);
  }
  u32 shuffled(u32 lane, int line) const {
    if (clamp[lane] != lanes_of_warp - 1 || distance[lane] >= lanes_of_warp) fault("shuffle", line, distance[lane], 0);
    return said[lane ^ distance[lane]];
  }
  bool any() const {
    return std::any_of(said, said + lanes_of_warp, [](u32 each) { return each != 0; });
  }
};

template <class Lane>
using Warp = Lane[lanes_of_warp];

// Returns which lanes are furthest behind of those that run, and in which block; 0 if all have ended or wait.
template <class Lane>
u32 furthest_behind(const Warp<Lane>& warp, u32& block) {
  u32 active = 0;
  for (u32 k = 0; k < lanes_of_warp; ++k) {
    const Lane& lane = warp[k];
    if (lane.ended || lane.waits || (active && lane.next > block)) continue;
    active = active && lane.next == block ? active | 1u << k : 1u << k;
    block = lane.next;
  }
  return active;
}

// Lets lanes go on that wait at the same barrier; false if all have ended.
template <class Lane>
bool release(std::vector<Lane>& lanes) {
  for (Lane& lane : lanes) {
    const bool apart = lane.ended != lanes[0].ended || (!lane.ended && lane.next != lanes[0].next);
    if (apart) throw Fault("a barrier that not all lanes reach");
    lane.waits = false;
  }
  return !lanes[0].ended;
}

template <class Lane, class RunWarp>
void run_block(std::vector<Lane>& lanes, u32& seed, RunWarp run_warp) {
  std::vector<u32> order(lanes.size() / lanes_of_warp);
  do {
    for (u32 k = 0; k < order.size(); ++k) {
      const u32 at = (seed = hashed(seed + 1)) % (k + 1);
      order[k] = order[at];
      order[at] = k;
    }
    for (u32 each : order) run_warp(reinterpret_cast<Warp<Lane>&>(lanes[each * lanes_of_warp]));
  } while (release(lanes));
}

// Memory and registers that nothing was written to hold NaN and -1.
template <class Lane, class RunWarp>
int run_grid(const Launch& launch, Memory& memory, char* message, u32 length, RunWarp run_warp) {
  try {
    if (launch.lanes % lanes_of_warp) throw Fault("lanes are no whole warps");
    std::vector<Lane> lanes(launch.lanes);
    u32 seed = 1;
    for (u32 block = 0; block < launch.grid; ++block) {
      std::fill(memory.shared.begin(), memory.shared.end(), 0xff);
      std::memset(static_cast<void*>(lanes.data()), 0xff, lanes.size() * sizeof(Lane));
      for (u32 k = 0; k < launch.lanes; ++k) {
        lanes[k].thread = k;
        lanes[k].next = 0;
        lanes[k].ended = lanes[k].waits = false;
      }
      run_block(lanes, seed, [&](Warp<Lane>& warp) { run_warp(warp, memory, launch, block); });
    }
  } catch (const std::exception& error) {
    std::snprintf(message, length, "%s", error.what());
    return 1;
  }
  return 0;
}

}  // namespace ptx
