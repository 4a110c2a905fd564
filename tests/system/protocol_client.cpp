// SPDX-License-Identifier: MIT
#include "protocol_client.h"

#include <cstring>
#include <vector>

#include "os/clock.h"
#include "os/futex.h"
#include "os/process.h"

namespace ring3::test {
namespace {

using os::LocalSocket;
using transport::Channel;
using transport::Message;
using transport::MessageKind;

UNICODE_STRING g_device_name;

bool Receive(const LocalSocket& socket, MessageKind kind, os::Descriptor* descriptor) {
  std::vector<char> bytes;
  std::vector<os::Descriptor> descriptors;
  Message message;
  if (socket.Receive(&bytes, &descriptors) != os::Received::kMessage || bytes.size() < sizeof(message))
    return false;
  std::memcpy(&message, bytes.data(), sizeof(message));
  if (descriptor != nullptr && !descriptors.empty()) *descriptor = std::move(descriptors.front());
  return message.kind == kind && message.status >= 0;
}

void HandOver(Channel& channel, transport::Turn turn) {
  channel.client_sleeps.store(1);
  channel.turn.store(turn);
  os::FutexWakeShared(channel.turn);
}

}  // namespace

Device g_device;
OBJECT_ATTRIBUTES g_device_attributes = {sizeof(g_device_attributes), nullptr, &g_device_name,
                                         OBJ_CASE_INSENSITIVE,        nullptr, nullptr};

LocalSocket Connect(const std::string& socket_path) {
  std::string error;
  return LocalSocket::Connect(socket_path, &error);
}

bool Greet(const LocalSocket& socket) {
  os::LetInspect(socket.Peer().process_id);
  constexpr char kImage[] = "/protocol_client";
  char hello[sizeof(Message) + sizeof(kImage)] = {};
  const Message head;
  std::memcpy(hello, &head, sizeof(head));
  std::memcpy(hello + sizeof(head), kImage, sizeof(kImage));
  return socket.Send(hello, sizeof(hello)) && Receive(socket, MessageKind::kWelcome, nullptr);
}

os::SharedRegion NewThread(const LocalSocket& socket) {
  Message message;
  message.kind = MessageKind::kNewThread;
  os::Descriptor descriptor;
  if (!socket.Send(&message, sizeof(message)) || !Receive(socket, MessageKind::kThread, &descriptor))
    return {};
  return os::SharedRegion::Map(descriptor, Channel::kByteCount);
}

void Ask(Channel& channel, uint32_t service, std::initializer_list<uint64_t> arguments) {
  channel.request.service = service;
  channel.request.range_count = 0;
  int count = 0;
  for (uint64_t argument : arguments) channel.request.arguments[count++] = argument;
  HandOver(channel, transport::kRequest);
}

void Answer(Channel& channel, const OrderAnswer& answer) {
  channel.answer = answer;
  HandOver(channel, transport::kAnswer);
}

transport::Turn Await(Channel& channel, int64_t most_ns) {
  const int64_t deadline = os::MonotonicNs() + most_ns;
  for (;;) {
    const uint32_t turn = channel.turn.load();
    if (turn != transport::kRequest && turn != transport::kAnswer) return static_cast<transport::Turn>(turn);
    if (os::FutexWaitShared(channel.turn, turn, deadline) == os::FutexResult::kTimedOut)
      return transport::kRequest;
  }
}

bool OpenDevice(Channel& channel, const char16_t* name) {
  const auto byte_count = static_cast<USHORT>(2 * std::char_traits<char16_t>::length(name));
  g_device_name = {byte_count, byte_count, reinterpret_cast<PWSTR>(const_cast<char16_t*>(name))};
  Ask(channel, transport::kNtCreateFile,
      {Word(&g_device.handle), GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, Word(&g_device_attributes),
       Word(&g_device.io_status), 0, 0, 0, FILE_OPEN, 0, 0, 0});
  return Await(channel, 5000 * kMillisecond) == transport::kReply && channel.reply.status >= 0;
}

void Control(Channel& channel, uint32_t code, void* output, size_t byte_count) {
  Ask(channel, transport::kNtDeviceIoControlFile,
      {Word(g_device.handle), 0, 0, 0, Word(&g_device.io_status), code, 0, 0, Word(output), byte_count});
}

}  // namespace ring3::test
