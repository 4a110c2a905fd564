// SPDX-License-Identifier: MIT
#include "../common/test_driver.h"
#include "pending_buffers.h"

static VOID Use(PMDL Mdl) {
  volatile UCHAR* bytes = MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority);
  ULONG length = MmGetMdlByteCount(Mdl), i;

  TEST_CHECK(bytes != NULL);
  for (i = 0; i < length; i += PAGE_SIZE) bytes[i] = (UCHAR)(i / PAGE_SIZE + 1);
  bytes[length - 1] = 0xEE;
  for (i = 0; i < length - 1; i += PAGE_SIZE) TEST_CHECK(bytes[i] == (UCHAR)(i / PAGE_SIZE + 1));
  TEST_CHECK(bytes[length - 1] == 0xEE);
}

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PIRP shared;

  UNREFERENCED_PARAMETER(DeviceObject);
  switch (TestCodeOf(Irp)) {
    case IOCTL_SHARE:
      return TestPend(Irp);
    case IOCTL_USE:
      shared = TestTake(NULL);
      TEST_CHECK(shared != NULL);
      Use(shared->MdlAddress);
      TestComplete(shared, STATUS_SUCCESS, MmGetMdlByteCount(shared->MdlAddress));
      return TestComplete(Irp, STATUS_SUCCESS, 0);
    default:
      return TestComplete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
  }
}

static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  UNREFERENCED_PARAMETER(DriverObject);
  return STATUS_SUCCESS;
}
