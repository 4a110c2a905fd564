// SPDX-License-Identifier: MIT
#include "se/sddl.h"

#include "ps/components_test.h"
#include "se/access_check.h"

namespace ring3::se {
namespace {

using SddlTest = ComponentsTest;

class Descriptor {
 public:
  explicit Descriptor(std::u16string_view sddl) {
    Result<PSECURITY_DESCRIPTOR> parsed = DescriptorFromSddl(sddl);
    status_ = parsed.ok() ? STATUS_SUCCESS : parsed.status();
    if (parsed.ok()) descriptor_ = *parsed;
  }
  ~Descriptor() { SeDeassignSecurity(&descriptor_); }
  Descriptor(const Descriptor&) = delete;
  NTSTATUS status() const { return status_; }
  PSECURITY_DESCRIPTOR get() const { return descriptor_; }
  Parts parts() const { return PartsOf(descriptor_); }

 private:
  PSECURITY_DESCRIPTOR descriptor_ = nullptr;
  NTSTATUS status_;
};

constexpr GENERIC_MAPPING kMapping = {0x120089, 0x120116, 0x1200a0, 0x1f01ff};

TEST_F(SddlTest, ParsesTheDocumentedDeviceDescriptor) {
  Descriptor descriptor(u"D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GR;;;WD)");
  ASSERT_EQ(descriptor.status(), STATUS_SUCCESS);
  EXPECT_TRUE(RtlValidSecurityDescriptor(descriptor.get()));
  EXPECT_TRUE(SeValidSecurityDescriptor(RtlLengthSecurityDescriptor(descriptor.get()), descriptor.get()));
  Parts parts = descriptor.parts();
  EXPECT_EQ(parts.control, SE_SELF_RELATIVE | SE_DACL_PRESENT | SE_DACL_PROTECTED);
  ASSERT_EQ(parts.dacl->AceCount, 3);
  void* at;
  ASSERT_EQ(RtlGetAce(parts.dacl, 1, &at), STATUS_SUCCESS);
  auto* ace = static_cast<ACCESS_ALLOWED_ACE*>(at);
  EXPECT_EQ(ace->Mask, static_cast<ACCESS_MASK>(GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE));
  EXPECT_TRUE(RtlEqualSid(&ace->SidStart, SeExports->SeAliasAdminsSid));
  EXPECT_EQ(RtlGetAce(parts.dacl, 3, &at), STATUS_INVALID_PARAMETER);
}

TEST_F(SddlTest, ParsesOwnerGroupNumbersAndLabel) {
  Descriptor descriptor(u"O:BAG:S-1-5-18D:(D;;0x1f;;;S-1-1-0)S:(ML;;NW;;;LW)");
  ASSERT_EQ(descriptor.status(), STATUS_SUCCESS);
  Parts parts = descriptor.parts();
  EXPECT_EQ(ToString(parts.owner), "S-1-5-32-544");
  EXPECT_EQ(ToString(parts.group), "S-1-5-18");
  EXPECT_EQ(parts.dacl->AceCount, 1);
  EXPECT_EQ(parts.sacl->AceCount, 1);
}

TEST_F(SddlTest, RefusesWhatIsNotSddl) {
  for (std::u16string_view text :
       {u"X:", u"D", u"D:(A;;GA;;;SY", u"D:(A;;GA;;SY)", u"D:(A;;ZZ;;;SY)", u"D:(A;;GA;;;QQ)",
        u"D:(Q;;GA;;;SY)", u"D:D:", u"O:", u"D:(A;;0x1ffffffff;;;SY)", u"O:S-1", u"D:(A;;G;;;SY)",
        u"D:P(A;;GA;;;SY)junk"}) {
    EXPECT_EQ(Descriptor(text).status(), STATUS_INVALID_PARAMETER) << ob::Narrow(text);
  }
}

TEST_F(SddlTest, EntriesCountInOrder) {
  Token user;
  user.user = Sid(22, {1, 1000});
  user.groups = {{World(), SE_GROUP_ENABLED}};
  user.integrity_rid = SECURITY_MANDATORY_MEDIUM_RID;
  Descriptor allow(u"D:P(A;;GA;;;SY)(A;;GR;;;WD)");
  EXPECT_TRUE(CheckAccess(user, allow.parts(), 0x1, 0, kMapping).ok());
  EXPECT_EQ(CheckAccess(user, allow.parts(), 0x2, 0, kMapping).status(), STATUS_ACCESS_DENIED);
  Descriptor deny(u"D:(D;;0x1;;;WD)(A;;GA;;;WD)");
  EXPECT_EQ(CheckAccess(user, deny.parts(), 0x1, 0, kMapping).status(), STATUS_ACCESS_DENIED);
  Result<ACCESS_MASK> most = CheckAccess(user, deny.parts(), MAXIMUM_ALLOWED, 0, kMapping);
  ASSERT_TRUE(most.ok());
  EXPECT_EQ(*most, kMapping.GenericAll & ~1u);
  // An empty list grants nothing, no list everything.
  EXPECT_EQ(CheckAccess(user, Descriptor(u"D:P").parts(), 0x1, 0, kMapping).status(), STATUS_ACCESS_DENIED);
  EXPECT_TRUE(CheckAccess(user, Parts(), 0x1, 0, kMapping).ok());
  EXPECT_EQ(CheckAccess(user, allow.parts(), ACCESS_SYSTEM_SECURITY, 0, kMapping).status(),
            STATUS_PRIVILEGE_NOT_HELD);
}

TEST_F(SddlTest, KernelModePassesEveryCheck) {
  Descriptor nobody(u"D:P");
  SECURITY_SUBJECT_CONTEXT subject;
  SeCaptureSubjectContext(&subject);
  GENERIC_MAPPING mapping = kMapping;
  ACCESS_MASK granted;
  NTSTATUS status;
  EXPECT_TRUE(SeAccessCheck(nobody.get(), &subject, FALSE, GENERIC_READ, 0, nullptr, &mapping, KernelMode,
                            &granted, &status));
  EXPECT_EQ(granted, kMapping.GenericRead);
  EXPECT_FALSE(SeAccessCheck(nobody.get(), &subject, FALSE, GENERIC_READ, 0, nullptr, &mapping, UserMode,
                             &granted, &status));
  EXPECT_EQ(status, STATUS_ACCESS_DENIED);
  SeReleaseSubjectContext(&subject);
}

TEST_F(SddlTest, AnAclThatIsFullSaysSo) {
  alignas(4) char buffer[sizeof(ACL) + 20];
  auto* acl = reinterpret_cast<PACL>(buffer);
  EXPECT_EQ(RtlCreateAcl(acl, 4, ACL_REVISION), STATUS_BUFFER_TOO_SMALL);
  ASSERT_EQ(RtlCreateAcl(acl, sizeof(buffer), ACL_REVISION), STATUS_SUCCESS);
  EXPECT_EQ(RtlAddAccessAllowedAce(acl, ACL_REVISION, 1, SeExports->SeWorldSid), STATUS_SUCCESS);
  EXPECT_EQ(RtlAddAccessAllowedAce(acl, ACL_REVISION, 1, SeExports->SeWorldSid),
            STATUS_ALLOTTED_SPACE_EXCEEDED);
}

TEST_F(SddlTest, DescriptorsConvertBothWays) {
  SECURITY_DESCRIPTOR absolute;
  ASSERT_EQ(RtlCreateSecurityDescriptor(&absolute, 2), STATUS_UNKNOWN_REVISION);
  ASSERT_EQ(RtlCreateSecurityDescriptor(&absolute, SECURITY_DESCRIPTOR_REVISION), STATUS_SUCCESS);
  EXPECT_EQ(RtlSetOwnerSecurityDescriptor(&absolute, SeExports->SeLocalSystemSid, FALSE), STATUS_SUCCESS);
  alignas(8) char relative[64];
  ULONG length = 4;
  EXPECT_EQ(RtlAbsoluteToSelfRelativeSD(&absolute, relative, &length), STATUS_BUFFER_TOO_SMALL);
  ASSERT_LE(length, sizeof(relative));
  EXPECT_EQ(RtlAbsoluteToSelfRelativeSD(&absolute, relative, &length), STATUS_SUCCESS);
  EXPECT_EQ(RtlSetDaclSecurityDescriptor(relative, FALSE, nullptr, FALSE), STATUS_INVALID_SECURITY_DESCR);
  EXPECT_TRUE(RtlValidRelativeSecurityDescriptor(relative, length, OWNER_SECURITY_INFORMATION));
  EXPECT_FALSE(RtlValidRelativeSecurityDescriptor(relative, length, DACL_SECURITY_INFORMATION));
  EXPECT_FALSE(RtlValidRelativeSecurityDescriptor(relative, 24, OWNER_SECURITY_INFORMATION));
}

}  // namespace
}  // namespace ring3::se
