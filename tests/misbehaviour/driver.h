// SPDX-License-Identifier: MIT
#ifndef DRIVER_H
#define DRIVER_H

#include <ntddk.h>

#include "behaviours.h"

#define MISBEHAVIOUR_TAG 'vbsM'

// What a behaviour returns that has ended its request, or must not.
#define REQUEST_IS_DONE ((NTSTATUS)0xE0000001)

typedef struct _EXTENSION {
  KTIMER Timer;
  KDPC Dpc;
  KDPC SecondDpc;
  KSPIN_LOCK Lock;
  FAST_MUTEX FastMutex;
  KMUTEX Mutex;
  PMDL Mdl;
  PVOID Block;
  PKTIMER PoolTimer;
} EXTENSION;

typedef NTSTATUS BEHAVIOUR(PDEVICE_OBJECT DeviceObject, PIRP Irp);

#define DECLARE(name) BEHAVIOUR name;
BEHAVIOURS(DECLARE)
#undef DECLARE

FORCEINLINE EXTENSION* ExtensionOf(PDEVICE_OBJECT DeviceObject) {
  return (EXTENSION*)DeviceObject->DeviceExtension;
}

#endif
