// SPDX-License-Identifier: MIT
#include "mm/memory_test.h"

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "ddi/ke.h"
#include "mm/layout.h"
#include "mm/locked_pages.h"
#include "mm/state.h"
#include "mm/test_raise.h"
#include "ntstatus.h"
#include "os/memory.h"

namespace ring3::mm {
namespace {

class LockedPageTableTest : public MemoryTest {};

TEST_F(LockedPageTableTest, ManyMdlsFromManyThreads) {
  static char buffers[4][64 * PAGE_SIZE];
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int round = 0; round < 50; ++round) {
        PMDL mdls[64];
        for (int i = 0; i < 64; ++i) {
          mdls[i] = IoAllocateMdl(buffers[t] + i * PAGE_SIZE, PAGE_SIZE, FALSE, FALSE, nullptr);
          ASSERT_EQ(RaisedBy([&] { MmProbeAndLockPages(mdls[i], UserMode, IoWriteAccess); }), 0);
        }
        for (int i = 0; i < 64; ++i) {
          PMDL mdl = mdls[(i * 13 + round) % 64];
          *static_cast<char*>(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority)) = 1;
          MmUnlockPages(mdl);
          IoFreeMdl(mdl);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// One thread unmaps what another locks: either the lock is refused, or the memory stays until it is unlocked.
TEST_F(LockedPageTableTest, UnmappingAgainstLocking) {
  int locked = 0;
  for (int round = 0; round < 200; ++round) {
    const uintptr_t memory =
        os::ReserveAnywhere(4 * PAGE_SIZE, PAGE_SIZE, kUserLimit, os::Placement::kAnywhere);
    ASSERT_TRUE(os::Protect(memory, 4 * PAGE_SIZE, os::Protection::kReadWrite).ok());
    std::atomic<int> ready{0};
    std::thread unmapper([&] {
      ++ready;
      while (ready.load() != 2) std::this_thread::yield();
      UnmapUserMemory(reinterpret_cast<void*>(memory), 4 * PAGE_SIZE);
    });
    PMDL mdl = IoAllocateMdl(reinterpret_cast<void*>(memory), 4 * PAGE_SIZE, FALSE, FALSE, nullptr);
    ++ready;
    while (ready.load() != 2) std::this_thread::yield();
    if (RaisedBy([&] { MmProbeAndLockPages(mdl, UserMode, IoWriteAccess); }) == 0) {
      ++locked;
      char* system = static_cast<char*>(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
      for (int i = 0; i < 4; ++i) system[i * PAGE_SIZE] = 1;
      unmapper.join();
      for (int i = 0; i < 4; ++i) system[i * PAGE_SIZE] = 2;
      MmUnlockPages(mdl);
    } else {
      unmapper.join();
    }
    IoFreeMdl(mdl);
    os::Region region;
    EXPECT_FALSE(AddressSpace::Local().Find(memory, &region) && region.start == memory);
  }
  EXPECT_GE(locked, 0);
}

// Threads that read an MDL's frames for the first time at once see them whole.
TEST_F(LockedPageTableTest, LazyFramesFromManyThreads) {
  constexpr uint64_t kBytes = 256 << 20;
  const uintptr_t memory = os::ReserveAnywhere(kBytes, PAGE_SIZE, kUserLimit, os::Placement::kAnywhere);
  ASSERT_TRUE(os::Protect(memory, kBytes, os::Protection::kReadWrite).ok());
  PMDL mdl = IoAllocateMdl(reinterpret_cast<void*>(memory), kBytes, FALSE, FALSE, nullptr);
  ASSERT_EQ(RaisedBy([&] { MmProbeAndLockPages(mdl, UserMode, IoWriteAccess); }), 0);
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      const PPFN_NUMBER frames = MmGetMdlPfnArray(mdl);
      for (uint64_t i = 0; i < kBytes / PAGE_SIZE; i += 37)
        wrong += frames[i] != PfnOfUserAddress(memory) + i ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  MmUnlockPages(mdl);
  IoFreeMdl(mdl);
  os::Release(memory, kBytes);
}

}  // namespace
}  // namespace ring3::mm
