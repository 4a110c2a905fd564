// SPDX-License-Identifier: MIT
#include "host/server.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>

#include "host/control_text.h"
#include "host/host.h"
#include "os/local_socket.h"

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

  os::LocalSocket Connect() {
    std::string error;
    os::LocalSocket socket = os::LocalSocket::Connect(socket_path_, &error);
    EXPECT_TRUE(socket.valid()) << error;
    return socket;
  }

  static constexpr const char* kNoDrivers[] = {nullptr};
  const std::string socket_path_ = testing::TempDir() + "/ring3-server-" + std::to_string(getpid());
  os::LocalSocket starter_;
  std::unique_ptr<Server> server_;
  std::future<int> end_;
};

TEST_F(ServerTest, StopsThoughSomebodyDoesNotReadTheAnswer) {
  os::LocalSocket deaf = Connect();
  // More than a socket holds: the answer repeats the command.
  ASSERT_TRUE(SendControlText(deaf, R"({"command": ")" + std::string(size_t{4} << 20, 'x') + "\"}"));
  // What is no message: the host hangs up. This end stays open.
  ASSERT_TRUE(deaf.Send("", 1));
  // The host takes a message of each in turn: it has come to that one when the other has had so many answers.
  const os::LocalSocket other = Connect();
  for (int i = 0; i < 100; ++i) {
    std::string answer;
    ASSERT_TRUE(SendControlText(other, R"({"command": "clients"})"));
    ASSERT_TRUE(ReceiveControlText(other, &answer));
  }
  server_->Stop();
  EXPECT_EQ(end_.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  deaf.Close();
  EXPECT_EQ(end_.get(), 0);
}

}  // namespace
}  // namespace ring3::host
