// SPDX-License-Identifier: MIT
#pragma once

#include <ntstatus.h>

#include "bugcodes.h"
#include "ddi/ke.h"
#include "ddi/mm.h"

// Declared by wdm.h as well (nf-wdm-exraisestatus).
extern "C" NTKERNELAPI DECLSPEC_NORETURN VOID NTAPI ExRaiseStatus(NTSTATUS Status);

namespace ring3::mm {

template <typename T>
ULONG_PTR Parameter(T* pointer) {
  return reinterpret_cast<ULONG_PTR>(pointer);
}
inline ULONG_PTR Parameter(ULONG_PTR value) {
  return value;
}

// What a driver does wrong that Windows finds with Driver Verifier: Ring3 always looks.
// bug-check-0xc4--driver-verifier-detected-violation
template <typename A, typename B, typename C>
[[noreturn]] void VerifierViolation(ULONG_PTR what, A p2, B p3, C p4) {
  KeBugCheckEx(DRIVER_VERIFIER_DETECTED_VIOLATION, what, static_cast<ULONG_PTR>(p2),
               static_cast<ULONG_PTR>(p3), static_cast<ULONG_PTR>(p4));
}

}  // namespace ring3::mm
