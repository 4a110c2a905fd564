// SPDX-License-Identifier: MIT
#include "io/driver_list.h"

#include <bugcodes.h>

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "ke/bugcheck.h"
#include "ke/driver_gate.h"
#include "ke/freed_memory.h"
#include "mm/locked_pages.h"
#include "os/stack_trace.h"
#include "ps/system_thread.h"

namespace ring3::io {

void DriverList::Add(Driver* driver) {
  SpinLockGuard guard(lock_);
  driver->next = newest_;
  newest_ = driver;
}

void DriverList::Remove(Driver* driver) {
  SpinLockGuard guard(lock_);
  for (Driver** link = &newest_; *link != nullptr; link = &(*link)->next) {
    if (*link != driver) continue;
    *link = driver->next;
    break;
  }
  std::erase_if(reinitializations_, [&](const Reinitialization& r) { return r.driver == &driver->object; });
}

Driver* DriverList::Find(std::u16string_view service_name) {
  std::u16string wanted = ob::Upcased(service_name);
  SpinLockGuard guard(lock_);
  for (Driver* driver = newest_; driver != nullptr; driver = driver->next) {
    if (ob::Upcased(*driver->service_name) == wanted) return driver;
  }
  return nullptr;
}

Driver* DriverList::Newest() {
  SpinLockGuard guard(lock_);
  return newest_;
}

PDRIVER_OBJECT DriverList::Owner(const void* address) {
  SpinLockGuard guard(lock_);
  for (Driver* driver = newest_; driver != nullptr; driver = driver->next) {
    auto offset =
        reinterpret_cast<uintptr_t>(address) - reinterpret_cast<uintptr_t>(driver->object.DriverStart);
    if (driver->module != nullptr && offset < driver->object.DriverSize) return &driver->object;
  }
  return nullptr;
}

size_t DriverList::count() {
  SpinLockGuard guard(lock_);
  size_t count = 0;
  for (Driver* driver = newest_; driver != nullptr; driver = driver->next) ++count;
  return count;
}

std::vector<ob::Ref<DRIVER_OBJECT>> DriverList::All() {
  std::vector<ob::Ref<DRIVER_OBJECT>> all;
  {
    SpinLockGuard guard(lock_);
    for (Driver* driver = newest_; driver != nullptr; driver = driver->next) {
      if (ob::ReferenceUnlessDeleted(driver)) all.push_back(ob::Ref<DRIVER_OBJECT>::Adopt(driver));
    }
  }
  std::reverse(all.begin(), all.end());
  return all;
}

void DriverList::AddReinitialization(const Reinitialization& reinitialization) {
  SpinLockGuard guard(lock_);
  reinitializations_.push_back(reinitialization);
}

void DriverList::CallReinitializeRoutines(PDRIVER_OBJECT driver) {
  for (;;) {
    Reinitialization next = {};
    {
      SpinLockGuard guard(lock_);
      for (auto it = reinitializations_.begin(); it != reinitializations_.end(); ++it) {
        if (it->driver != driver) continue;
        next = *it;
        reinitializations_.erase(it);
        break;
      }
    }
    if (next.routine == nullptr) return;
    ULONG count = ++driver->DriverExtension->Count;
    ke::CallDriver(driver, ke::Callback::kCallout, next.routine, driver, next.context, count);
  }
}

namespace {

// How long a thread or DPC that the driver rightly takes for finished may still be on its way out.
constexpr int kMostLooks = 200;
constexpr LONGLONG kBetweenLooks = -10'000;  // 1 ms

ke::PendingWork FindPendingWork(const void* begin, size_t byte_count) {
  ke::PendingWork work = ke::FindPendingWork(begin, byte_count);
  if (work.what != nullptr) return work;
  if (const void* routine = ps::FindSystemThreadIn(begin, byte_count); routine != nullptr) {
    return {"a system thread still runs", nullptr, routine};
  }
  return {};
}

void CheckPendingWork(const void* begin, size_t byte_count) {
  ke::PendingWork work = FindPendingWork(begin, byte_count);
  for (int looks = 1; work.what != nullptr && looks < kMostLooks; ++looks) {
    LARGE_INTEGER soon;
    soon.QuadPart = kBetweenLooks;
    KeDelayExecutionThread(KernelMode, FALSE, &soon);
    work = FindPendingWork(begin, byte_count);
  }
  if (work.what == nullptr) return ps::WaitForEndedThreads();
  const auto address = reinterpret_cast<ULONG_PTR>(work.address);
  std::string note = fmt::format("{}: {}", work.what, os::DescribeCode(address));
  if (work.object != nullptr) note += fmt::format(", object at {}", work.object);
  ke::NoteForBugCheck(note.c_str());
  KeBugCheckEx(DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS, address, 0, 0, 0);
}

}  // namespace

void CheckUnloadedDriver(Driver* driver) {
  if (driver->module == nullptr) return;
  auto* begin = static_cast<const char*>(driver->object.DriverStart);
  CheckPendingWork(begin, driver->object.DriverSize);
  mm::LockedRange range = {};
  if (!mm::FindLockedRangeOf(begin, begin + driver->object.DriverSize, &range)) return;
  const std::string note = mm::Describe(range);
  ke::NoteForBugCheck(note.c_str());
  const auto mdl = reinterpret_cast<ULONG_PTR>(range.mdl);
  KeBugCheckEx(DRIVER_LEFT_LOCKED_PAGES_IN_PROCESS, reinterpret_cast<ULONG_PTR>(range.locked_by), 0,
               mdl < PAGE_SIZE ? 0 : mdl, range.page_count);
}

}  // namespace ring3::io
