// SPDX-License-Identifier: MIT
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "ddi/ke.h"
#include "ddi/mm_ntddk.h"
#include "mm/client_space_test.h"
#include "mm/locked_pages.h"
#include "mm/user_memory.h"

namespace ring3::mm {
namespace {

using ClientLockingTest = ClientSpaceTest;

TEST_F(ClientLockingTest, LockedPagesAreTheApplicationsOwn) {
  constexpr size_t kBytes = 300 * PAGE_SIZE;
  const uintptr_t memory = client_->Map(kBytes, 0x5A);
  PMDL mdl = Lock(memory + 10, kBytes - 20);
  ASSERT_NE(mdl, nullptr);
  EXPECT_EQ(Adoptions(), 1u);
  volatile uint8_t* bytes = Address(mdl);
  ASSERT_NE(bytes, nullptr);
  EXPECT_TRUE(IsClientFrameAddress(reinterpret_cast<uintptr_t>(bytes)));
  EXPECT_EQ(bytes[kBytes / 2], 0x5A);
  bytes[0] = 1;
  EXPECT_EQ(client_->Load<uint8_t>(memory + 10), 1);
  client_->Store<uint8_t>(memory + 10 + kBytes / 2, 2);
  EXPECT_EQ(bytes[kBytes / 2], 2);
  ExpectConsecutiveFrames(mdl, 300);
  Unlock(mdl);
  EXPECT_EQ(LockedPagesOf(client_->eprocess()), 0u);

  // From now on for free.
  mdl = Lock(memory, kBytes);
  EXPECT_EQ(Adoptions(), 1u);
  EXPECT_EQ(client_->Load<uint8_t>(memory + 10), 1);
  Unlock(mdl);
}

TEST_F(ClientLockingTest, HeapAndGlobalsAreAdopted) {
  static uint8_t global[3 * PAGE_SIZE] = {1};
  const uintptr_t heap = client_->Call([] { return reinterpret_cast<uintptr_t>(malloc(5000)); });
  for (const uintptr_t memory : {heap, reinterpret_cast<uintptr_t>(global)}) {
    client_->Store<uint8_t>(memory + 4000, 9);
    PMDL mdl = Lock(memory, 5000);
    ASSERT_NE(mdl, nullptr);
    EXPECT_EQ(Address(mdl)[4000], 9);
    Address(mdl)[4999] = 77;
    EXPECT_EQ(client_->Load<uint8_t>(memory + 4999), 77);
    Unlock(mdl);
  }
  EXPECT_GE(Adoptions(), 2u);
}

TEST_F(ClientLockingTest, AFailedLockLeavesNothing) {
  const uintptr_t memory = client_->Map(4 * PAGE_SIZE, 0x44);
  client_->Unmap(memory + 3 * PAGE_SIZE, PAGE_SIZE);
  client_->space().RegisterStack(memory, memory + PAGE_SIZE);
  EXPECT_EQ(Lock(memory, 4 * PAGE_SIZE), nullptr);
  EXPECT_EQ(raised_, STATUS_ACCESS_VIOLATION);
  EXPECT_EQ(LockedPagesOf(client_->eprocess()), 0u);
}

TEST_F(ClientLockingTest, SelectedPagesAreLockedInTheirOrder) {
  const uintptr_t memory = client_->Map(8 * PAGE_SIZE, 0);
  for (uint8_t i = 0; i < 8; ++i) client_->Store<uint8_t>(memory + i * PAGE_SIZE, i);
  FILE_SEGMENT_ELEMENT segments[4] = {};
  const uint8_t order[3] = {5, 1, 2};
  for (int i = 0; i < 3; ++i) segments[i].Buffer = Pointer(memory + order[i] * PAGE_SIZE);
  PMDL mdl = IoAllocateMdl(Pointer(memory), 3 * PAGE_SIZE, FALSE, FALSE, nullptr);
  ASSERT_EQ(RaisedBy([&] { MmProbeAndLockSelectedPages(mdl, segments, UserMode, IoModifyAccess); }),
            STATUS_SUCCESS);
  volatile uint8_t* bytes = Address(mdl);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bytes[i * PAGE_SIZE], order[i]);
  bytes[PAGE_SIZE] = 0x71;
  EXPECT_EQ(client_->Load<uint8_t>(memory + PAGE_SIZE), 0x71);
  EXPECT_EQ(LockedPagesOf(client_->eprocess()), 3u);
  Unlock(mdl);
}

TEST_F(ClientLockingTest, SelectedPagesMayLieOnBothSidesOfSystemSpace) {
  const uintptr_t memory[2] = {0x5600'0000'0000, 0x7e20'0000'0000};
  FILE_SEGMENT_ELEMENT segments[3] = {};
  for (uint8_t i = 0; i < 2; ++i) {
    client_->MapAt(memory[i], PAGE_SIZE, static_cast<uint8_t>(0x20 + i));
    segments[i].Buffer = Pointer(memory[i]);
  }
  PMDL mdl = IoAllocateMdl(Pointer(memory[0]), 2 * PAGE_SIZE, FALSE, FALSE, nullptr);
  ASSERT_EQ(RaisedBy([&] { MmProbeAndLockSelectedPages(mdl, segments, UserMode, IoModifyAccess); }),
            STATUS_SUCCESS);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Address(mdl)[i * PAGE_SIZE], 0x20 + i);
    Address(mdl)[i * PAGE_SIZE] = 0x71;
    EXPECT_EQ(client_->Load<uint8_t>(memory[i]), 0x71);
  }
  Unlock(mdl);
}

TEST_F(ClientLockingTest, PagesOfAnotherProcessCanBeLocked) {
  const uintptr_t memory = client_->Map(PAGE_SIZE, 0x10);
  client_->Detach();
  PMDL mdl = IoAllocateMdl(Pointer(memory), PAGE_SIZE, FALSE, FALSE, nullptr);
  ASSERT_EQ(RaisedBy([&] { MmProbeAndLockProcessPages(mdl, client_->eprocess(), UserMode, IoModifyAccess); }),
            STATUS_SUCCESS);
  EXPECT_EQ(LockedPagesOf(client_->eprocess()), 1u);
  Address(mdl)[0] = 0x11;
  EXPECT_EQ(client_->Load<uint8_t>(memory), 0x11);
  Unlock(mdl);
}

TEST_F(ClientLockingTest, AnMdlThatWasAdvancedIsUnlockedWhole) {
  const uintptr_t memory = client_->Map(4 * PAGE_SIZE, 0x10);
  PMDL mdl = Lock(memory, 4 * PAGE_SIZE);
  EXPECT_EQ(MmAdvanceMdl(mdl, 3 * PAGE_SIZE), STATUS_SUCCESS);
  Address(mdl)[0] = 0x11;
  EXPECT_EQ(client_->Load<uint8_t>(memory + 3 * PAGE_SIZE), 0x11);
  Unlock(mdl);
}

// ---- By a copy

TEST_F(ClientLockingTest, ReadOnlyMemoryIsLockedForReadingByACopy) {
  const uintptr_t memory = client_->Map(3 * PAGE_SIZE, 0x44, PROT_READ);
  client_->Unmap(memory + 2 * PAGE_SIZE, PAGE_SIZE);
  EXPECT_EQ(Lock(memory, PAGE_SIZE, IoWriteAccess), nullptr);
  EXPECT_EQ(raised_, STATUS_ACCESS_VIOLATION);
  PMDL mdl = Lock(memory, 2 * PAGE_SIZE, IoReadAccess);
  ASSERT_NE(mdl, nullptr);
  EXPECT_EQ(Adoptions(), 0u);
  EXPECT_EQ(Address(mdl)[5000], 0x44);
  Unlock(mdl);
  EXPECT_EQ(Lock(memory, 3 * PAGE_SIZE, IoReadAccess), nullptr);
}

TEST_F(ClientLockingTest, StacksAreCopiedAndChangesWrittenBack) {
  const uintptr_t memory = client_->Map(6 * PAGE_SIZE, 0x10);
  client_->space().RegisterStack(memory + 2 * PAGE_SIZE, memory + 4 * PAGE_SIZE);
  PMDL mdl = Lock(memory + 100, 6 * PAGE_SIZE - 200);
  ASSERT_NE(mdl, nullptr);
  EXPECT_EQ(Adoptions(), 2u);
  volatile uint8_t* bytes = Address(mdl);
  const size_t in_stack = 3 * PAGE_SIZE - 100;
  bytes[in_stack] = 0x20;
  bytes[in_stack + 2] = 0x21;
  // The copy is a copy.
  EXPECT_EQ(client_->Load<uint8_t>(memory + 3 * PAGE_SIZE), 0x10);
  client_->Store<uint8_t>(memory + 3 * PAGE_SIZE + 1, 0x30);
  Unlock(mdl);
  EXPECT_EQ(client_->Load<uint8_t>(memory + 3 * PAGE_SIZE), 0x20);
  EXPECT_EQ(client_->Load<uint8_t>(memory + 3 * PAGE_SIZE + 1), 0x30);
  EXPECT_EQ(client_->Load<uint8_t>(memory + 3 * PAGE_SIZE + 2), 0x21);

  client_->space().ForgetStack(memory + 2 * PAGE_SIZE);
  Unlock(Lock(memory, 6 * PAGE_SIZE));
  EXPECT_EQ(Adoptions(), 3u);
}

TEST_F(ClientLockingTest, OnlyTheLockedBytesAreWrittenBack) {
  const uintptr_t memory = client_->Map(PAGE_SIZE, 0x10);
  client_->space().RegisterStack(memory, memory + PAGE_SIZE);
  PMDL mdl = Lock(memory + 1000, 100);
  volatile uint8_t* bytes = Address(mdl);
  for (const int at : {-1, 0, 99, 100}) bytes[at] = 0x20;
  Unlock(mdl);
  EXPECT_EQ(client_->Load<uint8_t>(memory + 999), 0x10);
  EXPECT_EQ(client_->Load<uint8_t>(memory + 1000), 0x20);
  EXPECT_EQ(client_->Load<uint8_t>(memory + 1099), 0x20);
  EXPECT_EQ(client_->Load<uint8_t>(memory + 1100), 0x10);
}

TEST_F(ClientLockingTest, WhatWasTakenAwayDoesNotKeepTheRestFromBeingWrittenBack) {
  for (const bool unmapped : {false, true}) {
    const uintptr_t memory = client_->Map(3 * PAGE_SIZE, 0x10);
    client_->space().RegisterStack(memory, memory + 3 * PAGE_SIZE);
    PMDL mdl = Lock(memory, 3 * PAGE_SIZE);
    ASSERT_NE(mdl, nullptr);
    std::memset(const_cast<uint8_t*>(Address(mdl)), 0x20, 3 * PAGE_SIZE);
    if (unmapped) {
      client_->Unmap(memory, PAGE_SIZE);
    } else {
      client_->Protect(memory, PAGE_SIZE, PROT_READ);
    }
    Unlock(mdl);
    if (!unmapped) {
      EXPECT_EQ(client_->Load<uint8_t>(memory + PAGE_SIZE - 1), 0x10);
    }
    EXPECT_EQ(client_->Load<uint8_t>(memory + PAGE_SIZE), 0x20);
    EXPECT_EQ(client_->Load<uint8_t>(memory + 3 * PAGE_SIZE - 1), 0x20);
  }
}

TEST_F(ClientLockingTest, WritingBackWaitsForAnAdoption) {
  const uintptr_t memory = client_->Map(2 * PAGE_SIZE, 0x10);
  client_->space().RegisterStack(memory, memory + 2 * PAGE_SIZE);
  PMDL mdl = Lock(memory, 2 * PAGE_SIZE);
  ASSERT_NE(mdl, nullptr);
  for (const int at : {0, PAGE_SIZE}) Address(mdl)[at] = 0x20;
  std::thread other;
  {
    const ClientMemory::Exchange adoption(Space().memory());
    client_->Protect(memory + PAGE_SIZE, PAGE_SIZE, PROT_READ);
    other = std::thread([&] { Unlock(mdl); });
    while (client_->Load<uint8_t>(memory) != 0x20) std::this_thread::yield();
    client_->Protect(memory + PAGE_SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE);
  }
  other.join();
  EXPECT_EQ(client_->Load<uint8_t>(memory + PAGE_SIZE), 0x20);
}

TEST_F(ClientLockingTest, TheFirstThreadsStackIsKnown) {
  const uintptr_t text = client_->Call([] { return reinterpret_cast<uintptr_t>(environ[0]); });
  PMDL mdl = Lock(text, 4);
  ASSERT_NE(mdl, nullptr);
  EXPECT_EQ(Adoptions(), 0u);
  Address(mdl)[0] = '!';
  KIRQL irql;
  KeRaiseIrql(DISPATCH_LEVEL, &irql);
  MmUnlockPages(mdl);
  KeLowerIrql(irql);
  IoFreeMdl(mdl);
  EXPECT_EQ(client_->Load<char>(text), '!');
}

TEST_F(ClientLockingTest, AnApplicationThatDoesNotDoAsItIsToldGetsACopy) {
  client_->Ignore(OrderKind::kAdopt);
  const uintptr_t memory = client_->Map(PAGE_SIZE, 0x10);
  PMDL mdl = Lock(memory, PAGE_SIZE);
  ASSERT_NE(mdl, nullptr);
  EXPECT_FALSE(IsClientFrameAddress(reinterpret_cast<uintptr_t>(Address(mdl))));
  Address(mdl)[7] = 0x11;
  Unlock(mdl);
  EXPECT_EQ(client_->Load<uint8_t>(memory + 7), 0x11);
}

// ---- The application ends

TEST_F(ClientLockingTest, LockedPagesOutliveTheApplication) {
  const uintptr_t memory = client_->Map(2 * PAGE_SIZE, 0x10);
  client_->space().RegisterStack(memory + PAGE_SIZE, memory + 2 * PAGE_SIZE);
  PMDL mdl = Lock(memory, 2 * PAGE_SIZE);
  volatile uint8_t* bytes = Address(mdl);
  client_->Kill();
  EXPECT_EQ(bytes[0], 0x10);
  uint8_t byte;
  EXPECT_EQ(CopyFromUser(&byte, Pointer(memory), 1), STATUS_ACCESS_VIOLATION);
  client_->End();
  EXPECT_EQ(bytes[0], 0x10);
  bytes[0] = 0x11;
  bytes[PAGE_SIZE] = 0x11;
  EXPECT_EQ(bytes[0], 0x11);
  EXPECT_NE(TheState().client_window.free_count(), ClientWindow::kBlocks);
  Unlock(mdl);
  EXPECT_EQ(TheState().client_window.free_count(), ClientWindow::kBlocks);
}

// Applications that end under way.
class ClientVictimsTest : public ClientSpaceTest {
 protected:
  static constexpr int kVictims = 20;
  void SetUp() override {
    for (int i = 0; i < kVictims; ++i) victims_.push_back(std::make_unique<TestClient>());
    ClientSpaceTest::SetUp();
  }
  std::vector<std::unique_ptr<TestClient>> victims_;
};

TEST_F(ClientVictimsTest, KilledWhileItsPagesAreBeingLocked) {
  for (int round = 0; round < kVictims; ++round) {
    TestClient& victim = *victims_[static_cast<size_t>(round)];
    victim.Begin();
    constexpr size_t kPages = 64;
    const uintptr_t memory = victim.Map(kPages * PAGE_SIZE, 0x10);
    victim.space().RegisterStack(memory + 40 * PAGE_SIZE, memory + 41 * PAGE_SIZE);
    std::atomic<int> locks{0};
    std::vector<PMDL> kept;
    std::thread locker([&] {
      ke::CurrentThread()->process = victim.process();
      for (uint64_t i = 0;; ++i) {
        const uintptr_t at = memory + i * 7 % (kPages - 1) * PAGE_SIZE;
        NTSTATUS raised;
        PMDL mdl = TryLock(at, 2 * PAGE_SIZE, IoModifyAccess, &raised);
        if (mdl == nullptr) break;
        Address(mdl)[0] = 0x20;
        kept.push_back(mdl);
        ++locks;
        if (kept.size() > 8) {
          Unlock(kept.front());
          kept.erase(kept.begin());
        }
      }
      ke::CurrentThread()->process = nullptr;
    });
    while (locks.load() < round * 5) std::this_thread::yield();
    victim.Kill();
    locker.join();
    victim.End();
    for (PMDL mdl : kept) {
      Address(mdl)[PAGE_SIZE] = 0x21;
      Unlock(mdl);
    }
  }
}

}  // namespace
}  // namespace ring3::mm
