// SPDX-License-Identifier: MIT
#include "host/client_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ntstatus.h>

#include <memory>
#include <vector>

#include "base/boot_options.h"
#include "ps/process.h"
#include "ring3/executive.h"
#include "transport/messages.h"

namespace ring3::host {
namespace {

class ClientProcessTest : public testing::Test {
 protected:
  void SetUp() override {
    BootOptions options;
    options.embedded = false;
    executive_ = Executive::Boot(options);
    ASSERT_NE(executive_, nullptr);
    os::LocalSocket host_end;
    ASSERT_TRUE(os::LocalSocket::MakePair(&application_, &host_end));
    client_ = std::make_unique<ClientProcess>(std::move(host_end));
  }
  void TearDown() override {
    client_.reset();
    EXPECT_THAT(executive_->Shutdown(), testing::IsEmpty());
  }

  bool Begin() {
    std::vector<char> hello(sizeof(transport::Message));
    return client_->Begin(hello);
  }

  std::unique_ptr<Executive> executive_;
  os::LocalSocket application_;
  std::unique_ptr<ClientProcess> client_;
};

TEST_F(ClientProcessTest, IsAProcessUntilItIsRunDown) {
  EXPECT_TRUE(Begin());
  EXPECT_EQ(ps::AllProcesses().size(), 2u);
  EXPECT_TRUE(client_->End(STATUS_SUCCESS));
  client_->RunDown();
  EXPECT_EQ(ps::AllProcesses().size(), 1u);
}

TEST_F(ClientProcessTest, IsRefusedWhenItWasRunDownBefore) {
  EXPECT_TRUE(client_->End(STATUS_SUCCESS));
  client_->RunDown();
  EXPECT_FALSE(Begin());
  EXPECT_EQ(ps::AllProcesses().size(), 1u);
}

}  // namespace
}  // namespace ring3::host
