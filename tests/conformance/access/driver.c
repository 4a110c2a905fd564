// SPDX-License-Identifier: MIT
#include "../common/test_driver.h"
#include "access.h"

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  ULONG code = TestCodeOf(Irp);

  UNREFERENCED_PARAMETER(DeviceObject);
  if ((code & ~(3u << 14)) == IOCTL_WITH(FILE_ANY_ACCESS)) return TestComplete(Irp, STATUS_SUCCESS, 0);
  // A driver may ask again for codes that were given out with FILE_ANY_ACCESS.
  if (code == IOCTL_VALIDATE) {
    ULONG access = *(PULONG)Irp->AssociatedIrp.SystemBuffer;
    return TestComplete(Irp, IoValidateDeviceIoControlAccess(Irp, access), 0);
  }
  return TestComplete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
}

static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  UNREFERENCED_PARAMETER(DriverObject);
  return STATUS_SUCCESS;
}
