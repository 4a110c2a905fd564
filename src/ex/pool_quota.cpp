// SPDX-License-Identifier: MIT
#include "ex/pool_quota.h"

#include <ntstatus.h>

namespace ring3::ex {

Status PoolQuota::Charge(_KPROCESS* process, PoolKind kind, size_t byte_count) {
  SpinLockGuard guard(lock_);
  Account& account = accounts_[process];
  size_t& charged = account.Of(kind);
  if (byte_count > account.limit || charged > account.limit - byte_count) return STATUS_QUOTA_EXCEEDED;
  charged += byte_count;
  return STATUS_SUCCESS;
}

bool PoolQuota::WouldExceed(_KPROCESS* process, PoolKind kind, size_t byte_count) {
  SpinLockGuard guard(lock_);
  const auto found = accounts_.find(process);
  if (found == accounts_.end()) return false;
  const size_t limit = found->second.limit;
  return byte_count > limit || found->second.Of(kind) > limit - byte_count;
}

void PoolQuota::Return(_KPROCESS* process, PoolKind kind, size_t byte_count) {
  SpinLockGuard guard(lock_);
  const auto found = accounts_.find(process);
  if (found == accounts_.end()) return;
  size_t& charged = found->second.Of(kind);
  charged -= byte_count < charged ? byte_count : charged;
  const bool unlimited = found->second.limit == ~size_t{0};
  if (unlimited && found->second.paged == 0 && found->second.nonpaged == 0) accounts_.erase(found);
}

void PoolQuota::SetLimit(_KPROCESS* process, size_t byte_count) {
  SpinLockGuard guard(lock_);
  accounts_[process].limit = byte_count;
}

size_t PoolQuota::Charged(_KPROCESS* process, PoolKind kind) {
  SpinLockGuard guard(lock_);
  const auto found = accounts_.find(process);
  return found == accounts_.end() ? 0 : found->second.Of(kind);
}

}  // namespace ring3::ex
