// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/io_ntifs.h>
#include <ddi/zw.h>
#include <devioctl.h>
#include <ntstatus.h>

#include <cstddef>

#include "io/driver.h"
#include "ring3/test.h"

// A driver in the test program, with one device \Device\Test.
namespace ring3::io {

struct TestDriver {
  PDRIVER_DISPATCH control = nullptr;
  PDRIVER_DISPATCH read = nullptr;
  PDRIVER_DISPATCH write = nullptr;
  PDRIVER_STARTIO start_io = nullptr;
  ULONG device_flags = 0;
  bool has_unload = true;
};

struct TestCounts {
  int create = 0;
  int cleanup = 0;
  int close = 0;
  int unload = 0;
};

class DriverTest : public ExecutiveTest {
 protected:
  void LoadTestDriver(const TestDriver& driver) {
    s_driver = driver;
    s_counts = {};
    ASSERT_EQ(LoadDriver(Entry, u"Test"), STATUS_SUCCESS);
  }

  HANDLE Open(ACCESS_MASK access = GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE,
              ULONG options = FILE_SYNCHRONOUS_IO_NONALERT) {
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Test");
    OBJECT_ATTRIBUTES attributes;
    // A handle of the process: the tests' requests come from user mode as well.
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, nullptr, nullptr);
    HANDLE file = nullptr;
    IO_STATUS_BLOCK iosb = {};
    EXPECT_EQ(ZwOpenFile(&file, access, &attributes, &iosb, 0, options), STATUS_SUCCESS);
    return file;
  }
  void Close(HANDLE file) { EXPECT_EQ(ZwClose(file), STATUS_SUCCESS); }

  static PDEVICE_OBJECT device() { return s_device; }
  static PDRIVER_OBJECT driver_object() { return s_device->DriverObject; }
  static TestCounts& counts() { return s_counts; }

 private:
  static NTSTATUS Succeed(PIRP irp) {
    irp->IoStatus.Status = STATUS_SUCCESS;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
  }
  static NTSTATUS Create(PDEVICE_OBJECT, PIRP irp) {
    ++s_counts.create;
    return Succeed(irp);
  }
  static NTSTATUS Cleanup(PDEVICE_OBJECT, PIRP irp) {
    ++s_counts.cleanup;
    return Succeed(irp);
  }
  static NTSTATUS CloseFile(PDEVICE_OBJECT, PIRP irp) {
    ++s_counts.close;
    return Succeed(irp);
  }
  static VOID Unload(PDRIVER_OBJECT driver) {
    ++s_counts.unload;
    while (driver->DeviceObject != nullptr) IoDeleteDevice(driver->DeviceObject);
  }
  static NTSTATUS Entry(PDRIVER_OBJECT driver, PUNICODE_STRING) {
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Test");
    NTSTATUS status = IoCreateDevice(driver, 64, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &s_device);
    if (!NT_SUCCESS(status)) return status;
    s_device->Flags |= s_driver.device_flags;
    driver->MajorFunction[IRP_MJ_CREATE] = Create;
    driver->MajorFunction[IRP_MJ_CLEANUP] = Cleanup;
    driver->MajorFunction[IRP_MJ_CLOSE] = CloseFile;
    if (s_driver.control != nullptr) driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = s_driver.control;
    if (s_driver.read != nullptr) driver->MajorFunction[IRP_MJ_READ] = s_driver.read;
    if (s_driver.write != nullptr) driver->MajorFunction[IRP_MJ_WRITE] = s_driver.write;
    driver->DriverStartIo = s_driver.start_io;
    if (s_driver.has_unload) driver->DriverUnload = Unload;
    return STATUS_SUCCESS;
  }

  static inline TestDriver s_driver;
  static inline TestCounts s_counts;
  static inline PDEVICE_OBJECT s_device = nullptr;
};

}  // namespace ring3::io
