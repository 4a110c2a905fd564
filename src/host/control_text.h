// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "os/local_socket.h"

// JSON text of `ring3` and its host on a socket: kControl messages (transport/messages.h), each with a part
// of the text behind it. Every part but the last has the status kMoreFollows.
namespace ring3::host {

inline constexpr int32_t kMoreFollows = 0x105;  // STATUS_MORE_ENTRIES

// False: the other end is closed.
bool SendControlText(const os::LocalSocket& socket, std::string_view text);

// Puts one text together from the messages that it came in.
class ControlTextReader {
 public:
  enum class Progress : uint8_t { kMore, kComplete, kRefused };
  // kRefused: not a message of this kind and version, or a text longer than kMostBytes. The reader is as new
  // after kComplete and the next Add.
  Progress Add(const char* message, size_t byte_count);
  const std::string& text() const { return text_; }

  static constexpr size_t kMostBytes = size_t{64} << 20;

 private:
  bool complete_ = false;
  std::string text_;
};

// Receives one. False: the other end closed before, or sent something else.
bool ReceiveControlText(const os::LocalSocket& socket, std::string* text);

}  // namespace ring3::host
