// SPDX-License-Identifier: MIT
#include "mm/memory_test.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "ddi/ke.h"
#include "ddi/mm_ntddk.h"
#include "mm/address_space.h"
#include "mm/state.h"
#include "mm/test_raise.h"
#include "mm/user_memory.h"
#include "ntstatus.h"

namespace ring3::mm {
namespace {

class VirtualMemoryTest : public MemoryTest {
 protected:
  NTSTATUS Allocate(SIZE_T bytes, ULONG type, ULONG protect, PVOID at = nullptr, uint64_t zero_bits = 0) {
    base_ = at;
    bytes_ = bytes;
    return AllocateVirtualMemory(CurrentProcess(), &base_, zero_bits, &bytes_, type, protect).status();
  }
  NTSTATUS Free(PVOID base, SIZE_T bytes, ULONG type) {
    base_ = base;
    bytes_ = bytes;
    return FreeVirtualMemory(CurrentProcess(), &base_, &bytes_, type).status();
  }
  NTSTATUS Protect(PVOID base, SIZE_T bytes, ULONG protect) {
    base_ = base;
    bytes_ = bytes;
    return ProtectVirtualMemory(CurrentProcess(), &base_, &bytes_, protect, &old_).status();
  }
  MEMORY_BASIC_INFORMATION Query(PVOID address) {
    MEMORY_BASIC_INFORMATION information;
    EXPECT_TRUE(QueryVirtualMemory(CurrentProcess(), address, &information).ok());
    return information;
  }
  PVOID base_ = nullptr;
  SIZE_T bytes_ = 0;
  ULONG old_ = 0;
};

TEST_F(VirtualMemoryTest, ReserveCommitDecommitRelease) {
  ASSERT_EQ(Allocate(0x12345, MEM_RESERVE, PAGE_READWRITE), STATUS_SUCCESS);
  char* base = static_cast<char*>(base_);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(base) % 0x10000, 0u);
  EXPECT_EQ(bytes_, 0x13000u);
  EXPECT_FALSE(MmIsAddressValid(base));
  MEMORY_BASIC_INFORMATION information = Query(base + 0x2100);
  EXPECT_EQ(information.State, static_cast<ULONG>(MEM_RESERVE));
  EXPECT_EQ(information.BaseAddress, base + 0x2000);
  EXPECT_EQ(information.AllocationBase, base);
  EXPECT_EQ(information.AllocationProtect, static_cast<ULONG>(PAGE_READWRITE));
  EXPECT_EQ(information.RegionSize, 0x11000u);
  EXPECT_EQ(information.Type, static_cast<ULONG>(MEM_PRIVATE));

  ASSERT_EQ(Allocate(2, MEM_COMMIT, PAGE_READWRITE, base + 0x1FFF), STATUS_SUCCESS);
  EXPECT_EQ(base_, base + 0x1000);
  EXPECT_EQ(bytes_, 0x2000u);
  base[0x1FFF] = 'x';
  information = Query(base + 0x1000);
  EXPECT_EQ(information.State, static_cast<ULONG>(MEM_COMMIT));
  EXPECT_EQ(information.Protect, static_cast<ULONG>(PAGE_READWRITE));
  EXPECT_EQ(information.RegionSize, 0x2000u);
  // Committing what is committed succeeds and keeps the contents.
  ASSERT_EQ(Allocate(0x1000, MEM_COMMIT, PAGE_READWRITE, base + 0x1000), STATUS_SUCCESS);
  EXPECT_EQ(base[0x1FFF], 'x');

  ASSERT_EQ(Free(base + 0x1000, 1, MEM_DECOMMIT), STATUS_SUCCESS);
  EXPECT_FALSE(MmIsAddressValid(base + 0x1000));
  EXPECT_TRUE(MmIsAddressValid(base + 0x2000));
  ASSERT_EQ(Allocate(0x1000, MEM_COMMIT, PAGE_READWRITE, base + 0x1000), STATUS_SUCCESS);
  EXPECT_EQ(base[0x1FFF], 0);

  EXPECT_EQ(Free(base + 0x1000, 0, MEM_RELEASE), STATUS_FREE_VM_NOT_AT_BASE);
  EXPECT_EQ(Free(base, 0x1000, MEM_RELEASE), STATUS_INVALID_PARAMETER_3);
  EXPECT_EQ(Free(base, 0x14000, MEM_DECOMMIT), STATUS_UNABLE_TO_FREE_VM);
  EXPECT_EQ(Free(base, 0, MEM_RELEASE | MEM_DECOMMIT), STATUS_INVALID_PARAMETER_4);
  EXPECT_EQ(Free(base, 0, MEM_RELEASE), STATUS_SUCCESS);
  EXPECT_EQ(Free(base, 0, MEM_RELEASE), STATUS_MEMORY_NOT_ALLOCATED);
  EXPECT_EQ(Query(base).State, static_cast<ULONG>(MEM_FREE));
}

TEST_F(VirtualMemoryTest, RefusesWhatIsDocumented) {
  EXPECT_EQ(Allocate(0, MEM_RESERVE, PAGE_READWRITE), STATUS_INVALID_PARAMETER_4);
  EXPECT_EQ(Allocate(10, MEM_TOP_DOWN, PAGE_READWRITE), STATUS_INVALID_PARAMETER_5);
  EXPECT_EQ(Allocate(10, MEM_RESET | MEM_COMMIT, PAGE_READWRITE), STATUS_INVALID_PARAMETER_5);
  EXPECT_EQ(Allocate(10, MEM_COMMIT, 0), STATUS_INVALID_PAGE_PROTECTION);
  EXPECT_EQ(Allocate(10, MEM_COMMIT, PAGE_READONLY | PAGE_READWRITE), STATUS_INVALID_PAGE_PROTECTION);
  EXPECT_EQ(Allocate(10, MEM_COMMIT, PAGE_READWRITE, nullptr, 21), STATUS_INVALID_PARAMETER_3);
  EXPECT_EQ(Allocate(10, MEM_COMMIT, PAGE_READWRITE, reinterpret_cast<PVOID>(kSystemBase)),
            STATUS_INVALID_PARAMETER_2);
  ASSERT_EQ(Allocate(10, MEM_RESERVE | MEM_COMMIT | MEM_TOP_DOWN, PAGE_READWRITE), STATUS_SUCCESS);
  PVOID base = base_;
  EXPECT_EQ(Allocate(10, MEM_RESERVE, PAGE_READWRITE, base), STATUS_CONFLICTING_ADDRESSES);
  EXPECT_EQ(Allocate(0x100000, MEM_COMMIT, PAGE_READWRITE, base), STATUS_CONFLICTING_ADDRESSES);
  EXPECT_EQ(Free(base, 0, MEM_RELEASE), STATUS_SUCCESS);
  ASSERT_EQ(Allocate(10, MEM_RESERVE, PAGE_READWRITE, nullptr, 2), STATUS_SUCCESS);
  EXPECT_LT(reinterpret_cast<uintptr_t>(base_), 1ull << 30);
  EXPECT_EQ(Free(base_, 0, MEM_RELEASE), STATUS_SUCCESS);
}

TEST_F(VirtualMemoryTest, Protects) {
  ASSERT_EQ(Allocate(0x4000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE), STATUS_SUCCESS);
  char* base = static_cast<char*>(base_);
  base[0x1000] = 'a';
  ASSERT_EQ(Protect(base + 0x1010, 10, PAGE_READONLY), STATUS_SUCCESS);
  EXPECT_EQ(base_, base + 0x1000);
  EXPECT_EQ(old_, static_cast<ULONG>(PAGE_READWRITE));
  EXPECT_EQ(Query(base).RegionSize, 0x1000u);
  EXPECT_EQ(Query(base + 0x1000).Protect, static_cast<ULONG>(PAGE_READONLY));
  char byte = 0;
  EXPECT_TRUE(CopyFromUser(&byte, base + 0x1000, 1).ok());
  EXPECT_EQ(byte, 'a');
  EXPECT_EQ(CopyToUser(base + 0xFFF, "zz", 2).status(), STATUS_ACCESS_VIOLATION);
  EXPECT_EQ(RaisedBy([&] { ProbeForWrite(base + 0xFFF, 2, 1); }), STATUS_ACCESS_VIOLATION);
  EXPECT_EQ(RaisedBy([&] { ProbeForRead(base + 0xFFF, 2, 1); }), 0);
  ASSERT_EQ(Free(base + 0x3000, 0x1000, MEM_DECOMMIT), STATUS_SUCCESS);
  EXPECT_EQ(Protect(base, 0x4000, PAGE_READONLY), STATUS_NOT_COMMITTED);
  EXPECT_EQ(Free(base, 0, MEM_RELEASE), STATUS_SUCCESS);
}

TEST_F(VirtualMemoryTest, FreedMemoryStaysForTheDriverThatLockedIt) {
  ASSERT_EQ(Allocate(0x4000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE), STATUS_SUCCESS);
  char* base = static_cast<char*>(base_);
  PMDL mdl = IoAllocateMdl(base + 0x1000, 0x1000, FALSE, FALSE, nullptr);
  ASSERT_EQ(RaisedBy([&] { MmProbeAndLockPages(mdl, UserMode, IoWriteAccess); }), 0);
  char* system = static_cast<char*>(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
  ASSERT_EQ(Free(base + 0x1000, 0x1000, MEM_DECOMMIT), STATUS_SUCCESS);
  EXPECT_EQ(Query(base + 0x1000).State, static_cast<ULONG>(MEM_RESERVE));
  system[0] = 'd';
  ASSERT_EQ(Free(base, 0, MEM_RELEASE), STATUS_SUCCESS);
  system[1] = 'd';
  MmUnlockPages(mdl);
  IoFreeMdl(mdl);
  EXPECT_FALSE(MmIsAddressValid(base + 0x1000));
}

TEST_F(VirtualMemoryTest, SecuredMemoryKeepsItsAccess) {
  ASSERT_EQ(Allocate(0x4000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE), STATUS_SUCCESS);
  char* base = static_cast<char*>(base_);
  HANDLE secure = MmSecureVirtualMemory(base + 0x1000, 0x1000, PAGE_READWRITE);
  ASSERT_NE(secure, nullptr);
  EXPECT_EQ(Protect(base, 0x4000, PAGE_READONLY), STATUS_INVALID_PAGE_PROTECTION);
  EXPECT_EQ(Protect(base, 0x1000, PAGE_READONLY), STATUS_SUCCESS);
  EXPECT_EQ(Protect(base + 0x1000, 0x1000, PAGE_EXECUTE_READWRITE), STATUS_SUCCESS);
  EXPECT_EQ(Free(base, 0, MEM_RELEASE), STATUS_INVALID_PAGE_PROTECTION);
  EXPECT_EQ(MmSecureVirtualMemory(base, 0x1000, PAGE_READWRITE), nullptr);
  EXPECT_EQ(MmSecureVirtualMemoryEx(base + 0x1800, 10, PAGE_READONLY, MM_SECURE_EXCLUSIVE), nullptr);
  MmUnsecureVirtualMemory(secure);
  secure = MmSecureVirtualMemoryEx(base, 0x1000, PAGE_READONLY, MM_SECURE_NO_CHANGE);
  EXPECT_EQ(Protect(base, 0x1000, PAGE_READWRITE), STATUS_INVALID_PAGE_PROTECTION);
  MmUnsecureVirtualMemory(secure);
  EXPECT_EQ(Free(base, 0, MEM_RELEASE), STATUS_SUCCESS);
}

TEST_F(VirtualMemoryTest, KnowsMemoryThatLinuxMapped) {
  static int global = 5;
  int local = 0;
  MEMORY_BASIC_INFORMATION information = Query(&global);
  EXPECT_EQ(information.State, static_cast<ULONG>(MEM_COMMIT));
  EXPECT_EQ(information.Protect, static_cast<ULONG>(PAGE_READWRITE));
  EXPECT_EQ(Query(&local).Type, static_cast<ULONG>(MEM_PRIVATE));
  EXPECT_EQ(QueryVirtualMemory(nullptr, reinterpret_cast<PVOID>(~uintptr_t{0}), &information).status(),
            STATUS_INVALID_PARAMETER);
  // A walk over everything ends.
  uintptr_t at = 0;
  int regions = 0;
  while (QueryVirtualMemory(nullptr, reinterpret_cast<PVOID>(at), &information).ok() && regions < 100000) {
    ASSERT_GT(information.RegionSize, 0u) << at;
    at = reinterpret_cast<uintptr_t>(information.BaseAddress) + information.RegionSize;
    ++regions;
  }
  EXPECT_GT(regions, 10);
  EXPECT_LT(regions, 100000);
}

TEST_F(VirtualMemoryTest, ParsesMapsOnOlderKernels) {
  os::RegionMap by_ioctl, by_parsing;
  ASSERT_TRUE(by_ioctl.Open().ok());
  ASSERT_TRUE(by_parsing.Open().ok());
  by_parsing.DisableIoctl();
  int local = 0;
  for (uintptr_t address :
       {reinterpret_cast<uintptr_t>(&local), kSystemBase + 5, kSystemBase + kSystemBytes - 1}) {
    os::Region a = {}, b = {};
    ASSERT_TRUE(by_ioctl.Find(address, &a));
    ASSERT_TRUE(by_parsing.Find(address, &b));
    EXPECT_EQ(a.start, b.start);
    EXPECT_EQ(a.end, b.end);
    EXPECT_EQ(a.writable, b.writable);
    EXPECT_EQ(a.readable, b.readable);
  }
  os::Region region;
  EXPECT_FALSE(by_parsing.Find(1, &region));
  EXPECT_FALSE(by_ioctl.Find(1, &region));
  EXPECT_TRUE(by_parsing.FindOrNext(1, &region));
  // A walk sees the same mappings.
  int regions = 0;
  for (uintptr_t at = 0; by_parsing.FindOrNext(at, &region) && region.start < kUserLimit; at = region.end) {
    os::Region other = {};
    ASSERT_TRUE(by_ioctl.Find(region.start, &other));
    EXPECT_EQ(region.end, other.end);
    EXPECT_EQ(region.executable, other.executable);
    EXPECT_EQ(region.shared, other.shared);
    EXPECT_EQ(region.has_file, other.has_file);
    if (region.has_file) {
      EXPECT_EQ(region.file, other.file);
      EXPECT_EQ(region.file_offset, other.file_offset);
    }
    ++regions;
  }
  EXPECT_GT(regions, 10);
}

// Where no descriptor is left, and in a handler that interrupts the same.
TEST_F(VirtualMemoryTest, ParsingMapsNeedsNothing) {
  static os::RegionMap map;
  ASSERT_TRUE(map.Open().ok());
  map.DisableIoctl();
  static std::atomic<int> wrong, asked;
  wrong = asked = 0;
  static int global;
  const auto ask = [](int) {
    const int saved_errno = errno;
    os::Region region;
    const auto address = reinterpret_cast<uintptr_t>(&global);
    if (!map.Find(address, &region) || region.start > address || region.end <= address) ++wrong;
    ++asked;
    errno = saved_errno;
  };
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit none = {0, limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  ask(0);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(wrong, 0);

  struct sigaction action = {}, before;
  action.sa_handler = ask;
  ASSERT_EQ(sigaction(SIGUSR1, &action, &before), 0);
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      while (!stop) ask(0);
    });
  }
  for (int round = 0; round < 300; ++round) {
    // Below what is looked for, so that the text shifts.
    void* mapped = mmap(nullptr, PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const int seen = asked;
    for (std::thread& thread : threads) pthread_kill(thread.native_handle(), SIGUSR1);
    while (asked < seen + 4) std::this_thread::yield();
    munmap(mapped, PAGE_SIZE);
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  sigaction(SIGUSR1, &before, nullptr);
  map.Close();
}

}  // namespace
}  // namespace ring3::mm
