// SPDX-License-Identifier: MIT
#include "../common/test_driver.h"
#include "direct.h"

static PUCHAR ByteOf(PIRP Irp, ULONG Offset) {
  PUCHAR bytes = MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);
  TEST_CHECK(bytes != NULL && Offset < MmGetMdlByteCount(Irp->MdlAddress));
  return bytes + Offset;
}

static VOID CheckMdl(PIRP Irp, const EXPECTED* Expected) {
  PMDL mdl = Irp->MdlAddress;
  ULONG pages;
  PPFN_NUMBER frames;
  PUCHAR bytes;

  TEST_CHECK(TestInLength(Irp) == sizeof(*Expected) && TestOutLength(Irp) == Expected->Length);
  if (Expected->Length == 0) {
    TEST_CHECK(mdl == NULL);
    return;
  }
  TEST_CHECK(mdl != NULL && mdl->Next == NULL);
  TEST_CHECK(mdl->MdlFlags & MDL_PAGES_LOCKED);
  TEST_CHECK((ULONG64)(ULONG_PTR)MmGetMdlVirtualAddress(mdl) == Expected->Address);
  TEST_CHECK(MmGetMdlByteCount(mdl) == Expected->Length);
  TEST_CHECK(MmGetMdlByteOffset(mdl) == (Expected->Address & (PAGE_SIZE - 1)));
  pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(MmGetMdlVirtualAddress(mdl), Expected->Length);
  frames = MmGetMdlPfnArray(mdl);
  TEST_CHECK(pages == 1 || frames[0] != frames[pages - 1]);
  bytes = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
  TEST_CHECK(bytes != NULL);
  TEST_CHECK(((ULONG_PTR)bytes & (PAGE_SIZE - 1)) == MmGetMdlByteOffset(mdl));
  TEST_CHECK(MmGetPhysicalAddress(bytes).QuadPart >> PAGE_SHIFT == (LONGLONG)frames[0]);
}

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  POKE poke;
  PIRP shared;
  NTSTATUS status = STATUS_SUCCESS;
  ULONG information = 0;

  UNREFERENCED_PARAMETER(DeviceObject);
  switch (TestCodeOf(Irp)) {
    case IOCTL_SHARE:
      return TestPend(Irp);
    case IOCTL_PEEK:
    case IOCTL_POKE:
      poke = *(POKE*)Irp->AssociatedIrp.SystemBuffer;
      shared = TestTake(NULL);
      TEST_CHECK(shared != NULL);
      if (TestCodeOf(Irp) == IOCTL_POKE) {
        *ByteOf(shared, poke.Offset) = poke.Value;
      } else {
        *(PUCHAR)Irp->AssociatedIrp.SystemBuffer = *ByteOf(shared, poke.Offset);
        information = 1;
      }
      TestPend(shared);
      break;
    case IOCTL_CHECK_OUT:
    case IOCTL_CHECK_IN:
      CheckMdl(Irp, Irp->AssociatedIrp.SystemBuffer);
      break;
    default:
      status = STATUS_INVALID_DEVICE_REQUEST;
  }
  return TestComplete(Irp, status, information);
}

static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  UNREFERENCED_PARAMETER(DriverObject);
  return STATUS_SUCCESS;
}
