// SPDX-License-Identifier: MIT
#include "mm/memory_test.h"

#include <cstring>

#include "ddi/ex.h"
#include "ddi/ke.h"
#include "ddi/mm_ntddk.h"
#include "mm/io_space.h"
#include "mm/layout.h"
#include "mm/system_pages.h"
#include "mm/test_raise.h"
#include "ntstatus.h"

namespace ring3::mm {
namespace {

class AddressTest : public MemoryTest {};

PHYSICAL_ADDRESS At(uint64_t address) {
  return {.QuadPart = static_cast<LONGLONG>(address)};
}

TEST_F(AddressTest, ProbesAddressesOnly) {
  char local[16];
  const auto probe = [](uint64_t address, SIZE_T length, ULONG alignment) {
    return RaisedBy([=] { ProbeForRead(reinterpret_cast<void*>(address), length, alignment); });
  };
  const auto here = reinterpret_cast<uintptr_t>(local);
  EXPECT_EQ(probe(here, 16, 1), 0);
  EXPECT_EQ(probe(0x10000, 16, 8), 0);
  EXPECT_EQ(probe(0x10001, 16, 8), STATUS_DATATYPE_MISALIGNMENT);
  EXPECT_EQ(probe(0x10001, 0, 8), 0);
  EXPECT_EQ(probe(kSystemBase, 0, 1), 0);
  EXPECT_EQ(probe(kSystemBase, 1, 1), STATUS_ACCESS_VIOLATION);
  EXPECT_EQ(probe(kSystemBase - 1, 2, 1), STATUS_ACCESS_VIOLATION);
  EXPECT_EQ(probe(~uint64_t{0} - 10, 20, 1), STATUS_ACCESS_VIOLATION);
  EXPECT_EQ(probe(here, ~SIZE_T{0}, 1), STATUS_ACCESS_VIOLATION);
  EXPECT_EQ(probe(MmUserProbeAddress, 1, 1), STATUS_ACCESS_VIOLATION);
  // Where the stack is when addresses are not random.
  EXPECT_EQ(probe(0x7fff'ffff'e000, 0x1000, 1), 0);
  EXPECT_EQ(probe(0x7fff'ffff'e000, 0x1001, 1), STATUS_ACCESS_VIOLATION);
  EXPECT_EQ(RaisedBy([&] { ProbeForWrite(local, 16, 1); }), 0);
  EXPECT_EQ(RaisedBy([&] { ProbeForWrite(const_cast<char*>("constant"), 8, 1); }), STATUS_ACCESS_VIOLATION);
}

TEST_F(AddressTest, KnowsWhatIsValid) {
  char* memory = static_cast<char*>(AllocateSystemPages(2, PageContents::kZeroed));
  EXPECT_TRUE(MmIsAddressValid(memory));
  EXPECT_TRUE(MmIsAddressValid(&memory));
  EXPECT_FALSE(MmIsAddressValid(nullptr));
  EXPECT_FALSE(MmIsAddressValid(reinterpret_cast<void*>(~uintptr_t{0})));
  EXPECT_EQ(MmGetPhysicalAddress(memory + PAGE_SIZE + 3).QuadPart,
            MmGetPhysicalAddress(memory).QuadPart + PAGE_SIZE + 3);
  FreeSystemPages(memory, 2);
  EXPECT_FALSE(MmIsAddressValid(memory));
  EXPECT_EQ(MmGetPhysicalAddress(reinterpret_cast<void*>(kMdlArenaBase - PAGE_SIZE)).QuadPart, 0);
}

TEST_F(AddressTest, CopiesWithoutFaulting) {
  char* memory = static_cast<char*>(AllocateSystemPages(1, PageContents::kZeroed));
  std::strcpy(memory, "physical");
  char copy[PAGE_SIZE + 8] = {};
  SIZE_T done = 99;
  MM_COPY_ADDRESS source = {};
  source.PhysicalAddress = MmGetPhysicalAddress(memory);
  EXPECT_EQ(MmCopyMemory(copy, source, 9, MM_COPY_MEMORY_PHYSICAL, &done), STATUS_SUCCESS);
  EXPECT_EQ(done, 9u);
  EXPECT_STREQ(copy, "physical");
  source.VirtualAddress = memory + PAGE_SIZE - 4;
  EXPECT_EQ(MmCopyMemory(copy, source, 4, MM_COPY_MEMORY_VIRTUAL, &done), STATUS_SUCCESS);
  EXPECT_EQ(MmCopyMemory(copy, source, 4, 3, &done), STATUS_INVALID_PARAMETER_4);
  source.VirtualAddress = nullptr;
  EXPECT_EQ(MmCopyMemory(copy, source, 4, MM_COPY_MEMORY_VIRTUAL, &done), STATUS_ACCESS_VIOLATION);
  EXPECT_EQ(done, 0u);
  source.PhysicalAddress = At(0xFED00000);
  EXPECT_EQ(MmCopyMemory(copy, source, 4, MM_COPY_MEMORY_PHYSICAL, &done), STATUS_INVALID_ADDRESS);
  FreeSystemPages(memory, 1);
  // Freed, and so no longer a driver's to read.
  source.VirtualAddress = memory;
  EXPECT_EQ(MmCopyMemory(copy, source, 4, MM_COPY_MEMORY_VIRTUAL, &done), STATUS_ACCESS_VIOLATION);
}

TEST_F(AddressTest, DeviceMemoryIsOneForAllItsMappings) {
  for (uint64_t address : {uint64_t{0xFED00010}, uint64_t{0xB8000}, uint64_t{300} << 30}) {
    auto* first = static_cast<volatile ULONG*>(MmMapIoSpace(At(address), 0x2000, MmNonCached));
    auto* second =
        static_cast<volatile ULONG*>(MmMapIoSpaceEx(At(address), 0x2000, PAGE_READWRITE | PAGE_NOCACHE));
    ASSERT_NE(first, nullptr);
    ASSERT_NE(second, nullptr);
    EXPECT_EQ(*first, 0u);
    *first = 0x12345678;
    EXPECT_EQ(*second, 0x12345678u);
    EXPECT_EQ(*static_cast<ULONG*>(AddressOfIoRange(address, 4)), 0x12345678u);
    EXPECT_EQ(MmGetPhysicalAddress(const_cast<ULONG*>(first)).QuadPart, static_cast<LONGLONG>(address));
    EXPECT_TRUE(MmIsIoSpaceActive(At(address), 1));
    MmUnmapIoSpace(const_cast<ULONG*>(first), 0x2000);
    MmUnmapIoSpace(const_cast<ULONG*>(second), 0x2000);
    EXPECT_FALSE(MmIsIoSpaceActive(At(address), 1));
  }
  auto* read_only = static_cast<volatile ULONG*>(MmMapIoSpaceEx(At(0xFED00000), 4, PAGE_READONLY));
  EXPECT_EQ(RaisedBy([=] { *read_only = 1; }), STATUS_ACCESS_VIOLATION);
  MmUnmapIoSpace(const_cast<ULONG*>(read_only), 4);
  EXPECT_EQ(MmMapIoSpaceEx(At(0xFED00000), 4, PAGE_READWRITE | PAGE_READONLY), nullptr);
  EXPECT_EQ(MmMapIoSpace(At(0xFED00000), 0, MmNonCached), nullptr);
  EXPECT_EQ(RegisterIoRange(5 * kGiB, 10).status(), STATUS_CONFLICTING_ADDRESSES);
}

TEST_F(AddressTest, MdlOverDeviceMemory) {
  MM_PHYSICAL_ADDRESS_LIST ranges[2] = {{At(0xFE000000), 0x1000}, {At(0xFD000000), 0x2000}};
  PMDL mdl = nullptr;
  ASSERT_EQ(MmAllocateMdlForIoSpace(ranges, 2, &mdl), STATUS_SUCCESS);
  char* view = static_cast<char*>(
      MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmNonCached, nullptr, FALSE, NormalPagePriority));
  ASSERT_NE(view, nullptr);
  view[0x1004] = 'm';
  EXPECT_EQ(*static_cast<char*>(AddressOfIoRange(0xFD000004, 1)), 'm');
  MmUnmapLockedPages(view, mdl);
  IoFreeMdl(mdl);
  ranges[1].NumberOfBytes = 10;
  EXPECT_EQ(MmAllocateMdlForIoSpace(ranges, 2, &mdl), STATUS_INVALID_PARAMETER_1);
  ranges[1] = {At(5 * kGiB), 0x1000};
  EXPECT_EQ(MmAllocateMdlForIoSpace(ranges, 2, &mdl), STATUS_INVALID_PARAMETER_1);
}

TEST_F(AddressTest, FindsSystemRoutinesByName) {
  const auto find = [](const wchar_t* name, USHORT length) {
    UNICODE_STRING string = {static_cast<USHORT>(length * 2), static_cast<USHORT>(length * 2),
                             const_cast<wchar_t*>(name)};
    return MmGetSystemRoutineAddress(&string);
  };
  EXPECT_EQ(find(L"MmGetPhysicalAddress", 20), reinterpret_cast<PVOID>(&MmGetPhysicalAddress));
  EXPECT_EQ(find(L"MmDoesNotExist", 14), nullptr);
  EXPECT_EQ(find(L"gethostid", 9), nullptr);
  EXPECT_EQ(find(L"", 0), nullptr);
}

TEST_F(AddressTest, ListsRam) {
  PPHYSICAL_MEMORY_RANGE ranges = MmGetPhysicalMemoryRanges();
  ASSERT_NE(ranges, nullptr);
  LONGLONG total = 0;
  for (int i = 0; ranges[i].NumberOfBytes.QuadPart != 0; ++i) {
    if (i > 0) EXPECT_GT(ranges[i].BaseAddress.QuadPart, ranges[i - 1].BaseAddress.QuadPart);
    total += ranges[i].NumberOfBytes.QuadPart;
  }
  EXPECT_GT(total, 60 * static_cast<LONGLONG>(kGiB));
  ExFreePool(ranges);
}

}  // namespace
}  // namespace ring3::mm
