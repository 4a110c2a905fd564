// SPDX-License-Identifier: MIT
#include <ddi/cm_ntddk.h>
#include <ddi/ex_misc.h>
#include <ddi/zw.h>

#include "ps/components_test.h"

namespace ring3::cm {
namespace {

constexpr std::u16string_view kKey = u"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\watched";

class KeyNotifyTest : public ComponentsTest {
 protected:
  void SetUp() override {
    ComponentsTest::SetUp();
    key_ = Create(kKey);
    ASSERT_EQ(ZwCreateEvent(&event_, EVENT_ALL_ACCESS, Named(u""), NotificationEvent, FALSE), STATUS_SUCCESS);
  }
  void TearDown() override {
    if (key_ != nullptr) ZwClose(key_);
    ZwClose(event_);
    ComponentsTest::TearDown();
  }
  HANDLE Create(std::u16string_view path, HANDLE root = nullptr) {
    HANDLE key = nullptr;
    EXPECT_EQ(ZwCreateKey(&key, KEY_ALL_ACCESS, Named(path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, root),
                          0, nullptr, REG_OPTION_VOLATILE, nullptr),
              STATUS_SUCCESS);
    return key;
  }
  NTSTATUS Watch(ULONG filter, BOOLEAN tree) {
    block_.Status = STATUS_PENDING;
    return ZwNotifyChangeKey(key_, event_, nullptr, nullptr, &block_, filter, tree, nullptr, 0, TRUE);
  }
  void Set(HANDLE key, ULONG value) {
    UNICODE_STRING name = ob::ToUnicodeString(u"Value");
    ASSERT_EQ(ZwSetValueKey(key, &name, 0, REG_DWORD, &value, sizeof(value)), STATUS_SUCCESS);
  }
  bool Signalled() {
    LARGE_INTEGER now = {};
    return ZwWaitForSingleObject(event_, FALSE, &now) == STATUS_SUCCESS;
  }

  HANDLE key_ = nullptr, event_ = nullptr;
  IO_STATUS_BLOCK block_ = {};
};

TEST_F(KeyNotifyTest, AChangedValueIsToldOnceAndTheSameValueNever) {
  Set(key_, 1);
  ASSERT_EQ(Watch(REG_NOTIFY_CHANGE_LAST_SET, FALSE), STATUS_PENDING);
  Set(key_, 1);
  EXPECT_FALSE(Signalled());
  Set(key_, 2);
  EXPECT_TRUE(Signalled());
  EXPECT_EQ(block_.Status, STATUS_NOTIFY_ENUM_DIR);
  ASSERT_EQ(ZwClearEvent(event_), STATUS_SUCCESS);
  Set(key_, 3);
  EXPECT_FALSE(Signalled());
}

TEST_F(KeyNotifyTest, SubkeysCountForTheTreeOnly) {
  HANDLE child = Create(u"Child", key_);
  ASSERT_EQ(Watch(REG_NOTIFY_CHANGE_LAST_SET, FALSE), STATUS_PENDING);
  Set(child, 1);
  EXPECT_FALSE(Signalled());
  IO_STATUS_BLOCK tree_block = {};
  ASSERT_EQ(ZwNotifyChangeKey(key_, nullptr, nullptr, nullptr, &tree_block, REG_NOTIFY_CHANGE_LAST_SET, TRUE,
                              nullptr, 0, TRUE),
            STATUS_PENDING);
  Set(child, 2);
  EXPECT_EQ(tree_block.Status, STATUS_NOTIFY_ENUM_DIR);
  EXPECT_FALSE(Signalled());
  ZwClose(child);
}

TEST_F(KeyNotifyTest, SubkeysComeAndGo) {
  ASSERT_EQ(Watch(REG_NOTIFY_CHANGE_NAME, FALSE), STATUS_PENDING);
  HANDLE child = Create(u"Child", key_);
  EXPECT_TRUE(Signalled());
  ASSERT_EQ(Watch(REG_NOTIFY_CHANGE_NAME, FALSE), STATUS_PENDING);
  EXPECT_FALSE(Signalled());
  ASSERT_EQ(ZwDeleteKey(child), STATUS_SUCCESS);
  EXPECT_TRUE(Signalled());
  ZwClose(child);
}

TEST_F(KeyNotifyTest, ClosingTheHandleAndDeletingTheKeyEndIt) {
  HANDLE other = Create(kKey);
  ASSERT_EQ(Watch(REG_NOTIFY_CHANGE_NAME, FALSE), STATUS_PENDING);
  ZwClose(std::exchange(key_, nullptr));
  EXPECT_TRUE(Signalled());
  EXPECT_EQ(block_.Status, STATUS_NOTIFY_CLEANUP);
  key_ = other;
  ASSERT_EQ(Watch(REG_NOTIFY_CHANGE_NAME, FALSE), STATUS_PENDING);
  ASSERT_EQ(ZwDeleteKey(key_), STATUS_SUCCESS);
  EXPECT_EQ(block_.Status, STATUS_KEY_DELETED);
  EXPECT_EQ(Watch(REG_NOTIFY_CHANGE_NAME, FALSE), STATUS_KEY_DELETED);
}

void SetKeyEvent(PVOID context) {
  KeSetEvent(static_cast<PKEVENT>(context), 0, FALSE);
}

TEST_F(KeyNotifyTest, AWorkItemIsQueued) {
  KEVENT ran;
  KeInitializeEvent(&ran, NotificationEvent, FALSE);
  WORK_QUEUE_ITEM item;
  ExInitializeWorkItem(&item, &SetKeyEvent, &ran);
  ASSERT_EQ(ZwNotifyChangeKey(key_, nullptr, reinterpret_cast<PIO_APC_ROUTINE>(&item),
                              reinterpret_cast<PVOID>(DelayedWorkQueue), &block_, REG_NOTIFY_CHANGE_LAST_SET,
                              FALSE, nullptr, 0, TRUE),
            STATUS_PENDING);
  Set(key_, 1);
  EXPECT_EQ(KeWaitForSingleObject(&ran, UserRequest, KernelMode, FALSE, nullptr), STATUS_SUCCESS);
}

struct Waiter {
  HANDLE key;
  KEVENT done;
  NTSTATUS status;
};
void WaitForChange(PVOID context) {
  auto* waiter = static_cast<Waiter*>(context);
  IO_STATUS_BLOCK block = {};
  waiter->status = ZwNotifyChangeKey(waiter->key, nullptr, nullptr, nullptr, &block,
                                     REG_NOTIFY_CHANGE_LAST_SET, FALSE, nullptr, 0, FALSE);
  KeSetEvent(&waiter->done, 0, FALSE);
}

TEST_F(KeyNotifyTest, ASynchronousRequestReturnsWithTheChange) {
  Waiter waiter = {key_, {}, STATUS_UNSUCCESSFUL};
  KeInitializeEvent(&waiter.done, NotificationEvent, FALSE);
  WORK_QUEUE_ITEM item;
  ExInitializeWorkItem(&item, &WaitForChange, &waiter);
  ExQueueWorkItem(&item, DelayedWorkQueue);
  // Changes go on until the request, whenever it is made, has seen one.
  LARGE_INTEGER now = {};
  for (ULONG value = 1;
       KeWaitForSingleObject(&waiter.done, UserRequest, KernelMode, FALSE, &now) == STATUS_TIMEOUT; ++value) {
    Set(key_, value);
  }
  EXPECT_EQ(waiter.status, STATUS_NOTIFY_ENUM_DIR);
}

TEST_F(KeyNotifyTest, AFilterIsNeeded) {
  EXPECT_EQ(Watch(0, FALSE), STATUS_INVALID_PARAMETER);
  EXPECT_EQ(Watch(0x100, FALSE), STATUS_INVALID_PARAMETER);
}

TEST_F(KeyNotifyTest, TheTimeOfTheLastWriteIsSet) {
  KEY_WRITE_TIME_INFORMATION time;
  time.LastWriteTime.QuadPart = 0x0123456789abcdef;
  EXPECT_EQ(ZwSetInformationKey(key_, KeyWow64FlagsInformation, &time, sizeof(time)),
            STATUS_INVALID_INFO_CLASS);
  EXPECT_EQ(ZwSetInformationKey(key_, KeyWriteTimeInformation, &time, 4), STATUS_INFO_LENGTH_MISMATCH);
  ASSERT_EQ(ZwSetInformationKey(key_, KeyWriteTimeInformation, &time, sizeof(time)), STATUS_SUCCESS);
  alignas(8) char buffer[256];
  ULONG length;
  ASSERT_EQ(ZwQueryKey(key_, KeyBasicInformation, buffer, sizeof(buffer), &length), STATUS_SUCCESS);
  EXPECT_EQ(reinterpret_cast<KEY_BASIC_INFORMATION*>(buffer)->LastWriteTime.QuadPart,
            time.LastWriteTime.QuadPart);
}

TEST_F(KeyNotifyTest, TheFallbackAnswersForWhatThePrimaryLacks) {
  HANDLE child = Create(u"Child", key_);
  UNICODE_STRING name = ob::ToUnicodeString(u"Value");
  ULONG type = 0, value = 0, length = 0;
  EXPECT_EQ(RtlQueryRegistryValueWithFallback(child, key_, &name, sizeof(value), &type, &value, &length),
            STATUS_OBJECT_NAME_NOT_FOUND);
  Set(key_, 5);
  EXPECT_EQ(RtlQueryRegistryValueWithFallback(child, nullptr, &name, sizeof(value), &type, &value, &length),
            STATUS_OBJECT_NAME_NOT_FOUND);
  EXPECT_EQ(RtlQueryRegistryValueWithFallback(child, key_, &name, 2, &type, &value, &length),
            STATUS_BUFFER_OVERFLOW);
  EXPECT_EQ(length, sizeof(ULONG));
  EXPECT_EQ(RtlQueryRegistryValueWithFallback(child, key_, &name, sizeof(value), &type, &value, &length),
            STATUS_SUCCESS);
  EXPECT_EQ(type, ULONG{REG_DWORD});
  EXPECT_EQ(value, 5u);
  Set(child, 6);
  EXPECT_EQ(RtlQueryRegistryValueWithFallback(child, key_, &name, sizeof(value), &type, &value, &length),
            STATUS_SUCCESS);
  EXPECT_EQ(value, 6u);
  ZwClose(child);
}

}  // namespace
}  // namespace ring3::cm
