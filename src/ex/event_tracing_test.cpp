// SPDX-License-Identifier: MIT
#include <evntprov.h>
#include <ntstatus.h>

#include <cstring>

#include "ex/ex_test.h"

namespace ring3::ex {
namespace {

using EventTracingTest = ExTest;

constexpr GUID kProvider = {1, 2, 3, {4, 5, 6, 7, 8, 9, 10, 11}};

TEST_F(EventTracingTest, EventsOfARegisteredProviderAreTakenAndDropped) {
  REGHANDLE handle = 0;
  ASSERT_EQ(EtwRegister(&kProvider, nullptr, nullptr, &handle), STATUS_SUCCESS);
  EVENT_DESCRIPTOR event;
  EventDescCreate(&event, 1, 0, 0, 4, 0, 0, 1);
  EVENT_DATA_DESCRIPTOR data[2];
  EventDataDescCreate(&data[0], &event, sizeof(event));
  EventDataDescCreate(&data[1], &event, sizeof(event));
  EXPECT_EQ(EtwWrite(handle, &event, nullptr, 2, data), STATUS_SUCCESS);
  EXPECT_EQ(EtwWriteTransfer(handle, &event, nullptr, nullptr, 2, data), STATUS_SUCCESS);
  EXPECT_EQ(EtwWrite(handle, &event, nullptr, MAX_EVENT_DATA_DESCRIPTORS + 1, data),
            STATUS_INVALID_PARAMETER);
  EXPECT_FALSE(EtwEventEnabled(handle, &event));
  EXPECT_FALSE(EtwProviderEnabled(handle, 4, 1));
  EXPECT_EQ(EtwUnregister(handle), STATUS_SUCCESS);
  EXPECT_EQ(EtwUnregister(handle), STATUS_INVALID_HANDLE);
  EXPECT_EQ(EtwWrite(handle, &event, nullptr, 0, nullptr), STATUS_INVALID_HANDLE);
  EXPECT_EQ(EtwWrite(0, &event, nullptr, 0, nullptr), STATUS_INVALID_HANDLE);
}

TEST_F(EventTracingTest, AnOldHandleIsNotTheNewProviders) {
  REGHANDLE first = 0, second = 0;
  ASSERT_EQ(EtwRegister(&kProvider, nullptr, nullptr, &first), STATUS_SUCCESS);
  ASSERT_EQ(EtwUnregister(first), STATUS_SUCCESS);
  ASSERT_EQ(EtwRegister(&kProvider, nullptr, nullptr, &second), STATUS_SUCCESS);
  EXPECT_NE(first, second);
  EXPECT_EQ(EtwUnregister(first), STATUS_INVALID_HANDLE);
  EXPECT_EQ(EtwUnregister(second), STATUS_SUCCESS);
  EXPECT_EQ(EtwRegister(nullptr, nullptr, nullptr, &first), STATUS_INVALID_PARAMETER);
}

TEST_F(EventTracingTest, AProviderThatStaysIsReported) {
  REGHANDLE handle = 0;
  ASSERT_EQ(EtwRegister(&kProvider, nullptr, nullptr, &handle), STATUS_SUCCESS);
  const std::vector<std::string> leaks = Shutdown();
  ASSERT_EQ(leaks.size(), 1u);
  EXPECT_EQ(leaks[0], "1 event providers were not unregistered (EtwUnregister)");
}

TEST_F(EventTracingTest, ActivitiesGetNewIdentifiers) {
  GUID one = {}, two = {};
  EXPECT_EQ(EtwActivityIdControl(EVENT_ACTIVITY_CTRL_CREATE_ID, &one), STATUS_SUCCESS);
  EXPECT_EQ(EtwActivityIdControl(EVENT_ACTIVITY_CTRL_CREATE_ID, &two), STATUS_SUCCESS);
  EXPECT_NE(std::memcmp(&one, &two, sizeof(one)), 0);
  EXPECT_EQ(EtwActivityIdControl(9, &one), STATUS_INVALID_PARAMETER);
}

}  // namespace
}  // namespace ring3::ex
