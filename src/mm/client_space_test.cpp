// SPDX-License-Identifier: MIT
#include "mm/client_space_test.h"

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "ddi/ke.h"
#include "ddi/mm_ntddk.h"
#include "mm/locked_pages.h"
#include "mm/user_memory.h"

namespace ring3::mm {
namespace {

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

// ---- Memory that is being adopted

// While the application adopts memory for one thread, others find it read-only.
TEST_F(ClientSpaceTest, MemoryThatIsBeingAdoptedIsWaitedFor) {
  constexpr uint8_t kByte = 0x11;
  const uintptr_t memory = client_->Map(2 * PAGE_SIZE, 0x10);
  for (int round = 0; round < 20; ++round) {
    std::atomic<bool> looks{false};
    bool granted = false, written = false, writable = false;
    std::thread other;
    {
      const ClientMemory::Exchange adoption(Space().memory());
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

// What was written while memory was exchanged may be in pages that are no longer shown.
TEST_F(ClientSpaceTest, WhatAnAdoptionTookTheOldContentsOfIsWrittenAgain) {
  constexpr uint8_t kNew[] = {0x11};
  for (const bool by_pieces : {false, true}) {
    const uintptr_t memory = client_->Map(PAGE_SIZE, 0x10);
    size_t written = 0;
    std::thread other;
    {
      const ClientMemory::Exchange adoption(Space().memory());
      other = std::thread([&] {
        const os::PeerProcess::Piece piece = {memory, kNew, 1};
        written = by_pieces ? Space().WritePieces({&piece, 1}) : Space().Write(memory, kNew, 1) ? 1 : 0;
      });
      while (client_->Load<uint8_t>(memory) != 0x11) std::this_thread::yield();
      client_->MapAt(memory, PAGE_SIZE, 0x10);
    }
    other.join();
    EXPECT_EQ(written, 1u);
    EXPECT_EQ(client_->Load<uint8_t>(memory), 0x11);
  }
}

TEST_F(ClientSpaceTest, AnAdoptionThatDoesNotEndIsGivenUpOn) {
  constexpr uint8_t kByte = 0x11;
  const uintptr_t memory = client_->Map(PAGE_SIZE, 0x10, PROT_READ);
  const ClientMemory::Exchange adoption(Space().memory());
  const uint32_t since = Space().memory().exchanges();
  EXPECT_FALSE(Space().Grants(memory, memory + PAGE_SIZE, Access::kWrite));
  EXPECT_FALSE(Space().Write(memory, &kByte, 1));
  EXPECT_FALSE(Space().memory().WaitForExchange(since));
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

}  // namespace
}  // namespace ring3::mm
