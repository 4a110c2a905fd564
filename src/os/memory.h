// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "os/descriptor.h"
#include "os/mutex.h"

// Address space and memory objects of Linux. All of it is system calls that take the process's memory map
// lock: short, but nothing for a hot path. None waits for another thread; spin locks may be held unless a
// routine says otherwise.
namespace ring3::os {

enum class Protection : uint8_t {
  kNone = 0,
  kRead = 1,
  kReadWrite = 3,
  kExecute = 4,
  kReadExecute = 5,
  kReadWriteExecute = 7,
};

// ---- Plain memory

// Reserves [address, +byte_count), inaccessible and costing nothing. STATUS_CONFLICTING_ADDRESSES where any
// of it is in use, STATUS_INSUFFICIENT_RESOURCES otherwise.
Status ReserveAt(uintptr_t address, size_t byte_count);

// Reserves at any address that is a multiple of `alignment` (a power of two); at the highest free one below
// `limit` where `top_down`. Returns zero when there is no room.
enum class Placement : uint8_t { kAnywhere, kTopDown };
uintptr_t ReserveAnywhere(size_t byte_count, size_t alignment, uintptr_t limit, Placement placement);

// Gives back to Linux; the range becomes free for anybody.
void Release(uintptr_t address, size_t byte_count);

// Replaces what is mapped by fresh inaccessible memory: contents dropped, addresses kept.
Status Decommit(uintptr_t address, size_t byte_count);

// STATUS_INVALID_PAGE_PROTECTION where the mapping does not allow it (a view of a read-only object made
// writable), STATUS_INSUFFICIENT_RESOURCES.
Status Protect(uintptr_t address, size_t byte_count, Protection protection);

// Contents may go; private memory reads as zeros afterwards.
void Discard(uintptr_t address, size_t byte_count);

// A zeroed page at any address; zero: out of memory. Then moved, contents and all, over the page at `to`, in
// one step for whoever accesses that. Both async-signal-safe.
uintptr_t NewPage();
bool MovePage(uintptr_t from, uintptr_t to);

// ---- Memory objects

// Which file, on this machine and while it is open.
struct FileIdentity {
  uint64_t device;
  uint64_t inode;
  bool operator==(const FileIdentity&) const = default;
};

// What another process may do with a memory object that it is given.
enum class PeerAccess : uint8_t { kRead, kReadWrite };

// A sparse memfd, and the same opened read-only: what is mapped from that cannot be made writable.
class MemoryObject {
 public:
  MemoryObject() = default;
  MemoryObject(const MemoryObject&) = delete;
  MemoryObject& operator=(const MemoryObject&) = delete;
  ~MemoryObject() { Close(); }

  Status Create(const char* name, uint64_t byte_count);
  // One that other processes are to get. It is open once only, so that IsHeldElsewhere can tell whether they
  // have it; MapReadOnlyAt is not for it.
  Status CreateForPeers(const char* name, uint64_t byte_count);
  void Close();

  // Maps [offset, +byte_count) over whatever is at `address`.
  Status MapAt(uintptr_t address, uint64_t byte_count, uint64_t offset, Protection protection) const;
  // Maps through the read-only descriptor.
  Status MapReadOnlyAt(uintptr_t address, uint64_t byte_count, uint64_t offset) const;

  // MapAt for a range that shows the same contents already, in another object: what sanitizers know about it
  // stays.
  Status ReplaceAt(uintptr_t address, uint64_t byte_count, uint64_t offset, Protection protection) const;

  // Returns the memory to Linux; the range reads as zeros. Not possible once sealed.
  void Punch(uint64_t offset, uint64_t byte_count) const;
  // Copies what `source` holds of the range; what it has no memory for must read as zeros here already.
  Status CopyFrom(const MemoryObject& source, uint64_t source_offset, uint64_t offset,
                  uint64_t byte_count) const;

  // ---- Other processes. Of an object made for them:

  Result<FileIdentity> Identity() const;
  // A descriptor of its own, to be sent. What is mapped through a read-only one cannot be made
  // writable; but whoever has one can open the object again for writing, unless it is sealed.
  Result<Descriptor> OpenForPeer(PeerAccess access) const;
  // From now on nobody can map the object for writing or write to it, whatever descriptor they have. Mappings
  // that are writable stay so, and MapAgain makes more of them.
  Status SealFutureWrites() const;
  // Whether anybody else has it open or mapped; true where Linux does not say.
  bool IsHeldElsewhere() const;

 private:
  int descriptor_ = -1;
  int read_only_descriptor_ = -1;
};

// Maps the shared memory at `from` a second time, over whatever is at `to`, with the protection that it has
// there.
Status MapAgain(uintptr_t from, uintptr_t to, size_t byte_count);

// Whether the process has the file open or mapped. True where Linux does not say; false when it has ended.
bool ProcessHoldsFile(int process_id, const FileIdentity& file);

// ---- What is mapped

struct Region {
  uintptr_t start;
  uintptr_t end;
  bool readable, writable, executable, shared;
  bool has_file;
  // Of what is mapped, where has_file: the file, and the byte of it that `start` shows.
  FileIdentity file;
  uint64_t file_offset;
};

inline Protection ProtectionOf(const Region& region) {
  const int bits = (region.readable ? 1 : 0) | (region.writable ? 2 : 0) | (region.executable ? 4 : 0);
  return static_cast<Protection>(bits);
}

// Answers what is mapped where in a process, by the PROCMAP_QUERY ioctl (Linux 6.11, a third of a
// microsecond) or, before that, by reading /proc/<pid>/maps. When the process has ended, nothing is mapped.
// Async-signal-safe but for the opening and closing.
class RegionMap {
 public:
  RegionMap() = default;
  RegionMap(const RegionMap&) = delete;
  RegionMap& operator=(const RegionMap&) = delete;
  ~RegionMap() { Close(); }

  // Of this process, or of another one. STATUS_ACCESS_DENIED where Linux does not let us look into it.
  Status Open();
  Status Open(int process_id);
  void Close();

  // The mapping that holds `address`; false: nothing is mapped there.
  bool Find(uintptr_t address, Region* region) const;
  // The mapping that holds `address`, or else the next above it; false: none.
  bool FindOrNext(uintptr_t address, Region* region) const;

  // Makes it read the file; for tests.
  void DisableIoctl() { ioctl_works_ = false; }

 private:
  bool Query(uintptr_t address, bool or_next, Region* region) const;
  bool Parse(uintptr_t address, bool or_next, Region* region) const;

  int descriptor_ = -1;
  mutable std::atomic<bool> ioctl_works_{true};
  // Linux goes on by address, not by offset, where one reads alone and in order.
  mutable Mutex parsing_;
};

// Tunes malloc so that free() never returns memory to Linux: a driver may have it locked. Call it before the
// application allocates. Not undone. No effect on a sanitizer's allocator, whose quarantine does as much.
void KeepFreedMemoryMapped();

}  // namespace ring3::os
