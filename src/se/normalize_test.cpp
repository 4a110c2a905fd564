// SPDX-License-Identifier: MIT
#include <ddi/ex_pool.h>
#include <ddi/se_ntddk.h>
#include <ddi/se_ntifs.h>

#include <cstring>

#include "ps/components_test.h"
#include "se/descriptor.h"
#include "se/sddl.h"

namespace ring3::se {
namespace {

class NormalizeTest : public ComponentsTest {
 protected:
  PSECURITY_DESCRIPTOR Parse(std::u16string_view sddl) {
    Result<PSECURITY_DESCRIPTOR> parsed = DescriptorFromSddl(sddl);
    EXPECT_TRUE(parsed.ok());
    return *parsed;
  }
  static ULONG Length(PSECURITY_DESCRIPTOR descriptor) { return RtlLengthSecurityDescriptor(descriptor); }
};

TEST_F(NormalizeTest, RepeatedAllowingEntriesGo) {
  PSECURITY_DESCRIPTOR descriptor = Parse(u"O:BAD:(A;;GA;;;SY)(D;;GW;;;WD)(A;;GA;;;SY)(D;;GW;;;WD)");
  const ULONG length = Length(descriptor);
  EXPECT_TRUE(RtlNormalizeSecurityDescriptor(&descriptor, length, nullptr, nullptr, TRUE));
  EXPECT_EQ(PartsOf(descriptor).dacl->AceCount, 4);
  ULONG new_length = 0;
  ASSERT_TRUE(RtlNormalizeSecurityDescriptor(&descriptor, length, nullptr, &new_length, FALSE));
  EXPECT_EQ(PartsOf(descriptor).dacl->AceCount, 3);
  EXPECT_EQ(new_length, Length(descriptor));
  EXPECT_LT(new_length, length);
  EXPECT_TRUE(SeValidSecurityDescriptor(new_length, descriptor));
  EXPECT_FALSE(RtlNormalizeSecurityDescriptor(&descriptor, new_length, nullptr, nullptr, FALSE));
  ExFreePool(descriptor);
}

TEST_F(NormalizeTest, TheResultGoesWhereTheCallerWants) {
  PSECURITY_DESCRIPTOR descriptor = Parse(u"D:(A;;GA;;;SY)(A;;GA;;;SY)");
  const ULONG length = Length(descriptor);
  PSECURITY_DESCRIPTOR made = nullptr;
  ASSERT_TRUE(RtlNormalizeSecurityDescriptor(&descriptor, length, &made, nullptr, FALSE));
  EXPECT_EQ(PartsOf(descriptor).dacl->AceCount, 2);
  EXPECT_EQ(PartsOf(made).dacl->AceCount, 1);
  alignas(8) char buffer[256];
  PSECURITY_DESCRIPTOR given = buffer;
  ASSERT_TRUE(RtlNormalizeSecurityDescriptor(&descriptor, length, &given, nullptr, FALSE));
  EXPECT_EQ(given, static_cast<void*>(buffer));
  EXPECT_EQ(std::memcmp(buffer, made, Length(made)), 0);
  ExFreePool(made);
  ExFreePool(descriptor);
}

TEST_F(NormalizeTest, PrivilegesAreAppendedWhileThereIsRoom) {
  ACCESS_STATE state = {};
  PRIVILEGE_SET one = {1, 0, {{RtlConvertLongToLuid(SE_DEBUG_PRIVILEGE), 0}}};
  for (ULONG count = 1; count <= INITIAL_PRIVILEGE_COUNT; ++count) {
    EXPECT_EQ(SeAppendPrivileges(&state, &one), STATUS_SUCCESS);
    EXPECT_EQ(state.Privileges.PrivilegeSet.PrivilegeCount, count);
  }
  EXPECT_EQ(SeAppendPrivileges(&state, &one), STATUS_INSUFFICIENT_RESOURCES);
  EXPECT_EQ(state.Privileges.InitialPrivilegeSet.Privilege[2].Luid.LowPart, ULONG{SE_DEBUG_PRIVILEGE});
}

}  // namespace
}  // namespace ring3::se
