// SPDX-License-Identifier: MIT
// What applications see of memory that is no longer, or was never, in a view of theirs.
#include "mm/client_views_test.h"

namespace ring3::mm {
namespace {

using ClientViewsSecrecyTest = ClientViewsTest;

// Whoever keeps what it was given sees nothing of what comes later.
TEST_F(ClientViewsSecrecyTest, NothingIsSeenAfterTheLastView) {
  for (const auto behaviour : {Behaviour::kKeepsDescriptors, Behaviour::kKeepsMappings}) {
    PMDL mdl = AllocatePages(2);
    char* system = SystemAddress(mdl);
    a().Behave(behaviour);
    const uintptr_t view = Map(a(), mdl);
    system[0] = 'o';
    Unmap(a(), mdl, view);
    std::memset(system, 'S', 2 * PAGE_SIZE);
    EXPECT_FALSE(a().SeesInAnyObject('S'));
    if (behaviour == Behaviour::kKeepsMappings) {
      EXPECT_EQ(a().Peek(view), 'o');
      EXPECT_TRUE(a().Poke(view + 1, 'q'));
      EXPECT_EQ(system[1], 'S');
    }
    EXPECT_EQ(TheState().shared_frames.moved_pages(), 0u);
    // It goes on working for those who behave.
    const uintptr_t other = Map(b(), mdl);
    EXPECT_EQ(b().Peek(other), 'S');
    Unmap(b(), mdl, other);
    FreePages(mdl);
  }
}

TEST_F(ClientViewsSecrecyTest, NothingIsSeenByAForkedChildOfTheApplication) {
  PMDL mdl = AllocatePages(1);
  const uintptr_t view = Map(a(), mdl);
  a().Fork();
  Unmap(a(), mdl, view);
  EXPECT_EQ(TheState().shared_frames.moved_pages(), 0u);
  FreePages(mdl);
}

TEST_F(ClientViewsSecrecyTest, NothingIsSeenAfterTheLastViewWhileOthersGoOn) {
  PMDL mdl = AllocatePages(2);
  char* system = SystemAddress(mdl);
  a().Behave(Behaviour::kKeepsDescriptors);
  const uintptr_t view = Map(a(), mdl);
  const uintptr_t other = Map(b(), mdl);
  b().StartCounting(other, other + PAGE_SIZE);
  WaitForCounting(b());
  Unmap(a(), mdl, view);
  std::memset(system + 8, 'S', 64);
  EXPECT_FALSE(a().SeesInAnyObject('S'));
  EXPECT_EQ(b().Peek(other + 8), 'S');
  const uint64_t counted = b().StopCounting();
  EXPECT_EQ(Word(system), counted);
  EXPECT_EQ(Word(system + PAGE_SIZE), counted);
  Unmap(b(), mdl, other);
  FreePages(mdl);
}

TEST_F(ClientViewsSecrecyTest, FreedPagesAreNotSeenThroughAViewThatIsLeft) {
  char* memory = static_cast<char*>(MmAllocateContiguousMemory(PAGE_SIZE, kEverywhere));
  std::memset(memory, 'o', PAGE_SIZE);
  PMDL mdl = IoAllocateMdl(memory, PAGE_SIZE, FALSE, FALSE, nullptr);
  MmBuildMdlForNonPagedPool(mdl);
  const uintptr_t view = Map(a(), mdl);
  MmFreeContiguousMemory(memory);
  std::memset(memory, 'S', PAGE_SIZE);
  EXPECT_EQ(a().Peek(view), 'o');
  Unmap(a(), mdl, view);
  IoFreeMdl(mdl);
}

// What pages leave behind in an object is for those who could see it before.
TEST_F(ClientViewsSecrecyTest, NewcomersDoNotSeeWhatPagesLeftBehind) {
  PMDL whole = AllocatePages(4);
  char* system = SystemAddress(whole);
  b().Behave(Behaviour::kKeepsDescriptors);
  PMDL low = PartOf(whole, {0, 1});
  PMDL high = PartOf(whole, {2, 3});
  std::memset(system + 2 * PAGE_SIZE, 'X', 2 * PAGE_SIZE);
  const uintptr_t in_whole = Map(a(), whole);
  // Pages 2 and 3 move to an object of their own; 0 and 1 are left in the first.
  const uintptr_t in_high = Map(a(), high, Write::kRefused);
  std::memset(system + 2 * PAGE_SIZE, 'Y', 2 * PAGE_SIZE);
  const uintptr_t in_low = Map(b(), low);
  EXPECT_EQ(b().Peek(in_low), 0);
  EXPECT_FALSE(b().SeesInAnyObject('X'));
  EXPECT_FALSE(b().SeesInAnyObject('Y'));
  Unmap(b(), low, in_low);
  Unmap(a(), high, in_high);
  Unmap(a(), whole, in_whole);
  FreePart(low);
  FreePart(high);
  FreePages(whole);
}

// Views that overlap: nobody gets an object that shows more than its own view does.
TEST_F(ClientViewsSecrecyTest, ObjectsShowNoMoreThanTheView) {
  PMDL whole = AllocatePages(6);
  char* system = SystemAddress(whole);
  a().Behave(Behaviour::kKeepsDescriptors);
  b().Behave(Behaviour::kKeepsDescriptors);
  PMDL low = PartOf(whole, {0, 1, 2, 3});
  PMDL high = PartOf(whole, {5, 2, 3, 4});
  const uintptr_t in_low = Map(a(), low);
  a().StartCounting(in_low, in_low + 3 * PAGE_SIZE);
  WaitForCounting(a());
  const uintptr_t in_high = Map(b(), high);
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
  const uintptr_t in_across = Map(b(), across);
  const uintptr_t in_alone = Map(a(), alone, Write::kRefused);
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
  Unmap(a(), alone, in_alone);
  Unmap(b(), across, in_across);
  Unmap(b(), high, in_high);
  Unmap(a(), low, in_low);
  for (PMDL part : {low, high, across, alone}) FreePart(part);
  FreePages(whole);
}

}  // namespace
}  // namespace ring3::mm
