// SPDX-License-Identifier: MIT
// ProbeForRead, ProbeForWrite, MmSecureVirtualMemory(Ex), MmUnsecureVirtualMemory.
#include "ddi/mm_ntddk.h"
#include "mm/misuse.h"
#include "mm/state.h"
#include "mm/user_memory.h"
#include "mm/user_window.h"

using namespace ring3;
using namespace ring3::mm;

namespace {

Status Probe(const volatile VOID* address, SIZE_T length, ULONG alignment) {
  RING3_TRY(ProbeUserRange(address, length, alignment == 0 ? 1 : alignment));
  if (length == 0 || CurrentSpace().is_local()) return STATUS_SUCCESS;
  const uintptr_t start = Parameter(const_cast<PVOID>(address));
  return IsExecutivesMemory(start, start + length) ? STATUS_ACCESS_VIOLATION : STATUS_SUCCESS;
}

}  // namespace

// Raises STATUS_ACCESS_VIOLATION where the range wraps or is not in user address space,
// STATUS_DATATYPE_MISALIGNMENT where `Address` is not a multiple of `Alignment`. A length of zero passes.
// Does not look at the memory; but in the context of an application in a process of its own, where the
// executive has memory, that is no user address. IRQL <= APC_LEVEL. nf-wdm-probeforread
VOID ProbeForRead(const volatile VOID* Address, SIZE_T Length, ULONG Alignment) {
  const Status status = Probe(Address, Length, Alignment);
  if (!status.ok()) ExRaiseStatus(status);
}

// The same, and raises STATUS_ACCESS_VIOLATION where a page of the range cannot be written now. What is there
// is not changed. nf-wdm-probeforwrite
VOID ProbeForWrite(volatile VOID* Address, SIZE_T Length, ULONG Alignment) {
  Status status = Probe(Address, Length, Alignment);
  if (status.ok()) status = ProbeUserWrite(Address, Length);
  if (!status.ok()) ExRaiseStatus(status);
}

// Keeps the range of the current process from being freed and from a protection stricter than `ProbeMode`
// (PAGE_READONLY or PAGE_READWRITE) until MmUnsecureVirtualMemory or the end of the process. IRQL <=
// APC_LEVEL. NULL: it does not grant that now. nf-ntddk-mmsecurevirtualmemory
HANDLE MmSecureVirtualMemory(PVOID Address, SIZE_T Size, ULONG ProbeMode) {
  return CurrentSpace().virtual_memory().Secure(CurrentProcess(), Parameter(Address), Size, ProbeMode, 0);
}

// With MM_SECURE_EXCLUSIVE (no overlap with another secured range) and MM_SECURE_NO_CHANGE (no change at
// all). nf-ntddk-mmsecurevirtualmemoryex
HANDLE MmSecureVirtualMemoryEx(PVOID Address, SIZE_T Size, ULONG ProbeMode, ULONG Flags) {
  return CurrentSpace().virtual_memory().Secure(CurrentProcess(), Parameter(Address), Size, ProbeMode, Flags);
}

// In the process that the range was secured in; MEMORY_MANAGEMENT otherwise. nf-ntddk-mmunsecurevirtualmemory
VOID MmUnsecureVirtualMemory(HANDLE SecureHandle) {
  if (CurrentSpace().virtual_memory().Unsecure(CurrentProcess(), SecureHandle)) return;
  KeBugCheckEx(MEMORY_MANAGEMENT, 0, Parameter(SecureHandle), Parameter(CurrentProcess()), 0);
}
