// SPDX-License-Identifier: MIT
// Each misuse of an MDL ends in its documented bug check.
#include "mm/memory_test.h"

#include "ddi/ex.h"
#include "ddi/ke.h"
#include "ddi/mm_ntddk.h"
#include "mm/layout.h"
#include "mm/test_pages.h"
#include "mm/test_raise.h"
#include "ntstatus.h"

namespace ring3::mm {
namespace {

constexpr ULONG kTag = 'tseT';

class MdlDeathTest : public MemoryTest {
 protected:
  void SetUp() override {
    MemoryTest::SetUp();
    mdl_ = IoAllocateMdl(buffer_, sizeof buffer_, FALSE, FALSE, nullptr);
    pages_ = AllocatePages(1);
    block_ = MmAllocateContiguousMemory(PAGE_SIZE, kEverywhere);
  }
  void TearDown() override {
    IoFreeMdl(mdl_);
    FreePages(pages_);
    MmFreeContiguousMemory(block_);
    MemoryTest::TearDown();
  }
  void Lock() { MmProbeAndLockPages(mdl_, UserMode, IoReadAccess); }

  char buffer_[100] = {};
  PMDL mdl_ = nullptr;
  PMDL pages_ = nullptr;
  PVOID block_ = nullptr;
};

TEST_F(MdlDeathTest, Locking) {
  EXPECT_BUGCHECK(MmUnlockPages(mdl_), "PFN_LIST_CORRUPT");
  EXPECT_BUGCHECK((Lock(), MmUnlockPages(mdl_), MmUnlockPages(mdl_)), "PFN_LIST_CORRUPT");
  EXPECT_BUGCHECK((Lock(), Lock()), "DRIVER_VERIFIER_DETECTED_VIOLATION");
  EXPECT_BUGCHECK((MmBuildMdlForNonPagedPool(mdl_), Lock()), "DRIVER_VERIFIER_DETECTED_VIOLATION");
  EXPECT_BUGCHECK((MmBuildMdlForNonPagedPool(mdl_), MmUnlockPages(mdl_)),
                  "DRIVER_VERIFIER_DETECTED_VIOLATION");
  EXPECT_BUGCHECK((mdl_->MdlFlags |= MDL_PAGES_LOCKED, MmUnlockPages(mdl_)), "PROCESS_HAS_LOCKED_PAGES");
}

TEST_F(MdlDeathTest, Mapping) {
  EXPECT_BUGCHECK(MmGetSystemAddressForMdlSafe(mdl_, NormalPagePriority),
                  "DRIVER_VERIFIER_DETECTED_VIOLATION");
  EXPECT_BUGCHECK((MmMapLockedPages(pages_, KernelMode), MmMapLockedPages(pages_, KernelMode)),
                  "DRIVER_VERIFIER_DETECTED_VIOLATION");
  EXPECT_BUGCHECK(MmUnmapLockedPages(block_, pages_), "SYSTEM_PTE_MISUSE");
  EXPECT_BUGCHECK((MmMapLockedPages(pages_, KernelMode), MmUnmapLockedPages(block_, pages_)),
                  "SYSTEM_PTE_MISUSE");
  EXPECT_BUGCHECK(MmUnmapLockedPages(buffer_, pages_), "DRIVER_VERIFIER_DETECTED_VIOLATION");
  EXPECT_BUGCHECK((Lock(), MmMapLockedPages(mdl_, KernelMode), IoFreeMdl(mdl_)),
                  "DRIVER_VERIFIER_DETECTED_VIOLATION");
}

TEST_F(MdlDeathTest, Freeing) {
#if !__has_feature(address_sanitizer)  // AddressSanitizer sees it first
  EXPECT_BUGCHECK((IoFreeMdl(mdl_), IoFreeMdl(mdl_)), "BAD_POOL_CALLER");
#endif
  EXPECT_BUGCHECK((MmFreePagesFromMdl(pages_), MmFreePagesFromMdl(pages_)), "MEMORY_MANAGEMENT");
  EXPECT_BUGCHECK(MmFreePagesFromMdl(mdl_), "MEMORY_MANAGEMENT");
  EXPECT_BUGCHECK((MmMapLockedPages(pages_, UserMode), MmFreePagesFromMdl(pages_)), "PFN_LIST_CORRUPT");
  EXPECT_BUGCHECK((MmFreeContiguousMemory(block_), MmFreeContiguousMemory(block_)), "BAD_POOL_CALLER");
  EXPECT_BUGCHECK(MmFreeContiguousMemory(static_cast<char*>(block_) + 1), "BAD_POOL_CALLER");
  EXPECT_BUGCHECK(
      {
        PMDL mdl = IoAllocateMdl(block_, 10, FALSE, FALSE, nullptr);
        MmProbeAndLockPages(mdl, KernelMode, IoReadAccess);
        MmFreeContiguousMemory(block_);
      },
      "PFN_LIST_CORRUPT");
}

TEST_F(MdlDeathTest, Partial) {
  PMDL part = IoAllocateMdl(buffer_, 100, FALSE, FALSE, nullptr);
  EXPECT_BUGCHECK((Lock(), IoBuildPartialMdl(mdl_, part, buffer_ + 50, 51)), "MEMORY_MANAGEMENT");
  EXPECT_BUGCHECK((Lock(), IoBuildPartialMdl(mdl_, part, buffer_ + 50, 50), MmUnlockPages(part)),
                  "DRIVER_VERIFIER_DETECTED_VIOLATION");
  PMDL small = IoAllocateMdl(nullptr, 1, FALSE, FALSE, nullptr);
  char* two = static_cast<char*>(MmAllocateContiguousMemory(3 * PAGE_SIZE, kEverywhere));
  PMDL big = IoAllocateMdl(two, 3 * PAGE_SIZE, FALSE, FALSE, nullptr);
  MmBuildMdlForNonPagedPool(big);
  EXPECT_BUGCHECK(IoBuildPartialMdl(big, small, two, 2 * PAGE_SIZE), "TARGET_MDL_TOO_SMALL");
  for (PMDL mdl : {part, small, big}) IoFreeMdl(mdl);
  MmFreeContiguousMemory(two);
}

TEST_F(MdlDeathTest, ReservedMappings) {
  PVOID place = MmAllocateMappingAddress(PAGE_SIZE, kTag);
  EXPECT_BUGCHECK(MmAllocateMappingAddress(0, kTag), "SYSTEM_PTE_MISUSE");
  EXPECT_BUGCHECK(MmFreeMappingAddress(place, kTag + 1), "SYSTEM_PTE_MISUSE");
  EXPECT_BUGCHECK(MmFreeMappingAddress(block_, kTag), "SYSTEM_PTE_MISUSE");
  EXPECT_BUGCHECK(MmMapLockedPagesWithReservedMapping(place, kTag + 1, pages_, MmCached),
                  "SYSTEM_PTE_MISUSE");
  EXPECT_BUGCHECK(MmUnmapReservedMapping(place, kTag, pages_), "SYSTEM_PTE_MISUSE");
  EXPECT_BUGCHECK(
      (MmMapLockedPagesWithReservedMapping(place, kTag, pages_, MmCached), MmFreeMappingAddress(place, kTag)),
      "SYSTEM_PTE_MISUSE");
  EXPECT_BUGCHECK((MmMapLockedPagesWithReservedMapping(place, kTag, pages_, MmCached),
                   MmUnmapReservedMapping(place, kTag + 1, pages_)),
                  "SYSTEM_PTE_MISUSE");
  MmFreeMappingAddress(place, kTag);
}

TEST_F(MdlDeathTest, IoSpaceAndSecuredMemory) {
  EXPECT_BUGCHECK(MmUnmapIoSpace(block_, 10), "SYSTEM_PTE_MISUSE");
  EXPECT_BUGCHECK(MmMapIoSpace({.QuadPart = static_cast<LONGLONG>(20 * kGiB)}, 10, MmCached),
                  "DRIVER_VERIFIER_DETECTED_VIOLATION");
  EXPECT_BUGCHECK(MmUnsecureVirtualMemory(reinterpret_cast<HANDLE>(0x1234)), "MEMORY_MANAGEMENT");
}

}  // namespace
}  // namespace ring3::mm
