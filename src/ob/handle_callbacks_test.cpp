// SPDX-License-Identifier: MIT
#include <ddi/ob_ntifs.h>
#include <ddi/ps.h>
#include <ddi/zw.h>

#include <vector>

#include "ps/components_test.h"

namespace ring3::ob {
namespace {

struct Seen {
  std::vector<int>* order;
  int number;
  ACCESS_MASK takes_away = 0;
  ACCESS_MASK adds = 0;
  ACCESS_MASK original = 0;
  ACCESS_MASK granted = 0;
  OB_OPERATION operation = 0;
  bool kernel_handle = false;
  NTSTATUS outcome = STATUS_UNSUCCESSFUL;
};

OB_PREOP_CALLBACK_STATUS Before(PVOID context, POB_PRE_OPERATION_INFORMATION information) {
  auto* seen = static_cast<Seen*>(context);
  seen->order->push_back(seen->number);
  seen->operation = information->Operation;
  seen->kernel_handle = information->KernelHandle;
  EXPECT_EQ(information->ObjectType, *PsProcessType);
  information->CallContext = &seen->granted;
  OB_PRE_CREATE_HANDLE_INFORMATION& create = information->Parameters->CreateHandleInformation;
  seen->original = create.OriginalDesiredAccess;
  create.DesiredAccess = (create.DesiredAccess & ~seen->takes_away) | seen->adds;
  return OB_PREOP_SUCCESS;
}
void After(PVOID context, POB_POST_OPERATION_INFORMATION information) {
  auto* seen = static_cast<Seen*>(context);
  seen->order->push_back(-seen->number);
  EXPECT_EQ(information->CallContext, &seen->granted);
  seen->granted = information->Parameters->CreateHandleInformation.GrantedAccess;
  seen->outcome = information->ReturnStatus;
}

class HandleCallbacksTest : public ComponentsTest {
 protected:
  NTSTATUS Register(std::u16string_view altitude, Seen* seen, PVOID* registration,
                    POBJECT_TYPE* type = PsProcessType,
                    OB_OPERATION operations = OB_OPERATION_HANDLE_CREATE | OB_OPERATION_HANDLE_DUPLICATE,
                    USHORT version = OB_FLT_REGISTRATION_VERSION) {
    OB_OPERATION_REGISTRATION operation = {type, operations, &Before, &After};
    OB_CALLBACK_REGISTRATION whole = {version, 1, ToUnicodeString(altitude), seen, &operation};
    return ObRegisterCallbacks(&whole, registration);
  }
  // A user handle unless asked otherwise, and the access that it got.
  ACCESS_MASK Open(ACCESS_MASK access, ULONG attributes = 0, HANDLE* keep = nullptr) {
    HANDLE handle = nullptr;
    EXPECT_EQ(ObOpenObjectByPointer(PsGetCurrentProcess(), attributes, nullptr, access, *PsProcessType,
                                    KernelMode, &handle),
              STATUS_SUCCESS);
    PVOID object = nullptr;
    OBJECT_HANDLE_INFORMATION information = {};
    EXPECT_EQ(ObReferenceObjectByHandle(handle, 0, *PsProcessType, KernelMode, &object, &information),
              STATUS_SUCCESS);
    ObDereferenceObject(object);
    if (keep != nullptr) {
      *keep = handle;
    } else {
      ZwClose(handle);
    }
    return information.GrantedAccess;
  }
  std::vector<int> order_;
};

constexpr ACCESS_MASK kTerminate = 0x0001, kVmRead = 0x0010, kVmWrite = 0x0020;

TEST_F(HandleCallbacksTest, TheHighestAltitudeIsFirstBeforeAndLastAfter) {
  Seen low{&order_, 1}, high{&order_, 2}, middle{&order_, 3};
  PVOID low_registration, high_registration, middle_registration;
  ASSERT_EQ(Register(u"99000", &low, &low_registration), STATUS_SUCCESS);
  ASSERT_EQ(Register(u"321000", &high, &high_registration), STATUS_SUCCESS);
  ASSERT_EQ(Register(u"99000.5", &middle, &middle_registration), STATUS_SUCCESS);
  Open(kVmRead);
  EXPECT_EQ(order_, (std::vector<int>{2, 3, 1, -1, -3, -2}));
  ObUnRegisterCallbacks(middle_registration);
  ObUnRegisterCallbacks(low_registration);
  ObUnRegisterCallbacks(high_registration);
  order_.clear();
  Open(kVmRead);
  EXPECT_TRUE(order_.empty());
}

TEST_F(HandleCallbacksTest, RightsAreTakenAwayButNotAdded) {
  Seen seen{&order_, 1};
  seen.takes_away = kTerminate;
  seen.adds = kVmWrite;
  PVOID registration;
  ASSERT_EQ(Register(u"321000", &seen, &registration), STATUS_SUCCESS);
  EXPECT_EQ(Open(kTerminate | kVmRead), kVmRead);
  EXPECT_EQ(seen.original, kTerminate | kVmRead);
  EXPECT_EQ(seen.granted, kVmRead);
  EXPECT_EQ(seen.outcome, STATUS_SUCCESS);
  EXPECT_EQ(seen.operation, ULONG{OB_OPERATION_HANDLE_CREATE});
  ObUnRegisterCallbacks(registration);
}

TEST_F(HandleCallbacksTest, AKernelHandleKeepsItsRights) {
  Seen seen{&order_, 1};
  seen.takes_away = kTerminate;
  PVOID registration;
  ASSERT_EQ(Register(u"321000", &seen, &registration), STATUS_SUCCESS);
  EXPECT_EQ(Open(kTerminate | kVmRead, OBJ_KERNEL_HANDLE), kTerminate | kVmRead);
  EXPECT_TRUE(seen.kernel_handle);
  ObUnRegisterCallbacks(registration);
}

TEST_F(HandleCallbacksTest, DuplicatingIsAnOperationOfItsOwn) {
  HANDLE handle = nullptr, copy = nullptr;
  Open(kTerminate | kVmRead, 0, &handle);
  Seen seen{&order_, 1};
  seen.takes_away = kTerminate;
  PVOID registration;
  ASSERT_EQ(Register(u"321000", &seen, &registration, PsProcessType, OB_OPERATION_HANDLE_DUPLICATE),
            STATUS_SUCCESS);
  Open(kVmRead);
  EXPECT_TRUE(order_.empty());
  ASSERT_EQ(
      ZwDuplicateObject(ZwCurrentProcess(), handle, ZwCurrentProcess(), &copy, 0, 0, DUPLICATE_SAME_ACCESS),
      STATUS_SUCCESS);
  EXPECT_EQ(order_, (std::vector<int>{1, -1}));
  EXPECT_EQ(seen.operation, ULONG{OB_OPERATION_HANDLE_DUPLICATE});
  EXPECT_EQ(seen.granted, kVmRead);
  ZwClose(copy);
  ZwClose(handle);
  ObUnRegisterCallbacks(registration);
}

TEST_F(HandleCallbacksTest, BadRegistrationsAreRefused) {
  Seen seen{&order_, 1};
  PVOID registration, other;
  EXPECT_EQ(Register(u"321000", &seen, &registration, PsProcessType, OB_OPERATION_HANDLE_CREATE, 0x7fff),
            STATUS_INVALID_PARAMETER);
  EXPECT_EQ(Register(u"321000", &seen, &registration, ExEventObjectType), STATUS_INVALID_PARAMETER);
  EXPECT_EQ(Register(u"321000", &seen, &registration, PsProcessType, 0), STATUS_INVALID_PARAMETER);
  EXPECT_EQ(Register(u"321000", &seen, &registration, PsProcessType, 8), STATUS_INVALID_PARAMETER);
  ASSERT_EQ(Register(u"321000", &seen, &registration), STATUS_SUCCESS);
  EXPECT_EQ(Register(u"321000", &seen, &other), STATUS_FLT_INSTANCE_ALTITUDE_COLLISION);
  ObUnRegisterCallbacks(registration);
}

TEST_F(HandleCallbacksTest, NoRegistrationIsForgotten) {
  std::vector<PVOID> registrations;
  Seen seen{&order_, 1};
  NTSTATUS status = STATUS_SUCCESS;
  for (char16_t altitude = 0; altitude < 100 && status == STATUS_SUCCESS; ++altitude) {
    const std::u16string text = u"3210" + std::u16string{static_cast<char16_t>(u'0' + altitude / 10),
                                                         static_cast<char16_t>(u'0' + altitude % 10)};
    PVOID registration;
    status = Register(text, &seen, &registration, PsProcessType, OB_OPERATION_HANDLE_CREATE);
    if (status == STATUS_SUCCESS) registrations.push_back(registration);
  }
  EXPECT_EQ(status, STATUS_INSUFFICIENT_RESOURCES);
  Open(kVmRead);
  EXPECT_EQ(order_.size(), registrations.size() * 2);
  for (PVOID registration : registrations) ObUnRegisterCallbacks(registration);
}

}  // namespace
}  // namespace ring3::ob
