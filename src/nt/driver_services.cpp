// SPDX-License-Identifier: MIT
// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwloaddriver
#include "nt/capture.h"
#include "nt/table.h"
#include "nt/user_entry.h"
#include "se/token.h"

namespace ring3::nt {
namespace {

// Only who may load drivers may: STATUS_PRIVILEGE_NOT_HELD.
Status CheckLoadDriverPrivilege() {
  LUID privilege;
  privilege.LowPart = SE_LOAD_DRIVER_PRIVILEGE;
  privilege.HighPart = 0;
  return SeSinglePrivilegeCheck(privilege, UserMode) ? STATUS_SUCCESS : STATUS_PRIVILEGE_NOT_HELD;
}

template <typename Service>
NTSTATUS OnService(PUNICODE_STRING user_key, Service service) {
  UserEntry entry;
  RING3_TRY(CheckLoadDriverPrivilege());
  String key;
  RING3_TRY(key.Capture(user_key));
  return service(key.get());
}

}  // namespace

NTSTATUS NtLoadDriver(PUNICODE_STRING service_key) {
  return OnService(service_key, [](PUNICODE_STRING key) { return ZwLoadDriver(key); });
}

NTSTATUS NtUnloadDriver(PUNICODE_STRING service_key) {
  return OnService(service_key, [](PUNICODE_STRING key) { return ZwUnloadDriver(key); });
}

}  // namespace ring3::nt
