// SPDX-License-Identifier: MIT
#include <ddi/zw.h>

#include <atomic>
#include <thread>
#include <vector>

#include "ob/handle_table.h"
#include "ob/object_type.h"
#include "ps/components_test.h"

namespace ring3::ob {
namespace {

using HandleTest = ComponentsTest;

HANDLE NewEvent(ULONG flags = OBJ_KERNEL_HANDLE) {
  OBJECT_ATTRIBUTES attributes;
  InitializeObjectAttributes(&attributes, nullptr, flags, nullptr, nullptr);
  HANDLE handle = nullptr;
  EXPECT_EQ(ZwCreateEvent(&handle, EVENT_ALL_ACCESS, &attributes, NotificationEvent, FALSE), STATUS_SUCCESS);
  return handle;
}

TEST_F(HandleTest, AKernelHandleIsInvalidFromUserMode) {
  HANDLE handle = NewEvent();
  EXPECT_TRUE(ObIsKernelHandle(handle));
  PVOID object;
  EXPECT_EQ(ObReferenceObjectByHandle(handle, 0, nullptr, UserMode, &object, nullptr), STATUS_INVALID_HANDLE);
  ASSERT_EQ(ObReferenceObjectByHandle(handle, 0, *ExEventObjectType, KernelMode, &object, nullptr),
            STATUS_SUCCESS);
  ObDereferenceObject(object);
  EXPECT_EQ(ZwClose(handle), STATUS_SUCCESS);
}

TEST_F(HandleTest, AClosedHandleIsInvalid) {
  HANDLE handle = NewEvent();
  EXPECT_EQ(ZwClose(handle), STATUS_SUCCESS);
  EXPECT_EQ(ZwClose(handle), STATUS_INVALID_HANDLE);
  EXPECT_EQ(ZwSetEvent(handle, nullptr), STATUS_INVALID_HANDLE);
}

TEST_F(HandleTest, TheTypeIsChecked) {
  HANDLE handle = NewEvent();
  PVOID object = &handle;
  EXPECT_EQ(ObReferenceObjectByHandle(handle, 0, *ExSemaphoreObjectType, KernelMode, &object, nullptr),
            STATUS_OBJECT_TYPE_MISMATCH);
  EXPECT_EQ(object, nullptr);
  ZwClose(handle);
}

TEST_F(HandleTest, AccessIsCheckedForUserModeOnly) {
  Result<PEPROCESS> process = ps::CreateUserProcess({});
  ASSERT_TRUE(process.ok());
  ASSERT_TRUE(ps::AttachThread(*process).ok());
  HANDLE handle = nullptr;
  ASSERT_EQ(ZwCreateEvent(&handle, EVENT_QUERY_STATE, nullptr, NotificationEvent, FALSE), STATUS_SUCCESS);
  EXPECT_FALSE(ObIsKernelHandle(handle));
  PVOID object;
  EXPECT_EQ(ObReferenceObjectByHandle(handle, EVENT_MODIFY_STATE, nullptr, UserMode, &object, nullptr),
            STATUS_ACCESS_DENIED);
  OBJECT_HANDLE_INFORMATION information;
  ASSERT_EQ(ObReferenceObjectByHandle(handle, EVENT_MODIFY_STATE, nullptr, KernelMode, &object, &information),
            STATUS_SUCCESS);
  EXPECT_EQ(information.GrantedAccess, ACCESS_MASK{EVENT_QUERY_STATE});
  ObDereferenceObject(object);
  // The handle is left to the process' end.
  ps::ExitProcess(*process, STATUS_SUCCESS);
  Dereference(*process);
}

TEST_F(HandleTest, DuplicatesAndClosesTheSource) {
  HANDLE source = NewEvent(), target = nullptr;
  EXPECT_EQ(ZwDuplicateObject(ZwCurrentProcess(), source, ZwCurrentProcess(), &target, 0, OBJ_KERNEL_HANDLE,
                              DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE),
            STATUS_SUCCESS);
  EXPECT_EQ(ZwClose(source), STATUS_INVALID_HANDLE);
  EXPECT_EQ(ZwSetEvent(target, nullptr), STATUS_SUCCESS);
  EXPECT_EQ(ZwClose(target), STATUS_SUCCESS);
}

TEST_F(HandleTest, PseudoHandlesMeanTheCaller) {
  PVOID object;
  ASSERT_EQ(ObReferenceObjectByHandle(ZwCurrentProcess(), 0, *PsProcessType, KernelMode, &object, nullptr),
            STATUS_SUCCESS);
  EXPECT_EQ(object, static_cast<PVOID>(IoGetCurrentProcess()));
  ObDereferenceObject(object);
  EXPECT_EQ(ObReferenceObjectByHandle(ZwCurrentThread(), 0, *PsProcessType, KernelMode, &object, nullptr),
            STATUS_OBJECT_TYPE_MISMATCH);
}

TEST_F(HandleTest, AnOpenHandleIsReported) {
  NewEvent();
  bool found = false;
  LeakReport report = Shutdown();
  for (const std::string& line : report.lines()) found |= line.find("Event") != std::string::npos;
  EXPECT_TRUE(found);
}

// Lookups race with the handle's end and its reuse: every reference that was got must be to a live object.
TEST_F(HandleTest, LookupsRaceWithClosing) {
  constexpr int kRounds = 2000;
  HandleTable table(HandleTable::Kind::kProcess);
  std::atomic<bool> stop{false};
  std::atomic<ULONG_PTR> current{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop.load()) {
        HandleTable::Entry entry;
        if (!table.Reference(reinterpret_cast<HANDLE>(current.load()), &entry)) continue;
        EXPECT_EQ(ObjectHeader::Of(entry.object)->magic, kHeaderMagic);
        Dereference(entry.object);
      }
    });
  }
  for (int round = 0; round < kRounds; ++round) {
    Result<void*> object = CreateObject(g_event_type, sizeof(KEVENT));
    ASSERT_TRUE(object.ok());
    Result<HANDLE> handle = table.Insert({*object, 1, 0});
    ASSERT_TRUE(handle.ok());
    current = reinterpret_cast<ULONG_PTR>(*handle);
    if (round % 7 == 0) std::this_thread::yield();
    Result<HandleTable::Entry> removed = table.Remove(*handle, HandleTable::Closing::kChecked);
    ASSERT_TRUE(removed.ok());
    Dereference(removed->object);
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(table.count(), 0u);
}

// More lookups than the entry's stock of references holds.
TEST_F(HandleTest, TheStockOfReferencesIsRefilledAndGivenBack) {
  HANDLE handle = NewEvent();
  PVOID object = nullptr;
  for (int i = 0; i < 20000; ++i) {
    ASSERT_EQ(ObReferenceObjectByHandle(handle, 0, nullptr, KernelMode, &object, nullptr), STATUS_SUCCESS);
    ObDereferenceObject(object);
  }
  ObReferenceObject(object);
  ZwClose(handle);
  EXPECT_EQ(ObjectHeader::Of(object)->pointer_count.load(), 1);
  ObDereferenceObject(object);
}

TEST_F(HandleTest, OneDereferenceTooManyIsABugCheck) {
  EXPECT_BUGCHECK(
      {
        PVOID object = CreateObject(g_event_type, sizeof(KEVENT)).value();
        Reference(object);
        Dereference(object, 3);
      },
      "REFERENCE_BY_POINTER");
}

TEST_F(HandleTest, AnInvalidHandleIsABugCheckWhenVerified) {
  EXPECT_BUGCHECK(
      {
        g_verify_handles = true;
        ZwClose(reinterpret_cast<HANDLE>(0x1234));
      },
      "INVALID_KERNEL_HANDLE");
}

}  // namespace
}  // namespace ring3::ob
