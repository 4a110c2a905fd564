// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/zw.h>
#include <ntstatus.h>

#include "base/result.h"
#include "ke/service_scope.h"

// The Nt form of a service that a driver calls: the same kernel-mode entry. Applications come in through
// src/nt.
#define RING3_NT_SERVICE(Name) \
  extern "C" NTSYSCALLAPI decltype(Zw##Name) Nt##Name __attribute__((alias("Zw" #Name)))

namespace ring3::ob {

// Stores an opened handle or says why there is none.
inline NTSTATUS Return(Result<HANDLE> handle, HANDLE* out) {
  *out = handle.ok() ? *handle : nullptr;
  return handle.ok() ? STATUS_SUCCESS : handle.status();
}

}  // namespace ring3::ob
