// SPDX-License-Identifier: MIT
#include <ddi/mm_ntifs.h>
#include <ddi/zw.h>

#include <cstring>

#include "ps/components_test.h"

namespace ring3::ps {
namespace {

using VirtualMemoryServiceTest = ComponentsTest;

TEST_F(VirtualMemoryServiceTest, MemoryIsReservedCommittedAndReleased) {
  PVOID base = nullptr;
  SIZE_T bytes = 5000;
  ASSERT_EQ(
      ZwAllocateVirtualMemory(ZwCurrentProcess(), &base, 0, &bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE),
      STATUS_SUCCESS);
  EXPECT_EQ(bytes, 8192u);
  EXPECT_EQ(static_cast<char*>(base)[8191], 0);
  std::memset(base, 1, bytes);
  bytes = 0;
  EXPECT_EQ(ZwFreeVirtualMemory(ZwCurrentProcess(), &base, &bytes, MEM_RELEASE), STATUS_SUCCESS);
}

TEST_F(VirtualMemoryServiceTest, ABadHandleOrTypeIsRefused) {
  PVOID base = nullptr;
  SIZE_T bytes = 4096;
  EXPECT_EQ(ZwAllocateVirtualMemory(reinterpret_cast<HANDLE>(0x7770), &base, 0, &bytes, MEM_RESERVE,
                                    PAGE_READWRITE),
            STATUS_INVALID_HANDLE);
  HANDLE event;
  ASSERT_EQ(ZwCreateEvent(&event, EVENT_ALL_ACCESS, Named(u""), NotificationEvent, FALSE), STATUS_SUCCESS);
  EXPECT_EQ(ZwAllocateVirtualMemory(event, &base, 0, &bytes, MEM_RESERVE, PAGE_READWRITE),
            STATUS_OBJECT_TYPE_MISMATCH);
  EXPECT_EQ(ZwFreeVirtualMemory(event, &base, &bytes, MEM_RELEASE), STATUS_OBJECT_TYPE_MISMATCH);
  ZwClose(event);
  EXPECT_NE(ZwAllocateVirtualMemory(ZwCurrentProcess(), &base, 0, &bytes, MEM_RESERVE, 0x5000),
            STATUS_SUCCESS);
}

}  // namespace
}  // namespace ring3::ps
