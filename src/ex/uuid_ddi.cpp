// SPDX-License-Identifier: MIT
#include <ddi/ex_ntddk.h>
#include <guiddef.h>
#include <ntstatus.h>

#include "os/random.h"

// A new UUID, of random bits (version 4). STATUS_RETRY when the system has no random bits yet. PASSIVE_LEVEL.
// ntddk/nf-ntddk-exuuidcreate
extern "C" NTSTATUS ExUuidCreate(struct _GUID* Uuid) {
  if (!ring3::os::FillRandom(Uuid, sizeof(*Uuid))) return STATUS_RETRY;
  Uuid->Data3 = static_cast<USHORT>((Uuid->Data3 & 0x0fff) | 0x4000);
  Uuid->Data4[0] = static_cast<UCHAR>((Uuid->Data4[0] & 0x3f) | 0x80);
  return STATUS_SUCCESS;
}
