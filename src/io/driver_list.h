// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/io_ntifs.h>

#include <string_view>
#include <vector>

#include "base/spin_lock.h"
#include "io/device.h"

namespace ring3::io {

// The drivers that are loaded, newest first, and the routines that they want called again.
class DriverList {
 public:
  void Add(Driver* driver);
  void Remove(Driver* driver);
  Driver* Find(std::u16string_view service_name);
  Driver* Newest();
  // The driver whose image has `address`; null where none or linked into the program.
  PDRIVER_OBJECT Owner(const void* address);
  size_t count();
  // In the order of loading.
  std::vector<ob::Ref<DRIVER_OBJECT>> All();

  struct Reinitialization {
    PDRIVER_OBJECT driver;
    PDRIVER_REINITIALIZE routine;
    void* context;
  };
  void AddReinitialization(const Reinitialization& reinitialization);
  // Those of `driver`, in order; a routine may register itself again.
  void CallReinitializeRoutines(PDRIVER_OBJECT driver);

 private:
  SpinLock lock_{LockRank::kDriverDatabase};
  Driver* newest_ RING3_GUARDED_BY(lock_) = nullptr;
  std::vector<Reinitialization> reinitializations_ RING3_GUARDED_BY(lock_);
};

extern DriverList g_drivers;

// What a driver must not leave behind: DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS where a timer, a
// DPC or a system thread of its image is left, DRIVER_LEFT_LOCKED_PAGES_IN_PROCESS where its code locked
// pages that are locked still. PASSIVE_LEVEL, after DriverUnload.
void CheckUnloadedDriver(Driver* driver);

}  // namespace ring3::io
