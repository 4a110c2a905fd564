// SPDX-License-Identifier: MIT
#include "win32/overlapped.h"

#include <atomic>

namespace ring3::win32 {
namespace {

// The executive writes the status last, from whatever thread completes the request.
NTSTATUS StatusOf(const OVERLAPPED& overlapped) {
  auto& status = const_cast<NTSTATUS&>(reinterpret_cast<const IO_STATUS_BLOCK&>(overlapped).Status);
  return std::atomic_ref<NTSTATUS>(status).load(std::memory_order_acquire);
}

}  // namespace

NTSTATUS WaitForRequest(HANDLE file, const IO_STATUS_BLOCK& io_status) {
  const NTSTATUS status = Nt().NtWaitForSingleObject(file, FALSE, nullptr);
  return NT_SUCCESS(status) ? io_status.Status : status;
}

BOOL FinishSynchronous(NTSTATUS status, const IO_STATUS_BLOCK& io_status, LPDWORD byte_count) {
  // A warning (STATUS_BUFFER_OVERFLOW) carries data as well as an error.
  if (byte_count != nullptr) *byte_count = NT_ERROR(status) ? 0 : static_cast<DWORD>(io_status.Information);
  return NT_SUCCESS(status) ? TRUE : Fail(status);
}

BOOL FinishOverlapped(NTSTATUS status, const OVERLAPPED& overlapped, LPDWORD byte_count) {
  if (NT_SUCCESS(status) && status != STATUS_PENDING) {
    if (byte_count != nullptr) *byte_count = static_cast<DWORD>(overlapped.InternalHigh);
    return TRUE;
  }
  return Fail(status);  // STATUS_PENDING is ERROR_IO_PENDING
}

VOID CompletionApc(PVOID routine, PIO_STATUS_BLOCK io_status, ULONG) {
  reinterpret_cast<LPOVERLAPPED_COMPLETION_ROUTINE>(routine)(
      NT_SUCCESS(io_status->Status) ? ERROR_SUCCESS : ErrorOf(io_status->Status),
      static_cast<DWORD>(io_status->Information), reinterpret_cast<LPOVERLAPPED>(io_status));
}

extern "C" {

// https://learn.microsoft.com/windows/win32/api/ioapiset/nf-ioapiset-deviceiocontrol
BOOL DeviceIoControl(HANDLE hDevice, DWORD dwIoControlCode, LPVOID lpInBuffer, DWORD nInBufferSize,
                     LPVOID lpOutBuffer, DWORD nOutBufferSize, LPDWORD lpBytesReturned,
                     LPOVERLAPPED lpOverlapped) {
  return Request(hDevice, lpOverlapped, lpBytesReturned, [&](const RequestArguments& a) {
    return Nt().NtDeviceIoControlFile(hDevice, a.event, nullptr, a.apc_context, a.io_status, dwIoControlCode,
                                      lpInBuffer, nInBufferSize, lpOutBuffer, nOutBufferSize);
  });
}

BOOL GetOverlappedResultEx(HANDLE hFile, LPOVERLAPPED lpOverlapped, LPDWORD lpNumberOfBytesTransferred,
                           DWORD dwMilliseconds, BOOL bAlertable) {
  if (StatusOf(*lpOverlapped) == STATUS_PENDING) {
    if (dwMilliseconds == 0) return FailWith(ERROR_IO_INCOMPLETE);
    const auto event = reinterpret_cast<ULONG_PTR>(lpOverlapped->hEvent) & ~ULONG_PTR{1};
    const DWORD waited = WaitForSingleObjectEx(event != 0 ? reinterpret_cast<HANDLE>(event) : hFile,
                                               dwMilliseconds, bAlertable);
    if (waited == WAIT_FAILED) return FALSE;
    if (waited != WAIT_OBJECT_0)
      return FailWith(waited);  // WAIT_TIMEOUT and WAIT_IO_COMPLETION are the errors
  }
  *lpNumberOfBytesTransferred = static_cast<DWORD>(lpOverlapped->InternalHigh);
  const NTSTATUS status = StatusOf(*lpOverlapped);
  return NT_SUCCESS(status) ? TRUE : Fail(status);
}

BOOL GetOverlappedResult(HANDLE hFile, LPOVERLAPPED lpOverlapped, LPDWORD lpNumberOfBytesTransferred,
                         BOOL bWait) {
  return GetOverlappedResultEx(hFile, lpOverlapped, lpNumberOfBytesTransferred, bWait ? INFINITE : 0, FALSE);
}

BOOL CancelIo(HANDLE hFile) {
  IO_STATUS_BLOCK io_status;
  const NTSTATUS status = Nt().NtCancelIoFile(hFile, &io_status);
  return NT_SUCCESS(status) ? TRUE : Fail(status);
}

BOOL CancelIoEx(HANDLE hFile, LPOVERLAPPED lpOverlapped) {
  IO_STATUS_BLOCK io_status;
  const NTSTATUS status = Nt().NtCancelIoFileEx(hFile, StatusBlockOf(lpOverlapped), &io_status);
  return NT_SUCCESS(status) ? TRUE : Fail(status);
}

BOOL CancelSynchronousIo(HANDLE hThread) {
  IO_STATUS_BLOCK io_status;
  const NTSTATUS status = Nt().NtCancelSynchronousIoFile(hThread, nullptr, &io_status);
  return NT_SUCCESS(status) ? TRUE : Fail(status);
}

}  // extern "C"

}  // namespace ring3::win32
