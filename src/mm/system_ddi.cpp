// SPDX-License-Identifier: MIT
// Driver images, of which every page is always resident, and questions about the system: MmPageEntireDriver,
// MmLockPagableDataSection, MmUnlockPagableImageSection, MmIsDriverVerifying, MmGetSystemRoutineAddress,
// MmQuerySystemSize …
#include <cstring>

#include "ddi/mm_ntddk.h"
#include "mm/misuse.h"
#include "mm/state.h"
#include "os/export_table.h"
#include "os/module.h"

using namespace ring3;
using namespace ring3::mm;

// The handle that stands for the section; its count is not kept, since nothing is paged out. IRQL <=
// APC_LEVEL. nf-wdm-mmlockpagabledatasection
PVOID MmLockPagableDataSection(PVOID AddressWithinSection) {
  return PAGE_ALIGN(AddressWithinSection);
}
VOID MmLockPagableSectionByHandle(PVOID) {}
VOID MmUnlockPagableImageSection(PVOID) {}

// The start of the driver's image in memory. IRQL <= APC_LEVEL. nf-wdm-mmpageentiredriver
PVOID MmPageEntireDriver(PVOID AddressWithinSection) {
  return const_cast<PVOID>(os::FindModule(AddressWithinSection).base);
}
VOID MmResetDriverPaging(PVOID) {}

// STATUS_INVALID_PARAMETER for unknown flags or a size; STATUS_INVALID_DEVICE_STATE otherwise: there is no
// Virtual Secure Mode. nf-wdm-mmprotectdriversection
NTSTATUS MmProtectDriverSection(PVOID, SIZE_T Size, ULONG Flags) {
  if (Size != 0 || (Flags & ~MM_PROTECT_DRIVER_SECTION_VALID_FLAGS) != 0) return STATUS_INVALID_PARAMETER;
  return STATUS_INVALID_DEVICE_STATE;
}

// No driver is in Driver Verifier's list: what Ring3 verifies, it verifies of all of them.
// nf-wdm-mmisdriververifying
LOGICAL MmIsDriverVerifying(struct _DRIVER_OBJECT*) {
  return FALSE;
}
LOGICAL MmIsDriverVerifyingByAddress(PVOID) {
  return FALSE;
}
LOGICAL MmIsDriverSuspectForVerifier(struct _DRIVER_OBJECT*) {
  return FALSE;
}
NTSTATUS MmIsVerifierEnabled(PULONG VerifierFlags) {
  *VerifierFlags = 0;
  return STATUS_NOT_SUPPORTED;
}

// The address of an exported DDI, NULL where there is none of that name. PASSIVE_LEVEL.
// nf-wdm-mmgetsystemroutineaddress
PVOID MmGetSystemRoutineAddress(PUNICODE_STRING SystemRoutineName) {
  char name[128];
  const USHORT length = SystemRoutineName->Length / sizeof(WCHAR);
  if (length == 0 || length >= sizeof name) return nullptr;
  for (USHORT i = 0; i < length; ++i) {
    const WCHAR c = SystemRoutineName->Buffer[i];
    if (c == 0 || c > 0x7E) return nullptr;
    name[i] = static_cast<char>(c);
  }
  name[length] = '\0';
  // C++ names and the C runtime's are no system routines.
  if (name[0] == '_') return nullptr;
  return os::FindExport(reinterpret_cast<const void*>(&MmGetSystemRoutineAddress), name);
}

// Any IRQL. nf-wdm-mmquerysystemsize
MM_SYSTEMSIZE MmQuerySystemSize(VOID) {
  return MmLargeSystem;
}
// A workstation. nf-ntddk-mmisthisanntassystem
BOOLEAN MmIsThisAnNtAsSystem(VOID) {
  return FALSE;
}
