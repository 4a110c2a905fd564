// SPDX-License-Identifier: MIT
#include "mm/user_window.h"

#include <thread>
#include <vector>

#include "ddi/ke.h"
#include "ke/room.h"
#include "mm/memory_test.h"
#include "mm/test_raise.h"
#include "mm/window_test_client.h"
#include "os/clock.h"
#include "os/guarded_copy.h"

namespace ring3::mm {
namespace {

// Where the clients have memory and this process has none, under sanitizers neither.
constexpr uintptr_t kAt = 0x7a80'0000'0000;

template <typename T = uint8_t>
volatile T& At(uintptr_t address) {
  return *reinterpret_cast<volatile T*>(address);
}

void Touch(uintptr_t address) {
  [[maybe_unused]] volatile uint8_t value = At(address);
}

class UserWindowTest : public MemoryTest {
 protected:
  void SetUp() override {
    MemoryTest::SetUp();
    ASSERT_TRUE(StartUserWindow().ok());
    first_ = std::make_unique<WindowTestClient>(0);
    second_ = std::make_unique<WindowTestClient>(1);
  }
  void TearDown() override {
    first_.reset();
    second_.reset();
    EXPECT_EQ(GetUserWindowCounts().shown_runs, 0u);
    EXPECT_EQ(ke::g_window.load(), 0u);
    MemoryTest::TearDown();
  }

  std::unique_ptr<WindowTestClient> first_, second_;
};

TEST_F(UserWindowTest, PrivateMemoryIsReadAtItsAddress) {
  first_->Map(kAt, PAGE_SIZE, 0x11);
  first_->Store<uint32_t>(kAt + 8, 0x12345678);
  uint32_t seen = 0;
  first_->Drive([&] { seen = At<uint32_t>(kAt + 8); });
  EXPECT_EQ(seen, 0x12345678u);
}

TEST_F(UserWindowTest, EachRequestSeesWhatTheClientWroteBefore) {
  first_->Map(kAt, PAGE_SIZE, 0);
  for (uint32_t i = 1; i < 100; ++i) {
    first_->Store(kAt, i);
    uint32_t seen = 0;
    first_->Drive([&] { seen = At<uint32_t>(kAt); });
    ASSERT_EQ(seen, i);
  }
}

TEST_F(UserWindowTest, ChangedBytesAloneAreWrittenBack) {
  first_->Map(kAt, 2 * PAGE_SIZE, 0x11);
  first_->Drive([&] {
    At(kAt + 100) = 0x22;
    At<uint64_t>(kAt + PAGE_SIZE - 4) = 0x3333'3333'3333'3333;  // over two pages
    At(kAt + 300) = 0x11;                                       // as it was
    first_->Store<uint8_t>(kAt + 101, 0x44);
    first_->Store<uint8_t>(kAt + 300, 0x55);
    EXPECT_EQ(first_->Load<uint8_t>(kAt + 100), 0x11);
  });
  EXPECT_EQ(first_->Load<uint8_t>(kAt + 100), 0x22);
  EXPECT_EQ(first_->Load<uint8_t>(kAt + 101), 0x44);
  EXPECT_EQ(first_->Load<uint8_t>(kAt + 300), 0x55);
  EXPECT_EQ(first_->Load<uint64_t>(kAt + PAGE_SIZE - 4), 0x3333'3333'3333'3333u);
  EXPECT_EQ(GetUserWindowCounts().bytes_written, 9u);
}

TEST_F(UserWindowTest, WhatIsUsedByEveryRequestIsKeptAndRenewed) {
  first_->Map(kAt, PAGE_SIZE, 0);
  for (uint32_t i = 1; i <= 200; ++i) {
    first_->Store(kAt, i);
    uint32_t seen = 0;
    first_->Drive([&] {
      seen = At<uint32_t>(kAt);
      At<uint32_t>(kAt + 4) = i;
    });
    ASSERT_EQ(seen, i);
    ASSERT_EQ(first_->Load<uint32_t>(kAt + 4), i);
  }
  EXPECT_LT(GetUserWindowCounts().faults, 30u);
  // What is not used any more goes.
  for (int i = 0; i < 300; ++i) first_->Drive([] {});
  EXPECT_EQ(GetUserWindowCounts().shown_runs, 0u);
  // What is kept has the client's protection of the moment.
  first_->Drive([&] { At(kAt) = 1; });
  first_->Protect(kAt, PAGE_SIZE, PROT_READ);
  first_->Drive([&] {
    EXPECT_FALSE(os::GuardedProbeWriteByte(&At(kAt)));
    EXPECT_EQ(At(kAt), 1);
  });
  first_->Unmap(kAt, PAGE_SIZE);
  first_->Drive([&] { EXPECT_FALSE(os::GuardedReadByte(&At(kAt))); });
}

TEST_F(UserWindowTest, ScatteredChangesAreWrittenBack) {
  first_->Map(kAt, 3 * PAGE_SIZE, 0);
  first_->Drive([&] {
    for (unsigned i = 0; i < 3 * PAGE_SIZE; i += 3) At(kAt + i) = 1;
    first_->Protect(kAt + PAGE_SIZE, PAGE_SIZE, PROT_READ);
    for (unsigned i = 1; i < 3 * PAGE_SIZE; i += 3)
      first_->Store<uint8_t>(kAt + (i / PAGE_SIZE == 1 ? 1 : i), 2);
  });
  for (unsigned i = 0; i < 3 * PAGE_SIZE; ++i) {
    if (i / PAGE_SIZE == 1) continue;
    ASSERT_EQ(first_->Load<uint8_t>(kAt + i), i % 3 == 0 ? 1 : i % 3 == 1 ? 2 : 0) << i;
  }
  EXPECT_EQ(first_->Load<uint8_t>(kAt + PAGE_SIZE + 2), 0);  // what is read-only by now
}

TEST_F(UserWindowTest, WritesAreThereWhenTheDriverSleeps) {
  first_->Map(kAt, PAGE_SIZE, 0);
  KEVENT go;
  KeInitializeEvent(&go, NotificationEvent, FALSE);
  std::atomic<bool> about_to_sleep{false};
  std::thread driver([&] {
    first_->Drive([&] {
      At(kAt) = 7;
      about_to_sleep = true;
      KeWaitForSingleObject(&go, ::Executive, KernelMode, FALSE, nullptr);
      EXPECT_EQ(At(kAt), 8);
    });
  });
  while (!about_to_sleep || first_->Load<uint8_t>(kAt) != 7) std::this_thread::yield();
  first_->Store<uint8_t>(kAt, 8);
  KeSetEvent(&go, 0, FALSE);
  driver.join();
  EXPECT_EQ(first_->Load<uint8_t>(kAt), 8);
}

TEST_F(UserWindowTest, WhatAThreadInsideWroteIsSettledBeforeTheClientHearsOfAnything) {
  first_->Map(kAt, PAGE_SIZE, 0);
  std::atomic<uint32_t> written{0}, seen{0};
  std::thread driver([&] {
    first_->Drive([&] {
      for (uint32_t round = 1; round <= 50; ++round) {
        At<uint32_t>(kAt) = round;
        written = round;
        while (seen != round) std::this_thread::yield();
      }
    });
  });
  for (uint32_t round = 1; round <= 50; ++round) {
    while (written != round) std::this_thread::yield();
    SettleUserWindow(first_->eprocess());
    EXPECT_EQ(first_->Load<uint32_t>(kAt), round);
    seen = round;
  }
  driver.join();
}

TEST_F(UserWindowTest, OtherRequestsOfTheClientSeeAndKeepEachOthersWrites) {
  first_->Map(kAt, PAGE_SIZE, 0);
  constexpr int kRounds = 200;
  std::vector<std::thread> drivers;
  for (int i = 0; i < 4; ++i) {
    drivers.emplace_back([this, i] {
      for (uint32_t round = 1; round <= kRounds; ++round) {
        const uintptr_t own = kAt + 64 * static_cast<uintptr_t>(i);
        uint32_t seen = 0;
        first_->Drive([&] {
          seen = At<uint32_t>(own);
          At<uint32_t>(own + 4) = round;
        });
        ASSERT_EQ(seen, round - 1);
        ASSERT_EQ(first_->Load<uint32_t>(own + 4), round);
        first_->Store(own, round);
      }
    });
  }
  for (std::thread& driver : drivers) driver.join();
}

TEST_F(UserWindowTest, ClientsWithTheSameAddressesTakeTurns) {
  WindowTestClient* clients[] = {first_.get(), second_.get()};
  constexpr int kThreads = 2;
  constexpr uint32_t kRounds = 300;
  for (WindowTestClient* client : clients) client->Map(kAt, kThreads * PAGE_SIZE, 0);
  std::vector<std::thread> drivers;
  for (uint32_t c = 0; c < 2; ++c) {
    for (int t = 0; t < kThreads; ++t) {
      drivers.emplace_back([client = clients[c], c, t] {
        const uintptr_t own = kAt + static_cast<uintptr_t>(t) * PAGE_SIZE;
        const uint32_t mark = (c + 1) << 24;
        for (uint32_t round = 1; round <= kRounds; ++round) {
          client->Store(own, mark | round);
          bool mixed_up = false;
          client->Drive([&] {
            for (int i = 0; i < 20; ++i) {
              if (At<uint32_t>(own) != (mark | round)) mixed_up = true;
              At<uint32_t>(own + 128) = mark | round;
              if (At<uint32_t>(own + 128) != (mark | round)) mixed_up = true;
            }
          });
          ASSERT_FALSE(mixed_up);
          ASSERT_EQ(client->Load<uint32_t>(own + 128), mark | round);
        }
      });
    }
  }
  for (std::thread& driver : drivers) driver.join();
}

TEST_F(UserWindowTest, PagesAreTakenFromWhoIsStillInside) {
  first_->Map(kAt, PAGE_SIZE, 0x11);
  second_->Map(kAt, PAGE_SIZE, 0x22);
  KEVENT inside, go;
  KeInitializeEvent(&inside, NotificationEvent, FALSE);
  KeInitializeEvent(&go, NotificationEvent, FALSE);
  std::thread driver([&] {
    first_->Drive([&] {
      EXPECT_EQ(At(kAt), 0x11);
      At(kAt + 1) = 0x33;
      KeSetEvent(&inside, 0, FALSE);
      KeWaitForSingleObject(&go, ::Executive, KernelMode, FALSE, nullptr);
      EXPECT_EQ(At(kAt), 0x11);
      EXPECT_EQ(At(kAt + 1), 0x33);
    });
  });
  KeWaitForSingleObject(&inside, ::Executive, KernelMode, FALSE, nullptr);
  second_->Drive([&] {
    EXPECT_EQ(At(kAt), 0x22);
    EXPECT_EQ(At(kAt + 1), 0x22);
    At(kAt + 1) = 0x44;
    KeSetEvent(&go, 0, FALSE);
    EXPECT_EQ(At(kAt), 0x22);
  });
  driver.join();
  EXPECT_EQ(first_->Load<uint8_t>(kAt + 1), 0x33);
  EXPECT_EQ(second_->Load<uint8_t>(kAt + 1), 0x44);
}

#if !defined(__has_feature) || !__has_feature(thread_sanitizer)  // which has signals wait for system calls
TEST_F(UserWindowTest, WhoPollsIsHeldSoThatOthersGetTheirTurn) {
  first_->Map(kAt, PAGE_SIZE, 0x11);
  second_->Map(kAt, PAGE_SIZE, 0x22);
  std::atomic<bool> inside{false}, done{false};
  std::thread driver([&] {
    first_->Drive([&] {
      At(kAt + 1) = 0x33;
      inside = true;
      // Neither leaves nor sleeps before the other client's request is through.
      while (!done) EXPECT_EQ(At(kAt), 0x11);
      EXPECT_EQ(At(kAt + 1), 0x33);
    });
  });
  while (!inside) std::this_thread::yield();
  for (int i = 0; i < 20; ++i) {
    second_->Drive([&] {
      EXPECT_EQ(At(kAt), 0x22);
      At(kAt + 1) = 0x44;
    });
    EXPECT_EQ(second_->Load<uint8_t>(kAt + 1), 0x44);
    second_->Store<uint8_t>(kAt + 1, 0x22);
  }
  // One that does not touch user memory at all.
  done = true;
  driver.join();
  std::atomic<bool> spinning{false};
  done = false;
  std::thread spinner([&] {
    first_->Drive([&] {
      spinning = true;
      while (!done) __builtin_ia32_pause();
    });
  });
  while (!spinning) std::this_thread::yield();
  second_->Drive([&] { EXPECT_EQ(At(kAt), 0x22); });
  EXPECT_GT(GetUserWindowCounts().holds, 0u);
  done = true;
  spinner.join();
  EXPECT_EQ(first_->Load<uint8_t>(kAt + 1), 0x33);
}
#endif

TEST_F(UserWindowTest, WhatTheClientCannotAccessFaults) {
  first_->Map(kAt, 3 * PAGE_SIZE, 0x11);
  first_->Protect(kAt + PAGE_SIZE, PAGE_SIZE, PROT_READ);
  first_->Protect(kAt + 2 * PAGE_SIZE, PAGE_SIZE, PROT_NONE);
  first_->Drive([&] {
    uint8_t value = 0;
    EXPECT_TRUE(os::GuardedReadByte(&At(kAt), &value));
    EXPECT_TRUE(os::GuardedProbeWriteByte(&At(kAt)));
    EXPECT_TRUE(os::GuardedReadByte(&At(kAt + PAGE_SIZE), &value));
    EXPECT_EQ(value, 0x11);
    EXPECT_FALSE(os::GuardedProbeWriteByte(&At(kAt + PAGE_SIZE)));
    EXPECT_FALSE(os::GuardedReadByte(&At(kAt + 2 * PAGE_SIZE), &value));
    EXPECT_FALSE(os::GuardedReadByte(&At(kAt + 3 * PAGE_SIZE), &value));
    EXPECT_FALSE(os::GuardedReadByte(&At(0x10), &value));
    EXPECT_EQ(RaisedBy([] { At(kAt + PAGE_SIZE) = 1; }), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(RaisedBy([] { Touch(kAt + 3 * PAGE_SIZE); }), STATUS_ACCESS_VIOLATION);
    // A copy ends at the first page that is not there.
    std::vector<uint8_t> copy(3 * PAGE_SIZE);
    uintptr_t fault = 0;
    EXPECT_FALSE(os::GuardedCopy(copy.data(), reinterpret_cast<void*>(kAt), copy.size(), &fault));
    EXPECT_EQ(fault & ~uintptr_t{PAGE_SIZE - 1}, kAt + 2 * PAGE_SIZE);
    // From now on it may.
    first_->Protect(kAt + PAGE_SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE);
    At(kAt + PAGE_SIZE) = 0x22;
  });
  EXPECT_EQ(first_->Load<uint8_t>(kAt + PAGE_SIZE), 0x22);
  EXPECT_EQ(first_->Load<uint8_t>(kAt), 0x11);
}

TEST_F(UserWindowTest, OutsideOfDriverCodeNothingIsShown) {
  first_->Map(kAt, PAGE_SIZE, 0x11);
  KAPC_STATE state;
  KeStackAttachProcess(first_->process(), &state);
  EXPECT_FALSE(os::GuardedReadByte(&At(kAt)));
  KeUnstackDetachProcess(&state);
  auto read = [] { EXPECT_FALSE(os::GuardedReadByte(&At(kAt))); };
  WindowTestClient::CallAsDriver(read);
}

TEST_F(UserWindowTest, AttachingChangesRooms) {
  first_->Map(kAt, PAGE_SIZE, 0x11);
  second_->Map(kAt, PAGE_SIZE, 0x22);
  first_->Drive([&] {
    At(kAt + 1) = 0x33;
    KAPC_STATE state;
    KeStackAttachProcess(second_->process(), &state);
    EXPECT_EQ(first_->Load<uint8_t>(kAt + 1), 0x33);
    EXPECT_EQ(At(kAt), 0x22);
    At(kAt + 1) = 0x44;
    KeUnstackDetachProcess(&state);
    EXPECT_EQ(second_->Load<uint8_t>(kAt + 1), 0x44);
    EXPECT_EQ(At(kAt), 0x11);
    EXPECT_EQ(At(kAt + 1), 0x33);
  });
}

TEST_F(UserWindowTest, AnExceptionLeavesTheRoom) {
  first_->Map(kAt, PAGE_SIZE, 0x11);
  KAPC_STATE state;
  KeStackAttachProcess(first_->process(), &state);
  EXPECT_EQ(RaisedBy([] {
              auto body = [] {
                At(kAt) = 0x22;
                At(kAt + PAGE_SIZE) = 1;
              };
              WindowTestClient::CallAsDriver(body);
            }),
            STATUS_ACCESS_VIOLATION);
  EXPECT_FALSE(ke::CurrentThread()->in_room);
  EXPECT_EQ(first_->Load<uint8_t>(kAt), 0x22);
  KeUnstackDetachProcess(&state);
}

TEST_F(UserWindowTest, SharedMemoryIsTheSameMemory) {
  first_->MapObject(kAt, 64 * PAGE_SIZE, 16 * PAGE_SIZE);
  std::byte* system = first_->Frames() + 16 * PAGE_SIZE;
  first_->Drive([&] {
    for (unsigned page = 0; page < 64; ++page) {
      At(kAt + page * PAGE_SIZE) = static_cast<uint8_t>(page);
      EXPECT_EQ(system[page * PAGE_SIZE], std::byte(page));
      EXPECT_EQ(first_->Load<uint8_t>(kAt + page * PAGE_SIZE), page);
    }
    first_->Store<uint8_t>(kAt + 1, 0x77);
    EXPECT_EQ(At(kAt + 1), 0x77);
  });
  EXPECT_EQ(GetUserWindowCounts().shared_runs, 1u);
  EXPECT_EQ(GetUserWindowCounts().snapshot_pages, 0u);
  // It is still there for the next request, until another client comes.
  first_->Drive([&] { EXPECT_EQ(At(kAt + 1), 0x77); });
  EXPECT_EQ(GetUserWindowCounts().faults, 1u);
  second_->Map(kAt, PAGE_SIZE, 0x22);
  second_->Drive([&] { EXPECT_EQ(At(kAt + 1), 0x22); });
  first_->Drive([&] { EXPECT_EQ(At(kAt + 1), 0x77); });
}

TEST_F(UserWindowTest, SharedMemoryThatTheClientReplacedIsNotSeenAgain) {
  first_->MapObject(kAt, 4 * PAGE_SIZE, 0);
  first_->Drive([&] { At(kAt) = 1; });
  first_->Map(kAt, 4 * PAGE_SIZE, 0x11);
  first_->Drive([&] { EXPECT_EQ(At(kAt), 0x11); });
  first_->MapObject(kAt, 4 * PAGE_SIZE, 8 * PAGE_SIZE);
  first_->Drive([&] {
    EXPECT_EQ(At(kAt), 0);
    EXPECT_TRUE(os::GuardedProbeWriteByte(&At(kAt)));
  });
  first_->Protect(kAt, 4 * PAGE_SIZE, PROT_READ);
  first_->Drive([&] {
    EXPECT_EQ(At(kAt), 0);
    EXPECT_FALSE(os::GuardedProbeWriteByte(&At(kAt)));
  });
  first_->Unmap(kAt, 4 * PAGE_SIZE);
  first_->Drive([&] { EXPECT_FALSE(os::GuardedReadByte(&At(kAt))); });
}

TEST_F(UserWindowTest, ForgottenMemoryIsTakenAwayAtOnce) {
  first_->MapObject(kAt, 4 * PAGE_SIZE, 0);
  first_->Drive([&] {
    At(kAt) = 1;
    first_->Unmap(kAt, 4 * PAGE_SIZE);
    ForgetUserRange(first_->eprocess(), kAt + PAGE_SIZE, kAt + 2 * PAGE_SIZE);
    EXPECT_FALSE(os::GuardedReadByte(&At(kAt)));
  });
}

TEST_F(UserWindowTest, TheExecutiveSeesWhatTheDriverWrote) {
  first_->Map(kAt, PAGE_SIZE, 0x11);
  first_->Drive([&] {
    At(kAt) = 0x22;
    AddressSpace& space = *first_->process()->address_space;
    SyncUserWindow(space);
    uint8_t seen = 0;
    EXPECT_TRUE(space.Read(&seen, kAt, 1));
    EXPECT_EQ(seen, 0x22);
    seen = 0x33;
    EXPECT_TRUE(space.Write(kAt, &seen, 1));
    EXPECT_EQ(At(kAt), 0x33);
    SyncUserWindow(*second_->process()->address_space);
  });
  EXPECT_EQ(first_->Load<uint8_t>(kAt), 0x33);
}

TEST_F(UserWindowTest, ForgottenChangesAreKeptOrDropped) {
  first_->Map(kAt, 2 * PAGE_SIZE, 0x11);
  first_->Drive([&] {
    At(kAt) = 0x22;
    ForgetUserRange(first_->eprocess(), kAt, kAt + PAGE_SIZE);
    EXPECT_EQ(At(kAt), 0x22);
    EXPECT_EQ(first_->Load<uint8_t>(kAt), 0x22);
    At(kAt + PAGE_SIZE) = 0x33;
    ForgetUserRange(first_->eprocess(), kAt + PAGE_SIZE, kAt + 2 * PAGE_SIZE, UserWindowNow());
    EXPECT_EQ(At(kAt + PAGE_SIZE), 0x11);
  });
  EXPECT_EQ(first_->Load<uint8_t>(kAt + PAGE_SIZE), 0x11);
}

// One thread of the client frees memory, another gets new memory at the same place before the executive has
// forgotten the old: that is told apart, also where a snapshot is kept from request to request.
TEST_F(UserWindowTest, NewMemoryInThePlaceOfForgottenMemoryKeepsItsChanges) {
  first_->Map(kAt, PAGE_SIZE, 0x11);
  for (int round = 0; round < 3; ++round) {
    UserWindowMoment gone = 0;
    first_->Drive([&] { At(kAt) = 0x22; });
    gone = UserWindowNow();
    first_->Map(kAt, PAGE_SIZE, 0x33);
    first_->Drive([&] {
      EXPECT_EQ(At(kAt), 0x33);
      At(kAt) = 0x44;
      ForgetUserRange(first_->eprocess(), kAt, kAt + PAGE_SIZE, gone);
    });
    EXPECT_EQ(first_->Load<uint8_t>(kAt), 0x44);
  }
}

TEST_F(UserWindowTest, LongStretchesAreReadAhead) {
  constexpr size_t kBytes = size_t{80} << 20;  // more than there is room for at a time
  first_->Map(kAt, kBytes, 0x5a);
  first_->Store<uint64_t>(kAt + kBytes - 8, 42);
  first_->Drive([&] {
    uint64_t sum = 0;
    for (size_t i = 0; i < kBytes; i += PAGE_SIZE) sum += At(kAt + i);
    EXPECT_EQ(sum, kBytes / PAGE_SIZE * 0x5a);
    EXPECT_EQ(At<uint64_t>(kAt + kBytes - 8), 42u);
    for (size_t i = 0; i < kBytes; i += PAGE_SIZE) At(kAt + i) = 0x5b;
  });
  EXPECT_LT(GetUserWindowCounts().faults, 300u);
  EXPECT_EQ(first_->Load<uint16_t>(kAt), 0x5a5b);
  EXPECT_EQ(first_->Load<uint16_t>(kAt + kBytes - PAGE_SIZE), 0x5a5b);
  EXPECT_EQ(GetUserWindowCounts().bytes_written, kBytes / PAGE_SIZE);
}

TEST_F(UserWindowTest, MoreScatteredPagesThanTheTableHolds) {
  constexpr size_t kPages = 5000;
  first_->Map(kAt, kPages * PAGE_SIZE, 0x5a);
  first_->Drive([&] {
    for (size_t i = 0; i < kPages; ++i)
      At(kAt + (i * 7 % kPages) * PAGE_SIZE) = static_cast<uint8_t>(i * 7 % kPages);
  });
  for (size_t i = 0; i < kPages; i += 13) {
    ASSERT_EQ(first_->Load<uint8_t>(kAt + i * PAGE_SIZE), static_cast<uint8_t>(i));
  }
}

TEST_F(UserWindowTest, AddressesOfTheExecutiveAreNoUserMemory) {
  void* own = mmap(reinterpret_cast<void*>(kAt + kGiB), 2 * PAGE_SIZE, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  ASSERT_EQ(own, reinterpret_cast<void*>(kAt + kGiB));
  first_->Map(kAt + kGiB - PAGE_SIZE, 3 * PAGE_SIZE, 0x11);
  first_->Drive([&] {
    EXPECT_EQ(At(kAt + kGiB - PAGE_SIZE), 0x11);
    EXPECT_FALSE(os::GuardedReadByte(&At(kAt + kGiB)));
  });
  munmap(own, 2 * PAGE_SIZE);
}

TEST_F(UserWindowTest, AClientThatIsKilledMakesAccessesFail) {
  first_->Map(kAt, 1024 * PAGE_SIZE, 0x11);
  std::atomic<bool> under_way{false};
  std::thread driver([&] {
    bool failed = false;
    while (!failed) {
      first_->Drive([&] {
        for (unsigned page = 0; page < 1024 && !failed; ++page) {
          failed = !os::GuardedProbeWriteByte(&At(kAt + page * PAGE_SIZE));
          if (!failed && page % 3 == 0) At(kAt + page * PAGE_SIZE) = static_cast<uint8_t>(page);
          under_way = true;
        }
      });
    }
  });
  while (!under_way) std::this_thread::yield();
  first_->Kill();
  driver.join();
  second_->Map(kAt, PAGE_SIZE, 0x22);
  second_->Drive([&] { EXPECT_EQ(At(kAt), 0x22); });
}

TEST_F(UserWindowTest, AtDispatchLevelMemoryIsBroughtInWhereNobodyElseIsInside) {
  first_->Map(kAt, PAGE_SIZE, 0x11);
  second_->Map(kAt, PAGE_SIZE, 0x22);
  second_->Drive([&] { EXPECT_EQ(At(kAt), 0x22); });
  first_->Drive([&] {
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    EXPECT_EQ(At(kAt), 0x11);
    KeLowerIrql(old);
  });
}

using UserWindowDeathTest = UserWindowTest;

TEST_F(UserWindowDeathTest, AtDispatchLevelAbsentMemoryOfAContestedWindowIsABugCheck) {
  EXPECT_BUGCHECK(
      {
        first_->Map(kAt, PAGE_SIZE, 0x11);
        std::atomic<bool> inside{false};
        std::thread([&] {
          second_->Drive([&] {
            inside = true;
            for (;;) __builtin_ia32_pause();
          });
        }).detach();
        while (!inside) std::this_thread::yield();
        first_->Drive([&] {
          KIRQL old;
          KeRaiseIrql(DISPATCH_LEVEL, &old);
          Touch(kAt);
        });
      },
      "IRQL_NOT_LESS_OR_EQUAL");
}

// Threads that leave at the same time each take themselves for the last: what one has written back is the
// application's again, which goes on while the other leaves.
TEST_F(UserWindowTest, WhatIsWrittenBackIsWrittenBackOnce) {
  constexpr int kThreads = 2;
  first_->Map(kAt, kThreads * PAGE_SIZE, 0);
  std::atomic<int> lost{0};
  std::vector<std::thread> drivers;
  for (int i = 0; i < kThreads; ++i) {
    drivers.emplace_back([&, own = kAt + static_cast<uintptr_t>(i) * PAGE_SIZE] {
      for (uint32_t round = 0; round < 5'000; ++round) {
        first_->Drive([&] { At<uint32_t>(own) = 2 * round + 1; });
        first_->Store<uint32_t>(own, 2 * round + 2);
        for (int look = 0; look < 10; ++look) {
          if (first_->Load<uint32_t>(own) == 2 * round + 2) continue;
          ++lost;
          break;
        }
      }
    });
  }
  for (std::thread& driver : drivers) driver.join();
  EXPECT_EQ(lost, 0);
}

// Everybody at once, with shared and private memory, sleeps, attachments and a client that changes its
// mappings.
TEST_F(UserWindowTest, Turmoil) {
  WindowTestClient* clients[] = {first_.get(), second_.get()};
  for (unsigned c = 0; c < 2; ++c) {
    clients[c]->Map(kAt, 8 * PAGE_SIZE, static_cast<uint8_t>(0x11 * (c + 1)));
    clients[c]->MapObject(kAt + 16 * PAGE_SIZE, 8 * PAGE_SIZE, 0);
    std::memset(clients[c]->Frames(), 0x11 * (static_cast<int>(c) + 1), 64 * PAGE_SIZE);
  }
  std::atomic<int> wrong{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> drivers;
  for (unsigned c = 0; c < 2; ++c) {
    for (unsigned t = 0; t < 3; ++t) {
      drivers.emplace_back([&, c, t] {
        const auto value = static_cast<uint8_t>(0x11 * (c + 1));
        const auto others = static_cast<uint8_t>(0x11 * (2 - c));
        unsigned random = c * 3 + t;
        for (int round = 0; round < 150; ++round) {
          clients[c]->Drive([&] {
            for (int i = 0; i < 10; ++i) {
              random = random * 1103515245 + 12345;
              const uintptr_t page = kAt + (random >> 16 & 7) * PAGE_SIZE;
              switch (random >> 24 & 7) {
                case 0: {
                  LARGE_INTEGER soon = {.QuadPart = -100};
                  KeDelayExecutionThread(KernelMode, FALSE, &soon);
                  break;
                }
                case 1: {
                  KAPC_STATE state;
                  KeStackAttachProcess(clients[1 - c]->process(), &state);
                  if (At(page) != others) ++wrong;
                  KeUnstackDetachProcess(&state);
                  break;
                }
                case 2:
                  At(page + 64 * (t + 1)) = value;
                  break;
                default:
                  if (At(page) != value) ++wrong;
                  if (At(page + 16 * PAGE_SIZE) != value) ++wrong;
              }
            }
          });
        }
      });
    }
  }
  std::thread changes([&] {
    for (uint64_t i = 0; !stop; ++i) {
      first_->MapObject(kAt + 16 * PAGE_SIZE, 8 * PAGE_SIZE, (i % 8) * PAGE_SIZE);
      ForgetUserRange(second_->eprocess(), kAt, kAt + 32 * PAGE_SIZE);
      std::this_thread::yield();
    }
  });
  for (std::thread& driver : drivers) driver.join();
  stop = true;
  changes.join();
  EXPECT_EQ(wrong, 0);
}

// Figures, on demand: --gtest_also_run_disabled_tests --gtest_filter=*Speed*
TEST_F(UserWindowTest, DISABLED_Speed) {
  first_->Map(kAt, 8 << 20, 0x11);
  second_->Map(kAt, PAGE_SIZE, 0x22);
  first_->MapObject(kAt + kGiB, kGiB / 1024, 0);
  auto measure = [](const char* what, auto body) {
    constexpr int kRounds = 10000;
    for (int i = 0; i < 100; ++i) body();
    const int64_t start = os::MonotonicNs();
    for (int i = 0; i < kRounds; ++i) body();
    std::printf("%-40s %8.0f ns\n", what, static_cast<double>(os::MonotonicNs() - start) / kRounds);
  };
  measure("nothing touched", [&] { first_->Drive([] {}); });
  measure("two clients in turn, nothing touched", [&] {
    first_->Drive([] {});
    second_->Drive([] {});
  });
  measure("private page read", [&] { first_->Drive([] { Touch(kAt); }); });
  measure("private page written", [&] { first_->Drive([] { At(kAt) = At(kAt) + 1; }); });
  measure("shared page written", [&] { first_->Drive([] { At(kAt + kGiB) = At(kAt + kGiB) + 1; }); });
  measure("one client's page, another's entry", [&] {
    first_->Drive([] { Touch(kAt); });
    second_->Drive([] {});
  });
  measure("two clients' pages in turn", [&] {
    first_->Drive([] { Touch(kAt); });
    second_->Drive([] { Touch(kAt); });
  });
  measure("private page of random bytes written", [&] {
    static uint64_t random = 1;
    first_->Drive([] {
      for (unsigned i = 0; i < PAGE_SIZE; i += 4) {
        random = random * 6364136223846793005 + 1442695040888963407;
        At<uint32_t>(kAt + i) = static_cast<uint32_t>(random >> 32);
      }
    });
  });
  std::vector<uint8_t> buffer(4 << 20);
  const int64_t start = os::MonotonicNs();
  for (int i = 0; i < 10; ++i) {
    first_->Drive([&] { std::memcpy(buffer.data(), reinterpret_cast<void*>(kAt), buffer.size()); });
  }
  const int64_t copied = os::MonotonicNs();
  for (int i = 0; i < 10; ++i) {
    first_->Drive([&] { std::memset(reinterpret_cast<void*>(kAt), i, buffer.size()); });
  }
  const double bytes = 10.0 * static_cast<double>(buffer.size());
  std::printf("%-40s %8.2f GB/s\n", "private memory read", bytes / static_cast<double>(copied - start));
  std::printf("%-40s %8.2f GB/s\n", "private memory written",
              bytes / static_cast<double>(os::MonotonicNs() - copied));
}

}  // namespace
}  // namespace ring3::mm
