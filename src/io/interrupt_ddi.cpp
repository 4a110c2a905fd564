// SPDX-License-Identifier: MIT
// Connecting to simulated interrupts, which tests and simulated devices fire through ke.
#include <ddi/ex.h>
#include <ddi/io.h>
#include <ntstatus.h>

#include <new>

#include "io/driver.h"
#include "ke/interrupt.h"

using namespace ring3;

namespace {

constexpr ULONG kTag = 'tnII';

NTSTATUS Connect(const _KINTERRUPT& wanted, PKINTERRUPT* result) {
  *result = nullptr;
  void* memory = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(_KINTERRUPT), kTag);
  if (memory == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  auto* interrupt = new (memory) _KINTERRUPT(wanted);
  auto routine = wanted.service_routine != nullptr
                     ? reinterpret_cast<const void*>(wanted.service_routine)
                     : reinterpret_cast<const void*>(wanted.message_service_routine);
  interrupt->driver = io::DriverOfAddress(routine);
  Status status = ke::ConnectInterrupt(interrupt);
  if (!status.ok()) {
    ExFreePoolWithTag(interrupt, kTag);
    return status.status();
  }
  *result = interrupt;
  return STATUS_SUCCESS;
}

// A device without resources of its own: a device level, one line or message.
constexpr KIRQL kDeviceIrql = DISPATCH_LEVEL + 1;

}  // namespace

extern "C" {

// STATUS_INVALID_PARAMETER, STATUS_INSUFFICIENT_RESOURCES. PASSIVE_LEVEL. nf-wdm-ioconnectinterrupt
NTSTATUS IoConnectInterrupt(PKINTERRUPT* InterruptObject, PKSERVICE_ROUTINE ServiceRoutine,
                            PVOID ServiceContext, PKSPIN_LOCK SpinLock, ULONG Vector, KIRQL Irql,
                            KIRQL SynchronizeIrql, KINTERRUPT_MODE InterruptMode, BOOLEAN,
                            KAFFINITY ProcessorEnableMask, BOOLEAN) {
  _KINTERRUPT wanted;
  wanted.service_routine = ServiceRoutine;
  wanted.service_context = ServiceContext;
  wanted.lock = SpinLock;
  wanted.vector = Vector;
  wanted.irql = Irql;
  wanted.synchronize_irql = SynchronizeIrql;
  wanted.mode = InterruptMode;
  wanted.affinity = ProcessorEnableMask;
  return Connect(wanted, InterruptObject);
}

// PASSIVE_LEVEL. nf-wdm-iodisconnectinterrupt
VOID IoDisconnectInterrupt(PKINTERRUPT InterruptObject) {
  ke::DisconnectInterrupt(InterruptObject);
  ExFreePoolWithTag(InterruptObject, kTag);
}

// Fully specified, line-based and message-based (one message). STATUS_NOT_SUPPORTED for other versions, with
// the highest known one in Parameters->Version. nf-wdm-ioconnectinterruptex
NTSTATUS IoConnectInterruptEx(PIO_CONNECT_INTERRUPT_PARAMETERS Parameters) {
  _KINTERRUPT wanted;
  switch (Parameters->Version) {
    case CONNECT_FULLY_SPECIFIED:
    case CONNECT_FULLY_SPECIFIED_GROUP: {
      auto& p = Parameters->FullySpecified;
      return IoConnectInterrupt(p.InterruptObject, p.ServiceRoutine, p.ServiceContext, p.SpinLock, p.Vector,
                                p.Irql, p.SynchronizeIrql, p.InterruptMode, p.ShareVector,
                                p.ProcessorEnableMask, p.FloatingSave);
    }
    case CONNECT_LINE_BASED: {
      auto& p = Parameters->LineBased;
      wanted.service_routine = p.ServiceRoutine;
      wanted.service_context = p.ServiceContext;
      wanted.lock = p.SpinLock;
      wanted.irql = kDeviceIrql;
      wanted.synchronize_irql = p.SynchronizeIrql == 0 ? kDeviceIrql : p.SynchronizeIrql;
      return Connect(wanted, p.InterruptObject);
    }
    case CONNECT_MESSAGE_BASED: {
      auto& p = Parameters->MessageBased;
      auto* table = static_cast<PIO_INTERRUPT_MESSAGE_INFO>(
          ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(IO_INTERRUPT_MESSAGE_INFO), kTag));
      if (table == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
      wanted.message_service_routine = p.MessageServiceRoutine;
      wanted.service_context = p.ServiceContext;
      wanted.lock = p.SpinLock;
      wanted.irql = kDeviceIrql;
      wanted.synchronize_irql = p.SynchronizeIrql == 0 ? kDeviceIrql : p.SynchronizeIrql;
      *table = {};
      table->MessageCount = 1;
      table->UnifiedIrql = wanted.synchronize_irql;
      table->MessageInfo[0].Irql = kDeviceIrql;
      table->MessageInfo[0].Mode = Latched;
      NTSTATUS status = Connect(wanted, &table->MessageInfo[0].InterruptObject);
      if (!NT_SUCCESS(status)) {
        ExFreePoolWithTag(table, kTag);
        return status;
      }
      *p.ConnectionContext.InterruptMessageTable = table;
      return STATUS_SUCCESS;
    }
    default:
      Parameters->Version = CONNECT_CURRENT_VERSION;
      return STATUS_NOT_SUPPORTED;
  }
}

// nf-wdm-iodisconnectinterruptex
VOID IoDisconnectInterruptEx(PIO_DISCONNECT_INTERRUPT_PARAMETERS Parameters) {
  if (Parameters->Version == CONNECT_MESSAGE_BASED) {
    PIO_INTERRUPT_MESSAGE_INFO table = Parameters->ConnectionContext.InterruptMessageTable;
    IoDisconnectInterrupt(table->MessageInfo[0].InterruptObject);
    ExFreePoolWithTag(table, kTag);
    return;
  }
  IoDisconnectInterrupt(Parameters->ConnectionContext.InterruptObject);
}

// nf-wdm-ioreportinterruptactive
VOID IoReportInterruptActive(PIO_REPORT_INTERRUPT_ACTIVE_STATE_PARAMETERS) {}
// nf-wdm-ioreportinterruptinactive
VOID IoReportInterruptInactive(PIO_REPORT_INTERRUPT_ACTIVE_STATE_PARAMETERS) {}

}  // extern "C"
