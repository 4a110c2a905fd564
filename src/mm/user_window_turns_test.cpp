// SPDX-License-Identifier: MIT
// Several threads in driver code, of one client and of two that have the same addresses.
#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "ddi/ke.h"
#include "mm/user_window_test.h"
#include "os/clock.h"

namespace ring3::mm {
namespace {

using UserWindowTurnsTest = UserWindowTest;

// ---- Of one client

TEST_F(UserWindowTurnsTest, WritesAreThereWhenTheDriverSleeps) {
  first_->MapAt(kAt, PAGE_SIZE, 0);
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

TEST_F(UserWindowTurnsTest, WhatAThreadInsideWroteIsSettledBeforeTheClientHearsOfAnything) {
  first_->MapAt(kAt, PAGE_SIZE, 0);
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

TEST_F(UserWindowTurnsTest, OtherRequestsOfTheClientSeeAndKeepEachOthersWrites) {
  first_->MapAt(kAt, PAGE_SIZE, 0);
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

// Threads that leave at the same time each take themselves for the last: what one has written back is the
// application's again, which goes on while the other leaves.
TEST_F(UserWindowTurnsTest, WhatIsWrittenBackIsWrittenBackOnce) {
  constexpr int kThreads = 2;
  first_->MapAt(kAt, kThreads * PAGE_SIZE, 0);
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

// ---- Of two

TEST_F(UserWindowTurnsTest, ClientsWithTheSameAddressesTakeTurns) {
  WindowTestClient* clients[] = {first_.get(), second_.get()};
  constexpr int kThreads = 2;
  constexpr uint32_t kRounds = 300;
  for (WindowTestClient* client : clients) client->MapAt(kAt, kThreads * PAGE_SIZE, 0);
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

TEST_F(UserWindowTurnsTest, PagesAreTakenFromWhoIsStillInside) {
  first_->MapAt(kAt, PAGE_SIZE, 0x11);
  second_->MapAt(kAt, PAGE_SIZE, 0x22);
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
TEST_F(UserWindowTurnsTest, WhoPollsIsHeldSoThatOthersGetTheirTurn) {
  first_->MapAt(kAt, PAGE_SIZE, 0x11);
  second_->MapAt(kAt, PAGE_SIZE, 0x22);
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

// A client whose memory does not answer stalls its own requests and nobody else's, however much of it is on
// the way: scattered pages, and many.
TEST_F(UserWindowTurnsTest, AClientWhoseMemoryStallsHoldsNobodyElseUp) {
  constexpr size_t kPages = (size_t{70} << 20) / PAGE_SIZE;
  for (WindowTestClient* client : {first_.get(), second_.get()}) client->MapAt(kAt, kPages * PAGE_SIZE, 0);
  const auto write = [](size_t step) {
    for (size_t page = 0; page < kPages; page += step) At(kAt + page * PAGE_SIZE) = 1;
  };
  for (const size_t step : {size_t{11}, size_t{1}}) {
    std::atomic<int> stalled{0};
    std::atomic<bool> done{false};
    first_->space().Stall(&stalled);
    std::thread first([&] { first_->Drive([&] { write(step); }); });
    while (stalled == 0) std::this_thread::yield();
    std::thread second([&] {
      second_->Drive([&] { write(step); });
      done = true;
    });
    const int64_t deadline = os::MonotonicNs() + 20'000'000'000;
    while (!done && os::MonotonicNs() < deadline) std::this_thread::yield();
    EXPECT_TRUE(done);
    first_->space().GoOn();
    first.join();
    second.join();
    EXPECT_EQ(first_->Load<uint8_t>(kAt + (kPages - 1) / step * step * PAGE_SIZE), 1);
    EXPECT_EQ(second_->Load<uint8_t>(kAt + (kPages - 1) / step * step * PAGE_SIZE), 1);
  }
}

TEST_F(UserWindowTurnsTest, AttachingChangesRooms) {
  first_->MapAt(kAt, PAGE_SIZE, 0x11);
  second_->MapAt(kAt, PAGE_SIZE, 0x22);
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

TEST_F(UserWindowTurnsTest, AtDispatchLevelMemoryIsBroughtInWhereNobodyElseIsInside) {
  first_->MapAt(kAt, PAGE_SIZE, 0x11);
  second_->MapAt(kAt, PAGE_SIZE, 0x22);
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
        first_->MapAt(kAt, PAGE_SIZE, 0x11);
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

// Everybody at once, with shared and private memory, sleeps, attachments and a client that changes its
// mappings.
TEST_F(UserWindowTurnsTest, Turmoil) {
  WindowTestClient* clients[] = {first_.get(), second_.get()};
  for (unsigned c = 0; c < 2; ++c) {
    clients[c]->MapAt(kAt, 8 * PAGE_SIZE, static_cast<uint8_t>(0x11 * (c + 1)));
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
                  // At each thread's own address: what is between two clients' accesses at one, a mapping
                  // that others exchanged, ThreadSanitizer does not see.
                  At(page + 64 * (3 * c + t + 1)) = value;
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
TEST_F(UserWindowTurnsTest, DISABLED_Speed) {
  first_->MapAt(kAt, 8 << 20, 0x11);
  second_->MapAt(kAt, PAGE_SIZE, 0x22);
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
