// SPDX-License-Identifier: MIT
#include <ntstatus.h>

#include "ex/pool_ddi.h"

namespace ring3::ex {
namespace {

constexpr POOL_FLAGS kRequiredMask = (POOL_FLAG_REQUIRED_END << 1) - 1;
constexpr POOL_FLAGS kPoolMask = POOL_FLAG_NON_PAGED | POOL_FLAG_NON_PAGED_EXECUTE | POOL_FLAG_PAGED;
constexpr POOL_FLAGS kKnownRequired = POOL_FLAG_USE_QUOTA | POOL_FLAG_UNINITIALIZED | POOL_FLAG_SESSION |
                                      POOL_FLAG_CACHE_ALIGNED | POOL_FLAG_RAISE_ON_FAILURE | kPoolMask;

// Exactly one pool, and no required flag that is not known.
bool AreValid(POOL_FLAGS flags) {
  return (flags & kRequiredMask & ~kKnownRequired) == 0 && __builtin_popcountll(flags & kPoolMask) == 1;
}

PoolRequest RequestOf(POOL_FLAGS flags, size_t byte_count, ULONG tag) {
  const PoolKind kind = (flags & POOL_FLAG_PAGED) != 0       ? PoolKind::kPaged
                        : (flags & POOL_FLAG_NON_PAGED) != 0 ? PoolKind::kNonPagedNx
                                                             : PoolKind::kNonPagedExecute;
  uint8_t attributes = static_cast<uint8_t>(kind);
  if ((flags & POOL_FLAG_CACHE_ALIGNED) != 0) attributes |= kPoolCacheAligned;
  if ((flags & POOL_FLAG_USE_QUOTA) != 0) attributes |= kPoolQuota;
  if ((flags & POOL_FLAG_SESSION) != 0) attributes |= kPoolSession;
  return {.byte_count = byte_count,
          .tag = tag,
          .attributes = attributes,
          .fill = (flags & POOL_FLAG_UNINITIALIZED) != 0 ? PoolFill::kNone : PoolFill::kZero,
          .want_special = (flags & POOL_FLAG_SPECIAL_POOL) != 0};
}

void* Refuse(POOL_FLAGS flags) {
  if ((flags & POOL_FLAG_RAISE_ON_FAILURE) != 0) ExRaiseStatus(STATUS_INVALID_PARAMETER);
  return nullptr;
}

// Whether the parameter can be honoured, or be left alone. Changes `request` accordingly.
bool Apply(const POOL_EXTENDED_PARAMETER& parameter, POOL_FLAGS flags, PoolRequest& request) {
  const bool optional = parameter.Optional != 0;
  switch (parameter.Type) {
    case PoolExtendedParameterPriority: {
      const int level = parameter.Priority & ~9;
      if (level != LowPoolPriority && level != NormalPoolPriority && level != HighPoolPriority)
        return optional;
      if ((parameter.Priority & 8) != 0 && (g_pool != nullptr && (g_pool->mode() & kModeSpecial) != 0)) {
        request.want_special = true;
        request.at_page_start = (parameter.Priority & 1) != 0;
      }
      return true;
    }
    case PoolExtendedParameterNumaNode:
      // Valid with POOL_FLAG_NON_PAGED only. There is one node, number 0.
      if ((flags & POOL_FLAG_NON_PAGED) == 0) return optional;
      return optional || (parameter.PreferredNode & MM_ANY_NODE_OK) != 0 || parameter.PreferredNode == 0;
    default:
      // Secure pool needs virtualisation-based security.
      return optional;
  }
}

}  // namespace
}  // namespace ring3::ex

using namespace ring3::ex;  // NOLINT(google-build-using-namespace)

// Allocates `NumberOfBytes` zeroed bytes (POOL_FLAG_UNINITIALIZED: as they are). IRQL <= DISPATCH_LEVEL, for
// paged pool
// <= APC_LEVEL. Null for a zero tag or size, invalid flags, or no memory; with POOL_FLAG_RAISE_ON_FAILURE
// raises STATUS_INVALID_PARAMETER, STATUS_QUOTA_EXCEEDED or STATUS_INSUFFICIENT_RESOURCES instead.
// wdm/nf-wdm-exallocatepool2
extern "C" PVOID ExAllocatePool2(POOL_FLAGS Flags, SIZE_T NumberOfBytes, ULONG Tag) {
  if (Tag == 0 || NumberOfBytes == 0 || !AreValid(Flags)) [[unlikely]]
    return Refuse(Flags);
  return AllocateChecked(RequestOf(Flags, NumberOfBytes, Tag), (Flags & POOL_FLAG_RAISE_ON_FAILURE) != 0
                                                                   ? OnFailure::kRaise
                                                                   : OnFailure::kReturnNull);
}

// The same with extended parameters; also null when one that is not optional is not known or cannot be
// satisfied. wdm/nf-wdm-exallocatepool3
extern "C" PVOID ExAllocatePool3(POOL_FLAGS Flags, SIZE_T NumberOfBytes, ULONG Tag,
                                 PCPOOL_EXTENDED_PARAMETER ExtendedParameters,
                                 ULONG ExtendedParametersCount) {
  if (Tag == 0 || NumberOfBytes == 0 || !AreValid(Flags) ||
      (ExtendedParameters == nullptr && ExtendedParametersCount != 0)) {
    return Refuse(Flags);
  }
  PoolRequest request = RequestOf(Flags, NumberOfBytes, Tag);
  for (ULONG i = 0; i < ExtendedParametersCount; ++i) {
    if (!Apply(ExtendedParameters[i], Flags, request)) return Refuse(Flags);
  }
  return AllocateChecked(
      request, (Flags & POOL_FLAG_RAISE_ON_FAILURE) != 0 ? OnFailure::kRaise : OnFailure::kReturnNull);
}
