// SPDX-License-Identifier: MIT
#include "mm/memory_test.h"

#include <cstring>
#include <memory>
#include <vector>

#include "ddi/io.h"
#include "ddi/ke.h"
#include "ddi/mm_ntddk.h"
#include "mm/address_space.h"
#include "mm/layout.h"
#include "mm/locked_pages.h"
#include "mm/test_raise.h"
#include "ntstatus.h"
#include "os/memory.h"

namespace ring3::mm {
namespace {

class MdlTest : public MemoryTest {
 protected:
  // Plain memory of the application, unmapped at the end of the test.
  char* Map(size_t bytes) {
    const uintptr_t memory = os::ReserveAnywhere(bytes, PAGE_SIZE, kUserLimit, os::Placement::kAnywhere);
    EXPECT_TRUE(os::Protect(memory, bytes, os::Protection::kReadWrite).ok());
    mapped_.emplace_back(memory, bytes);
    return reinterpret_cast<char*>(memory);
  }
  static void Protect(char* memory, os::Protection protection) {
    EXPECT_TRUE(os::Protect(reinterpret_cast<uintptr_t>(memory), PAGE_SIZE, protection).ok());
  }
  void TearDown() override {
    MemoryTest::TearDown();
    for (auto [memory, bytes] : mapped_) os::Release(memory, bytes);
  }

 private:
  std::vector<std::pair<uintptr_t, size_t>> mapped_;
};

TEST_F(MdlTest, DescribesTheBuffer) {
  char* memory = Map(16 * PAGE_SIZE);
  PMDL mdl = IoAllocateMdl(memory + 100, 3 * PAGE_SIZE, FALSE, FALSE, nullptr);
  ASSERT_NE(mdl, nullptr);
  EXPECT_EQ(mdl->StartVa, memory);
  EXPECT_EQ(MmGetMdlByteOffset(mdl), 100u);
  EXPECT_EQ(MmGetMdlByteCount(mdl), 3u * PAGE_SIZE);
  EXPECT_EQ(MmGetMdlVirtualAddress(mdl), memory + 100);
  EXPECT_EQ(mdl->MdlFlags, MDL_ALLOCATED_FIXED_SIZE);
  EXPECT_EQ(static_cast<SIZE_T>(mdl->Size), MmSizeOfMdl(memory + 100, 3 * PAGE_SIZE));
  EXPECT_EQ(MmSizeOfMdl(memory + 100, 3 * PAGE_SIZE), sizeof(MDL) + 4 * sizeof(PFN_NUMBER));
  IoFreeMdl(mdl);
}

TEST_F(MdlTest, RefusesMoreThanFourGigabytesLessAPage) {
  EXPECT_EQ(IoAllocateMdl(nullptr, 0xFFFFFFFF, FALSE, FALSE, nullptr), nullptr);
  PMDL mdl = IoAllocateMdl(nullptr, 0xFFFFF000, FALSE, FALSE, nullptr);
  ASSERT_NE(mdl, nullptr);
  IoFreeMdl(mdl);
}

TEST_F(MdlTest, LinksToTheIrp) {
  IRP irp = {};
  PMDL first = IoAllocateMdl(nullptr, 10, FALSE, FALSE, &irp);
  PMDL second = IoAllocateMdl(nullptr, 20, TRUE, FALSE, &irp);
  PMDL third = IoAllocateMdl(nullptr, 30, TRUE, FALSE, &irp);
  EXPECT_EQ(irp.MdlAddress, first);
  EXPECT_EQ(first->Next, second);
  EXPECT_EQ(second->Next, third);
  EXPECT_EQ(third->Next, nullptr);
  for (PMDL mdl : {first, second, third}) IoFreeMdl(mdl);
}

TEST_F(MdlTest, LocksUserMemoryWithoutMovingIt) {
  char* memory = Map(8 * PAGE_SIZE);
  PMDL mdl = IoAllocateMdl(memory + 4000, 2 * PAGE_SIZE + 200, FALSE, FALSE, nullptr);
  EXPECT_EQ(RaisedBy([&] { MmProbeAndLockPages(mdl, UserMode, IoWriteAccess); }), 0);
  EXPECT_EQ(mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_WRITE_OPERATION), MDL_PAGES_LOCKED | MDL_WRITE_OPERATION);
  EXPECT_EQ(LockedPagesOf(mdl->Process), 4u);
  char* system =
      static_cast<char*>(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority | MdlMappingNoExecute));
  ASSERT_NE(system, nullptr);
  EXPECT_EQ(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority), system);
  std::strcpy(system, "driver");
  EXPECT_STREQ(memory + 4000, "driver");
  memory[4000 + 2 * PAGE_SIZE + 199] = 'x';
  EXPECT_EQ(system[2 * PAGE_SIZE + 199], 'x');
  const PEPROCESS process = mdl->Process;
  MmUnlockPages(mdl);
  EXPECT_EQ(mdl->MdlFlags, MDL_ALLOCATED_FIXED_SIZE);
  EXPECT_EQ(LockedPagesOf(process), 0u);
  IoFreeMdl(mdl);
}

TEST_F(MdlTest, RaisesForMemoryThatIsNotThere) {
  char* memory = Map(4 * PAGE_SIZE);
  Protect(memory + PAGE_SIZE, os::Protection::kRead);
  Protect(memory + 3 * PAGE_SIZE, os::Protection::kNone);
  struct Case {
    void* start;
    ULONG length;
    KPROCESSOR_MODE mode;
    LOCK_OPERATION operation;
    NTSTATUS status;
  };
  const Case cases[] = {
      {memory, PAGE_SIZE, UserMode, IoWriteAccess, STATUS_SUCCESS},
      {memory, PAGE_SIZE + 1, UserMode, IoReadAccess, STATUS_SUCCESS},
      {memory, PAGE_SIZE + 1, UserMode, IoWriteAccess, STATUS_ACCESS_VIOLATION},
      {memory, PAGE_SIZE + 1, UserMode, IoModifyAccess, STATUS_ACCESS_VIOLATION},
      {memory + PAGE_SIZE - 1, 1, UserMode, IoWriteAccess, STATUS_SUCCESS},
      {memory + 2 * PAGE_SIZE, PAGE_SIZE + 1, KernelMode, IoReadAccess, STATUS_ACCESS_VIOLATION},
      {nullptr, 10, UserMode, IoReadAccess, STATUS_ACCESS_VIOLATION},
      {reinterpret_cast<void*>(kSystemBase + 0x1'4000'0000), 10, UserMode, IoReadAccess,
       STATUS_ACCESS_VIOLATION},
      {reinterpret_cast<void*>(kSystemBase + 0x1'4000'0000), 10, KernelMode, IoReadAccess,
       STATUS_ACCESS_VIOLATION},
      {reinterpret_cast<void*>(0xFFFF'8000'0000'0000), 10, UserMode, IoReadAccess, STATUS_ACCESS_VIOLATION},
      {reinterpret_cast<void*>(kSystemBase - 0x1000), 0x2000, UserMode, IoReadAccess,
       STATUS_ACCESS_VIOLATION},
      {reinterpret_cast<void*>(~uintptr_t{0} - 100), 200, UserMode, IoReadAccess, STATUS_ACCESS_VIOLATION},
  };
  for (const Case& c : cases) {
    PMDL mdl = IoAllocateMdl(c.start, c.length, FALSE, FALSE, nullptr);
    EXPECT_EQ(RaisedBy([&] { MmProbeAndLockPages(mdl, c.mode, c.operation); }), c.status)
        << c.start << " " << c.length;
    if (c.status == STATUS_SUCCESS) MmUnlockPages(mdl);
    EXPECT_EQ(mdl->MdlFlags & MDL_PAGES_LOCKED, 0);
    IoFreeMdl(mdl);
  }
}

TEST_F(MdlTest, FillsTheFramesOfAnMdlOverGigabytesWhenTheyAreRead) {
  constexpr uint64_t kBytes = 0xFFFF0000;
  char* memory = Map(kBytes + PAGE_SIZE);
  for (int round = 0; round < 3; ++round) {
    char* start = memory + round * 10;
    PMDL mdl = IoAllocateMdl(start, kBytes, FALSE, FALSE, nullptr);
    ASSERT_NE(mdl, nullptr);
    ASSERT_EQ(RaisedBy([&] { MmProbeAndLockPages(mdl, UserMode, IoWriteAccess); }), 0);
    EXPECT_EQ(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority), start);
    const PFN_NUMBER first = MmGetPhysicalAddress(start).QuadPart >> PAGE_SHIFT;
    const uint64_t pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(start, kBytes);
    const PPFN_NUMBER frames = MmGetMdlPfnArray(mdl);
    for (uint64_t i : {uint64_t{0}, uint64_t{511}, uint64_t{512}, uint64_t{70000}, pages - 1}) {
      EXPECT_EQ(frames[i], first + i) << i;
    }
    // A part of it, in the middle.
    PMDL part = IoAllocateMdl(start + 0x4000'0123, 5 * PAGE_SIZE, FALSE, FALSE, nullptr);
    IoBuildPartialMdl(mdl, part, start + 0x4000'0123, 5 * PAGE_SIZE);
    EXPECT_EQ(MmGetMdlPfnArray(part)[0],
              static_cast<PFN_NUMBER>(MmGetPhysicalAddress(start + 0x4000'0123).QuadPart >> PAGE_SHIFT));
    EXPECT_EQ(MmGetSystemAddressForMdlSafe(part, NormalPagePriority), start + 0x4000'0123);
    IoFreeMdl(part);
    MmUnlockPages(mdl);
    IoFreeMdl(mdl);
  }
}

TEST_F(MdlTest, PartialSharesOrMakesTheMapping) {
  char* memory = Map(8 * PAGE_SIZE);
  PMDL source = IoAllocateMdl(memory + 50, 6 * PAGE_SIZE, FALSE, FALSE, nullptr);
  ASSERT_EQ(RaisedBy([&] { MmProbeAndLockPages(source, UserMode, IoWriteAccess); }), 0);
  PMDL part = IoAllocateMdl(memory + 50, 6 * PAGE_SIZE, FALSE, FALSE, nullptr);

  IoBuildPartialMdl(source, part, memory + 50 + PAGE_SIZE, 10);
  EXPECT_EQ(part->MdlFlags & (MDL_PARTIAL | MDL_PARTIAL_HAS_BEEN_MAPPED), MDL_PARTIAL);
  EXPECT_EQ(MmGetSystemAddressForMdlSafe(part, NormalPagePriority), memory + 50 + PAGE_SIZE);
  EXPECT_NE(part->MdlFlags & MDL_PARTIAL_HAS_BEEN_MAPPED, 0);
  MmPrepareMdlForReuse(part);
  EXPECT_EQ(part->MdlFlags & (MDL_PARTIAL_HAS_BEEN_MAPPED | MDL_MAPPED_TO_SYSTEM_VA), 0);

  ASSERT_NE(MmGetSystemAddressForMdlSafe(source, NormalPagePriority), nullptr);
  IoBuildPartialMdl(source, part, memory + 50 + 2 * PAGE_SIZE, 0);
  EXPECT_EQ(MmGetMdlByteCount(part), 4u * PAGE_SIZE);
  EXPECT_EQ(part->MdlFlags & MDL_PARTIAL_HAS_BEEN_MAPPED, 0);
  EXPECT_EQ(MmGetSystemAddressForMdlSafe(part, NormalPagePriority), memory + 50 + 2 * PAGE_SIZE);
  IoFreeMdl(part);
  MmUnlockPages(source);
  IoFreeMdl(source);
}

TEST_F(MdlTest, AdvancesAndUnlocksWhatItPasses) {
  char* memory = Map(8 * PAGE_SIZE);
  PMDL mdl = IoAllocateMdl(memory + 50, 6 * PAGE_SIZE, FALSE, FALSE, nullptr);
  ASSERT_EQ(RaisedBy([&] { MmProbeAndLockPages(mdl, UserMode, IoReadAccess); }), 0);
  const PFN_NUMBER second = MmGetMdlPfnArray(mdl)[2];
  EXPECT_EQ(MmAdvanceMdl(mdl, 2 * PAGE_SIZE + 10), STATUS_SUCCESS);
  EXPECT_EQ(MmGetMdlVirtualAddress(mdl), memory + 60 + 2 * PAGE_SIZE);
  EXPECT_EQ(MmGetMdlByteCount(mdl), 4u * PAGE_SIZE - 10);
  EXPECT_EQ(MmGetMdlPfnArray(mdl)[0], second);
  EXPECT_EQ(LockedPagesOf(mdl->Process), 5u);
  EXPECT_EQ(MmAdvanceMdl(mdl, 4 * PAGE_SIZE), STATUS_INVALID_PARAMETER_2);
  MmUnlockPages(mdl);
  IoFreeMdl(mdl);
}

TEST_F(MdlTest, LocksSelectedPagesInTheirOrder) {
  char* memory = Map(8 * PAGE_SIZE);
  FILE_SEGMENT_ELEMENT segments[3] = {};
  segments[0].Buffer = memory + 4 * PAGE_SIZE;
  segments[1].Buffer = memory;
  segments[2].Buffer = memory + PAGE_SIZE;
  PMDL mdl = IoAllocateMdl(nullptr, 3 * PAGE_SIZE, FALSE, FALSE, nullptr);
  ASSERT_EQ(RaisedBy([&] { MmProbeAndLockSelectedPages(mdl, segments, UserMode, IoReadAccess); }), 0);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(MmGetMdlPfnArray(mdl)[i],
              static_cast<PFN_NUMBER>(MmGetPhysicalAddress(segments[i].Buffer).QuadPart >> PAGE_SHIFT));
  }
  MmUnlockPages(mdl);
  Protect(memory, os::Protection::kNone);
  EXPECT_EQ(RaisedBy([&] { MmProbeAndLockSelectedPages(mdl, segments, UserMode, IoReadAccess); }),
            STATUS_ACCESS_VIOLATION);
  IoFreeMdl(mdl);
}

TEST_F(MdlTest, KeepsLockedMemoryThatTheApplicationUnmaps) {
  char* memory = Map(4 * PAGE_SIZE);
  PMDL mdl = IoAllocateMdl(memory + PAGE_SIZE, PAGE_SIZE, FALSE, FALSE, nullptr);
  ASSERT_EQ(RaisedBy([&] { MmProbeAndLockPages(mdl, UserMode, IoWriteAccess); }), 0);
  UnmapUserMemory(memory, 4 * PAGE_SIZE);
  char* system = static_cast<char*>(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
  system[10] = 1;  // still the driver's
  MmUnlockPages(mdl);
  EXPECT_FALSE(MmIsAddressValid(memory + PAGE_SIZE));
  EXPECT_FALSE(MmIsAddressValid(memory));
  IoFreeMdl(mdl);
}

TEST_F(MdlTest, OtherCallsLeaveLockedMemoryAlone) {
  char* memory = Map(4 * PAGE_SIZE);
  int calls = 0;
  const auto count = [](void* context) { ++*static_cast<int*>(context); };
  PMDL mdl = IoAllocateMdl(memory + PAGE_SIZE, PAGE_SIZE, FALSE, FALSE, nullptr);
  ASSERT_EQ(RaisedBy([&] { MmProbeAndLockPages(mdl, UserMode, IoWriteAccess); }), 0);
  EXPECT_FALSE(RunUnlessLocked(memory, 2 * PAGE_SIZE, count, &calls));
  EXPECT_EQ(calls, 0);
  EXPECT_TRUE(RunUnlessLocked(memory, PAGE_SIZE, count, &calls));
  MmUnlockPages(mdl);
  EXPECT_TRUE(RunUnlessLocked(memory, 2 * PAGE_SIZE, count, &calls));
  EXPECT_EQ(calls, 2);
  IoFreeMdl(mdl);
}

TEST_F(MdlTest, ReportsWhatIsLeft) {
  ExpectLeaks();
  char* memory = Map(PAGE_SIZE);
  PMDL mdl = IoAllocateMdl(memory, 100, FALSE, FALSE, nullptr);
  ASSERT_EQ(RaisedBy([&] { MmProbeAndLockPages(mdl, UserMode, IoReadAccess); }), 0);
  LockedRange range;
  EXPECT_TRUE(FindLockedRangeOf(nullptr, reinterpret_cast<void*>(~uintptr_t{0}), &range));
  EXPECT_EQ(range.mdl, mdl);
  EXPECT_EQ(range.page_count, 1u);
  EXPECT_FALSE(FindLockedRangeOf(memory, memory + PAGE_SIZE, &range));
  IoFreeMdl(mdl);  // without unlocking: the pages stay locked
  EXPECT_TRUE(FindLockedRangeOf(nullptr, reinterpret_cast<void*>(~uintptr_t{0}), &range));
  bool reported = false;
  for (const std::string& leak : Shutdown()) {
    reported |= leak.starts_with("1 pages at 0x") && leak.find("freed meanwhile") != std::string::npos;
  }
  EXPECT_TRUE(reported);
}

}  // namespace
}  // namespace ring3::mm
