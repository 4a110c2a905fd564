// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/zw.h>

// The registry by handle: what the Zw routines (KernelMode) and the services of applications (UserMode) both
// are. Arguments are in kernel memory. Query routines return STATUS_BUFFER_TOO_SMALL where the fixed part
// does not fit, STATUS_BUFFER_OVERFLOW where only the rest does not, and the bytes needed in `*result_length`
// either way.
namespace ring3::cm {

NTSTATUS CreateKey(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access,
                   const OBJECT_ATTRIBUTES* attributes, const UNICODE_STRING* key_class, ULONG options,
                   PULONG disposition);
NTSTATUS OpenKey(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK access,
                 const OBJECT_ATTRIBUTES* attributes);
NTSTATUS DeleteKey(KPROCESSOR_MODE mode, HANDLE handle);
NTSTATUS QueryKey(KPROCESSOR_MODE mode, HANDLE handle, KEY_INFORMATION_CLASS information_class,
                  PVOID information, ULONG length, PULONG result_length);
NTSTATUS EnumerateKey(KPROCESSOR_MODE mode, HANDLE handle, ULONG index,
                      KEY_INFORMATION_CLASS information_class, PVOID information, ULONG length,
                      PULONG result_length);
NTSTATUS SetValueKey(KPROCESSOR_MODE mode, HANDLE handle, const UNICODE_STRING* name, ULONG type,
                     const void* data, ULONG data_size);
NTSTATUS QueryValueKey(KPROCESSOR_MODE mode, HANDLE handle, const UNICODE_STRING* name,
                       KEY_VALUE_INFORMATION_CLASS information_class, PVOID information, ULONG length,
                       PULONG result_length);
NTSTATUS EnumerateValueKey(KPROCESSOR_MODE mode, HANDLE handle, ULONG index,
                           KEY_VALUE_INFORMATION_CLASS information_class, PVOID information, ULONG length,
                           PULONG result_length);
NTSTATUS DeleteValueKey(KPROCESSOR_MODE mode, HANDLE handle, const UNICODE_STRING* name);
NTSTATUS SetInformationKey(KPROCESSOR_MODE mode, HANDLE handle, KEY_SET_INFORMATION_CLASS information_class,
                           const void* information, ULONG length);
NTSTATUS FlushKey(KPROCESSOR_MODE mode, HANDLE handle);

}  // namespace ring3::cm
