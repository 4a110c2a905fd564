// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/ex.h>
#include <ddi/io_ntifs.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/boot_options.h"
#include "base/result.h"
#include "io/device.h"
#include "os/host_file.h"

// Drive C: a built-in file system driver over one directory of the host. \??\C: and \SystemRoot lead to its
// device.
namespace ring3::io {

// One file of the host, however often it is open. FILE_OBJECT::FsContext.
struct HostFcb {
  std::pair<uint64_t, uint64_t> key;  // device and index
  std::string path;
  SHARE_ACCESS share = {};
  uint32_t handle_count = 0;  // until cleanup
  uint32_t open_count = 0;    // until close
  bool is_directory = false;
  bool delete_pending = false;
  // Held while the length decides where a write goes.
  FAST_MUTEX length_lock;
};

// One open of it. FILE_OBJECT::FsContext2.
struct HostOpen {
  os::HostFile file;
  bool delete_on_close = false;
};

class FastMutexGuard {
 public:
  explicit FastMutexGuard(FAST_MUTEX& mutex) : mutex_(mutex) { ExAcquireFastMutex(&mutex_); }
  ~FastMutexGuard() { ExReleaseFastMutex(&mutex_); }
  FastMutexGuard(const FastMutexGuard&) = delete;
  FastMutexGuard& operator=(const FastMutexGuard&) = delete;

 private:
  FAST_MUTEX& mutex_;
};

struct HostFileSystem {
  os::HostTree tree;
  Driver* driver = nullptr;
  PDEVICE_OBJECT device = nullptr;
  // Guards `files` and what is in them, but for `length_lock`; held across opening, cleaning up and deleting.
  FAST_MUTEX lock;
  std::map<std::pair<uint64_t, uint64_t>, std::unique_ptr<HostFcb>> files;
};
// Null: booted without a drive.
extern HostFileSystem* g_host_files;

// STATUS_SUCCESS without a drive where `system_drive_directory` is empty. STATUS_OBJECT_PATH_NOT_FOUND and
// the like.
Status StartHostFiles(const BootOptions& options);
void StopHostFiles();

// The host's name for a driver's image as a service key has it: below the drive (\??\C:\…, \SystemRoot\…,
// System32\drivers\…), or a name of the host's own.
std::string HostPathOfImage(std::u16string_view image_path);

NTSTATUS StatusOf(os::HostError error);
inline HostFcb* FcbOf(PFILE_OBJECT file) {
  return static_cast<HostFcb*>(file->FsContext);
}
inline HostOpen* OpenOf(PFILE_OBJECT file) {
  return static_cast<HostOpen*>(file->FsContext2);
}
// Completes `irp`.
NTSTATUS FinishHostRequest(PIRP irp, NTSTATUS status, ULONG_PTR information = 0);

// The dispatch routines. The volume itself, opened as \??\C:, has neither context.
DRIVER_DISPATCH HostFileCreate;
DRIVER_DISPATCH HostFileCleanup;
DRIVER_DISPATCH HostFileClose;
DRIVER_DISPATCH HostFileRead;
DRIVER_DISPATCH HostFileWrite;
DRIVER_DISPATCH HostFileFlush;
DRIVER_DISPATCH HostFileQueryInformation;
DRIVER_DISPATCH HostFileSetInformation;

}  // namespace ring3::io
