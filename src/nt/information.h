// SPDX-License-Identifier: MIT
#pragma once

// What query and set services carry, beside services.h and included like it: one layout on both sides of the
// door.
namespace ring3::nt {

enum ObjectInformationClass : ULONG { kObjectHandleFlagInformation = 4 };
struct HandleFlagInformation {
  BOOLEAN inherit;
  BOOLEAN protect_from_close;
};

enum ThreadInformationClass : ULONG { kThreadBasicInformation = 0 };
struct ThreadBasicInformation {
  NTSTATUS exit_status;
  PVOID teb;
  CLIENT_ID client_id;
  ULONG_PTR affinity;
  LONG priority;
  LONG base_priority;
};
static_assert(sizeof(ThreadBasicInformation) == 48);

enum ProcessInformationClass : ULONG { kProcessBasicInformation = 0 };
struct ProcessBasicInformation {
  NTSTATUS exit_status;
  PVOID peb;
  ULONG_PTR affinity;
  LONG base_priority;
  ULONG_PTR process_id;
  ULONG_PTR parent_process_id;
};
static_assert(sizeof(ProcessBasicInformation) == 48);

enum MemoryInformationClass : ULONG { kMemoryBasicInformation = 0 };

enum ThreadCreateFlags : ULONG { kThreadCreateSuspended = 1 };

}  // namespace ring3::nt
