// SPDX-License-Identifier: MIT
#include "io/host_file_system.h"

#include <devioctl.h>
#include <ntstatus.h>

#include <algorithm>

#include "ke/service_scope.h"
#include "rtl/case_map.h"
#include "rtl/unicode_text.h"

namespace ring3::io {

HostFileSystem* g_host_files = nullptr;

namespace {

UNICODE_STRING g_device_name = RTL_CONSTANT_STRING(L"\\Device\\HarddiskVolume1");
UNICODE_STRING g_drive_link = RTL_CONSTANT_STRING(L"\\??\\C:");
UNICODE_STRING g_system_root_link = RTL_CONSTANT_STRING(L"\\SystemRoot");
UNICODE_STRING g_system_root_target = RTL_CONSTANT_STRING(L"\\Device\\HarddiskVolume1\\Windows");

bool NamesEqual(std::string_view a, std::string_view b) {
  const std::u16string wide_a = rtl::Utf16FromUtf8(a);
  const std::u16string wide_b = rtl::Utf16FromUtf8(b);
  return std::equal(wide_a.begin(), wide_a.end(), wide_b.begin(), wide_b.end(), [](char16_t x, char16_t y) {
    return rtl::Upcase(static_cast<wchar_t>(x)) == rtl::Upcase(static_cast<wchar_t>(y));
  });
}

bool RemovePrefix(std::u16string_view* text, std::u16string_view prefix) {
  if (text->size() < prefix.size()) return false;
  const bool matches = std::equal(prefix.begin(), prefix.end(), text->begin(), [](char16_t x, char16_t y) {
    return rtl::Upcase(static_cast<wchar_t>(x)) == rtl::Upcase(static_cast<wchar_t>(y));
  });
  if (matches) text->remove_prefix(prefix.size());
  return matches;
}

Result<Driver*> CreateDriver() {
  RING3_TRY_ASSIGN(Driver * driver, CreateBuiltInDriver(u"\\FileSystem\\HostFiles", u"HostFiles"));
  DRIVER_OBJECT& object = driver->object;
  for (PDRIVER_DISPATCH& routine : object.MajorFunction) routine = InvalidDeviceRequest;
  object.MajorFunction[IRP_MJ_CREATE] = HostFileCreate;
  object.MajorFunction[IRP_MJ_CLEANUP] = HostFileCleanup;
  object.MajorFunction[IRP_MJ_CLOSE] = HostFileClose;
  object.MajorFunction[IRP_MJ_READ] = HostFileRead;
  object.MajorFunction[IRP_MJ_WRITE] = HostFileWrite;
  object.MajorFunction[IRP_MJ_FLUSH_BUFFERS] = HostFileFlush;
  object.MajorFunction[IRP_MJ_QUERY_INFORMATION] = HostFileQueryInformation;
  object.MajorFunction[IRP_MJ_SET_INFORMATION] = HostFileSetInformation;
  return driver;
}

Status CreateDrive(HostFileSystem* files) {
  RING3_TRY(IoCreateDevice(&files->driver->object, 0, &g_device_name, FILE_DEVICE_DISK,
                           FILE_DEVICE_IS_MOUNTED, FALSE, &files->device));
  files->device->Flags |= DO_DIRECT_IO;
  files->device->Flags &= ~ULONG{DO_DEVICE_INITIALIZING};
  RING3_TRY(IoCreateSymbolicLink(&g_drive_link, &g_device_name));
  return IoCreateSymbolicLink(&g_system_root_link, &g_system_root_target);
}

}  // namespace

Status StartHostFiles(const BootOptions& options) {
  if (options.system_drive_directory.empty()) return STATUS_SUCCESS;
  ke::ServiceScope scope(KernelMode);
  auto files = std::make_unique<HostFileSystem>();
  ExInitializeFastMutex(&files->lock);
  const os::HostError opened = files->tree.Open(options.system_drive_directory, NamesEqual);
  if (opened != os::HostError::kNone) return StatusOf(opened);
  RING3_TRY_ASSIGN(files->driver, CreateDriver());
  g_host_files = files.release();
  const Status created = CreateDrive(g_host_files);
  if (!created.ok()) StopHostFiles();
  return created;
}

void StopHostFiles() {
  if (g_host_files == nullptr) return;
  ke::ServiceScope scope(KernelMode);
  (void)IoDeleteSymbolicLink(&g_system_root_link);
  (void)IoDeleteSymbolicLink(&g_drive_link);
  if (g_host_files->device != nullptr) IoDeleteDevice(g_host_files->device);
  ob::Dereference(g_host_files->driver);
  delete std::exchange(g_host_files, nullptr);
}

std::string HostPathOfImage(std::u16string_view image_path) {
  std::u16string_view rest = image_path;
  std::u16string below;
  const bool is_nt_path = RemovePrefix(&rest, u"\\??\\") || RemovePrefix(&rest, u"\\DosDevices\\");
  if (RemovePrefix(&rest, u"C:\\") || (!is_nt_path && RemovePrefix(&rest, u"\\Device\\HarddiskVolume1\\"))) {
    below = rest;
  } else if (!is_nt_path && RemovePrefix(&rest, u"\\SystemRoot\\")) {
    below = u"Windows\\" + std::u16string(rest);
  } else if (!is_nt_path && RemovePrefix(&rest, u"System32\\")) {
    below = u"Windows\\System32\\" + std::u16string(rest);
  } else {
    std::string host = rtl::Utf8FromUtf16(rest);
    std::replace(host.begin(), host.end(), '\\', '/');
    return host;
  }
  std::string name = rtl::Utf8FromUtf16(below);
  std::replace(name.begin(), name.end(), '\\', '/');
  if (g_host_files == nullptr) return "/" + name;
  std::string path;
  os::HostFileStatus status;
  const bool found = g_host_files->tree.Find(name, &path, &status) == os::HostError::kNone;
  const std::string& root = g_host_files->tree.directory();
  return root + (root.ends_with('/') ? "" : "/") + (found ? path : name);
}

NTSTATUS StatusOf(os::HostError error) {
  switch (error) {
    case os::HostError::kNone:
      return STATUS_SUCCESS;
    case os::HostError::kNotFound:
      return STATUS_OBJECT_NAME_NOT_FOUND;
    case os::HostError::kPathNotFound:
      return STATUS_OBJECT_PATH_NOT_FOUND;
    case os::HostError::kExists:
      return STATUS_OBJECT_NAME_COLLISION;
    case os::HostError::kIsDirectory:
      return STATUS_FILE_IS_A_DIRECTORY;
    case os::HostError::kNotDirectory:
      return STATUS_OBJECT_PATH_NOT_FOUND;
    case os::HostError::kNotEmpty:
      return STATUS_DIRECTORY_NOT_EMPTY;
    case os::HostError::kDenied:
    case os::HostError::kNotFile:
      return STATUS_ACCESS_DENIED;
    case os::HostError::kReadOnlyMedia:
      return STATUS_MEDIA_WRITE_PROTECTED;
    case os::HostError::kFull:
      return STATUS_DISK_FULL;
    case os::HostError::kBadName:
      return STATUS_OBJECT_NAME_INVALID;
    case os::HostError::kFailed:
      break;
  }
  return STATUS_UNEXPECTED_IO_ERROR;
}

NTSTATUS FinishHostRequest(PIRP irp, NTSTATUS status, ULONG_PTR information) {
  irp->IoStatus.Status = status;
  irp->IoStatus.Information = information;
  IofCompleteRequest(irp, IO_DISK_INCREMENT);
  return status;
}

}  // namespace ring3::io
