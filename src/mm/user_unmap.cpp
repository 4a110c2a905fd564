// SPDX-License-Identifier: MIT
// The entries for an application that takes its memory away. They are called at any time, also while the
// executive comes up or goes down in another thread.
#include "mm/user_unmap.h"

#include <atomic>

#include "mm/locked_pages.h"
#include "mm/locked_page_table.h"
#include "os/memory.h"
#include "os/thread.h"

namespace ring3::mm {
namespace {

std::atomic<LockedPageTable*> g_table{nullptr};
std::atomic<int> g_callers{0};

// Holds the table, if there is one, in existence.
class TableUse {
 public:
  TableUse() {
    g_callers.fetch_add(1, std::memory_order_seq_cst);
    table_ = g_table.load(std::memory_order_seq_cst);
  }
  ~TableUse() { g_callers.fetch_sub(1, std::memory_order_release); }
  TableUse(const TableUse&) = delete;
  TableUse& operator=(const TableUse&) = delete;
  LockedPageTable* get() const { return table_; }

 private:
  LockedPageTable* table_;
};

}  // namespace

void AcceptUserUnmaps(LockedPageTable& table) {
  g_table.store(&table, std::memory_order_seq_cst);
}

void RefuseUserUnmaps() {
  g_table.store(nullptr, std::memory_order_seq_cst);
  while (g_callers.load(std::memory_order_acquire) != 0) os::YieldThread();
}

void UnmapUserMemory(void* address, size_t byte_count) {
  const TableUse table;
  if (table.get() == nullptr) {
    os::Release(reinterpret_cast<uintptr_t>(address), byte_count);
  } else {
    table.get()->Unmap(reinterpret_cast<uintptr_t>(address), byte_count);
  }
}

bool RunUnlessLocked(void* address, size_t byte_count, void (*take)(void*), void* context) {
  const TableUse table;
  if (table.get() != nullptr) {
    return table.get()->RunUnlessLocked(reinterpret_cast<uintptr_t>(address), byte_count,
                                        [take, context] { take(context); });
  }
  take(context);
  return true;
}

}  // namespace ring3::mm
