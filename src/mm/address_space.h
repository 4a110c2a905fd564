// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/leak_report.h"
#include "base/result.h"
#include "ddi/mm.h"
#include "mm/frame_run.h"
#include "mm/layout.h"
#include "mm/user_views.h"
#include "mm/virtual_memory.h"
#include "ntstatus.h"
#include "os/memory.h"
#include "os/peer_process.h"

namespace ring3::mm {

class ClientPort;
enum class Access : uint8_t;

// A process's user memory. There are two kinds:
//   local    the Linux process that the executive runs in. Embedded, every process has this one space:
//            the system address of a user page is the user address itself.
//   client   another Linux process (src/mm/client_space.h). Its memory is reached by system calls,
//            through frames that both sides have mapped, or at its own addresses (src/mm/user_window.h).
// KPROCESS::address_space is never null once mm is up: the system process has the local one.
class AddressSpace {
 public:
  AddressSpace(const AddressSpace&) = delete;
  AddressSpace& operator=(const AddressSpace&) = delete;
  virtual ~AddressSpace() = default;

  // The local space; mm is up.
  static AddressSpace& Local();
  // A client's. `process` and `port` are there until TearDownAddressSpace has returned; nothing looks at them
  // afterwards. STATUS_INSUFFICIENT_RESOURCES.
  static Result<std::unique_ptr<AddressSpace>> CreateForClient(os::PeerProcess& process, ClientPort& port);

  bool is_local() const { return is_local_; }

  // ---- Access by address, in any context, IRQL <= DISPATCH_LEVEL. False at the first page that the
  // application itself could not access so; the bytes before it may have been copied.
  virtual bool Read(void* destination, uintptr_t address, size_t byte_count) = 0;
  virtual bool Write(uintptr_t address, const void* source, size_t byte_count) = 0;
  // Many small pieces. What could not be written is left out; returns the number of bytes that were.
  virtual size_t WritePieces(std::span<const os::PeerProcess::Piece> pieces);
  virtual bool Fill(uintptr_t address, uint8_t value, size_t byte_count) = 0;
  // Whether every page of the range grants the access now; touches nothing. One question to Linux per
  // mapping.
  virtual bool Grants(uintptr_t start, uintptr_t end, Access access);

  // ---- What is mapped, as Linux has it: os::RegionMap.
  virtual bool Find(uintptr_t address, os::Region* region) = 0;
  virtual bool FindOrNext(uintptr_t address, os::Region* region) = 0;

  // The mapping that holds `address` (as Find) and the frames that it shows from the page of `address` on, as
  // far as they are consecutive. False: nothing is mapped there, or no frames that drivers can have. The
  // local space has frames for all that is mapped.
  virtual bool FindFrames(uintptr_t address, os::Region* region, FrameRun* frames) = 0;

  // ---- Changes: os/memory.h. A client's are orders to its process (may block, PASSIVE_LEVEL, no spin lock
  // held).
  virtual Status ReserveAt(uintptr_t address, uint64_t byte_count) = 0;
  virtual uintptr_t ReserveAnywhere(uint64_t byte_count, uint64_t alignment, uintptr_t limit,
                                    os::Placement placement) = 0;
  // Gives reserved pages zeroed memory.
  virtual Status Commit(uintptr_t address, uint64_t byte_count, os::Protection protection) = 0;
  // At once, or, locally, when a driver has unlocked the last page of the range.
  virtual void Release(uintptr_t address, uint64_t byte_count) = 0;
  // kKept: a driver has pages of the range locked, and all stays as it is.
  enum class Decommitted : uint8_t { kDone, kKept };
  virtual Result<Decommitted> Decommit(uintptr_t address, uint64_t byte_count) = 0;
  virtual Status Protect(uintptr_t address, uint64_t byte_count, os::Protection protection) = 0;

  // Shows frames of the application's own once more, over what is reserved at `address`.
  // STATUS_NOT_SUPPORTED: they are not its own, or cannot be mapped a second time.
  virtual Status ShowOwnFrames(uintptr_t /*address*/, const FrameRun& /*frames*/,
                               os::Protection /*protection*/) {
    return STATUS_NOT_SUPPORTED;
  }

  // ---- Stacks of threads: their pages are never exchanged for others, as a thread stands on them.
  virtual void RegisterStack(uintptr_t low, uintptr_t high) = 0;
  virtual void ForgetStack(uintptr_t low) = 0;

  VirtualMemory& virtual_memory() { return virtual_memory_; }
  UserViews& views() { return views_; }

 protected:
  enum class Kind : uint8_t { kLocal, kClient };
  explicit AddressSpace(Kind kind) : is_local_(kind == Kind::kLocal), virtual_memory_(*this), views_(*this) {}
  friend void TearDownAddressSpace(PEPROCESS process);
  // Waits for those who are at the process or its port, and keeps others from them.
  virtual void End() {}

  // Null for the local space.
  PEPROCESS process() const { return process_; }

 private:
  friend void SetAddressSpace(PEPROCESS process, std::unique_ptr<AddressSpace> space);

  const bool is_local_;
  PEPROCESS process_ = nullptr;
  VirtualMemory virtual_memory_;
  UserViews views_;
};

// Gives `process` its space: before its first thread is attached. Without, it has the local one.
void SetAddressSpace(PEPROCESS process, std::unique_ptr<AddressSpace> space);
// The end of `process` as an object, after TearDownAddressSpace.
void DeleteAddressSpace(PEPROCESS process);
AddressSpace& SpaceOf(PEPROCESS process);
AddressSpace& CurrentSpace();

// Whether [start, end) is memory of the executive's own process (a driver's globals, its stack) although the
// address space is a client's. That is private memory; what the user window shows of clients is mapped
// shared.
bool IsOwnMemory(uintptr_t start, uintptr_t end, Access access);

// Whether some process has a user-mode mapping of the MDL's pages.
bool HasUserViews(PMDL mdl);

// Virtual memory for applications: ZwAllocateVirtualMemory and its kin, arguments captured and the process
// resolved.
// `*base` and `*byte_count` in and out as documented (nf-ntifs-zwallocatevirtualmemory). PASSIVE_LEVEL.
Status AllocateVirtualMemory(PEPROCESS process, void** base, uint64_t zero_bits, size_t* byte_count,
                             ULONG allocation_type, ULONG protect);
// nf-ntifs-zwfreevirtualmemory. Pages that a driver has locked stay until they are unlocked.
Status FreeVirtualMemory(PEPROCESS process, void** base, size_t* byte_count, ULONG free_type);
// Rounds to pages as VirtualProtect does. STATUS_INVALID_PAGE_PROTECTION where a secured range or a read-only
// view would be loosened against its terms; STATUS_NOT_COMMITTED.
Status ProtectVirtualMemory(PEPROCESS process, void** base, size_t* byte_count, ULONG new_protect,
                            ULONG* old_protect);
// nf-ntifs-zwqueryvirtualmemory, MemoryBasicInformation. Knows memory that Linux mapped as well as our own.
Status QueryVirtualMemory(PEPROCESS process, const void* address, MEMORY_BASIC_INFORMATION* information);

// Ends `process`'s user memory: its virtual memory, the driver memory mapped into it, its secured ranges.
// Call it when no thread of the process runs any more, after the LockedPagesOf check.
void TearDownAddressSpace(PEPROCESS process);

// User-mode views of driver memory that `process` has (MmMapLockedPagesSpecifyCache with UserMode).
size_t UserViewsOf(PEPROCESS process);

// Who has what mapped where, for `ring3 list`.
struct SharedRegion {
  uintptr_t user_address;
  uintptr_t system_address;  // zero: frames that have none together
  uint64_t page_count;
  bool writable;
  enum class Kind : uint8_t { kDriverMemory, kLockedPages } kind;
  std::string locked_by;  // kLockedPages, kDriverMemory: the code that did it
};
std::vector<SharedRegion> SharedRegionsOf(PEPROCESS process);

}  // namespace ring3::mm
