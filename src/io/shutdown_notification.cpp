// SPDX-License-Identifier: MIT
// IRP_MJ_SHUTDOWN for the devices that want it, last registered first.
#include <ntstatus.h>

#include <vector>

#include "io/device.h"
#include "io/irp.h"

namespace ring3::io {
namespace {

struct Registration {
  PDEVICE_OBJECT device;
  ShutdownPhase phase;
};
struct Registrations {
  SpinLock lock{LockRank::kDriverDatabase};
  std::vector<Registration> list RING3_GUARDED_BY(lock);
};
Registrations g_registrations;

NTSTATUS Register(PDEVICE_OBJECT device, ShutdownPhase phase) {
  ob::Reference(device);
  device->Flags |= DO_SHUTDOWN_REGISTERED;
  SpinLockGuard guard(g_registrations.lock);
  g_registrations.list.push_back({device, phase});
  return STATUS_SUCCESS;
}

// The newest registration that `matches`, taken off the list.
template <typename Matches>
PDEVICE_OBJECT Take(Matches matches) {
  SpinLockGuard guard(g_registrations.lock);
  for (size_t i = g_registrations.list.size(); i-- > 0;) {
    if (!matches(g_registrations.list[i])) continue;
    PDEVICE_OBJECT device = g_registrations.list[i].device;
    g_registrations.list.erase(g_registrations.list.begin() + static_cast<ptrdiff_t>(i));
    if (g_registrations.list.empty()) g_registrations.list.shrink_to_fit();
    return device;
  }
  return nullptr;
}

}  // namespace

void NotifyShutdown(ShutdownPhase phase) {
  while (PDEVICE_OBJECT device = Take([&](const Registration& r) { return r.phase == phase; })) {
    PDEVICE_OBJECT top = TopOfStack(device);
    if (IRP* irp = AllocateIrp(top->StackSize, IrpKind::kService)) {
      IoGetNextIrpStackLocation(irp)->MajorFunction = IRP_MJ_SHUTDOWN;
      (void)SendAndWait(top, irp, nullptr);
    }
    ob::Dereference(top);
    ob::Dereference(device);
  }
}

void ForgetShutdownNotification(PDEVICE_OBJECT device) {
  if ((device->Flags & DO_SHUTDOWN_REGISTERED) == 0) return;
  while (PDEVICE_OBJECT found = Take([&](const Registration& r) { return r.device == device; }))
    ob::Dereference(found);
  device->Flags &= ~ULONG{DO_SHUTDOWN_REGISTERED};
}

}  // namespace ring3::io

extern "C" {

// nf-wdm-ioregistershutdownnotification
NTSTATUS IoRegisterShutdownNotification(PDEVICE_OBJECT DeviceObject) {
  return ring3::io::Register(DeviceObject, ring3::io::ShutdownPhase::kFirst);
}

// After all file systems have been flushed. nf-wdm-ioregisterlastchanceshutdownnotification
NTSTATUS IoRegisterLastChanceShutdownNotification(PDEVICE_OBJECT DeviceObject) {
  return ring3::io::Register(DeviceObject, ring3::io::ShutdownPhase::kLast);
}

// nf-wdm-iounregistershutdownnotification
VOID IoUnregisterShutdownNotification(PDEVICE_OBJECT DeviceObject) {
  ring3::io::ForgetShutdownNotification(DeviceObject);
}

}  // extern "C"
