// SPDX-License-Identifier: MIT
#include <ddi/ex.h>
#include <ntstatus.h>

#include <cstdint>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#include <sanitizer/tsan_interface.h>
#define RING3_TSAN 1
#endif
#endif

namespace {

constexpr uint64_t kDepthMask = 0xffff;
constexpr uint64_t kDepthOne = 1;
constexpr uint64_t kSequenceOne = uint64_t{1} << 16;

struct Head {
  uint64_t depth_and_sequence;
  uint64_t next;

  PSLIST_ENTRY first() const { return reinterpret_cast<PSLIST_ENTRY>(next & ~uint64_t{0xf}); }
};

// Two loads: a torn pair fails the exchange that follows.
Head Load(PSLIST_HEADER list) {
  return {__atomic_load_n(&list->Alignment, __ATOMIC_RELAXED),
          __atomic_load_n(&list->Region, __ATOMIC_ACQUIRE)};
}

// In assembly: the compiler's own makes a library call of it. ThreadSanitizer, which does not see into it, is
// told.
bool Exchange(PSLIST_HEADER list, const Head& expected, const Head& desired) {
#if RING3_TSAN
  __tsan_release(list);
#endif
  Head seen = expected;
  bool exchanged;
  __asm__ __volatile__("lock cmpxchg16b %[list]"
                       : [list] "+m"(*list), "+a"(seen.depth_and_sequence), "+d"(seen.next),
                         "=@ccz"(exchanged)
                       : "b"(desired.depth_and_sequence), "c"(desired.next)
                       : "memory");
#if RING3_TSAN
  if (exchanged) __tsan_acquire(list);
#endif
  return exchanged;
}

// The entry may be somebody else's by now, and be written: the value is used only when the sequence proves it
// was not.
__attribute__((noinline, no_sanitize("thread", "address"))) PSLIST_ENTRY NextOf(PSLIST_ENTRY entry) {
  return *static_cast<PSLIST_ENTRY volatile*>(&entry->Next);
}
__attribute__((noinline, no_sanitize("thread"))) void SetNext(PSLIST_ENTRY entry, PSLIST_ENTRY next) {
  *static_cast<PSLIST_ENTRY volatile*>(&entry->Next) = next;
}

}  // namespace

// Makes an empty list. STATUS_DATATYPE_MISALIGNMENT is raised where the header is not 16-byte aligned. Any
// IRQL. wdm/nf-wdm-initializeslisthead
extern "C" VOID InitializeSListHead(PSLIST_HEADER SListHead) {
  if (reinterpret_cast<uintptr_t>(SListHead) % 16 != 0) ExRaiseStatus(STATUS_DATATYPE_MISALIGNMENT);
  __atomic_store_n(&SListHead->Alignment, 0, __ATOMIC_RELAXED);
  __atomic_store_n(&SListHead->Region, 0, __ATOMIC_RELEASE);
}

// Entries in the list, modulo 65536. wdm/nf-wdm-exquerydepthslist
extern "C" USHORT ExQueryDepthSList(PSLIST_HEADER SListHead) {
  return static_cast<USHORT>(__atomic_load_n(&SListHead->Alignment, __ATOMIC_RELAXED) & kDepthMask);
}

// Pushes an entry (16-byte aligned); returns the one that was first, or null. Any IRQL.
// wdm/nf-wdm-exinterlockedpushentryslist
extern "C" PSLIST_ENTRY ExpInterlockedPushEntrySList(PSLIST_HEADER ListHead, PSLIST_ENTRY ListEntry) {
  for (;;) {
    const Head head = Load(ListHead);
    SetNext(ListEntry, head.first());
    const uint64_t depth = (head.depth_and_sequence + kDepthOne) & kDepthMask;
    const Head desired{((head.depth_and_sequence & ~kDepthMask) + kSequenceOne) | depth,
                       reinterpret_cast<uint64_t>(ListEntry)};
    if (Exchange(ListHead, head, desired)) return head.first();
  }
}

// Pops the first entry; null when there is none. Any IRQL. wdm/nf-wdm-exinterlockedpopentryslist
extern "C" PSLIST_ENTRY ExpInterlockedPopEntrySList(PSLIST_HEADER ListHead) {
  for (;;) {
    const Head head = Load(ListHead);
    PSLIST_ENTRY first = head.first();
    if (first == nullptr) return nullptr;
    const uint64_t depth = (head.depth_and_sequence - kDepthOne) & kDepthMask;
    const Head desired{(head.depth_and_sequence & ~kDepthMask) + kSequenceOne | depth,
                       reinterpret_cast<uint64_t>(NextOf(first))};
    if (Exchange(ListHead, head, desired)) return first;
  }
}

// Takes all entries; returns the first of the chain. Any IRQL. wdm/nf-wdm-exinterlockedflushslist
extern "C" PSLIST_ENTRY ExpInterlockedFlushSList(PSLIST_HEADER ListHead) {
  for (;;) {
    const Head head = Load(ListHead);
    if (head.first() == nullptr) return nullptr;
    const Head desired{(head.depth_and_sequence & ~kDepthMask) + kSequenceOne, 0};
    if (Exchange(ListHead, head, desired)) return head.first();
  }
}

#undef ExInterlockedFlushSList
extern "C" NTKERNELAPI PSLIST_ENTRY ExInterlockedFlushSList(PSLIST_HEADER ListHead);
extern "C" PSLIST_ENTRY ExInterlockedFlushSList(PSLIST_HEADER ListHead) {
  return ExpInterlockedFlushSList(ListHead);
}
