// SPDX-License-Identifier: MIT
#include "ob/callback_object.h"

#include <atomic>
#include <memory>
#include <vector>

#include <ddi/ps.h>
#include <ddi/zw.h>

#include "ps/components_test.h"

namespace ring3::ob {
namespace {

class CallbackObjectTest : public ComponentsTest {
 protected:
  PCALLBACK_OBJECT Create(std::u16string_view name, BOOLEAN many,
                          ULONG flags = OBJ_CASE_INSENSITIVE | OBJ_PERMANENT) {
    PCALLBACK_OBJECT object = nullptr;
    EXPECT_EQ(ExCreateCallback(&object, Named(name, flags), TRUE, many), STATUS_SUCCESS);
    return object;
  }
  void Delete(PCALLBACK_OBJECT object) {
    ObMakeTemporaryObject(object);
    ObDereferenceObject(object);
  }
};

struct Call {
  std::vector<int>* order;
  int number;
};
void Note(PVOID context, PVOID argument1, PVOID argument2) {
  EXPECT_EQ(argument1, reinterpret_cast<PVOID>(1));
  EXPECT_EQ(argument2, reinterpret_cast<PVOID>(2));
  EXPECT_EQ(KeGetCurrentIrql(), DISPATCH_LEVEL);
  auto* call = static_cast<Call*>(context);
  call->order->push_back(call->number);
}

TEST_F(CallbackObjectTest, RoutinesAreCalledInOrderAtTheCallersIrql) {
  PCALLBACK_OBJECT object = Create(u"\\Callback\\Order", TRUE);
  PCALLBACK_OBJECT opened = nullptr;
  ASSERT_EQ(ExCreateCallback(&opened, Named(u"\\callback\\ORDER"), FALSE, FALSE), STATUS_SUCCESS);
  EXPECT_EQ(opened, object);
  std::vector<int> order;
  Call first{&order, 1}, second{&order, 2};
  PVOID one = ExRegisterCallback(object, &Note, &first);
  PVOID two = ExRegisterCallback(opened, &Note, &second);
  ASSERT_NE(one, nullptr);
  ASSERT_NE(two, nullptr);
  KIRQL old;
  KeRaiseIrql(DISPATCH_LEVEL, &old);
  ExNotifyCallback(object, reinterpret_cast<PVOID>(1), reinterpret_cast<PVOID>(2));
  KeLowerIrql(old);
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  ExUnregisterCallback(one);
  KeRaiseIrql(DISPATCH_LEVEL, &old);
  ExNotifyCallback(object, reinterpret_cast<PVOID>(1), reinterpret_cast<PVOID>(2));
  KeLowerIrql(old);
  EXPECT_EQ(order, (std::vector<int>{1, 2, 2}));
  ExUnregisterCallback(two);
  ObDereferenceObject(opened);
  Delete(object);
}

TEST_F(CallbackObjectTest, OneRoutineOnlyUnlessMoreAreAllowed) {
  PCALLBACK_OBJECT object = Create(u"\\Callback\\Single", FALSE);
  std::vector<int> order;
  Call call{&order, 1};
  PVOID registration = ExRegisterCallback(object, &Note, &call);
  ASSERT_NE(registration, nullptr);
  EXPECT_EQ(ExRegisterCallback(object, &Note, &call), nullptr);
  ExUnregisterCallback(registration);
  registration = ExRegisterCallback(object, &Note, &call);
  EXPECT_NE(registration, nullptr);
  ExUnregisterCallback(registration);
  Delete(object);
}

TEST_F(CallbackObjectTest, NamesAreNeededFoundAndTyped) {
  PCALLBACK_OBJECT object = nullptr;
  OBJECT_ATTRIBUTES nameless;
  InitializeObjectAttributes(&nameless, nullptr, 0, nullptr, nullptr);
  EXPECT_EQ(ExCreateCallback(&object, &nameless, TRUE, TRUE), STATUS_UNSUCCESSFUL);
  EXPECT_EQ(ExCreateCallback(&object, Named(u"\\Callback\\Nothing"), FALSE, TRUE),
            STATUS_OBJECT_NAME_NOT_FOUND);
  EXPECT_EQ(ExCreateCallback(&object, Named(u"\\Nowhere\\Nothing"), TRUE, TRUE),
            STATUS_OBJECT_PATH_NOT_FOUND);
  EXPECT_EQ(ExCreateCallback(&object, Named(u"\\Callback"), TRUE, TRUE), STATUS_OBJECT_TYPE_MISMATCH);
  EXPECT_EQ(object, nullptr);
  for (std::u16string_view name :
       {u"\\Callback\\PowerState", u"\\Callback\\SetSystemTime", u"\\Callback\\ProcessorAdd"}) {
    ASSERT_EQ(ExCreateCallback(&object, Named(name), FALSE, TRUE), STATUS_SUCCESS);
    ObDereferenceObject(object);
  }
}

TEST_F(CallbackObjectTest, WhatIsNotPermanentLosesItsNameAtOnce) {
  PCALLBACK_OBJECT object = Create(u"\\Callback\\Brief", TRUE, OBJ_CASE_INSENSITIVE);
  PCALLBACK_OBJECT other = nullptr;
  EXPECT_EQ(ExCreateCallback(&other, Named(u"\\Callback\\Brief"), FALSE, TRUE), STATUS_OBJECT_NAME_NOT_FOUND);
  ObDereferenceObject(object);
}

struct Rendezvous {
  KEVENT entered, leave;
  std::atomic<bool> left{false};
};
void Linger(PVOID context, PVOID, PVOID) {
  auto* meeting = static_cast<Rendezvous*>(context);
  KeSetEvent(&meeting->entered, 0, FALSE);
  KeWaitForSingleObject(&meeting->leave, UserRequest, KernelMode, FALSE, nullptr);
  meeting->left = true;
}
struct Notifier {
  PCALLBACK_OBJECT object;
};
void NotifyThread(PVOID context) {
  ExNotifyCallback(static_cast<Notifier*>(context)->object, nullptr, nullptr);
  PsTerminateSystemThread(STATUS_SUCCESS);
}
void Release(PVOID context) {
  KeSetEvent(&static_cast<Rendezvous*>(context)->leave, 0, FALSE);
}

TEST_F(CallbackObjectTest, UnregisteringWaitsForARunningRoutine) {
  PCALLBACK_OBJECT object = Create(u"\\Callback\\Busy", TRUE);
  Rendezvous meeting;
  KeInitializeEvent(&meeting.entered, NotificationEvent, FALSE);
  KeInitializeEvent(&meeting.leave, NotificationEvent, FALSE);
  PVOID registration = ExRegisterCallback(object, &Linger, &meeting);
  Notifier notifier{object};
  HANDLE thread;
  ASSERT_EQ(
      PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, nullptr, nullptr, nullptr, &NotifyThread, &notifier),
      STATUS_SUCCESS);
  KeWaitForSingleObject(&meeting.entered, UserRequest, KernelMode, FALSE, nullptr);
  WORK_QUEUE_ITEM release;
  ExInitializeWorkItem(&release, &Release, &meeting);
  ExQueueWorkItem(&release, DelayedWorkQueue);
  ExUnregisterCallback(registration);
  EXPECT_TRUE(meeting.left);
  ZwWaitForSingleObject(thread, FALSE, nullptr);
  ZwClose(thread);
  Delete(object);
}

void Count(PVOID context, PVOID, PVOID) {
  static_cast<std::atomic<int>*>(context)->fetch_add(1);
}
void NotifyManyTimes(PVOID context) {
  for (int i = 0; i < 500; ++i) ExNotifyCallback(static_cast<Notifier*>(context)->object, nullptr, nullptr);
  PsTerminateSystemThread(STATUS_SUCCESS);
}

TEST_F(CallbackObjectTest, RegistrationsComeAndGoWhileOthersNotify) {
  PCALLBACK_OBJECT object = Create(u"\\Callback\\Contended", TRUE);
  Notifier notifier{object};
  HANDLE threads[2];
  for (HANDLE& thread : threads) {
    ASSERT_EQ(PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, nullptr, nullptr, nullptr, &NotifyManyTimes,
                                   &notifier),
              STATUS_SUCCESS);
  }
  for (int i = 0; i < 200; ++i) {
    // Gone from the stack at the end of each round: a late call would be found by the sanitizers.
    auto count = std::make_unique<std::atomic<int>>(0);
    PVOID registration = ExRegisterCallback(object, &Count, count.get());
    ASSERT_NE(registration, nullptr);
    ExUnregisterCallback(registration);
  }
  for (HANDLE thread : threads) {
    ZwWaitForSingleObject(thread, FALSE, nullptr);
    ZwClose(thread);
  }
  Delete(object);
}

}  // namespace
}  // namespace ring3::ob
