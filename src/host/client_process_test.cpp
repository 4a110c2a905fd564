// SPDX-License-Identifier: MIT
#include "host/client_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ntstatus.h>

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "base/boot_options.h"
#include "mm/address_space.h"
#include "nt/table.h"
#include "ob/object.h"
#include "ps/process.h"
#include "ps/thread.h"
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

// It may be gone before its threads have come.
TEST_F(ClientProcessTest, StartsNoThreadInAnotherProcess) {
  EXPECT_TRUE(Begin());
  os::LocalSocket other_application, host_end;
  ASSERT_TRUE(os::LocalSocket::MakePair(&other_application, &host_end));
  ClientProcess other(std::move(host_end));
  EXPECT_TRUE(other.Begin(std::vector<char>(sizeof(transport::Message))));
  other_application.Close();
  std::thread([&] {
    ASSERT_TRUE(ps::AttachThread(client_->process()).ok());
    OBJECT_ATTRIBUTES attributes = {sizeof(attributes), nullptr, nullptr, 0, nullptr, nullptr};
    CLIENT_ID id = {other.process()->unique_process_id, nullptr};
    HANDLE process = nullptr, thread = nullptr;
    EXPECT_EQ(nt::NtOpenProcess(&process, PROCESS_ALL_ACCESS, &attributes, &id), STATUS_SUCCESS);
    EXPECT_EQ(
        nt::NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, nullptr, process, nullptr, nullptr, 0, 0, nullptr),
        STATUS_NOT_SUPPORTED);
    EXPECT_EQ(thread, nullptr);
    ps::DetachThread(STATUS_SUCCESS);
  }).join();
  for (ClientProcess* process : {&other, client_.get()}) {
    EXPECT_TRUE(process->End(ClientProcess::Memory::kThere));
    process->RunDown();
  }
}

PEPROCESS g_refused = nullptr;

void Refuse(PEPROCESS process, HANDLE, PPS_CREATE_NOTIFY_INFO information) {
  if (information == nullptr) return;
  information->CreationStatus = STATUS_VIRUS_INFECTED;
  ObReferenceObject(process);
  g_refused = process;
}

TEST_F(ClientProcessTest, LeavesNothingOfItselfInAProcessThatADriverRefused) {
  ASSERT_EQ(PsSetCreateProcessNotifyRoutineEx(Refuse, FALSE), STATUS_SUCCESS);
  EXPECT_FALSE(Begin());
  EXPECT_EQ(PsSetCreateProcessNotifyRoutineEx(Refuse, TRUE), STATUS_SUCCESS);
  client_.reset();
  const auto process = ob::Ref<_EPROCESS>::Adopt(g_refused);
  EXPECT_EQ(process->remote, nullptr);
  EXPECT_EQ(process->head.pcb.user_code, nullptr);
  int value = 1, read = 0;
  EXPECT_FALSE(mm::SpaceOf(process.get()).Read(&read, reinterpret_cast<uintptr_t>(&value), sizeof(value)));
  // For whoever waits for it, it has ended.
  EXPECT_EQ(PsGetProcessExitStatus(process.get()), STATUS_VIRUS_INFECTED);
  LARGE_INTEGER at_once = {};
  EXPECT_EQ(KeWaitForSingleObject(process.get(), UserRequest, KernelMode, FALSE, &at_once), STATUS_SUCCESS);
}

}  // namespace
}  // namespace ring3::host
