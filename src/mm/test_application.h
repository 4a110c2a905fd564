// SPDX-License-Identifier: MIT
#pragma once

#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <map>

#include "base/process_order.h"
#include "ntstatus.h"
#include "os/memory.h"

namespace ring3::mm {

// What an application's library is to the executive, in the process of a TestClient: it carries orders out,
// in one thread, while others, which access its memory, are held off. All of it runs in that process.
class TestApplication {
 public:
  // What it does otherwise than it is told.
  enum class Behaviour : uint8_t { kHonest, kKeepsDescriptors, kKeepsMappings, kRefusesToMap };

  static void Begin() {
    struct sigaction action = {};
    action.sa_sigaction = OnFault;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGSEGV, &action, nullptr);
    sigaction(SIGBUS, &action, nullptr);
  }
  static void Behave(Behaviour behaviour) { s_behaviour = behaviour; }

  static void Open(uint32_t number, int descriptor) { s_objects[number] = descriptor; }
  static OrderAnswer CarryOut(const ProcessOrder& order) {
    switch (order.kind) {
      case OrderKind::kReserveAt:
        return {os::ReserveAt(order.address, order.byte_count).status(), 0};
      case OrderKind::kReserveAnywhere: {
        // Where the test program, of which this is a copy, has nothing: as a host has nothing where its
        // applications have.
        static uintptr_t next = 0x7e10'0000'0000;
        const uintptr_t place = (next + order.alignment - 1) & ~(order.alignment - 1);
        next = place + order.byte_count;
        return {os::ReserveAt(place, order.byte_count).status(), place};
      }
      case OrderKind::kRelease:
        if (s_behaviour != Behaviour::kKeepsMappings) os::Release(order.address, order.byte_count);
        return {STATUS_SUCCESS, 0};
      case OrderKind::kDecommit:
        return EndHolds(order, os::Decommit(order.address, order.byte_count).ok());
      case OrderKind::kProtect:
        return EndHolds(order, mprotect(Pointer(order), order.byte_count, ProtectionOf(order)) == 0);
      case OrderKind::kCloseObject:
        if (s_behaviour != Behaviour::kKeepsDescriptors) close(ObjectOf(order));
        s_objects.erase(order.object);
        return {STATUS_SUCCESS, 0};
      case OrderKind::kMapObject:
        if (s_behaviour == Behaviour::kRefusesToMap) return Answer(false);
        return EndHolds(order, MapObject(order));
      case OrderKind::kAdopt:
        // No thread writes to what tests have adopted: there is none to hold off.
        return Answer(CopyIntoObject(order) && MapObject(order));
      case OrderKind::kHold:
        return Answer(Hold(order));
      default:
        return {STATUS_NOT_SUPPORTED, 0};
    }
  }

  // Accesses by a thread that others may hold off. Mappings are changed by the thread that carries orders
  // out, which ThreadSanitizer takes for writing to them.
  template <typename T>
  __attribute__((no_sanitize("thread"))) static T Load(uintptr_t address) {
    return *reinterpret_cast<volatile T*>(address);
  }
  template <typename T>
  __attribute__((no_sanitize("thread"))) static void Store(uintptr_t address, T value) {
    *reinterpret_cast<volatile T*>(address) = value;
  }
  // Whether `access` makes no access that faults. What it changes is volatile.
  template <typename Access>
  static bool Try(Access access) {
    sigjmp_buf fault;
    t_faults = 0;
    if (sigsetjmp(fault, 1) != 0) {
      t_fault = nullptr;
      return false;
    }
    t_fault = &fault;
    access();
    t_fault = nullptr;
    return true;
  }
  // Of a thread that makes one access after the other, outside of Try.
  static void ForgetFaults() { t_faults = 0; }

 private:
  static constexpr int kMostHolds = 64;
  // An access may meet so many holds in a row that ended just before they were looked for.
  static constexpr int kMostFaults = 100;
  struct Range {
    std::atomic<uintptr_t> start, end;
  };

  static OrderAnswer Answer(bool worked) {
    return {worked ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES, 0};
  }
  static void* Pointer(const ProcessOrder& order) { return reinterpret_cast<void*>(order.address); }
  static int ObjectOf(const ProcessOrder& order) {
    const auto object = s_objects.find(order.object);
    return object != s_objects.end() ? object->second : -1;
  }
  static int ProtectionOf(const ProcessOrder& order) {
    const uint32_t bits = order.protection;
    return ((bits & 1) != 0 ? PROT_READ : 0) | ((bits & 2) != 0 ? PROT_WRITE : 0) |
           ((bits & 4) != 0 ? PROT_EXEC : 0);
  }

  // Not through the library, here and below: sanitizers take it for accesses to what the pages hold.
  static bool MapObject(const ProcessOrder& order) {
    return syscall(SYS_mmap, order.address, order.byte_count, ProtectionOf(order), MAP_SHARED | MAP_FIXED,
                   ObjectOf(order), order.offset) == static_cast<long>(order.address);
  }
  static bool CopyIntoObject(const ProcessOrder& order) {
    for (uint64_t done = 0; done < order.byte_count;) {
      const long written = syscall(SYS_pwrite64, ObjectOf(order), order.address + done,
                                   order.byte_count - done, order.offset + done);
      if (written <= 0) return false;
      done += static_cast<uint64_t>(written);
    }
    return true;
  }

  static bool Hold(const ProcessOrder& order) {
    for (Range& hold : s_holds) {
      if (hold.end != 0) continue;
      hold.start = order.address;
      hold.end = order.address + order.byte_count;
      return mprotect(Pointer(order), order.byte_count, PROT_NONE) == 0;
    }
    return false;
  }
  // A hold ends with the order that reaches its end.
  static OrderAnswer EndHolds(const ProcessOrder& order, bool worked) {
    for (Range& hold : s_holds) {
      if (hold.end != 0 && order.address < hold.end && order.address + order.byte_count >= hold.end)
        hold.end = 0;
    }
    return Answer(worked);
  }
  static bool IsHeld(uintptr_t address) {
    for (const Range& hold : s_holds) {
      if (address >= hold.start && address < hold.end) return true;
    }
    return false;
  }

  static void OnFault(int, siginfo_t* info, void*) {
    const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
    if (IsHeld(address)) {
      while (IsHeld(address)) sched_yield();
      return;
    }
    // It may have been held when it was accessed.
    if (++t_faults < kMostFaults) return;
    if (t_fault == nullptr) _exit(99);
    siglongjmp(*t_fault, 1);
  }

  static inline std::map<uint32_t, int> s_objects;
  static inline Range s_holds[kMostHolds];
  static inline std::atomic<Behaviour> s_behaviour{Behaviour::kHonest};
  static inline thread_local sigjmp_buf* t_fault = nullptr;
  static inline thread_local int t_faults = 0;
};

}  // namespace ring3::mm
