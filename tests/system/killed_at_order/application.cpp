// SPDX-License-Identifier: MIT
// An application that does as it is told until a certain order comes, and is killed there, or does not
// answer.
//   application SOCKET REQUEST ORDER COUNT MOMENT
// REQUEST: lock, direct or map; or offer or show, after which it says so and waits for orders of others.
// ORDER, its COUNTth: object, reserve, map, close, adopt, hold. MOMENT: before it is carried out, midway, or
// after that, unanswered; or silent: it stays and does not answer; or stopped: as by a debugger, until it is
// continued, and then it goes on to the end. It ends by itself only there, and where the order has not come.
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "../protocol_client.h"
#include "ntstatus.h"

// Controls are counted by their codes, for drivers and applications alike.
#include <ntddk.h>

#include "killed_at_order.h"

namespace {

using namespace ring3;
using transport::Channel;
using transport::Message;
using transport::MessageKind;

constexpr size_t kPage = 4096;
constexpr int64_t kMostNs = 30'000 * test::kMillisecond;

// An object that comes over the socket is no order; here it counts as one.
constexpr auto kObjectComes = static_cast<OrderKind>(~uint32_t{0});

enum class Moment { kBefore, kMidway, kAfter, kSilent, kStopped };

struct {
  OrderKind order;
  int count;
  Moment moment;
} g_end;
std::map<uint32_t, os::Descriptor> g_objects;

[[noreturn]] void Die() {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

OrderAnswer StatusOf(bool done, uint64_t result = 0) {
  return {done ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES, result};
}

bool MapAt(const ProcessOrder& order, int protection, int flags, int descriptor = -1, uint64_t offset = 0) {
  return mmap(reinterpret_cast<void*>(order.address), order.byte_count, protection, flags, descriptor,
              static_cast<off_t>(offset)) != MAP_FAILED;
}

bool MapObject(const ProcessOrder& order) {
  const auto object = g_objects.find(order.object);
  return object != g_objects.end() && MapAt(order, static_cast<int>(order.protection & 7),
                                            MAP_SHARED | MAP_FIXED, object->second.get(), order.offset);
}

// The only thread that uses the memory waits for this.
bool Adopt(const ProcessOrder& order) {
  const auto object = g_objects.find(order.object);
  return object != g_objects.end() &&
         pwrite(object->second.get(), reinterpret_cast<void*>(order.address), order.byte_count,
                static_cast<off_t>(order.offset)) == static_cast<ssize_t>(order.byte_count) &&
         MapObject(order);
}

bool Protect(const ProcessOrder& order, int protection) {
  return mprotect(reinterpret_cast<void*>(order.address), order.byte_count, protection) == 0;
}

OrderAnswer ReserveAnywhere(const ProcessOrder& order) {
  char* const range = static_cast<char*>(mmap(nullptr, order.byte_count + order.alignment, PROT_NONE,
                                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  const uint64_t address = (test::Word(range) + order.alignment - 1) & ~(order.alignment - 1);
  return StatusOf(range != MAP_FAILED, address);
}

OrderAnswer Do(const ProcessOrder& order) {
  switch (order.kind) {
    case OrderKind::kReserveAt:
      return StatusOf(
          MapAt(order, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE));
    case OrderKind::kReserveAnywhere:
      return ReserveAnywhere(order);
    case OrderKind::kRelease:
      return StatusOf(munmap(reinterpret_cast<void*>(order.address), order.byte_count) == 0);
    case OrderKind::kDecommit:
      return StatusOf(MapAt(order, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED));
    case OrderKind::kProtect:
      return StatusOf(Protect(order, static_cast<int>(order.protection & 7)));
    case OrderKind::kCloseObject:
      return StatusOf(g_objects.erase(order.object) == 1);
    case OrderKind::kMapObject:
      return StatusOf(MapObject(order));
    case OrderKind::kAdopt:
      return StatusOf(Adopt(order));
    case OrderKind::kHold:
      return StatusOf(Protect(order, PROT_NONE));
    default:
      return {STATUS_NOT_SUPPORTED, 0};
  }
}

// Part of it is done, the rest is as it is while the order is carried out.
void DoHalf(ProcessOrder order) {
  const uint64_t all = order.byte_count;
  if (order.kind == OrderKind::kAdopt) Protect(order, PROT_READ);
  order.byte_count = all / 2 / kPage * kPage;
  (void)Do(order);
}

OrderAnswer CarryOut(const ProcessOrder& order) {
  static std::mutex mutex;  // orders come over the channel and over the socket
  std::lock_guard<std::mutex> guard(mutex);
  const bool is_last = order.kind == g_end.order && --g_end.count == 0;
  if (is_last && g_end.moment == Moment::kBefore) Die();
  if (is_last && g_end.moment == Moment::kMidway) DoHalf(order);
  if (is_last && g_end.moment == Moment::kMidway) Die();
  while (is_last && g_end.moment == Moment::kSilent) pause();
  if (is_last && g_end.moment == Moment::kStopped) kill(getpid(), SIGSTOP);
  const OrderAnswer answer = Do(order);
  if (is_last && g_end.moment == Moment::kAfter) Die();
  return answer;
}

void ReadSocket(const os::LocalSocket& socket) {
  std::vector<char> bytes;
  std::vector<os::Descriptor> descriptors;
  Message message;
  while (socket.Receive(&bytes, &descriptors) == os::Received::kMessage && bytes.size() >= sizeof(message)) {
    std::memcpy(&message, bytes.data(), sizeof(message));
    if (message.kind == MessageKind::kObject) {
      const bool is_last = g_end.order == kObjectComes && --g_end.count == 0;
      if (is_last && g_end.moment == Moment::kBefore) Die();
      g_objects[message.object] = std::move(descriptors.front());
      if (is_last) Die();
      message.answer = {};
    } else {
      message.answer = CarryOut(message.order);
    }
    descriptors.clear();
    message.kind = MessageKind::kAnswer;
    (void)socket.Send(&message, sizeof(message));
  }
}

// Memory of several kinds, one behind the other: two pages that are adopted, one that is locked by a copy,
// two that are adopted.
char* MakeMemory(size_t* byte_count) {
  *byte_count = 5 * kPage;
  char* const memory =
      static_cast<char*>(mmap(nullptr, *byte_count, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  const int file = memfd_create("application", MFD_CLOEXEC);
  if (memory == MAP_FAILED || ftruncate(file, 3 * kPage) != 0) return nullptr;
  constexpr int kProtection = PROT_READ | PROT_WRITE;
  const bool mapped =
      mmap(memory, 2 * kPage, kProtection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED &&
      mmap(memory + 2 * kPage, kPage, kProtection, MAP_SHARED | MAP_FIXED, file, 0) != MAP_FAILED &&
      mmap(memory + 3 * kPage, 2 * kPage, kProtection, MAP_PRIVATE | MAP_FIXED, file, kPage) != MAP_FAILED;
  if (!mapped) return nullptr;
  std::memset(memory, 0x35, *byte_count);
  return memory;
}

constexpr struct {
  const char* name;
  OrderKind order;
} kOrders[] = {{"object", kObjectComes},       {"reserve", OrderKind::kReserveAnywhere},
               {"map", OrderKind::kMapObject}, {"close", OrderKind::kCloseObject},
               {"adopt", OrderKind::kAdopt},   {"hold", OrderKind::kHold}};

constexpr struct {
  const char* name;
  uint32_t code;
  bool waits_for_others;
} kRequests[] = {{"lock", IOCTL_LOCK, false},
                 {"direct", IOCTL_LOCK_DIRECT, false},
                 {"offer", IOCTL_OFFER, true},
                 {"map", IOCTL_MAP_TO_READ, false},
                 {"show", IOCTL_MAP_TO_READ, true}};

constexpr struct {
  const char* name;
  Moment moment;
} kMoments[] = {{"before", Moment::kBefore},
                {"midway", Moment::kMidway},
                {"after", Moment::kAfter},
                {"silent", Moment::kSilent},
                {"stopped", Moment::kStopped}};

template <typename Table>
auto* Find(Table& table, const char* name) {
  for (auto& entry : table) {
    if (std::strcmp(entry.name, name) == 0) return &entry;
  }
  std::fprintf(stderr, "application: what is %s?\n", name);
  exit(2);
}

int Fail(const char* what) {
  std::fprintf(stderr, "application: %s\n", what);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  const auto& request = *Find(kRequests, argv[2]);
  g_end.order = Find(kOrders, argv[3])->order;
  g_end.count = std::atoi(argv[4]);
  g_end.moment = Find(kMoments, argv[5])->moment;

  const os::LocalSocket socket = test::Connect(argv[1]);
  if (!socket.valid() || !test::Greet(socket)) return Fail("the host does not take it");
  const os::SharedRegion region = test::NewThread(socket);
  if (!region.valid()) return Fail("no thread");
  Channel& channel = *static_cast<Channel*>(region.data());
  if (!test::OpenDevice(channel, u"\\Device\\Ring3Test")) return Fail("the device cannot be opened");
  std::thread([&socket] { ReadSocket(socket); }).detach();

  size_t byte_count;
  char* const memory = MakeMemory(&byte_count);
  if (memory == nullptr) return Fail("no memory");
  const bool is_map = request.code == IOCTL_MAP_TO_READ;
  test::Control(channel, request.code, memory, is_map ? sizeof(void*) : byte_count);
  while (test::Await(channel, kMostNs) == transport::kOrder)
    test::Answer(channel, CarryOut(channel.order.order));
  if (g_end.moment == Moment::kStopped && channel.turn.load() == transport::kReply)
    return channel.reply.status;
  if (!request.waits_for_others || channel.turn.load() != transport::kReply || channel.reply.status != 0)
    return Fail("the order did not come");
  std::puts(request.name);
  std::fflush(stdout);
  for (;;) pause();
}
