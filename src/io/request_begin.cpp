// SPDX-License-Identifier: MIT
// Making and sending a service's request.
#include <ddi/ex.h>
#include <bugcodes.h>
#include <ntstatus.h>
#include <ring3_seh.h>

#include <cstring>

#include "base/fault_injection.h"
#include "io/file.h"
#include "mm/user_memory.h"

namespace ring3::io {

Result<RequestFile> ReferenceFile(HANDLE handle, ACCESS_MASK desired_access, KPROCESSOR_MODE mode) {
  ob::HandleInformation information;
  Result<void*> file = ob::ReferenceByHandle(handle, desired_access, g_file_type, mode, &information);
  if (!file.ok()) return file.status();
  return RequestFile{ob::Ref<FILE_OBJECT>::Adopt(*file), information.granted_access};
}

SynchronousFileLock::SynchronousFileLock(PFILE_OBJECT file)
    : file_(HasFlag(*file, FO_SYNCHRONOUS_IO) ? file : nullptr) {
  if (file_ == nullptr || __atomic_exchange_n(&file_->Busy, 1, __ATOMIC_ACQUIRE) == 0) return;
  __atomic_fetch_add(&file_->Waiters, 1, __ATOMIC_SEQ_CST);
  while (__atomic_exchange_n(&file_->Busy, 1, __ATOMIC_SEQ_CST) != 0) {
    KeWaitForSingleObject(&file_->Lock, Executive, KernelMode, FALSE, nullptr);
  }
  __atomic_fetch_sub(&file_->Waiters, 1, __ATOMIC_SEQ_CST);
}

SynchronousFileLock::~SynchronousFileLock() {
  if (file_ == nullptr) return;
  __atomic_store_n(&file_->Busy, 0, __ATOMIC_SEQ_CST);
  if (__atomic_load_n(&file_->Waiters, __ATOMIC_SEQ_CST) != 0)
    KeSetEvent(&file_->Lock, IO_NO_INCREMENT, FALSE);
}

Status ProbeForReading(KPROCESSOR_MODE mode, const void* address, size_t byte_count) {
  if (mode == KernelMode) return STATUS_SUCCESS;
  return mm::ProbeUserRange(address, byte_count, 1);
}

Status ProbeForWriting(KPROCESSOR_MODE mode, void* address, size_t byte_count) {
  if (mode == KernelMode || byte_count == 0) return STATUS_SUCCESS;
  return mm::ProbeUserWrite(address, byte_count);
}

Status WriteUserStatusBlock(KPROCESSOR_MODE mode, PIO_STATUS_BLOCK iosb, NTSTATUS status,
                            ULONG_PTR information) {
  IO_STATUS_BLOCK result = {};
  result.Status = status;
  result.Information = information;
  if (mode == UserMode) return mm::CopyToUser(iosb, &result, sizeof(result));
  *iosb = result;
  return STATUS_SUCCESS;
}

void* AllocateSystemBuffer(IRP* irp, ULONG byte_count) {
  if (ShouldFail("io: system buffer")) return nullptr;
  void* buffer = ExAllocatePoolWithTag(NonPagedPoolNx, byte_count, 'BysI');
  if (buffer == nullptr) return nullptr;
  irp->AssociatedIrp.SystemBuffer = buffer;
  irp->Flags |= IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER;
  return buffer;
}

Status CaptureInput(KPROCESSOR_MODE mode, void* destination, const void* source, ULONG byte_count) {
  if (mode == UserMode) return mm::CopyFromUser(destination, source, byte_count);
  std::memcpy(destination, source, byte_count);
  return STATUS_SUCCESS;
}

namespace {

// MmProbeAndLockPages raises. The function's locals must survive that: no optimisation.
__attribute__((optnone, noinline)) NTSTATUS TryLockPages(PMDL mdl, KPROCESSOR_MODE mode,
                                                         LOCK_OPERATION operation) {
  RING3_SEH_FRAME frame __attribute__((cleanup(Ring3SehLeave)));
  int step = Ring3SehEnter(&frame, 0);
  if (step == 0) {
    MmProbeAndLockPages(mdl, mode, operation);
    RING3_SEH_END_OF_BODY(frame);
    return STATUS_SUCCESS;
  }
  if (step == 1) Ring3SehFilter(&frame, 1);
  return static_cast<NTSTATUS>(frame.code);
}

}  // namespace

Status LockBuffer(KPROCESSOR_MODE mode, IRP* irp, void* address, ULONG byte_count, LOCK_OPERATION operation) {
  PMDL mdl = IoAllocateMdl(address, byte_count, FALSE, TRUE, irp);
  if (mdl == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  return TryLockPages(mdl, mode, operation);
}

Result<Request> BeginRequest(KPROCESSOR_MODE mode, const RequestArguments& arguments,
                             ob::Ref<FILE_OBJECT>& file, UCHAR major_function) {
  if (mode == UserMode) RING3_TRY(mm::ProbeUserWrite(arguments.iosb, sizeof(IO_STATUS_BLOCK)));
  // A file with a completion port tells its requests' end there: no APC.
  if (arguments.apc_routine != nullptr && file->CompletionContext != nullptr) return STATUS_INVALID_PARAMETER;
  PKEVENT event = nullptr;
  if (arguments.event != nullptr) {
    Result<void*> object = ob::ReferenceByHandle(arguments.event, EVENT_MODIFY_STATE, ob::g_event_type, mode);
    if (!object.ok()) return object.status();
    event = static_cast<PKEVENT>(*object);
    KeClearEvent(event);
  }
  Request request;
  request.device = IoGetRelatedDeviceObject(file.get());
  request.irp = AllocateIrp(request.device->StackSize, IrpKind::kService);
  if (request.irp == nullptr) {
    if (event != nullptr) ob::Dereference(event);
    return STATUS_INSUFFICIENT_RESOURCES;
  }
  IRP* irp = request.irp;
  irp->RequestorMode = mode;
  irp->UserIosb = arguments.iosb;
  irp->UserEvent = event;
  irp->Overlay.AsynchronousParameters.UserApcRoutine = arguments.apc_routine;
  irp->Overlay.AsynchronousParameters.UserApcContext = arguments.apc_context;
  PIO_STACK_LOCATION stack = request.stack();
  stack->MajorFunction = major_function;
  stack->FileObject = file.get();
  const bool is_synchronous = HasFlag(*file.get(), FO_SYNCHRONOUS_IO);
  IrpHeader::Of(irp)->is_synchronous = is_synchronous;
  irp->Tail.Overlay.OriginalFileObject = is_synchronous ? file.get() : file.Release();
  LinkToThread(irp);
  return request;
}

namespace {

// DRIVER_VERIFIER_IOMANAGER_VIOLATION 0x226: neither completed nor pending. A packet that the driver marked
// pending may still be completed: then only the status is wrong.
void CheckDispatchStatus(const Request& request, NTSTATUS status) {
  if (status == STATUS_PENDING) return;
  bool marked = (IoGetCurrentIrpStackLocation(request.irp)->Control & SL_PENDING_RETURNED) != 0;
  if (marked) return;
  PDRIVER_OBJECT driver = request.device->DriverObject;
  KeBugCheckEx(DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0x226, reinterpret_cast<ULONG_PTR>(driver->DriverInit),
               reinterpret_cast<ULONG_PTR>(request.irp), static_cast<ULONG_PTR>(static_cast<ULONG>(status)));
}

void WaitForEnd(IRP* irp, bool alertable) {
  IrpHeader* header = IrpHeader::Of(irp);
  NTSTATUS status =
      KeWaitForSingleObject(&header->done, Executive, alertable ? UserMode : KernelMode, alertable, nullptr);
  if (status == STATUS_SUCCESS) return;
  // An APC or alert ends an alertable request early: it is cancelled, and over when the driver says so.
  IoCancelIrp(irp);
  KeWaitForSingleObject(&header->done, Executive, KernelMode, FALSE, nullptr);
}

}  // namespace

NTSTATUS IssueRequest(const Request& request) {
  IRP* irp = request.irp;
  IrpHeader* header = IrpHeader::Of(irp);
  FILE_OBJECT* file = irp->Tail.Overlay.OriginalFileObject;
  const bool is_synchronous = header->is_synchronous;
  const bool is_alertable = HasFlag(*file, FO_ALERTABLE_IO);
  NTSTATUS status = IofCallDriver(request.device, irp);
  header->pended = status == STATUS_PENDING;
  if (__builtin_expect(header->state.load(std::memory_order_acquire) == kIrpCompleted, true)) {
    NTSTATUS final_status = FinishRequest(irp);
    return status == STATUS_PENDING && !is_synchronous ? STATUS_PENDING : final_status;
  }
  CheckDispatchStatus(request, status);
  header->pended = true;
  uint32_t expected = kIrpIssuing;
  if (is_synchronous) {
    KeInitializeEvent(&header->done, SynchronizationEvent, FALSE);
    if (header->state.compare_exchange_strong(expected, kIrpWaiting, std::memory_order_acq_rel)) {
      WaitForEnd(irp, is_alertable);
    }
    return FinishRequest(irp);
  }
  if (irp->UserEvent == nullptr) KeClearEvent(&file->Event);
  if (header->state.compare_exchange_strong(expected, kIrpDetached, std::memory_order_acq_rel))
    return STATUS_PENDING;
  FinishRequest(irp);
  return STATUS_PENDING;
}

Result<Request> BeginKernelRequest(KPROCESSOR_MODE mode, PFILE_OBJECT file, UCHAR major_function) {
  Request request;
  request.device = IoGetRelatedDeviceObject(file);
  request.irp = AllocateIrp(request.device->StackSize, IrpKind::kService);
  if (request.irp == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  IrpHeader::Of(request.irp)->kernel_results = true;
  request.irp->RequestorMode = mode;
  request.irp->Tail.Overlay.OriginalFileObject = file;
  request.stack()->MajorFunction = major_function;
  request.stack()->FileObject = file;
  return request;
}

NTSTATUS IssueRequestAndWait(KPROCESSOR_MODE mode, const Request& request, PIO_STATUS_BLOCK iosb) {
  IO_STATUS_BLOCK result = {};
  NTSTATUS status = SendAndWait(request.device, request.irp, &result);
  if (NT_ERROR(status)) return status;
  RING3_TRY(WriteUserStatusBlock(mode, iosb, status, result.Information));
  return status;
}

}  // namespace ring3::io
