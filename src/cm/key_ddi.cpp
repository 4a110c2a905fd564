// SPDX-License-Identifier: MIT
// The registry as drivers call it. Statuses stand at the services (cm/services.cpp). PASSIVE_LEVEL.
#include <ntstatus.h>

#include "cm/notify.h"
#include "cm/services.h"
#include "ob/service.h"

using namespace ring3;

extern "C" {

NTSTATUS ZwCreateKey(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, ULONG,
                     PUNICODE_STRING key_class, ULONG options, PULONG disposition) {
  ke::ServiceScope scope(KernelMode);
  return cm::CreateKey(KernelMode, handle, access, attributes, key_class, options, disposition);
}

NTSTATUS ZwOpenKey(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes) {
  ke::ServiceScope scope(KernelMode);
  return cm::OpenKey(KernelMode, handle, access, attributes);
}

// nf-wdm-zwopenkeyex
NTSTATUS ZwOpenKeyEx(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, ULONG options) {
  ke::ServiceScope scope(KernelMode);
  if (options & ~ULONG{REG_OPEN_LEGAL_OPTION}) return STATUS_INVALID_PARAMETER_4;
  return cm::OpenKey(KernelMode, handle, access, attributes);
}

NTSTATUS ZwDeleteKey(HANDLE handle) {
  ke::ServiceScope scope(KernelMode);
  return cm::DeleteKey(KernelMode, handle);
}

NTSTATUS ZwQueryKey(HANDLE handle, KEY_INFORMATION_CLASS information_class, PVOID information, ULONG length,
                    PULONG result_length) {
  ke::ServiceScope scope(KernelMode);
  return cm::QueryKey(KernelMode, handle, information_class, information, length, result_length);
}

NTSTATUS ZwEnumerateKey(HANDLE handle, ULONG index, KEY_INFORMATION_CLASS information_class,
                        PVOID information, ULONG length, PULONG result_length) {
  ke::ServiceScope scope(KernelMode);
  return cm::EnumerateKey(KernelMode, handle, index, information_class, information, length, result_length);
}

NTSTATUS ZwSetValueKey(HANDLE handle, PUNICODE_STRING name, ULONG, ULONG type, PVOID data, ULONG data_size) {
  ke::ServiceScope scope(KernelMode);
  return cm::SetValueKey(KernelMode, handle, name, type, data, data_size);
}

NTSTATUS ZwQueryValueKey(HANDLE handle, PUNICODE_STRING name, KEY_VALUE_INFORMATION_CLASS information_class,
                         PVOID information, ULONG length, PULONG result_length) {
  ke::ServiceScope scope(KernelMode);
  return cm::QueryValueKey(KernelMode, handle, name, information_class, information, length, result_length);
}

NTSTATUS ZwEnumerateValueKey(HANDLE handle, ULONG index, KEY_VALUE_INFORMATION_CLASS information_class,
                             PVOID information, ULONG length, PULONG result_length) {
  ke::ServiceScope scope(KernelMode);
  return cm::EnumerateValueKey(KernelMode, handle, index, information_class, information, length,
                               result_length);
}

NTSTATUS ZwDeleteValueKey(HANDLE handle, PUNICODE_STRING name) {
  ke::ServiceScope scope(KernelMode);
  return cm::DeleteValueKey(KernelMode, handle, name);
}

NTSTATUS ZwSetInformationKey(HANDLE handle, KEY_SET_INFORMATION_CLASS information_class, PVOID information,
                             ULONG length) {
  ke::ServiceScope scope(KernelMode);
  return cm::SetInformationKey(KernelMode, handle, information_class, information, length);
}

// Of a kernel-mode caller `apc_routine` is a WORK_QUEUE_ITEM, to be queued to the WORK_QUEUE_TYPE
// `apc_context`. nf-ntifs-zwnotifychangekey
NTSTATUS ZwNotifyChangeKey(HANDLE handle, HANDLE event, PIO_APC_ROUTINE apc_routine, PVOID apc_context,
                           PIO_STATUS_BLOCK status_block, ULONG filter, BOOLEAN watch_tree, PVOID, ULONG,
                           BOOLEAN asynchronous) {
  ke::ServiceScope scope(KernelMode);
  cm::NotifyRequest request;
  request.event = event;
  request.work_item = reinterpret_cast<PWORK_QUEUE_ITEM>(apc_routine);
  request.queue = static_cast<WORK_QUEUE_TYPE>(reinterpret_cast<ULONG_PTR>(apc_context));
  request.status_block = status_block;
  request.filter = filter;
  request.scope = watch_tree ? cm::Scope::kTree : cm::Scope::kKey;
  request.returns = asynchronous ? cm::Returns::kAtOnce : cm::Returns::kWhenChanged;
  return cm::NotifyChangeKey(KernelMode, handle, request);
}

NTSTATUS ZwFlushKey(HANDLE handle) {
  ke::ServiceScope scope(KernelMode);
  return cm::FlushKey(KernelMode, handle);
}

}  // extern "C"

RING3_NT_SERVICE(CreateKey);
RING3_NT_SERVICE(OpenKey);
RING3_NT_SERVICE(OpenKeyEx);
RING3_NT_SERVICE(DeleteKey);
RING3_NT_SERVICE(QueryKey);
RING3_NT_SERVICE(EnumerateKey);
RING3_NT_SERVICE(SetValueKey);
RING3_NT_SERVICE(QueryValueKey);
RING3_NT_SERVICE(EnumerateValueKey);
RING3_NT_SERVICE(DeleteValueKey);
RING3_NT_SERVICE(SetInformationKey);
RING3_NT_SERVICE(NotifyChangeKey);
RING3_NT_SERVICE(FlushKey);
