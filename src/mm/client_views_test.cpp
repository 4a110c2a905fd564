// SPDX-License-Identifier: MIT
#include "mm/client_views_test.h"

#include <atomic>
#include <thread>
#include <vector>

#include "mm/test_faults.h"
#include "mm/user_memory.h"

namespace ring3::mm {
namespace {

TEST_F(ClientViewsTest, OneMemoryInManyProcesses) {
  PMDL mdl = AllocatePages(3);
  char* system = SystemAddress(mdl);
  std::strcpy(system + PAGE_SIZE, "driver");
  const uintptr_t first = Map(a(), mdl);
  const uintptr_t again = Map(a(), mdl);
  const uintptr_t second = Map(b(), mdl);
  EXPECT_NE(first, again);
  EXPECT_EQ(a().Peek(first + PAGE_SIZE), 'd');
  EXPECT_TRUE(a().Poke(first, 'a'));
  EXPECT_TRUE(b().Poke(second + 2 * PAGE_SIZE, 'b'));
  EXPECT_EQ(system[0], 'a');
  EXPECT_EQ(system[2 * PAGE_SIZE], 'b');
  EXPECT_EQ(a().Peek(again + 2 * PAGE_SIZE), 'b');
  system[1] = 'c';
  EXPECT_EQ(b().Peek(second + 1), 'c');
  EXPECT_EQ(CountOfViews(a()), 2u);
  EXPECT_TRUE(ViewsOf(a()).AnyOf(mdl));
  // Nothing but the mappings is left in the applications.
  EXPECT_EQ(a().CountDescriptors(), 0u);
  EXPECT_EQ(b().CountDescriptors(), 0u);
  Unmap(a(), mdl, first);
  EXPECT_EQ(a().Peek(first), -1);
  EXPECT_EQ(a().Peek(again), 'a');
  Unmap(a(), mdl, again);
  EXPECT_EQ(TryUnmap(a(), mdl, again).status(), STATUS_NOT_MAPPED_VIEW);
  EXPECT_EQ(b().Peek(second), 'a');
  Unmap(b(), mdl, second);
  FreePages(mdl);
}

TEST_F(ClientViewsTest, ReadOnlyIsReadOnly) {
  PMDL mdl = AllocatePages(2);
  char* system = SystemAddress(mdl);
  a().Behave(Behaviour::kKeepsDescriptors);
  const uintptr_t view = Map(a(), mdl, Write::kRefused);
  system[0] = 'x';
  EXPECT_EQ(a().Peek(view), 'x');
  EXPECT_FALSE(a().Poke(view, 'y'));
  EXPECT_FALSE(a().MakeWritable(view));
  EXPECT_FALSE(a().Poke(view, 'y'));
  EXPECT_EQ(a().CountDescriptors(), 1u);
  EXPECT_FALSE(a().CanWriteToAnyObject());
  EXPECT_EQ(system[0], 'x');
  Unmap(a(), mdl, view);
  FreePages(mdl);
}

// Whoever comes first, all see one memory, and each may do what was asked for.
TEST_F(ClientViewsTest, ReadOnlyAndWritableInAnyOrder) {
  for (const bool writable_first : {false, true}) {
    PMDL mdl = AllocatePages(2);
    char* system = SystemAddress(mdl);
    system[7] = 's';
    a().Behave(Behaviour::kKeepsDescriptors);
    uintptr_t reader = 0, writer = 0;
    if (writable_first) writer = Map(b(), mdl);
    reader = Map(a(), mdl, Write::kRefused);
    if (!writable_first) writer = Map(b(), mdl);
    const uintptr_t third = Map(b(), mdl);
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
    Unmap(b(), mdl, third);
    Unmap(b(), mdl, writer);
    Unmap(a(), mdl, reader);
    FreePages(mdl);
  }
}

TEST_F(ClientViewsTest, MappingTheSameMemoryAgainCopiesNothing) {
  PMDL mdl = AllocatePages(2000);
  Unmap(a(), mdl, Map(a(), mdl));
  const uint64_t moves = TheState().shared_frames.generation();
  for (int i = 0; i < 3; ++i) {
    const uintptr_t first = Map(a(), mdl);
    const uintptr_t second = Map(b(), mdl);
    Unmap(a(), mdl, first);
    Unmap(b(), mdl, second);
  }
  const uintptr_t read_only = Map(a(), mdl, Write::kRefused);
  Unmap(a(), mdl, read_only);
  EXPECT_EQ(TheState().shared_frames.generation(), moves);
  FreePages(mdl);
}

TEST_F(ClientViewsTest, ScatteredAndRepeatedFrames) {
  PMDL whole = AllocatePages(8);
  char* system = SystemAddress(whole);
  for (int i = 0; i < 8; ++i) system[i * PAGE_SIZE] = static_cast<char>('0' + i);
  PMDL mdl = PartOf(whole, {7, 1, 2, 5, 1});
  for (const Write write : {Write::kAllowed, Write::kRefused}) {
    const uintptr_t view = Map(a(), mdl, write);
    const char expected[] = "71251";
    for (int i = 0; i < 5; ++i) EXPECT_EQ(a().Peek(view + i * PAGE_SIZE), expected[i]);
    if (write == Write::kAllowed) {
      EXPECT_TRUE(a().Poke(view + 4 * PAGE_SIZE + 1, 'x'));
    }
    EXPECT_EQ(a().Peek(view + PAGE_SIZE + 1), 'x');
    EXPECT_EQ(system[PAGE_SIZE + 1], 'x');
    Unmap(a(), mdl, view);
  }
  FreePart(mdl);
  FreePages(whole);
}

TEST_F(ClientViewsTest, AtTheRequestedAddress) {
  PMDL mdl = AllocatePages(1);
  const uintptr_t place = Map(a(), mdl);
  Unmap(a(), mdl, place);
  EXPECT_EQ(Map(a(), mdl, Write::kAllowed, place + 5), place);
  EXPECT_EQ(TryMap(a(), mdl, Write::kAllowed, place).status(), STATUS_CONFLICTING_ADDRESSES);
  EXPECT_EQ(TryMap(a(), mdl, Write::kAllowed, kSystemBase).status(), STATUS_INVALID_ADDRESS);
  // The same address in another process.
  EXPECT_EQ(Map(b(), mdl, Write::kAllowed, place), place);
  Unmap(a(), mdl, place);
  EXPECT_TRUE(b().Poke(place, 'b'));
  Unmap(b(), mdl, place);
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
  const uintptr_t view = Map(a(), mdl) + MmGetMdlByteOffset(mdl);
  EXPECT_TRUE(a().Poke(view + 5, 'a'));
  EXPECT_EQ(shared[5], 'a');
  for (char* block : blocks) {
    EXPECT_EQ(block[kBytes - 1], 'p');
    std::memset(block, 'q', kBytes);
  }
  EXPECT_EQ(a().Peek(view), 'q');
  Unmap(a(), mdl, view);
  IoFreeMdl(mdl);
  for (char* block : blocks) ExFreePool(block);
}

TEST_F(ClientViewsTest, DeviceMemory) {
  const PHYSICAL_ADDRESS address = {.QuadPart = 0xC000'0000};
  char* registers = static_cast<char*>(MmMapIoSpace(address, PAGE_SIZE, MmNonCached));
  MM_PHYSICAL_ADDRESS_LIST list = {.PhysicalAddress = address, .NumberOfBytes = PAGE_SIZE};
  PMDL mdl;
  ASSERT_EQ(MmAllocateMdlForIoSpace(&list, 1, &mdl), STATUS_SUCCESS);
  const uintptr_t view = Map(a(), mdl);
  EXPECT_TRUE(a().Poke(view + 4, 'r'));
  EXPECT_EQ(registers[4], 'r');
  Unmap(a(), mdl, view);
  IoFreeMdl(mdl);
  MmUnmapIoSpace(registers, PAGE_SIZE);
}

TEST_F(ClientViewsTest, AnApplicationIsKilled) {
  PMDL mdl = AllocatePages(2);
  char* system = SystemAddress(mdl);
  Map(a(), mdl);
  const uintptr_t other = Map(b(), mdl, Write::kRefused);
  a().Kill();
  EXPECT_FALSE(TryMap(a(), mdl).ok());
  // It had write access; views that come meanwhile do not depend on it.
  const uintptr_t writer = Map(b(), mdl);
  EXPECT_TRUE(b().Poke(writer, 'b'));
  EXPECT_EQ(b().Peek(other), 'b');
  EXPECT_EQ(system[0], 'b');
  EXPECT_EQ(CountOfViews(a()), 1u);
  ViewsOf(a()).UnmapAll(a().eprocess());
  EXPECT_EQ(CountOfViews(a()), 0u);
  EXPECT_EQ(TryMap(a(), mdl).status(), STATUS_PROCESS_IS_TERMINATING);
  Unmap(b(), mdl, writer);
  Unmap(b(), mdl, other);
  FreePages(mdl);
}

TEST_F(ClientViewsTest, AnApplicationThatRefuses) {
  PMDL mdl = AllocatePages(2);
  char* system = SystemAddress(mdl);
  a().Behave(Behaviour::kRefusesToMap);
  for (const Write write : {Write::kAllowed, Write::kRefused}) {
    EXPECT_EQ(TryMap(a(), mdl, write).status(), STATUS_INSUFFICIENT_RESOURCES);
  }
  EXPECT_EQ(CountOfViews(a()), 0u);
  const uintptr_t view = Map(b(), mdl);
  system[0] = 'x';
  EXPECT_EQ(b().Peek(view), 'x');
  Unmap(b(), mdl, view);
  FreePages(mdl);
}

// Whatever fails on the way: no view, and memory as before.
TEST_F(ClientViewsTest, FailuresAreUndone) {
  PMDL mdl = AllocatePages(600);
  char* system = SystemAddress(mdl);
  const uintptr_t reader = Map(b(), mdl, Write::kRefused);
  int failures = 0;
  for (uintptr_t view = 0; view == 0 && failures < 200;) {
    const Result<uintptr_t> mapped = [&] {
      const FailNth failing(failures);
      return TryMap(a(), mdl);
    }();
    for (int page : {0, 511, 512, 599}) system[page * PAGE_SIZE] = static_cast<char>(failures);
    if (!mapped.ok()) {
      EXPECT_EQ(CountOfViews(a()), 0u);
      ++failures;
      continue;
    }
    view = mapped.value();
    // Where the reader's view could not be mapped anew, it shows nothing rather than what is out of date.
    for (int page : {0, 511, 512, 599}) {
      EXPECT_EQ(a().Peek(view + page * PAGE_SIZE), failures);
      const int seen = b().Peek(reader + page * PAGE_SIZE);
      EXPECT_TRUE(seen == failures || seen == -1) << seen;
    }
    Unmap(a(), mdl, view);
  }
  EXPECT_GE(failures, 5);
  EXPECT_LT(failures, 200);
  Unmap(b(), mdl, reader);
  FreePages(mdl);
}

// What is held is waited for, by the host's threads as by the application's.
TEST_F(ClientViewsTest, WhoAccessesAHeldViewForTheApplicationWaits) {
  constexpr int kRounds = 20;
  constexpr uint8_t kByte = 'w';
  for (int round = 0; round < kRounds; ++round) {
    PMDL whole = AllocatePages(2);
    char* system = SystemAddress(whole);
    system[0] = 'r';
    const uintptr_t view = Map(a(), whole);
    AddressSpace& space = a().space();
    std::atomic<int> looks{0};
    bool granted = false, readable = false, written = false;
    uint8_t read = 0;
    std::vector<std::thread> others;
    a().Interrupt(When::kAfter, OrderKind::kHold, [&] {
      const auto start = [&](auto look) {
        others.emplace_back([&looks, look] {
          ++looks;
          look();
        });
      };
      start([&] { granted = space.Grants(view, view + 2 * PAGE_SIZE, Access::kWrite); });
      start([&] {
        os::Region region;
        readable = space.Find(view, &region) && region.readable;
      });
      start([&] { written = space.Write(view + 1, &kByte, 1); });
      start([&] { space.Read(&read, view, 1); });
      while (looks != 4) os::YieldThread();
    });
    PMDL part = PartOf(whole, {0});
    const uintptr_t other = Map(b(), part);
    for (std::thread& thread : others) thread.join();
    a().Interrupt(When::kAfter, OrderKind::kHold, nullptr);
    ASSERT_EQ(others.size(), 4u);
    ASSERT_TRUE(granted && readable && written) << granted << readable << written;
    ASSERT_EQ(read, 'r');
    ASSERT_EQ(system[1], 'w');
    ASSERT_EQ(a().Peek(view + 1), 'w');
    Unmap(b(), part, other);
    Unmap(a(), whole, view);
    FreePart(part);
    FreePages(whole);
  }
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
    TestViewClient* client;
    PMDL* parts;
    const int* third_page;
    char* system;
    int seed;
    std::atomic<int> wrong{0};
  } mappers[2];
  std::vector<os::Thread> threads;
  for (int i = 0; i < 2; ++i) {
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
            Result<uintptr_t> view = TryMap(*self.client, mdl, writable ? Write::kAllowed : Write::kRefused);
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
            if (!TryUnmap(*self.client, mdl, *view).ok()) ++self.wrong;
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

}  // namespace
}  // namespace ring3::mm
