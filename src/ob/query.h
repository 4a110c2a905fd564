// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/zw.h>

namespace ring3::ob {

// ZwQueryObject for either mode; `information` in kernel memory. STATUS_INFO_LENGTH_MISMATCH with the bytes
// needed in
// `*return_length`, STATUS_INVALID_INFO_CLASS, STATUS_INVALID_HANDLE.
NTSTATUS QueryObject(KPROCESSOR_MODE mode, HANDLE handle, OBJECT_INFORMATION_CLASS information_class,
                     PVOID information, ULONG length, PULONG return_length);

}  // namespace ring3::ob
