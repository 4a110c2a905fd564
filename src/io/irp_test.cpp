// SPDX-License-Identifier: MIT
// Packets, queues, locks: what a driver does with them, and what it must not.
#include <ddi/ex.h>
#include <ddi/hal.h>
#include <ddi/mm_ntifs.h>
#include <ntstatus.h>

#include <cstring>
#include <thread>
#include <vector>

#include "io/test_driver.h"

namespace ring3::io {
namespace {

constexpr ULONG kCode = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x900, METHOD_BUFFERED, FILE_ANY_ACCESS);

NTSTATUS EchoControl(PDEVICE_OBJECT, PIRP irp) {
  irp->IoStatus.Status = STATUS_SUCCESS;
  irp->IoStatus.Information =
      IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.OutputBufferLength;
  IoCompleteRequest(irp, IO_NO_INCREMENT);
  return STATUS_SUCCESS;
}

class IrpTest : public DriverTest {
 protected:
  void SetUp() override {
    DriverTest::SetUp();
    LoadTestDriver({.control = EchoControl});
  }
};
using IrpDeathTest = IrpTest;

NTSTATUS KeepIt(PDEVICE_OBJECT, PIRP irp, PVOID context) {
  *static_cast<NTSTATUS*>(context) = irp->IoStatus.Status;
  return STATUS_MORE_PROCESSING_REQUIRED;
}

TEST_F(IrpTest, ADriversPacketComesBackToItsCompletionRoutine) {
  PIRP irp = IoAllocateIrp(device()->StackSize, FALSE);
  ASSERT_NE(irp, nullptr);
  NTSTATUS seen = -1;
  IoGetNextIrpStackLocation(irp)->MajorFunction = IRP_MJ_DEVICE_CONTROL;
  IoSetCompletionRoutine(irp, KeepIt, &seen, TRUE, TRUE, TRUE);
  EXPECT_EQ(IoCallDriver(device(), irp), STATUS_SUCCESS);
  EXPECT_EQ(seen, STATUS_SUCCESS);
  IoReuseIrp(irp, STATUS_TIMEOUT);
  EXPECT_EQ(irp->IoStatus.Status, STATUS_TIMEOUT);
  IoFreeIrp(irp);
}

TEST_F(IrpTest, ABuiltControlRequestSignalsItsEvent) {
  KEVENT event;
  KeInitializeEvent(&event, NotificationEvent, FALSE);
  IO_STATUS_BLOCK iosb = {};
  char in[8] = "ring3", out[8] = {};
  PIRP irp = IoBuildDeviceIoControlRequest(kCode, device(), in, 8, out, 8, FALSE, &event, &iosb);
  ASSERT_NE(irp, nullptr);
  EXPECT_EQ(IoCallDriver(device(), irp), STATUS_SUCCESS);
  EXPECT_NE(KeReadStateEvent(&event), 0);
  EXPECT_EQ(iosb.Information, 8u);
  EXPECT_STREQ(out, "ring3");
}

TEST_F(IrpTest, UnhandledFunctionsAreInvalidRequests) {
  KEVENT event;
  KeInitializeEvent(&event, NotificationEvent, FALSE);
  IO_STATUS_BLOCK iosb = {};
  PIRP irp = IoBuildSynchronousFsdRequest(IRP_MJ_FLUSH_BUFFERS, device(), nullptr, 0, nullptr, &event, &iosb);
  EXPECT_EQ(IoCallDriver(device(), irp), STATUS_INVALID_DEVICE_REQUEST);
  EXPECT_EQ(iosb.Status, STATUS_INVALID_DEVICE_REQUEST);
}

TEST_F(IrpTest, AssociatedPacketsCompleteTheirMaster) {
  PIRP master = IoAllocateIrp(2, FALSE);
  NTSTATUS seen = -1;
  IoSetCompletionRoutine(master, KeepIt, &seen, TRUE, TRUE, TRUE);
  IoSetNextIrpStackLocation(master);
  master->AssociatedIrp.IrpCount = 2;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(seen, -1);
    PIRP part = IoMakeAssociatedIrp(master, device()->StackSize);
    IoGetNextIrpStackLocation(part)->MajorFunction = IRP_MJ_DEVICE_CONTROL;
    EXPECT_EQ(IoCallDriver(device(), part), STATUS_SUCCESS);
  }
  EXPECT_EQ(seen, STATUS_SUCCESS);
  IoFreeIrp(master);
}

TEST_F(IrpTest, ARemoveLockWaitsForItsHolders) {
  IO_REMOVE_LOCK lock;
  IoInitializeRemoveLock(&lock, 'tseT', 0, 0);
  int tag = 0;
  EXPECT_EQ(IoAcquireRemoveLock(&lock, &tag), STATUS_SUCCESS);
  EXPECT_EQ(IoAcquireRemoveLock(&lock, &lock), STATUS_SUCCESS);
  std::thread holder([&] { IoReleaseRemoveLock(&lock, &tag); });
  IoReleaseRemoveLockAndWait(&lock, &lock);
  holder.join();
  EXPECT_EQ(IoAcquireRemoveLock(&lock, &tag), STATUS_DELETE_PENDING);
}

TEST_F(IrpTest, ShareAccessRefusesWhatIsNotShared) {
  FILE_OBJECT first = {}, second = {};
  SHARE_ACCESS share = {};
  IoSetShareAccess(FILE_READ_DATA, FILE_SHARE_READ, &first, &share);
  EXPECT_EQ(IoCheckShareAccess(FILE_READ_DATA, FILE_SHARE_READ, &second, &share, TRUE), STATUS_SUCCESS);
  FILE_OBJECT third = {};
  EXPECT_EQ(IoCheckShareAccess(FILE_WRITE_DATA, FILE_SHARE_READ, &third, &share, TRUE),
            STATUS_SHARING_VIOLATION);
  IoRemoveShareAccess(&first, &share);
  IoRemoveShareAccess(&second, &share);
  EXPECT_EQ(share.OpenCount, 0u);
}

TEST_F(IrpTest, UnloadWaitsForTheLastHandle) {
  HANDLE file = Open();
  EXPECT_EQ(UnloadDriver(u"Test"), STATUS_SUCCESS);
  EXPECT_EQ(counts().unload, 0);
  Close(file);
  EXPECT_EQ(counts().unload, 1);
}

TEST_F(IrpTest, WorkItemsRunAtPassiveLevel) {
  struct Shared {
    KEVENT done;
    KIRQL irql = 77;
  } shared;
  KeInitializeEvent(&shared.done, NotificationEvent, FALSE);
  PIO_WORKITEM item = IoAllocateWorkItem(device());
  IoQueueWorkItem(
      item,
      [](PDEVICE_OBJECT, PVOID context) {
        static_cast<Shared*>(context)->irql = KeGetCurrentIrql();
        KeSetEvent(&static_cast<Shared*>(context)->done, IO_NO_INCREMENT, FALSE);
      },
      DelayedWorkQueue, &shared);
  KeWaitForSingleObject(&shared.done, KWAIT_REASON::Executive, KernelMode, FALSE, nullptr);
  EXPECT_EQ(shared.irql, PASSIVE_LEVEL);
  IoFreeWorkItem(item);
}

TEST_F(IrpTest, AListOfADirectTransferNamesTheCallersPages) {
  DEVICE_DESCRIPTION description = {};
  description.Version = DEVICE_DESCRIPTION_VERSION;
  description.Master = description.ScatterGather = description.Dma64BitAddresses = TRUE;
  description.MaximumLength = 1 << 20;
  ULONG registers = 0;
  PDMA_ADAPTER adapter = IoGetDmaAdapter(device(), &description, &registers);
  ASSERT_NE(adapter, nullptr);
  PHYSICAL_ADDRESS logical = {};
  void* common = adapter->DmaOperations->AllocateCommonBuffer(adapter, 8192, &logical, TRUE);
  ASSERT_NE(common, nullptr);
  EXPECT_NE(static_cast<ULONGLONG>(logical.QuadPart), reinterpret_cast<ULONGLONG>(common));
  PMDL mdl = IoAllocateMdl(common, 8192, FALSE, FALSE, nullptr);
  MmBuildMdlForNonPagedPool(mdl);
  PSCATTER_GATHER_LIST list = nullptr;
  KIRQL old;
  KeRaiseIrql(DISPATCH_LEVEL, &old);
  EXPECT_EQ(adapter->DmaOperations->GetScatterGatherList(
                adapter, device(), mdl, common, 8192,
                [](PDEVICE_OBJECT, PIRP, PSCATTER_GATHER_LIST l, PVOID context) {
                  *static_cast<PSCATTER_GATHER_LIST*>(context) = l;
                },
                &list, TRUE),
            STATUS_SUCCESS);
  KeLowerIrql(old);
  ASSERT_NE(list, nullptr);
  EXPECT_EQ(list->NumberOfElements, 1u);
  EXPECT_EQ(list->Elements[0].Address.QuadPart, logical.QuadPart);
  EXPECT_EQ(list->Elements[0].Length, 8192u);
  adapter->DmaOperations->PutScatterGatherList(adapter, list, TRUE);
  IoFreeMdl(mdl);
  adapter->DmaOperations->FreeCommonBuffer(adapter, 8192, logical, common, TRUE);
  adapter->DmaOperations->PutDmaAdapter(adapter);
}

TEST_F(IrpDeathTest, CompletingTwiceIsABugCheck) {
  EXPECT_BUGCHECK(
      {
        PIRP irp = IoAllocateIrp(1, FALSE);
        irp->CurrentLocation = 3;
        IoCompleteRequest(irp, IO_NO_INCREMENT);
      },
      "MULTIPLE_IRP_COMPLETE_REQUESTS");
}

TEST_F(IrpDeathTest, TooFewStackLocationsAreABugCheck) {
  EXPECT_BUGCHECK(
      {
        PIRP irp = IoAllocateIrp(0, FALSE);
        IoCallDriver(device(), irp);
      },
      "NO_MORE_IRP_STACK_LOCATIONS");
}

TEST_F(IrpDeathTest, CompletingWithPendingStatusIsABugCheck) {
  EXPECT_BUGCHECK(
      {
        PIRP irp = IoAllocateIrp(1, FALSE);
        irp->IoStatus.Status = STATUS_PENDING;
        IoCompleteRequest(irp, IO_NO_INCREMENT);
      },
      "DRIVER_VERIFIER_IOMANAGER_VIOLATION");
}

}  // namespace
}  // namespace ring3::io
