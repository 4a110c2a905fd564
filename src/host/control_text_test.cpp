// SPDX-License-Identifier: MIT
#include "host/control_text.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "transport/messages.h"

namespace ring3::host {
namespace {

using Progress = ControlTextReader::Progress;

std::vector<char> MessageOf(transport::MessageKind kind, uint32_t version, int32_t status,
                            std::string_view text) {
  transport::Message message;
  message.kind = kind;
  message.version = version;
  message.status = status;
  std::vector<char> bytes(sizeof(message) + text.size());
  std::memcpy(bytes.data(), &message, sizeof(message));
  std::memcpy(bytes.data() + sizeof(message), text.data(), text.size());
  return bytes;
}

class ControlTextTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(os::LocalSocket::MakePair(&ours_, &theirs_)); }

  os::LocalSocket ours_;
  os::LocalSocket theirs_;
};

TEST_F(ControlTextTest, ComesAsItWasSent) {
  for (const std::string& text :
       {std::string(), std::string(R"({"command": "list"})"), std::string("\0{", 2)}) {
    ASSERT_TRUE(SendControlText(ours_, text));
    std::string received = "before";
    ASSERT_TRUE(ReceiveControlText(theirs_, &received));
    EXPECT_EQ(received, text);
  }
}

TEST_F(ControlTextTest, MayBeLongerThanAMessage) {
  std::string text;
  while (text.size() < 10 * os::LocalSocket::kMostMessageBytes) text += std::to_string(text.size());
  std::thread sender([&] { EXPECT_TRUE(SendControlText(ours_, text)); });
  std::string received;
  EXPECT_TRUE(ReceiveControlText(theirs_, &received));
  sender.join();
  EXPECT_EQ(received, text);
}

TEST_F(ControlTextTest, FailsWhenTheOtherEndIsClosed) {
  ASSERT_TRUE(SendControlText(ours_, "last"));
  ours_.Close();
  std::string received;
  EXPECT_TRUE(ReceiveControlText(theirs_, &received));
  EXPECT_FALSE(ReceiveControlText(theirs_, &received));
  EXPECT_FALSE(SendControlText(theirs_, "anything"));
}

TEST(ControlTextReaderTest, RefusesWhatIsNoControlText) {
  constexpr auto kControl = transport::MessageKind::kControl;
  ControlTextReader reader;
  const std::vector<char> whole = MessageOf(kControl, transport::kProtocolVersion, 0, "text");
  EXPECT_EQ(reader.Add(whole.data(), sizeof(transport::Message) - 1), Progress::kRefused);
  EXPECT_EQ(reader.Add(nullptr, 0), Progress::kRefused);
  const std::vector<char> other_kind =
      MessageOf(transport::MessageKind::kHello, transport::kProtocolVersion, 0, "text");
  EXPECT_EQ(reader.Add(other_kind.data(), other_kind.size()), Progress::kRefused);
  const std::vector<char> other_version = MessageOf(kControl, transport::kProtocolVersion + 1, 0, "text");
  EXPECT_EQ(reader.Add(other_version.data(), other_version.size()), Progress::kRefused);
  EXPECT_EQ(reader.Add(whole.data(), whole.size()), Progress::kComplete);
  EXPECT_EQ(reader.text(), "text");
}

TEST(ControlTextReaderTest, BeginsAnewAfterEachText) {
  constexpr auto kControl = transport::MessageKind::kControl;
  ControlTextReader reader;
  for (int i = 0; i < 2; ++i) {
    const std::vector<char> first = MessageOf(kControl, transport::kProtocolVersion, kMoreFollows, "one ");
    EXPECT_EQ(reader.Add(first.data(), first.size()), Progress::kMore);
    const std::vector<char> second = MessageOf(kControl, transport::kProtocolVersion, 0, "text");
    EXPECT_EQ(reader.Add(second.data(), second.size()), Progress::kComplete);
    EXPECT_EQ(reader.text(), "one text");
  }
}

TEST(ControlTextReaderTest, BoundsWhatItKeeps) {
  ControlTextReader reader;
  const std::vector<char> part = MessageOf(transport::MessageKind::kControl, transport::kProtocolVersion,
                                           kMoreFollows, std::string(size_t{1} << 20, 'x'));
  Progress progress = Progress::kMore;
  size_t parts = 0;
  for (; progress == Progress::kMore && parts < 100; ++parts) progress = reader.Add(part.data(), part.size());
  EXPECT_EQ(progress, Progress::kRefused);
  EXPECT_LE(reader.text().size(), ControlTextReader::kMostBytes);
}

}  // namespace
}  // namespace ring3::host
