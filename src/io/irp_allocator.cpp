// SPDX-License-Identifier: MIT
// Memory of packets, and the lists of what threads have pending.
#include "io/irp.h"

#include <ddi/ex.h>
#include <ntstatus.h>

#include <cstring>
#include <new>

#include "base/fault_injection.h"

namespace ring3::io {
namespace {

constexpr ULONG kIrpTag = ' prI';
constexpr ULONG kThreadTag = 'rIhT';
constexpr int kMostCached = 32;

struct Registry {
  SpinLock lock{LockRank::kDeviceDatabase};
  ThreadIrps* first RING3_GUARDED_BY(lock) = nullptr;
  int64_t allocated_by_ended RING3_GUARDED_BY(lock) = 0;
};
Registry g_registry;

size_t BytesFor(CCHAR stack_count) {
  return sizeof(IrpHeader) + sizeof(IRP) + static_cast<size_t>(stack_count) * sizeof(IO_STACK_LOCATION);
}

ThreadIrps* CreateThreadIrps(PKTHREAD thread) {
  if (ShouldFail("io: thread packets")) return nullptr;
  void* memory = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(ThreadIrps), kThreadTag);
  if (memory == nullptr) return nullptr;
  auto* irps = new (memory) ThreadIrps;
  irps->thread = thread;
  {
    SpinLockGuard guard(irps->lock);
    irps->pending.Flink = irps->pending.Blink = &irps->pending;
  }
  KeInitializeEvent(&irps->drained, NotificationEvent, FALSE);
  SpinLockGuard guard(g_registry.lock);
  irps->next = g_registry.first;
  if (irps->next != nullptr) irps->next->previous = irps;
  g_registry.first = irps;
  thread->io = irps;
  return irps;
}

void FreeCache(ThreadIrps* irps) {
  while (IrpHeader* header = irps->free_list) {
    irps->free_list = header->next_free;
    ExFreePoolWithTag(header, kIrpTag);
  }
  irps->free_count = 0;
}

void DestroyThreadIrps(ThreadIrps* irps) {
  {
    SpinLockGuard guard(g_registry.lock);
    if (irps->previous != nullptr) {
      irps->previous->next = irps->next;
    } else {
      g_registry.first = irps->next;
    }
    if (irps->next != nullptr) irps->next->previous = irps->previous;
    g_registry.allocated_by_ended += irps->allocated.load(std::memory_order_relaxed);
  }
  FreeCache(irps);
  irps->thread->io = nullptr;
  irps->~ThreadIrps();
  ExFreePoolWithTag(irps, kThreadTag);
}

// The next pending packet that `matches`, with a reference for the caller, of those not cancelled yet.
template <typename Matches>
IRP* TakePending(ThreadIrps* irps, Matches matches) {
  SpinLockGuard guard(irps->lock);
  for (LIST_ENTRY* entry = irps->pending.Flink; entry != &irps->pending; entry = entry->Flink) {
    IRP* irp = CONTAINING_RECORD(entry, IRP, ThreadListEntry);
    if (!matches(irp)) continue;
    IrpHeader::Of(irp)->references.fetch_add(1, std::memory_order_relaxed);
    return irp;
  }
  return nullptr;
}

template <typename Matches>
size_t CancelPending(ThreadIrps* irps, Matches matches) {
  size_t count = 0;
  while (IRP* irp = TakePending(irps, [&](IRP* i) { return !IsCancelled(*i) && matches(i); })) {
    IoCancelIrp(irp);
    ReleaseIrp(irp);
    ++count;
  }
  return count;
}

}  // namespace

ThreadIrps* CurrentThreadIrps() {
  PKTHREAD thread = ke::CurrentThread();
  if (__builtin_expect(thread->io != nullptr, true)) return thread->io;
  return CreateThreadIrps(thread);
}

IRP* AllocateIrp(CCHAR stack_count, IrpKind kind) {
  ThreadIrps* irps = CurrentThreadIrps();
  if (irps == nullptr) return nullptr;
  CCHAR capacity = stack_count <= kCachedStackCount ? static_cast<CCHAR>(kCachedStackCount) : stack_count;
  IrpHeader* header = nullptr;
  if (capacity == kCachedStackCount && irps->free_list != nullptr) {
    header = irps->free_list;
    irps->free_list = header->next_free;
    --irps->free_count;
  } else {
    if (ShouldFail("io: packet")) return nullptr;
    header = static_cast<IrpHeader*>(ExAllocatePoolWithTag(NonPagedPoolNx, BytesFor(capacity), kIrpTag));
    if (header == nullptr) return nullptr;
  }
  irps->allocated.store(irps->allocated.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  header->magic = kIrpMagic;
  header->kind = kind;
  header->is_synchronous = header->kernel_results = header->pended = header->woke_system = false;
  header->capacity = capacity;
  header->state.store(kind == IrpKind::kService ? kIrpIssuing : kIrpDetached, std::memory_order_relaxed);
  header->references.store(1, std::memory_order_relaxed);
  header->owner = nullptr;
  header->process = irps->thread->process;
  header->output_byte_count = 0;
  IRP* irp = header->irp();
  irp->AllocationFlags = 0;  // so that IoInitializeIrp takes it for fresh memory
  IoInitializeIrp(irp, IoSizeOfIrp(stack_count), stack_count);
  irp->AllocationFlags = kHasHeader | IRP_ALLOCATED_FIXED_SIZE;
  return irp;
}

void ReleaseIrp(IRP* irp) {
  IrpHeader* header = IrpHeader::Of(irp);
  // A sole reference stays one: others come from the thread's list, which the packet has left by now.
  if (header->references.load(std::memory_order_acquire) != 1 &&
      header->references.fetch_sub(1, std::memory_order_acq_rel) != 1) {
    return;
  }
  header->magic = 0;
  irp->Type = 0;
  ThreadIrps* irps = CurrentThreadIrps();
  if (irps != nullptr) {
    irps->allocated.store(irps->allocated.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
    if (header->capacity == kCachedStackCount && irps->free_count < kMostCached) {
      header->next_free = irps->free_list;
      irps->free_list = header;
      ++irps->free_count;
      return;
    }
  }
  ExFreePoolWithTag(header, kIrpTag);
}

void LinkToThread(IRP* irp) {
  ThreadIrps* irps = ke::CurrentThread()->io;  // AllocateIrp made it
  IrpHeader* header = IrpHeader::Of(irp);
  header->owner = irps;
  irp->Tail.Overlay.Thread = reinterpret_cast<PETHREAD>(irps->thread);
  SpinLockGuard guard(irps->lock);
  LIST_ENTRY* head = &irps->pending;
  LIST_ENTRY* entry = &irp->ThreadListEntry;
  entry->Flink = head;
  entry->Blink = head->Blink;
  head->Blink->Flink = entry;
  head->Blink = entry;
}

void UnlinkFromThread(IRP* irp) {
  IrpHeader* header = IrpHeader::Of(irp);
  ThreadIrps* irps = header->owner;
  if (irps == nullptr) return;
  header->owner = nullptr;
  SpinLockGuard guard(irps->lock);
  LIST_ENTRY* entry = &irp->ThreadListEntry;
  entry->Blink->Flink = entry->Flink;
  entry->Flink->Blink = entry->Blink;
  entry->Flink = entry->Blink = entry;
  // Under the lock: the drainer may free the lists as soon as it has seen the event.
  if (irps->draining) KeSetEvent(&irps->drained, IO_NO_INCREMENT, FALSE);
}

namespace {

// Waits until none of the packets of `irps` that `matches` is pending.
template <typename Matches>
void WaitWhilePending(ThreadIrps* irps, Matches matches) {
  for (;;) {
    KeClearEvent(&irps->drained);
    {
      SpinLockGuard guard(irps->lock);
      irps->draining = true;
      bool found = false;
      for (LIST_ENTRY* entry = irps->pending.Flink; entry != &irps->pending && !found; entry = entry->Flink) {
        found = matches(CONTAINING_RECORD(entry, IRP, ThreadListEntry));
      }
      if (!found) {
        irps->draining = false;
        return;
      }
    }
    KeWaitForSingleObject(&irps->drained, Executive, KernelMode, FALSE, nullptr);
  }
}

}  // namespace

void CancelThreadIo(PKTHREAD thread) {
  ThreadIrps* irps = thread->io;
  if (irps == nullptr) return;
  CancelPending(irps, [](IRP*) { return true; });
  WaitWhilePending(irps, [](IRP*) { return true; });
  DestroyThreadIrps(irps);
}

namespace {

// Cancels what `matches` of the threads that `is_meant` holds for. A thread may end, and its lists go, as
// soon as the registry is let go of: each look starts afresh.
template <typename IsMeant, typename Matches>
size_t CancelOfThreads(IsMeant is_meant, Matches matches) {
  for (size_t count = 0;; ++count) {
    IRP* irp = nullptr;
    {
      SpinLockGuard guard(g_registry.lock);
      for (ThreadIrps* irps = g_registry.first; irps != nullptr && irp == nullptr; irps = irps->next) {
        if (!is_meant(irps->thread)) continue;
        irp = TakePending(irps, [&](IRP* i) { return !IsCancelled(*i) && matches(i); });
      }
    }
    if (irp == nullptr) return count;
    IoCancelIrp(irp);
    ReleaseIrp(irp);
  }
}

}  // namespace

size_t CancelFileIo(PKPROCESS process, PKTHREAD thread, PFILE_OBJECT file, PIO_STATUS_BLOCK iosb) {
  auto matches = [&](IRP* irp) {
    return (file == nullptr || irp->Tail.Overlay.OriginalFileObject == file) &&
           (iosb == nullptr || irp->UserIosb == iosb);
  };
  return CancelOfThreads(
      [=](PKTHREAD owner) { return thread != nullptr ? owner == thread : owner->own_process == process; },
      matches);
}

size_t CancelSynchronousIoOf(PKTHREAD thread) {
  return CancelOfThreads([=](PKTHREAD owner) { return owner == thread; },
                         [](IRP* irp) {
                           const IrpHeader* header = IrpHeader::Of(irp);
                           return header->is_synchronous || header->kernel_results;
                         });
}

size_t CancelProcessIo(PKPROCESS process) {
  return CancelFileIo(process, nullptr, nullptr, nullptr);
}

void WaitForFileIo(PFILE_OBJECT file) {
  ThreadIrps* irps = ke::CurrentThread()->io;
  if (irps == nullptr) return;
  WaitWhilePending(irps, [&](IRP* irp) { return irp->Tail.Overlay.OriginalFileObject == file; });
}

int64_t ReleaseThreadCaches() {
  for (;;) {
    ThreadIrps* irps = nullptr;
    {
      SpinLockGuard guard(g_registry.lock);
      irps = g_registry.first;
      if (irps == nullptr) {
        int64_t left = g_registry.allocated_by_ended;
        g_registry.allocated_by_ended = 0;
        return left;
      }
    }
    DestroyThreadIrps(irps);
  }
}

}  // namespace ring3::io
