// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/zw.h>

// Directories and symbolic links by handle: what the Zw routines (KernelMode) and the services of
// applications (UserMode) both are. Arguments are in kernel memory. Statuses stand at the definitions.
namespace ring3::ob {

NTSTATUS CreateDirectoryObject(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access,
                               POBJECT_ATTRIBUTES attributes);
NTSTATUS OpenDirectoryObject(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access,
                             POBJECT_ATTRIBUTES attributes);
NTSTATUS QueryDirectoryObject(KPROCESSOR_MODE mode, HANDLE handle, PVOID buffer, ULONG length, BOOLEAN single,
                              BOOLEAN restart, PULONG context, PULONG return_length);
NTSTATUS CreateSymbolicLinkObject(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access,
                                  POBJECT_ATTRIBUTES attributes, PUNICODE_STRING target);
NTSTATUS OpenSymbolicLinkObject(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access,
                                POBJECT_ATTRIBUTES attributes);
NTSTATUS QuerySymbolicLinkObject(KPROCESSOR_MODE mode, HANDLE handle, PUNICODE_STRING target,
                                 PULONG returned);
NTSTATUS AllocateLocallyUniqueId(PLUID luid);

}  // namespace ring3::ob
