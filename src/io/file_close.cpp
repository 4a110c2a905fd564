// SPDX-License-Identifier: MIT
// The file type: cleanup with the last handle, close with the last reference.
#include <ddi/ex.h>
#include <ddi/ob_ntddk.h>
#include <bugcodes.h>
#include <ntstatus.h>

#include "io/file.h"

namespace ring3::io {

ob::ObjectType* g_file_type = nullptr;

NTSTATUS ParseFile(ob::ParseRequest& request);

namespace {

// Cleanup and close cannot fail: without memory for the packet they wait for some.
IRP* AllocateForSure(CCHAR stack_count) {
  for (;;) {
    if (IRP* irp = AllocateIrp(stack_count, IrpKind::kService)) return irp;
    LARGE_INTEGER soon;
    soon.QuadPart = -100'000;
    KeDelayExecutionThread(KernelMode, FALSE, &soon);
  }
}

void Send(PFILE_OBJECT file, UCHAR major) {
  PDEVICE_OBJECT top = IoGetRelatedDeviceObject(file);
  ob::Reference(top);
  SendClose(top, file, major);
  ob::Dereference(top);
}

void HandleClosed(PEPROCESS, void* object, ACCESS_MASK, ULONG, ULONG system_handle_count) {
  auto* file = static_cast<PFILE_OBJECT>(object);
  if (system_handle_count != 1 || !File::Of(file)->opened || File::Of(file)->cleaned_up) return;
  File::Of(file)->cleaned_up = true;
  Send(file, IRP_MJ_CLEANUP);
  __atomic_fetch_or(&file->Flags, FO_CLEANUP_COMPLETE, __ATOMIC_RELAXED);
}

void DeleteFile(void* object) {
  auto* file = static_cast<PFILE_OBJECT>(object);
  if (File::Of(file)->opened) {
    // Files without handles (IoGetDeviceObjectPointer after its own close had one) still get both.
    if (!File::Of(file)->cleaned_up) Send(file, IRP_MJ_CLEANUP);
    Send(file, IRP_MJ_CLOSE);
  }
  if (file->FileName.Buffer != nullptr) ExFreePool(file->FileName.Buffer);
  if (file->CompletionContext != nullptr) ob::Dereference(file->CompletionContext->Port);
  if (file->RelatedFileObject != nullptr) ob::Dereference(file->RelatedFileObject);
  DereferenceAfterClose(file->DeviceObject);
}

NTSTATUS NameOfFile(void* object, std::u16string& name) {
  auto* file = static_cast<PFILE_OBJECT>(object);
  name = ob::NameOf(file->DeviceObject);
  if (file->RelatedFileObject != nullptr) {
    name += ob::View(file->RelatedFileObject->FileName);
    if (!name.empty() && name.back() != u'\\') name += u'\\';
  }
  name += ob::View(file->FileName);
  return STATUS_SUCCESS;
}

}  // namespace

void SendClose(PDEVICE_OBJECT device, PFILE_OBJECT file, UCHAR major) {
  IRP* irp = AllocateForSure(device->StackSize);
  irp->Tail.Overlay.OriginalFileObject = file;
  irp->Flags = IRP_CLOSE_OPERATION;
  PIO_STACK_LOCATION stack = IoGetNextIrpStackLocation(irp);
  stack->MajorFunction = major;
  stack->FileObject = file;
  (void)SendAndWait(device, irp, nullptr);
}

Status InitializeFileType() {
  ob::TypeOptions options;
  options.generic_mapping = {FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE, FILE_ALL_ACCESS};
  options.valid_access = FILE_ALL_ACCESS;
  options.dispatcher_offset = offsetof(FILE_OBJECT, Event);
  options.named_in_directories = false;
  options.procedures.close = HandleClosed;
  options.procedures.delete_object = DeleteFile;
  options.procedures.parse = ParseFile;
  options.procedures.query_name = NameOfFile;
  RING3_TRY_ASSIGN(g_file_type, ob::CreateType(u"File", options));
  return STATUS_SUCCESS;
}

}  // namespace ring3::io
