// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

// What the executive asks of an application's process when that is another one: changes of its address space,
// new threads, user APCs. The application's side (src/transport) carries an order out as it is told and
// answers with a status and a result. The executive believes neither: whatever matters is looked up in Linux'
// own account of the process (os::PeerProcess::Regions).
namespace ring3 {

enum class OrderKind : uint32_t {
  // Address space, with the meaning of the routine of the same name in os/memory.h.
  kReserveAt,        // address, byte_count
  kReserveAnywhere,  // byte_count, alignment, limit, placement → the address
  kRelease,          // address, byte_count
  kDecommit,         // address, byte_count
  kProtect,          // address, byte_count, protection

  // Memory objects. The descriptor of a new object comes over the process' socket, with its number.
  kCloseObject,  // object: the descriptor is closed, mappings stay
  kMapObject,    // address, byte_count, object, offset, protection: over whatever is there. Ends a kHold
  // Holds writers off, copies [address, +byte_count) into the object at `offset`, maps that over the same
  // addresses with `protection`, and lets writers go on.
  kAdopt,
  // Holds everybody off who accesses [address, +byte_count), until a kMapObject, kProtect or kDecommit that
  // reaches the end of the range.
  kHold,

  // Threads.
  kStartThread,  // routine, argument, byte_count (of the stack; 0: the default), ticket
  kRunUserApc,   // routine, argument, argument2, argument3: in the thread that the order goes to
};

// The number of the memory object that a process's own memory moves into.
inline constexpr uint32_t kOwnMemoryObject = 1;

// One cache line and a half; copied whole before it is looked at.
struct ProcessOrder {
  OrderKind kind;
  uint32_t object = 0;
  uint64_t address = 0;
  uint64_t byte_count = 0;
  uint64_t offset = 0;
  uint32_t protection = 0;  // os::Protection
  uint32_t placement = 0;   // os::Placement
  uint64_t alignment = 0;
  uint64_t limit = 0;
  uint64_t routine = 0;
  uint64_t argument = 0;
  uint64_t argument2 = 0;
  uint64_t argument3 = 0;
  uint64_t ticket = 0;
};

struct OrderAnswer {
  int32_t status = 0;
  uint64_t result = 0;
};

}  // namespace ring3
