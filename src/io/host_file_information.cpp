// SPDX-License-Identifier: MIT
// IRP_MJ_QUERY_INFORMATION and IRP_MJ_SET_INFORMATION of drive C:. The structures:
// ns-ntifs-_file_xxx_information.
#include <ntstatus.h>

#include <algorithm>
#include <cstring>

#include "io/host_file_system.h"
#include "rtl/unicode_text.h"

namespace ring3::io {
namespace {

constexpr int64_t kNanosecondsPerTick = 100;
constexpr int64_t kTicksTo1970 = 116'444'736'000'000'000;

LARGE_INTEGER SystemTimeOf(int64_t nanoseconds) {
  LARGE_INTEGER time;
  time.QuadPart = nanoseconds / kNanosecondsPerTick + kTicksTo1970;
  return time;
}

// Zero and -1 leave a time as it is.
int64_t NanosecondsOf(LARGE_INTEGER time) {
  return time.QuadPart < kTicksTo1970 ? -1 : (time.QuadPart - kTicksTo1970) * kNanosecondsPerTick;
}

LARGE_INTEGER Large(uint64_t value) {
  LARGE_INTEGER large;
  large.QuadPart = static_cast<LONGLONG>(value);
  return large;
}

ULONG AttributesOf(const os::HostFileStatus& status) {
  ULONG attributes = status.is_directory ? FILE_ATTRIBUTE_DIRECTORY : FILE_ATTRIBUTE_ARCHIVE;
  if (status.is_read_only) attributes |= FILE_ATTRIBUTE_READONLY;
  return attributes;
}

FILE_BASIC_INFORMATION BasicOf(const os::HostFileStatus& status) {
  FILE_BASIC_INFORMATION basic = {};
  basic.CreationTime = SystemTimeOf(status.created);
  basic.LastAccessTime = SystemTimeOf(status.read);
  basic.LastWriteTime = SystemTimeOf(status.written);
  basic.ChangeTime = SystemTimeOf(status.changed);
  basic.FileAttributes = AttributesOf(status);
  return basic;
}

FILE_STANDARD_INFORMATION StandardOf(const os::HostFileStatus& status, bool delete_pending) {
  FILE_STANDARD_INFORMATION standard = {};
  standard.AllocationSize = Large(status.allocated_byte_count);
  standard.EndOfFile = Large(status.byte_count);
  // A link that will go is counted no more.
  standard.NumberOfLinks = status.link_count - (delete_pending && status.link_count != 0 ? 1 : 0);
  standard.DeletePending = delete_pending;
  standard.Directory = status.is_directory;
  return standard;
}

FILE_NETWORK_OPEN_INFORMATION NetworkOpenOf(const os::HostFileStatus& status) {
  FILE_NETWORK_OPEN_INFORMATION open = {};
  const FILE_BASIC_INFORMATION basic = BasicOf(status);
  open.CreationTime = basic.CreationTime;
  open.LastAccessTime = basic.LastAccessTime;
  open.LastWriteTime = basic.LastWriteTime;
  open.ChangeTime = basic.ChangeTime;
  open.AllocationSize = Large(status.allocated_byte_count);
  open.EndOfFile = Large(status.byte_count);
  open.FileAttributes = basic.FileAttributes;
  return open;
}

// The answer as it is built up in the request's system buffer.
class Answer {
 public:
  Answer(void* buffer, ULONG byte_count) : buffer_(static_cast<UCHAR*>(buffer)), capacity_(byte_count) {}

  // The I/O manager has seen to it that fixed structures fit.
  template <typename Information>
  NTSTATUS Put(const Information& information) {
    std::memcpy(buffer_, &information, sizeof(information));
    used_ = sizeof(information);
    return STATUS_SUCCESS;
  }
  // A FILE_NAME_INFORMATION at `offset`. STATUS_BUFFER_OVERFLOW where the name is cut.
  NTSTATUS PutName(ULONG offset, const std::string& path) {
    std::u16string name = u"\\" + rtl::Utf16FromUtf8(path);
    std::replace(name.begin(), name.end(), u'/', u'\\');
    const auto name_byte_count = static_cast<ULONG>(name.size() * sizeof(WCHAR));
    std::memcpy(buffer_ + offset, &name_byte_count, sizeof(name_byte_count));
    const ULONG begin = offset + FIELD_OFFSET(FILE_NAME_INFORMATION, FileName);
    const ULONG fits = std::min(name_byte_count, (capacity_ - begin) & ~ULONG{1});
    std::memcpy(buffer_ + begin, name.data(), fits);
    used_ = begin + fits;
    return fits < name_byte_count ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
  }
  ULONG used() const { return used_; }

 private:
  UCHAR* const buffer_;
  const ULONG capacity_;
  ULONG used_ = 0;
};

NTSTATUS Query(PFILE_OBJECT file, FILE_INFORMATION_CLASS information_class, Answer& answer) {
  os::HostFileStatus status;
  RING3_TRY(StatusOf(OpenOf(file)->file.Status(&status)));
  bool delete_pending;
  std::string path;
  {
    FastMutexGuard guard(g_host_files->lock);
    delete_pending = FcbOf(file)->delete_pending;
    path = FcbOf(file)->path;
  }
  switch (information_class) {
    case FileBasicInformation:
      return answer.Put(BasicOf(status));
    case FileStandardInformation:
      return answer.Put(StandardOf(status, delete_pending));
    case FileInternalInformation:
      return answer.Put(FILE_INTERNAL_INFORMATION{Large(status.index)});
    case FileEaInformation:
      return answer.Put(FILE_EA_INFORMATION{0});
    case FilePositionInformation:
      return answer.Put(FILE_POSITION_INFORMATION{file->CurrentByteOffset});
    case FileNetworkOpenInformation:
      return answer.Put(NetworkOpenOf(status));
    case FileAttributeTagInformation:
      return answer.Put(FILE_ATTRIBUTE_TAG_INFORMATION{AttributesOf(status), 0});
    case FileNameInformation:
      return answer.PutName(0, path);
    case FileAllInformation: {
      FILE_ALL_INFORMATION all = {};
      all.BasicInformation = BasicOf(status);
      all.StandardInformation = StandardOf(status, delete_pending);
      all.InternalInformation.IndexNumber = Large(status.index);
      all.PositionInformation.CurrentByteOffset = file->CurrentByteOffset;
      answer.Put(all);
      return answer.PutName(FIELD_OFFSET(FILE_ALL_INFORMATION, NameInformation), path);
    }
    default:
      return STATUS_INVALID_PARAMETER;
  }
}

NTSTATUS SetBasic(PFILE_OBJECT file, const FILE_BASIC_INFORMATION& basic) {
  const os::HostFile& host = OpenOf(file)->file;
  const int64_t read = NanosecondsOf(basic.LastAccessTime);
  const int64_t written = NanosecondsOf(basic.LastWriteTime);
  if (read >= 0 || written >= 0) RING3_TRY(StatusOf(host.SetTimes(read, written)));
  if (basic.FileAttributes == 0) return STATUS_SUCCESS;
  const bool is_directory = FcbOf(file)->is_directory;
  if (!is_directory && (basic.FileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0)
    return STATUS_INVALID_PARAMETER;
  if (is_directory) return STATUS_SUCCESS;
  const bool read_only = (basic.FileAttributes & FILE_ATTRIBUTE_READONLY) != 0;
  return StatusOf(host.SetWritable(read_only ? os::HostFile::Writable::kNo : os::HostFile::Writable::kYes));
}

NTSTATUS SetDisposition(PFILE_OBJECT file, bool delete_file) {
  FastMutexGuard guard(g_host_files->lock);
  if (delete_file) {
    os::HostFileStatus status;
    RING3_TRY(StatusOf(OpenOf(file)->file.Status(&status)));
    if (status.is_read_only || FcbOf(file)->path.empty()) return STATUS_CANNOT_DELETE;
    if (status.is_directory && !g_host_files->tree.IsEmptyDirectory(FcbOf(file)->path)) {
      return STATUS_DIRECTORY_NOT_EMPTY;
    }
  }
  FcbOf(file)->delete_pending = delete_file;
  return STATUS_SUCCESS;
}

// `only_shorter`: an allocation that is larger than the file leaves its length alone.
NTSTATUS SetLength(PFILE_OBJECT file, LARGE_INTEGER length, bool only_shorter) {
  if (length.QuadPart < 0 || FcbOf(file)->is_directory) return STATUS_INVALID_PARAMETER;
  FastMutexGuard guard(FcbOf(file)->length_lock);
  const auto byte_count = static_cast<uint64_t>(length.QuadPart);
  os::HostFileStatus status;
  RING3_TRY(StatusOf(OpenOf(file)->file.Status(&status)));
  if (only_shorter && byte_count >= status.byte_count) return STATUS_SUCCESS;
  return StatusOf(OpenOf(file)->file.SetByteCount(byte_count));
}

NTSTATUS Set(PFILE_OBJECT file, FILE_INFORMATION_CLASS information_class, const void* information) {
  switch (information_class) {
    case FileBasicInformation:
      return SetBasic(file, *static_cast<const FILE_BASIC_INFORMATION*>(information));
    case FileDispositionInformation:
      return SetDisposition(
          file, static_cast<const FILE_DISPOSITION_INFORMATION*>(information)->DeleteFile != FALSE);
    case FileAllocationInformation:
      return SetLength(file, static_cast<const FILE_ALLOCATION_INFORMATION*>(information)->AllocationSize,
                       true);
    case FileEndOfFileInformation:
      return SetLength(file, static_cast<const FILE_END_OF_FILE_INFORMATION*>(information)->EndOfFile, false);
    case FilePositionInformation:
      file->CurrentByteOffset = static_cast<const FILE_POSITION_INFORMATION*>(information)->CurrentByteOffset;
      return STATUS_SUCCESS;
    default:
      return STATUS_INVALID_PARAMETER;
  }
}

}  // namespace

NTSTATUS HostFileQueryInformation(PDEVICE_OBJECT, PIRP irp) {
  PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
  if (FcbOf(stack->FileObject) == nullptr) return FinishHostRequest(irp, STATUS_INVALID_DEVICE_REQUEST);
  Answer answer(irp->AssociatedIrp.SystemBuffer, stack->Parameters.QueryFile.Length);
  const NTSTATUS status = Query(stack->FileObject, stack->Parameters.QueryFile.FileInformationClass, answer);
  return FinishHostRequest(irp, status, answer.used());
}

NTSTATUS HostFileSetInformation(PDEVICE_OBJECT, PIRP irp) {
  PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
  if (FcbOf(stack->FileObject) == nullptr) return FinishHostRequest(irp, STATUS_INVALID_DEVICE_REQUEST);
  return FinishHostRequest(irp, Set(stack->FileObject, stack->Parameters.SetFile.FileInformationClass,
                                    irp->AssociatedIrp.SystemBuffer));
}

}  // namespace ring3::io
