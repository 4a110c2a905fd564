// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "win32/win32.h"

namespace ring3::win32 {

// OVERLAPPED begins with what the services know as IO_STATUS_BLOCK.
static_assert(offsetof(OVERLAPPED, Internal) == offsetof(IO_STATUS_BLOCK, Status));
static_assert(offsetof(OVERLAPPED, InternalHigh) == offsetof(IO_STATUS_BLOCK, Information));

inline PIO_STATUS_BLOCK StatusBlockOf(LPOVERLAPPED overlapped) {
  return reinterpret_cast<PIO_STATUS_BLOCK>(overlapped);
}

struct RequestArguments {
  HANDLE event;
  PVOID apc_context;
  PIO_STATUS_BLOCK io_status;
  PLARGE_INTEGER byte_offset;  // null: the file's own position
};

// Waits until a request on a synchronous handle that was left pending has completed.
NTSTATUS WaitForRequest(HANDLE file, const IO_STATUS_BLOCK& io_status);
BOOL FinishSynchronous(NTSTATUS status, const IO_STATUS_BLOCK& io_status, LPDWORD byte_count);
BOOL FinishOverlapped(NTSTATUS status, const OVERLAPPED& overlapped, LPDWORD byte_count);
VOID CompletionApc(PVOID routine, PIO_STATUS_BLOCK io_status, ULONG);

// A read, write or device control: `start` calls the service. Synchronous without `overlapped`.
// An event handle whose lowest bit is set asks that nothing be queued to a completion port.
template <typename Start>
BOOL Request(HANDLE file, LPOVERLAPPED overlapped, LPDWORD byte_count, Start start) {
  if (overlapped == nullptr) {
    IO_STATUS_BLOCK io_status{};
    NTSTATUS status = start(RequestArguments{nullptr, nullptr, &io_status, nullptr});
    if (status == STATUS_PENDING) status = WaitForRequest(file, io_status);
    return FinishSynchronous(status, io_status, byte_count);
  }
  overlapped->Internal = STATUS_PENDING;
  overlapped->InternalHigh = 0;
  LARGE_INTEGER byte_offset;
  byte_offset.LowPart = overlapped->Offset;
  byte_offset.HighPart = static_cast<LONG>(overlapped->OffsetHigh);
  const auto event = reinterpret_cast<ULONG_PTR>(overlapped->hEvent);
  const NTSTATUS status =
      start(RequestArguments{reinterpret_cast<HANDLE>(event & ~ULONG_PTR{1}),
                             event & 1 ? nullptr : overlapped, StatusBlockOf(overlapped), &byte_offset});
  return FinishOverlapped(status, *overlapped, byte_count);
}

// The same with a completion routine, which runs as an APC of the calling thread.
template <typename Start>
BOOL RequestEx(LPOVERLAPPED overlapped, Start start) {
  overlapped->Internal = STATUS_PENDING;
  LARGE_INTEGER byte_offset;
  byte_offset.LowPart = overlapped->Offset;
  byte_offset.HighPart = static_cast<LONG>(overlapped->OffsetHigh);
  const NTSTATUS status = start(&byte_offset);
  return NT_ERROR(status) ? Fail(status) : TRUE;
}

}  // namespace ring3::win32
