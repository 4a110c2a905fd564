// SPDX-License-Identifier: MIT
#include "host/client_process.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/boot_options.h"
#include "ntstatus.h"
#include "ring3/executive.h"
#include "transport/messages.h"

namespace ring3::host {
namespace {

std::vector<char> Hello() {
  const transport::Message message;
  std::vector<char> bytes(sizeof(message));
  std::memcpy(bytes.data(), &message, sizeof(message));
  for (const char character : std::string("/client")) bytes.push_back(character);
  bytes.push_back('\0');
  return bytes;
}

// An application that is killed as soon as it has said Hello: what begins it and what runs it down are two
// threads, and the second may be the first.
TEST(ClientProcessTest, WhoHasBeenRunDownDoesNotBegin) {
  BootOptions boot;
  boot.embedded = false;
  std::unique_ptr<Executive> executive = Executive::Boot(boot);
  ASSERT_NE(executive, nullptr);
  os::LocalSocket ours, theirs;
  ASSERT_TRUE(os::LocalSocket::MakePair(&ours, &theirs));
  {
    ClientProcess client(std::move(ours));
    EXPECT_TRUE(client.End(STATUS_UNSUCCESSFUL));
    client.RunDown();
    EXPECT_FALSE(client.Begin(Hello()));
    EXPECT_EQ(client.process(), nullptr);
  }
  EXPECT_EQ(executive->Shutdown(), std::vector<std::string>());
}

}  // namespace
}  // namespace ring3::host
