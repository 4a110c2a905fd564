// SPDX-License-Identifier: MIT
// IRP_MJ_DEVICE_CONTROL and IRP_MJ_FILE_SYSTEM_CONTROL: the four transfer methods.
#include <devioctl.h>
#include <ntstatus.h>

#include <algorithm>

#include "io/file.h"
#include "ke/driver_gate.h"

namespace ring3::io {
namespace {

struct Control {
  KPROCESSOR_MODE mode;
  ULONG code;
  void* input;
  ULONG input_byte_count;
  void* output;
  ULONG output_byte_count;
};

// STATUS_ACCESS_DENIED where the code wants an access that the handle does not have.
Status CheckAccess(ULONG code, ACCESS_MASK granted) {
  ULONG access = (code >> 14) & 3;
  if ((access & FILE_READ_ACCESS) != 0 && (granted & FILE_READ_DATA) == 0) return STATUS_ACCESS_DENIED;
  if ((access & FILE_WRITE_ACCESS) != 0 && (granted & FILE_WRITE_DATA) == 0) return STATUS_ACCESS_DENIED;
  return STATUS_SUCCESS;
}

// One system buffer for both directions, as large as the larger of them.
Status PrepareBuffered(const Control& control, IRP* irp) {
  RING3_TRY(ProbeForWriting(control.mode, control.output, control.output_byte_count));
  ULONG byte_count = std::max(control.input_byte_count, control.output_byte_count);
  if (byte_count == 0) return STATUS_SUCCESS;
  void* buffer = AllocateSystemBuffer(irp, byte_count);
  if (buffer == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  if (control.input_byte_count != 0) {
    RING3_TRY(CaptureInput(control.mode, buffer, control.input, control.input_byte_count));
  }
  irp->UserBuffer = control.output;
  if (control.output_byte_count != 0) irp->Flags |= IRP_INPUT_OPERATION;
  return STATUS_SUCCESS;
}

// The input is captured; the other buffer is locked and described, for the device to read (IN) or write
// (OUT).
Status PrepareDirect(const Control& control, IRP* irp) {
  if (control.input_byte_count != 0) {
    void* buffer = AllocateSystemBuffer(irp, control.input_byte_count);
    if (buffer == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
    RING3_TRY(CaptureInput(control.mode, buffer, control.input, control.input_byte_count));
  }
  if (control.output_byte_count == 0) return STATUS_SUCCESS;
  LOCK_OPERATION operation = (control.code & 3) == METHOD_IN_DIRECT ? IoReadAccess : IoWriteAccess;
  return LockBuffer(control.mode, irp, control.output, control.output_byte_count, operation);
}

Status Prepare(const Control& control, IRP* irp, PIO_STACK_LOCATION stack) {
  stack->Parameters.DeviceIoControl.OutputBufferLength = control.output_byte_count;
  stack->Parameters.DeviceIoControl.InputBufferLength = control.input_byte_count;
  stack->Parameters.DeviceIoControl.IoControlCode = control.code;
  IrpHeader::Of(irp)->output_byte_count = control.output_byte_count;
  switch (control.code & 3) {
    case METHOD_BUFFERED:
      return PrepareBuffered(control, irp);
    case METHOD_IN_DIRECT:
    case METHOD_OUT_DIRECT:
      return PrepareDirect(control, irp);
    default:
      irp->UserBuffer = control.output;
      stack->Parameters.DeviceIoControl.Type3InputBuffer = control.input;
      return STATUS_SUCCESS;
  }
}

// The driver's fast path gets the requester's buffers as they are. False: make a packet.
bool TryFast(const Control& control, const RequestArguments& request, FILE_OBJECT* file, NTSTATUS* status) {
  PDEVICE_OBJECT device = IoGetRelatedDeviceObject(file);
  PFAST_IO_DISPATCH dispatch = device->DriverObject->FastIoDispatch;
  if (__builtin_expect(dispatch == nullptr, true)) return false;
  if (!RTL_CONTAINS_FIELD(dispatch, dispatch->SizeOfFastIoDispatch, FastIoDeviceControl) ||
      dispatch->FastIoDeviceControl == nullptr) {
    return false;
  }
  // With METHOD_NEITHER the driver looks at the buffers itself; the others have been promised a check.
  if ((control.code & 3) != METHOD_NEITHER) {
    if (!ProbeForWriting(control.mode, control.output, control.output_byte_count).ok()) return false;
    if (!ProbeForReading(control.mode, control.input, control.input_byte_count).ok()) return false;
  }
  IO_STATUS_BLOCK result = {};
  BOOLEAN done = ke::CallDriver(device->DriverObject, ke::Callback::kFastIo, dispatch->FastIoDeviceControl,
                                file, BOOLEAN{TRUE}, control.input, control.input_byte_count, control.output,
                                control.output_byte_count, control.code, &result, device);
  if (!done) return false;
  *status = result.Status;
  Status written = WriteUserStatusBlock(control.mode, request.iosb, result.Status, result.Information);
  if (!written.ok()) *status = written.status();
  return true;
}

// Fast I/O ends at once: the requester is told all the same.
bool WantsFast(const RequestArguments& request, FILE_OBJECT* file) {
  return request.event == nullptr && request.apc_routine == nullptr &&
         (file->CompletionContext == nullptr || HasFlag(*file, FO_SKIP_COMPLETION_PORT));
}

}  // namespace

NTSTATUS ControlFile(KPROCESSOR_MODE mode, ControlKind kind, const RequestArguments& arguments, ULONG code,
                     void* input, ULONG input_byte_count, void* output, ULONG output_byte_count) {
  Control control{mode, code, input, input_byte_count, output, output_byte_count};
  Result<RequestFile> reference = ReferenceFile(arguments.file, 0, mode);
  if (!reference.ok()) return reference.status();
  ob::Ref<FILE_OBJECT> file = std::move(reference->file);
  if (mode == UserMode || (code >> 14 & 3) != 0) RING3_TRY(CheckAccess(code, reference->granted_access));
  SynchronousFileLock lock(file.get());
  NTSTATUS status = STATUS_SUCCESS;
  if (kind == ControlKind::kDevice && WantsFast(arguments, file.get()) &&
      TryFast(control, arguments, file.get(), &status)) {
    return status;
  }
  Result<Request> request =
      BeginRequest(mode, arguments, file,
                   kind == ControlKind::kDevice ? IRP_MJ_DEVICE_CONTROL : IRP_MJ_FILE_SYSTEM_CONTROL);
  if (!request.ok()) return request.status();
  PIO_STACK_LOCATION stack = request->stack();
  Status prepared = Prepare(control, request->irp, stack);
  if (!prepared.ok()) {
    AbandonRequest(request->irp);
    return prepared.status();
  }
  // What the handle allows, for drivers that check it with IoValidateDeviceIoControlAccess.
  if ((reference->granted_access & FILE_READ_DATA) != 0) stack->Flags |= SL_READ_ACCESS_GRANTED;
  if ((reference->granted_access & FILE_WRITE_DATA) != 0) stack->Flags |= SL_WRITE_ACCESS_GRANTED;
  return IssueRequest(*request);
}

}  // namespace ring3::io

extern "C" {

// STATUS_ACCESS_DENIED where the sender of the packet lacks `RequiredAccess` (FILE_READ_ACCESS,
// FILE_WRITE_ACCESS). nf-wdm-iovalidatedeviceiocontrolaccess
#undef IoValidateDeviceIoControlAccess
NTSTATUS IoValidateDeviceIoControlAccess(PIRP Irp, ULONG RequiredAccess) {
  if ((RequiredAccess & ~ULONG{FILE_READ_ACCESS | FILE_WRITE_ACCESS}) != 0) return STATUS_INVALID_PARAMETER;
  if (Irp->RequestorMode == KernelMode) return STATUS_SUCCESS;
  UCHAR flags = IoGetCurrentIrpStackLocation(Irp)->Flags;
  if ((RequiredAccess & FILE_READ_ACCESS) != 0 && (flags & SL_READ_ACCESS_GRANTED) == 0)
    return STATUS_ACCESS_DENIED;
  if ((RequiredAccess & FILE_WRITE_ACCESS) != 0 && (flags & SL_WRITE_ACCESS_GRANTED) == 0)
    return STATUS_ACCESS_DENIED;
  return STATUS_SUCCESS;
}

NTKERNELAPI NTSTATUS WdmlibIoValidateDeviceIoControlAccess(PIRP Irp, ULONG RequiredAccess) {
  return IoValidateDeviceIoControlAccess(Irp, RequiredAccess);
}

}  // extern "C"
