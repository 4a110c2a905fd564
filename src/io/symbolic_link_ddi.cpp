// SPDX-License-Identifier: MIT
#include <ddi/io_ntifs.h>
#include <ddi/zw.h>
#include <ntstatus.h>

#include "ob/object.h"

using namespace ring3;

namespace {

NTSTATUS CreateLink(PUNICODE_STRING link, PUNICODE_STRING device) {
  OBJECT_ATTRIBUTES attributes;
  InitializeObjectAttributes(&attributes, link, OBJ_CASE_INSENSITIVE | OBJ_PERMANENT | OBJ_KERNEL_HANDLE,
                             nullptr, nullptr);
  HANDLE handle = nullptr;
  NTSTATUS status = ZwCreateSymbolicLinkObject(&handle, SYMBOLIC_LINK_ALL_ACCESS, &attributes, device);
  if (NT_SUCCESS(status)) ZwClose(handle);
  return status;
}

}  // namespace

extern "C" {

// STATUS_OBJECT_NAME_COLLISION where the name exists. PASSIVE_LEVEL. nf-wdm-iocreatesymboliclink
NTSTATUS IoCreateSymbolicLink(PUNICODE_STRING SymbolicLinkName, PUNICODE_STRING DeviceName) {
  return CreateLink(SymbolicLinkName, DeviceName);
}

// The same: embedded, everyone may replace links anyway. nf-wdm-iocreateunprotectedsymboliclink
NTSTATUS IoCreateUnprotectedSymbolicLink(PUNICODE_STRING SymbolicLinkName, PUNICODE_STRING DeviceName) {
  return CreateLink(SymbolicLinkName, DeviceName);
}

// STATUS_OBJECT_NAME_NOT_FOUND. PASSIVE_LEVEL. nf-wdm-iodeletesymboliclink
NTSTATUS IoDeleteSymbolicLink(PUNICODE_STRING SymbolicLinkName) {
  OBJECT_ATTRIBUTES attributes;
  InitializeObjectAttributes(&attributes, SymbolicLinkName, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, nullptr,
                             nullptr);
  HANDLE handle = nullptr;
  RING3_TRY(ZwOpenSymbolicLinkObject(&handle, DELETE, &attributes));
  NTSTATUS status = ZwMakeTemporaryObject(handle);
  ZwClose(handle);
  return status;
}

}  // extern "C"
