// SPDX-License-Identifier: MIT
// One-time initialisation. Ptr is 0 before, kPending while somebody initialises, kPendingAsync while several
// may, and the context with kDone afterwards.
#include <ddi/ke.h>
#include <ddi/rtl_ntddk.h>
#include <ntstatus.h>

#include <atomic>

namespace {

constexpr ULONG_PTR kPending = 1;
constexpr ULONG_PTR kDone = 2;
constexpr ULONG_PTR kPendingAsync = 3;
constexpr ULONG_PTR kStateMask = 3;

std::atomic_ref<ULONG_PTR> StateOf(PRTL_RUN_ONCE once) {
  return std::atomic_ref<ULONG_PTR>(*reinterpret_cast<ULONG_PTR*>(&once->Ptr));
}

NTSTATUS Finished(ULONG_PTR state, PVOID* context) {
  if (context) *context = reinterpret_cast<PVOID>(state & ~kStateMask);
  return STATUS_SUCCESS;
}

}  // namespace

extern "C" {

// nf-ntddk-rtlrunonceinitialize
VOID NTAPI RtlRunOnceInitialize(PRTL_RUN_ONCE RunOnce) {
  RunOnce->Ptr = nullptr;
}

// STATUS_PENDING: the caller initialises and calls RtlRunOnceComplete. STATUS_SUCCESS: done, *Context is
// valid. A second caller waits for the first, unless RTL_RUN_ONCE_ASYNC; mixing the two is
// STATUS_INVALID_PARAMETER. With RTL_RUN_ONCE_CHECK_ONLY, STATUS_UNSUCCESSFUL before the end. IRQL up to
// APC_LEVEL. nf-ntddk-rtlrunoncebegininitialize
NTSTATUS NTAPI RtlRunOnceBeginInitialize(PRTL_RUN_ONCE RunOnce, ULONG Flags, PVOID* Context) {
  if ((Flags & ~(RTL_RUN_ONCE_ASYNC | RTL_RUN_ONCE_CHECK_ONLY)) ||
      Flags == (RTL_RUN_ONCE_ASYNC | RTL_RUN_ONCE_CHECK_ONLY)) {
    return STATUS_INVALID_PARAMETER_2;
  }
  std::atomic_ref<ULONG_PTR> state = StateOf(RunOnce);
  for (;;) {
    ULONG_PTR now = state.load(std::memory_order_acquire);
    if ((now & kStateMask) == kDone) return Finished(now, Context);
    if (Flags & RTL_RUN_ONCE_CHECK_ONLY) return STATUS_UNSUCCESSFUL;
    bool async = Flags & RTL_RUN_ONCE_ASYNC;
    if (now == 0) {
      if (state.compare_exchange_strong(now, async ? kPendingAsync : kPending)) return STATUS_PENDING;
      continue;
    }
    if (async != (now == kPendingAsync)) return STATUS_INVALID_PARAMETER;
    if (async) return STATUS_PENDING;
    state.wait(now, std::memory_order_acquire);
  }
}

// STATUS_UNSUCCESSFUL when nobody began, when the modes differ, or when another asynchronous attempt won.
// STATUS_INVALID_PARAMETER_3 for a context with its reserved low bits set. nf-ntddk-rtlrunoncecomplete
NTSTATUS NTAPI RtlRunOnceComplete(PRTL_RUN_ONCE RunOnce, ULONG Flags, PVOID Context) {
  if ((Flags & ~(RTL_RUN_ONCE_ASYNC | RTL_RUN_ONCE_INIT_FAILED)) ||
      Flags == (RTL_RUN_ONCE_ASYNC | RTL_RUN_ONCE_INIT_FAILED)) {
    return STATUS_INVALID_PARAMETER_2;
  }
  auto context = reinterpret_cast<ULONG_PTR>(Context);
  if (context & kStateMask) return STATUS_INVALID_PARAMETER_3;
  bool failed = Flags & RTL_RUN_ONCE_INIT_FAILED;
  if (failed && context) return STATUS_INVALID_PARAMETER_3;
  std::atomic_ref<ULONG_PTR> state = StateOf(RunOnce);
  ULONG_PTR expected = Flags & RTL_RUN_ONCE_ASYNC ? kPendingAsync : kPending;
  if (!state.compare_exchange_strong(expected, failed ? 0 : context | kDone)) return STATUS_UNSUCCESSFUL;
  state.notify_all();
  return STATUS_SUCCESS;
}

// Calls InitFn once; STATUS_UNSUCCESSFUL when it returns FALSE, and the next caller tries again. Normal
// kernel APCs are disabled meanwhile. nf-ntddk-rtlrunonceexecuteonce
NTSTATUS NTAPI RtlRunOnceExecuteOnce(PRTL_RUN_ONCE RunOnce, PRTL_RUN_ONCE_INIT_FN InitFn, PVOID Parameter,
                                     PVOID* Context) {
  NTSTATUS status = RtlRunOnceBeginInitialize(RunOnce, RTL_RUN_ONCE_CHECK_ONLY, Context);
  if (status == STATUS_SUCCESS) return status;
  KeEnterCriticalRegion();
  status = RtlRunOnceBeginInitialize(RunOnce, 0, Context);
  if (status == STATUS_PENDING) {
    PVOID context = nullptr;
    if (InitFn(RunOnce, Parameter, &context)) {
      status = RtlRunOnceComplete(RunOnce, 0, context);
      if (NT_SUCCESS(status) && Context) *Context = context;
    } else {
      RtlRunOnceComplete(RunOnce, RTL_RUN_ONCE_INIT_FAILED, nullptr);
      status = STATUS_UNSUCCESSFUL;
    }
  }
  KeLeaveCriticalRegion();
  return status;
}

}  // extern "C"
