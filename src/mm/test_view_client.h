// SPDX-License-Identifier: MIT
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "mm/address_space.h"
#include "mm/client_port.h"
#include "ntstatus.h"
#include "os/mutex.h"

namespace ring3::mm {

// A child process that carries orders out, as an application's library does, and does what a test asks of it.
// Made before the test's process has other threads.
class TestViewClient final : public ClientPort {
 public:
  // What it does otherwise than it is told.
  enum Behaviour : uint64_t {
    kHonest = 0,
    kKeepsDescriptors = 1,
    kKeepsMappings = 2,
    kRefusesToMap = 4,
  };

  TestViewClient() {
    int ends[2], own_ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, own_ends) != 0) std::abort();
    std::fflush(nullptr);
    const pid_t parent = getpid();
    process_id_ = fork();
    if (process_id_ == 0) {
      DieWith(parent);
      close(ends[0]);
      close(own_ends[0]);
      Live(ends[1], own_ends[1]);
    }
    close(ends[1]);
    close(own_ends[1]);
    orders_.socket = ends[0];
    commands_.socket = own_ends[0];
  }
  ~TestViewClient() {
    close(orders_.socket);
    close(commands_.socket);
    Kill();
  }
  TestViewClient(const TestViewClient&) = delete;
  TestViewClient& operator=(const TestViewClient&) = delete;

  Result<uint64_t> Carry(const ProcessOrder& order) override {
    Message message{};
    message.command = kCarry;
    message.order = order;
    if (!Ask(orders_, &message, -1)) return STATUS_PROCESS_IS_TERMINATING;
    if (message.answer.status < 0) return NTSTATUS{message.answer.status};
    return message.answer.result;
  }
  Status SendObject(uint32_t object, int descriptor) override {
    Message message{};
    message.command = kObject;
    message.order.object = object;
    if (!Ask(orders_, &message, descriptor)) return STATUS_PROCESS_IS_TERMINATING;
    return message.answer.status;
  }

  int process_id() const { return process_id_; }
  void Kill() {
    if (process_id_ <= 0) return;
    kill(process_id_, SIGKILL);
    waitpid(process_id_, nullptr, 0);
    process_id_ = -1;
  }

  void Behave(Behaviour behaviour) { Do(kBehave, behaviour); }
  // -1: it faults.
  int Peek(uintptr_t address) { return static_cast<int>(static_cast<int64_t>(Do(kPeek, address))); }
  bool Poke(uintptr_t address, char value) { return Do(kPoke, address, static_cast<uint8_t>(value)) != 0; }
  // Whether mprotect lets it.
  bool MakeWritable(uintptr_t address) { return Do(kMakeWritable, address) != 0; }
  // Whether it can map any memory object for writing that it has a descriptor of, or write to it, opening it
  // again where that helps.
  bool CanWriteToAnyObject() { return Do(kWriteObjects) != 0; }
  // Whether some bytes in a row of any memory object that it has a descriptor of are `value`.
  bool SeesInAnyObject(char value) { return Do(kSearchObjects, static_cast<uint8_t>(value)) != 0; }
  uint64_t CountDescriptors() { return Do(kCountDescriptors); }
  // A child of its own, which has all that it has now.
  void Fork() { Do(kFork); }
  // A thread of it adds one to the word at `address` and to that at `address2` until it is stopped; returns
  // how often.
  void StartCounting(uintptr_t address, uintptr_t address2) { Do(kStart, address, address2); }
  uint64_t StopCounting() { return Do(kStop); }
  uint64_t Counted() { return Do(kCounted); }

 private:
  enum Command : uint32_t {
    kCarry,
    kObject,
    kBehave,
    kPeek,
    kPoke,
    kMakeWritable,
    kWriteObjects,
    kSearchObjects,
    kCountDescriptors,
    kFork,
    kStart,
    kStop,
    kCounted,
  };
  struct Message {
    Command command;
    ProcessOrder order;
    OrderAnswer answer;
    uint64_t argument;
    uint64_t argument2;
  };

  uint64_t Do(Command command, uint64_t argument = 0, uint64_t argument2 = 0) {
    Message message{};
    message.command = command;
    message.argument = argument;
    message.argument2 = argument2;
    return Ask(commands_, &message, -1) ? message.answer.result : 0;
  }

  // Orders are carried out by one thread of the child, a test's commands by another, which waits where the
  // application is held off.
  struct Channel {
    os::Mutex mutex;
    int socket = -1;
  };
  static bool Ask(Channel& channel, Message* message, int descriptor) {
    os::MutexGuard guard(channel.mutex);
    return Send(channel.socket, *message, descriptor) && Receive(channel.socket, message, nullptr);
  }

  static bool Send(int socket, const Message& message, int descriptor) {
    iovec part{const_cast<Message*>(&message), sizeof message};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    if (descriptor >= 0) {
      header.msg_control = control;
      header.msg_controllen = sizeof control;
      cmsghdr* item = CMSG_FIRSTHDR(&header);
      item->cmsg_level = SOL_SOCKET;
      item->cmsg_type = SCM_RIGHTS;
      item->cmsg_len = CMSG_LEN(sizeof(int));
      std::memcpy(CMSG_DATA(item), &descriptor, sizeof descriptor);
    }
    return sendmsg(socket, &header, MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof message);
  }
  static bool Receive(int socket, Message* message, int* descriptor) {
    iovec part{message, sizeof *message};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    ssize_t got;
    do {
      got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got != static_cast<ssize_t>(sizeof *message)) return false;
    cmsghdr* item = CMSG_FIRSTHDR(&header);
    if (descriptor != nullptr && item != nullptr)
      std::memcpy(descriptor, CMSG_DATA(item), sizeof *descriptor);
    return true;
  }

  // ---- In the child

  static void DieWith(pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(0);
  }

  static constexpr int kMostObjects = 256;
  static constexpr int kMostHolds = 64;
  struct Child {
    struct Object {
      uint32_t number;
      int descriptor;
    } objects[kMostObjects];
    int object_count;
    struct Hold {
      std::atomic<uintptr_t> start, end;
    } holds[kMostHolds];
    std::atomic<uint64_t> behaviour;
    // Tells ThreadSanitizer what the two serving threads do one after the other.
    std::atomic<uint64_t> steps;
    pthread_t orders, counter;
    std::atomic<bool> stop;
    std::atomic<uint64_t> counted;
    uintptr_t words[2];
  };
  static inline Child g_child;
  static inline thread_local sigjmp_buf* t_probe = nullptr;
  static inline thread_local int t_faults = 0;

  static bool IsHeld(uintptr_t address) {
    for (auto& hold : g_child.holds) {
      if (address >= hold.start && address < hold.end) return true;
    }
    return false;
  }
  static void OnFault(int, siginfo_t* info, void*) {
    const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
    if (IsHeld(address)) {
      while (IsHeld(address)) sched_yield();
      return;
    }
    // It may have been held when it was accessed.
    if (++t_faults < 100) return;
    if (t_probe == nullptr) _exit(99);
    siglongjmp(*t_probe, 1);
  }

  // Mappings are changed by the thread that carries orders out, which ThreadSanitizer takes for writing to
  // them.
  __attribute__((no_sanitize("thread"))) static void* Count(void*) {
    while (!g_child.stop.load(std::memory_order_relaxed)) {
      t_faults = 0;
      for (uintptr_t word : g_child.words)
        reinterpret_cast<std::atomic<uint64_t>*>(word)->fetch_add(1, std::memory_order_relaxed);
      g_child.counted.fetch_add(1, std::memory_order_relaxed);
    }
    return nullptr;
  }

  static OrderAnswer Answer(bool worked, uint64_t result = 0) {
    return {worked ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES, result};
  }
  static int Find(uint32_t number) {
    for (int i = 0; i < g_child.object_count; ++i) {
      if (g_child.objects[i].number == number) return i;
    }
    return -1;
  }

  static OrderAnswer CarryOut(const ProcessOrder& order) {
    auto* address = reinterpret_cast<void*>(order.address);
    const int protection = static_cast<int>(order.protection & 7);
    const int linux = ((protection & 1) != 0 ? PROT_READ : 0) | ((protection & 2) != 0 ? PROT_WRITE : 0);
    switch (order.kind) {
      case OrderKind::kReserveAt: {
        const Status status = os::ReserveAt(order.address, order.byte_count);
        return {status.status(), order.address};
      }
      case OrderKind::kReserveAnywhere: {
        // Where the test program, of which this is a copy, has nothing: as a host has nothing where its
        // applications have.
        static uintptr_t next = 0x7e10'0000'0000;
        const uintptr_t place = (next + order.alignment - 1) & ~(order.alignment - 1);
        next = place + order.byte_count;
        return Answer(os::ReserveAt(place, order.byte_count).ok(), place);
      }
      case OrderKind::kRelease:
        if ((g_child.behaviour & kKeepsMappings) == 0) munmap(address, order.byte_count);
        return Answer(true);
      case OrderKind::kDecommit:
        return EndHolds(order, os::Decommit(order.address, order.byte_count).ok());
      case OrderKind::kProtect:
        return EndHolds(order, mprotect(address, order.byte_count, linux) == 0);
      case OrderKind::kCloseObject:
        if (int i = Find(order.object); i >= 0) {
          if ((g_child.behaviour & kKeepsDescriptors) == 0) close(g_child.objects[i].descriptor);
          g_child.objects[i] = g_child.objects[--g_child.object_count];
        }
        return Answer(true);
      case OrderKind::kMapObject: {
        const int i = Find(order.object);
        if (i < 0 || (g_child.behaviour & kRefusesToMap) != 0) return Answer(false);
        // Sanitizers take it for a write.
        const long mapped = syscall(SYS_mmap, address, order.byte_count, linux, MAP_SHARED | MAP_FIXED,
                                    g_child.objects[i].descriptor, order.offset);
        return EndHolds(order, mapped != -1);
      }
      case OrderKind::kHold:
        for (auto& hold : g_child.holds) {
          if (hold.end != 0) continue;
          hold.start = order.address;
          hold.end = order.address + order.byte_count;
          return Answer(mprotect(address, order.byte_count, PROT_NONE) == 0);
        }
        return Answer(false);
      default:
        return {STATUS_NOT_SUPPORTED, 0};
    }
  }
  // A hold ends with the order that reaches its end.
  static OrderAnswer EndHolds(const ProcessOrder& order, bool worked) {
    for (auto& hold : g_child.holds) {
      if (hold.end != 0 && order.address < hold.end && order.address + order.byte_count >= hold.end)
        hold.end = 0;
    }
    return Answer(worked);
  }

  // Runs `visit` with every descriptor of a memory object, until it returns true.
  template <typename Visit>
  static bool AnyObject(Visit visit) {
    for (int descriptor = 0; descriptor < 1024; ++descriptor) {
      char path[64], link[64] = {};
      std::snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
      if (readlink(path, link, sizeof link - 1) > 0 && std::strncmp(link, "/memfd:ring3", 12) == 0 &&
          visit(descriptor, path)) {
        return true;
      }
    }
    return false;
  }
  static bool MapsWritable(int descriptor) {
    void* mapped = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (mapped != MAP_FAILED) munmap(mapped, 4096);
    return mapped != MAP_FAILED || pwrite(descriptor, "w", 1, 0) == 1;
  }

  __attribute__((no_sanitize("thread"))) static uint64_t Perform(const Message& message) {
    auto* byte = reinterpret_cast<volatile char*>(message.argument);
    switch (message.command) {
      case kBehave:
        g_child.behaviour = message.argument;
        return 0;
      case kPeek:
      case kPoke: {
        volatile uint64_t result;
        sigjmp_buf probe;
        t_faults = 0;
        if (sigsetjmp(probe, 1) == 0) {
          t_probe = &probe;
          result = message.command == kPeek ? static_cast<uint8_t>(*byte) : 1;
          if (message.command == kPoke) *byte = static_cast<char>(message.argument2);
        } else {
          result = message.command == kPeek ? ~uint64_t{0} : 0;
        }
        t_probe = nullptr;
        return result;
      }
      case kMakeWritable:
        return mprotect(reinterpret_cast<void*>(message.argument), 4096, PROT_READ | PROT_WRITE) == 0;
      case kWriteObjects:
        return AnyObject([](int descriptor, const char* path) {
          if (MapsWritable(descriptor)) return true;
          const int again = open(path, O_RDWR);
          const bool writable = again >= 0 && MapsWritable(again);
          if (again >= 0) close(again);
          return writable;
        });
      case kSearchObjects:
        return AnyObject([&](int descriptor, const char*) {
          char buffer[4096], wanted[16];
          std::memset(wanted, static_cast<int>(message.argument), sizeof wanted);
          for (off_t at = 0; pread(descriptor, buffer, sizeof buffer, at) > 0; at += sizeof buffer) {
            if (memmem(buffer, sizeof buffer, wanted, sizeof wanted) != nullptr) return true;
          }
          return false;
        });
      case kCountDescriptors: {
        uint64_t count = 0;
        AnyObject([&](int, const char*) {
          ++count;
          return false;
        });
        return count;
      }
      case kFork: {
        const pid_t parent = getpid();
        if (fork() == 0) {
          DieWith(parent);
          for (int socket : g_sockets) close(socket);
          for (;;) pause();
        }
        return 0;
      }
      case kStart:
        g_child.words[0] = message.argument;
        g_child.words[1] = message.argument2;
        g_child.stop = false;
        g_child.counted = 0;
        return pthread_create(&g_child.counter, nullptr, Count, nullptr) == 0;
      case kStop:
        g_child.stop = true;
        pthread_join(g_child.counter, nullptr);
        return g_child.counted;
      case kCounted:
        return g_child.counted;
      default:
        return 0;
    }
  }

  static inline int g_sockets[2];
  [[noreturn]] static void Live(int orders, int commands) {
    g_sockets[0] = orders;
    g_sockets[1] = commands;
    struct sigaction action = {};
    action.sa_sigaction = OnFault;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGSEGV, &action, nullptr);
    sigaction(SIGBUS, &action, nullptr);
    pthread_create(&g_child.orders, nullptr, [](void*) -> void* { return Serve(g_sockets[0]); }, nullptr);
    pthread_detach(g_child.orders);
    Serve(g_sockets[1]);
    _exit(0);
  }
  static void* Serve(int socket) {
    Message message;
    int descriptor = -1;
    while (Receive(socket, &message, &descriptor)) {
      g_child.steps.fetch_add(1);
      if (message.command == kCarry) {
        message.answer = CarryOut(message.order);
      } else if (message.command == kObject) {
        message.answer = Answer(g_child.object_count < kMostObjects);
        g_child.objects[g_child.object_count++] = {message.order.object, descriptor};
      } else {
        message.answer = {0, Perform(message)};
      }
      g_child.steps.fetch_add(1);
      if (!Send(socket, message, -1)) break;
    }
    return nullptr;
  }

  Channel orders_, commands_;
  pid_t process_id_ = -1;
};

// The part of a client's address space that views need.
class TestViewSpace final : public AddressSpace {
 public:
  explicit TestViewSpace(TestViewClient& client) : AddressSpace(Kind::kClient), client_(client) {
    views().SetClient(client, client.process_id());
  }

  bool Read(void*, uintptr_t, size_t) override { return false; }
  bool Write(uintptr_t, const void*, size_t) override { return false; }
  bool Fill(uintptr_t, uint8_t, size_t) override { return false; }
  bool Find(uintptr_t, os::Region*) override { return false; }
  bool FindOrNext(uintptr_t, os::Region*) override { return false; }
  bool FindFrames(uintptr_t, os::Region*, FrameRun*) override { return false; }
  Status ReserveAt(uintptr_t address, uint64_t byte_count) override {
    return Order({.kind = OrderKind::kReserveAt, .address = address, .byte_count = byte_count});
  }
  uintptr_t ReserveAnywhere(uint64_t byte_count, uint64_t alignment, uintptr_t limit,
                            os::Placement placement) override {
    Result<uint64_t> address = client_.Carry({.kind = OrderKind::kReserveAnywhere,
                                              .byte_count = byte_count,
                                              .placement = static_cast<uint32_t>(placement),
                                              .alignment = alignment,
                                              .limit = limit});
    return address.ok() ? *address : 0;
  }
  Status Commit(uintptr_t, uint64_t, os::Protection) override { return STATUS_NOT_SUPPORTED; }
  void Release(uintptr_t address, uint64_t byte_count) override {
    (void)Order({.kind = OrderKind::kRelease, .address = address, .byte_count = byte_count}).ok();
  }
  Result<Decommitted> Decommit(uintptr_t, uint64_t) override { return STATUS_NOT_SUPPORTED; }
  Status Protect(uintptr_t, uint64_t, os::Protection) override { return STATUS_NOT_SUPPORTED; }
  void RegisterStack(uintptr_t, uintptr_t) override {}
  void ForgetStack(uintptr_t) override {}

 private:
  Status Order(const ProcessOrder& order) {
    Result<uint64_t> answer = client_.Carry(order);
    return answer.ok() ? STATUS_SUCCESS : answer.status();
  }
  TestViewClient& client_;
};

}  // namespace ring3::mm
