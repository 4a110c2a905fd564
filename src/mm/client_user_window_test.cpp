// SPDX-License-Identifier: MIT
// User pointers of an application that the executive has change its memory meanwhile.
#include <atomic>
#include <thread>

#include "mm/client_space_test.h"
#include "mm/test_driver.h"
#include "mm/test_pages.h"
#include "mm/user_window.h"
#include "os/clock.h"
#include "os/guarded_copy.h"

namespace ring3::mm {
namespace {

class ClientUserWindowTest : public ClientSpaceTest {
 protected:
  void SetUp() override {
    ClientSpaceTest::SetUp();
    ASSERT_TRUE(StartUserWindow().ok());
  }

  // Driver code in the context of the client, in a thread of its own, which stays inside from step to step.
  template <typename... Steps>
  void StartDriver(Steps... steps) {
    driver_ = std::thread([this, steps...] {
      auto inside = [&] { (RunStep(steps), ...); };
      DriveIn(client_->process(), inside);
    });
  }
  void RunNextStep() {
    const int done = done_;
    ++wanted_;
    while (done_ == done) std::this_thread::yield();
  }
  void EndDriver() { driver_.join(); }

  static bool IsThere(uintptr_t address) { return os::GuardedReadByte(&At(address)); }

 private:
  template <typename Step>
  void RunStep(Step step) {
    while (wanted_ == done_) std::this_thread::yield();
    step();
    ++done_;
  }

  std::thread driver_;
  std::atomic<int> wanted_{0}, done_{0};
};

TEST_F(ClientUserWindowTest, AViewOfOwnPagesThatWasUnmappedIsNotSeenAnyMore) {
  PMDL mdls[2];
  for (int i = 0; i < 2; ++i) {
    mdls[i] = Lock(client_->Map(PAGE_SIZE, static_cast<uint8_t>('0' + i)), PAGE_SIZE);
    ASSERT_NE(mdls[i], nullptr);
  }
  const auto map = [](PMDL mdl) {
    return MmMapLockedPagesSpecifyCache(mdl, UserMode, MmCached, nullptr, FALSE, NormalPagePriority);
  };
  PVOID first = map(mdls[0]);
  const auto view = reinterpret_cast<uintptr_t>(first);
  StartDriver([view] { EXPECT_EQ(At(view), '0'); },  //
              [view] { EXPECT_FALSE(IsThere(view)); }, [view] { EXPECT_EQ(At(view), '1'); });
  RunNextStep();
  MmUnmapLockedPages(first, mdls[0]);
  RunNextStep();
  PVOID second = map(mdls[1]);
  EXPECT_EQ(second, first);
  RunNextStep();
  EndDriver();
  MmUnmapLockedPages(second, mdls[1]);
  for (PMDL mdl : mdls) Unlock(mdl);
}

TEST_F(ClientUserWindowTest, WhatWasWrittenBeforeMemoryBecameReadOnlyIsThere) {
  const uintptr_t memory = client_->Map(PAGE_SIZE, 'm');
  StartDriver([memory] { At(memory) = 'w'; },
              [memory] {
                EXPECT_EQ(At(memory), 'w');
                EXPECT_FALSE(os::GuardedProbeWriteByte(&At(memory)));
              });
  RunNextStep();
  EXPECT_TRUE(Space().Protect(memory, PAGE_SIZE, os::Protection::kRead).ok());
  EXPECT_EQ(client_->Load<uint8_t>(memory), 'w');
  RunNextStep();
  EndDriver();
}

// Held while the pages move to another object.
TEST_F(ClientUserWindowTest, AViewThatIsMappedAnewIsWaitedFor) {
  PMDL mdl = AllocatePages(2);
  SystemAddress(mdl)[0] = 's';
  UserViews& views = client_->space().views();
  const uintptr_t view = views.Map(client_->eprocess(), mdl, 0, UserViews::Write::kAllowed, nullptr).value();
  std::atomic<int> seen{-1};
  std::thread driver;
  client_->Interrupt(TestClient::When::kBefore, OrderKind::kMapObject, [&] {
    if (driver.joinable()) return;
    const uint64_t faults = GetUserWindowCounts().faults;
    driver = std::thread([&] {
      auto touch = [&] {
        uint8_t value = 0;
        const bool there = os::GuardedReadByte(&At(view), &value);
        seen = there ? value : 0;
      };
      DriveIn(client_->process(), touch);
    });
    const int64_t deadline = os::MonotonicNs() + 50'000'000;
    while ((GetUserWindowCounts().faults == faults || seen < 0) && os::MonotonicNs() < deadline)
      std::this_thread::yield();
  });
  PMDL part = IoAllocateMdl(nullptr, PAGE_SIZE, FALSE, FALSE, nullptr);
  MmGetMdlPfnArray(part)[0] = MmGetMdlPfnArray(mdl)[0];
  part->MdlFlags |= MDL_PAGES_LOCKED;
  UserViews& others = other_->space().views();
  const uintptr_t other =
      others.Map(other_->eprocess(), part, 0, UserViews::Write::kAllowed, nullptr).value();
  ASSERT_TRUE(driver.joinable());
  driver.join();
  EXPECT_EQ(seen, 's');
  EXPECT_TRUE(others.Unmap(other_->eprocess(), part, other).ok());
  EXPECT_TRUE(views.Unmap(client_->eprocess(), mdl, view).ok());
  part->MdlFlags &= ~MDL_PAGES_LOCKED;
  IoFreeMdl(part);
  FreePages(mdl);
}

// A driver's thread that is attached may still touch the memory of a client that is being taken down.
TEST_F(ClientUserWindowTest, NothingOfAClientIsShownAfterItsEnd) {
  const uintptr_t memory = client_->Map(PAGE_SIZE, 'm');
  PVOID base = nullptr;
  SIZE_T bytes = PAGE_SIZE;
  ASSERT_TRUE(
      AllocateVirtualMemory(client_->eprocess(), &base, 0, &bytes, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE)
          .ok());
  client_->Detach();
  bool was_there = false;
  client_->Interrupt(TestClient::When::kBefore, OrderKind::kRelease, [&] {
    auto touch = [&] { was_there = IsThere(memory); };
    DriveIn(client_->process(), touch);
  });
  TearDownAddressSpace(client_->eprocess());
  EXPECT_TRUE(was_there);
  EXPECT_EQ(GetUserWindowCounts().shown_runs, 0u);
}

}  // namespace
}  // namespace ring3::mm
