// SPDX-License-Identifier: MIT
#include "mm/shared_frames.h"

#include <atomic>
#include <cstring>
#include <functional>

#include "ddi/ex.h"
#include "ddi/ke.h"
#include "ddi/mm_ntddk.h"
#include "mm/address_space.h"
#include "mm/mdl_frames.h"
#include "mm/memory_test.h"
#include "mm/state.h"
#include "mm/test_faults.h"
#include "mm/test_pages.h"
#include "mm/test_raise.h"
#include "ntstatus.h"
#include "os/futex.h"
#include "os/guarded_copy.h"
#include "os/thread.h"

namespace ring3::mm {
namespace {

class SharedFramesTest : public MemoryTest {
 protected:
  static SharedFrames& Frames() { return TheState().shared_frames; }
  static PageRuns Runs(PMDL mdl) {
    Result<PageRuns> runs = RunsOf(MdlFrames(mdl));
    EXPECT_TRUE(runs.ok());
    return std::move(runs).value();
  }
  static SharedObjectRef NewObject(uint64_t count) {
    Result<SharedObjectRef> object = SharedObject::Create(count);
    EXPECT_TRUE(object.ok());
    return std::move(object).value();
  }
  static Status Move(PMDL mdl, const SharedObjectRef& from, const SharedObjectRef& to) {
    return Frames().Move(Runs(mdl), from, to, {});
  }
  // The object's memory as an application would see it.
  class Outside {
   public:
    explicit Outside(const SharedObjectRef& object, uint64_t pages) : bytes_(pages * kPageBytes) {
      address_ = os::ReserveAnywhere(bytes_, kPageBytes, kUserLimit, os::Placement::kAnywhere);
      EXPECT_TRUE(object->memory.MapAt(address_, bytes_, 0, os::Protection::kRead).ok());
    }
    ~Outside() { os::Release(address_, bytes_); }
    volatile char& operator[](uint64_t offset) const {
      return reinterpret_cast<volatile char*>(address_)[offset];
    }

   private:
    uintptr_t address_;
    uint64_t bytes_;
  };
};

TEST_F(SharedFramesTest, PagesKeepAddressAndContents) {
  PMDL mdl = AllocatePages(3);
  char* system = SystemAddress(mdl);
  for (int i = 0; i < 3; ++i) system[i * PAGE_SIZE + 5] = static_cast<char>('a' + i);
  char* view = static_cast<char*>(MmMapIoSpace(MmGetPhysicalAddress(system), 3 * PAGE_SIZE, MmCached));
  ASSERT_NE(view, nullptr);
  SharedObjectRef object = NewObject(3);
  ASSERT_TRUE(Move(mdl, nullptr, object).ok());
  EXPECT_EQ(Frames().moved_pages(), 3u);
  {
    Outside outside(object, 3);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(outside[i * PAGE_SIZE + 5], 'a' + i);
    // All mappings show one memory, old ones and new ones.
    system[0] = 'x';
    EXPECT_EQ(view[0], 'x');
    EXPECT_EQ(outside[0], 'x');
    view[PAGE_SIZE] = 'y';
    EXPECT_EQ(system[PAGE_SIZE], 'y');
    char* later = static_cast<char*>(MmMapIoSpace(MmGetPhysicalAddress(system), 3 * PAGE_SIZE, MmCached));
    later[2 * PAGE_SIZE] = 'z';
    EXPECT_EQ(outside[2 * PAGE_SIZE], 'z');
    MmUnmapIoSpace(later, 3 * PAGE_SIZE);
    FrameRun frames;
    EXPECT_TRUE(Frames().FindFrames(object->identity, PAGE_SIZE, &frames));
    EXPECT_EQ(frames.first, MmGetMdlPfnArray(mdl)[1]);
    EXPECT_EQ(frames.count, 2u);
    EXPECT_FALSE(Frames().FindFrames(object->identity, 3 * PAGE_SIZE, &frames));
  }
  ASSERT_TRUE(Move(mdl, object, nullptr).ok());
  EXPECT_EQ(Frames().moved_pages(), 0u);
  {
    Outside outside(object, 3);
    system[0] = 'q';
    EXPECT_EQ(view[0], 'q');
    EXPECT_EQ(view[2 * PAGE_SIZE], 'z');
    EXPECT_EQ(outside[0], 'x');
  }
  MmUnmapIoSpace(view, 3 * PAGE_SIZE);
  FreePages(mdl);
}

TEST_F(SharedFramesTest, LongRunsMoveInSteps) {
  constexpr uint64_t kPages = 1 << 16;
  PMDL mdl = AllocatePages(kPages);
  SharedObjectRef object = NewObject(kPages);
  ASSERT_TRUE(Move(mdl, nullptr, object).ok());
  EXPECT_EQ(Frames().moved_pages(), kPages);
  FreePages(mdl);
  EXPECT_EQ(Frames().moved_pages(), 0u);
}

TEST_F(SharedFramesTest, FreedPagesAreRamAgainAndReadAsZeros) {
  PMDL mdl = AllocatePages(2);
  char* system = SystemAddress(mdl);
  const PFN_NUMBER first = MmGetMdlPfnArray(mdl)[0];
  std::memset(system, 'a', 2 * PAGE_SIZE);
  SharedObjectRef object = NewObject(2);
  ASSERT_TRUE(Move(mdl, nullptr, object).ok());
  Outside outside(object, 2);
  FreePages(mdl);
  FrameRun frames;
  EXPECT_FALSE(Frames().FindFrames(object->identity, 0, &frames));
  // Whoever still has the old memory does not see what comes next.
  const PHYSICAL_ADDRESS low = {.QuadPart = static_cast<LONGLONG>(first << PAGE_SHIFT)};
  const PHYSICAL_ADDRESS high = {.QuadPart = static_cast<LONGLONG>(((first + 2) << PAGE_SHIFT) - 1)};
  mdl = MmAllocatePagesForMdlEx(low, high, kNone, 2 * PAGE_SIZE, MmCached, 0);
  ASSERT_EQ(MmGetMdlPfnArray(mdl)[0], first);
  system = SystemAddress(mdl);
  EXPECT_EQ(system[0], 0);
  EXPECT_EQ(system[PAGE_SIZE], 0);
  system[0] = 'b';
  EXPECT_EQ(outside[0], 'a');
  FreePages(mdl);
}

TEST_F(SharedFramesTest, PartsMoveOn) {
  PMDL mdl = AllocatePages(8);
  char* system = SystemAddress(mdl);
  for (int i = 0; i < 8; ++i) system[i * PAGE_SIZE] = static_cast<char>('0' + i);
  SharedObjectRef all = NewObject(8);
  ASSERT_TRUE(Move(mdl, nullptr, all).ok());
  const PageRun run = Runs(mdl)[0];
  SharedObjectRef part = NewObject(2);
  ASSERT_TRUE(
      Frames().Move({{run.page + 5, run.pfn + 5, 1}, {run.page + 2, run.pfn + 2, 1}}, all, part, {}).ok());
  EXPECT_EQ(all->live_count, 6u);
  EXPECT_EQ(part->live_count, 2u);
  Outside outside(part, 2);
  EXPECT_EQ(outside[0], '5');
  EXPECT_EQ(outside[PAGE_SIZE], '2');
  system[2 * PAGE_SIZE] = 'x';
  EXPECT_EQ(outside[PAGE_SIZE], 'x');
  // Not where they are said to be.
  EXPECT_EQ(Frames().Move({run}, all, nullptr, {}).status(), STATUS_INVALID_PARAMETER);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(system[i * PAGE_SIZE], i == 2 ? 'x' : '0' + i);
  FreePages(mdl);
}

TEST_F(SharedFramesTest, SealedObjectsStayWritableHereOnly) {
  PMDL mdl = AllocatePages(2);
  char* system = SystemAddress(mdl);
  SharedObjectRef object = NewObject(2);
  ASSERT_TRUE(Move(mdl, nullptr, object).ok());
  ASSERT_TRUE(Frames().Seal(*object).ok());
  system[0] = 'a';
  const uintptr_t place = os::ReserveAnywhere(PAGE_SIZE, PAGE_SIZE, kUserLimit, os::Placement::kAnywhere);
  EXPECT_FALSE(object->memory.MapAt(place, PAGE_SIZE, 0, os::Protection::kReadWrite).ok());
  os::Release(place, PAGE_SIZE);
  char* view = static_cast<char*>(MmMapIoSpace(MmGetPhysicalAddress(system), 2 * PAGE_SIZE, MmCached));
  ASSERT_NE(view, nullptr);
  view[PAGE_SIZE] = 'b';
  EXPECT_EQ(system[PAGE_SIZE], 'b');
  SharedObjectRef next = NewObject(2);
  ASSERT_TRUE(Move(mdl, object, next).ok());
  view[0] = 'c';
  Outside outside(next, 2);
  EXPECT_EQ(outside[0], 'c');
  EXPECT_EQ(outside[PAGE_SIZE], 'b');
  MmUnmapIoSpace(view, 2 * PAGE_SIZE);
  FreePages(mdl);
}

TEST_F(SharedFramesTest, DeviceMemoryMovesToo) {
  // A device hole, and device memory above RAM.
  for (const LONGLONG physical : {0xC000'0000ll, 0x30'0000'0000ll}) {
    const PHYSICAL_ADDRESS address = {.QuadPart = physical};
    char* registers = static_cast<char*>(MmMapIoSpace(address, 2 * PAGE_SIZE, MmNonCached));
    ASSERT_NE(registers, nullptr);
    registers[PAGE_SIZE] = 'r';
    MM_PHYSICAL_ADDRESS_LIST list = {.PhysicalAddress = address, .NumberOfBytes = 2 * PAGE_SIZE};
    PMDL mdl;
    ASSERT_EQ(MmAllocateMdlForIoSpace(&list, 1, &mdl), STATUS_SUCCESS);
    SharedObjectRef object = NewObject(2);
    ASSERT_TRUE(Move(mdl, nullptr, object).ok());
    {
      Outside outside(object, 2);
      EXPECT_EQ(outside[PAGE_SIZE], 'r');
      registers[0] = 's';
      EXPECT_EQ(outside[0], 's');
      FrameRun frames;
      EXPECT_TRUE(Frames().FindFrames(object->identity, 0, &frames));
      EXPECT_EQ(frames.first, static_cast<Pfn>(physical) >> PAGE_SHIFT);
    }
    ASSERT_TRUE(Move(mdl, object, nullptr).ok());
    EXPECT_EQ(registers[0], 's');
    EXPECT_EQ(registers[PAGE_SIZE], 'r');
    IoFreeMdl(mdl);
    MmUnmapIoSpace(registers, 2 * PAGE_SIZE);
  }
}

TEST_F(SharedFramesTest, ProtectedPagesStayProtected) {
  PMDL mdl = AllocatePages(1);
  char* system = SystemAddress(mdl);
  *system = 'a';
  ASSERT_EQ(MmProtectMdlSystemAddress(mdl, PAGE_READONLY), STATUS_SUCCESS);
  SharedObjectRef object = NewObject(1);
  ASSERT_TRUE(Move(mdl, nullptr, object).ok());
  EXPECT_EQ(RaisedBy([&] { *const_cast<volatile char*>(system) = 1; }), STATUS_ACCESS_VIOLATION);
  EXPECT_EQ(*system, 'a');
  ASSERT_EQ(MmProtectMdlSystemAddress(mdl, PAGE_READWRITE), STATUS_SUCCESS);
  *system = 'b';
  FreePages(mdl);
}

// Whatever fails on the way, every page is whole and can be written.
TEST_F(SharedFramesTest, FailuresLeaveThePagesUsable) {
  constexpr uint64_t kPages = 600;  // more than move at once
  for (const bool sealed : {false, true}) {
    PMDL mdl = AllocatePages(kPages);
    char* system = SystemAddress(mdl);
    for (uint64_t i = 0; i < kPages; ++i) system[i * PAGE_SIZE] = static_cast<char>(i);
    char* view = static_cast<char*>(MmMapIoSpace(MmGetPhysicalAddress(system), kPages * PAGE_SIZE, MmCached));
    SharedObjectRef from = NewObject(kPages);
    ASSERT_TRUE(Move(mdl, nullptr, from).ok());
    if (sealed) {
      ASSERT_TRUE(Frames().Seal(*from).ok());
    }
    int failures = 0;
    for (bool done = false; !done && failures < 100;) {
      // What an earlier try has moved stays where it is: only the rest is asked for.
      PageRuns rest;
      for (const SharedFrames::Place& place : Frames().PlacesOf(Runs(mdl))) {
        if (place.object == from) rest.push_back(place.run);
      }
      SharedObjectRef to = NewObject(kPages);
      {
        const FailNth failing(failures);
        done = Frames().Move(rest, from, to, {}).ok();
      }
      if (!done) ++failures;
      for (uint64_t i = 0; i < kPages; ++i) {
        ASSERT_EQ(system[i * PAGE_SIZE], static_cast<char>(i));
        view[i * PAGE_SIZE + 1] = static_cast<char>(failures);
        ASSERT_EQ(system[i * PAGE_SIZE + 1], static_cast<char>(failures));
        system[i * PAGE_SIZE + 2] = 1;
      }
    }
    EXPECT_GE(failures, 4);
    EXPECT_LT(failures, 100);
    MmUnmapIoSpace(view, kPages * PAGE_SIZE);
    FreePages(mdl);
  }
}

void Await(std::atomic<uint32_t>& count, uint32_t wanted) {
  for (uint32_t now; (now = count.load()) < wanted;) os::FutexWait(count, now);
}
void Reach(std::atomic<uint32_t>& count, uint32_t value) {
  count = value;
  os::FutexWakeAll(count);
}

// Threads write to the pages, by the direct mapping and by a view, while they move to and fro. Nothing is
// lost.
TEST_F(SharedFramesTest, WritersLoseNothing) {
  constexpr uint64_t kPages = 4;
  constexpr uint32_t kMoves = 300;
  constexpr uint32_t kRoundsPerMove = 10'000;  // which take longer than a move
  PMDL mdl = AllocatePages(kPages);
  char* system = SystemAddress(mdl);
  char* view = static_cast<char*>(MmMapIoSpace(MmGetPhysicalAddress(system), kPages * PAGE_SIZE, MmCached));
  std::atomic<uint32_t> moves{0};
  struct Writer {
    char* base;
    std::atomic<uint32_t>& moves;
    std::atomic<uint32_t> written_for{0};  // so many moves
  };
  Writer writers[] = {{system, moves}, {view, moves}};
  std::vector<os::Thread> threads;
  for (Writer& writer : writers) {
    Result<os::Thread> thread = os::Thread::Create(
        "writer",
        [](void* argument) {
          Writer& self = *static_cast<Writer*>(argument);
          for (uint32_t move = 1; move <= kMoves; ++move) {
            Await(self.moves, move);
            for (uint32_t round = 0; round < kRoundsPerMove; ++round) {
              for (uint64_t page = 0; page < kPages; ++page) {
                auto* counter = reinterpret_cast<std::atomic<uint64_t>*>(self.base + page * PAGE_SIZE);
                counter->fetch_add(1, std::memory_order_relaxed);
              }
            }
            Reach(self.written_for, move);
          }
        },
        &writer);
    ASSERT_TRUE(thread.ok());
    threads.push_back(std::move(thread).value());
  }
  SharedObjectRef object;
  for (uint32_t move = 1; move <= kMoves; ++move) {
    // The writers are under way: they go on without waiting when they have written for the move before.
    Reach(moves, move);
    for (Writer& writer : writers) Await(writer.written_for, move - 1);
    SharedObjectRef next = move % 3 == 0 ? nullptr : NewObject(kPages);
    EXPECT_TRUE(Move(mdl, object, next).ok());
    object = next;
  }
  for (os::Thread& thread : threads) thread.Join();
  for (uint64_t page = 0; page < kPages; ++page) {
    EXPECT_EQ(*reinterpret_cast<uint64_t*>(system + page * PAGE_SIZE), 2u * kMoves * kRoundsPerMove);
  }
  MmUnmapIoSpace(view, kPages * PAGE_SIZE);
  FreePages(mdl);
}

// Views come and go while frames move.
TEST_F(SharedFramesTest, ViewsAreMappedWhileFramesMove) {
  constexpr uint64_t kPages = 4;
  PMDL mdl = AllocatePages(kPages);
  char* system = SystemAddress(mdl);
  struct Mapper {
    char* system;
    std::atomic<bool> stop{false};
    std::atomic<uint64_t> rounds{0};
    std::atomic<uint64_t> wrong{0};
  } mapper;
  mapper.system = system;
  Result<os::Thread> thread = os::Thread::Create(
      "mapper",
      [](void* argument) {
        Mapper& self = *static_cast<Mapper*>(argument);
        auto* word = reinterpret_cast<std::atomic<uint64_t>*>(self.system + PAGE_SIZE);
        for (uint64_t i = 1; !self.stop; ++i) {
          const uintptr_t view =
              TheState().views.Reserve({ViewSpace::Use::kIoSpace, kPages, 0, nullptr, kPages, nullptr, 0});
          const Pfn first = (reinterpret_cast<uintptr_t>(self.system) - kSystemBase) >> kPageShift;
          if (!MapRun(view, first, kPages, os::Protection::kReadWrite).ok()) ++self.wrong;
          reinterpret_cast<std::atomic<uint64_t>*>(view + PAGE_SIZE)->store(i, std::memory_order_relaxed);
          if (word->load() != i) ++self.wrong;
          TheState().views.Release(view);
          ++self.rounds;
        }
      },
      &mapper);
  ASSERT_TRUE(thread.ok());
  SharedObjectRef object;
  for (int i = 0; i < 300; ++i) {
    SharedObjectRef next = i % 3 == 2 ? nullptr : NewObject(kPages);
    if (next != nullptr && i % 2 == 0) {
      ASSERT_TRUE(Move(mdl, object, next).ok());
      ASSERT_TRUE(Frames().Seal(*next).ok());
    } else {
      ASSERT_TRUE(Move(mdl, object, next).ok());
    }
    object = next;
  }
  while (mapper.rounds == 0) os::YieldThread();
  mapper.stop = true;
  thread->Join();
  EXPECT_EQ(mapper.wrong, 0u);
  FreePages(mdl);
}

}  // namespace
}  // namespace ring3::mm
