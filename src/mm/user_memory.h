// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "mm/layout.h"

// The executive's only way to an application's memory. Called in the context of the process that the address
// belongs to, at IRQL <= APC_LEVEL.
namespace ring3::mm {

enum class Access : uint8_t { kRead, kWrite };

class AddressSpace;

// What the request that a thread serves brought along: small buffers of a client, captured by its side
// already, and written by its side when it has the answer. Asked before the client's memory is.
class InlineMemory {
 public:
  explicit InlineMemory(const AddressSpace& space) : space(&space) {}
  // False: not all of the range is here, and nothing was done.
  virtual bool Read(void* destination, uintptr_t address, size_t byte_count) = 0;
  virtual bool Write(uintptr_t address, const void* source, size_t byte_count) = 0;
  // Whether all of the range is here, and may be accessed so.
  virtual bool Covers(uintptr_t address, size_t byte_count, Access access) const = 0;

  const AddressSpace* const space;  // whose memory it is

 protected:
  ~InlineMemory() = default;
};

// The calling thread's; null: none.
extern thread_local constinit InlineMemory* t_inline_memory __attribute__((tls_model("initial-exec")));

// STATUS_ACCESS_VIOLATION where a page of the range cannot be accessed so (the bytes before it may have been
// copied) or the user range is not one. A length of zero succeeds.
Status CopyFromUser(void* destination, const volatile void* user_source, size_t byte_count);
Status CopyToUser(volatile void* user_destination, const void* source, size_t byte_count);

// Sets memory of the application; statuses as above.
Status FillUser(volatile void* user_destination, uint8_t value, size_t byte_count);

// Address checks alone, as ProbeForRead makes them: STATUS_DATATYPE_MISALIGNMENT (`alignment` is a power of
// two), STATUS_ACCESS_VIOLATION for a range that wraps or is not the user's. A length of zero succeeds.
// Touches nothing.
Status ProbeUserRange(const volatile void* address, size_t length, size_t alignment);

// The same, and every page of the range must grant `access` now. One region query per mapping of the range,
// whatever its size; touches nothing.
Status ProbeUserRange(const volatile void* address, size_t length, size_t alignment, Access access);
// The same for writing, by the cheaper of asking Linux and touching each page without changing it.
Status ProbeUserWrite(volatile void* address, size_t length);

}  // namespace ring3::mm
