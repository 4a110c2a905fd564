// SPDX-License-Identifier: MIT
#include <bugcodes.h>
#include <ntstatus.h>

#include <cctype>

#include "ex/pool_ddi.h"
#include "ke/kthread.h"

namespace ring3::ex {
namespace {

// The violations of BAD_POOL_CALLER, as its page numbers them.
constexpr ULONG_PTR kZeroBytes = 0x0;
constexpr ULONG_PTR kAllocatedAtBadIrql = 0x8;
constexpr ULONG_PTR kMustSucceed = 0x9a;
constexpr ULONG_PTR kZeroTag = 0x9b;
constexpr ULONG_PTR kBigTag = 0x9c;
constexpr ULONG_PTR kUntellingTag = 0x9d;

constexpr ULONG kTagOfNone = 'enoN';
constexpr int kMustSucceedBit = 2;

bool IsBigTag(ULONG tag) {
  return tag == 'GIB' || tag == ' GIB';
}

bool TagTellsSomething(ULONG tag) {
  for (int shift = 0; shift < 32; shift += 8) {
    if (std::isalnum(static_cast<unsigned char>(tag >> shift)) != 0) return true;
  }
  return false;
}

PoolKind KindOf(int type) {
  return (type & PagedPool) != 0            ? PoolKind::kPaged
         : (type & POOL_NX_ALLOCATION) != 0 ? PoolKind::kNonPagedNx
                                            : PoolKind::kNonPagedExecute;
}
PoolFill FillOf(int type) {
  return (type & POOL_ZERO_ALLOCATION) != 0 ? PoolFill::kZero : PoolFill::kNone;
}

// What an allocation at a wrong IRQL is told by.
void CheckIrql(const PoolRequest& request) {
  const KIRQL irql = ke::CurrentThread()->state.irql;
  const KIRQL highest = request.kind() == PoolKind::kPaged ? APC_LEVEL : DISPATCH_LEVEL;
  if (irql > highest) [[unlikely]]
    KeBugCheckEx(BAD_POOL_CALLER, kAllocatedAtBadIrql, irql, PoolTypeOf(request.attributes),
                 request.byte_count);
}

}  // namespace

void* AllocateChecked(const PoolRequest& request, OnFailure on_failure) {
  CheckIrql(request);
  Pool* pool = g_pool;
  void* user = pool != nullptr ? pool->Allocate(request) : nullptr;
  if (user == nullptr && on_failure == OnFailure::kRaise) [[unlikely]] {
    const bool quota =
        pool != nullptr && (request.attributes & kPoolQuota) != 0 && request.byte_count < kPageSize &&
        pool->quota().WouldExceed(ke::CurrentThread()->process, request.kind(), request.byte_count);
    ExRaiseStatus(quota ? STATUS_QUOTA_EXCEEDED : STATUS_INSUFFICIENT_RESOURCES);
  }
  return user;
}

void* AllocateByType(POOL_TYPE type, size_t byte_count, ULONG tag, uint8_t attributes, OnFailure on_failure,
                     const void* caller) {
  const int bits = static_cast<int>(type);
  if ((bits & kMustSucceedBit) != 0) [[unlikely]]
    KeBugCheckEx(BAD_POOL_CALLER, kMustSucceed, bits, byte_count, tag);
  if (tag == 0) [[unlikely]]
    KeBugCheckEx(BAD_POOL_CALLER, kZeroTag, bits, byte_count, reinterpret_cast<ULONG_PTR>(caller));
  if (IsBigTag(tag)) [[unlikely]]
    KeBugCheckEx(BAD_POOL_CALLER, kBigTag, bits, byte_count, reinterpret_cast<ULONG_PTR>(caller));
  if (g_pool != nullptr && (g_pool->mode() & kModeSpecial) != 0) [[unlikely]] {
    // Driver Verifier's checks.
    if (byte_count == 0) KeBugCheckEx(BAD_POOL_CALLER, kZeroBytes, 0, bits, tag);
    if (!TagTellsSomething(tag))
      KeBugCheckEx(BAD_POOL_CALLER, kUntellingTag, tag, bits, reinterpret_cast<ULONG_PTR>(caller));
  }
  attributes |= static_cast<uint8_t>(KindOf(bits));
  if ((bits & NonPagedPoolCacheAligned) != 0) attributes |= kPoolCacheAligned;
  if ((bits & NonPagedPoolSession) != 0) attributes |= kPoolSession;
  return AllocateChecked(
      {.byte_count = byte_count, .tag = tag, .attributes = attributes, .fill = FillOf(bits)}, on_failure);
}

namespace {

OnFailure OnFailureOf(POOL_TYPE type) {
  return (type & POOL_RAISE_IF_ALLOCATION_FAILURE) != 0 ? OnFailure::kRaise : OnFailure::kReturnNull;
}
OnFailure OnQuotaFailureOf(POOL_TYPE type) {
  return (type & POOL_QUOTA_FAIL_INSTEAD_OF_RAISE) != 0 ? OnFailure::kReturnNull : OnFailure::kRaise;
}

}  // namespace
}  // namespace ring3::ex

using namespace ring3::ex;  // NOLINT(google-build-using-namespace)

// Allocates `NumberOfBytes` bytes of pool, uninitialised. IRQL <= DISPATCH_LEVEL, for paged pool <= APC_LEVEL
// (else BAD_POOL_CALLER 8). Null when there is no memory, or raises with POOL_RAISE_IF_ALLOCATION_FAILURE.
// wdm/nf-wdm-exallocatepoolwithtag
extern "C" PVOID ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag) {
  constexpr int kPlainBits = PagedPool | POOL_NX_ALLOCATION | POOL_ZERO_ALLOCATION;
  Pool* pool = g_pool;
  if ((PoolType & ~kPlainBits) == 0 && pool != nullptr && pool->mode() == 0 && Tag != 0 && !IsBigTag(Tag))
      [[likely]] {
    const PoolRequest request{.byte_count = NumberOfBytes,
                              .tag = Tag,
                              .attributes = static_cast<uint8_t>(KindOf(PoolType)),
                              .fill = FillOf(PoolType)};
    CheckIrql(request);
    return pool->Allocate(request);
  }
  return AllocateByType(PoolType, NumberOfBytes, Tag, 0, OnFailureOf(PoolType), __builtin_return_address(0));
}

// The same with the tag 'None'. wdm/nf-wdm-exallocatepool
extern "C" PVOID ExAllocatePool(POOL_TYPE PoolType, SIZE_T NumberOfBytes) {
  return AllocateByType(PoolType, NumberOfBytes, kTagOfNone, 0, OnFailureOf(PoolType),
                        __builtin_return_address(0));
}

// The same, charged to the current process. Raises STATUS_QUOTA_EXCEEDED or STATUS_INSUFFICIENT_RESOURCES
// unless POOL_QUOTA_FAIL_INSTEAD_OF_RAISE. Blocks of PAGE_SIZE or more are not charged.
// wdm/nf-wdm-exallocatepoolwithquotatag
extern "C" PVOID ExAllocatePoolWithQuotaTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag) {
  return AllocateByType(PoolType, NumberOfBytes, Tag, kPoolQuota, OnQuotaFailureOf(PoolType),
                        __builtin_return_address(0));
}

// wdm/nf-wdm-exallocatepoolwithquota
extern "C" PVOID ExAllocatePoolWithQuota(POOL_TYPE PoolType, SIZE_T NumberOfBytes) {
  return AllocateByType(PoolType, NumberOfBytes, kTagOfNone, kPoolQuota, OnQuotaFailureOf(PoolType),
                        __builtin_return_address(0));
}

// The priority decides who fails first when memory runs low: simulated memory does not run low before it runs
// out. Its SpecialPool variants take the block from special pool, at the page's end or start.
// wdm/nf-wdm-exallocatepoolwithtagpriority
extern "C" PVOID ExAllocatePoolWithTagPriority(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag,
                                               EX_POOL_PRIORITY Priority) {
  const bool special_pool_on = g_pool != nullptr && (g_pool->mode() & kModeSpecial) != 0;
  if (!special_pool_on || (Priority & 9) != LowPoolPrioritySpecialPoolUnderrun) [[likely]] {
    return AllocateByType(PoolType, NumberOfBytes, Tag, 0, OnFailureOf(PoolType),
                          __builtin_return_address(0));
  }
  const bool paged = (PoolType & PagedPool) != 0;
  return AllocateChecked(
      {.byte_count = NumberOfBytes,
       .tag = Tag,
       .attributes = static_cast<uint8_t>(paged ? PoolKind::kPaged : PoolKind::kNonPagedNx),
       .fill = (PoolType & POOL_ZERO_ALLOCATION) != 0 ? PoolFill::kZero : PoolFill::kNone,
       .at_page_start = true},
      OnFailureOf(PoolType));
}
