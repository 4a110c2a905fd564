// SPDX-License-Identifier: MIT
#include "mm/user_window_test.h"

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "base/fault_injection.h"
#include "ddi/ke.h"
#include "ddi/mm.h"
#include "mm/mdl_frames.h"
#include "mm/test_pages.h"
#include "mm/test_raise.h"
#include "os/clock.h"
#include "os/guarded_copy.h"

namespace ring3::mm {
namespace {

// ---- Private memory

TEST_F(UserWindowTest, PrivateMemoryIsReadAtItsAddress) {
  first_->MapAt(kAt, PAGE_SIZE, 0x11);
  first_->Store<uint32_t>(kAt + 8, 0x12345678);
  uint32_t seen = 0;
  first_->Drive([&] { seen = At<uint32_t>(kAt + 8); });
  EXPECT_EQ(seen, 0x12345678u);
}

TEST_F(UserWindowTest, EachRequestSeesWhatTheClientWroteBefore) {
  first_->MapAt(kAt, PAGE_SIZE, 0);
  for (uint32_t i = 1; i < 100; ++i) {
    first_->Store(kAt, i);
    uint32_t seen = 0;
    first_->Drive([&] { seen = At<uint32_t>(kAt); });
    ASSERT_EQ(seen, i);
  }
}

TEST_F(UserWindowTest, ChangedBytesAloneAreWrittenBack) {
  first_->MapAt(kAt, 2 * PAGE_SIZE, 0x11);
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
  first_->MapAt(kAt, PAGE_SIZE, 0);
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
  first_->MapAt(kAt, 3 * PAGE_SIZE, 0);
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

TEST_F(UserWindowTest, LongStretchesAreReadAhead) {
  constexpr size_t kBytes = size_t{80} << 20;  // more than there is room for at a time
  first_->MapAt(kAt, kBytes, 0x5a);
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
  first_->MapAt(kAt, kPages * PAGE_SIZE, 0x5a);
  first_->Drive([&] {
    for (size_t i = 0; i < kPages; ++i)
      At(kAt + (i * 7 % kPages) * PAGE_SIZE) = static_cast<uint8_t>(i * 7 % kPages);
  });
  for (size_t i = 0; i < kPages; i += 13) {
    ASSERT_EQ(first_->Load<uint8_t>(kAt + i * PAGE_SIZE), static_cast<uint8_t>(i));
  }
}

// ---- Shared memory

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
  second_->MapAt(kAt, PAGE_SIZE, 0x22);
  second_->Drive([&] { EXPECT_EQ(At(kAt + 1), 0x22); });
  first_->Drive([&] { EXPECT_EQ(At(kAt + 1), 0x77); });
}

TEST_F(UserWindowTest, SharedMemoryThatTheClientReplacedIsNotSeenAgain) {
  first_->MapObject(kAt, 4 * PAGE_SIZE, 0);
  first_->Drive([&] { At(kAt) = 1; });
  first_->MapAt(kAt, 4 * PAGE_SIZE, 0x11);
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

// Frames that were found for the client may be another's by the time they are mapped.
TEST_F(UserWindowTest, FramesThatWereGivenAwayAreNotShown) {
  first_->MapObject(kAt, 4 * PAGE_SIZE, 0);
  first_->Store<uint8_t>(kAt, 0x11);
  second_->Frames()[0] = std::byte{0x22};
  first_->space().WhenFramesAreFound([&] { first_->GiveFramesAway(second_->object()); });
  first_->Drive([&] {
    EXPECT_EQ(At(kAt), 0x11);
    At(kAt) = 0x33;
  });
  EXPECT_EQ(first_->Load<uint8_t>(kAt), 0x33);
  EXPECT_EQ(second_->Frames()[0], std::byte{0x22});
}

// Frames move to another object just when they are being mapped. As ClientViews does it: the client is shown
// the new object afterwards, and until then nobody accesses the memory.
TEST_F(UserWindowTest, FramesThatMoveMeanwhileAreShownWhereTheyAre) {
  PMDL mdl = AllocatePages(2);
  char* system = SystemAddress(mdl);
  const PageRuns runs = RunsOf(MdlFrames(mdl)).value();
  SharedFrames& frames = TheState().shared_frames;
  const SharedObjectRef old_object = SharedObject::Create(2).value();
  const SharedObjectRef new_object = SharedObject::Create(2).value();
  ASSERT_TRUE(frames.Move(runs, nullptr, old_object, {}).ok());
  first_->MapObject(*old_object, kAt, 2 * PAGE_SIZE);

  static std::atomic<bool> held, seen, moved;
  held = seen = moved = false;
  std::atomic<bool> found{false};
  first_->space().WhenFramesAreFound([&] {
    const bool again = found.exchange(true);
    while (!(again ? moved : held)) std::this_thread::yield();
  });
  std::thread driver([&] {
    first_->Drive([&] {
      EXPECT_EQ(At(kAt), 0);
      seen = true;
      while (!moved) std::this_thread::yield();
      At(kAt) = 0x33;
    });
  });
  while (!found) std::this_thread::yield();
  // The first mapping of them is about to be made read-only: all have been looked for.
  g_fault_hook = [](const char* what) {
    if (std::strcmp(what, "mprotect") == 0 && !held.exchange(true)) {
      const int64_t deadline = os::MonotonicNs() + 50'000'000;
      while (!seen && os::MonotonicNs() < deadline) std::this_thread::yield();
    }
    return false;
  };
  EXPECT_TRUE(frames.Move(runs, old_object, new_object, {{kAt, 2 * PAGE_SIZE}}).ok());
  g_fault_hook = nullptr;
  EXPECT_TRUE(held);
  first_->MapObject(*new_object, kAt, 2 * PAGE_SIZE);
  moved = true;
  driver.join();
  EXPECT_EQ(system[0], 0x33);
  first_->Unmap(kAt, 2 * PAGE_SIZE);
  FreePages(mdl);
}

// ---- What the executive is told and asks

TEST_F(UserWindowTest, ForgottenMemoryIsTakenAwayAtOnce) {
  first_->MapObject(kAt, 4 * PAGE_SIZE, 0);
  first_->Drive([&] {
    At(kAt) = 1;
    first_->Unmap(kAt, 4 * PAGE_SIZE);
    ForgetUserRange(first_->eprocess(), kAt + PAGE_SIZE, kAt + 2 * PAGE_SIZE);
    EXPECT_FALSE(os::GuardedReadByte(&At(kAt)));
  });
}

TEST_F(UserWindowTest, ForgottenChangesAreKeptOrDropped) {
  first_->MapAt(kAt, 2 * PAGE_SIZE, 0x11);
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
  first_->MapAt(kAt, PAGE_SIZE, 0x11);
  for (int round = 0; round < 3; ++round) {
    first_->Drive([&] { At(kAt) = 0x22; });
    const UserWindowMoment gone = UserWindowNow();
    first_->MapAt(kAt, PAGE_SIZE, 0x33);
    first_->Drive([&] {
      EXPECT_EQ(At(kAt), 0x33);
      At(kAt) = 0x44;
      ForgetUserRange(first_->eprocess(), kAt, kAt + PAGE_SIZE, gone);
    });
    EXPECT_EQ(first_->Load<uint8_t>(kAt), 0x44);
  }
}

// ---- What is not there

TEST_F(UserWindowTest, WhatTheClientCannotAccessFaults) {
  first_->MapAt(kAt, 3 * PAGE_SIZE, 0x11);
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
  first_->MapAt(kAt, PAGE_SIZE, 0x11);
  KAPC_STATE state;
  KeStackAttachProcess(first_->process(), &state);
  EXPECT_FALSE(os::GuardedReadByte(&At(kAt)));
  KeUnstackDetachProcess(&state);
  auto read = [] { EXPECT_FALSE(os::GuardedReadByte(&At(kAt))); };
  CallAsDriver(read);
}

TEST_F(UserWindowTest, AnExceptionLeavesTheRoom) {
  first_->MapAt(kAt, PAGE_SIZE, 0x11);
  KAPC_STATE state;
  KeStackAttachProcess(first_->process(), &state);
  EXPECT_EQ(RaisedBy([] {
              auto body = [] {
                At(kAt) = 0x22;
                At(kAt + PAGE_SIZE) = 1;
              };
              CallAsDriver(body);
            }),
            STATUS_ACCESS_VIOLATION);
  EXPECT_FALSE(ke::CurrentThread()->in_room);
  EXPECT_EQ(first_->Load<uint8_t>(kAt), 0x22);
  KeUnstackDetachProcess(&state);
}

TEST_F(UserWindowTest, AddressesOfTheExecutiveAreNoUserMemory) {
  void* own = mmap(reinterpret_cast<void*>(kAt + kGiB), 2 * PAGE_SIZE, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  ASSERT_EQ(own, reinterpret_cast<void*>(kAt + kGiB));
  first_->MapAt(kAt + kGiB - PAGE_SIZE, 3 * PAGE_SIZE, 0x11);
  first_->Drive([&] {
    EXPECT_EQ(At(kAt + kGiB - PAGE_SIZE), 0x11);
    EXPECT_FALSE(os::GuardedReadByte(&At(kAt + kGiB)));
  });
  munmap(own, 2 * PAGE_SIZE);
}

// A client with memory at the same address would have the driver read or write the executive's.
TEST_F(UserWindowTest, ProbesRefuseMemoryOfTheExecutive) {
  const auto probe = [](uintptr_t start, size_t byte_count) {
    const NTSTATUS read = RaisedBy([=] { ProbeForRead(&At(start), byte_count, 1); });
    EXPECT_EQ(RaisedBy([=] { ProbeForWrite(&At(start), byte_count, 1); }), read);
    return read;
  };
  const uintptr_t start = kAt + kGiB;
  void* own = mmap(reinterpret_cast<void*>(start + PAGE_SIZE), PAGE_SIZE, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  ASSERT_EQ(own, reinterpret_cast<void*>(start + PAGE_SIZE));
  first_->MapAt(start, 2 * PAGE_SIZE, 0x11);
  first_->MapObject(start + 2 * PAGE_SIZE, PAGE_SIZE, 0);
  first_->Drive([&] {
    EXPECT_EQ(probe(start, PAGE_SIZE), STATUS_SUCCESS);
    At(start) = 1;
    At(start + 2 * PAGE_SIZE) = 1;
    EXPECT_EQ(probe(start, PAGE_SIZE), STATUS_SUCCESS);
    EXPECT_EQ(probe(start + 2 * PAGE_SIZE, 1), STATUS_SUCCESS);
    EXPECT_EQ(probe(start, PAGE_SIZE + 1), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(probe(start, 3 * PAGE_SIZE), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(probe(start + PAGE_SIZE, 1), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(probe(start + PAGE_SIZE, 0), STATUS_SUCCESS);
    uint8_t on_stack = 0;
    EXPECT_EQ(probe(reinterpret_cast<uintptr_t>(&on_stack), 1), STATUS_ACCESS_VIOLATION);
  });
  munmap(own, PAGE_SIZE);
  first_->Drive([&] { EXPECT_EQ(probe(start, 3 * PAGE_SIZE), STATUS_SUCCESS); });
}

TEST_F(UserWindowTest, AClientThatIsKilledMakesAccessesFail) {
  first_->MapAt(kAt, 1024 * PAGE_SIZE, 0x11);
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
  second_->MapAt(kAt, PAGE_SIZE, 0x22);
  second_->Drive([&] { EXPECT_EQ(At(kAt), 0x22); });
}

}  // namespace
}  // namespace ring3::mm
