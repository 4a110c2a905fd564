// SPDX-License-Identifier: MIT
#include "os/adoption.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "ntstatus.h"
#include "os/fault_handler.h"
#include "os/linux_protection.h"

namespace ring3::os {
namespace {

// As many as there can be: each but the neighbours of others takes two of the 65530 mappings that Linux lets
// a process have.
constexpr uint32_t kMostHolds = 32768;

// A range whose writers, or all who access it, are held off. Not in memory that could itself be held: pages
// of their own, which are there once they are used. As Linux gives them, they are free.
struct Hold {
  std::atomic<uintptr_t> start;
  std::atomic<uintptr_t> end;       // zero: free; one: being taken
  std::atomic<uint32_t> changes;    // a futex: rises when the hold ends
  std::atomic<uint32_t> is_access;  // HoldAccess has made it, and nobody has ended it
};
Hold* g_holds = nullptr;
// No hold from here on has ever been taken.
std::atomic<uint32_t> g_holds_used{0};

// Nobody is left who would end holds of accesses.
std::atomic<bool> g_holds_are_over{false};

// A futex: how many holds there are; a fork that begins is kForking, and holds wait for it.
constexpr uint32_t kForking = ~0u;
std::atomic<uint32_t> g_holds_now{0};

// How many holds have ended.
std::atomic<uint64_t> g_ended{0};
// A fault that may have been because of a hold that ended before the hook looked: tried again once.
struct Retried {
  uintptr_t address;
  uint64_t ended;
};
thread_local constinit Retried t_retried = {};

// While a range is held nothing of the process may be written but the holds themselves: libc's errno could be
// in it.
long Call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

bool Failed(long result) {
  return result < 0 && result > -4096;
}

Hold* FindHold(uintptr_t address) {
  const uint32_t used = g_holds_used.load(std::memory_order_acquire);
  for (uint32_t i = 0; i < used; ++i) {
    Hold& hold = g_holds[i];
    const uintptr_t end = hold.end.load(std::memory_order_acquire);
    if (end > 1 && address < end && address >= hold.start.load(std::memory_order_acquire)) return &hold;
  }
  return nullptr;
}

// The fault hook: an access to a held range waits and is tried again.
bool OnFault(const MemoryFault& fault) {
  if (fault.bus_error) return false;
  Hold* const hold = FindHold(fault.address);
  if (hold == nullptr) {
    const uint64_t ended = g_ended.load(std::memory_order_acquire);
    if (t_retried.address == fault.address && t_retried.ended == ended) return false;
    t_retried = {fault.address, ended};
    return ended != 0;
  }
  const uint32_t changes = hold->changes.load(std::memory_order_acquire);
  // It may have ended, and the place be another range's, since.
  if (FindHold(fault.address) == hold)
    Call(SYS_futex, reinterpret_cast<long>(&hold->changes), FUTEX_WAIT_PRIVATE, changes);
  return true;
}

void WaitWhile(uint32_t now) {
  Call(SYS_futex, reinterpret_cast<long>(&g_holds_now), FUTEX_WAIT_PRIVATE, now);
}
void WakeAll() {
  Call(SYS_futex, reinterpret_cast<long>(&g_holds_now), FUTEX_WAKE_PRIVATE, INT32_MAX);
}

void CountHold() {
  for (uint32_t now = g_holds_now.load();;) {
    if (now == kForking) {
      WaitWhile(now);
      now = g_holds_now.load();
    } else if (g_holds_now.compare_exchange_weak(now, now + 1)) {
      return;
    }
  }
}

void CountHoldEnd() {
  if (g_holds_now.fetch_sub(1) == 1) WakeAll();
}

Hold* Take(uintptr_t address, size_t byte_count) {
  CountHold();
  for (uint32_t i = 0; i < kMostHolds; ++i) {
    uintptr_t free = 0;
    if (!g_holds[i].end.compare_exchange_strong(free, 1)) continue;
    uint32_t used = g_holds_used.load(std::memory_order_relaxed);
    while (used <= i && !g_holds_used.compare_exchange_weak(used, i + 1)) {
    }
    g_holds[i].start.store(address, std::memory_order_release);
    g_holds[i].end.store(address + byte_count, std::memory_order_release);
    return &g_holds[i];
  }
  CountHoldEnd();
  return nullptr;
}

void Give(Hold* hold) {
  g_ended.fetch_add(1, std::memory_order_release);
  hold->end.store(0, std::memory_order_release);
  hold->changes.fetch_add(1, std::memory_order_release);
  Call(SYS_futex, reinterpret_cast<long>(&hold->changes), FUTEX_WAKE_PRIVATE, INT32_MAX);
  CountHoldEnd();
}

// Of a hold of accesses, once.
void EndAccessHold(Hold* hold) {
  if (hold->is_access.exchange(0) != 0) Give(hold);
}

// Lets everybody go on with what is there, which was readable and may have been writable.
void LetGo(Hold* hold) {
  if (hold->is_access.exchange(0) == 0) return;
  const uintptr_t start = hold->start.load(std::memory_order_acquire);
  const auto byte_count = static_cast<long>(hold->end.load(std::memory_order_acquire) - start);
  if (Failed(Call(SYS_mprotect, static_cast<long>(start), byte_count, PROT_READ | PROT_WRITE)))
    Call(SYS_mprotect, static_cast<long>(start), byte_count, PROT_READ);
  Give(hold);
}

bool CopyInto(int object, uint64_t offset, uintptr_t address, size_t byte_count) {
  while (byte_count != 0) {
    const long written = Call(SYS_pwrite64, object, static_cast<long>(address), static_cast<long>(byte_count),
                              static_cast<long>(offset));
    if (Failed(written) || written == 0) return false;
    address += static_cast<size_t>(written);
    offset += static_cast<uint64_t>(written);
    byte_count -= static_cast<size_t>(written);
  }
  return true;
}

bool MapOver(uintptr_t address, size_t byte_count, int object, uint64_t offset, int protection) {
  return !Failed(Call(SYS_mmap, static_cast<long>(address), static_cast<long>(byte_count), protection,
                      MAP_SHARED | MAP_FIXED | MAP_NORESERVE, object, static_cast<long>(offset)));
}

// What an object's [offset, +byte_count) holds, of which most may never have been written.
bool CopyFrom(int object, uint64_t offset, uintptr_t to, size_t byte_count) {
  const auto end = static_cast<long>(offset + byte_count);
  for (auto at = static_cast<long>(offset); at < end;) {
    const long data = Call(SYS_lseek, object, at, SEEK_DATA);
    if (data == -ENXIO || data >= end) return true;
    const long hole = Failed(data) ? data : Call(SYS_lseek, object, data, SEEK_HOLE);
    if (Failed(hole)) return false;
    for (at = data; at < std::min(hole, end);) {
      const long copied = Call(SYS_pread64, object, static_cast<long>(to) + at - static_cast<long>(offset),
                               std::min(hole, end) - at, at);
      if (Failed(copied) || copied == 0) return false;
      at += copied;
    }
  }
  return true;
}

// Not through the library's calls, which know adopted memory.
bool MakePrivate(const Region& region, int object) {
  const size_t byte_count = region.end - region.start;
  const long copy = Call(SYS_mmap, 0, static_cast<long>(byte_count), PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
  if (Failed(copy)) return false;
  const int protection = (region.readable ? PROT_READ : 0) | (region.writable ? PROT_WRITE : 0) |
                         (region.executable ? PROT_EXEC : 0);
  return CopyFrom(object, region.file_offset, static_cast<uintptr_t>(copy), byte_count) &&
         !Failed(Call(SYS_mprotect, copy, static_cast<long>(byte_count), protection)) &&
         !Failed(Call(SYS_mremap, copy, static_cast<long>(byte_count), static_cast<long>(byte_count),
                      MREMAP_MAYMOVE | MREMAP_FIXED, static_cast<long>(region.start)));
}

}  // namespace

void PrepareForAdoption() {
  void* const pages = mmap(nullptr, sizeof(Hold) * kMostHolds, PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED) return;
  g_holds = static_cast<Hold*>(pages);
  g_holds_are_over = false;
  AddMemoryFaultHook(OnFault);
}

__attribute__((no_sanitize("address", "thread", "undefined"), no_stack_protector)) Status
AdoptMemory(uintptr_t address, size_t byte_count, int object, uint64_t offset, Protection protection) {
  if (g_holds == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  const int linux_protection = LinuxProtection(protection);
  const bool writable = (linux_protection & PROT_WRITE) != 0;
  Hold* const hold = Take(address, byte_count);
  if (hold == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  if (writable && Failed(Call(SYS_mprotect, static_cast<long>(address), static_cast<long>(byte_count),
                              linux_protection & ~PROT_WRITE))) {
    Give(hold);
    return STATUS_INSUFFICIENT_RESOURCES;
  }
  const bool adopted = CopyInto(object, offset, address, byte_count) &&
                       MapOver(address, byte_count, object, offset, linux_protection);
  if (!adopted && writable) {
    Call(SYS_mprotect, static_cast<long>(address), static_cast<long>(byte_count), linux_protection);
  }
  Give(hold);
  return adopted ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

Status HoldAccess(uintptr_t address, size_t byte_count) {
  if (g_holds == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  Hold* const hold = Take(address, byte_count);
  if (hold == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  if (!Failed(Call(SYS_mprotect, static_cast<long>(address), static_cast<long>(byte_count), PROT_NONE))) {
    hold->is_access.store(1);
    if (g_holds_are_over.load()) LetGo(hold);
    return STATUS_SUCCESS;
  }
  Give(hold);
  return STATUS_INSUFFICIENT_RESOURCES;
}

void EndHold(uintptr_t address, size_t byte_count) {
  if (g_holds == nullptr) return;
  Hold* const hold = FindHold(address);
  if (hold != nullptr && address + byte_count >= hold->end.load(std::memory_order_acquire))
    EndAccessHold(hold);
}

void EndAllHolds() {
  g_holds_are_over.store(true);
  if (g_holds == nullptr) return;
  const uint32_t used = g_holds_used.load();
  for (uint32_t i = 0; i < used; ++i) {
    if (g_holds[i].is_access.load() != 0) LetGo(&g_holds[i]);
  }
}

void BeginFork() {
  for (uint32_t none = 0; !g_holds_now.compare_exchange_weak(none, kForking); none = 0) {
    if (none != 0) WaitWhile(none);
  }
}

void EndFork() {
  g_holds_now.store(0);
  WakeAll();
}

void MakeAdoptedPrivate(int object, const FileIdentity& identity) {
  // The holds are the parent's.
  g_holds_used.store(0);
  g_holds = nullptr;
  RegionMap regions;
  if (!regions.Open().ok()) return;
  Region region;
  for (uintptr_t at = 0; regions.FindOrNext(at, &region); at = region.end) {
    if (region.shared && region.has_file && region.file == identity) (void)MakePrivate(region, object);
  }
}

Status MapObject(uintptr_t address, size_t byte_count, int object, uint64_t offset, Protection protection) {
  return MapOver(address, byte_count, object, offset, LinuxProtection(protection))
             ? STATUS_SUCCESS
             : STATUS_INSUFFICIENT_RESOURCES;
}

}  // namespace ring3::os
