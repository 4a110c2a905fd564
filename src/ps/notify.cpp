// SPDX-License-Identifier: MIT
// Routines that drivers register to hear of processes, threads and images.
#include "ps/notify.h"

#include <fmt/format.h>

#include <type_traits>

namespace ring3::ps {
namespace {

using ProcessRoutine = std::remove_pointer_t<PCREATE_PROCESS_NOTIFY_ROUTINE>;
using ProcessRoutineEx = std::remove_pointer_t<PCREATE_PROCESS_NOTIFY_ROUTINE_EX>;
using ThreadRoutine = std::remove_pointer_t<PCREATE_THREAD_NOTIFY_ROUTINE>;
using ImageRoutine = std::remove_pointer_t<PLOAD_IMAGE_NOTIFY_ROUTINE>;

NotifyList<ProcessRoutine> g_process_routines;
NotifyList<ProcessRoutineEx> g_process_routines_ex;
NotifyList<ThreadRoutine> g_thread_routines;
// Those that want to be called by the new thread, of applications only.
NotifyList<ThreadRoutine> g_new_thread_routines;
NotifyList<ImageRoutine> g_image_routines;

template <typename Function>
NTSTATUS AddOrRemove(NotifyList<Function>& list, Function* routine, BOOLEAN remove) {
  if (routine == nullptr) return STATUS_INVALID_PARAMETER;
  if (remove) return list.Remove(routine) ? STATUS_SUCCESS : STATUS_PROCEDURE_NOT_FOUND;
  return list.Add(routine) ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

}  // namespace

NTSTATUS NotifyProcessCreated(PEPROCESS process, std::u16string_view command_line) {
  process->notified.store(true);
  g_process_routines.Call(process->parent_process_id, process->unique_process_id, BOOLEAN{TRUE});
  UNICODE_STRING image = ob::ToUnicodeString(*process->image_path);
  UNICODE_STRING command = ob::ToUnicodeString(command_line);
  PS_CREATE_NOTIFY_INFO info = {};
  info.Size = sizeof(info);
  info.FileOpenNameAvailable = TRUE;
  info.ParentProcessId = process->parent_process_id;
  info.CreatingThreadId = CurrentThread()->client_id;
  info.ImageFileName = &image;
  info.CommandLine = command_line.empty() ? nullptr : &command;
  info.CreationStatus = STATUS_SUCCESS;
  g_process_routines_ex.Call(process, process->unique_process_id, &info);
  return info.CreationStatus;
}

void NotifyProcessExited(PEPROCESS process) {
  if (!process->notified.exchange(false)) return;
  g_process_routines.Call(process->parent_process_id, process->unique_process_id, BOOLEAN{FALSE});
  g_process_routines_ex.Call(process, process->unique_process_id,
                             static_cast<PPS_CREATE_NOTIFY_INFO>(nullptr));
}

void NotifyThreadCreated(PETHREAD thread) {
  thread->announced = true;
  g_thread_routines.Call(thread->client_id.UniqueProcess, thread->client_id.UniqueThread, BOOLEAN{TRUE});
}

void NotifyThreadStarted(PETHREAD thread) {
  if (!thread->announced) NotifyThreadCreated(thread);
  if (thread->is_system) return;
  g_new_thread_routines.Call(thread->client_id.UniqueProcess, thread->client_id.UniqueThread, BOOLEAN{TRUE});
}

void NotifyThreadExited(PETHREAD thread) {
  if (!thread->announced) return;
  g_thread_routines.Call(thread->client_id.UniqueProcess, thread->client_id.UniqueThread, BOOLEAN{FALSE});
  if (thread->is_system) return;
  g_new_thread_routines.Call(thread->client_id.UniqueProcess, thread->client_id.UniqueThread, BOOLEAN{FALSE});
}

void NotifyDriverImageLoaded(std::u16string_view full_name, void* base, size_t byte_count) {
  UNICODE_STRING name = ob::ToUnicodeString(full_name);
  IMAGE_INFO info = {};
  info.ImageAddressingMode = IMAGE_ADDRESSING_MODE_32BIT;
  info.SystemModeImage = TRUE;
  info.ImageBase = base;
  info.ImageSize = byte_count;
  g_image_routines.Call(&name, HANDLE{nullptr}, &info);
}

void ReportLeftNotifyRoutines(LeakReport& report) {
  auto check = [&](int left, const char* what) {
    if (left != 0) report.Add(fmt::format("{} {} notify routine(s) were not removed", left, what));
  };
  check(g_process_routines.Clear() + g_process_routines_ex.Clear(), "process");
  check(g_thread_routines.Clear() + g_new_thread_routines.Clear(), "thread");
  check(g_image_routines.Clear(), "load-image");
}

}  // namespace ring3::ps

using namespace ring3::ps;

extern "C" {

// STATUS_INVALID_PARAMETER when it is there already or there are 64; with `remove`,
// STATUS_PROCEDURE_NOT_FOUND when it is not there. PASSIVE_LEVEL. nf-ntddk-pssetcreateprocessnotifyroutine
NTSTATUS PsSetCreateProcessNotifyRoutine(PCREATE_PROCESS_NOTIFY_ROUTINE routine, BOOLEAN remove) {
  return AddOrRemove(g_process_routines, routine, remove);
}

// The routine may refuse a process through CreationStatus. nf-ntddk-pssetcreateprocessnotifyroutineex
NTSTATUS PsSetCreateProcessNotifyRoutineEx(PCREATE_PROCESS_NOTIFY_ROUTINE_EX routine, BOOLEAN remove) {
  return AddOrRemove(g_process_routines_ex, routine, remove);
}

// nf-ntddk-pssetcreateprocessnotifyroutineex2
NTSTATUS PsSetCreateProcessNotifyRoutineEx2(PSCREATEPROCESSNOTIFYTYPE type, PVOID routine, BOOLEAN remove) {
  if (type != PsCreateProcessNotifySubsystems) return STATUS_INVALID_PARAMETER;
  return AddOrRemove(g_process_routines_ex, reinterpret_cast<ProcessRoutineEx*>(routine), remove);
}

// Called by the creator of a thread, and by the thread at its end. STATUS_INSUFFICIENT_RESOURCES when there
// are 64. nf-ntddk-pssetcreatethreadnotifyroutine
NTSTATUS PsSetCreateThreadNotifyRoutine(PCREATE_THREAD_NOTIFY_ROUTINE routine) {
  return g_thread_routines.Add(routine) ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

// Called by a new thread of an application itself, and at its end. nf-ntddk-pssetcreatethreadnotifyroutineex
NTSTATUS PsSetCreateThreadNotifyRoutineEx(PSCREATETHREADNOTIFYTYPE type, PVOID routine) {
  if (type != PsCreateThreadNotifyNonSystem && type != PsCreateThreadNotifySubsystems)
    return STATUS_INVALID_PARAMETER;
  return g_new_thread_routines.Add(reinterpret_cast<ThreadRoutine*>(routine)) ? STATUS_SUCCESS
                                                                              : STATUS_INSUFFICIENT_RESOURCES;
}

// STATUS_PROCEDURE_NOT_FOUND. nf-ntddk-psremovecreatethreadnotifyroutine
NTSTATUS PsRemoveCreateThreadNotifyRoutine(PCREATE_THREAD_NOTIFY_ROUTINE routine) {
  const NTSTATUS status = AddOrRemove(g_thread_routines, routine, TRUE);
  return status == STATUS_PROCEDURE_NOT_FOUND ? AddOrRemove(g_new_thread_routines, routine, TRUE) : status;
}

// Called when drivers are loaded. nf-ntddk-pssetloadimagenotifyroutine
NTSTATUS PsSetLoadImageNotifyRoutine(PLOAD_IMAGE_NOTIFY_ROUTINE routine) {
  return g_image_routines.Add(routine) ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

// nf-ntddk-pssetloadimagenotifyroutineex
NTSTATUS PsSetLoadImageNotifyRoutineEx(PLOAD_IMAGE_NOTIFY_ROUTINE routine, ULONG_PTR flags) {
  if ((flags & ~ULONG_PTR{PS_IMAGE_NOTIFY_CONFLICTING_ARCHITECTURE}) != 0) return STATUS_INVALID_PARAMETER;
  return PsSetLoadImageNotifyRoutine(routine);
}

// nf-ntddk-psremoveloadimagenotifyroutine
NTSTATUS PsRemoveLoadImageNotifyRoutine(PLOAD_IMAGE_NOTIFY_ROUTINE routine) {
  return AddOrRemove(g_image_routines, routine, TRUE);
}

}  // extern "C"
