// SPDX-License-Identifier: MIT
#include "mm/client_space.h"

#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "ddi/ex.h"
#include "ddi/io.h"
#include "ddi/ke.h"
#include "ddi/mm_ntddk.h"
#include "mm/locked_pages.h"
#include "mm/memory_test.h"
#include "mm/state.h"
#include "mm/test_client.h"
#include "mm/test_raise.h"
#include "mm/user_memory.h"

namespace ring3::mm {
namespace {

class ClientSpaceTest : public MemoryTest {
 protected:
  void SetUp() override {
    client_ = std::make_unique<TestClient>();
    other_ = std::make_unique<TestClient>();
    MemoryTest::SetUp();
    client_->Begin();
    other_->Begin();
    client_->Attach();
  }
  void TearDown() override {
    client_->End();
    other_->End();
    EXPECT_EQ(TheState().client_window.free_count(), ClientWindow::kBlocks);
    MemoryTest::TearDown();
  }

  // An MDL over locked pages; null where that raises, with the status in `raised_`.
  PMDL Lock(uintptr_t address, ULONG byte_count, LOCK_OPERATION operation = IoModifyAccess) {
    PMDL mdl = IoAllocateMdl(reinterpret_cast<PVOID>(address), byte_count, FALSE, FALSE, nullptr);
    raised_ = RaisedBy([&] { MmProbeAndLockPages(mdl, UserMode, operation); });
    if (raised_ == STATUS_SUCCESS) return mdl;
    IoFreeMdl(mdl);
    return nullptr;
  }
  static volatile uint8_t* Address(PMDL mdl) {
    return static_cast<volatile uint8_t*>(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
  }
  static void Unlock(PMDL mdl) {
    MmUnlockPages(mdl);
    IoFreeMdl(mdl);
  }
  uint64_t Adoptions() { return client_->orders(OrderKind::kAdopt); }
  ClientAddressSpace& Space() { return static_cast<ClientAddressSpace&>(client_->space()); }
  uint64_t UsedPages() {
    os::MutexGuard guard(Space().memory().changes);
    return Space().memory().used_pages();
  }
  uint64_t BlockCount() {
    os::MutexGuard guard(Space().memory().changes);
    return Space().memory().block_count();
  }

  std::unique_ptr<TestClient> client_, other_;
  NTSTATUS raised_ = STATUS_SUCCESS;
};

void* Pointer(uintptr_t address) {
  return reinterpret_cast<void*>(address);
}

// ---- Copies and probes

TEST_F(ClientSpaceTest, MemoryIsCopiedBothWays) {
  const uintptr_t memory = client_->Map(3 * PAGE_SIZE, 0x11);
  std::vector<uint8_t> bytes(2 * PAGE_SIZE);
  EXPECT_EQ(CopyFromUser(bytes.data(), Pointer(memory + 100), bytes.size()), STATUS_SUCCESS);
  EXPECT_EQ(bytes.back(), 0x11);
  std::memset(bytes.data(), 0x22, bytes.size());
  EXPECT_EQ(CopyToUser(Pointer(memory + 100), bytes.data(), bytes.size()), STATUS_SUCCESS);
  EXPECT_EQ(client_->Load<uint8_t>(memory + 99), 0x11);
  EXPECT_EQ(client_->Load<uint8_t>(memory + 100), 0x22);
  EXPECT_EQ(FillUser(Pointer(memory), 0x33, 2 * PAGE_SIZE + 1), STATUS_SUCCESS);
  EXPECT_EQ(client_->Load<uint8_t>(memory + 2 * PAGE_SIZE), 0x33);
  EXPECT_EQ(client_->Load<uint8_t>(memory + 2 * PAGE_SIZE + 1), 0x22);
}

TEST_F(ClientSpaceTest, WhatTheApplicationCannotAccessIsAnAccessViolation) {
  const uintptr_t memory = client_->Map(2 * PAGE_SIZE, 0x11, PROT_READ);
  client_->Unmap(memory + PAGE_SIZE, PAGE_SIZE);
  uint8_t bytes[16] = {};
  EXPECT_EQ(CopyFromUser(bytes, Pointer(memory), sizeof bytes), STATUS_SUCCESS);
  EXPECT_EQ(CopyToUser(Pointer(memory), bytes, sizeof bytes), STATUS_ACCESS_VIOLATION);
  EXPECT_EQ(CopyFromUser(bytes, Pointer(memory + PAGE_SIZE - 8), sizeof bytes), STATUS_ACCESS_VIOLATION);
  EXPECT_EQ(FillUser(Pointer(memory), 0, 1), STATUS_ACCESS_VIOLATION);
  EXPECT_EQ(CopyFromUser(bytes, Pointer(kSystemBase + PAGE_SIZE), 1), STATUS_ACCESS_VIOLATION);
  EXPECT_EQ(RaisedBy([&] { ProbeForWrite(Pointer(memory), 1, 1); }), STATUS_ACCESS_VIOLATION);
  EXPECT_EQ(RaisedBy([&] { ProbeForRead(Pointer(memory), 1, 1); }), STATUS_SUCCESS);
}

TEST_F(ClientSpaceTest, ProbingForWriteTouchesNothing) {
  const uintptr_t memory = client_->Map(PAGE_SIZE, 0);
  EXPECT_EQ(RaisedBy([&] { ProbeForWrite(Pointer(memory), PAGE_SIZE, 1); }), STATUS_SUCCESS);
  os::Region region;
  EXPECT_TRUE(client_->space().Find(memory, &region));
  EXPECT_FALSE(region.shared);
}

class InlineBytes final : public InlineMemory {
 public:
  InlineBytes(const AddressSpace& space, uintptr_t address) : InlineMemory(space), address_(address) {}
  bool Read(void* destination, uintptr_t address, size_t byte_count) override {
    if (!Covers(address, byte_count, Access::kRead)) return false;
    std::memcpy(destination, bytes + (address - address_), byte_count);
    return true;
  }
  bool Write(uintptr_t address, const void* source, size_t byte_count) override {
    if (!Covers(address, byte_count, Access::kWrite)) return false;
    std::memcpy(bytes + (address - address_), source, byte_count);
    return true;
  }
  bool Covers(uintptr_t address, size_t byte_count, Access) const override {
    return address >= address_ && address - address_ + byte_count <= sizeof bytes;
  }
  uint8_t bytes[64] = {};

 private:
  const uintptr_t address_;
};

TEST_F(ClientSpaceTest, WhatARequestBroughtAlongComesFirst) {
  constexpr uintptr_t kNowhere = 0x10000;
  InlineBytes inlined(client_->space(), kNowhere);
  t_inline_memory = &inlined;
  uint32_t value = 7;
  EXPECT_EQ(CopyToUser(Pointer(kNowhere + 4), &value, sizeof value), STATUS_SUCCESS);
  EXPECT_EQ(CopyFromUser(&value, Pointer(kNowhere + 4), sizeof value), STATUS_SUCCESS);
  EXPECT_EQ(value, 7u);
  EXPECT_EQ(ProbeUserWrite(Pointer(kNowhere), 64), STATUS_SUCCESS);
  EXPECT_EQ(ProbeUserWrite(Pointer(kNowhere), 65), STATUS_ACCESS_VIOLATION);
  // Another process' addresses are something else.
  client_->Detach();
  other_->Attach();
  EXPECT_EQ(CopyFromUser(&value, Pointer(kNowhere), sizeof value), STATUS_ACCESS_VIOLATION);
  other_->Detach();
  t_inline_memory = nullptr;
}

// ---- Locking

TEST_F(ClientSpaceTest, LockedPagesAreTheApplicationsOwn) {
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
  for (uint64_t i = 1; i < 300; ++i) EXPECT_EQ(MmGetMdlPfnArray(mdl)[i], MmGetMdlPfnArray(mdl)[0] + i);
  Unlock(mdl);
  EXPECT_EQ(LockedPagesOf(client_->eprocess()), 0u);

  // From now on for free.
  mdl = Lock(memory, kBytes);
  EXPECT_EQ(Adoptions(), 1u);
  EXPECT_EQ(client_->Load<uint8_t>(memory + 10), 1);
  Unlock(mdl);
}

TEST_F(ClientSpaceTest, NeighboursAreNeighbouringFrames) {
  const uintptr_t memory = client_->Map(8 * PAGE_SIZE, 0x5A);
  Unlock(Lock(memory + 5 * PAGE_SIZE, PAGE_SIZE));
  Unlock(Lock(memory, 2 * PAGE_SIZE));
  PMDL mdl = Lock(memory, 8 * PAGE_SIZE);
  EXPECT_EQ(Adoptions(), 4u);
  for (uint64_t i = 1; i < 8; ++i) EXPECT_EQ(MmGetMdlPfnArray(mdl)[i], MmGetMdlPfnArray(mdl)[0] + i);
  Unlock(mdl);
}

TEST_F(ClientSpaceTest, HeapAndGlobalsAreAdopted) {
  static uint8_t global[3 * PAGE_SIZE] = {1};
  const uintptr_t heap = client_->Call(
      [](uint64_t bytes, uint64_t, uint64_t) { return reinterpret_cast<uint64_t>(malloc(bytes)); }, 5000);
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

TEST_F(ClientSpaceTest, ReadOnlyMemoryIsLockedForReadingByACopy) {
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

TEST_F(ClientSpaceTest, AFailedLockLeavesNothing) {
  const uintptr_t memory = client_->Map(4 * PAGE_SIZE, 0x44);
  client_->Unmap(memory + 3 * PAGE_SIZE, PAGE_SIZE);
  client_->space().RegisterStack(memory, memory + PAGE_SIZE);
  EXPECT_EQ(Lock(memory, 4 * PAGE_SIZE), nullptr);
  EXPECT_EQ(raised_, STATUS_ACCESS_VIOLATION);
  EXPECT_EQ(LockedPagesOf(client_->eprocess()), 0u);
}

TEST_F(ClientSpaceTest, StacksAreCopiedAndChangesWrittenBack) {
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

TEST_F(ClientSpaceTest, OnlyTheLockedBytesAreWrittenBack) {
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

TEST_F(ClientSpaceTest, TheFirstThreadsStackIsKnown) {
  const uintptr_t text =
      client_->Call([](uint64_t, uint64_t, uint64_t) { return reinterpret_cast<uint64_t>(environ[0]); });
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

TEST_F(ClientSpaceTest, AnApplicationThatDoesNotDoAsItIsToldGetsACopy) {
  client_->Ignore(OrderKind::kAdopt);
  const uintptr_t memory = client_->Map(PAGE_SIZE, 0x10);
  PMDL mdl = Lock(memory, PAGE_SIZE);
  ASSERT_NE(mdl, nullptr);
  EXPECT_FALSE(IsClientFrameAddress(reinterpret_cast<uintptr_t>(Address(mdl))));
  Address(mdl)[7] = 0x11;
  Unlock(mdl);
  EXPECT_EQ(client_->Load<uint8_t>(memory + 7), 0x11);
}

// While the application adopts memory for one thread, others find it read-only.
TEST_F(ClientSpaceTest, MemoryThatIsBeingAdoptedIsWaitedFor) {
  constexpr uint8_t kByte = 0x11;
  const uintptr_t memory = client_->Map(2 * PAGE_SIZE, 0x10);
  for (int round = 0; round < 20; ++round) {
    std::atomic<bool> looks{false};
    bool granted = false, written = false, writable = false;
    std::thread other;
    {
      os::MutexGuard guard(Space().memory().changes);
      const ClientMemory::Adopting adopting(Space().memory());
      client_->Protect(memory, 2 * PAGE_SIZE, PROT_READ);
      other = std::thread([&] {
        os::Region region;
        looks = true;
        granted = Space().Grants(memory, memory + PAGE_SIZE, Access::kWrite);
        writable = Space().Find(memory, &region) && region.writable;
        written = Space().Write(memory, &kByte, 1);
      });
      while (!looks) std::this_thread::yield();
      client_->Protect(memory, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE);
    }
    other.join();
    ASSERT_TRUE(granted && writable && written);
    ASSERT_EQ(client_->Load<uint8_t>(memory), kByte);
  }
}

TEST_F(ClientSpaceTest, AnAdoptionThatDoesNotEndIsGivenUpOn) {
  constexpr uint8_t kByte = 0x11;
  const uintptr_t memory = client_->Map(PAGE_SIZE, 0x10, PROT_READ);
  os::MutexGuard guard(Space().memory().changes);
  const ClientMemory::Adopting adopting(Space().memory());
  const uint32_t since = Space().memory().adoptions();
  EXPECT_FALSE(Space().Grants(memory, memory + PAGE_SIZE, Access::kWrite));
  EXPECT_FALSE(Space().Write(memory, &kByte, 1));
  EXPECT_FALSE(Space().memory().WaitForAdoption(since));
}

TEST_F(ClientSpaceTest, FramesOfLockedPagesAreNotUsedAgain) {
  const uintptr_t memory = client_->Map(4 * PAGE_SIZE, 0x10);
  PMDL first = Lock(memory, 4 * PAGE_SIZE);
  // The address begins a second life.
  client_->Call(
      [](uint64_t at, uint64_t bytes, uint64_t) {
        void* again = mmap(reinterpret_cast<void*>(at), bytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        std::memset(again, 0x20, bytes);
        return uint64_t{0};
      },
      memory, 4 * PAGE_SIZE);
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

TEST_F(ClientSpaceTest, AMappingThatMovedKeepsItsFrames) {
  const uintptr_t memory = client_->Map(PAGE_SIZE, 0x10);
  Unlock(Lock(memory, PAGE_SIZE));
  const uintptr_t moved = client_->Call(
      [](uint64_t at, uint64_t, uint64_t) {
        void* to = mmap(nullptr, PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        void* result =
            mremap(reinterpret_cast<void*>(at), PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
        void* again = mmap(reinterpret_cast<void*>(at), PAGE_SIZE, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        std::memset(again, 0x20, PAGE_SIZE);
        return reinterpret_cast<uint64_t>(result);
      },
      memory);
  PMDL first = Lock(moved, PAGE_SIZE);
  PMDL second = Lock(memory, PAGE_SIZE);
  EXPECT_EQ(Address(first)[0], 0x10);
  EXPECT_EQ(Address(second)[0], 0x20);
  Unlock(first);
  Unlock(second);
  EXPECT_EQ(client_->Load<uint8_t>(moved), 0x10);
  EXPECT_EQ(client_->Load<uint8_t>(memory), 0x20);
}

TEST_F(ClientSpaceTest, LockedPagesOutliveTheApplication) {
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

TEST_F(ClientSpaceTest, FramesOfOthersAreOutOfReach) {
  const uintptr_t theirs = other_->Map(PAGE_SIZE, 0x66);
  PMDL their_mdl = IoAllocateMdl(Pointer(theirs), PAGE_SIZE, FALSE, FALSE, nullptr);
  client_->Detach();
  other_->Attach();
  ASSERT_EQ(RaisedBy([&] { MmProbeAndLockPages(their_mdl, UserMode, IoModifyAccess); }), STATUS_SUCCESS);
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

TEST_F(ClientSpaceTest, SelectedPagesAreLockedInTheirOrder) {
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

TEST_F(ClientSpaceTest, PagesOfAnotherProcessCanBeLocked) {
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

TEST_F(ClientSpaceTest, AnMdlThatWasAdvancedIsUnlockedWhole) {
  const uintptr_t memory = client_->Map(4 * PAGE_SIZE, 0x10);
  PMDL mdl = Lock(memory, 4 * PAGE_SIZE);
  EXPECT_EQ(MmAdvanceMdl(mdl, 3 * PAGE_SIZE), STATUS_SUCCESS);
  Address(mdl)[0] = 0x11;
  EXPECT_EQ(client_->Load<uint8_t>(memory + 3 * PAGE_SIZE), 0x11);
  Unlock(mdl);
}

// ---- Driver memory that the application was given

// Where the test program has no memory: an address that it has is its own in any context.
constexpr uintptr_t kViewAddress = 0x7ae0'0000'0000;

TEST_F(ClientSpaceTest, AViewOfDriverMemoryIsLockedAsWhatItIs) {
  PMDL pages = MmAllocatePagesForMdl({}, {.QuadPart = -1}, {}, 4 * PAGE_SIZE);
  ASSERT_NE(pages, nullptr);
  void* view = nullptr;
  ASSERT_EQ(RaisedBy([&] {
              view = MmMapLockedPagesSpecifyCache(pages, UserMode, MmCached, Pointer(kViewAddress), FALSE,
                                                  NormalPagePriority);
            }),
            STATUS_SUCCESS);
  const uintptr_t address = reinterpret_cast<uintptr_t>(view);
  client_->Store<uint8_t>(address + PAGE_SIZE, 0x31);
  PMDL mdl = Lock(address + PAGE_SIZE, 2 * PAGE_SIZE);
  ASSERT_NE(mdl, nullptr);
  EXPECT_EQ(Adoptions(), 0u);
  EXPECT_EQ(MmGetMdlPfnArray(mdl)[0], MmGetMdlPfnArray(pages)[1]);
  EXPECT_EQ(MmGetMdlPfnArray(mdl)[1], MmGetMdlPfnArray(pages)[2]);
  EXPECT_EQ(Address(mdl)[0], 0x31);
  EXPECT_EQ(static_cast<uint64_t>(MmGetPhysicalAddress(view).QuadPart),
            MmGetMdlPfnArray(pages)[0] * PAGE_SIZE);

  const std::vector<SharedRegion> shared = SharedRegionsOf(client_->eprocess());
  ASSERT_EQ(shared.size(), 2u);
  EXPECT_EQ(shared[0].kind, SharedRegion::Kind::kDriverMemory);
  EXPECT_EQ(shared[0].user_address, address);
  EXPECT_EQ(shared[1].kind, SharedRegion::Kind::kLockedPages);
  EXPECT_EQ(shared[1].page_count, 2u);
  EXPECT_TRUE(shared[1].writable);
  Unlock(mdl);
  MmUnmapLockedPages(view, pages);
  MmFreePagesFromMdl(pages);
  ExFreePool(pages);
}

TEST_F(ClientSpaceTest, AReadOnlyViewIsNotLockedForWriting) {
  PMDL pages = MmAllocatePagesForMdl({}, {.QuadPart = -1}, {}, PAGE_SIZE);
  void* view = nullptr;
  ASSERT_EQ(RaisedBy([&] {
              view = MmMapLockedPagesSpecifyCache(pages, UserMode, MmCached, Pointer(kViewAddress), FALSE,
                                                  NormalPagePriority | MdlMappingNoWrite);
            }),
            STATUS_SUCCESS);
  const uintptr_t address = reinterpret_cast<uintptr_t>(view);
  EXPECT_EQ(Lock(address, PAGE_SIZE, IoWriteAccess), nullptr);
  EXPECT_EQ(raised_, STATUS_ACCESS_VIOLATION);
  Unlock(Lock(address, PAGE_SIZE, IoReadAccess));
  // The application puts memory of its own there: that is what is locked now.
  client_->Call(
      [](uint64_t at, uint64_t, uint64_t) {
        mmap(reinterpret_cast<void*>(at), PAGE_SIZE, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        return uint64_t{0};
      },
      address);
  PMDL mdl = Lock(address, PAGE_SIZE, IoWriteAccess);
  ASSERT_NE(mdl, nullptr);
  EXPECT_NE(MmGetMdlPfnArray(mdl)[0], MmGetMdlPfnArray(pages)[0]);
  Unlock(mdl);
  MmUnmapLockedPages(view, pages);
  MmFreePagesFromMdl(pages);
  ExFreePool(pages);
}

// ---- Addresses

TEST_F(ClientSpaceTest, LockedPagesHavePhysicalAddresses) {
  const uintptr_t memory = client_->Map(2 * PAGE_SIZE, 0x10);
  EXPECT_EQ(MmGetPhysicalAddress(Pointer(memory)).QuadPart, 0);
  PMDL mdl = Lock(memory, 2 * PAGE_SIZE);
  const PHYSICAL_ADDRESS physical = MmGetPhysicalAddress(Pointer(memory + 5000));
  EXPECT_EQ(static_cast<uint64_t>(physical.QuadPart),
            MmGetMdlPfnArray(mdl)[1] * PAGE_SIZE + 5000 - PAGE_SIZE);
  EXPECT_EQ(MmGetPhysicalAddress(const_cast<uint8_t*>(Address(mdl)) + 5000).QuadPart, physical.QuadPart);
  EXPECT_EQ(MmGetVirtualForPhysical(physical), const_cast<uint8_t*>(Address(mdl)) + 5000);
  EXPECT_EQ(MmMapIoSpace(physical, 1, MmCached), const_cast<uint8_t*>(Address(mdl)) + 5000);

  client_->Store<uint8_t>(memory + 5000, 0x12);
  uint8_t byte = 0;
  SIZE_T copied;
  EXPECT_EQ(MmCopyMemory(&byte, {.PhysicalAddress = physical}, 1, MM_COPY_MEMORY_PHYSICAL, &copied),
            STATUS_SUCCESS);
  EXPECT_EQ(byte, 0x12);
  Unlock(mdl);
}

TEST_F(ClientSpaceTest, ValidityIsTheApplications) {
  const uintptr_t memory = client_->Map(2 * PAGE_SIZE, 0x10);
  client_->Unmap(memory + PAGE_SIZE, PAGE_SIZE);
  EXPECT_TRUE(MmIsAddressValid(Pointer(memory)));
  EXPECT_FALSE(MmIsAddressValid(Pointer(memory + PAGE_SIZE)));
  std::vector<uint8_t> bytes(2 * PAGE_SIZE);
  SIZE_T copied;
  EXPECT_EQ(MmCopyMemory(bytes.data(), {.VirtualAddress = Pointer(memory + 8)}, PAGE_SIZE,
                         MM_COPY_MEMORY_VIRTUAL, &copied),
            STATUS_ACCESS_VIOLATION);
  EXPECT_EQ(copied, PAGE_SIZE - 8u);
  EXPECT_EQ(bytes[0], 0x10);
}

TEST_F(ClientSpaceTest, ADriverLocksItsOwnMemoryInAnyContext) {
  alignas(16) static uint8_t own[100] = {3};
  PMDL mdl = IoAllocateMdl(own, sizeof own, FALSE, FALSE, nullptr);
  MmProbeAndLockPages(mdl, KernelMode, IoModifyAccess);
  EXPECT_EQ(Address(mdl), own);
  EXPECT_EQ(LockedPagesOf(client_->eprocess()), 0u);
  Unlock(mdl);
}

// ---- Virtual memory

class ClientVirtualMemoryTest : public ClientSpaceTest {
 protected:
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

TEST_F(ClientVirtualMemoryTest, WhatIsCommittedNeedsNoAdoption) {
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

TEST_F(ClientVirtualMemoryTest, DecommittedPagesComeBackAsZeros) {
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

TEST_F(ClientVirtualMemoryTest, FramesOfAnEarlierLifeAreZerosWhenCommitted) {
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

TEST_F(ClientVirtualMemoryTest, LockedPagesStayWhatTheyAreWhenFreed) {
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

TEST_F(ClientVirtualMemoryTest, ProtectionIsKeptByAdoptionAndLocks) {
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

// ---- Growing and shrinking

TEST_F(ClientSpaceTest, MemoryThatTheApplicationNoLongerHasIsGivenBack) {
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

TEST_F(ClientSpaceTest, AClientCannotHaveTheWholeWindow) {
  // A page in each of many GiB.
  constexpr uintptr_t kFirst = 0x7a00'0000'0000;
  for (uint64_t i = 0; i < 900; ++i) {
    const uintptr_t at = kFirst + i * kGiB;
    client_->Call(
        [](uint64_t address, uint64_t, uint64_t) {
          void* page = mmap(reinterpret_cast<void*>(address), PAGE_SIZE, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
          *static_cast<uint8_t*>(page) = 1;
          return uint64_t{0};
        },
        at);
    PMDL mdl = Lock(at, PAGE_SIZE);
    ASSERT_NE(mdl, nullptr) << i;
    Unlock(mdl);
  }
  EXPECT_EQ(Adoptions(), 900u);
  EXPECT_LT(BlockCount(), 700u);
  EXPECT_GT(TheState().client_window.free_count(), 1300u);
}

TEST_F(ClientSpaceTest, RangesOverSeveralGiBAreConsecutive) {
  const uintptr_t at = 0x7a80'0000'0000 - 2 * PAGE_SIZE;
  client_->Call(
      [](uint64_t address, uint64_t, uint64_t) {
        mmap(reinterpret_cast<void*>(address), 4 * PAGE_SIZE, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        return uint64_t{0};
      },
      at);
  Unlock(Lock(at, PAGE_SIZE));
  PMDL mdl = Lock(at, 4 * PAGE_SIZE);
  for (uint64_t i = 1; i < 4; ++i) EXPECT_EQ(MmGetMdlPfnArray(mdl)[i], MmGetMdlPfnArray(mdl)[0] + i);
  Unlock(mdl);
}

// ---- All at once

TEST_F(ClientVirtualMemoryTest, LockersAndFreersAtOnce) {
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
        PMDL mdl = IoAllocateMdl(Pointer(at), 4 * PAGE_SIZE, FALSE, FALSE, nullptr);
        if (RaisedBy([&] { MmProbeAndLockPages(mdl, UserMode, IoModifyAccess); }) == STATUS_SUCCESS) {
          volatile uint8_t* bytes = Address(mdl);
          for (int i = 0; i < 4; ++i) bytes[i * PAGE_SIZE] = static_cast<uint8_t>(t + 1);
          for (int i = 0; i < 4; ++i) lost += bytes[i * PAGE_SIZE] == t + 1 ? 0 : 1;
          ++locks;
          MmUnlockPages(mdl);
        }
        IoFreeMdl(mdl);
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

TEST_F(ClientSpaceTest, KilledWhileItsPagesAreBeingLocked) {
  for (int round = 0; round < 20; ++round) {
    TestClient victim;
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
        PMDL mdl = IoAllocateMdl(Pointer(at), 2 * PAGE_SIZE, FALSE, FALSE, nullptr);
        if (RaisedBy([&] { MmProbeAndLockPages(mdl, UserMode, IoModifyAccess); }) != STATUS_SUCCESS) {
          IoFreeMdl(mdl);
          break;
        }
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
