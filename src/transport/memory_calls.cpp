// SPDX-License-Identifier: MIT
#include "transport/memory_calls.h"

#include <winternl.h>

#include <algorithm>
#include <atomic>
#include <ntstatus.h>

#include "os/adoption.h"
#include "os/interposed_memory.h"
#include "os/shared_region.h"
#include "transport/connection.h"

namespace ring3::transport {
namespace {

os::RegionMap g_regions;
os::FileIdentity g_own_memory;
// Its descriptor; none before there is any, and in a forked child.
std::atomic<int> g_own_object{-1};

// The pages stay where a driver has them; the addresses are free at once.
void Unmap(void* address, size_t byte_count) {
  os::Release(reinterpret_cast<uintptr_t>(address), byte_count);
}

int RunUnlessLocked(void* address, size_t byte_count, void (*take)(void* context), void* context) {
  const uint64_t range[] = {reinterpret_cast<uint64_t>(address), byte_count};
  size_t alike = byte_count;
  // Only adopted memory is ever locked, and the host alone knows.
  os::Region region;
  const bool all_private =
      g_regions.Find(range[0], &region) && !region.shared && region.end - range[0] >= alike;
  if (!all_private && CallHost(kServiceIsLocked, range, 2) == STATUS_WAS_LOCKED) return 0;
  take(context);
  return 1;
}

int IsAdopted(void* address, size_t* byte_count) {
  const auto start = reinterpret_cast<uintptr_t>(address);
  os::Region region;
  if (!g_regions.FindOrNext(start, &region)) return 0;
  if (region.start > start) {
    *byte_count = std::min<size_t>(*byte_count, region.start - start);
    return 0;
  }
  *byte_count = std::min<size_t>(*byte_count, region.end - start);
  return region.shared && region.has_file && region.file == g_own_memory ? 1 : 0;
}

}  // namespace

void WatchMemoryCalls(const os::Descriptor& own_memory) {
  g_own_memory = os::IdentityOf(own_memory);
  g_own_object.store(own_memory.get(), std::memory_order_release);
  if (g_regions.Open().ok()) os::InterposeMemoryCalls({Unmap, RunUnlessLocked, IsAdopted});
}

void ForgetMemoryCalls() {
  os::EndFork();
  const int object = g_own_object.exchange(-1, std::memory_order_acquire);
  if (object < 0) return;
  os::MakeAdoptedPrivate(object, g_own_memory);
  // They are the parent's.
  g_regions.Close();
}

}  // namespace ring3::transport
