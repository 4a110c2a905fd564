// SPDX-License-Identifier: MIT
#include <ddi/ps_ntifs.h>
#include <ddi/se_ntifs.h>
#include <ddi/zw.h>

#include "ps/components_test.h"

namespace ring3::ps {
namespace {

class ImpersonationTest : public ComponentsTest {
 protected:
  void SetUp() override {
    ComponentsTest::SetUp();
    token_ = PsReferencePrimaryToken(PsGetCurrentProcess());
  }
  void TearDown() override {
    PsDereferencePrimaryToken(token_);
    ComponentsTest::TearDown();
  }
  PACCESS_TOKEN Impersonated(SECURITY_IMPERSONATION_LEVEL* level) {
    BOOLEAN copy, effective;
    PACCESS_TOKEN token = PsReferenceImpersonationToken(PsGetCurrentThread(), &copy, &effective, level);
    PsDereferenceImpersonationToken(token);
    return token;
  }
  PACCESS_TOKEN token_ = nullptr;
};

TEST_F(ImpersonationTest, AThreadTakesAClientsTokenAndGivesItBack) {
  SECURITY_IMPERSONATION_LEVEL level;
  EXPECT_EQ(Impersonated(&level), nullptr);
  ASSERT_EQ(PsImpersonateClient(PsGetCurrentThread(), token_, FALSE, TRUE, SecurityImpersonation),
            STATUS_SUCCESS);
  EXPECT_EQ(Impersonated(&level), token_);
  EXPECT_EQ(level, SecurityImpersonation);
  SECURITY_SUBJECT_CONTEXT subject;
  SeCaptureSubjectContext(&subject);
  EXPECT_EQ(subject.ClientToken, token_);
  EXPECT_EQ(subject.ImpersonationLevel, SecurityImpersonation);
  EXPECT_EQ(SeQuerySubjectContextToken(&subject), token_);
  SeReleaseSubjectContext(&subject);
  PsRevertToSelf();
  EXPECT_EQ(Impersonated(&level), nullptr);
}

TEST_F(ImpersonationTest, AnIdentificationTokenOpensNothing) {
  SECURITY_DESCRIPTOR descriptor;
  ASSERT_EQ(RtlCreateSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION), STATUS_SUCCESS);
  ASSERT_EQ(RtlSetDaclSecurityDescriptor(&descriptor, TRUE, nullptr, FALSE), STATUS_SUCCESS);
  GENERIC_MAPPING mapping = {1, 2, 4, 7};
  auto check = [&](SECURITY_IMPERSONATION_LEVEL level, NTSTATUS* status) {
    EXPECT_EQ(PsImpersonateClient(PsGetCurrentThread(), token_, FALSE, FALSE, level), STATUS_SUCCESS);
    SECURITY_SUBJECT_CONTEXT subject;
    SeCaptureSubjectContext(&subject);
    ACCESS_MASK granted = 0;
    BOOLEAN passed =
        SeAccessCheck(&descriptor, &subject, FALSE, 1, 0, nullptr, &mapping, UserMode, &granted, status);
    SeReleaseSubjectContext(&subject);
    PsRevertToSelf();
    return passed != FALSE;
  };
  NTSTATUS status;
  EXPECT_FALSE(check(SecurityIdentification, &status));
  EXPECT_EQ(status, STATUS_BAD_IMPERSONATION_LEVEL);
  EXPECT_TRUE(check(SecurityImpersonation, &status));
  EXPECT_EQ(status, STATUS_SUCCESS);
}

TEST_F(ImpersonationTest, TheTokenIsKeptWhileItIsImpersonated) {
  ASSERT_EQ(PsImpersonateClient(PsGetCurrentThread(), token_, FALSE, FALSE, SecurityImpersonation),
            STATUS_SUCCESS);
  ASSERT_EQ(PsImpersonateClient(PsGetCurrentThread(), token_, FALSE, FALSE, SecurityDelegation),
            STATUS_SUCCESS);
  SECURITY_IMPERSONATION_LEVEL level;
  EXPECT_EQ(Impersonated(&level), token_);
  EXPECT_EQ(level, SecurityDelegation);
  ASSERT_EQ(PsImpersonateClient(PsGetCurrentThread(), nullptr, FALSE, FALSE, SecurityAnonymous),
            STATUS_SUCCESS);
}

}  // namespace
}  // namespace ring3::ps
