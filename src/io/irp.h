// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/io_ntifs.h>

#include <atomic>
#include <cstddef>

#include "base/spin_lock.h"
#include "ke/kthread.h"

// The I/O manager's own part of an IRP lies before the packet.
namespace ring3::io {

inline constexpr uint32_t kIrpMagic = 0x31707249;  // "Irp1"
// Bit of IRP::AllocationFlags: an IrpHeader lies before the packet.
inline constexpr UCHAR kHasHeader = 0x80;
// Stack locations of the packets that threads keep for reuse.
inline constexpr int kCachedStackCount = 4;

enum class IrpKind : uint8_t {
  kDriver,   // IoAllocateIrp: belongs to the driver until it frees it
  kThread,   // IoBuildSynchronousFsdRequest, IoBuildDeviceIoControlRequest: freed by completing it
  kService,  // made by a system service: its issuer or its completer ends it
};

// Who ends a service's request. One exchange by the issuer, one by the completer; the second of them ends it.
enum IrpState : uint32_t {
  kIrpIssuing,    // the issuer is in the driver's dispatch routine
  kIrpWaiting,    // the issuer waits on `done`
  kIrpDetached,   // the issuer has returned STATUS_PENDING: the completer ends it
  kIrpCompleted,  // IoCompleteRequest has finished with it
};

struct ThreadIrps;

struct alignas(16) IrpHeader {
  uint32_t magic;
  IrpKind kind;
  bool is_synchronous;  // the caller waits for the end, and holds the file
  bool kernel_results;  // UserIosb is the executive's own; no event, APC or port
  bool pended;          // STATUS_PENDING was returned by the dispatch routine
  bool woke_system;     // PoSetSystemWake
  CCHAR capacity;       // stack locations
  std::atomic<uint32_t> state;
  std::atomic<uint32_t> references;
  // The thread on whose list it is; null: on none.
  ThreadIrps* owner;
  PKPROCESS process;
  // Bytes that the requester's output buffer has.
  ULONG output_byte_count;
  IrpHeader* next_free;
  KEVENT done;

  IRP* irp() { return reinterpret_cast<IRP*>(this + 1); }
  static IrpHeader* Of(IRP* irp) { return reinterpret_cast<IrpHeader*>(irp) - 1; }
};
static_assert(sizeof(IrpHeader) % 16 == 0);

inline bool HasHeader(const IRP* irp) {
  return (irp->AllocationFlags & kHasHeader) != 0;
}
// Both are changed by whoever cancels the packet, at any time.
inline bool IsCancelled(const IRP& irp) {
  return __atomic_load_n(&irp.Cancel, __ATOMIC_SEQ_CST) != 0;
}
inline PDRIVER_CANCEL CancelRoutineOf(const IRP& irp) {
  return __atomic_load_n(&irp.CancelRoutine, __ATOMIC_RELAXED);
}
inline PIO_STACK_LOCATION StackOf(IRP* irp) {
  return reinterpret_cast<PIO_STACK_LOCATION>(irp + 1);
}

// A thread's packets: those that it waits for or has sent, and some free ones.
struct ThreadIrps {
  SpinLock lock{LockRank::kIrp};
  LIST_ENTRY pending RING3_GUARDED_BY(lock);  // IRP::ThreadListEntry
  PKTHREAD thread;
  bool draining RING3_GUARDED_BY(lock) = false;
  KEVENT drained;
  // The rest is the thread's own.
  IrpHeader* free_list = nullptr;
  int free_count = 0;
  std::atomic<int64_t> allocated{0};
  PIRP top_level_irp = nullptr;
  bool hard_errors_disabled = false;
  const GUID* activity_id = nullptr;
  ThreadIrps* next = nullptr;
  ThreadIrps* previous = nullptr;
};

// The calling thread's; null when memory is exhausted.
ThreadIrps* CurrentThreadIrps();

// A packet, initialised as IoInitializeIrp does. Null when memory is exhausted. IRQL <= DISPATCH_LEVEL.
IRP* AllocateIrp(CCHAR stack_count, IrpKind kind);
// Drops one reference; frees with the last.
void ReleaseIrp(IRP* irp);

// Puts the packet on the calling thread's list, takes it from its list.
void LinkToThread(IRP* irp);
void UnlinkFromThread(IRP* irp);

// Cancels everything `thread` has pending and waits until it is over. PASSIVE_LEVEL. Then gives back its
// packets.
void CancelThreadIo(PKTHREAD thread);
// Cancels, without waiting, what the threads of `process` have pending. Returns how many.
size_t CancelProcessIo(PKPROCESS process);
// `thread` null: any of `process`. `iosb` null: any request on `file`.
size_t CancelFileIo(PKPROCESS process, PKTHREAD thread, PFILE_OBJECT file, PIO_STATUS_BLOCK iosb);
// Cancels what the thread, which may be another one, waits for. The number of packets.
size_t CancelSynchronousIoOf(PKTHREAD thread);
// Waits until none of the calling thread's requests on `file` is pending.
void WaitForFileIo(PFILE_OBJECT file);

// Frees what threads keep; returns the number of packets that are still in use.
int64_t ReleaseThreadCaches();

// IofCompleteRequest has called the last completion routine: the end for this kind of packet.
void EndCompletedIrp(IRP* irp);
// Ends a kService or kThread packet in the context of its process: copies results out, unlocks, signals,
// frees. IRQL <= APC_LEVEL. Returns the final status.
NTSTATUS FinishRequest(IRP* irp);
// Copies nothing, signals nothing: the packet never reached a driver.
void AbandonRequest(IRP* irp);
// Waits until no completed request waits for its end on a worker thread.
void DrainDeferredCompletions();

// Unlocks and frees the packet's MDL chain.
void ReleaseMdls(IRP* irp);

}  // namespace ring3::io
