// SPDX-License-Identifier: MIT
// What is known about devices and files beside their requests.
#include <ddi/cm.h>
#include <ddi/ex.h>
#include <ddi/io_ntddk.h>
#include <ddi/rtl.h>
#include <ntstatus.h>

#include <cstring>

#include "io/test_driver.h"
#include "ob/object.h"

namespace ring3::io {
namespace {

constexpr GUID kFirst = {0x11111111, 0x1111, 0x1111, {1, 1, 1, 1, 1, 1, 1, 1}};
constexpr GUID kSecond = {0x22222222, 0x2222, 0x2222, {2, 2, 2, 2, 2, 2, 2, 2}};
constexpr DEVPROPKEY kKey = {{0x33333333, 0x3333, 0x3333, {3, 3, 3, 3, 3, 3, 3, 3}}, DEVPROPID_FIRST_USABLE};

class DevicePropertyTest : public DriverTest {
 protected:
  void SetUp() override {
    DriverTest::SetUp();
    LoadTestDriver({});
  }
};

TEST_F(DevicePropertyTest, PropertiesAreKeptForAPhysicalDevice) {
  ULONG value = 7;
  ULONG required = 0;
  DEVPROPTYPE type = 0;
  EXPECT_EQ(IoSetDevicePropertyData(device(), &kKey, 0, 0, DEVPROP_TYPE_UINT32, sizeof(value), &value),
            STATUS_INVALID_DEVICE_REQUEST);
  device()->Flags |= DO_BUS_ENUMERATED_DEVICE;
  EXPECT_EQ(IoGetDevicePropertyData(device(), &kKey, 0, 0, sizeof(value), &value, &required, &type),
            STATUS_OBJECT_NAME_NOT_FOUND);
  EXPECT_EQ(IoSetDevicePropertyData(device(), &kKey, 0, 0, DEVPROP_TYPE_UINT32, sizeof(value), &value),
            STATUS_SUCCESS);
  value = 0;
  EXPECT_EQ(IoGetDevicePropertyData(device(), &kKey, 0, 0, 2, &value, &required, &type),
            STATUS_BUFFER_TOO_SMALL);
  EXPECT_EQ(required, sizeof(value));
  EXPECT_EQ(IoGetDevicePropertyData(device(), &kKey, 0, 0, sizeof(value), &value, &required, &type),
            STATUS_SUCCESS);
  EXPECT_EQ(value, 7u);
  EXPECT_EQ(type, DEVPROPTYPE{DEVPROP_TYPE_UINT32});
  EXPECT_EQ(IoSetDevicePropertyData(device(), &kKey, 0, 0, DEVPROP_TYPE_UINT32, 0, nullptr), STATUS_SUCCESS);
  EXPECT_EQ(IoSetDevicePropertyData(device(), &kKey, 0, 0, DEVPROP_TYPE_UINT32, 0, nullptr),
            STATUS_OBJECT_NAME_NOT_FOUND);
  device()->Flags &= ~ULONG{DO_BUS_ENUMERATED_DEVICE};
}

TEST_F(DevicePropertyTest, AnAliasIsTheSameDevicesOtherInterface) {
  UNICODE_STRING reference = RTL_CONSTANT_STRING(L"ref");
  UNICODE_STRING first = {}, second = {}, plain = {}, alias = {};
  ASSERT_EQ(IoRegisterDeviceInterface(device(), &kFirst, &reference, &first), STATUS_SUCCESS);
  ASSERT_EQ(IoRegisterDeviceInterface(device(), &kFirst, nullptr, &plain), STATUS_SUCCESS);
  ASSERT_EQ(IoRegisterDeviceInterface(device(), &kSecond, &reference, &second), STATUS_SUCCESS);
  EXPECT_EQ(IoGetDeviceInterfaceAlias(&first, &kSecond, &alias), STATUS_SUCCESS);
  EXPECT_TRUE(RtlEqualUnicodeString(&alias, &second, FALSE));
  RtlFreeUnicodeString(&alias);
  EXPECT_EQ(IoGetDeviceInterfaceAlias(&plain, &kSecond, &alias), STATUS_OBJECT_NAME_NOT_FOUND);
  EXPECT_EQ(IoGetDeviceInterfaceAlias(&reference, &kSecond, &alias), STATUS_INVALID_HANDLE);
  HANDLE key = nullptr;
  ASSERT_EQ(IoOpenDeviceInterfaceRegistryKey(&first, KEY_ALL_ACCESS, &key), STATUS_SUCCESS);
  ZwClose(key);
  EXPECT_EQ(IoOpenDeviceInterfaceRegistryKey(&reference, KEY_ALL_ACCESS, &key), STATUS_INVALID_PARAMETER);
  RtlFreeUnicodeString(&first);
  RtlFreeUnicodeString(&second);
  RtlFreeUnicodeString(&plain);
}

TEST_F(DevicePropertyTest, ADriverHasKeysOfItsOwn) {
  HANDLE key = nullptr;
  ASSERT_EQ(IoOpenDriverRegistryKey(driver_object(), DriverRegKeyParameters, KEY_ALL_ACCESS, 0, &key),
            STATUS_SUCCESS);
  ZwClose(key);
  ASSERT_EQ(IoOpenDriverRegistryKey(driver_object(), DriverRegKeyPersistentState, KEY_ALL_ACCESS, 0, &key),
            STATUS_SUCCESS);
  ZwClose(key);
  EXPECT_EQ(IoOpenDriverRegistryKey(driver_object(), DriverRegKeyParameters, KEY_ALL_ACCESS, 1, &key),
            STATUS_INVALID_PARAMETER);
}

TEST_F(DevicePropertyTest, FileObjectsAnswerWithoutAHandle) {
  HANDLE handle = Open();
  PFILE_OBJECT file = nullptr;
  ASSERT_EQ(ObReferenceObjectByHandle(handle, 0, *IoFileObjectType, KernelMode,
                                      reinterpret_cast<PVOID*>(&file), nullptr),
            STATUS_SUCCESS);
  FILE_POSITION_INFORMATION position = {};
  position.CurrentByteOffset.QuadPart = 77;
  EXPECT_EQ(IoSetInformation(file, FilePositionInformation, sizeof(position), &position), STATUS_SUCCESS);
  position = {};
  ULONG returned = 0;
  EXPECT_EQ(IoQueryFileInformation(file, FilePositionInformation, sizeof(position), &position, &returned),
            STATUS_SUCCESS);
  EXPECT_EQ(position.CurrentByteOffset.QuadPart, 77);
  EXPECT_EQ(returned, sizeof(position));
  EXPECT_EQ(IoQueryFileInformation(file, FilePositionInformation, 1, &position, &returned),
            STATUS_INFO_LENGTH_MISMATCH);
  EXPECT_FALSE(IoIsFileOriginRemote(file));
  EXPECT_EQ(IoSetFileOrigin(file, FALSE), STATUS_INVALID_PARAMETER_MIX);
  EXPECT_EQ(IoSetFileOrigin(file, TRUE), STATUS_SUCCESS);
  EXPECT_TRUE(IoIsFileOriginRemote(file));
  ObDereferenceObject(file);
  Close(handle);
}

TEST_F(DevicePropertyTest, AThreadsActivityIdIsTheCallersGuid) {
  EXPECT_EQ(IoGetActivityIdThread(), nullptr);
  const GUID* before = IoSetActivityIdThread(&kFirst);
  EXPECT_EQ(IoGetActivityIdThread(), &kFirst);
  IoClearActivityIdThread(before);
  EXPECT_EQ(IoGetActivityIdThread(), nullptr);
}

TEST_F(DevicePropertyTest, AWaitWakeRequestRemembersThatItWokeTheSystem) {
  PIRP irp = IoAllocateIrp(1, FALSE);
  EXPECT_FALSE(PoGetSystemWake(irp));
  PoSetSystemWake(irp);
  EXPECT_TRUE(PoGetSystemWake(irp));
  IoFreeIrp(irp);
}

using DevicePropertyDeathTest = DevicePropertyTest;

TEST_F(DevicePropertyDeathTest, AnOpenFileCannotBeCancelled) {
  EXPECT_BUGCHECK(
      {
        HANDLE handle = Open();
        PFILE_OBJECT file = nullptr;
        (void)ObReferenceObjectByHandle(handle, 0, *IoFileObjectType, KernelMode,
                                        reinterpret_cast<PVOID*>(&file), nullptr);
        IoCancelFileOpen(device(), file);
      },
      "INVALID_CANCEL_OF_FILE_OPEN");
}

}  // namespace
}  // namespace ring3::io
