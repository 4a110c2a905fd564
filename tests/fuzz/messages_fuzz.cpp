// SPDX-License-Identifier: MIT
// What comes over the socket: first messages and later ones, of applications and of those who ask, on several
// connections at once.
#include <cstdlib>
#include <string>

#include "fuzz_target.h"
#include "host/control_text.h"
#include "host_under_test.h"
#include "transport/messages.h"

namespace ring3::fuzz {
namespace {

using os::LocalSocket;
using transport::Message;
using transport::MessageKind;

constexpr size_t kConnections = 3;

// One step: which connection and what to do with it, then what that takes.
enum Step : uint8_t { kSend, kSendRaw, kReceive, kClose, kShutDown, kSendDescriptor, kStepCount };
constexpr uint8_t StepOn(Step step, size_t connection) {
  return static_cast<uint8_t>(connection * kStepCount + step);
}

struct Part {
  MessageKind kind = MessageKind::kHello;
  uint32_t version = transport::kProtocolVersion;
  uint64_t sequence = 1;
  int32_t status = 0;
  uint64_t ticket = 0;
  uint64_t stack_low = 0, stack_high = 0;
};

void PutSend(Writer& writer, size_t connection, const Part& part, std::string_view text = {}) {
  writer.Put(StepOn(kSend, connection)).Put(part).Put(static_cast<uint16_t>(text.size())).Text(text);
}
void PutStep(Writer& writer, Step step, size_t connection) {
  writer.Put(StepOn(step, connection));
}

class Connection {
 public:
  void Do(Step step, Reader& reader) {
    if (!socket_.valid()) socket_ = HostUnderTest::Get().Connect();
    if (!socket_.valid()) return;
    switch (step) {
      case kSend:
      case kSendDescriptor:
        return Send(reader, step == kSendDescriptor);
      case kSendRaw: {
        std::vector<char> bytes(std::min<size_t>(reader.Take<uint16_t>(), reader.left()));
        reader.TakeBytes(bytes.data(), bytes.size());
        if (!IsDangerous(bytes)) (void)socket_.TrySend(bytes.data(), bytes.size());
        return;
      }
      case kReceive: {
        std::vector<char> bytes;
        std::vector<os::Descriptor> descriptors;
        // Whoever has said Hello is answered, or cut off.
        (void)socket_.Receive(&bytes, &descriptors,
                              said_hello_ ? LocalSocket::Wait::kWait : LocalSocket::Wait::kDoNotWait);
        said_hello_ = false;
        return;
      }
      case kClose:
        *this = {};
        return;
      case kShutDown:
        socket_.Shutdown();
        return;
      default:
        return;
    }
  }

 private:
  void Send(Reader& reader, bool with_descriptor) {
    const auto part = reader.Take<Part>();
    Message message;
    message.kind = part.kind;
    message.version = part.version;
    message.sequence = part.sequence;
    message.status = part.status;
    message.ticket = part.ticket;
    message.stack_low = part.stack_low;
    message.stack_high = part.stack_high;
    std::vector<char> bytes(sizeof(message) + std::min<size_t>(reader.Take<uint16_t>(), reader.left()));
    std::memcpy(bytes.data(), &message, sizeof(message));
    reader.TakeBytes(bytes.data() + sizeof(message), bytes.size() - sizeof(message));
    if (IsDangerous(bytes)) return;
    const int descriptor = socket_.descriptor();
    const bool sent =
        socket_.TrySend(bytes.data(), bytes.size(), &descriptor, with_descriptor ? 1 : 0) == os::Sent::kDone;
    said_hello_ = said_hello_ ||
                  (sent && part.kind == MessageKind::kHello && part.version == transport::kProtocolVersion);
  }

  // Control requests that would end the host or load what there is on this machine, in one part or in
  // several.
  bool IsDangerous(const std::vector<char>& bytes) {
    if (bytes.size() > sizeof(Message)) asked_.append(bytes.begin() + sizeof(Message), bytes.end());
    const auto has = [this](const char* word) { return asked_.find(word) != std::string::npos; };
    return has("stop") || has("load") || has("\\u");
  }

  LocalSocket socket_;
  std::string asked_;
  bool said_hello_ = false;
};

}  // namespace

std::vector<Input> Seeds() {
  std::vector<Input> seeds;
  const std::string_view texts("/bin/program\0program with arguments\0/\0", 38);
  const Part hello = {};
  for (std::string_view text :
       {texts, texts.substr(0, 5), std::string_view(), std::string_view("\0\0\0\0", 4),
        std::string_view("\xC3\x28\xED\xA0\x80\xFF", 6)}) {
    Writer writer;
    PutSend(writer, 0, hello, text);
    PutStep(writer, kReceive, 0);
    PutSend(writer, 0, {.kind = MessageKind::kNewThread, .stack_low = 0x1000, .stack_high = 0x9000});
    PutSend(writer, 0,
            {.kind = MessageKind::kNewThread, .sequence = 2, .stack_low = ~uint64_t{0}, .stack_high = 1});
    PutSend(writer, 0, {.kind = MessageKind::kNewThread, .sequence = 3, .ticket = 1});
    PutStep(writer, kReceive, 0);
    PutSend(writer, 0, {.kind = MessageKind::kAnswer, .status = -1});
    PutSend(writer, 0, {.kind = MessageKind::kExit, .status = 5});
    seeds.push_back(writer.input());
  }
  for (uint32_t kind = 0; kind < 12; ++kind) {
    Writer first, second, beside;
    const Part part = {.kind = static_cast<MessageKind>(kind)};
    PutSend(first, 0, part, texts);
    PutStep(first, kReceive, 0);
    PutSend(second, 0, hello, texts);
    PutStep(second, kReceive, 0);
    PutSend(second, 0, part, "{}");
    PutSend(second, 0, part);
    // Not waiting for the answer, and without reading.
    PutSend(beside, 0, hello, texts);
    PutSend(beside, 0, part);
    PutSend(beside, 1, hello, texts);
    PutStep(beside, kShutDown, 1);
    PutSend(beside, 1, part);
    seeds.insert(seeds.end(), {first.input(), second.input(), beside.input()});
  }
  Writer asking;
  const Part control = {.kind = MessageKind::kControl};
  PutSend(asking, 0, control, R"({"command": "list"})");
  PutSend(asking, 0, control, R"({"command": "list"})");
  PutSend(asking, 1, {.kind = MessageKind::kControl, .status = host::kMoreFollows}, R"({"command": )");
  PutSend(asking, 1, control, R"("clients"})");
  PutSend(asking, 1, hello, texts);
  PutSend(asking, 2, control, "[[[[");
  PutStep(asking, kClose, 2);
  seeds.push_back(asking.input());
  Writer raw;
  for (uint16_t count : {1, 8, 200}) raw.Put(StepOn(kSendRaw, 0)).Put(count).Text(std::string(count, 'x'));
  raw.Put(StepOn(kSendDescriptor, 1)).Put(hello).Put(uint16_t{0});
  PutStep(raw, kReceive, 1);
  seeds.push_back(raw.input());
  return seeds;
}

}  // namespace ring3::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t byte_count) {
  using namespace ring3;
  auto& under_test = fuzz::HostUnderTest::Get();
  {
    fuzz::Connection connections[fuzz::kConnections];
    fuzz::Reader reader(data, byte_count);
    for (int steps = 0; !reader.empty() && steps < 64; ++steps) {
      const uint8_t what = reader.Take<uint8_t>() % (fuzz::kConnections * fuzz::kStepCount);
      connections[what / fuzz::kStepCount].Do(static_cast<fuzz::Step>(what % fuzz::kStepCount), reader);
    }
  }
  under_test.AwaitQuiet();
  return 0;
}
