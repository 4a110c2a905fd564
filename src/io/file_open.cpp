// SPDX-License-Identifier: MIT
// Opening: from a name to IRP_MJ_CREATE and a file object.
#include <ddi/ex.h>
#include <ddi/se.h>
#include <bugcodes.h>
#include <ntstatus.h>

#include <cstring>

#include "io/file.h"

namespace ring3::io {

namespace {

constexpr ULONG kNameTag = 'mNoI';

Status SetName(FILE_OBJECT* file, std::u16string_view name) {
  if (name.empty()) return STATUS_SUCCESS;
  size_t byte_count = name.size() * sizeof(WCHAR);
  if (byte_count > UNICODE_STRING_MAX_BYTES - sizeof(WCHAR)) return STATUS_OBJECT_NAME_INVALID;
  auto* buffer = static_cast<PWCH>(ExAllocatePoolWithTag(PagedPool, byte_count + sizeof(WCHAR), kNameTag));
  if (buffer == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  std::memcpy(buffer, name.data(), byte_count);
  buffer[name.size()] = 0;
  file->FileName.Buffer = buffer;
  file->FileName.Length = static_cast<USHORT>(byte_count);
  file->FileName.MaximumLength = static_cast<USHORT>(byte_count + sizeof(WCHAR));
  return STATUS_SUCCESS;
}

ULONG FlagsOf(const CreateArguments& create, ULONG object_attributes) {
  ULONG flags = 0;
  if ((create.options & (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT)) != 0)
    flags |= FO_SYNCHRONOUS_IO;
  if ((create.options & FILE_SYNCHRONOUS_IO_ALERT) != 0) flags |= FO_ALERTABLE_IO;
  if ((create.options & FILE_NO_INTERMEDIATE_BUFFERING) != 0) flags |= FO_NO_INTERMEDIATE_BUFFERING;
  if ((create.options & FILE_WRITE_THROUGH) != 0) flags |= FO_WRITE_THROUGH;
  if ((create.options & FILE_SEQUENTIAL_ONLY) != 0) flags |= FO_SEQUENTIAL_ONLY;
  if ((create.options & FILE_RANDOM_ACCESS) != 0) flags |= FO_RANDOM_ACCESS;
  if ((create.file_attributes & FILE_ATTRIBUTE_TEMPORARY) != 0) flags |= FO_TEMPORARY_FILE;
  if ((object_attributes & OBJ_CASE_INSENSITIVE) == 0) flags |= FO_OPENED_CASE_SENSITIVE;
  return flags;
}

// Who asks, as the driver sees it in its create request.
class OpenSecurity {
 public:
  OpenSecurity(ACCESS_MASK desired_access, ULONG options) {
    SeCaptureSubjectContext(&access_.SubjectSecurityContext);
    access_.OriginalDesiredAccess = desired_access;
    access_.RemainingDesiredAccess = desired_access;
    context_.AccessState = &access_;
    context_.DesiredAccess = desired_access;
    context_.FullCreateOptions = options;
  }
  ~OpenSecurity() { SeReleaseSubjectContext(&access_.SubjectSecurityContext); }
  OpenSecurity(const OpenSecurity&) = delete;
  OpenSecurity& operator=(const OpenSecurity&) = delete;

  // Against the device's security descriptor; what the descriptor does not say is allowed.
  bool Check(PDEVICE_OBJECT device, KPROCESSOR_MODE mode) {
    if (device->SecurityDescriptor == nullptr) return true;
    ACCESS_MASK granted = 0;
    NTSTATUS status = STATUS_ACCESS_DENIED;
    GENERIC_MAPPING mapping = ob::TypeMapping(g_device_type);
    if (!SeAccessCheck(device->SecurityDescriptor, &access_.SubjectSecurityContext, FALSE,
                       access_.RemainingDesiredAccess, 0, nullptr, &mapping, mode, &granted, &status)) {
      return false;
    }
    access_.PreviouslyGrantedAccess |= granted;
    access_.RemainingDesiredAccess &= ~(granted | MAXIMUM_ALLOWED);
    return true;
  }
  // Everything that was asked for counts as granted, the executive asks.
  void GrantAll() {
    access_.PreviouslyGrantedAccess |= access_.RemainingDesiredAccess;
    access_.RemainingDesiredAccess = 0;
  }
  PIO_SECURITY_CONTEXT context() { return &context_; }

 private:
  ACCESS_STATE access_ = {};
  IO_SECURITY_CONTEXT context_ = {};
};

NTSTATUS SendCreate(PDEVICE_OBJECT top, PFILE_OBJECT file, const CreateArguments& create,
                    KPROCESSOR_MODE mode, ULONG object_attributes, OpenSecurity& security,
                    ULONG_PTR* information) {
  IRP* irp = AllocateIrp(top->StackSize, IrpKind::kService);
  if (irp == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  irp->RequestorMode = mode;
  irp->Flags = IRP_CREATE_OPERATION | IRP_DEFER_IO_COMPLETION;
  irp->Overlay.AllocationSize = create.allocation_size;
  irp->Tail.Overlay.OriginalFileObject = file;
  IrpHeader::Of(irp)->kernel_results = true;
  if (create.ea_byte_count != 0) {
    void* buffer = AllocateSystemBuffer(irp, create.ea_byte_count);
    if (buffer == nullptr) {
      AbandonRequest(irp);
      return STATUS_INSUFFICIENT_RESOURCES;
    }
    std::memcpy(buffer, create.ea, create.ea_byte_count);
    irp->Flags &= ~ULONG{IRP_BUFFERED_IO};
  }
  PIO_STACK_LOCATION stack = IoGetNextIrpStackLocation(irp);
  stack->MajorFunction = IRP_MJ_CREATE;
  stack->FileObject = file;
  if ((object_attributes & OBJ_CASE_INSENSITIVE) == 0) stack->Flags |= SL_CASE_SENSITIVE;
  if ((create.io_options & IO_FORCE_ACCESS_CHECK) != 0) stack->Flags |= SL_FORCE_ACCESS_CHECK;
  stack->Parameters.Create.SecurityContext = security.context();
  stack->Parameters.Create.Options = (create.disposition << 24) | (create.options & FILE_VALID_OPTION_FLAGS);
  stack->Parameters.Create.FileAttributes = static_cast<USHORT>(create.file_attributes);
  stack->Parameters.Create.ShareAccess = static_cast<USHORT>(create.share_access);
  stack->Parameters.Create.EaLength = create.ea_byte_count;
  IO_STATUS_BLOCK result = {};
  NTSTATUS status = SendAndWait(top, irp, &result);
  *information = result.Information;
  return status;
}

NTSTATUS OpenOnDevice(ob::ParseRequest& request, PDEVICE_OBJECT device, PFILE_OBJECT related,
                      std::u16string_view remaining) {
  auto* packet = static_cast<OpenPacket*>(request.context);
  if (packet == nullptr || packet->magic != kOpenPacketMagic) return STATUS_OBJECT_TYPE_MISMATCH;
  if (request.wanted_type != nullptr && request.wanted_type != g_file_type)
    return STATUS_OBJECT_TYPE_MISMATCH;
  const CreateArguments& create = *packet->arguments;
  ACCESS_MASK desired = request.desired_access;
  GENERIC_MAPPING mapping = ob::TypeMapping(g_file_type);
  RtlMapGenericMask(&desired, &mapping);
  OpenSecurity security(desired, create.options);
  KPROCESSOR_MODE check_mode =
      (create.io_options & IO_FORCE_ACCESS_CHECK) != 0 || (request.attributes & OBJ_FORCE_ACCESS_CHECK) != 0
          ? KPROCESSOR_MODE{UserMode}
          : request.access_mode;
  // A name below the device's is the driver's to protect, unless the device says that all are the device.
  bool is_device_open = remaining.empty() && related == nullptr;
  if (is_device_open || (device->Characteristics & FILE_DEVICE_SECURE_OPEN) != 0) {
    if (!security.Check(device, check_mode)) return STATUS_ACCESS_DENIED;
  }
  security.GrantAll();
  RING3_TRY(ReferenceForOpen(device));

  Result<void*> object = ob::CreateObject(g_file_type, sizeof(File));
  if (!object.ok()) {
    DereferenceAfterClose(device);
    return object.status();
  }
  auto* file = &static_cast<File*>(*object)->object;
  file->Type = IO_TYPE_FILE;
  file->Size = sizeof(FILE_OBJECT);
  file->DeviceObject = device;
  file->Vpb = device->Vpb;
  file->Flags = FlagsOf(create, request.attributes);
  file->IrpList.Flink = file->IrpList.Blink = &file->IrpList;
  KeInitializeEvent(&file->Lock, SynchronizationEvent, FALSE);
  KeInitializeEvent(&file->Event, NotificationEvent, FALSE);
  if (related != nullptr) {
    ob::Reference(related);
    file->RelatedFileObject = related;
  }
  NTSTATUS status = SetName(file, remaining);
  if (NT_SUCCESS(status)) {
    PDEVICE_OBJECT top = TopOfStack(device);
    packet->parsed = true;
    status = SendCreate(top, file, create, request.access_mode, request.attributes, security,
                        &packet->information);
    ob::Dereference(top);
  }
  if (status == STATUS_REPARSE) {
    request.reparse_name = std::u16string(ob::View(file->FileName));
    ob::Dereference(file);
    return STATUS_REPARSE;
  }
  if (!NT_SUCCESS(status)) {
    ob::Dereference(file);
    return status;
  }
  File::Of(file)->opened = true;
  file->Flags |= FO_FILE_OPEN;
  request.result = file;
  return status;
}

}  // namespace

NTSTATUS ParseDevice(ob::ParseRequest& request) {
  auto* device = static_cast<PDEVICE_OBJECT>(request.object);
  // The device itself, by whoever looks for it by name.
  if (request.context == nullptr && request.remaining.empty() &&
      (request.wanted_type == nullptr || request.wanted_type == g_device_type)) {
    ob::Reference(device);
    request.result = device;
    return STATUS_SUCCESS;
  }
  return OpenOnDevice(request, device, nullptr, request.remaining);
}

NTSTATUS ParseFile(ob::ParseRequest& request) {
  auto* related = static_cast<PFILE_OBJECT>(request.object);
  return OpenOnDevice(request, related->DeviceObject, related, request.remaining);
}

namespace {

Status CheckArguments(const CreateArguments& create) {
  constexpr ULONG kSynchronous = FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT;
  ULONG options = create.options;
  if ((create.io_options & IO_NO_PARAMETER_CHECKING) != 0) return STATUS_SUCCESS;
  if ((create.file_attributes & ~ULONG{FILE_ATTRIBUTE_VALID_FLAGS}) != 0) return STATUS_INVALID_PARAMETER;
  if ((create.share_access & ~ULONG{FILE_SHARE_VALID_FLAGS}) != 0) return STATUS_INVALID_PARAMETER;
  if (create.disposition > FILE_MAXIMUM_DISPOSITION) return STATUS_INVALID_PARAMETER;
  if ((options & ~ULONG{FILE_VALID_OPTION_FLAGS}) != 0) return STATUS_INVALID_PARAMETER;
  if ((options & kSynchronous) == kSynchronous) return STATUS_INVALID_PARAMETER;
  if ((options & kSynchronous) != 0 && (create.desired_access & (SYNCHRONIZE | GENERIC_ALL)) == 0 &&
      (create.desired_access & (GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | MAXIMUM_ALLOWED)) == 0) {
    return STATUS_INVALID_PARAMETER;
  }
  if ((options & FILE_DELETE_ON_CLOSE) != 0 && (create.desired_access & (DELETE | GENERIC_ALL)) == 0) {
    return STATUS_INVALID_PARAMETER;
  }
  if ((options & FILE_DIRECTORY_FILE) != 0 && (options & FILE_NON_DIRECTORY_FILE) != 0)
    return STATUS_INVALID_PARAMETER;
  if ((options & FILE_NO_INTERMEDIATE_BUFFERING) != 0 && (create.desired_access & FILE_APPEND_DATA) != 0) {
    return STATUS_INVALID_PARAMETER;
  }
  return STATUS_SUCCESS;
}

}  // namespace

NTSTATUS CreateFile(KPROCESSOR_MODE mode, const CreateArguments& arguments) {
  RING3_TRY(CheckArguments(arguments));
  if (arguments.attributes == nullptr) return STATUS_INVALID_PARAMETER;
  OpenPacket packet;
  packet.arguments = &arguments;
  Result<HANDLE> handle =
      ob::OpenObjectByName(*arguments.attributes, g_file_type, mode, arguments.desired_access, &packet);
  NTSTATUS status = handle.ok() ? STATUS_SUCCESS : handle.status();
  arguments.iosb->Status = status;
  arguments.iosb->Information = packet.information;
  if (!handle.ok()) return status;
  *arguments.handle = *handle;
  return STATUS_SUCCESS;
}

}  // namespace ring3::io
