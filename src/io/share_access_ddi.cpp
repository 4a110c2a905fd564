// SPDX-License-Identifier: MIT
// Share access: what the opens of one file allow each other. The caller serialises access to the
// SHARE_ACCESS.
#include <ddi/io_ntifs.h>
#include <ddi/se.h>
#include <ntstatus.h>

namespace {

// Whether the open takes part in sharing at all: it reads, writes or deletes.
bool Fill(PFILE_OBJECT file, ACCESS_MASK access, ULONG share) {
  file->ReadAccess = (access & (FILE_EXECUTE | FILE_READ_DATA)) != 0;
  file->WriteAccess = (access & (FILE_WRITE_DATA | FILE_APPEND_DATA)) != 0;
  file->DeleteAccess = (access & DELETE) != 0;
  if (!file->ReadAccess && !file->WriteAccess && !file->DeleteAccess) return false;
  file->SharedRead = (share & FILE_SHARE_READ) != 0;
  file->SharedWrite = (share & FILE_SHARE_WRITE) != 0;
  file->SharedDelete = (share & FILE_SHARE_DELETE) != 0;
  return true;
}

bool TakesPart(PFILE_OBJECT file) {
  return file->ReadAccess || file->WriteAccess || file->DeleteAccess;
}

void Add(PFILE_OBJECT file, PSHARE_ACCESS share, ULONG sign) {
  share->OpenCount += sign;
  if (file->ReadAccess) share->Readers += sign;
  if (file->WriteAccess) share->Writers += sign;
  if (file->DeleteAccess) share->Deleters += sign;
  if (file->SharedRead) share->SharedRead += sign;
  if (file->SharedWrite) share->SharedWrite += sign;
  if (file->SharedDelete) share->SharedDelete += sign;
}

}  // namespace

extern "C" {

// STATUS_SHARING_VIOLATION where the open does not go with those counted in `ShareAccess`.
// nf-wdm-iocheckshareaccess
NTSTATUS IoCheckShareAccess(ACCESS_MASK DesiredAccess, ULONG DesiredShareAccess, PFILE_OBJECT FileObject,
                            PSHARE_ACCESS ShareAccess, BOOLEAN Update) {
  if (!Fill(FileObject, DesiredAccess, DesiredShareAccess)) return STATUS_SUCCESS;
  ULONG opens = ShareAccess->OpenCount;
  if ((FileObject->ReadAccess && ShareAccess->SharedRead < opens) ||
      (FileObject->WriteAccess && ShareAccess->SharedWrite < opens) ||
      (FileObject->DeleteAccess && ShareAccess->SharedDelete < opens) ||
      (ShareAccess->Readers != 0 && !FileObject->SharedRead) ||
      (ShareAccess->Writers != 0 && !FileObject->SharedWrite) ||
      (ShareAccess->Deleters != 0 && !FileObject->SharedDelete)) {
    return STATUS_SHARING_VIOLATION;
  }
  if (Update) Add(FileObject, ShareAccess, 1);
  return STATUS_SUCCESS;
}

// nf-wdm-iocheckshareaccessex
NTSTATUS IoCheckShareAccessEx(ACCESS_MASK DesiredAccess, ULONG DesiredShareAccess, PFILE_OBJECT FileObject,
                              PSHARE_ACCESS ShareAccess, BOOLEAN Update, PBOOLEAN WritePermission) {
  // Without write permission a file cannot be kept from its readers.
  if (WritePermission != nullptr && !*WritePermission) DesiredShareAccess |= FILE_SHARE_READ;
  return IoCheckShareAccess(DesiredAccess, DesiredShareAccess, FileObject, ShareAccess, Update);
}

// nf-wdm-iosetshareaccess
VOID IoSetShareAccess(ACCESS_MASK DesiredAccess, ULONG DesiredShareAccess, PFILE_OBJECT FileObject,
                      PSHARE_ACCESS ShareAccess) {
  *ShareAccess = {};
  if (Fill(FileObject, DesiredAccess, DesiredShareAccess)) Add(FileObject, ShareAccess, 1);
}

// nf-wdm-iosetshareaccessex
VOID IoSetShareAccessEx(ACCESS_MASK DesiredAccess, ULONG DesiredShareAccess, PFILE_OBJECT FileObject,
                        PSHARE_ACCESS ShareAccess, PBOOLEAN WritePermission) {
  if (WritePermission != nullptr && !*WritePermission) DesiredShareAccess |= FILE_SHARE_READ;
  IoSetShareAccess(DesiredAccess, DesiredShareAccess, FileObject, ShareAccess);
}

// nf-wdm-ioupdateshareaccess
VOID IoUpdateShareAccess(PFILE_OBJECT FileObject, PSHARE_ACCESS ShareAccess) {
  if (TakesPart(FileObject)) Add(FileObject, ShareAccess, 1);
}

// nf-wdm-ioremoveshareaccess
VOID IoRemoveShareAccess(PFILE_OBJECT FileObject, PSHARE_ACCESS ShareAccess) {
  if (TakesPart(FileObject)) Add(FileObject, ShareAccess, ~0u);
}

}  // extern "C"
