// SPDX-License-Identifier: MIT
// Requests that drivers make for other drivers.
#include <ddi/ex.h>
#include <bugcodes.h>
#include <devioctl.h>
#include <ntstatus.h>

#include <algorithm>
#include <cstring>

#include "io/file.h"
#include "io/irp.h"

using namespace ring3;
using namespace ring3::io;

namespace {

bool IsTransfer(ULONG major) {
  return major == IRP_MJ_READ || major == IRP_MJ_WRITE;
}

// The buffer as the device wants it. False: memory is exhausted, or the buffer cannot be locked.
bool AttachTransferBuffer(PIRP irp, PDEVICE_OBJECT device, void* buffer, ULONG byte_count, bool is_write) {
  irp->UserBuffer = buffer;
  if ((device->Flags & DO_BUFFERED_IO) != 0) {
    if (byte_count == 0) return true;
    void* system_buffer = AllocateSystemBuffer(irp, byte_count);
    if (system_buffer == nullptr) return false;
    if (is_write) {
      std::memcpy(system_buffer, buffer, byte_count);
    } else {
      irp->Flags |= IRP_INPUT_OPERATION;
      IrpHeader::Of(irp)->output_byte_count = byte_count;
    }
    return true;
  }
  if ((device->Flags & DO_DIRECT_IO) != 0 && byte_count != 0) {
    return LockBuffer(KernelMode, irp, buffer, byte_count, is_write ? IoReadAccess : IoWriteAccess).ok();
  }
  return true;
}

void FreePartial(PIRP irp) {
  if ((irp->Flags & IRP_DEALLOCATE_BUFFER) != 0) ExFreePool(irp->AssociatedIrp.SystemBuffer);
  ReleaseMdls(irp);
  ReleaseIrp(irp);
}

PIRP BuildFsd(ULONG major, PDEVICE_OBJECT device, void* buffer, ULONG byte_count, PLARGE_INTEGER offset,
              IrpKind kind) {
  PIRP irp = AllocateIrp(device->StackSize, kind);
  if (irp == nullptr) return nullptr;
  irp->Tail.Overlay.Thread = reinterpret_cast<PETHREAD>(ke::CurrentThread());
  PIO_STACK_LOCATION stack = IoGetNextIrpStackLocation(irp);
  stack->MajorFunction = static_cast<UCHAR>(major);
  if (major == IRP_MJ_PNP) irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
  if (!IsTransfer(major)) return irp;
  bool is_write = major == IRP_MJ_WRITE;
  if (!AttachTransferBuffer(irp, device, buffer, byte_count, is_write)) {
    FreePartial(irp);
    return nullptr;
  }
  irp->Flags |= is_write ? IRP_WRITE_OPERATION : IRP_READ_OPERATION;
  stack->Parameters.Read.Length = byte_count;
  if (offset != nullptr) stack->Parameters.Read.ByteOffset = *offset;
  return irp;
}

bool AttachControlBuffers(PIRP irp, ULONG code, void* input, ULONG input_byte_count, void* output,
                          ULONG output_byte_count) {
  PIO_STACK_LOCATION stack = IoGetNextIrpStackLocation(irp);
  irp->UserBuffer = output;
  IrpHeader::Of(irp)->output_byte_count = output_byte_count;
  switch (code & 3) {
    case METHOD_BUFFERED: {
      ULONG byte_count = std::max(input_byte_count, output_byte_count);
      if (byte_count == 0) return true;
      void* buffer = AllocateSystemBuffer(irp, byte_count);
      if (buffer == nullptr) return false;
      if (input_byte_count != 0) std::memcpy(buffer, input, input_byte_count);
      if (output_byte_count != 0) irp->Flags |= IRP_INPUT_OPERATION;
      return true;
    }
    case METHOD_IN_DIRECT:
    case METHOD_OUT_DIRECT: {
      if (input != nullptr && input_byte_count != 0) {
        void* buffer = AllocateSystemBuffer(irp, input_byte_count);
        if (buffer == nullptr) return false;
        std::memcpy(buffer, input, input_byte_count);
      }
      if (output == nullptr || output_byte_count == 0) return true;
      return LockBuffer(KernelMode, irp, output, output_byte_count,
                        (code & 3) == METHOD_IN_DIRECT ? IoReadAccess : IoWriteAccess)
          .ok();
    }
    default:
      stack->Parameters.DeviceIoControl.Type3InputBuffer = input;
      return true;
  }
}

}  // namespace

extern "C" {

// A read, write, flush, shutdown or PnP request that the driver's completion routine frees. Null: memory is
// exhausted. IRQL <= DISPATCH_LEVEL. nf-wdm-iobuildasynchronousfsdrequest
PIRP IoBuildAsynchronousFsdRequest(ULONG MajorFunction, PDEVICE_OBJECT DeviceObject, PVOID Buffer,
                                   ULONG Length, PLARGE_INTEGER StartingOffset,
                                   PIO_STATUS_BLOCK IoStatusBlock) {
  PIRP irp = BuildFsd(MajorFunction, DeviceObject, Buffer, Length, StartingOffset, IrpKind::kDriver);
  if (irp != nullptr) irp->UserIosb = IoStatusBlock;
  return irp;
}

// The same for the calling thread to wait for: `Event` is set when it is over and the packet is freed.
// PASSIVE_LEVEL. nf-wdm-iobuildsynchronousfsdrequest
PIRP IoBuildSynchronousFsdRequest(ULONG MajorFunction, PDEVICE_OBJECT DeviceObject, PVOID Buffer,
                                  ULONG Length, PLARGE_INTEGER StartingOffset, PKEVENT Event,
                                  PIO_STATUS_BLOCK IoStatusBlock) {
  PIRP irp = BuildFsd(MajorFunction, DeviceObject, Buffer, Length, StartingOffset, IrpKind::kThread);
  if (irp == nullptr) return nullptr;
  irp->UserIosb = IoStatusBlock;
  irp->UserEvent = Event;
  LinkToThread(irp);
  return irp;
}

// A device control request, internal or not; ends as the one above. PASSIVE_LEVEL.
// nf-wdm-iobuilddeviceiocontrolrequest
PIRP IoBuildDeviceIoControlRequest(ULONG IoControlCode, PDEVICE_OBJECT DeviceObject, PVOID InputBuffer,
                                   ULONG InputBufferLength, PVOID OutputBuffer, ULONG OutputBufferLength,
                                   BOOLEAN InternalDeviceIoControl, PKEVENT Event,
                                   PIO_STATUS_BLOCK IoStatusBlock) {
  PIRP irp = AllocateIrp(DeviceObject->StackSize, IrpKind::kThread);
  if (irp == nullptr) return nullptr;
  PIO_STACK_LOCATION stack = IoGetNextIrpStackLocation(irp);
  stack->MajorFunction = InternalDeviceIoControl ? IRP_MJ_INTERNAL_DEVICE_CONTROL : IRP_MJ_DEVICE_CONTROL;
  stack->Parameters.DeviceIoControl.OutputBufferLength = OutputBufferLength;
  stack->Parameters.DeviceIoControl.InputBufferLength = InputBufferLength;
  stack->Parameters.DeviceIoControl.IoControlCode = IoControlCode;
  if (!AttachControlBuffers(irp, IoControlCode, InputBuffer, InputBufferLength, OutputBuffer,
                            OutputBufferLength)) {
    FreePartial(irp);
    return nullptr;
  }
  irp->UserIosb = IoStatusBlock;
  irp->UserEvent = Event;
  LinkToThread(irp);
  return irp;
}

}  // extern "C"
