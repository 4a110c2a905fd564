// SPDX-License-Identifier: MIT
#include "io/driver_list.h"

#include <bugcodes.h>

#include <utility>

#include "ke/driver_gate.h"
#include "mm/locked_pages.h"

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
    auto offset = reinterpret_cast<uintptr_t>(address) - reinterpret_cast<uintptr_t>(driver->object.DriverStart);
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

void CheckUnloadedDriver(Driver* driver) {
  if (driver->module == nullptr) return;
  auto* begin = static_cast<const char*>(driver->object.DriverStart);
  mm::LockedRange range = {};
  if (!mm::FindLockedRangeOf(begin, begin + driver->object.DriverSize, &range)) return;
  KeBugCheckEx(DRIVER_LEFT_LOCKED_PAGES_IN_PROCESS, range.start, reinterpret_cast<ULONG_PTR>(range.locked_by),
               reinterpret_cast<ULONG_PTR>(range.mdl), range.page_count);
}

}  // namespace ring3::io
