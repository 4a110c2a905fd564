// SPDX-License-Identifier: MIT
#include <bugcodes.h>
#include <ddi/ex_ntifs.h>

#include "ex/pool.h"
#include "ke/kthread.h"

namespace ring3::ex {
namespace {

void FreeChecked(void* user, ULONG tag, TagCheck check) {
  Pool* pool = g_pool;
  // 0x42: the address was never in any pool.
  if (pool == nullptr) [[unlikely]]
    KeBugCheckEx(BAD_POOL_CALLER, 0x42, reinterpret_cast<ULONG_PTR>(user), 0, 0);
  pool->Free(user, tag, check, ke::CurrentThread()->state.irql);
}

}  // namespace
}  // namespace ring3::ex

using namespace ring3::ex;  // NOLINT(google-build-using-namespace)

// Frees a block. IRQL <= DISPATCH_LEVEL, for paged pool <= APC_LEVEL. BAD_POOL_CALLER when `P` is no block,
// or freed already; BAD_POOL_HEADER when it was overrun. ntddk/nf-ntddk-exfreepool
extern "C" VOID ExFreePool(PVOID P) {
  FreeChecked(P, 0, TagCheck::kNone);
}

// The same; BAD_POOL_CALLER 0xA when the tag is not the block's. A zero tag matches any.
// wdm/nf-wdm-exfreepoolwithtag
extern "C" VOID ExFreePoolWithTag(PVOID P, ULONG Tag) {
  FreeChecked(P, Tag, Tag == 0 ? TagCheck::kNone : TagCheck::kMatch);
}

// The same. The page does not say what parameters there are; none is needed for what ExAllocatePool3 gives
// here. wdm/nf-wdm-exfreepool2
extern "C" VOID ExFreePool2(PVOID P, ULONG Tag, PCPOOL_EXTENDED_PARAMETER, ULONG) {
  FreeChecked(P, Tag, Tag == 0 ? TagCheck::kNone : TagCheck::kMatch);
}

// The bytes that the block was allocated with, and whether they were charged.
// ntifs/nf-ntifs-exquerypoolblocksize
extern "C" SIZE_T ExQueryPoolBlockSize(PVOID PoolBlock, PBOOLEAN QuotaCharged) {
  bool charged = false;
  const size_t byte_count = g_pool->BlockSize(PoolBlock, &charged);
  *QuotaCharged = charged;
  return byte_count;
}
