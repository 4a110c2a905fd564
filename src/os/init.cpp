// SPDX-License-Identifier: MIT
#include "os/init.h"

#include "os/fault_handler.h"

namespace ring3::os {

Status Initialize(const BootOptions&) {
  InstallFaultHandlers();
  return static_cast<NTSTATUS>(0);
}

void Shutdown(LeakReport&) {
  RemoveFaultHandlers();
}

}  // namespace ring3::os
