// SPDX-License-Identifier: MIT
#include "mm/client_views.h"

#include <atomic>
#include <cstring>
#include <optional>

#include "base/fault_injection.h"
#include "ddi/ex.h"
#include "ddi/ke.h"
#include "ddi/mm_ntddk.h"
#include "mm/mdl_frames.h"
#include "mm/memory_test.h"
#include "mm/state.h"
#include "mm/test_client.h"
#include "mm/test_raise.h"
#include "mm/test_view_client.h"
#include "ntstatus.h"
#include "os/thread.h"

namespace ring3::mm {
namespace {

constexpr PHYSICAL_ADDRESS kNone = {};
constexpr PHYSICAL_ADDRESS kEverywhere = {.QuadPart = -1};
using Write = UserViews::Write;

std::atomic<int> g_countdown{-1};
bool FailAtZero(const char*) {
  return g_countdown.fetch_sub(1) == 0;
}

// Drivers' memory in applications that are processes of their own: a and b.
class ClientViewsTest : public MemoryTest {
 protected:
  // The clients are made before there are threads, and memory that they could inherit.
  void SetUp() override {
    a_.emplace();
    b_.emplace();
    MemoryTest::SetUp();
    in_a_.emplace(*a_);
    in_b_.emplace(*b_);
  }
  void TearDown() override {
    for (TestViewSpace* space : {&*in_a_, &*in_b_}) space->views().UnmapAll(nullptr);
    MemoryTest::TearDown();
  }

  TestViewClient& a() { return *a_; }
  TestViewClient& b() { return *b_; }
  UserViews& in_a() { return in_a_->views(); }
  UserViews& in_b() { return in_b_->views(); }

  static uintptr_t Map(UserViews& views, PMDL mdl, Write write = Write::kAllowed, uintptr_t at = 0) {
    Result<uintptr_t> address = views.Map(nullptr, mdl, at, write, nullptr);
    EXPECT_TRUE(address.ok());
    return address.ok() ? *address : 0;
  }
  static void Unmap(UserViews& views, PMDL mdl, uintptr_t address) {
    EXPECT_TRUE(views.Unmap(nullptr, mdl, address).ok());
  }
  static PMDL AllocatePages(uint64_t count) {
    return MmAllocatePagesForMdlEx(kNone, kEverywhere, kNone, count * PAGE_SIZE, MmCached, 0);
  }
  static char* SystemAddress(PMDL mdl) {
    return static_cast<char*>(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
  }
  static void FreePages(PMDL mdl) {
    MmFreePagesFromMdl(mdl);
    ExFreePool(mdl);
  }
  // An MDL over some of the pages of another.
  static PMDL PartOf(PMDL whole, std::initializer_list<int> pages) {
    PMDL mdl = IoAllocateMdl(nullptr, static_cast<ULONG>(pages.size() * PAGE_SIZE), FALSE, FALSE, nullptr);
    PFN_NUMBER* frames = MmGetMdlPfnArray(mdl);
    for (int page : pages) *frames++ = MmGetMdlPfnArray(whole)[page];
    mdl->MdlFlags |= MDL_PAGES_LOCKED;
    return mdl;
  }
  static void FreePart(PMDL mdl) {
    mdl->MdlFlags &= ~MDL_PAGES_LOCKED;
    IoFreeMdl(mdl);
  }
  static uint64_t Moves() { return TheState().shared_frames.generation(); }
  static uint64_t Word(const char* address) {
    return reinterpret_cast<const std::atomic<uint64_t>*>(address)->load();
  }
  static void WaitForCounting(TestViewClient& client) {
    while (client.Counted() < 10) os::YieldThread();
  }

 private:
  std::optional<TestViewClient> a_, b_;
  std::optional<TestViewSpace> in_a_, in_b_;
};

TEST_F(ClientViewsTest, OneMemoryInManyProcesses) {
  PMDL mdl = AllocatePages(3);
  char* system = SystemAddress(mdl);
  std::strcpy(system + PAGE_SIZE, "driver");
  const uintptr_t first = Map(in_a(), mdl);
  const uintptr_t again = Map(in_a(), mdl);
  const uintptr_t second = Map(in_b(), mdl);
  EXPECT_NE(first, again);
  EXPECT_EQ(a().Peek(first + PAGE_SIZE), 'd');
  EXPECT_TRUE(a().Poke(first, 'a'));
  EXPECT_TRUE(b().Poke(second + 2 * PAGE_SIZE, 'b'));
  EXPECT_EQ(system[0], 'a');
  EXPECT_EQ(system[2 * PAGE_SIZE], 'b');
  EXPECT_EQ(a().Peek(again + 2 * PAGE_SIZE), 'b');
  system[1] = 'c';
  EXPECT_EQ(b().Peek(second + 1), 'c');
  EXPECT_EQ(in_a().CountOf(nullptr), 2u);
  EXPECT_TRUE(in_a().AnyOf(mdl));
  // Nothing but the mappings is left in the applications.
  EXPECT_EQ(a().CountDescriptors(), 0u);
  EXPECT_EQ(b().CountDescriptors(), 0u);
  Unmap(in_a(), mdl, first);
  EXPECT_EQ(a().Peek(first), -1);
  EXPECT_EQ(a().Peek(again), 'a');
  Unmap(in_a(), mdl, again);
  EXPECT_EQ(in_a().Unmap(nullptr, mdl, again).status(), STATUS_NOT_MAPPED_VIEW);
  EXPECT_EQ(b().Peek(second), 'a');
  Unmap(in_b(), mdl, second);
  FreePages(mdl);
}

TEST_F(ClientViewsTest, ReadOnlyIsReadOnly) {
  PMDL mdl = AllocatePages(2);
  char* system = SystemAddress(mdl);
  a().Behave(TestViewClient::kKeepsDescriptors);
  const uintptr_t view = Map(in_a(), mdl, Write::kRefused);
  system[0] = 'x';
  EXPECT_EQ(a().Peek(view), 'x');
  EXPECT_FALSE(a().Poke(view, 'y'));
  EXPECT_FALSE(a().MakeWritable(view));
  EXPECT_FALSE(a().Poke(view, 'y'));
  EXPECT_EQ(a().CountDescriptors(), 1u);
  EXPECT_FALSE(a().CanWriteToAnyObject());
  EXPECT_EQ(system[0], 'x');
  Unmap(in_a(), mdl, view);
  FreePages(mdl);
}

// Whoever comes first, all see one memory, and each may do what was asked for.
TEST_F(ClientViewsTest, ReadOnlyAndWritableInAnyOrder) {
  for (const bool writable_first : {false, true}) {
    PMDL mdl = AllocatePages(2);
    char* system = SystemAddress(mdl);
    system[7] = 's';
    a().Behave(TestViewClient::kKeepsDescriptors);
    uintptr_t reader = 0, writer = 0;
    if (writable_first) writer = Map(in_b(), mdl);
    reader = Map(in_a(), mdl, Write::kRefused);
    if (!writable_first) writer = Map(in_b(), mdl);
    const uintptr_t third = Map(in_b(), mdl);
    for (int i = 0; i < 2; ++i) {
      EXPECT_TRUE(b().Poke(writer + i, static_cast<char>('0' + i)));
      EXPECT_TRUE(b().Poke(third + PAGE_SIZE + i, static_cast<char>('2' + i)));
    }
    EXPECT_EQ(std::memcmp(system, "01", 2), 0);
    EXPECT_EQ(std::memcmp(system + PAGE_SIZE, "23", 2), 0);
    EXPECT_EQ(a().Peek(reader), '0');
    EXPECT_EQ(a().Peek(reader + PAGE_SIZE + 1), '3');
    EXPECT_EQ(a().Peek(reader + 7), 's');
    system[8] = 't';
    EXPECT_EQ(a().Peek(reader + 8), 't');
    EXPECT_EQ(b().Peek(writer + 8), 't');
    EXPECT_EQ(b().Peek(third + 8), 't');
    EXPECT_FALSE(a().MakeWritable(reader));
    EXPECT_FALSE(a().CanWriteToAnyObject());
    Unmap(in_b(), mdl, third);
    Unmap(in_b(), mdl, writer);
    Unmap(in_a(), mdl, reader);
    FreePages(mdl);
  }
}

TEST_F(ClientViewsTest, MappingTheSameMemoryAgainCopiesNothing) {
  PMDL mdl = AllocatePages(2000);
  Unmap(in_a(), mdl, Map(in_a(), mdl));
  const uint64_t moves = Moves();
  for (int i = 0; i < 3; ++i) {
    const uintptr_t first = Map(in_a(), mdl);
    const uintptr_t second = Map(in_b(), mdl);
    Unmap(in_a(), mdl, first);
    Unmap(in_b(), mdl, second);
  }
  const uintptr_t read_only = Map(in_a(), mdl, Write::kRefused);
  Unmap(in_a(), mdl, read_only);
  EXPECT_EQ(Moves(), moves);
  FreePages(mdl);
}

// Whoever keeps what it was given sees nothing of what comes later.
TEST_F(ClientViewsTest, NothingIsSeenAfterTheLastView) {
  for (const auto behaviour : {TestViewClient::kKeepsDescriptors, TestViewClient::kKeepsMappings}) {
    PMDL mdl = AllocatePages(2);
    char* system = SystemAddress(mdl);
    a().Behave(behaviour);
    const uintptr_t view = Map(in_a(), mdl);
    system[0] = 'o';
    Unmap(in_a(), mdl, view);
    std::memset(system, 'S', 2 * PAGE_SIZE);
    EXPECT_FALSE(a().SeesInAnyObject('S'));
    if (behaviour == TestViewClient::kKeepsMappings) {
      EXPECT_EQ(a().Peek(view), 'o');
      EXPECT_TRUE(a().Poke(view + 1, 'q'));
      EXPECT_EQ(system[1], 'S');
    }
    EXPECT_EQ(TheState().shared_frames.moved_pages(), 0u);
    // It goes on working for those who behave.
    const uintptr_t other = Map(in_b(), mdl);
    EXPECT_EQ(b().Peek(other), 'S');
    Unmap(in_b(), mdl, other);
    FreePages(mdl);
  }
}

TEST_F(ClientViewsTest, NothingIsSeenByAForkedChildOfTheApplication) {
  PMDL mdl = AllocatePages(1);
  const uintptr_t view = Map(in_a(), mdl);
  a().Fork();
  Unmap(in_a(), mdl, view);
  EXPECT_EQ(TheState().shared_frames.moved_pages(), 0u);
  FreePages(mdl);
}

TEST_F(ClientViewsTest, NothingIsSeenAfterTheLastViewWhileOthersGoOn) {
  PMDL mdl = AllocatePages(2);
  char* system = SystemAddress(mdl);
  a().Behave(TestViewClient::kKeepsDescriptors);
  const uintptr_t view = Map(in_a(), mdl);
  const uintptr_t other = Map(in_b(), mdl);
  b().StartCounting(other, other + PAGE_SIZE);
  WaitForCounting(b());
  Unmap(in_a(), mdl, view);
  std::memset(system + 8, 'S', 64);
  EXPECT_FALSE(a().SeesInAnyObject('S'));
  EXPECT_EQ(b().Peek(other + 8), 'S');
  const uint64_t counted = b().StopCounting();
  EXPECT_EQ(Word(system), counted);
  EXPECT_EQ(Word(system + PAGE_SIZE), counted);
  Unmap(in_b(), mdl, other);
  FreePages(mdl);
}

// Views that overlap: nobody gets an object that shows more than its own view does.
TEST_F(ClientViewsTest, ObjectsShowNoMoreThanTheView) {
  PMDL whole = AllocatePages(6);
  char* system = SystemAddress(whole);
  a().Behave(TestViewClient::kKeepsDescriptors);
  b().Behave(TestViewClient::kKeepsDescriptors);
  PMDL low = PartOf(whole, {0, 1, 2, 3});
  PMDL high = PartOf(whole, {5, 2, 3, 4});
  const uintptr_t in_low = Map(in_a(), low);
  a().StartCounting(in_low, in_low + 3 * PAGE_SIZE);
  WaitForCounting(a());
  const uintptr_t in_high = Map(in_b(), high);
  b().StartCounting(in_high + 8, in_high + 2 * PAGE_SIZE + 8);
  WaitForCounting(b());
  // Pages 0 and 1 are none of b's business, 4 and 5 none of a's.
  std::memset(system + 64, 'L', 64);
  std::memset(system + PAGE_SIZE + 64, 'L', 64);
  std::memset(system + 2 * PAGE_SIZE + 64, 'M', 64);
  std::memset(system + 4 * PAGE_SIZE + 64, 'H', 64);
  std::memset(system + 5 * PAGE_SIZE + 64, 'H', 64);
  EXPECT_TRUE(a().SeesInAnyObject('L'));
  EXPECT_FALSE(a().SeesInAnyObject('H'));
  EXPECT_TRUE(b().SeesInAnyObject('H'));
  EXPECT_FALSE(b().SeesInAnyObject('L'));
  EXPECT_EQ(a().Peek(in_low + 2 * PAGE_SIZE + 64), 'M');
  EXPECT_EQ(b().Peek(in_high + PAGE_SIZE + 64), 'M');
  EXPECT_EQ(b().Peek(in_high + 64), 'H');
  EXPECT_EQ(a().Peek(in_low + 64), 'L');
  // A third view across both, and one page alone.
  PMDL across = PartOf(whole, {1, 2, 4});
  PMDL alone = PartOf(whole, {3});
  const uintptr_t in_across = Map(in_b(), across);
  const uintptr_t in_alone = Map(in_a(), alone, Write::kRefused);
  EXPECT_EQ(b().Peek(in_across + 64), 'L');
  EXPECT_EQ(b().Peek(in_across + PAGE_SIZE + 64), 'M');
  EXPECT_EQ(b().Peek(in_across + 2 * PAGE_SIZE + 64), 'H');
  const uint64_t by_a = a().StopCounting();
  const uint64_t by_b = b().StopCounting();
  EXPECT_EQ(Word(system), by_a);
  EXPECT_EQ(Word(system + 3 * PAGE_SIZE), by_a);
  EXPECT_EQ(Word(system + 5 * PAGE_SIZE + 8), by_b);
  EXPECT_EQ(Word(system + 3 * PAGE_SIZE + 8), by_b);
  EXPECT_EQ(a().Peek(in_alone), static_cast<int>(by_a & 0xFF));
  Unmap(in_a(), alone, in_alone);
  Unmap(in_b(), across, in_across);
  Unmap(in_b(), high, in_high);
  Unmap(in_a(), low, in_low);
  for (PMDL part : {low, high, across, alone}) FreePart(part);
  FreePages(whole);
}

TEST_F(ClientViewsTest, ScatteredAndRepeatedFrames) {
  PMDL whole = AllocatePages(8);
  char* system = SystemAddress(whole);
  for (int i = 0; i < 8; ++i) system[i * PAGE_SIZE] = static_cast<char>('0' + i);
  PMDL mdl = PartOf(whole, {7, 1, 2, 5, 1});
  for (const Write write : {Write::kAllowed, Write::kRefused}) {
    const uintptr_t view = Map(in_a(), mdl, write);
    const char expected[] = "71251";
    for (int i = 0; i < 5; ++i) EXPECT_EQ(a().Peek(view + i * PAGE_SIZE), expected[i]);
    if (write == Write::kAllowed) {
      EXPECT_TRUE(a().Poke(view + 4 * PAGE_SIZE + 1, 'x'));
    }
    EXPECT_EQ(a().Peek(view + PAGE_SIZE + 1), 'x');
    EXPECT_EQ(system[PAGE_SIZE + 1], 'x');
    Unmap(in_a(), mdl, view);
  }
  FreePart(mdl);
  FreePages(whole);
}

TEST_F(ClientViewsTest, AtTheRequestedAddress) {
  PMDL mdl = AllocatePages(1);
  const uintptr_t place = Map(in_a(), mdl);
  Unmap(in_a(), mdl, place);
  EXPECT_EQ(Map(in_a(), mdl, Write::kAllowed, place + 5), place);
  EXPECT_EQ(in_a().Map(nullptr, mdl, place, Write::kAllowed, nullptr).status(), STATUS_CONFLICTING_ADDRESSES);
  EXPECT_EQ(in_a().Map(nullptr, mdl, kSystemBase, Write::kAllowed, nullptr).status(), STATUS_INVALID_ADDRESS);
  // The same address in another process.
  EXPECT_EQ(Map(in_b(), mdl, Write::kAllowed, place), place);
  Unmap(in_a(), mdl, place);
  EXPECT_TRUE(b().Poke(place, 'b'));
  Unmap(in_b(), mdl, place);
  FreePages(mdl);
}

TEST_F(ClientViewsTest, PoolMovesByWholePages) {
  constexpr SIZE_T kBytes = 600;
  char* blocks[32];
  for (char*& block : blocks) {
    block = static_cast<char*>(ExAllocatePool2(POOL_FLAG_NON_PAGED, kBytes, 'tseT'));
    std::memset(block, 'p', kBytes);
  }
  char* shared = blocks[11];
  PMDL mdl = IoAllocateMdl(shared, kBytes, FALSE, FALSE, nullptr);
  MmBuildMdlForNonPagedPool(mdl);
  const uintptr_t view = Map(in_a(), mdl) + MmGetMdlByteOffset(mdl);
  EXPECT_TRUE(a().Poke(view + 5, 'a'));
  EXPECT_EQ(shared[5], 'a');
  for (char* block : blocks) {
    EXPECT_EQ(block[kBytes - 1], 'p');
    std::memset(block, 'q', kBytes);
  }
  EXPECT_EQ(a().Peek(view), 'q');
  Unmap(in_a(), mdl, view);
  IoFreeMdl(mdl);
  for (char* block : blocks) ExFreePool(block);
}

TEST_F(ClientViewsTest, DeviceMemory) {
  const PHYSICAL_ADDRESS address = {.QuadPart = 0xC000'0000};
  char* registers = static_cast<char*>(MmMapIoSpace(address, PAGE_SIZE, MmNonCached));
  MM_PHYSICAL_ADDRESS_LIST list = {.PhysicalAddress = address, .NumberOfBytes = PAGE_SIZE};
  PMDL mdl;
  ASSERT_EQ(MmAllocateMdlForIoSpace(&list, 1, &mdl), STATUS_SUCCESS);
  const uintptr_t view = Map(in_a(), mdl);
  EXPECT_TRUE(a().Poke(view + 4, 'r'));
  EXPECT_EQ(registers[4], 'r');
  Unmap(in_a(), mdl, view);
  IoFreeMdl(mdl);
  MmUnmapIoSpace(registers, PAGE_SIZE);
}

TEST_F(ClientViewsTest, FreedPagesAreNotSeenThroughAViewThatIsLeft) {
  char* memory = static_cast<char*>(MmAllocateContiguousMemory(PAGE_SIZE, kEverywhere));
  std::memset(memory, 'o', PAGE_SIZE);
  PMDL mdl = IoAllocateMdl(memory, PAGE_SIZE, FALSE, FALSE, nullptr);
  MmBuildMdlForNonPagedPool(mdl);
  const uintptr_t view = Map(in_a(), mdl);
  MmFreeContiguousMemory(memory);
  std::memset(memory, 'S', PAGE_SIZE);
  EXPECT_EQ(a().Peek(view), 'o');
  Unmap(in_a(), mdl, view);
  IoFreeMdl(mdl);
}

TEST_F(ClientViewsTest, AnApplicationIsKilled) {
  PMDL mdl = AllocatePages(2);
  char* system = SystemAddress(mdl);
  Map(in_a(), mdl);
  const uintptr_t other = Map(in_b(), mdl, Write::kRefused);
  a().Kill();
  EXPECT_EQ(in_a().Map(nullptr, mdl, 0, Write::kAllowed, nullptr).ok(), false);
  // It had write access; views that come meanwhile do not depend on it.
  const uintptr_t writer = Map(in_b(), mdl);
  EXPECT_TRUE(b().Poke(writer, 'b'));
  EXPECT_EQ(b().Peek(other), 'b');
  EXPECT_EQ(system[0], 'b');
  EXPECT_EQ(in_a().CountOf(nullptr), 1u);
  in_a().UnmapAll(nullptr);
  EXPECT_EQ(in_a().CountOf(nullptr), 0u);
  EXPECT_EQ(in_a().Map(nullptr, mdl, 0, Write::kAllowed, nullptr).status(), STATUS_PROCESS_IS_TERMINATING);
  Unmap(in_b(), mdl, writer);
  Unmap(in_b(), mdl, other);
  FreePages(mdl);
}

TEST_F(ClientViewsTest, AnApplicationThatRefuses) {
  PMDL mdl = AllocatePages(2);
  char* system = SystemAddress(mdl);
  a().Behave(TestViewClient::kRefusesToMap);
  for (const Write write : {Write::kAllowed, Write::kRefused}) {
    EXPECT_EQ(in_a().Map(nullptr, mdl, 0, write, nullptr).status(), STATUS_INSUFFICIENT_RESOURCES);
  }
  EXPECT_EQ(in_a().CountOf(nullptr), 0u);
  const uintptr_t view = Map(in_b(), mdl);
  system[0] = 'x';
  EXPECT_EQ(b().Peek(view), 'x');
  Unmap(in_b(), mdl, view);
  FreePages(mdl);
}

// Whatever fails on the way: no view, and memory as before.
TEST_F(ClientViewsTest, FailuresAreUndone) {
  PMDL mdl = AllocatePages(600);
  char* system = SystemAddress(mdl);
  const uintptr_t reader = Map(in_b(), mdl, Write::kRefused);
  int failures = 0;
  for (uintptr_t view = 0; view == 0 && failures < 200;) {
    g_countdown = failures;
    g_fault_hook = FailAtZero;
    Result<uintptr_t> mapped = in_a().Map(nullptr, mdl, 0, Write::kAllowed, nullptr);
    g_fault_hook = nullptr;
    for (int page : {0, 511, 512, 599}) system[page * PAGE_SIZE] = static_cast<char>(failures);
    if (!mapped.ok()) {
      EXPECT_EQ(in_a().CountOf(nullptr), 0u);
      ++failures;
      continue;
    }
    view = *mapped;
    // Where the reader's view could not be mapped anew, it shows nothing rather than what is out of date.
    for (int page : {0, 511, 512, 599}) {
      EXPECT_EQ(a().Peek(view + page * PAGE_SIZE), failures);
      const int seen = b().Peek(reader + page * PAGE_SIZE);
      EXPECT_TRUE(seen == failures || seen == -1) << seen;
    }
    Unmap(in_a(), mdl, view);
  }
  EXPECT_GE(failures, 5);
  EXPECT_LT(failures, 200);
  Unmap(in_b(), mdl, reader);
  FreePages(mdl);
}

// Two applications map and unmap parts of one buffer, for reading and for writing, at the same time, while a
// driver's thread counts in it.
TEST_F(ClientViewsTest, ManyAtTheSameTime) {
  PMDL whole = AllocatePages(8);
  char* system = SystemAddress(whole);
  PMDL parts[] = {PartOf(whole, {0, 1, 2, 3}), PartOf(whole, {2, 3, 4, 5}), PartOf(whole, {3}),
                  PartOf(whole, {7, 0, 3})};
  const int third_page[] = {3, 1, 0, 2};
  struct Mapper {
    UserViews* views;
    TestViewClient* client;
    PMDL* parts;
    const int* third_page;
    char* system;
    int seed;
    std::atomic<int> wrong{0};
  } mappers[2];
  std::vector<os::Thread> threads;
  for (int i = 0; i < 2; ++i) {
    mappers[i].views = i == 0 ? &in_a() : &in_b();
    mappers[i].client = i == 0 ? &a() : &b();
    mappers[i].parts = parts;
    mappers[i].third_page = third_page;
    mappers[i].system = system;
    mappers[i].seed = i;
    Result<os::Thread> thread = os::Thread::Create(
        "mapper",
        [](void* argument) {
          Mapper& self = *static_cast<Mapper*>(argument);
          const uintptr_t mine = 16 + 16 * static_cast<uintptr_t>(self.seed);
          for (int round = 0; round < 150; ++round) {
            const int which = (round * 7 + self.seed * 3) % 4;
            const bool writable = (round + self.seed) % 3 != 0;
            PMDL mdl = self.parts[which];
            Result<uintptr_t> view =
                self.views->Map(nullptr, mdl, 0, writable ? Write::kAllowed : Write::kRefused, nullptr);
            if (!view.ok()) {
              ++self.wrong;
              continue;
            }
            // A byte of page 3 that is this thread's alone.
            const uintptr_t in_view =
                *view + static_cast<uintptr_t>(self.third_page[which]) * PAGE_SIZE + mine;
            auto* here = reinterpret_cast<std::atomic<char>*>(self.system + 3 * PAGE_SIZE + mine);
            here->store(static_cast<char>(round & 0x7F), std::memory_order_relaxed);
            if (self.client->Peek(in_view) != (round & 0x7F)) ++self.wrong;
            if (self.client->Poke(in_view, 'w') != writable) ++self.wrong;
            if (writable && here->load() != 'w') ++self.wrong;
            if (!self.views->Unmap(nullptr, mdl, *view).ok()) ++self.wrong;
          }
        },
        &mappers[i]);
    ASSERT_TRUE(thread.ok());
    threads.push_back(std::move(thread).value());
  }
  // Relaxed: in other atomic operations ThreadSanitizer holds locks that it wants again when the access
  // faults.
  auto* counter = reinterpret_cast<std::atomic<uint64_t>*>(system + 3 * PAGE_SIZE);
  uint64_t counted = 0;
  for (; counted < 200'000; ++counted) counter->fetch_add(1, std::memory_order_relaxed);
  for (os::Thread& thread : threads) thread.Join();
  EXPECT_EQ(counter->load(), counted);
  EXPECT_EQ(mappers[0].wrong, 0);
  EXPECT_EQ(mappers[1].wrong, 0);
  for (PMDL part : parts) FreePart(part);
  FreePages(whole);
}

// An application's own pages, locked, are mapped into it once more; nobody else gets them.
class OwnPagesTest : public MemoryTest {
 protected:
  void SetUp() override {
    client_.emplace();
    other_.emplace();
    MemoryTest::SetUp();
    client_->Begin();
    other_->Begin();
  }
  void TearDown() override {
    client_->End();
    other_->End();
    MemoryTest::TearDown();
  }
  std::optional<TestClient> client_, other_;
};

TEST_F(OwnPagesTest, OwnPagesAreMappedOnceMore) {
  client_->Attach();
  const uintptr_t memory = client_->Map(3 * PAGE_SIZE, 'm');
  PMDL mdl = IoAllocateMdl(reinterpret_cast<PVOID>(memory + 100), 2 * PAGE_SIZE, FALSE, FALSE, nullptr);
  ASSERT_EQ(RaisedBy([&] { MmProbeAndLockPages(mdl, UserMode, IoModifyAccess); }), STATUS_SUCCESS);
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
  EXPECT_EQ(*static_cast<char*>(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority)), 'v');
  client_->Detach();
  other_->Attach();
  EXPECT_EQ(RaisedBy(map), STATUS_NOT_SUPPORTED);
  EXPECT_EQ(UserViewsOf(other_->eprocess()), 0u);
  other_->Detach();
  client_->Attach();
  MmUnmapLockedPages(view, mdl);
  EXPECT_EQ(client_->Load<uint8_t>(memory + 100), 'v');
  EXPECT_EQ(client_->Load<uint8_t>(memory + 99), 'm');
  MmUnlockPages(mdl);
  IoFreeMdl(mdl);
  client_->Detach();
}

// The whole way: a driver's routine in the context of an application.
TEST_F(OwnPagesTest, DriverMemoryByTheDocumentedRoutines) {
  PMDL mdl = MmAllocatePagesForMdlEx(kNone, kEverywhere, kNone, 2 * PAGE_SIZE, MmCached, 0);
  char* system = static_cast<char*>(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
  client_->Attach();
  PVOID view = MmMapLockedPagesSpecifyCache(mdl, UserMode, MmCached, nullptr, FALSE, NormalPagePriority);
  const auto address = reinterpret_cast<uintptr_t>(view);
  system[0] = 's';
  EXPECT_EQ(client_->Load<uint8_t>(address), 's');
  EXPECT_EQ(MmGetPhysicalAddress(view).QuadPart, MmGetPhysicalAddress(system).QuadPart);
  // A driver locks what it finds there, and gets its own frames.
  PMDL again = IoAllocateMdl(view, 2 * PAGE_SIZE, FALSE, FALSE, nullptr);
  ASSERT_EQ(RaisedBy([&] { MmProbeAndLockPages(again, UserMode, IoModifyAccess); }), STATUS_SUCCESS);
  EXPECT_EQ(MmGetMdlPfnArray(again)[1], MmGetMdlPfnArray(mdl)[1]);
  MmUnlockPages(again);
  IoFreeMdl(again);
  MmUnmapLockedPages(view, mdl);
  EXPECT_EQ(UserViewsOf(client_->eprocess()), 0u);
  client_->Detach();
  MmFreePagesFromMdl(mdl);
  ExFreePool(mdl);
}

}  // namespace
}  // namespace ring3::mm
