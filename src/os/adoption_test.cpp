// SPDX-License-Identifier: MIT
#include "os/adoption.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "os/descriptor.h"
#include "os/fault_handler.h"

namespace ring3::os {
namespace {

constexpr size_t kPage = 4096;

// Memory of an object, and the object.
class Shared {
 public:
  explicit Shared(size_t byte_count) : byte_count_(byte_count), object_(memfd_create("held", MFD_CLOEXEC)) {
    EXPECT_EQ(ftruncate(object_.get(), static_cast<off_t>(byte_count)), 0);
    start_ = mmap(nullptr, byte_count, PROT_READ | PROT_WRITE, MAP_SHARED, object_.get(), 0);
    EXPECT_NE(start_, MAP_FAILED);
  }
  ~Shared() { munmap(start_, byte_count_); }
  int object() const { return object_.get(); }
  volatile uint8_t* at(size_t page) const { return static_cast<volatile uint8_t*>(start_) + page * kPage; }
  uintptr_t address(size_t page) const { return reinterpret_cast<uintptr_t>(at(page)); }

 private:
  const size_t byte_count_;
  const Descriptor object_;
  void* start_;
};

// What a process has whose views are regrouped with those of others: every other page of a large one.
TEST(AdoptionTest, ManyRangesAreHeldAtATime) {
  InstallFaultHandlers();
  PrepareForAdoption();
  constexpr size_t kHolds = 2000;
  const Shared memory(2 * kHolds * kPage);
  for (size_t i = 0; i < kHolds; ++i) ASSERT_TRUE(HoldAccess(memory.address(2 * i), kPage).ok()) << i;
  *memory.at(1) = 1;
  std::atomic<bool> looks{false}, ended{false};
  bool waited = false;
  std::thread other([&] {
    looks = true;
    *memory.at(2 * kHolds - 2) = 2;
    waited = ended;
  });
  while (!looks) std::this_thread::yield();
  for (size_t i = 0; i < kHolds; ++i) {
    if (i == kHolds - 1) ended = true;
    ASSERT_TRUE(
        MapObject(memory.address(2 * i), kPage, memory.object(), 2 * i * kPage, Protection::kReadWrite).ok());
    EndHold(memory.address(2 * i), kPage);
  }
  other.join();
  EXPECT_TRUE(waited);
  EXPECT_EQ(*memory.at(2 * kHolds - 2), 2);
  // All places are free again.
  for (size_t i = 0; i < kHolds; ++i) {
    ASSERT_TRUE(HoldAccess(memory.address(2 * i), kPage).ok());
    ASSERT_TRUE(Protect(memory.address(2 * i), kPage, Protection::kReadWrite).ok());
    EndHold(memory.address(2 * i), kPage);
  }
}

TEST(AdoptionTest, NobodyWaitsWhenHoldsAreOver) {
  InstallFaultHandlers();
  PrepareForAdoption();
  const Shared memory(3 * kPage);
  *memory.at(0) = 1;
  ASSERT_TRUE(HoldAccess(memory.address(0), 2 * kPage).ok());
  std::atomic<bool> looks{false};
  std::atomic<int> seen{0};
  std::thread other([&] {
    looks = true;
    *memory.at(1) = 2;
    seen = *memory.at(0);
  });
  while (!looks) std::this_thread::yield();
  EndAllHolds();
  other.join();
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(*memory.at(1), 2);
  // One that was under way.
  ASSERT_TRUE(HoldAccess(memory.address(2), kPage).ok());
  *memory.at(2) = 3;
  EXPECT_EQ(*memory.at(2), 3);
}

}  // namespace
}  // namespace ring3::os
