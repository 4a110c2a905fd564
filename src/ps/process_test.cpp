// SPDX-License-Identifier: MIT
#include <ddi/ke.h>
#include <ddi/zw.h>

#include "ps/components_test.h"
#include "ps/state.h"
#include "ps/user_thread.h"

namespace ring3::ps {
namespace {

using ProcessTest = ComponentsTest;

struct Start {
  KEVENT started, go;
  HANDLE thread_id = nullptr;
};

void WaitAndTerminate(PVOID context) {
  auto* start = static_cast<Start*>(context);
  start->thread_id = PsGetCurrentThreadId();
  KeSetEvent(&start->started, 0, FALSE);
  KeWaitForSingleObject(&start->go, UserRequest, KernelMode, FALSE, nullptr);
  PsTerminateSystemThread(STATUS_CANCELLED);
  ADD_FAILURE() << "came back";
}

TEST_F(ProcessTest, ASystemThreadRunsIsFoundAndEnds) {
  Start start;
  KeInitializeEvent(&start.started, NotificationEvent, FALSE);
  KeInitializeEvent(&start.go, NotificationEvent, FALSE);
  HANDLE handle;
  CLIENT_ID id;
  ASSERT_EQ(
      PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, nullptr, nullptr, &id, &WaitAndTerminate, &start),
      STATUS_SUCCESS);
  KeWaitForSingleObject(&start.started, UserRequest, KernelMode, FALSE, nullptr);
  EXPECT_EQ(start.thread_id, id.UniqueThread);
  PETHREAD thread;
  ASSERT_EQ(PsLookupThreadByThreadId(id.UniqueThread, &thread), STATUS_SUCCESS);
  EXPECT_TRUE(PsIsSystemThread(thread));
  EXPECT_EQ(PsGetThreadProcessId(thread), PsGetProcessId(PsInitialSystemProcess));
  EXPECT_EQ(PsGetThreadExitStatus(thread), STATUS_PENDING);
  KeSetEvent(&start.go, 0, FALSE);
  EXPECT_EQ(ZwWaitForSingleObject(handle, FALSE, nullptr), STATUS_SUCCESS);
  EXPECT_EQ(PsGetThreadExitStatus(thread), STATUS_CANCELLED);
  EXPECT_TRUE(PsIsThreadTerminating(thread));
  ObDereferenceObject(thread);
  ZwClose(handle);
}

TEST_F(ProcessTest, LookupsOfNobodyFail) {
  PEPROCESS process;
  PETHREAD thread;
  EXPECT_EQ(PsLookupProcessByProcessId(reinterpret_cast<HANDLE>(0x7fff0), &process),
            STATUS_INVALID_PARAMETER);
  EXPECT_EQ(PsLookupThreadByThreadId(reinterpret_cast<HANDLE>(0x7fff0), &thread), STATUS_INVALID_PARAMETER);
  HANDLE handle;
  CLIENT_ID id = {reinterpret_cast<HANDLE>(0x7fff0), nullptr};
  EXPECT_EQ(ZwOpenProcess(&handle, PROCESS_ALL_ACCESS, Named(u"", OBJ_KERNEL_HANDLE), &id),
            STATUS_INVALID_PARAMETER_MIX);
  OBJECT_ATTRIBUTES attributes;
  InitializeObjectAttributes(&attributes, nullptr, OBJ_KERNEL_HANDLE, nullptr, nullptr);
  EXPECT_EQ(ZwOpenProcess(&handle, PROCESS_ALL_ACCESS, &attributes, &id), STATUS_INVALID_CID);
}

int g_created, g_exited;
NTSTATUS g_verdict;
void OnProcess(PEPROCESS, HANDLE, PPS_CREATE_NOTIFY_INFO info) {
  if (info == nullptr) {
    ++g_exited;
  } else {
    ++g_created;
    info->CreationStatus = g_verdict;
  }
}

TEST_F(ProcessTest, NotifyRoutinesHearAndMayRefuse) {
  g_created = g_exited = 0;
  g_verdict = STATUS_SUCCESS;
  ASSERT_EQ(PsSetCreateProcessNotifyRoutineEx(&OnProcess, FALSE), STATUS_SUCCESS);
  EXPECT_EQ(PsSetCreateProcessNotifyRoutineEx(&OnProcess, FALSE), STATUS_INVALID_PARAMETER);
  Result<PEPROCESS> process = CreateUserProcess({});
  ASSERT_TRUE(process.ok());
  ExitProcess(*process, STATUS_UNSUCCESSFUL);
  EXPECT_EQ(PsGetProcessExitStatus(*process), STATUS_UNSUCCESSFUL);
  ob::Dereference(*process);
  EXPECT_EQ(g_created, 1);
  EXPECT_EQ(g_exited, 1);
  g_verdict = STATUS_ACCESS_DENIED;
  EXPECT_EQ(CreateUserProcess({}).status(), STATUS_ACCESS_DENIED);
  EXPECT_EQ(PsSetCreateProcessNotifyRoutineEx(&OnProcess, TRUE), STATUS_SUCCESS);
  EXPECT_EQ(PsSetCreateProcessNotifyRoutineEx(&OnProcess, TRUE), STATUS_PROCEDURE_NOT_FOUND);
}

TEST_F(ProcessTest, AThreadBelongsToItsProcessUntilItIsDetached) {
  Result<PEPROCESS> process = CreateUserProcess({u"\\??\\C:\\client.exe", {}});
  ASSERT_TRUE(process.ok());
  ASSERT_TRUE(AttachThread(*process).ok());
  EXPECT_EQ(IoGetCurrentProcess(), *process);
  EXPECT_EQ(PsGetCurrentProcessId(), PsGetProcessId(*process));
  EXPECT_STREQ(PsGetProcessImageFileName(*process), "client.exe");
  DetachThread(STATUS_SUCCESS);
  EXPECT_EQ(IoGetCurrentProcess(), PsInitialSystemProcess);
  ExitProcess(*process, STATUS_SUCCESS);
  EXPECT_EQ(AttachThread(*process).status(), STATUS_PROCESS_IS_TERMINATING);
  ob::Dereference(*process);
}

TEST_F(ProcessTest, AThreadThatDoesNotComeHasEnded) {
  Result<PEPROCESS> process = CreateUserProcess({});
  ASSERT_TRUE(process.ok());
  Result<PETHREAD> thread = CreateThreadObject(*process);
  ASSERT_TRUE(thread.ok());
  ob::Reference(*thread);
  LARGE_INTEGER now = {};
  EXPECT_EQ(KeWaitForSingleObject(*thread, UserRequest, KernelMode, FALSE, &now), STATUS_TIMEOUT);
  AbandonUserThread(*thread, STATUS_INSUFFICIENT_RESOURCES);
  EXPECT_EQ(KeWaitForSingleObject(*thread, UserRequest, KernelMode, FALSE, &now), STATUS_SUCCESS);
  EXPECT_EQ(PsGetThreadExitStatus(*thread), STATUS_INSUFFICIENT_RESOURCES);
  EXPECT_TRUE(PsIsThreadTerminating(*thread));
  ob::Dereference(*thread);
  ExitProcess(*process, STATUS_SUCCESS);
  ob::Dereference(*process);
}

}  // namespace
}  // namespace ring3::ps
