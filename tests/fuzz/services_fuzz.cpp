// SPDX-License-Identifier: MIT
// The channel: any service with any arguments and inline ranges, answers to orders that say anything, values
// that change while the host reads them, and all of it out of turn.
#include <ntifs.h>

#include <cstdlib>
#include <iterator>

#include "fuzz_target.h"
#include "host_under_test.h"
#include "nt/services.h"
#include "os/clock.h"
#include "os/shared_region.h"
#include "transport/channel.h"
#include "transport/messages.h"
#include "transport/service_index.h"

namespace ring3::fuzz {
namespace {

using os::LocalSocket;
using transport::Channel;
using transport::Message;
using transport::MessageKind;

constexpr size_t kThreads = 2;
// What waits longer is left waiting: it ends with the application.
constexpr int64_t kMostServiceTime = 20'000'000;
constexpr int kMostOrders = 32;

enum Step : uint8_t { kCall, kRawRequest, kStore, kScribble, kCloseChannel, kCallAside, kStepCount };
enum Argument : uint8_t {
  kZero,
  kSmall,     // one byte
  kWord,      // four
  kAny,       // eight
  kShared,    // two: an offset in the memory that the fuzzer writes
  kPrivate,   // two: an offset in private memory
  kReadOnly,  // two
  kNoAccess,
  kStored,  // two: the offset of eight bytes that the host may have written: a handle, mostly
  kThisProcess,
  kThisThread,
  kArgumentCount
};

// ---- What the applications have in their memory, for inputs to refer to.
constexpr uint16_t kNameText = 0x100;
constexpr uint16_t kDeviceAttributes = 0x200;
constexpr uint16_t kNamedAttributes = 0x240;
constexpr uint16_t kDeviceName = 0x280;
constexpr uint16_t kObjectName = 0x290;
constexpr uint16_t kIoStatus = 0x2C0;
constexpr uint16_t kHandle = 0x300;
constexpr uint16_t kSecondHandle = 0x308;
constexpr uint16_t kNoTime = 0x310;
constexpr uint16_t kBase = 0x318;
constexpr uint16_t kByteCount = 0x320;
constexpr uint16_t kBuffer = 0x1000;

template <typename T>
void Lay(uint16_t offset, const T& value) {
  std::memcpy(HostUnderTest::Get().data() + offset, &value, sizeof(value));
}

void LayText(uint16_t offset, uint16_t name, uint16_t attributes, std::u16string_view text) {
  std::memcpy(HostUnderTest::Get().data() + offset, text.data(), text.size() * 2);
  UNICODE_STRING string = {};
  string.Length = string.MaximumLength = static_cast<USHORT>(text.size() * 2);
  string.Buffer = reinterpret_cast<PWSTR>(HostUnderTest::kSharedAddress + offset);
  Lay(name, string);
  OBJECT_ATTRIBUTES about = {};
  about.Length = sizeof(about);
  about.ObjectName = reinterpret_cast<PUNICODE_STRING>(HostUnderTest::kSharedAddress + name);
  about.Attributes = OBJ_CASE_INSENSITIVE;
  Lay(attributes, about);
}

void LayAll() {
  std::memset(HostUnderTest::Get().data(), 0, HostUnderTest::kSharedBytes);
  LayText(kNameText, kDeviceName, kDeviceAttributes, u"\\Device\\Fuzz");
  LayText(kNameText + 0x40, kObjectName, kNamedAttributes, u"\\BaseNamedObjects\\Fuzz");
  Lay(kByteCount, uint64_t{0x3000});
}

// ---- A thread of the application

class Thread {
 public:
  Thread(os::SharedRegion region) : region_(std::move(region)) {}

  bool valid() const { return region_.valid() && !is_waiting_; }
  Channel& channel() const { return *static_cast<Channel*>(region_.data()); }

  static uint64_t TakeArgument(Reader& reader) {
    switch (reader.Take<uint8_t>() % kArgumentCount) {
      case kSmall:
        return reader.Take<uint8_t>();
      case kWord:
        return reader.Take<uint32_t>();
      case kAny:
        return reader.Take<uint64_t>();
      case kShared:
        return HostUnderTest::kSharedAddress + reader.Take<uint16_t>();
      case kPrivate:
        return HostUnderTest::kPrivateAddress + reader.Take<uint16_t>();
      case kReadOnly:
        return HostUnderTest::kReadOnlyAddress + reader.Take<uint16_t>();
      case kNoAccess:
        return HostUnderTest::kNoAccessAddress;
      case kStored: {
        uint64_t value;
        std::memcpy(&value,
                    HostUnderTest::Get().data() + reader.Take<uint16_t>() % (HostUnderTest::kSharedBytes - 8),
                    8);
        return value;
      }
      case kThisProcess:
        return ~uint64_t{0};
      case kThisThread:
        return ~uint64_t{1};
      default:
        return 0;
    }
  }

  // Service, how many arguments and ranges; those; then what is answered when an order comes.
  void Call(Reader& reader, bool wait) {
    transport::Request& request = channel().request;
    const auto service = reader.Take<uint8_t>();
    request.service = service < transport::kServiceCount
                          ? service
                          : uint32_t{transport::kServiceThreadStarts} + (service - transport::kServiceCount);
    const auto counts = reader.Take<uint8_t>();
    for (int i = 0; i < (counts & 15) && i < transport::kMostArguments; ++i)
      request.arguments[i] = TakeArgument(reader);
    request.range_count = counts >> 4;
    for (uint32_t i = 0; i < request.range_count && i < transport::kMostRanges; ++i) {
      transport::InlineRange& range = request.ranges[i];
      range.address = TakeArgument(reader);
      range.byte_count = reader.Take<uint16_t>();
      range.offset = reader.Take<uint16_t>();
      range.use = reader.Take<uint8_t>();
    }
    HandOver(reader, wait);
  }

  void RawRequest(Reader& reader) {
    reader.TakeBytes(&channel().request, sizeof(transport::Request));
    HandOver(reader, true);
  }

  // Over the whole region, the turn included, whatever the host does.
  void Scribble(Reader& reader) {
    const auto offset = reader.Take<uint16_t>();
    uint8_t bytes[32];
    const size_t count =
        reader.TakeBytes(bytes, std::min<size_t>(reader.Take<uint8_t>() % 33, sizeof(bytes)));
    if (offset + count <= Channel::kByteCount)
      std::memcpy(reinterpret_cast<char*>(&channel()) + offset, bytes, count);
    os::FutexWakeShared(channel().turn);
  }

  void Close() { transport::Close(channel()); }

 private:
  void HandOver(Reader& reader, bool wait) {
    uint32_t turn = transport::kRequest;
    for (int orders = 0; orders < kMostOrders; ++orders) {
      channel().client_sleeps.store(1, std::memory_order_seq_cst);
      channel().turn.store(turn, std::memory_order_seq_cst);
      os::FutexWakeShared(channel().turn);
      if (!wait) return;
      if (!Await(turn)) {
        is_waiting_ = true;
        return;
      }
      if (channel().turn.load() != transport::kOrder) return;
      // Mostly obedient in words, sometimes with a request or a closed channel for an answer.
      const auto how = reader.Take<uint8_t>();
      channel().answer = {};
      if ((how & 1) != 0) channel().answer.status = static_cast<int32_t>(0xC0000001);
      if ((how & 2) != 0) channel().answer.result = TakeArgument(reader);
      turn = (how & 12) == 12 ? uint32_t{transport::kRequest} : uint32_t{transport::kAnswer};
      if (how == 0x80) turn = transport::kClosed;
    }
    is_waiting_ = true;
  }

  bool Await(uint32_t turn) const {
    const int64_t deadline = os::MonotonicNs() + kMostServiceTime;
    while (channel().turn.load(std::memory_order_acquire) == turn) {
      if (os::MonotonicNs() > deadline) return false;
      os::FutexWaitShared(channel().turn, turn, deadline);
    }
    return true;
  }

  os::SharedRegion region_;
  bool is_waiting_ = false;
};

class Application {
 public:
  Application() : socket_(HostUnderTest::Get().Connect()) {
    Message hello;
    if (!socket_.valid() || !socket_.Send(&hello, sizeof(hello)) || !Receive(MessageKind::kWelcome, nullptr))
      return;
    for (size_t i = 0; i < kThreads; ++i) {
      Message message;
      message.kind = MessageKind::kNewThread;
      message.sequence = i + 1;
      os::Descriptor descriptor;
      if (!socket_.Send(&message, sizeof(message)) || !Receive(MessageKind::kThread, &descriptor)) return;
      threads_.emplace_back(os::SharedRegion::Map(descriptor, Channel::kByteCount));
    }
  }

  size_t thread_count() const { return threads_.size(); }
  Thread& thread(size_t index) { return threads_[index]; }

  // Carries nothing out that comes over the socket, and says that it has.
  void AnswerSocket() {
    std::vector<char> bytes;
    std::vector<os::Descriptor> descriptors;
    while (socket_.Receive(&bytes, &descriptors, LocalSocket::Wait::kDoNotWait) == os::Received::kMessage) {
      Message message;
      if (bytes.size() < sizeof(message)) return;
      std::memcpy(&message, bytes.data(), sizeof(message));
      if (message.kind != MessageKind::kOrder && message.kind != MessageKind::kObject) continue;
      message.kind = MessageKind::kAnswer;
      message.answer = {};
      if (socket_.TrySend(&message, sizeof(message)) != os::Sent::kDone) return;
    }
  }

 private:
  bool Receive(MessageKind kind, os::Descriptor* descriptor) {
    std::vector<char> bytes;
    std::vector<os::Descriptor> descriptors;
    if (socket_.Receive(&bytes, &descriptors) != os::Received::kMessage) return false;
    Message message;
    std::memcpy(&message, bytes.data(), sizeof(message));
    if (descriptor != nullptr && !descriptors.empty()) *descriptor = std::move(descriptors.front());
    return message.kind == kind && message.status >= 0;
  }

  LocalSocket socket_;
  std::vector<Thread> threads_;
};

// ---- Inputs

constexpr uint8_t StepOn(Step step, size_t thread = 0) {
  return static_cast<uint8_t>(thread * kStepCount + step);
}

class Script {
 public:
  Script& Call(uint32_t service, size_t argument_count, Step step = kCall, size_t thread = 0) {
    writer_.Put(StepOn(step, thread))
        .Put(static_cast<uint8_t>(service))
        .Put(static_cast<uint8_t>(argument_count));
    return *this;
  }
  Script& Small(uint8_t value) { return With(kSmall, value); }
  Script& Word(uint32_t value) { return With(kWord, value); }
  Script& Any(uint64_t value) { return With(kAny, value); }
  Script& At(uint16_t offset) { return With(kShared, offset); }
  Script& Private(uint16_t offset) { return With(kPrivate, offset); }
  Script& Stored(uint16_t offset) { return With(kStored, offset); }
  Script& Is(Argument argument) {
    writer_.Put(static_cast<uint8_t>(argument));
    return *this;
  }
  Script& Answers(std::initializer_list<uint8_t> how) {
    for (uint8_t byte : how) writer_.Put(byte);
    return *this;
  }
  Script& Open() {
    Call(transport::kNtCreateFile, 11)
        .At(kHandle)
        .Word(GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE)
        .At(kDeviceAttributes);
    return At(kIoStatus).Is(kZero).Is(kZero).Is(kZero).Small(FILE_OPEN).Is(kZero).Is(kZero).Is(kZero);
  }
  Script& Control(uint32_t code, Argument kind, uint16_t byte_count, Step step = kCall) {
    Call(transport::kNtDeviceIoControlFile, 10, step)
        .Stored(kHandle)
        .Is(kZero)
        .Is(kZero)
        .Is(kZero)
        .At(kIoStatus)
        .Word(code);
    return With(kind, kBuffer).Word(byte_count).With(kind, kBuffer).Word(byte_count);
  }
  Writer& writer() { return writer_; }
  const Input& input() const { return writer_.input(); }

 private:
  template <typename T>
  Script& With(Argument argument, T value) {
    writer_.Put(static_cast<uint8_t>(argument)).Put(value);
    return *this;
  }
  Writer writer_;
};

}  // namespace

std::vector<Input> Seeds() {
  std::vector<Input> seeds;
  // Every service with nothing, with pointers to memory, and with pointers to none.
  for (uint32_t service = 0; service < transport::kServiceCount + 3; ++service) {
    Script nothing, memory, none;
    nothing.Call(service, 11);
    memory.Call(service, 11);
    none.Call(service, 11);
    for (int i = 0; i < transport::kMostArguments; ++i) {
      nothing.Is(kZero);
      memory.At(static_cast<uint16_t>(kBuffer + i * 64));
      none.Any(i % 2 == 0 ? 0x7B00'0000'0000 : ~uint64_t{0} - static_cast<uint64_t>(i));
    }
    seeds.insert(seeds.end(), {nothing.input(), memory.input(), none.input()});
  }
  // Requests of every kind, on memory of every kind.
  for (uint32_t code :
       {kEchoBuffered, kFillInDirect, kFillOutDirect, kLockNeither, kPendBuffered, kMapDriverMemory}) {
    for (Argument kind : {kShared, kPrivate, kReadOnly}) {
      Script script;
      script.Open().Control(code, kind, 0x1800).Answers({0, 0, 0, 0});
      script.Control(code, kind, 16).Answers({1});
      script.Call(transport::kNtClose, 1).Stored(kHandle);
      seeds.push_back(script.input());
    }
  }
  Script both;
  both.Open().Control(kPendBuffered, kShared, 64, kCallAside);
  both.Call(transport::kNtCancelIoFile, 2, kCall, 1).Stored(kHandle).At(kIoStatus);
  seeds.push_back(both.input());
  // Objects, threads, memory.
  for (uint32_t create :
       {transport::kNtCreateEvent, transport::kNtCreateMutant, transport::kNtCreateSemaphore,
        transport::kNtCreateTimer, transport::kNtCreateIoCompletion, transport::kNtCreateKey}) {
    Script script;
    script.Call(create, 7)
        .At(kHandle)
        .Word(0x1F0003)
        .At(kNamedAttributes)
        .Small(1)
        .Small(1)
        .Is(kZero)
        .Is(kZero);
    script.Call(transport::kNtQueryObject, 5)
        .Stored(kHandle)
        .Small(1)
        .At(kBuffer)
        .Word(512)
        .At(kSecondHandle);
    script.Call(transport::kNtWaitForSingleObject, 3).Stored(kHandle).Small(1).At(kNoTime);
    script.Call(transport::kNtDuplicateObject, 7)
        .Is(kThisProcess)
        .Stored(kHandle)
        .Is(kThisProcess)
        .At(kSecondHandle);
    script.Is(kZero).Is(kZero).Small(2);
    script.Call(transport::kNtClose, 1).Stored(kHandle);
    script.Call(transport::kNtClose, 1).Stored(kHandle);
    seeds.push_back(script.input());
  }
  Script memory;
  memory.Call(transport::kNtAllocateVirtualMemory, 6)
      .Is(kThisProcess)
      .At(kBase)
      .Is(kZero)
      .At(kByteCount)
      .Word(0x3000)
      .Small(4);
  memory.Answers({2, kPrivate, 0, 0, 0});
  memory.Call(transport::kNtProtectVirtualMemory, 5)
      .Is(kThisProcess)
      .At(kBase)
      .At(kByteCount)
      .Small(2)
      .At(kBuffer);
  memory.Answers({0, 0});
  memory.Call(transport::kNtFreeVirtualMemory, 4)
      .Is(kThisProcess)
      .At(kBase)
      .At(kByteCount)
      .Word(0x8000)
      .Answers({0});
  seeds.push_back(memory.input());
  Script thread;
  thread.Call(transport::kNtCreateThreadEx, 9)
      .At(kHandle)
      .Word(0x1FFFFF)
      .Is(kZero)
      .Is(kThisProcess)
      .Any(0x1000);
  thread.Is(kZero).Is(kZero).Is(kZero).At(kBuffer).Answers({0, 0});
  thread.Call(transport::kNtQueueApcThread, 5).Is(kThisThread).Any(0x1000).Is(kZero).Is(kZero).Is(kZero);
  thread.Call(transport::kNtDelayExecution, 2).Small(1).At(kNoTime).Answers({0, 12, 12, 12});
  thread.Call(transport::kNtTerminateThread, 2).Is(kThisThread).Is(kZero);
  seeds.push_back(thread.input());
  // Out of turn.
  Script scribble;
  scribble.Open().Control(kFillOutDirect, kPrivate, 4096, kCallAside);
  for (uint32_t turn = 0; turn < 7; ++turn) {
    scribble.writer().Put(StepOn(kScribble)).Put(uint16_t{0}).Put(uint8_t{4}).Put(turn);
  }
  scribble.writer()
      .Put(StepOn(kCloseChannel))
      .Put(StepOn(kScribble))
      .Put(uint16_t{0})
      .Put(uint8_t{4})
      .Put(uint32_t{1});
  seeds.push_back(scribble.input());
  return seeds;
}

}  // namespace ring3::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t byte_count) {
  using namespace ring3;
  auto& under_test = fuzz::HostUnderTest::Get();
  fuzz::LayAll();
  {
    fuzz::Application application;
    fuzz::Reader reader(data, byte_count);
    for (int steps = 0; !reader.empty() && steps < 48 && application.thread_count() == fuzz::kThreads;
         ++steps) {
      const uint8_t what = reader.Take<uint8_t>() % (fuzz::kThreads * fuzz::kStepCount);
      fuzz::Thread& thread = application.thread(what / fuzz::kStepCount);
      switch (what % fuzz::kStepCount) {
        case fuzz::kCall:
        case fuzz::kCallAside:
          if (thread.valid()) thread.Call(reader, what % fuzz::kStepCount == fuzz::kCall);
          break;
        case fuzz::kRawRequest:
          if (thread.valid()) thread.RawRequest(reader);
          break;
        case fuzz::kStore: {
          const auto offset = reader.Take<uint16_t>();
          const auto count = reader.Take<uint8_t>();
          if (offset + count <= fuzz::HostUnderTest::kSharedBytes)
            reader.TakeBytes(under_test.data() + offset, count);
          break;
        }
        case fuzz::kScribble:
          thread.Scribble(reader);
          break;
        case fuzz::kCloseChannel:
          thread.Close();
          break;
      }
      application.AnswerSocket();
    }
  }
  under_test.AwaitQuiet();
  return 0;
}
