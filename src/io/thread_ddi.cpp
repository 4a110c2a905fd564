// SPDX-License-Identifier: MIT
// Who sent a request, and what the calling thread has to do with it.
#include <ddi/io_ntifs.h>
#include <ddi/ps_ntifs.h>
#include <ddi/zw.h>
#include <ntstatus.h>

#include <utility>

#include "io/file.h"
#include "io/irp.h"
#include "ob/object.h"
#include "ps/process.h"
#include "ps/thread.h"

using namespace ring3;
using namespace ring3::io;

extern "C" {

// FALSE: applications are 64-bit. nf-wdm-iois32bitprocess
BOOLEAN IoIs32bitProcess(PIRP) {
  return FALSE;
}

// The process that sent the packet; null where a driver made it for itself. nf-ntifs-iogetrequestorprocess
PEPROCESS IoGetRequestorProcess(PIRP Irp) {
  if (Irp->Tail.Overlay.Thread == nullptr) return nullptr;
  if (HasHeader(Irp) && IrpHeader::Of(Irp)->process != nullptr) {
    return reinterpret_cast<PEPROCESS>(IrpHeader::Of(Irp)->process);
  }
  return ps::ProcessOf(&Irp->Tail.Overlay.Thread->tcb);
}

// Its id, zero where there is none. nf-ntifs-iogetrequestorprocessid
ULONG IoGetRequestorProcessId(PIRP Irp) {
  PEPROCESS process = IoGetRequestorProcess(Irp);
  return process == nullptr ? 0 : static_cast<ULONG>(reinterpret_cast<ULONG_PTR>(PsGetProcessId(process)));
}

// STATUS_UNSUCCESSFUL where there is no process. nf-ntifs-iogetrequestorsessionid
NTSTATUS IoGetRequestorSessionId(PIRP Irp, PULONG pSessionId) {
  PEPROCESS process = IoGetRequestorProcess(Irp);
  if (process == nullptr) {
    *pSessionId = ~ULONG{0};
    return STATUS_UNSUCCESSFUL;
  }
  *pSessionId = process->session_id;
  return STATUS_SUCCESS;
}

// nf-ntddk-iogetinitiatorprocess
PEPROCESS IoGetInitiatorProcess(PFILE_OBJECT) {
  return ps::CurrentProcess();
}

// nf-ntifs-iothreadtoprocess
PEPROCESS IoThreadToProcess(PETHREAD Thread) {
  return ps::ProcessOf(&Thread->tcb);
}

// nf-ntifs-ioissystemthread
BOOLEAN IoIsSystemThread(PETHREAD Thread) {
  return PsIsSystemThread(Thread);
}

// Whether the sender waits for the packet. nf-ntifs-ioisoperationsynchronous
BOOLEAN IoIsOperationSynchronous(PIRP Irp) {
  PFILE_OBJECT file = IoGetCurrentIrpStackLocation(Irp)->FileObject;
  if ((Irp->Flags & IRP_SYNCHRONOUS_API) != 0) return TRUE;
  return file != nullptr && HasFlag(*file, FO_SYNCHRONOUS_IO);
}

// Puts a packet of IoAllocateIrp's on the calling thread's list. nf-ntifs-ioqueuethreadirp
VOID IoQueueThreadIrp(PIRP Irp) {
  if (!HasHeader(Irp)) return;
  IrpHeader::Of(Irp)->kind = IrpKind::kThread;
  LinkToThread(Irp);
}

// nf-wdm-iogettoplevelirp
PIRP IoGetTopLevelIrp(VOID) {
  ThreadIrps* irps = CurrentThreadIrps();
  return irps == nullptr ? nullptr : irps->top_level_irp;
}

// nf-wdm-iosettoplevelirp
VOID IoSetTopLevelIrp(PIRP Irp) {
  if (ThreadIrps* irps = CurrentThreadIrps()) irps->top_level_irp = Irp;
}

// What it was. nf-ntddk-iosetthreadharderrormode
BOOLEAN IoSetThreadHardErrorMode(BOOLEAN EnableHardErrors) {
  ThreadIrps* irps = CurrentThreadIrps();
  if (irps == nullptr) return TRUE;
  BOOLEAN before = !irps->hard_errors_disabled;
  irps->hard_errors_disabled = !EnableHardErrors;
  return before;
}

// There is no one to ask: the packet is completed with its error. nf-ntddk-ioraiseharderror
VOID IoRaiseHardError(PIRP Irp, PVPB, PDEVICE_OBJECT) {
  IofCompleteRequest(Irp, IO_DISK_INCREMENT);
}

// FALSE: nobody was told. nf-ntddk-ioraiseinformationalharderror
BOOLEAN IoRaiseInformationalHardError(NTSTATUS, PUNICODE_STRING, PKTHREAD) {
  return FALSE;
}

// nf-ntddk-iosetharderrororverifydevice
VOID IoSetHardErrorOrVerifyDevice(PIRP, PDEVICE_OBJECT) {}

// STATUS_NOT_FOUND: requests carry no activity id here. nf-ntddk-iogetactivityidirp
NTSTATUS IoGetActivityIdIrp(PIRP, GUID*) {
  return STATUS_NOT_FOUND;
}
// STATUS_UNSUCCESSFUL: no tracing provider is enabled. nf-ntddk-iosetactivityidirp
NTSTATUS IoSetActivityIdIrp(PIRP, const GUID*) {
  return STATUS_UNSUCCESSFUL;
}

// nf-ntddk-iogetactivityidthread
const GUID* IoGetActivityIdThread(VOID) {
  ThreadIrps* irps = CurrentThreadIrps();
  return irps == nullptr ? nullptr : irps->activity_id;
}

// The id that was the thread's before; the caller's GUID has to stay until IoClearActivityIdThread.
// nf-ntddk-iosetactivityidthread
const GUID* IoSetActivityIdThread(const GUID* ActivityId) {
  ThreadIrps* irps = CurrentThreadIrps();
  return irps == nullptr ? nullptr : std::exchange(irps->activity_id, ActivityId);
}

// nf-ntddk-ioclearactivityidthread
VOID IoClearActivityIdThread(const GUID* OriginalId) {
  if (ThreadIrps* irps = CurrentThreadIrps()) irps->activity_id = OriginalId;
}

// STATUS_ACCESS_DENIED where the granted access lacks some of the wanted, generic rights mapped.
// nf-ntifs-iocheckdesiredaccess
NTSTATUS IoCheckDesiredAccess(PACCESS_MASK DesiredAccess, ACCESS_MASK GrantedAccess) {
  GENERIC_MAPPING mapping = ob::TypeMapping(g_file_type);
  RtlMapGenericMask(DesiredAccess, &mapping);
  return (*DesiredAccess & ~GrantedAccess) == 0 ? STATUS_SUCCESS : STATUS_ACCESS_DENIED;
}

// nf-ntddk-iogetfileobjectgenericmapping
PGENERIC_MAPPING IoGetFileObjectGenericMapping(VOID) {
  static GENERIC_MAPPING mapping = {FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE,
                                    FILE_ALL_ACCESS};
  return &mapping;
}

// nf-ntifs-ioinitializepriorityinfo
VOID IoInitializePriorityInfo(PIO_PRIORITY_INFO PriorityInfo) {
  *PriorityInfo = {sizeof(IO_PRIORITY_INFO), 0xffff, 5, IoPriorityNormal};
}

// A system thread during whose life the driver or device object stays. nf-wdm-iocreatesystemthread
NTSTATUS IoCreateSystemThread(PVOID, PHANDLE ThreadHandle, ULONG DesiredAccess,
                              POBJECT_ATTRIBUTES ObjectAttributes, HANDLE ProcessHandle, PCLIENT_ID ClientId,
                              PKSTART_ROUTINE StartRoutine, PVOID StartContext) {
  return PsCreateSystemThread(ThreadHandle, DesiredAccess, ObjectAttributes, ProcessHandle, ClientId,
                              StartRoutine, StartContext);
}

}  // extern "C"

namespace {

PKEVENT CreateNamedEvent(PUNICODE_STRING name, PHANDLE handle, EVENT_TYPE type) {
  OBJECT_ATTRIBUTES attributes;
  InitializeObjectAttributes(&attributes, name, OBJ_OPENIF | OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE,
                             nullptr, nullptr);
  HANDLE event = nullptr;
  if (!NT_SUCCESS(ZwCreateEvent(&event, EVENT_ALL_ACCESS, &attributes, type, TRUE))) return nullptr;
  Result<void*> object = ob::ReferenceByHandle(event, EVENT_MODIFY_STATE, ob::g_event_type, KernelMode);
  if (!object.ok()) {
    ZwClose(event);
    return nullptr;
  }
  // The handle keeps it.
  ob::Dereference(*object);
  *handle = event;
  return static_cast<PKEVENT>(*object);
}

}  // namespace

extern "C" {

// A named notification event, signalled when it is new; the caller closes the handle. Null: it could not be
// made. PASSIVE_LEVEL. nf-wdm-iocreatenotificationevent
PKEVENT IoCreateNotificationEvent(PUNICODE_STRING EventName, PHANDLE EventHandle) {
  return CreateNamedEvent(EventName, EventHandle, NotificationEvent);
}

// nf-wdm-iocreatesynchronizationevent
PKEVENT IoCreateSynchronizationEvent(PUNICODE_STRING EventName, PHANDLE EventHandle) {
  return CreateNamedEvent(EventName, EventHandle, SynchronizationEvent);
}

}  // extern "C"
