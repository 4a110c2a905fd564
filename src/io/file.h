// SPDX-License-Identifier: MIT
#pragma once

#include "io/services.h"

#include "base/result.h"
#include "io/device.h"
#include "io/irp.h"

// Open files: the FILE_OBJECT, and what it takes to make requests for it.
namespace ring3::io {

inline constexpr uint32_t kOpenPacketMagic = 0x4e45504f;  // "OPEN"

// What IoCreateFile passes through the namespace to the device's parse procedure, and what comes back.
struct OpenPacket {
  uint32_t magic = kOpenPacketMagic;
  const CreateArguments* arguments = nullptr;
  ULONG_PTR information = 0;
  // The driver was asked: its status is the open's.
  bool parsed = false;
};

struct File {
  FILE_OBJECT object;  // first: a pointer to it is the object's
  IO_COMPLETION_CONTEXT completion;
  // IRP_MJ_CREATE succeeded: cleanup and close are due.
  bool opened;
  bool cleaned_up;

  static File* Of(PFILE_OBJECT file) { return reinterpret_cast<File*>(file); }
};

// Whether one of `flags` (FO_…) is set. Services and the last close change others while requests are under
// way.
inline bool HasFlag(const FILE_OBJECT& file, ULONG flags) {
  return (__atomic_load_n(&file.Flags, __ATOMIC_RELAXED) & flags) != 0;
}

Status InitializeFileType();

// Sends IRP_MJ_CLEANUP or IRP_MJ_CLOSE for `file` to `device` and waits. Waits for memory as well: neither
// can fail.
void SendClose(PDEVICE_OBJECT device, PFILE_OBJECT file, UCHAR major);

// A file that requests are made for: referenced, with what its handle grants.
struct RequestFile {
  ob::Ref<FILE_OBJECT> file;
  ACCESS_MASK granted_access = 0;
};
Result<RequestFile> ReferenceFile(HANDLE handle, ACCESS_MASK desired_access, KPROCESSOR_MODE mode);

// Requests for a file opened for synchronous I/O come one after the other.
class SynchronousFileLock {
 public:
  explicit SynchronousFileLock(PFILE_OBJECT file);
  ~SynchronousFileLock();
  SynchronousFileLock(const SynchronousFileLock&) = delete;
  SynchronousFileLock& operator=(const SynchronousFileLock&) = delete;

 private:
  const PFILE_OBJECT file_;  // null: not synchronous
};

// Checks and references the request's status block and event. The reference `file` goes into the packet,
// which may outlive its issuer; that of a synchronous file stays with the issuer, who waits for the end.
struct Request {
  IRP* irp = nullptr;
  PDEVICE_OBJECT device = nullptr;  // where it goes
  PIO_STACK_LOCATION stack() const { return IoGetNextIrpStackLocation(irp); }
};
// STATUS_INSUFFICIENT_RESOURCES, STATUS_ACCESS_VIOLATION, STATUS_INVALID_HANDLE … for the event.
Result<Request> BeginRequest(KPROCESSOR_MODE mode, const RequestArguments& arguments,
                             ob::Ref<FILE_OBJECT>& file, UCHAR major_function);
// Sends it. Waits where the file is synchronous. The service's status.
NTSTATUS IssueRequest(const Request& request);
// For services that always wait (flush, query, set).
NTSTATUS IssueRequestAndWait(KPROCESSOR_MODE mode, const Request& request, PIO_STATUS_BLOCK iosb);
// The same without file position, event and so on: a packet that the executive waits for.
Result<Request> BeginKernelRequest(KPROCESSOR_MODE mode, PFILE_OBJECT file, UCHAR major_function);

Status WriteUserStatusBlock(KPROCESSOR_MODE mode, PIO_STATUS_BLOCK iosb, NTSTATUS status,
                            ULONG_PTR information);

// Address checks before a driver is called: STATUS_ACCESS_VIOLATION.
Status ProbeForReading(KPROCESSOR_MODE mode, const void* address, size_t byte_count);
// Finds out whether every page is writable, without changing it.
Status ProbeForWriting(KPROCESSOR_MODE mode, void* address, size_t byte_count);

// A system buffer of `byte_count` bytes that the packet will free. Null: memory is exhausted.
void* AllocateSystemBuffer(IRP* irp, ULONG byte_count);
// Copies what the requester gives the driver.
Status CaptureInput(KPROCESSOR_MODE mode, void* destination, const void* source, ULONG byte_count);
// Describes and locks the requester's buffer. STATUS_ACCESS_VIOLATION, STATUS_INSUFFICIENT_RESOURCES.
Status LockBuffer(KPROCESSOR_MODE mode, IRP* irp, void* address, ULONG byte_count, LOCK_OPERATION operation);

// The services on a file object, KernelMode, without a handle's access.
NTSTATUS QueryFileObject(PFILE_OBJECT file, PIO_STATUS_BLOCK iosb, void* information, ULONG byte_count,
                         FILE_INFORMATION_CLASS information_class);
NTSTATUS SetFileObject(PFILE_OBJECT file, PIO_STATUS_BLOCK iosb, const void* information, ULONG byte_count,
                       FILE_INFORMATION_CLASS information_class);

}  // namespace ring3::io
