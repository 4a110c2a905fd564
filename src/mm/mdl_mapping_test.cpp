// SPDX-License-Identifier: MIT
#include "mm/memory_test.h"

#include <cstring>

#include "base/fault_injection.h"
#include "ddi/ex.h"
#include "ddi/ke.h"
#include "ddi/mm_ntddk.h"
#include "mm/address_space.h"
#include "mm/layout.h"
#include "mm/state.h"
#include "mm/locked_pages.h"
#include "mm/system_pages.h"
#include "mm/test_pages.h"
#include "mm/test_raise.h"
#include "ntstatus.h"
#include "os/memory.h"

namespace ring3::mm {
namespace {

class MdlMappingTest : public MemoryTest {
 protected:
  PVOID MapUser(PMDL mdl, PVOID at = nullptr, ULONG priority = NormalPagePriority) {
    PVOID address = nullptr;
    raised_ = RaisedBy(
        [&] { address = MmMapLockedPagesSpecifyCache(mdl, UserMode, MmCached, at, FALSE, priority); });
    return address;
  }
  NTSTATUS raised_ = 0;
};

TEST_F(MdlMappingTest, NonpagedMemoryIsSharedWithApplications) {
  constexpr SIZE_T kBytes = 3 * PAGE_SIZE;
  char* memory = static_cast<char*>(MmAllocateContiguousMemory(kBytes, kEverywhere));
  ASSERT_NE(memory, nullptr);
  PMDL mdl = IoAllocateMdl(memory, kBytes, FALSE, FALSE, nullptr);
  MmBuildMdlForNonPagedPool(mdl);
  EXPECT_EQ(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority), memory);
  // Any number of views, each at its own address, show one memory.
  char* first = static_cast<char*>(MapUser(mdl));
  char* second = static_cast<char*>(MapUser(mdl));
  ASSERT_NE(first, nullptr);
  ASSERT_NE(second, nullptr);
  EXPECT_NE(first, second);
  EXPECT_FALSE(IsSystemAddress(first));
  first[10] = 'a';
  memory[kBytes - 1] = 'z';
  EXPECT_EQ(memory[10], 'a');
  EXPECT_EQ(second[10], 'a');
  EXPECT_EQ(second[kBytes - 1], 'z');
  EXPECT_EQ(MmGetPhysicalAddress(first + 5000).QuadPart, MmGetPhysicalAddress(memory + 5000).QuadPart);
  MmUnmapLockedPages(second, mdl);
  EXPECT_FALSE(MmIsAddressValid(second));
  EXPECT_EQ(first[10], 'a');
  MmUnmapLockedPages(first, mdl);
  IoFreeMdl(mdl);
  MmFreeContiguousMemory(memory);
}

TEST_F(MdlMappingTest, KeepsTheOffsetOfAnUnalignedBuffer) {
  char* memory = static_cast<char*>(MmAllocateContiguousMemory(4 * PAGE_SIZE, kEverywhere));
  PMDL mdl = IoAllocateMdl(memory + 0x123, 2 * PAGE_SIZE, FALSE, FALSE, nullptr);
  ASSERT_EQ(RaisedBy([&] { MmProbeAndLockPages(mdl, KernelMode, IoWriteAccess); }), 0);
  EXPECT_EQ(mdl->Process, nullptr);
  char* view = static_cast<char*>(MapUser(mdl));
  EXPECT_EQ(BYTE_OFFSET(view), 0x123u);
  std::strcpy(view, "from the application");
  EXPECT_STREQ(memory + 0x123, "from the application");
  EXPECT_EQ(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority), memory + 0x123);
  MmUnmapLockedPages(view, mdl);
  MmUnlockPages(mdl);
  IoFreeMdl(mdl);
  MmFreeContiguousMemory(memory);
}

TEST_F(MdlMappingTest, ReadOnlyViewCannotBeMadeWritable) {
  PMDL mdl = AllocatePages(2);
  ASSERT_NE(mdl, nullptr);
  char* system = static_cast<char*>(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
  char* view = static_cast<char*>(MapUser(mdl, nullptr, NormalPagePriority | MdlMappingNoWrite));
  ASSERT_NE(view, nullptr);
  system[1] = 'x';
  EXPECT_EQ(view[1], 'x');
  EXPECT_EQ(os::Protect(reinterpret_cast<uintptr_t>(view), PAGE_SIZE, os::Protection::kReadWrite).status(),
            STATUS_INVALID_PAGE_PROTECTION);
  void* base = view;
  SIZE_T bytes = PAGE_SIZE;
  ULONG old = 0;
  EXPECT_EQ(ProtectVirtualMemory(nullptr, &base, &bytes, PAGE_READWRITE, &old).status(),
            STATUS_INVALID_PAGE_PROTECTION);
  EXPECT_EQ(ProtectVirtualMemory(nullptr, &base, &bytes, PAGE_EXECUTE_READ, &old).status(),
            STATUS_INVALID_PAGE_PROTECTION);
  MEMORY_BASIC_INFORMATION information;
  ASSERT_TRUE(QueryVirtualMemory(nullptr, view, &information).ok());
  EXPECT_EQ(information.Protect, static_cast<ULONG>(PAGE_READONLY));
  EXPECT_EQ(information.Type, static_cast<ULONG>(MEM_MAPPED));
  EXPECT_EQ(information.RegionSize, 2u * PAGE_SIZE);
  // And a driver cannot lock it for writing.
  PMDL again = IoAllocateMdl(view, 10, FALSE, FALSE, nullptr);
  EXPECT_EQ(RaisedBy([&] { MmProbeAndLockPages(again, UserMode, IoWriteAccess); }), STATUS_ACCESS_VIOLATION);
  IoFreeMdl(again);
  MmUnmapLockedPages(view, mdl);
  FreePages(mdl);
}

TEST_F(MdlMappingTest, HonoursTheRequestedAddressOrRaises) {
  PMDL mdl = AllocatePages(1);
  const uintptr_t place = os::ReserveAnywhere(0x20000, PAGE_SIZE, kUserLimit, os::Placement::kAnywhere);
  os::Release(place, 0x20000);
  char* free_place = reinterpret_cast<char*>(place);
  EXPECT_EQ(MapUser(mdl, free_place + 0x10), free_place);
  EXPECT_EQ(MapUser(mdl, free_place), nullptr);
  EXPECT_EQ(raised_, STATUS_CONFLICTING_ADDRESSES);
  EXPECT_EQ(MapUser(mdl, reinterpret_cast<void*>(kSystemBase + 0x10000)), nullptr);
  EXPECT_EQ(raised_, STATUS_INVALID_ADDRESS);
  MmUnmapLockedPages(free_place, mdl);
  FreePages(mdl);
}

TEST_F(MdlMappingTest, RaisesOrReturnsNullWhenLinuxRefuses) {
  PMDL mdl = AllocatePages(1);
  g_fault_hook = [](const char*) { return true; };
  EXPECT_EQ(MapUser(mdl), nullptr);
  EXPECT_EQ(MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmCached, nullptr, FALSE,
                                         NormalPagePriority | MdlMappingNoWrite),
            nullptr);
  g_fault_hook = nullptr;
  EXPECT_EQ(raised_, STATUS_INSUFFICIENT_RESOURCES);
  FreePages(mdl);
}

TEST_F(MdlMappingTest, StitchesScatteredFrames) {
  // Two runs with a gap, made by freeing every other page.
  PMDL pages[4];
  PFN_NUMBER frames[4];
  for (int i = 0; i < 4; ++i) {
    pages[i] = AllocatePages(1);
    frames[i] = MmGetMdlPfnArray(pages[i])[0];
  }
  PMDL mdl = IoAllocateMdl(nullptr, 3 * PAGE_SIZE, FALSE, FALSE, nullptr);
  MmGetMdlPfnArray(mdl)[0] = frames[3];
  MmGetMdlPfnArray(mdl)[1] = frames[0];
  MmGetMdlPfnArray(mdl)[2] = frames[1];
  mdl->MdlFlags |= MDL_PAGES_LOCKED;
  char* view = static_cast<char*>(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
  ASSERT_NE(view, nullptr);
  EXPECT_TRUE(IsSystemAddress(view));
  for (int i = 0; i < 3; ++i) view[i * PAGE_SIZE] = static_cast<char>('a' + i);
  EXPECT_EQ(*static_cast<char*>(MmGetSystemAddressForMdlSafe(pages[3], NormalPagePriority)), 'a');
  EXPECT_EQ(*static_cast<char*>(MmGetSystemAddressForMdlSafe(pages[0], NormalPagePriority)), 'b');
  EXPECT_EQ(*static_cast<char*>(MmGetSystemAddressForMdlSafe(pages[1], NormalPagePriority)), 'c');
  EXPECT_EQ(MmGetPhysicalAddress(view + PAGE_SIZE + 7).QuadPart >> PAGE_SHIFT,
            static_cast<LONGLONG>(frames[0]));
  char* user = static_cast<char*>(MapUser(mdl));
  EXPECT_EQ(user[2 * PAGE_SIZE], 'c');
  MmUnmapLockedPages(user, mdl);
  MmUnmapLockedPages(view, mdl);
  EXPECT_FALSE(MmIsAddressValid(view));
  mdl->MdlFlags &= ~MDL_PAGES_LOCKED;
  IoFreeMdl(mdl);
  for (PMDL page : pages) FreePages(page);
}

TEST_F(MdlMappingTest, ProtectsTheSystemMapping) {
  PMDL mdl = AllocatePages(1);
  EXPECT_EQ(MmProtectMdlSystemAddress(mdl, PAGE_READONLY), STATUS_NOT_MAPPED_VIEW);
  char* system = static_cast<char*>(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
  EXPECT_EQ(MmProtectMdlSystemAddress(mdl, PAGE_WRITECOPY), STATUS_INVALID_PAGE_PROTECTION);
  EXPECT_EQ(MmProtectMdlSystemAddress(mdl, PAGE_READONLY), STATUS_SUCCESS);
  EXPECT_EQ(RaisedBy([&] { *const_cast<volatile char*>(system) = 1; }), STATUS_ACCESS_VIOLATION);
  MmUnmapLockedPages(system, mdl);
  system = static_cast<char*>(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority | MdlMappingNoWrite));
  EXPECT_EQ(RaisedBy([&] { *const_cast<volatile char*>(system) = 1; }), STATUS_ACCESS_VIOLATION);
  FreePages(mdl);
  // What is freed is writable for its next owner.
  for (int i = 0; i < 4; ++i) {
    mdl = AllocatePages(1);
    *static_cast<char*>(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority)) = 1;
    FreePages(mdl);
  }
}

TEST_F(MdlMappingTest, MapMdlCallsWithTheMapping) {
  PMDL mdl = AllocatePages(1);
  PVOID seen = nullptr;
  EXPECT_EQ(MmMapMdl(
                mdl, PAGE_READWRITE,
                [](PVOID context, PVOID address) { *static_cast<PVOID*>(context) = address; }, &seen),
            STATUS_SUCCESS);
  EXPECT_NE(seen, nullptr);
  EXPECT_EQ(mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA, 0);
  EXPECT_EQ(MmMapMdl(mdl, PAGE_NOACCESS, [](PVOID, PVOID) {}, nullptr), STATUS_INVALID_PAGE_PROTECTION);
  FreePages(mdl);
}

TEST_F(MdlMappingTest, ReservedMapping) {
  constexpr ULONG kTag = 'tseT';
  PMDL mdl = AllocatePages(2);
  PVOID place = MmAllocateMappingAddress(2 * PAGE_SIZE, kTag);
  ASSERT_NE(place, nullptr);
  for (int i = 0; i < 2; ++i) {
    char* mapped = static_cast<char*>(MmMapLockedPagesWithReservedMapping(place, kTag, mdl, MmCached));
    ASSERT_EQ(mapped, place);
    EXPECT_EQ(mapped[PAGE_SIZE], i == 0 ? 0 : 'q');
    mapped[PAGE_SIZE] = 'q';
    MmUnmapReservedMapping(mapped, kTag, mdl);
    EXPECT_FALSE(MmIsAddressValid(place));
  }
  PMDL longer = AllocatePages(3);
  EXPECT_EQ(MmMapLockedPagesWithReservedMapping(place, kTag, longer, MmCached), nullptr);
  FreePages(longer);
  MmFreeMappingAddress(place, kTag);
  FreePages(mdl);
}

TEST_F(MdlMappingTest, ViewsEndWithTheirProcess) {
  PMDL mdl = AllocatePages(1);
  PVOID view = MapUser(mdl);
  const PEPROCESS process = CurrentProcess();
  EXPECT_EQ(UserViewsOf(process), 1u);
  TearDownAddressSpace(process);
  EXPECT_EQ(UserViewsOf(process), 0u);
  EXPECT_FALSE(MmIsAddressValid(view));
  FreePages(mdl);
}

}  // namespace
}  // namespace ring3::mm
