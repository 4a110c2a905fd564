// SPDX-License-Identifier: MIT
// Mapping routines in the context of an application in a process of its own.
#include <vector>

#include "ddi/ke.h"
#include "mm/client_space_test.h"
#include "mm/locked_pages.h"
#include "mm/test_pages.h"

namespace ring3::mm {
namespace {

using ClientMappingTest = ClientSpaceTest;

// Where the test program has no memory: an address that it has is its own in any context.
constexpr uintptr_t kViewAddress = 0x7ae0'0000'0000;

// Null where it raises.
void* MapForClient(PMDL mdl, ULONG priority) {
  void* view = nullptr;
  RaisedBy([&] {
    view = MmMapLockedPagesSpecifyCache(mdl, UserMode, MmCached, reinterpret_cast<void*>(kViewAddress), FALSE,
                                        priority);
  });
  return view;
}

// The whole way: a driver's routine in the context of an application.
TEST_F(ClientMappingTest, DriverMemoryByTheDocumentedRoutines) {
  PMDL mdl = AllocatePages(2);
  char* system = SystemAddress(mdl);
  PVOID view = MmMapLockedPagesSpecifyCache(mdl, UserMode, MmCached, nullptr, FALSE, NormalPagePriority);
  const auto address = reinterpret_cast<uintptr_t>(view);
  system[0] = 's';
  EXPECT_EQ(client_->Load<uint8_t>(address), 's');
  EXPECT_EQ(MmGetPhysicalAddress(view).QuadPart, MmGetPhysicalAddress(system).QuadPart);
  // A driver locks what it finds there, and gets its own frames.
  PMDL again = Lock(address, 2 * PAGE_SIZE);
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(MmGetMdlPfnArray(again)[1], MmGetMdlPfnArray(mdl)[1]);
  Unlock(again);
  MmUnmapLockedPages(view, mdl);
  EXPECT_EQ(UserViewsOf(client_->eprocess()), 0u);
  FreePages(mdl);
}

TEST_F(ClientMappingTest, AViewOfDriverMemoryIsLockedAsWhatItIs) {
  PMDL pages = AllocatePages(4);
  ASSERT_NE(pages, nullptr);
  void* view = MapForClient(pages, NormalPagePriority);
  ASSERT_NE(view, nullptr);
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
  FreePages(pages);
}

TEST_F(ClientMappingTest, AReadOnlyViewIsNotLockedForWriting) {
  PMDL pages = AllocatePages(1);
  void* view = MapForClient(pages, NormalPagePriority | MdlMappingNoWrite);
  ASSERT_NE(view, nullptr);
  const uintptr_t address = reinterpret_cast<uintptr_t>(view);
  EXPECT_EQ(Lock(address, PAGE_SIZE, IoWriteAccess), nullptr);
  EXPECT_EQ(raised_, STATUS_ACCESS_VIOLATION);
  Unlock(Lock(address, PAGE_SIZE, IoReadAccess));
  // The application puts memory of its own there: that is what is locked now.
  client_->MapAt(address, PAGE_SIZE, 0);
  PMDL mdl = Lock(address, PAGE_SIZE, IoWriteAccess);
  ASSERT_NE(mdl, nullptr);
  EXPECT_NE(MmGetMdlPfnArray(mdl)[0], MmGetMdlPfnArray(pages)[0]);
  Unlock(mdl);
  MmUnmapLockedPages(view, pages);
  FreePages(pages);
}

// An application's own pages, locked, are mapped into it once more; nobody else gets them.
TEST_F(ClientMappingTest, OwnPagesAreMappedOnceMore) {
  const uintptr_t memory = client_->Map(3 * PAGE_SIZE, 'm');
  PMDL mdl = Lock(memory + 100, 2 * PAGE_SIZE);
  ASSERT_NE(mdl, nullptr);
  PVOID view = nullptr;
  const auto map = [&] {
    view = MmMapLockedPagesSpecifyCache(mdl, UserMode, MmCached, nullptr, FALSE, NormalPagePriority);
  };
  ASSERT_EQ(RaisedBy(map), STATUS_SUCCESS);
  const auto address = reinterpret_cast<uintptr_t>(view);
  EXPECT_NE(address, memory + 100);
  EXPECT_EQ(BYTE_OFFSET(view), 100u);
  client_->Store<uint8_t>(address, 'v');
  EXPECT_EQ(client_->Load<uint8_t>(memory + 100), 'v');
  EXPECT_EQ(Address(mdl)[0], 'v');
  client_->Detach();
  other_->Attach();
  EXPECT_EQ(RaisedBy(map), STATUS_NOT_SUPPORTED);
  EXPECT_EQ(UserViewsOf(other_->eprocess()), 0u);
  other_->Detach();
  client_->Attach();
  MmUnmapLockedPages(view, mdl);
  EXPECT_EQ(client_->Load<uint8_t>(memory + 100), 'v');
  EXPECT_EQ(client_->Load<uint8_t>(memory + 99), 'm');
  Unlock(mdl);
}

}  // namespace
}  // namespace ring3::mm
