// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/io_ntifs.h>
#include <ddi/ob_ntifs.h>

// The system services on files, for the nt layer (UserMode) and for the Zw routines (KernelMode). `mode` is
// the previous mode: with UserMode every address is the application's and is checked, captured and written
// with care; the arguments themselves have been captured. The caller holds a ke::ServiceScope. PASSIVE_LEVEL.
namespace ring3::io {

// What every request service takes beside its own arguments. `event` zero: none. `iosb` must not be null.
struct RequestArguments {
  HANDLE file = nullptr;
  HANDLE event = nullptr;
  PIO_APC_ROUTINE apc_routine = nullptr;
  void* apc_context = nullptr;
  PIO_STATUS_BLOCK iosb = nullptr;
};

struct CreateArguments {
  PHANDLE handle = nullptr;
  ACCESS_MASK desired_access = 0;
  // In kernel memory: captured. SecurityDescriptor too.
  const OBJECT_ATTRIBUTES* attributes = nullptr;
  PIO_STATUS_BLOCK iosb = nullptr;
  LARGE_INTEGER allocation_size = {};
  ULONG file_attributes = 0;
  ULONG share_access = 0;
  ULONG disposition = FILE_OPEN;
  ULONG options = 0;
  // In kernel memory: captured.
  const void* ea = nullptr;
  ULONG ea_byte_count = 0;
  ULONG io_options = 0;  // IO_FORCE_ACCESS_CHECK, IO_NO_PARAMETER_CHECKING
  void* device_hint = nullptr;
};

// `*handle` and `*iosb` are in kernel memory: the caller copies them out. `iosb->Information` is FILE_OPENED
// and so on.
NTSTATUS CreateFile(KPROCESSOR_MODE mode, const CreateArguments& arguments);

enum class ControlKind { kDevice, kFileSystem };
NTSTATUS ControlFile(KPROCESSOR_MODE mode, ControlKind kind, const RequestArguments& request, ULONG code,
                     void* input, ULONG input_byte_count, void* output, ULONG output_byte_count);

// `byte_offset` null: the file position. `key` null: none. Both in kernel memory: captured.
NTSTATUS ReadFile(KPROCESSOR_MODE mode, const RequestArguments& request, void* buffer, ULONG byte_count,
                  const LARGE_INTEGER* byte_offset, const ULONG* key);
NTSTATUS WriteFile(KPROCESSOR_MODE mode, const RequestArguments& request, const void* buffer,
                   ULONG byte_count, const LARGE_INTEGER* byte_offset, const ULONG* key);

NTSTATUS FlushFile(KPROCESSOR_MODE mode, HANDLE file, PIO_STATUS_BLOCK iosb);
NTSTATUS QueryFile(KPROCESSOR_MODE mode, HANDLE file, PIO_STATUS_BLOCK iosb, void* information,
                   ULONG byte_count, FILE_INFORMATION_CLASS information_class);
NTSTATUS SetFile(KPROCESSOR_MODE mode, HANDLE file, PIO_STATUS_BLOCK iosb, const void* information,
                 ULONG byte_count, FILE_INFORMATION_CLASS information_class);
NTSTATUS QueryVolume(KPROCESSOR_MODE mode, HANDLE file, PIO_STATUS_BLOCK iosb, void* information,
                     ULONG byte_count, FS_INFORMATION_CLASS information_class);

// Cancels what the calling thread (whose = kThread) or any thread of the process (kProcess) has pending on
// the file; `request` not null: only what was started with that status block. STATUS_NOT_FOUND where there is
// nothing and a request was named or the process was searched. kThread waits until all of it is over.
enum class CancelScope { kThread, kProcess };
NTSTATUS CancelFile(KPROCESSOR_MODE mode, HANDLE file, CancelScope scope, PIO_STATUS_BLOCK request,
                    PIO_STATUS_BLOCK iosb);

// Cancels what `thread` waits for. STATUS_NOT_FOUND where it does not.
NTSTATUS CancelSynchronousIo(PKTHREAD thread);

// Completion ports (IoCompletion objects). The entries are in kernel memory.
NTSTATUS CreateIoCompletion(KPROCESSOR_MODE mode, PHANDLE handle, ACCESS_MASK desired_access,
                            const OBJECT_ATTRIBUTES* attributes, ULONG concurrent_threads);
NTSTATUS SetIoCompletion(KPROCESSOR_MODE mode, HANDLE port, void* key, void* apc_context, NTSTATUS status,
                         ULONG_PTR information);
// Waits for at least one packet; `*removed` says how many came. STATUS_TIMEOUT, STATUS_USER_APC,
// STATUS_ABANDONED_WAIT_0.
NTSTATUS RemoveIoCompletion(KPROCESSOR_MODE mode, HANDLE port, PFILE_IO_COMPLETION_INFORMATION entries,
                            ULONG count, ULONG* removed, const LARGE_INTEGER* timeout, bool alertable);

}  // namespace ring3::io
