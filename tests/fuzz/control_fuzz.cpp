// SPDX-License-Identifier: MIT
// Control requests: how they are put together from messages, and what they say.
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "fuzz_target.h"
#include "host/control.h"
#include "host/control_text.h"
#include "host_under_test.h"
#include "ps/thread.h"
#include "transport/messages.h"

namespace ring3::fuzz {
namespace {

using transport::Message;
using transport::MessageKind;

// Those would end the host, or load whatever there is on this machine.
bool IsHarmless(const std::string& text) {
  const nlohmann::json request = nlohmann::json::parse(text, nullptr, false);
  if (!request.is_object()) return true;
  const auto command = request.find("command");
  return command == request.end() || (*command != "stop" && *command != "load");
}

}  // namespace

std::vector<Input> Seeds() {
  std::vector<Input> seeds;
  for (const char* text :
       {"", "{", "[]", "{}", "nonsense", R"({"command": "list"})", R"({"command": "clients"})",
        R"({"command": 5})", R"({"command": "unload"})", R"({"command": "unload", "service": "nobody"})",
        R"({"command": "unload", "service": 17})", R"({"command": "\ud800"})", "{\"command\": \"\xff\xfe\"}",
        R"({"command": {"command": ["list", null, 1e400]}})"}) {
    // In one part, and in parts of three bytes.
    seeds.push_back(Writer().Put(uint8_t{0}).Put(uint16_t{0xFFFF}).Put(uint8_t{0}).Text(text).input());
    Writer parts;
    for (std::string_view left = text; !left.empty();) {
      const std::string_view part = left.substr(0, 3);
      left.remove_prefix(part.size());
      parts.Put(uint8_t{0})
          .Put(static_cast<uint16_t>(part.size()))
          .Put(static_cast<uint8_t>(!left.empty()))
          .Text(part);
    }
    seeds.push_back(parts.input());
  }
  seeds.push_back(
      Writer().Put(uint8_t{0}).Put(uint16_t{0xFFFF}).Put(uint8_t{0}).Text(std::string(20'000, '[')).input());
  return seeds;
}

}  // namespace ring3::fuzz

// Parts: which head to break (0: none), byte count, whether more follows, text.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t byte_count) {
  using namespace ring3;
  using Progress = host::ControlTextReader::Progress;
  auto& under_test = fuzz::HostUnderTest::Get();
  fuzz::Reader reader(data, byte_count);
  host::ControlTextReader text;
  while (!reader.empty()) {
    const auto broken = reader.Take<uint8_t>();
    const auto part_bytes = reader.Take<uint16_t>();
    transport::Message head;
    head.kind = broken == 1 ? transport::MessageKind::kHello : transport::MessageKind::kControl;
    if (broken == 2) ++head.version;
    head.status = (reader.Take<uint8_t>() & 1) != 0 ? host::kMoreFollows : 0;
    std::vector<char> message(sizeof(head) + std::min<size_t>(part_bytes, reader.left()));
    std::memcpy(message.data(), &head, sizeof(head));
    reader.TakeBytes(message.data() + sizeof(head), part_bytes);
    // At its exact size, where a sanitizer sees the end.
    if (broken == 3) message.resize(std::min<size_t>(part_bytes, message.size()));
    const Progress progress = text.Add(message.data(), message.size());
    if (progress == Progress::kRefused) break;
    if (progress == Progress::kComplete && fuzz::IsHarmless(text.text())) {
      const std::string answer = host::AnswerControlRequest(under_test.server(), text.text());
      const nlohmann::json parsed = nlohmann::json::parse(answer, nullptr, false);
      if (!parsed.is_object() || !parsed.contains("ok")) std::abort();
    }
  }
  ps::DetachThread(0);
  return 0;
}
