// SPDX-License-Identifier: MIT
// Remove locks. IoCount begins at one for the driver itself; who brings it to zero after removal began sets
// the event.
#include <ddi/io_ntifs.h>
#include <bugcodes.h>
#include <ntstatus.h>

namespace {

constexpr LONG kDebugSignature = 'COLR';

// Drivers built with DBG have the longer structure.
struct DebugRemoveLock {
  IO_REMOVE_LOCK_COMMON_BLOCK Common;
  IO_REMOVE_LOCK_DBG_BLOCK Dbg;
};

DebugRemoveLock* DebugPart(PIO_REMOVE_LOCK lock, ULONG byte_count) {
  if (byte_count < sizeof(DebugRemoveLock)) return nullptr;
  auto* debug = reinterpret_cast<DebugRemoveLock*>(lock);
  return debug->Dbg.Signature == kDebugSignature ? debug : nullptr;
}

LONG Decrement(PIO_REMOVE_LOCK lock) {
  LONG left = __atomic_sub_fetch(&lock->Common.IoCount, 1, __ATOMIC_ACQ_REL);
  if (left < 0)
    KeBugCheckEx(DRIVER_VERIFIER_DETECTED_VIOLATION, 0x3, reinterpret_cast<ULONG_PTR>(lock), 0, 0);
  return left;
}

bool IsRemoved(PIO_REMOVE_LOCK lock) {
  return __atomic_load_n(&lock->Common.Removed, __ATOMIC_ACQUIRE) != 0;
}

}  // namespace

extern "C" {

// PASSIVE_LEVEL. nf-wdm-ioinitializeremovelock
VOID IoInitializeRemoveLockEx(PIO_REMOVE_LOCK Lock, ULONG AllocateTag, ULONG MaxLockedMinutes,
                              ULONG HighWatermark, ULONG RemlockSize) {
  Lock->Common.Removed = FALSE;
  Lock->Common.IoCount = 1;
  KeInitializeEvent(&Lock->Common.RemoveEvent, SynchronizationEvent, FALSE);
  if (RemlockSize < sizeof(DebugRemoveLock)) return;
  auto* debug = reinterpret_cast<DebugRemoveLock*>(Lock);
  debug->Dbg = {};
  debug->Dbg.Signature = kDebugSignature;
  debug->Dbg.HighWatermark = HighWatermark;
  debug->Dbg.MaxLockedTicks = static_cast<LONGLONG>(MaxLockedMinutes) * 600'000'000 / KeQueryTimeIncrement();
  debug->Dbg.AllocateTag = static_cast<LONG>(AllocateTag);
  debug->Dbg.LockList.Flink = debug->Dbg.LockList.Blink = &debug->Dbg.LockList;
  KeInitializeSpinLock(&debug->Dbg.Spin);
}

// STATUS_DELETE_PENDING after IoReleaseRemoveLockAndWait was called. IRQL <= DISPATCH_LEVEL. In drivers built
// with DBG more acquisitions than HighWatermark are a bug: DRIVER_VERIFIER_DETECTED_VIOLATION.
// nf-wdm-ioacquireremovelock
NTSTATUS IoAcquireRemoveLockEx(PIO_REMOVE_LOCK RemoveLock, PVOID, PCSTR, ULONG, ULONG RemlockSize) {
  LONG count = __atomic_add_fetch(&RemoveLock->Common.IoCount, 1, __ATOMIC_ACQ_REL);
  if (IsRemoved(RemoveLock)) {
    if (Decrement(RemoveLock) == 0) KeSetEvent(&RemoveLock->Common.RemoveEvent, IO_NO_INCREMENT, FALSE);
    return STATUS_DELETE_PENDING;
  }
  DebugRemoveLock* debug = DebugPart(RemoveLock, RemlockSize);
  if (debug != nullptr && debug->Dbg.HighWatermark != 0 &&
      static_cast<ULONG>(count - 1) > debug->Dbg.HighWatermark) {
    KeBugCheckEx(DRIVER_VERIFIER_DETECTED_VIOLATION, 0x4, reinterpret_cast<ULONG_PTR>(RemoveLock),
                 static_cast<ULONG_PTR>(count), debug->Dbg.HighWatermark);
  }
  return STATUS_SUCCESS;
}

// More releases than acquisitions: DRIVER_VERIFIER_DETECTED_VIOLATION. nf-wdm-ioreleaseremovelock
VOID IoReleaseRemoveLockEx(PIO_REMOVE_LOCK RemoveLock, PVOID, ULONG) {
  if (Decrement(RemoveLock) == 0) KeSetEvent(&RemoveLock->Common.RemoveEvent, IO_NO_INCREMENT, FALSE);
}

// Releases, refuses further acquisitions, and waits for the other holders. PASSIVE_LEVEL.
// nf-wdm-ioreleaseremovelockandwait
VOID IoReleaseRemoveLockAndWaitEx(PIO_REMOVE_LOCK RemoveLock, PVOID, ULONG) {
  __atomic_store_n(&RemoveLock->Common.Removed, TRUE, __ATOMIC_SEQ_CST);
  // The caller's own, then the one from the initialisation.
  Decrement(RemoveLock);
  if (Decrement(RemoveLock) > 0) {
    KeWaitForSingleObject(&RemoveLock->Common.RemoveEvent, Executive, KernelMode, FALSE, nullptr);
  }
}

}  // extern "C"
