// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"
#include "ke/kthread.h"

// A simulated interrupt: a service routine, the lock and the IRQL that it runs under. io makes one for
// IoConnectInterrupt; a test, or a simulated device, fires it.
struct _KINTERRUPT {
  // Of one of these.
  PKSERVICE_ROUTINE service_routine = nullptr;
  PKMESSAGE_SERVICE_ROUTINE message_service_routine = nullptr;
  PVOID service_context = nullptr;
  ULONG message_id = 0;
  ULONG vector = 0;
  KIRQL irql = DISPATCH_LEVEL + 1;  // of the device
  KIRQL synchronize_irql =
      DISPATCH_LEVEL + 1;  // of the service routine: the highest of those sharing the lock
  KINTERRUPT_MODE mode = Latched;
  KAFFINITY affinity = 0;
  // The driver's, or own_lock.
  PKSPIN_LOCK lock = nullptr;
  KSPIN_LOCK own_lock = 0;
  // A passive-level interrupt is synchronised with an event instead of the lock.
  bool passive = false;
  KEVENT passive_lock = {};
  const void* driver = nullptr;
  bool connected = false;
};

namespace ring3::ke {

// Gives a filled-in interrupt its lock where it has none, and connects it. STATUS_INVALID_PARAMETER for IRQLs
// that are not above DISPATCH_LEVEL (unless passive), or a synchronize IRQL below the device's.
Status ConnectInterrupt(PKINTERRUPT interrupt);
// Waits for a service routine that runs. IRQL PASSIVE_LEVEL.
void DisconnectInterrupt(PKINTERRUPT interrupt);

// Raises the interrupt: the service routine runs at once, on the calling thread, under its lock and at its
// IRQL, as if the thread's processor had been interrupted. Returns whether it claimed the interrupt; false
// where it is not connected. The caller must be below the interrupt's synchronize IRQL.
bool FireInterrupt(PKINTERRUPT interrupt);

}  // namespace ring3::ke
