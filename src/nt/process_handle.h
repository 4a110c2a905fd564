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

enum class Name : uint8_t { kRequired, kOptional };

// A service that makes or opens something and returns a handle to it.
template <typename Make>
NTSTATUS MakingHandle(PHANDLE handle, const OBJECT_ATTRIBUTES* attributes, Name name, Make make) {
  UserEntry entry;
  RING3_TRY(mm::ProbeUserRange(handle, sizeof(*handle), alignof(HANDLE), mm::Access::kWrite));
  Attributes captured;
  RING3_TRY(name == Name::kRequired ? captured.CaptureRequired(attributes) : captured.Capture(attributes));
  HANDLE made = nullptr;
  const NTSTATUS status = make(&made, captured.get());
  if (!NT_SUCCESS(status)) return status;
  RING3_TRY(Write(handle, made));
  return status;
}
template <typename Open>
NTSTATUS Opening(PHANDLE handle, const OBJECT_ATTRIBUTES* attributes, Open open) {
  return MakingHandle(handle, attributes, Name::kRequired, open);
}
template <typename Create>
NTSTATUS Creating(PHANDLE handle, const OBJECT_ATTRIBUTES* attributes, Create create) {
  return MakingHandle(handle, attributes, Name::kOptional, create);
}

}  // namespace ring3::nt
