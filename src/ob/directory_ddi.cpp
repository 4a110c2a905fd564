// SPDX-License-Identifier: MIT
#include "ob/service.h"
#include "ob/directory_services.h"

using namespace ring3;

extern "C" {

// STATUS_OBJECT_NAME_COLLISION, STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_PATH_SYNTAX_BAD,
// STATUS_OBJECT_NAME_EXISTS (OBJ_OPENIF). PASSIVE_LEVEL. nf-wdm-zwcreatedirectoryobject
NTSTATUS ZwCreateDirectoryObject(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes) {
  ke::ServiceScope scope(KernelMode);
  return ob::CreateDirectoryObject(KernelMode, handle, access, attributes);
}

// nf-ntifs-zwopendirectoryobject
NTSTATUS ZwOpenDirectoryObject(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes) {
  ke::ServiceScope scope(KernelMode);
  return ob::OpenDirectoryObject(KernelMode, handle, access, attributes);
}

// Entries as OBJECT_DIRECTORY_INFORMATION, ended by an empty one, the strings behind them.
// STATUS_NO_MORE_ENTRIES, STATUS_MORE_ENTRIES, STATUS_BUFFER_TOO_SMALL.
NTSTATUS ZwQueryDirectoryObject(HANDLE handle, PVOID buffer, ULONG length, BOOLEAN single, BOOLEAN restart,
                                PULONG context, PULONG return_length) {
  ke::ServiceScope scope(KernelMode);
  return ob::QueryDirectoryObject(KernelMode, handle, buffer, length, single, restart, context,
                                  return_length);
}

// A link to `target`, which need not exist. STATUS_OBJECT_NAME_COLLISION, STATUS_INVALID_PARAMETER (no
// target).
NTSTATUS ZwCreateSymbolicLinkObject(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes,
                                    PUNICODE_STRING target) {
  ke::ServiceScope scope(KernelMode);
  return ob::CreateSymbolicLinkObject(KernelMode, handle, access, attributes, target);
}

// nf-wdm-zwopensymboliclinkobject
NTSTATUS ZwOpenSymbolicLinkObject(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes) {
  ke::ServiceScope scope(KernelMode);
  return ob::OpenSymbolicLinkObject(KernelMode, handle, access, attributes);
}

// STATUS_BUFFER_TOO_SMALL with the bytes needed in `returned`. nf-wdm-zwquerysymboliclinkobject
NTSTATUS ZwQuerySymbolicLinkObject(HANDLE handle, PUNICODE_STRING target, PULONG returned) {
  ke::ServiceScope scope(KernelMode);
  return ob::QuerySymbolicLinkObject(KernelMode, handle, target, returned);
}

// Ids that no earlier call of this boot returned. nf-ntddk-zwallocatelocallyuniqueid
NTSTATUS ZwAllocateLocallyUniqueId(PLUID luid) {
  ke::ServiceScope scope(KernelMode);
  return ob::AllocateLocallyUniqueId(luid);
}

}  // extern "C"

RING3_NT_SERVICE(CreateDirectoryObject);
RING3_NT_SERVICE(OpenDirectoryObject);
RING3_NT_SERVICE(QueryDirectoryObject);
RING3_NT_SERVICE(CreateSymbolicLinkObject);
RING3_NT_SERVICE(OpenSymbolicLinkObject);
RING3_NT_SERVICE(QuerySymbolicLinkObject);
RING3_NT_SERVICE(AllocateLocallyUniqueId);
