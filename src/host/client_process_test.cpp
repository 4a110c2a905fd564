// SPDX-License-Identifier: MIT
#include "host/client_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ntstatus.h>

#include <memory>
#include <optional>
#include <vector>

#include "base/boot_options.h"
#include "ob/object.h"
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

  bool Tell(transport::MessageKind kind, NTSTATUS status = STATUS_SUCCESS) {
    transport::Message message;
    message.kind = kind;
    message.status = status;
    const char* const bytes = reinterpret_cast<const char*>(&message);
    return client_->OnMessage({bytes, bytes + sizeof(message)});
  }

  // What the process object says when the process has ended.
  NTSTATUS ExitStatusAfter(std::optional<NTSTATUS> said) {
    EXPECT_TRUE(Begin());
    ob::Reference(client_->process());
    const auto process = ob::Ref<_EPROCESS>::Adopt(client_->process());
    EXPECT_EQ(PsGetProcessExitStatus(process.get()), STATUS_PENDING);
    if (said.has_value()) EXPECT_FALSE(Tell(transport::MessageKind::kExit, *said));
    EXPECT_TRUE(client_->End(ClientProcess::Memory::kThere));
    client_->RunDown();
    return PsGetProcessExitStatus(process.get());
  }

  std::unique_ptr<Executive> executive_;
  os::LocalSocket application_;
  std::unique_ptr<ClientProcess> client_;
};

TEST_F(ClientProcessTest, IsAProcessUntilItIsRunDown) {
  EXPECT_TRUE(Begin());
  EXPECT_EQ(ps::AllProcesses().size(), 2u);
  EXPECT_TRUE(client_->End(ClientProcess::Memory::kThere));
  client_->RunDown();
  EXPECT_EQ(ps::AllProcesses().size(), 1u);
}

TEST_F(ClientProcessTest, IsRefusedWhenItWasRunDownBefore) {
  EXPECT_TRUE(client_->End(ClientProcess::Memory::kThere));
  client_->RunDown();
  EXPECT_FALSE(Begin());
  EXPECT_EQ(ps::AllProcesses().size(), 1u);
}

TEST_F(ClientProcessTest, EndsWithWhatTheProgramSaid) {
  EXPECT_EQ(ExitStatusAfter(7), 7);
}

TEST_F(ClientProcessTest, EndsWithZeroWhereTheProgramSaidZero) {
  EXPECT_EQ(ExitStatusAfter(0), 0);
}

// As one that the task manager ends on Windows.
TEST_F(ClientProcessTest, EndsWithOneWhereItIsKilled) {
  EXPECT_EQ(ExitStatusAfter({}), 1);
}

// The test is the application as well: it would be killed.
TEST_F(ClientProcessTest, LeavesAloneWhoeverHasHungUp) {
  EXPECT_TRUE(Begin());
  application_.Close();
  EXPECT_TRUE(Tell(transport::MessageKind::kNewThread));
  EXPECT_EQ(client_->Carry(ProcessOrder{}).status(), STATUS_PROCESS_IS_TERMINATING);
  EXPECT_TRUE(client_->End(ClientProcess::Memory::kGone));
  client_->RunDown();
}

// Another program may run under its number.
TEST_F(ClientProcessTest, WritesIntoNoProcessThatIsGone) {
  EXPECT_TRUE(Begin());
  volatile int value = 1;
  const auto address = reinterpret_cast<uintptr_t>(&value);
  const int two = 2, three = 3;
  const os::PeerProcess::Piece piece = {address, &three, sizeof(three)};
  EXPECT_TRUE(client_->peer().Write(address, &two, sizeof(two)));
  EXPECT_EQ(value, 2);
  EXPECT_TRUE(client_->End(ClientProcess::Memory::kGone));
  EXPECT_FALSE(client_->peer().Write(address, &three, sizeof(three)));
  EXPECT_FALSE(client_->peer().WritePieces(&piece, 1));
  EXPECT_EQ(value, 2);
  int read = 0;
  EXPECT_FALSE(client_->peer().Read(&read, address, sizeof(read)));
  EXPECT_EQ(read, 0);
  client_->RunDown();
}

}  // namespace
}  // namespace ring3::host
