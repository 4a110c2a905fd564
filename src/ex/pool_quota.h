// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"
#include "base/spin_lock.h"
#include "ex/pool_block.h"

#include <unordered_map>

namespace ring3::ex {

// Pool charged to processes. A process has no limit until it is given one.
class PoolQuota {
 public:
  // STATUS_QUOTA_EXCEEDED when the process' limit does not allow it.
  Status Charge(_KPROCESS* process, PoolKind kind, size_t byte_count);
  bool WouldExceed(_KPROCESS* process, PoolKind kind, size_t byte_count);
  void Return(_KPROCESS* process, PoolKind kind, size_t byte_count);
  // Bytes; applies to paged and to nonpaged pool each.
  void SetLimit(_KPROCESS* process, size_t byte_count);
  size_t Charged(_KPROCESS* process, PoolKind kind);

 private:
  struct Account {
    size_t paged = 0;
    size_t nonpaged = 0;
    size_t limit = ~size_t{0};
    size_t& Of(PoolKind kind) { return kind == PoolKind::kPaged ? paged : nonpaged; }
  };
  SpinLock lock_{LockRank::kPool};
  std::unordered_map<_KPROCESS*, Account> accounts_ RING3_GUARDED_BY(lock_);
};

}  // namespace ring3::ex
