// SPDX-License-Identifier: MIT
#include "host/server.h"

#include <gtest/gtest.h>
#include <ntddk.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "host/control_text.h"
#include "host/host.h"
#include "os/child_process.h"
#include "os/local_socket.h"
#include "transport/messages.h"

namespace ring3::host {
namespace {

class ServerTest : public testing::Test {
 protected:
  void SetUp() override {
    os::LocalSocket theirs;
    ASSERT_TRUE(os::LocalSocket::MakePair(&starter_, &theirs));
    Ring3HostOptions options = {};
    options.name = "test";
    options.socket_path = socket_path_.c_str();
    options.starter_descriptor = dup(theirs.descriptor());
    options.drivers = kNoDrivers;
    options.registry_file = "";
    options.system_drive_directory = "";
    options.fail_on_leaks = 1;
    server_ = std::make_unique<Server>(options);
    end_ = std::async(std::launch::async, [this] { return server_->Run(); });
    std::string ready;
    ASSERT_TRUE(ReceiveControlText(starter_, &ready));
  }

  void TearDown() override {
    server_->Stop();
    EXPECT_EQ(end_.get(), 0);
  }

  os::LocalSocket Connect() {
    std::string error;
    os::LocalSocket socket = os::LocalSocket::Connect(socket_path_, &error);
    EXPECT_TRUE(socket.valid()) << error;
    return socket;
  }

  static bool Ask(const os::LocalSocket& socket) {
    std::string answer;
    return SendControlText(socket, R"({"command": "clients"})") && ReceiveControlText(socket, &answer);
  }

  static constexpr const char* kNoDrivers[] = {nullptr};
  // With more than a socket holds: the answer repeats the command.
  const std::string kAnsweredAtLength = R"({"command": ")" + std::string(size_t{4} << 20, 'x') + "\"}";
  const std::string socket_path_ = testing::TempDir() + "/ring3-server-" + std::to_string(getpid());
  os::LocalSocket starter_;
  std::unique_ptr<Server> server_;
  std::future<int> end_;
};

void Refuse(PEPROCESS, HANDLE, PPS_CREATE_NOTIFY_INFO information) {
  if (information != nullptr) information->CreationStatus = STATUS_ACCESS_DENIED;
}

TEST_F(ServerTest, HangsUpOnWhomItRefuses) {
  ASSERT_EQ(PsSetCreateProcessNotifyRoutineEx(Refuse, FALSE), STATUS_SUCCESS);
  const os::LocalSocket refused = Connect();
  const transport::Message hello;
  ASSERT_TRUE(refused.Send(&hello, sizeof(hello)));
  std::vector<char> message;
  std::vector<os::Descriptor> none;
  ASSERT_EQ(refused.Receive(&message, &none), os::Received::kMessage);
  EXPECT_NE(std::string(message.begin(), message.end()).find("STATUS_ACCESS_DENIED: a driver refuses it"),
            std::string::npos);
  EXPECT_EQ(os::WaitForDescriptor({refused.descriptor()}, 20'000), 0);
  EXPECT_EQ(refused.Receive(&message, &none, os::LocalSocket::Wait::kDoNotWait), os::Received::kEnd);
  EXPECT_EQ(PsSetCreateProcessNotifyRoutineEx(Refuse, TRUE), STATUS_SUCCESS);
}

TEST_F(ServerTest, StopsThoughSomebodyDoesNotReadTheAnswer) {
  const os::LocalSocket deaf = Connect();
  ASSERT_TRUE(SendControlText(deaf, kAnsweredAtLength));
  // What is no message: the host hangs up. This end stays open.
  ASSERT_TRUE(deaf.Send("", 1));
  // The host takes a message of each in turn: it has come to that one when the other has had so many answers.
  const os::LocalSocket other = Connect();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(Ask(other));
  server_->Stop();
  EXPECT_EQ(end_.wait_for(std::chrono::seconds(20)), std::future_status::ready);
}

TEST_F(ServerTest, HangsUpOnWhoeverAsksAndAsksWithoutReading) {
  const os::LocalSocket deaf = Connect();
  std::vector<char> message;
  std::vector<os::Descriptor> none;
  int requests = 0;
  // Reads a part of an answer, and asks again.
  while (requests < 50 && SendControlText(deaf, kAnsweredAtLength) &&
         deaf.Receive(&message, &none) == os::Received::kMessage) {
    ++requests;
  }
  EXPECT_LT(requests, 50);
  // Whoever reads may ask for as long as he likes, and before he reads.
  const os::LocalSocket other = Connect();
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(Ask(other));
  ASSERT_TRUE(SendControlText(other, kAnsweredAtLength));
  ASSERT_TRUE(SendControlText(other, kAnsweredAtLength));
  std::string answer;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(ReceiveControlText(other, &answer));
    EXPECT_GT(answer.size(), kAnsweredAtLength.size());
  }
}

}  // namespace
}  // namespace ring3::host
