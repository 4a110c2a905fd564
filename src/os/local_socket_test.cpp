// SPDX-License-Identifier: MIT
#include "os/local_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace ring3::os {
namespace {

class LocalSocketTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/local_socket_XXXXXX";
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    path_ = folder_ + "/s.sock";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  bool Exists() const { return std::filesystem::exists(std::filesystem::symlink_status(path_)); }
  // As of a host that was killed.
  void MakeDead() const {
    const Descriptor descriptor(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path_.c_str());
    ASSERT_EQ(bind(descriptor.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }

  std::string folder_;
  std::string path_;
  std::string error_;
};

TEST_F(LocalSocketTest, ReplacesASocketThatNobodyListensAt) {
  MakeDead();
  const LocalSocket listener = LocalSocket::Listen(path_, &error_);
  EXPECT_TRUE(listener.valid()) << error_;
  EXPECT_TRUE(LocalSocket::Connect(path_, &error_).valid()) << error_;
}

TEST_F(LocalSocketTest, LeavesWhatIsNoSocket) {
  std::ofstream(path_) << "notes";
  EXPECT_FALSE(LocalSocket::Listen(path_, &error_).valid());
  EXPECT_EQ(error_, "what is there is no socket");
  LocalSocket::RemoveDead(path_);
  EXPECT_TRUE(Exists());
}

TEST_F(LocalSocketTest, LeavesASocketThatSomebodyListensAt) {
  const LocalSocket listener = LocalSocket::Listen(path_, &error_);
  EXPECT_FALSE(LocalSocket::Listen(path_, &error_).valid());
  EXPECT_EQ(error_, "a host listens there already");
  LocalSocket::RemoveDead(path_);
  EXPECT_TRUE(LocalSocket::Connect(path_, &error_).valid()) << error_;
}

TEST_F(LocalSocketTest, RemovesASocketThatNobodyListensAt) {
  MakeDead();
  LocalSocket::RemoveDead(path_);
  EXPECT_FALSE(Exists());
  LocalSocket::RemoveDead(path_);
}

TEST_F(LocalSocketTest, GivesADeadSocketToOneOfManyWhoWantIt) {
  constexpr int kThreads = 4;
  for (int round = 0; round < 200; ++round) {
    MakeDead();
    std::atomic<int> ready{0};
    std::vector<LocalSocket> listeners(kThreads);
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        ++ready;
        while (ready != kThreads) std::this_thread::yield();
        std::string error;
        listeners[static_cast<size_t>(i)] = LocalSocket::Listen(path_, &error);
      });
    }
    for (std::thread& thread : threads) thread.join();
    int count = 0;
    for (const LocalSocket& listener : listeners) count += listener.valid();
    EXPECT_EQ(count, 1);
    EXPECT_TRUE(LocalSocket::Connect(path_, &error_).valid()) << error_;
    ASSERT_TRUE(std::filesystem::remove(path_));
  }
}

}  // namespace
}  // namespace ring3::os
