// SPDX-License-Identifier: MIT
#include "host/control_text.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "transport/messages.h"

namespace ring3::host {

using transport::Message;
using transport::MessageKind;

bool SendControlText(const os::LocalSocket& socket, std::string_view text) {
  constexpr size_t kMostText = os::LocalSocket::kMostMessageBytes / 2 - sizeof(Message);
  std::vector<char> buffer;
  do {
    const std::string_view part = text.substr(0, kMostText);
    text.remove_prefix(part.size());
    Message message;
    message.kind = MessageKind::kControl;
    message.status = text.empty() ? 0 : kMoreFollows;
    buffer.resize(sizeof(message) + part.size());
    std::memcpy(buffer.data(), &message, sizeof(message));
    std::memcpy(buffer.data() + sizeof(message), part.data(), part.size());
    if (!socket.Send(buffer.data(), buffer.size())) return false;
  } while (!text.empty());
  return true;
}

ControlTextReader::Progress ControlTextReader::Add(const char* bytes, size_t byte_count) {
  if (complete_) *this = {};
  Message message;
  if (byte_count < sizeof(message)) return Progress::kRefused;
  std::memcpy(&message, bytes, sizeof(message));
  if (message.kind != MessageKind::kControl || message.version != transport::kProtocolVersion) {
    return Progress::kRefused;
  }
  if (text_.size() + byte_count > kMostBytes) return Progress::kRefused;
  text_.append(bytes + sizeof(message), byte_count - sizeof(message));
  complete_ = message.status != kMoreFollows;
  return complete_ ? Progress::kComplete : Progress::kMore;
}

bool ReceiveControlText(const os::LocalSocket& socket, std::string* text) {
  ControlTextReader reader;
  std::vector<char> buffer;
  std::vector<os::Descriptor> descriptors;
  for (;;) {
    if (socket.Receive(&buffer, &descriptors) != os::Received::kMessage) return false;
    descriptors.clear();
    switch (reader.Add(buffer.data(), buffer.size())) {
      case ControlTextReader::Progress::kMore:
        continue;
      case ControlTextReader::Progress::kRefused:
        return false;
      case ControlTextReader::Progress::kComplete:
        *text = reader.text();
        return true;
    }
  }
}

}  // namespace ring3::host
