// SPDX-License-Identifier: MIT
// Hostile applications: they speak the protocol until they are served, and then misbehave, each in a way of
// its own.
//   hostile SOCKET WAY MILLISECONDS
// The process ends by itself or is ended by the host; its exit status tells nothing.
#include <ntifs.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "../protocol_client.h"
#include "hostile.h"
#include "os/clock.h"
#include "os/futex.h"
#include "os/process.h"

namespace {

using namespace ring3;
using os::LocalSocket;
using test::Answer;
using test::Ask;
using test::Await;
using test::Control;
using test::Greet;
using test::kMillisecond;
using test::NewThread;
using test::Word;
using transport::Channel;
using transport::Message;
using transport::MessageKind;

std::string g_socket_path;
int64_t g_deadline;
thread_local std::mt19937_64 g_random{static_cast<uint64_t>(getpid())};

bool Goes() {
  return os::MonotonicNs() < g_deadline;
}
uint64_t Below(uint64_t bound) {
  return g_random() % bound;
}

alignas(4096) unsigned char g_memory[1 << 16];

LocalSocket Connect() {
  return test::Connect(g_socket_path);
}

bool OpenDevice(Channel& channel) {
  return test::OpenDevice(channel, u"\\Device\\Ring3Test");
}

uint64_t AnyArgument() {
  switch (Below(10)) {
    case 0:
      return 0;
    case 1:
      return g_random();
    case 2:
      return Word(test::g_device.handle);
    case 3:
      return Word(&test::g_device_attributes);
    case 4:
      return ~uint64_t{0} - Below(4);
    case 5:
      return Below(0x10000);
    case 6:
      return uint64_t{0x7B00'0000'0000} + (g_random() >> 24);  // the executive's
    case 7:
      return Word(&test::g_device.io_status);
    default:
      return Word(g_memory) + Below(sizeof(g_memory));
  }
}

// ---- The ways

// Requests of all kinds, while another thread writes over the channel and over what they point at.
void Scribble() {
  const LocalSocket socket = Connect();
  if (!Greet(socket)) return;
  os::SharedRegion region = NewThread(socket);
  if (!region.valid()) return;
  std::atomic<Channel*> target{static_cast<Channel*>(region.data())};
  std::atomic<bool> busy{false};
  std::vector<os::SharedRegion> kept;
  std::thread scribbler([&] {
    g_random.seed(7);
    while (Goes()) {
      busy.store(true);
      char* const bytes = reinterpret_cast<char*>(target.load());
      for (int i = 0; i < 64; ++i) {
        // The heads most of the time.
        const size_t at = Below(4) == 0 ? Below(Channel::kByteCount - 8) : Below(Channel::kDataOffset);
        const uint64_t value = Below(3) == 0 ? Below(16) : AnyArgument();
        std::memcpy(bytes + at, &value, 1 + Below(8));
      }
      if (Below(4) == 0) std::memcpy(g_memory + Below(sizeof(g_memory) - 8), &bytes, 8);
      busy.store(false);
      const timespec moment = {0, static_cast<long>(Below(50'000))};
      nanosleep(&moment, nullptr);
    }
  });
  (void)OpenDevice(*target);
  while (Goes()) {
    Channel& channel = *target;
    transport::Request request;
    request.service = static_cast<uint32_t>(Below(transport::kServiceCount + 2));
    request.range_count = static_cast<uint32_t>(Below(7));
    for (uint64_t& argument : request.arguments) argument = AnyArgument();
    for (auto& range : request.ranges) {
      range = {AnyArgument(), static_cast<uint32_t>(g_random() >> Below(64)),
               static_cast<uint32_t>(Below(0x12000)), static_cast<uint32_t>(Below(4)), 0};
    }
    std::memcpy(&channel.request, &request, sizeof(request));
    channel.turn.store(static_cast<uint32_t>(Below(20) == 0 ? Below(8) : transport::kRequest));
    os::FutexWakeShared(channel.turn);
    const transport::Turn turn = Await(channel, 5 * kMillisecond);
    if (turn == transport::kOrder) {
      Answer(channel, {static_cast<int32_t>(Below(2) == 0 ? 0 : g_random()), AnyArgument()});
    } else if ((turn == transport::kClosed || turn == transport::kRequest) && kept.size() < 500) {
      // It waits, or has ended: another one.
      os::SharedRegion next = NewThread(socket);
      if (!next.valid()) break;
      target.store(static_cast<Channel*>(next.data()));
      kept.push_back(std::move(region));
      region = std::move(next);
      if (Below(2) == 0) (void)OpenDevice(*target);
    }
  }
  scribbler.join();
}

void Garbage() {
  while (Goes()) {
    const LocalSocket socket = Connect();
    if (!socket.valid()) continue;
    if (Below(2) == 0) (void)Greet(socket);
    for (uint64_t messages = Below(20); messages != 0; --messages) {
      char bytes[4096];
      for (char& byte : bytes) byte = static_cast<char>(g_random());
      Message head;
      head.kind = static_cast<MessageKind>(Below(12));
      head.version = Below(8) == 0 ? 2 : transport::kProtocolVersion;
      head.sequence = Below(4);
      head.ticket = Below(3);
      head.stack_low = AnyArgument();
      head.stack_high = AnyArgument();
      head.answer = {static_cast<int32_t>(g_random()), g_random()};
      if (Below(4) != 0) std::memcpy(bytes, &head, sizeof(head));
      const int descriptor = socket.descriptor();
      if (socket.TrySend(bytes, Below(2) == 0 ? sizeof(head) : Below(sizeof(bytes)), &descriptor, Below(2)) !=
          os::Sent::kDone) {
        break;
      }
    }
  }
}

// Asks for threads, and answers what was not asked, without reading.
void Flood() {
  const LocalSocket socket = Connect();
  if (!Greet(socket)) return;
  Message message;
  while (Goes()) {
    message.kind = Below(2) == 0 ? MessageKind::kNewThread : MessageKind::kAnswer;
    message.stack_low = g_random();
    if (!socket.Send(&message, sizeof(message))) return;
  }
}

void ManyThreads() {
  const LocalSocket socket = Connect();
  if (!Greet(socket)) return;
  std::vector<os::SharedRegion> regions;
  while (Goes() && regions.size() < 1000) {
    os::SharedRegion region = NewThread(socket);
    if (!region.valid()) return;
    Ask(*static_cast<Channel*>(region.data()), transport::kNtDelayExecution, {0, Word(g_memory)});
    regions.push_back(std::move(region));
  }
  while (Goes()) usleep(10'000);
}

void Silent() {
  os::AllowManyDescriptors();
  std::vector<LocalSocket> sockets;
  while (Goes()) {
    LocalSocket socket = Connect();
    if (sockets.size() < 5000 && socket.valid()) {
      sockets.push_back(std::move(socket));
    } else {
      usleep(1000);
    }
  }
}

// Requests stay pending, and an application that has a place for the driver's page does not map it: others
// wait for the page.
void Stall() {
  const LocalSocket socket = Connect();
  if (!Greet(socket)) return;
  const os::SharedRegion pending = NewThread(socket), mapping = NewThread(socket);
  if (!pending.valid() || !mapping.valid()) return;
  Channel& channel = *static_cast<Channel*>(mapping.data());
  if (!OpenDevice(channel)) return;
  Control(*static_cast<Channel*>(pending.data()), IOCTL_PEND, nullptr, 0);
  std::thread aside([&socket] {
    // The object comes over the socket.
    std::vector<char> bytes;
    std::vector<os::Descriptor> descriptors;
    Message message;
    while (socket.Receive(&bytes, &descriptors) == os::Received::kMessage &&
           bytes.size() >= sizeof(message)) {
      std::memcpy(&message, bytes.data(), sizeof(message));
      message.kind = MessageKind::kAnswer;
      message.answer = {};
      (void)socket.Send(&message, sizeof(message));
    }
  });
  aside.detach();
  Control(channel, IOCTL_MAP, g_memory, sizeof(PVOID));
  while (Await(channel, 5000 * kMillisecond) == transport::kOrder) {
    const ProcessOrder order = channel.order.order;
    if (order.kind != OrderKind::kReserveAnywhere) break;
    void* const place = mmap(reinterpret_cast<void*>(uint64_t{0x2000'0000}), order.byte_count, PROT_NONE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    Answer(channel, {0, Word(place)});
  }
  while (Goes()) usleep(10'000);
}

// Obeys in words only.
void Nonsense() {
  const LocalSocket socket = Connect();
  if (!Greet(socket)) return;
  while (Goes()) {
    const os::SharedRegion region = NewThread(socket);
    if (!region.valid()) return;
    Channel& channel = *static_cast<Channel*>(region.data());
    if (!OpenDevice(channel)) return;
    std::thread aside([&socket] {
      // Orders over the socket, and the object.
      std::vector<char> bytes;
      std::vector<os::Descriptor> descriptors;
      for (int i = 0; i < 100; ++i) {
        Message message;
        if (socket.Receive(&bytes, &descriptors, LocalSocket::Wait::kDoNotWait) != os::Received::kMessage ||
            bytes.size() < sizeof(message)) {
          usleep(1000);
          continue;
        }
        std::memcpy(&message, bytes.data(), sizeof(message));
        message.kind = MessageKind::kAnswer;
        message.answer = {static_cast<int32_t>(Below(2) == 0 ? 0 : g_random()), g_random()};
        (void)socket.TrySend(&message, sizeof(message));
      }
    });
    g_random.seed(static_cast<uint64_t>(os::MonotonicNs()));
    for (int request = 0; request < 20; ++request) {
      uint64_t base = 0, byte_count = 0x10000;
      if (Below(3) == 0) {
        Control(channel, IOCTL_MAP, g_memory, sizeof(PVOID));
      } else if (Below(2) == 0) {
        Control(channel, IOCTL_FILL, g_memory, sizeof(g_memory));
      } else {
        Ask(channel, transport::kNtAllocateVirtualMemory,
            {~uint64_t{0}, Word(&base), 0, Word(&byte_count),
             Below(2) == 0 ? uint64_t{0x2000} : uint64_t{0x3000}, 4});
      }
      while (Await(channel, 20 * kMillisecond) == transport::kOrder) {
        channel.answer = {static_cast<int32_t>(Below(3) != 0 ? 0 : g_random()), AnyArgument()};
        channel.turn.store(Below(20) == 0 ? transport::kRequest : transport::kAnswer);
        os::FutexWakeShared(channel.turn);
      }
      if (channel.turn.load() != transport::kReply) break;
    }
    aside.join();
    transport::Close(channel);
  }
}

struct Way {
  const char* name;
  void (*routine)();
};
constexpr Way kWays[] = {{"scribble", Scribble},   {"garbage", Garbage}, {"flood", Flood},
                         {"threads", ManyThreads}, {"silent", Silent},   {"stall", Stall},
                         {"nonsense", Nonsense}};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  g_socket_path = argv[1];
  g_deadline = os::MonotonicNs() + atoll(argv[3]) * kMillisecond;
  for (const Way& way : kWays) {
    if (std::strcmp(way.name, argv[2]) != 0) continue;
    // The host may end one. Some come at once, one after the other until time is up.
    int count = 0;
    while (Goes()) {
      const pid_t child = fork();
      if (child < 0) return 1;
      if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        way.routine();
        _exit(0);
      }
      ++count;
      waitpid(child, nullptr, 0);
      usleep(1000);
    }
    std::printf("%s: %d processes\n", way.name, count);
    return 0;
  }
  return 2;
}
