// SPDX-License-Identifier: MIT
#include "mm/client_memory.h"

#include <atomic>
#include <thread>
#include <vector>

#include "ddi/ke.h"
#include "mm/client_space_test.h"
#include "mm/locked_pages.h"
#include "mm/user_memory.h"

namespace ring3::mm {
namespace {

class ClientMemoryTest : public ClientSpaceTest {
 protected:
  uint64_t UsedPages() {
    os::MutexGuard guard(Space().memory().changes);
    return Space().memory().used_pages();
  }
  uint64_t BlockCount() {
    os::MutexGuard guard(Space().memory().changes);
    return Space().memory().block_count();
  }
  // What VirtualAlloc and VirtualFree do.
  uintptr_t Allocate(size_t byte_count, ULONG type = MEM_RESERVE | MEM_COMMIT, uintptr_t at = 0) {
    void* base = Pointer(at);
    EXPECT_EQ(AllocateVirtualMemory(client_->eprocess(), &base, 0, &byte_count, type, PAGE_READWRITE),
              STATUS_SUCCESS);
    return reinterpret_cast<uintptr_t>(base);
  }
  void Free(uintptr_t at, size_t byte_count, ULONG type) {
    void* base = Pointer(at);
    EXPECT_EQ(FreeVirtualMemory(client_->eprocess(), &base, &byte_count, type), STATUS_SUCCESS);
  }
};

// ---- Which frames memory gets

TEST_F(ClientMemoryTest, NeighboursAreNeighbouringFrames) {
  const uintptr_t memory = client_->Map(8 * PAGE_SIZE, 0x5A);
  Unlock(Lock(memory + 5 * PAGE_SIZE, PAGE_SIZE));
  Unlock(Lock(memory, 2 * PAGE_SIZE));
  PMDL mdl = Lock(memory, 8 * PAGE_SIZE);
  EXPECT_EQ(Adoptions(), 4u);
  ExpectConsecutiveFrames(mdl, 8);
  Unlock(mdl);
}

TEST_F(ClientMemoryTest, RangesOverSeveralGiBAreConsecutive) {
  const uintptr_t at = 0x7a80'0000'0000 - 2 * PAGE_SIZE;
  client_->MapAt(at, 4 * PAGE_SIZE, 0, PROT_READ | PROT_WRITE, MAP_FIXED_NOREPLACE);
  Unlock(Lock(at, PAGE_SIZE));
  PMDL mdl = Lock(at, 4 * PAGE_SIZE);
  ExpectConsecutiveFrames(mdl, 4);
  Unlock(mdl);
}

TEST_F(ClientMemoryTest, FramesOfLockedPagesAreNotUsedAgain) {
  const uintptr_t memory = client_->Map(4 * PAGE_SIZE, 0x10);
  PMDL first = Lock(memory, 4 * PAGE_SIZE);
  // The address begins a second life.
  client_->MapAt(memory, 4 * PAGE_SIZE, 0x20);
  PMDL second = Lock(memory, 4 * PAGE_SIZE);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(Address(first)[0], 0x10);
  EXPECT_EQ(Address(second)[0], 0x20);
  Address(first)[0] = 0x11;
  EXPECT_EQ(client_->Load<uint8_t>(memory), 0x20);
  Address(second)[0] = 0x21;
  EXPECT_EQ(client_->Load<uint8_t>(memory), 0x21);
  EXPECT_EQ(Address(first)[0], 0x11);
  Unlock(first);
  Unlock(second);
}

TEST_F(ClientMemoryTest, AMappingThatMovedKeepsItsFrames) {
  const uintptr_t memory = client_->Map(PAGE_SIZE, 0x10);
  Unlock(Lock(memory, PAGE_SIZE));
  const uintptr_t moved = client_->Call([memory] {
    void* to = mmap(nullptr, PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const int how = MREMAP_MAYMOVE | MREMAP_FIXED;
    return reinterpret_cast<uintptr_t>(
        mremap(reinterpret_cast<void*>(memory), PAGE_SIZE, PAGE_SIZE, how, to));
  });
  client_->MapAt(memory, PAGE_SIZE, 0x20);
  PMDL first = Lock(moved, PAGE_SIZE);
  PMDL second = Lock(memory, PAGE_SIZE);
  EXPECT_EQ(Address(first)[0], 0x10);
  EXPECT_EQ(Address(second)[0], 0x20);
  Unlock(first);
  Unlock(second);
  EXPECT_EQ(client_->Load<uint8_t>(moved), 0x10);
  EXPECT_EQ(client_->Load<uint8_t>(memory), 0x20);
}

TEST_F(ClientMemoryTest, FramesOfOthersAreOutOfReach) {
  const uintptr_t theirs = other_->Map(PAGE_SIZE, 0x66);
  client_->Detach();
  other_->Attach();
  PMDL their_mdl = Lock(theirs, PAGE_SIZE);
  ASSERT_NE(their_mdl, nullptr);
  other_->Detach();
  client_->Attach();
  const uintptr_t memory = client_->Map(PAGE_SIZE, 0x10);
  Unlock(Lock(memory, PAGE_SIZE));
  // The application shows a part of its own object that has the numbers of the other's frames.
  const uint64_t offset = ClientMemory::OffsetOf(MmGetMdlPfnArray(their_mdl)[0]);
  ASSERT_TRUE(client_
                  ->Carry({.kind = OrderKind::kMapObject,
                           .object = 1,
                           .address = memory,
                           .byte_count = PAGE_SIZE,
                           .offset = offset,
                           .protection = 3})
                  .ok());
  PMDL mdl = Lock(memory, PAGE_SIZE);
  ASSERT_NE(mdl, nullptr);
  EXPECT_NE(MmGetMdlPfnArray(mdl)[0], MmGetMdlPfnArray(their_mdl)[0]);
  EXPECT_EQ(Address(mdl)[0], 0);
  Unlock(mdl);
  Unlock(their_mdl);
}

// ---- Growing and shrinking

TEST_F(ClientMemoryTest, MemoryThatTheApplicationNoLongerHasIsGivenBack) {
  constexpr size_t kBytes = 16 << 20;
  for (int i = 0; i < 20; ++i) {
    const uintptr_t memory = client_->Map(kBytes, 0x10);
    PMDL mdl = Lock(memory, kBytes);
    ASSERT_NE(mdl, nullptr);
    EXPECT_EQ(Address(mdl)[kBytes - 1], 0x10);
    Unlock(mdl);
    client_->Unmap(memory, kBytes);
    EXPECT_LE(UsedPages(), 96u << 20 >> PAGE_SHIFT);
  }
}

TEST_F(ClientMemoryTest, AClientCannotHaveTheWholeWindow) {
  // A page in each of many GiB.
  constexpr uintptr_t kFirst = 0x7a00'0000'0000;
  for (uint64_t i = 0; i < 900; ++i) {
    const uintptr_t at = kFirst + i * kGiB;
    client_->MapAt(at, PAGE_SIZE, 1, PROT_READ | PROT_WRITE, MAP_FIXED_NOREPLACE);
    PMDL mdl = Lock(at, PAGE_SIZE);
    ASSERT_NE(mdl, nullptr) << i;
    Unlock(mdl);
  }
  EXPECT_EQ(Adoptions(), 900u);
  EXPECT_LT(BlockCount(), 700u);
  EXPECT_GT(TheState().client_window.free_count(), 1300u);
}

// ---- Virtual memory

TEST_F(ClientMemoryTest, WhatIsCommittedNeedsNoAdoption) {
  const uintptr_t memory = Allocate(1 << 20);
  client_->Store<uint8_t>(memory + 5, 0x12);
  PMDL mdl = Lock(memory, 1 << 20);
  ASSERT_NE(mdl, nullptr);
  EXPECT_EQ(Adoptions(), 0u);
  EXPECT_EQ(Address(mdl)[5], 0x12);
  EXPECT_EQ(Address(mdl)[(1 << 20) - 1], 0);
  Unlock(mdl);
  Free(memory, 0, MEM_RELEASE);
  EXPECT_FALSE(client_->space().Grants(memory, memory + 1, Access::kRead));
  EXPECT_EQ(UsedPages(), 0u);
}

TEST_F(ClientMemoryTest, DecommittedPagesComeBackAsZeros) {
  const uintptr_t memory = Allocate(4 * PAGE_SIZE);
  for (int i = 0; i < 4; ++i) client_->Store<uint8_t>(memory + i * PAGE_SIZE, 0x12);
  Free(memory + PAGE_SIZE, 2 * PAGE_SIZE, MEM_DECOMMIT);
  EXPECT_FALSE(client_->space().Grants(memory + PAGE_SIZE, memory + PAGE_SIZE + 1, Access::kRead));
  EXPECT_EQ(UsedPages(), 2u);
  // What is committed already keeps its contents.
  EXPECT_EQ(Allocate(4 * PAGE_SIZE, MEM_COMMIT, memory), memory);
  EXPECT_EQ(client_->Load<uint8_t>(memory), 0x12);
  EXPECT_EQ(client_->Load<uint8_t>(memory + PAGE_SIZE), 0);
  EXPECT_EQ(client_->Load<uint8_t>(memory + 2 * PAGE_SIZE), 0);
  EXPECT_EQ(client_->Load<uint8_t>(memory + 3 * PAGE_SIZE), 0x12);
  Free(memory, 0, MEM_RELEASE);
}

TEST_F(ClientMemoryTest, FramesOfAnEarlierLifeAreZerosWhenCommitted) {
  constexpr size_t kBytes = 32 * PAGE_SIZE;
  const uintptr_t memory = client_->Map(kBytes, 0x12);
  PMDL mdl = Lock(memory, kBytes);
  ASSERT_NE(mdl, nullptr);
  Unlock(mdl);
  client_->Unmap(memory, kBytes);
  const uintptr_t aligned = (memory + 0xffff) & ~uintptr_t{0xffff};
  EXPECT_EQ(Allocate(PAGE_SIZE, MEM_RESERVE | MEM_COMMIT, aligned), aligned);
  EXPECT_EQ(client_->Load<uint8_t>(aligned), 0);
  EXPECT_EQ(UsedPages(), 1u);
  Free(aligned, 0, MEM_RELEASE);
}

TEST_F(ClientMemoryTest, LockedPagesStayWhatTheyAreWhenFreed) {
  const uintptr_t memory = Allocate(PAGE_SIZE);
  client_->Store<uint8_t>(memory, 0x12);
  PMDL mdl = Lock(memory, PAGE_SIZE);
  Free(memory, 0, MEM_RELEASE);
  EXPECT_EQ(Address(mdl)[0], 0x12);
  EXPECT_EQ(Allocate(PAGE_SIZE, MEM_RESERVE | MEM_COMMIT, memory), memory);
  EXPECT_EQ(client_->Load<uint8_t>(memory), 0);
  client_->Store<uint8_t>(memory, 0x13);
  EXPECT_EQ(Address(mdl)[0], 0x12);
  Unlock(mdl);
  Free(memory, 0, MEM_RELEASE);
}

TEST_F(ClientMemoryTest, ProtectionIsKeptByAdoptionAndLocks) {
  const uintptr_t memory = Allocate(2 * PAGE_SIZE);
  void* base = Pointer(memory);
  size_t bytes = PAGE_SIZE;
  ULONG old;
  EXPECT_EQ(ProtectVirtualMemory(client_->eprocess(), &base, &bytes, PAGE_READONLY, &old), STATUS_SUCCESS);
  EXPECT_EQ(old, static_cast<ULONG>(PAGE_READWRITE));
  EXPECT_EQ(Lock(memory, PAGE_SIZE, IoWriteAccess), nullptr);
  PMDL mdl = Lock(memory, 2 * PAGE_SIZE, IoReadAccess);
  ASSERT_NE(mdl, nullptr);
  EXPECT_TRUE(IsClientFrameAddress(reinterpret_cast<uintptr_t>(Address(mdl))));
  Unlock(mdl);
  MEMORY_BASIC_INFORMATION information;
  EXPECT_EQ(QueryVirtualMemory(client_->eprocess(), Pointer(memory), &information), STATUS_SUCCESS);
  EXPECT_EQ(information.Protect, static_cast<ULONG>(PAGE_READONLY));
  EXPECT_EQ(information.RegionSize, static_cast<SIZE_T>(PAGE_SIZE));
}

// Memory whose protection is about to change, or that is about to be freed, cannot be secured any more.
TEST_F(ClientMemoryTest, SecuredMemoryIsNeverStricterThanWasPromised) {
  constexpr int kRounds = 50;
  VirtualMemory& virtual_memory = client_->space().virtual_memory();
  for (int round = 0; round < kRounds; ++round) {
    const OrderKind kind = round % 2 == 0 ? OrderKind::kProtect : OrderKind::kRelease;
    const uintptr_t memory = Allocate(PAGE_SIZE);
    HANDLE secured = nullptr;
    std::atomic<bool> looks{false};
    std::thread other;
    client_->Interrupt(TestClient::When::kBefore, kind, [&] {
      other = std::thread([&] {
        looks = true;
        secured = virtual_memory.Secure(client_->eprocess(), memory, PAGE_SIZE, PAGE_READWRITE, 0);
      });
      while (!looks) std::this_thread::yield();
    });
    if (kind == OrderKind::kProtect) {
      void* base = Pointer(memory);
      size_t bytes = PAGE_SIZE;
      ULONG old;
      EXPECT_EQ(ProtectVirtualMemory(client_->eprocess(), &base, &bytes, PAGE_READONLY, &old),
                STATUS_SUCCESS);
    } else {
      Free(memory, 0, MEM_RELEASE);
    }
    other.join();
    client_->Interrupt(TestClient::When::kBefore, kind, nullptr);
    EXPECT_EQ(secured, nullptr) << round;
    if (secured != nullptr) virtual_memory.Unsecure(client_->eprocess(), secured);
    if (kind == OrderKind::kProtect) Free(memory, 0, MEM_RELEASE);
  }
}

TEST_F(ClientMemoryTest, LockersAndFreersAtOnce) {
  // Allocations come and go while others lock what they find; whoever got a lock sees its own writes until it
  // unlocks.
  constexpr size_t kBytes = 16 * PAGE_SIZE;
  std::atomic<uintptr_t> current{Allocate(kBytes)};
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> locks{0}, lost{0};
  std::vector<std::thread> lockers;
  PKPROCESS process = client_->process();
  for (int t = 0; t < 3; ++t) {
    lockers.emplace_back([&, t] {
      ke::CurrentThread()->process = process;
      while (!stop.load()) {
        const uintptr_t at = current.load() + static_cast<uintptr_t>(t) * 4 * PAGE_SIZE;
        NTSTATUS raised;
        PMDL mdl = TryLock(at, 4 * PAGE_SIZE, IoModifyAccess, &raised);
        if (mdl == nullptr) continue;
        volatile uint8_t* bytes = Address(mdl);
        for (int i = 0; i < 4; ++i) bytes[i * PAGE_SIZE] = static_cast<uint8_t>(t + 1);
        for (int i = 0; i < 4; ++i) lost += bytes[i * PAGE_SIZE] == t + 1 ? 0 : 1;
        ++locks;
        Unlock(mdl);
      }
    });
  }
  for (int i = 0; i < 300 || locks.load() < 100; ++i) {
    const uintptr_t next = Allocate(kBytes);
    const uintptr_t old = current.exchange(next);
    Free(old, 0, MEM_RELEASE);
  }
  stop = true;
  for (std::thread& locker : lockers) locker.join();
  EXPECT_EQ(lost.load(), 0u);
  EXPECT_EQ(LockedPagesOf(client_->eprocess()), 0u);
}

}  // namespace
}  // namespace ring3::mm
