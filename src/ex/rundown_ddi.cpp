// SPDX-License-Identifier: MIT
#include <ddi/ex.h>

#include <atomic>
#include <span>

#include "ex/lock_checks.h"
#include "os/thread.h"

// A reference's word counts the holders in its upper bits while bit 0 is clear. Running it down sets bit 0
// and puts the address of the waiter's block above it; who then releases counts down in the block. The
// cache-aware kind has a word for each processor; holders may release on another than they acquired on, so
// only the sum means something.
struct _EX_RUNDOWN_REF_CACHE_AWARE {
  ULONG_PTR count;  // of references
  bool from_pool;
  struct alignas(64) Reference {
    EX_RUNDOWN_REF ref;
  };
  // The references follow at the next cache line.
  std::span<Reference> references() {
    const auto at = (reinterpret_cast<uintptr_t>(this + 1) + 63) & ~uintptr_t{63};
    return {reinterpret_cast<Reference*>(at), count};
  }
};

namespace ring3::ex {
namespace {

constexpr ULONG_PTR kActive = EX_RUNDOWN_ACTIVE;
constexpr ULONG_PTR kOne = EX_RUNDOWN_COUNT_INC;
// More than there can be holders: keeps a block's count above zero until all words are known.
constexpr int64_t kBias = int64_t{1} << 40;

struct WaitBlock {
  std::atomic<int64_t> holders{kBias};
  KEVENT gone;
};

std::atomic_ref<ULONG_PTR> WordOf(EX_RUNDOWN_REF& ref) {
  return std::atomic_ref<ULONG_PTR>(const_cast<ULONG_PTR&>(ref.Count));
}

bool Acquire(EX_RUNDOWN_REF& ref, ULONG count) {
  auto word = WordOf(ref);
  ULONG_PTR value = word.load(std::memory_order_relaxed);
  do {
    if ((value & kActive) != 0) return false;
  } while (!word.compare_exchange_weak(value, value + kOne * count, std::memory_order_acquire,
                                       std::memory_order_relaxed));
  return true;
}

void Release(EX_RUNDOWN_REF& ref, ULONG count) {
  auto word = WordOf(ref);
  // Acquired: the waiter's block may be behind it.
  ULONG_PTR value = word.load(std::memory_order_acquire);
  while ((value & kActive) == 0) {
    if (word.compare_exchange_weak(value, value - kOne * count, std::memory_order_release,
                                   std::memory_order_acquire))
      return;
  }
  auto* block = reinterpret_cast<WaitBlock*>(value & ~kActive);
  if (block == nullptr) [[unlikely]]
    ReportLockViolation(kReleasedButNotAcquired, &ref);
  if (block->holders.fetch_sub(count, std::memory_order_acq_rel) == count) KeSetEvent(&block->gone, 0, FALSE);
}

template <typename References>
void Wait(References&& references) {
  WaitBlock block;
  KeInitializeEvent(&block.gone, NotificationEvent, FALSE);
  int64_t holders = 0;
  bool first = true;
  for (EX_RUNDOWN_REF* ref : references) {
    auto word = WordOf(*ref);
    ULONG_PTR value = word.load(std::memory_order_relaxed);
    do {
      if ((value & kActive) != 0) break;
    } while (!word.compare_exchange_weak(value, reinterpret_cast<ULONG_PTR>(&block) | kActive,
                                         std::memory_order_acq_rel, std::memory_order_relaxed));
    // Run down already, by an earlier call.
    if (first && (value & kActive) != 0) return;
    first = false;
    holders += static_cast<int64_t>(value) / static_cast<int64_t>(kOne);
  }
  const int64_t change = holders - kBias;
  if (block.holders.fetch_add(change, std::memory_order_acq_rel) + change != 0) WaitForEvent(&block.gone);
  for (EX_RUNDOWN_REF* ref : references) WordOf(*ref).store(kActive, std::memory_order_release);
}

struct AllOf {
  std::span<_EX_RUNDOWN_REF_CACHE_AWARE::Reference> references;
  struct Iterator {
    _EX_RUNDOWN_REF_CACHE_AWARE::Reference* at;
    EX_RUNDOWN_REF* operator*() const { return &at->ref; }
    Iterator& operator++() {
      ++at;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return at != other.at; }
  };
  Iterator begin() const { return {references.data()}; }
  Iterator end() const { return {references.data() + references.size()}; }
};

EX_RUNDOWN_REF& HereOf(PEX_RUNDOWN_REF_CACHE_AWARE aware) {
  const auto references = aware->references();
  return references[os::CurrentProcessor() % references.size()].ref;
}

void SetAll(PEX_RUNDOWN_REF_CACHE_AWARE aware, ULONG_PTR value) {
  for (EX_RUNDOWN_REF* ref : AllOf{aware->references()}) WordOf(*ref).store(value, std::memory_order_release);
}

size_t SizeOf(size_t count) {
  return sizeof(_EX_RUNDOWN_REF_CACHE_AWARE) + 64 + count * sizeof(_EX_RUNDOWN_REF_CACHE_AWARE::Reference);
}

}  // namespace
}  // namespace ring3::ex

using namespace ring3;      // NOLINT(google-build-using-namespace)
using namespace ring3::ex;  // NOLINT(google-build-using-namespace)

// wdm/nf-wdm-exinitializerundownprotection
extern "C" VOID ExInitializeRundownProtection(PEX_RUNDOWN_REF RunRef) {
  WordOf(*RunRef).store(0, std::memory_order_release);
}

// After a run-down: protection can be acquired again. wdm/nf-wdm-exreinitializerundownprotection
extern "C" VOID ExReInitializeRundownProtection(PEX_RUNDOWN_REF RunRef) {
  WordOf(*RunRef).store(0, std::memory_order_release);
}

// FALSE from the moment that the run-down begins. IRQL <= DISPATCH_LEVEL.
// wdm/nf-wdm-exacquirerundownprotection
extern "C" BOOLEAN ExAcquireRundownProtection(PEX_RUNDOWN_REF RunRef) {
  return Acquire(*RunRef, 1);
}

// `Count` times at once. wdm/nf-wdm-exacquirerundownprotectionex
extern "C" BOOLEAN ExAcquireRundownProtectionEx(PEX_RUNDOWN_REF RunRef, ULONG Count) {
  return Acquire(*RunRef, Count);
}

// wdm/nf-wdm-exreleaserundownprotection
extern "C" VOID ExReleaseRundownProtection(PEX_RUNDOWN_REF RunRef) {
  Release(*RunRef, 1);
}

// wdm/nf-wdm-exreleaserundownprotectionex
extern "C" VOID ExReleaseRundownProtectionEx(PEX_RUNDOWN_REF RunRef, ULONG Count) {
  Release(*RunRef, Count);
}

// wdm/nf-wdm-exrundowncompleted
extern "C" VOID ExRundownCompleted(PEX_RUNDOWN_REF RunRef) {
  WordOf(*RunRef).store(kActive, std::memory_order_release);
}

// Begins the run-down and waits until nobody holds protection. IRQL <= APC_LEVEL.
// wdm/nf-wdm-exwaitforrundownprotectionrelease
extern "C" VOID ExWaitForRundownProtectionRelease(PEX_RUNDOWN_REF RunRef) {
  Wait(std::span<PEX_RUNDOWN_REF>(&RunRef, 1));
}

// Null when there is no memory. IRQL <= APC_LEVEL. wdm/nf-wdm-exallocatecacheawarerundownprotection
extern "C" PEX_RUNDOWN_REF_CACHE_AWARE ExAllocateCacheAwareRundownProtection(POOL_TYPE PoolType,
                                                                             ULONG PoolTag) {
  const SIZE_T size = ExSizeOfRundownProtectionCacheAware();
  auto* aware = static_cast<PEX_RUNDOWN_REF_CACHE_AWARE>(ExAllocatePoolWithTag(PoolType, size, PoolTag));
  if (aware == nullptr) return nullptr;
  ExInitializeRundownProtectionCacheAware(aware, size);
  aware->from_pool = true;
  return aware;
}

// Bytes that a caller must provide. wdm/nf-wdm-exsizeofrundownprotectioncacheaware
extern "C" SIZE_T ExSizeOfRundownProtectionCacheAware(VOID) {
  return SizeOf(os::ProcessorCount());
}

// `RunRefSize`: what ExSizeOfRundownProtectionCacheAware said.
// wdm/nf-wdm-exinitializerundownprotectioncacheaware
extern "C" VOID ExInitializeRundownProtectionCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware,
                                                        SIZE_T RunRefSize) {
  RunRefCacheAware->count = (RunRefSize - SizeOf(0)) / sizeof(_EX_RUNDOWN_REF_CACHE_AWARE::Reference);
  RunRefCacheAware->from_pool = false;
  SetAll(RunRefCacheAware, 0);
}

// wdm/nf-wdm-exinitializerundownprotectioncacheawareex
extern "C" VOID ExInitializeRundownProtectionCacheAwareEx(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware,
                                                          ULONG) {
  ExInitializeRundownProtectionCacheAware(RunRefCacheAware, ExSizeOfRundownProtectionCacheAware());
}

// wdm/nf-wdm-exfreecacheawarerundownprotection
extern "C" VOID ExFreeCacheAwareRundownProtection(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware) {
  if (RunRefCacheAware->from_pool) ExFreePool(RunRefCacheAware);
}

// wdm/nf-wdm-exacquirerundownprotectioncacheaware
extern "C" BOOLEAN ExAcquireRundownProtectionCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware) {
  return Acquire(HereOf(RunRefCacheAware), 1);
}

// wdm/nf-wdm-exacquirerundownprotectioncacheawareex
extern "C" BOOLEAN ExAcquireRundownProtectionCacheAwareEx(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware,
                                                          ULONG Count) {
  return Acquire(HereOf(RunRefCacheAware), Count);
}

// wdm/nf-wdm-exreleaserundownprotectioncacheaware
extern "C" VOID ExReleaseRundownProtectionCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware) {
  Release(HereOf(RunRefCacheAware), 1);
}

// wdm/nf-wdm-exreleaserundownprotectioncacheawareex
extern "C" VOID ExReleaseRundownProtectionCacheAwareEx(PEX_RUNDOWN_REF_CACHE_AWARE RunRef, ULONG Count) {
  Release(HereOf(RunRef), Count);
}

// wdm/nf-wdm-exwaitforrundownprotectionreleasecacheaware
extern "C" VOID ExWaitForRundownProtectionReleaseCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRef) {
  Wait(AllOf{RunRef->references()});
}

// wdm/nf-wdm-exreinitializerundownprotectioncacheaware
extern "C" VOID ExReInitializeRundownProtectionCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware) {
  SetAll(RunRefCacheAware, 0);
}

// wdm/nf-wdm-exrundowncompletedcacheaware
extern "C" VOID ExRundownCompletedCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware) {
  SetAll(RunRefCacheAware, kActive);
}
