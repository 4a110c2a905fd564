// SPDX-License-Identifier: MIT
#pragma once

#include "nt/capture.h"
#include "nt/user_entry.h"
#include "ob/object.h"
#include "ob/process_head.h"
#include "ps/thread.h"

namespace ring3::nt {

// What a process or thread handle of the application means; the pseudo handles are understood.
inline Result<ob::Ref<_EPROCESS>> ReferenceProcess(HANDLE handle, ACCESS_MASK access) {
  return ob::ReferenceHandleAs<_EPROCESS>(handle, access, ob::g_process_types.process, UserMode);
}
inline Result<ob::Ref<_ETHREAD>> ReferenceThread(HANDLE handle, ACCESS_MASK access) {
  return ob::ReferenceHandleAs<_ETHREAD>(handle, access, ob::g_process_types.thread, UserMode);
}

// A service that opens something by a name that must be given.
template <typename Open>
NTSTATUS Opening(PHANDLE handle, const OBJECT_ATTRIBUTES* attributes, Open open) {
  UserEntry entry;
  RING3_TRY(mm::ProbeUserRange(handle, sizeof(*handle), alignof(HANDLE), mm::Access::kWrite));
  Attributes captured;
  RING3_TRY(captured.CaptureRequired(attributes));
  HANDLE opened = nullptr;
  const NTSTATUS status = open(&opened, captured.get());
  if (!NT_SUCCESS(status)) return status;
  RING3_TRY(Write(handle, opened));
  return status;
}

// The same for a service that makes something, which may be unnamed.
template <typename Create>
NTSTATUS Creating(PHANDLE handle, const OBJECT_ATTRIBUTES* attributes, Create create) {
  UserEntry entry;
  RING3_TRY(mm::ProbeUserRange(handle, sizeof(*handle), alignof(HANDLE), mm::Access::kWrite));
  Attributes captured;
  RING3_TRY(captured.Capture(attributes));
  HANDLE created = nullptr;
  const NTSTATUS status = create(&created, captured.get());
  if (!NT_SUCCESS(status)) return status;
  RING3_TRY(Write(handle, created));
  return status;
}

}  // namespace ring3::nt
