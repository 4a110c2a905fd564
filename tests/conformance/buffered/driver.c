// SPDX-License-Identifier: MIT
#include "../common/test_driver.h"
#include "buffered.h"

static ULONG SumOf(const UCHAR* Bytes, ULONG Length) {
  ULONG sum = 0, i;
  for (i = 0; i < Length; ++i) sum += Bytes[i];
  return sum;
}

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PUCHAR buffer = Irp->AssociatedIrp.SystemBuffer;
  ULONG in = TestInLength(Irp), out = TestOutLength(Irp);
  DESCRIPTION description;
  TEST_FINISH finish;
  PIRP kept;

  UNREFERENCED_PARAMETER(DeviceObject);
  TEST_CHECK(Irp->MdlAddress == NULL);
  TEST_CHECK(buffer == NULL || (ULONG_PTR)buffer >= (ULONG_PTR)MM_SYSTEM_RANGE_START);
  switch (TestCodeOf(Irp)) {
    case IOCTL_DESCRIBE:
      TEST_CHECK(out >= sizeof(description) && buffer != NULL);
      description.InLength = in;
      description.OutLength = out;
      description.HasSystemBuffer = buffer != NULL;
      description.SumOfInput = SumOf(buffer, in);
      *(DESCRIPTION*)buffer = description;
      return TestComplete(Irp, STATUS_SUCCESS, sizeof(description));
    case IOCTL_NOTHING:
      TEST_CHECK(in == 0 && out == 0 && buffer == NULL);
      return TestComplete(Irp, STATUS_SUCCESS, 0);
    case IOCTL_ANSWER:
      TEST_CHECK(in >= sizeof(finish));
      finish = *(TEST_FINISH*)buffer;
      RtlFillMemory(buffer, out, 0x5A);
      return TestComplete(Irp, finish.Status, finish.Information);
    case IOCTL_KEEP:
      return TestPend(Irp);
    case IOCTL_KEPT:
      kept = TestTake(NULL);
      TEST_CHECK(kept != NULL);
      *(PULONG)buffer = SumOf(kept->AssociatedIrp.SystemBuffer, TestInLength(kept));
      TestPend(kept);
      return TestComplete(Irp, STATUS_SUCCESS, sizeof(ULONG));
    default:
      return TestComplete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
  }
}

static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  UNREFERENCED_PARAMETER(DriverObject);
  return STATUS_SUCCESS;
}
