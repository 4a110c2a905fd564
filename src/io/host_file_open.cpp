// SPDX-License-Identifier: MIT
// IRP_MJ_CREATE, IRP_MJ_CLEANUP and IRP_MJ_CLOSE of drive C:. What each disposition does:
// nf-ntifs-ntcreatefile.
#include <ddi/zw.h>
#include <ntstatus.h>

#include <algorithm>

#include "io/host_file_system.h"
#include "rtl/unicode_text.h"

namespace ring3::io {
namespace {

struct CreateRequest {
  PFILE_OBJECT file;
  ACCESS_MASK access;
  ULONG disposition;
  ULONG options;
  ULONG attributes;
  ULONG share;
  std::string name;              // parts between slashes, as the host has them; empty: the root directory
  bool names_directory = false;  // a backslash at the end

  bool Wants(ULONG option) const { return (options & option) != 0; }
  bool Overwrites() const {
    return disposition == FILE_OVERWRITE || disposition == FILE_OVERWRITE_IF || disposition == FILE_SUPERSEDE;
  }
  bool Creates() const { return disposition != FILE_OPEN && disposition != FILE_OVERWRITE; }
  os::HostAccess HostAccess() const {
    return {.read = (access & FILE_READ_DATA) != 0,
            .write = (access & (FILE_WRITE_DATA | FILE_APPEND_DATA)) != 0};
  }
};

bool IsValidPart(std::u16string_view part) {
  if (part.empty() || part == u"." || part == u".." || !rtl::IsWellFormedUtf16(part)) return false;
  return std::none_of(part.begin(), part.end(), [](char16_t c) {
    return c < 0x20 || std::u16string_view(u"\"*/:<>?|").find(c) != std::u16string_view::npos;
  });
}

// The full name: a relative one begins at the directory that it is relative to. STATUS_OBJECT_NAME_INVALID.
Status FullName(PFILE_OBJECT file, CreateRequest* create) {
  std::u16string full;
  for (PFILE_OBJECT at = file; at != nullptr; at = at->RelatedFileObject) {
    std::u16string part(ob::View(at->FileName));
    if (!full.empty() && (part.empty() || part.back() != u'\\')) part += u'\\';
    full = part + full;
  }
  std::u16string_view rest = full;
  if (rest.starts_with(u'\\')) rest.remove_prefix(1);
  if (rest.ends_with(u'\\')) {
    create->names_directory = true;
    rest.remove_suffix(1);
  }
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(u'\\'), rest.size());
    if (!IsValidPart(rest.substr(0, end))) return STATUS_OBJECT_NAME_INVALID;
    if (!create->name.empty()) create->name += '/';
    create->name += rtl::Utf8FromUtf16(rest.substr(0, end));
    if (end + 1 == rest.size()) return STATUS_OBJECT_NAME_INVALID;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return STATUS_SUCCESS;
}

// The open is one of the file's from here on. Under the lock.
Status Attach(const CreateRequest& create, const std::string& path, const os::HostFileStatus& status,
              std::unique_ptr<HostOpen> open) {
  std::unique_ptr<HostFcb>& entry = g_host_files->files[{status.device, status.index}];
  if (entry == nullptr) {
    entry = std::make_unique<HostFcb>();
    entry->key = {status.device, status.index};
    entry->is_directory = status.is_directory;
    entry->path = path;
    ExInitializeFastMutex(&entry->length_lock);
  }
  HostFcb* fcb = entry.get();
  // Checked before, for an existing file; a new one has no other opens.
  const Status shared = IoCheckShareAccess(create.access, create.share, create.file, &fcb->share, TRUE);
  if (!shared.ok()) return shared;
  ++fcb->handle_count;
  ++fcb->open_count;
  open->delete_on_close = create.Wants(FILE_DELETE_ON_CLOSE);
  create.file->FsContext = fcb;
  create.file->FsContext2 = open.release();
  return STATUS_SUCCESS;
}

Status CheckExisting(const CreateRequest& create, const os::HostFileStatus& status) {
  if (status.is_directory) {
    if (create.Wants(FILE_NON_DIRECTORY_FILE)) return STATUS_FILE_IS_A_DIRECTORY;
    if (create.Overwrites()) return STATUS_OBJECT_NAME_COLLISION;
  } else {
    if (create.Wants(FILE_DIRECTORY_FILE)) return STATUS_NOT_A_DIRECTORY;
    if (create.names_directory) return STATUS_OBJECT_NAME_INVALID;
    if (status.is_read_only && (create.HostAccess().write || create.Overwrites()))
      return STATUS_ACCESS_DENIED;
  }
  if (create.disposition == FILE_CREATE) return STATUS_OBJECT_NAME_COLLISION;
  if (create.Wants(FILE_DELETE_ON_CLOSE) && status.is_read_only) return STATUS_CANNOT_DELETE;
  return STATUS_SUCCESS;
}

NTSTATUS OpenExisting(const CreateRequest& create, const std::string& path, const os::HostFileStatus& found,
                      ULONG_PTR* information) {
  RING3_TRY(CheckExisting(create, found));
  auto known = g_host_files->files.find({found.device, found.index});
  if (known != g_host_files->files.end()) {
    if (known->second->delete_pending) return STATUS_DELETE_PENDING;
    RING3_TRY(IoCheckShareAccess(create.access, create.share, create.file, &known->second->share, FALSE));
  }
  os::HostAccess access = create.HostAccess();
  if (found.is_directory) access = {};
  access.write |= create.Overwrites();
  auto open = std::make_unique<HostOpen>();
  RING3_TRY(StatusOf(g_host_files->tree.OpenFile(path, access, &open->file)));
  os::HostFileStatus status;
  RING3_TRY(StatusOf(open->file.Status(&status)));
  // What was checked is what is open, or the host changed it meanwhile.
  if (status.device != found.device || status.index != found.index) return STATUS_OBJECT_NAME_NOT_FOUND;
  if (create.Overwrites()) RING3_TRY(StatusOf(open->file.SetByteCount(0)));
  RING3_TRY(Attach(create, path, status, std::move(open)));
  *information = !create.Overwrites()                   ? FILE_OPENED
                 : create.disposition == FILE_SUPERSEDE ? FILE_SUPERSEDED
                                                        : FILE_OVERWRITTEN;
  return STATUS_SUCCESS;
}

NTSTATUS CreateNew(const CreateRequest& create, const std::string& path, ULONG_PTR* information) {
  const bool as_directory = create.Wants(FILE_DIRECTORY_FILE);
  if (create.names_directory && !as_directory) return STATUS_OBJECT_NAME_INVALID;
  auto open = std::make_unique<HostOpen>();
  RING3_TRY(StatusOf(as_directory ? g_host_files->tree.CreateDirectory(path, &open->file)
                                  : g_host_files->tree.CreateFile(path, create.HostAccess(), &open->file)));
  if (!as_directory && (create.attributes & FILE_ATTRIBUTE_READONLY) != 0) {
    RING3_TRY(StatusOf(open->file.SetWritable(os::HostFile::Writable::kNo)));
  }
  os::HostFileStatus status;
  RING3_TRY(StatusOf(open->file.Status(&status)));
  RING3_TRY(Attach(create, path, status, std::move(open)));
  *information = FILE_CREATED;
  return STATUS_SUCCESS;
}

NTSTATUS Create(CreateRequest& create, ULONG_PTR* information) {
  RING3_TRY(FullName(create.file, &create));
  if (create.Wants(FILE_DIRECTORY_FILE) && create.Overwrites()) return STATUS_INVALID_PARAMETER;
  FastMutexGuard guard(g_host_files->lock);
  std::string path;
  os::HostFileStatus found;
  const os::HostError error = g_host_files->tree.Find(create.name, &path, &found);
  if (error == os::HostError::kNone) return OpenExisting(create, path, found, information);
  if (error != os::HostError::kNotFound) return StatusOf(error);
  if (create.Creates()) return CreateNew(create, path, information);
  *information = FILE_DOES_NOT_EXIST;
  return STATUS_OBJECT_NAME_NOT_FOUND;
}

}  // namespace

NTSTATUS HostFileCreate(PDEVICE_OBJECT, PIRP irp) {
  PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
  // The volume itself.
  if (stack->FileObject->FileName.Length == 0 && stack->FileObject->RelatedFileObject == nullptr) {
    return FinishHostRequest(irp, STATUS_SUCCESS, FILE_OPENED);
  }
  CreateRequest create{
      .file = stack->FileObject,
      .access = stack->Parameters.Create.SecurityContext->DesiredAccess,
      .disposition = stack->Parameters.Create.Options >> 24,
      .options = stack->Parameters.Create.Options & 0x00FFFFFF,
      .attributes = stack->Parameters.Create.FileAttributes,
      .share = stack->Parameters.Create.ShareAccess,
      .name = {},
  };
  ULONG_PTR information = 0;
  const NTSTATUS status = Create(create, &information);
  return FinishHostRequest(irp, status, information);
}

// A file goes with the last handle to it, when one of them has asked for that.
NTSTATUS HostFileCleanup(PDEVICE_OBJECT, PIRP irp) {
  PFILE_OBJECT file = IoGetCurrentIrpStackLocation(irp)->FileObject;
  HostFcb* fcb = FcbOf(file);
  if (fcb == nullptr) return FinishHostRequest(irp, STATUS_SUCCESS);
  NTSTATUS status = STATUS_SUCCESS;
  {
    FastMutexGuard guard(g_host_files->lock);
    IoRemoveShareAccess(file, &fcb->share);
    if (OpenOf(file)->delete_on_close) fcb->delete_pending = true;
    if (--fcb->handle_count == 0 && fcb->delete_pending) {
      status = StatusOf(g_host_files->tree.Remove(fcb->path, fcb->is_directory));
    }
  }
  return FinishHostRequest(irp, status);
}

NTSTATUS HostFileClose(PDEVICE_OBJECT, PIRP irp) {
  PFILE_OBJECT file = IoGetCurrentIrpStackLocation(irp)->FileObject;
  if (HostFcb* fcb = FcbOf(file)) {
    // The descriptor keeps the index from being given to another file until the entry is gone.
    const std::unique_ptr<HostOpen> open(OpenOf(file));
    FastMutexGuard guard(g_host_files->lock);
    if (--fcb->open_count == 0) g_host_files->files.erase(fcb->key);
    file->FsContext = file->FsContext2 = nullptr;
  }
  return FinishHostRequest(irp, STATUS_SUCCESS);
}

}  // namespace ring3::io
