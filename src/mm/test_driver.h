// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "ddi/ke_ntifs.h"
#include "ke/driver_gate.h"
#include "ke/kthread.h"

namespace ring3::mm {

// Runs `body` as driver code, in the context that the thread has.
template <typename Body>
void CallAsDriver(Body& body) {
  void (*routine)(void*) = [](void* argument) { (*static_cast<Body*>(argument))(); };
  ke::CallDriver(nullptr, ke::Callback::kOther, routine, static_cast<void*>(&body));
}
// In the context of a client.
template <typename Body>
void DriveIn(PKPROCESS process, Body& body) {
  KAPC_STATE state;
  KeStackAttachProcess(process, &state);
  CallAsDriver(body);
  KeUnstackDetachProcess(&state);
}

// An access of driver code at a user address.
template <typename T = uint8_t>
volatile T& At(uintptr_t address) {
  return *reinterpret_cast<volatile T*>(address);
}

}  // namespace ring3::mm
