// SPDX-License-Identifier: MIT
// Ports, and transfers of devices that do not reach all of memory.
#include <ddi/hal.h>
#include <ddi/io_ntifs.h>
#include <ddi/mm_ntifs.h>
#include <ntstatus.h>

#include <cstring>
#include <vector>

#include "io/test_driver.h"

namespace ring3::hal {
namespace {

PUCHAR Port(ULONG_PTR number) {
  return reinterpret_cast<PUCHAR>(number);
}

class PortTest : public ExecutiveTest {};

TEST_F(PortTest, AnEmptyBusReadsAsOnes) {
  EXPECT_EQ(READ_PORT_UCHAR(Port(0x60)), 0xFF);
  EXPECT_EQ(READ_PORT_ULONG(reinterpret_cast<PULONG>(Port(0xCF8))), 0xFFFFFFFFu);
}

TEST_F(PortTest, PortsAreBytesOfOneSpace) {
  WRITE_PORT_ULONG(reinterpret_cast<PULONG>(Port(0x300)), 0x11223344);
  EXPECT_EQ(READ_PORT_UCHAR(Port(0x300)), 0x44);
  EXPECT_EQ(READ_PORT_USHORT(reinterpret_cast<PUSHORT>(Port(0x302))), 0x1122);
  // The whole buffer goes through one port.
  UCHAR bytes[] = {1, 2, 3};
  WRITE_PORT_BUFFER_UCHAR(Port(0x310), bytes, 3);
  EXPECT_EQ(READ_PORT_UCHAR(Port(0x310)), 3);
  EXPECT_EQ(READ_PORT_UCHAR(Port(0x311)), 0xFF);
}

class DmaTest : public io::DriverTest {
 protected:
  void SetUp() override {
    DriverTest::SetUp();
    LoadTestDriver({});
    DEVICE_DESCRIPTION description = {};
    description.Version = DEVICE_DESCRIPTION_VERSION;
    description.Master = description.ScatterGather = description.Dma32BitAddresses = TRUE;
    description.MaximumLength = 65536;
    ULONG registers = 0;
    adapter_ = IoGetDmaAdapter(device(), &description, &registers);
    ASSERT_NE(adapter_, nullptr);
    EXPECT_GE(registers, 16u);
    // The application's own memory, which lies above what 32 bits reach.
    mdl_ = IoAllocateMdl(buffer_.data(), static_cast<ULONG>(buffer_.size()), FALSE, FALSE, nullptr);
    MmProbeAndLockPages(mdl_, KernelMode, IoModifyAccess);
  }
  void TearDown() override {
    MmUnlockPages(mdl_);
    IoFreeMdl(mdl_);
    adapter_->DmaOperations->PutDmaAdapter(adapter_);
    DriverTest::TearDown();
  }
  PSCATTER_GATHER_LIST GetList(BOOLEAN to_device) {
    PSCATTER_GATHER_LIST list = nullptr;
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    EXPECT_EQ(adapter_->DmaOperations->GetScatterGatherList(
                  adapter_, device(), mdl_, MmGetMdlVirtualAddress(mdl_), static_cast<ULONG>(buffer_.size()),
                  [](PDEVICE_OBJECT, PIRP, PSCATTER_GATHER_LIST l, PVOID context) {
                    *static_cast<PSCATTER_GATHER_LIST*>(context) = l;
                  },
                  &list, to_device),
              STATUS_SUCCESS);
    KeLowerIrql(old);
    return list;
  }
  void PutList(PSCATTER_GATHER_LIST list, BOOLEAN to_device) {
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    adapter_->DmaOperations->PutScatterGatherList(adapter_, list, to_device);
    KeLowerIrql(old);
  }
  static UCHAR* Reached(const SCATTER_GATHER_ELEMENT& element) {
    EXPECT_LE(static_cast<uint64_t>(element.Address.QuadPart) + element.Length, uint64_t{1} << 32);
    return static_cast<UCHAR*>(MmGetVirtualForPhysical(element.Address));
  }

  PDMA_ADAPTER adapter_ = nullptr;
  PMDL mdl_ = nullptr;
  std::vector<UCHAR> buffer_ = std::vector<UCHAR>(10000, 0x5A);
};

TEST_F(DmaTest, WhatTheDeviceReadsIsCopiedToWhereItReaches) {
  PSCATTER_GATHER_LIST list = GetList(TRUE);
  ASSERT_NE(list, nullptr);
  size_t total = 0;
  for (ULONG i = 0; i < list->NumberOfElements; ++i) {
    const UCHAR* bytes = Reached(list->Elements[i]);
    EXPECT_EQ(bytes[0], 0x5A);
    EXPECT_EQ(bytes[list->Elements[i].Length - 1], 0x5A);
    total += list->Elements[i].Length;
  }
  EXPECT_EQ(total, buffer_.size());
  PutList(list, TRUE);
}

TEST_F(DmaTest, WhatTheDeviceWritesIsCopiedBackAtTheEnd) {
  PSCATTER_GATHER_LIST list = GetList(FALSE);
  ASSERT_NE(list, nullptr);
  for (ULONG i = 0; i < list->NumberOfElements; ++i) {
    std::memset(Reached(list->Elements[i]), 0xC3, list->Elements[i].Length);
  }
  EXPECT_EQ(buffer_[0], 0x5A);
  PutList(list, FALSE);
  EXPECT_EQ(buffer_, std::vector<UCHAR>(buffer_.size(), 0xC3));
}

}  // namespace
}  // namespace ring3::hal
