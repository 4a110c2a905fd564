// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/ke_ntifs.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <map>
#include <memory>
#include <utility>

#include "ke/kthread.h"
#include "mm/address_space.h"
#include "mm/client_port.h"
#include "ntstatus.h"
#include "os/mutex.h"
#include "os/peer_process.h"

namespace ring3::mm {

// An application in a process of its own: forked, it carries out the orders that its port is given, and calls
// functions of the test program as it is told. To be made before mm is up, so that the child knows nothing of
// it.
class TestClient final : public ClientPort {
 public:
  using Routine = uint64_t (*)(uint64_t, uint64_t, uint64_t);

  TestClient() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    process_id_ = fork();
    if (process_id_ == 0) {
      close(ends[0]);
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      Serve(ends[1]);
    }
    close(ends[1]);
    socket_ = ends[0];
    EXPECT_TRUE(peer_.Open(process_id_).ok());
  }
  ~TestClient() {
    Detach();
    Kill();
    if (socket_ >= 0) close(socket_);
  }

  // When mm is up: gives it a process object with an address space.
  void Begin() {
    ke::InitializeProcess(&process_, nullptr, static_cast<ULONG_PTR>(process_id_));
    auto space = AddressSpace::CreateForClient(peer_, *this);
    ASSERT_TRUE(space.ok());
    SetAddressSpace(eprocess(), std::move(space).value());
  }
  // Before mm is down.
  void End() {
    Detach();
    if (process_.address_space == nullptr) return;
    TearDownAddressSpace(eprocess());
    DeleteAddressSpace(eprocess());
  }
  // The calling thread runs in the client's context from here on.
  void Attach() {
    if (previous_ == nullptr) previous_ = std::exchange(ke::CurrentThread()->process, &process_);
    attached_ = true;
  }
  void Detach() {
    if (!std::exchange(attached_, false)) return;
    ke::CurrentThread()->process = std::exchange(previous_, nullptr);
  }
  void Kill() {
    if (process_id_ == 0) return;
    kill(process_id_, SIGKILL);
    waitpid(process_id_, nullptr, 0);
    process_id_ = 0;
  }

  PEPROCESS eprocess() { return reinterpret_cast<PEPROCESS>(&process_); }
  PKPROCESS process() { return &process_; }
  AddressSpace& space() { return *process_.address_space; }
  os::PeerProcess& peer() { return peer_; }
  int process_id() const { return process_id_; }

  // Calls `routine` in the client.
  uint64_t Call(Routine routine, uint64_t first = 0, uint64_t second = 0, uint64_t third = 0) {
    Message message = {};
    message.routine = routine;
    message.arguments[0] = first;
    message.arguments[1] = second;
    message.arguments[2] = third;
    return Ask(message, -1).result;
  }

  // The client's own access to its memory.
  template <typename T>
  T Load(uintptr_t address) {
    return static_cast<T>(
        Call([](uint64_t at, uint64_t,
                uint64_t) { return static_cast<uint64_t>(*reinterpret_cast<volatile T*>(at)); },
             address));
  }
  template <typename T>
  void Store(uintptr_t address, T value) {
    Call(
        [](uint64_t at, uint64_t to, uint64_t) {
          *reinterpret_cast<volatile T*>(at) = static_cast<T>(to);
          return uint64_t{0};
        },
        address, value);
  }
  // Private memory of the client, filled with `value`, where the test program has none.
  uintptr_t Map(size_t byte_count, uint8_t value, int protection = PROT_READ | PROT_WRITE) {
    const uintptr_t wanted = next_address_;
    next_address_ += (byte_count + 0xFFFF) & ~uintptr_t{0xFFFF};
    const uint64_t address = Call(
        [](uint64_t at, uint64_t bytes, uint64_t fill_and_protection) {
          void* memory = mmap(reinterpret_cast<void*>(at), bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
          if (memory == MAP_FAILED) return uint64_t{0};
          if ((fill_and_protection & 0xFF) != 0)
            std::memset(memory, static_cast<int>(fill_and_protection & 0xFF), bytes);
          mprotect(memory, bytes, static_cast<int>(fill_and_protection >> 8));
          return reinterpret_cast<uint64_t>(memory);
        },
        wanted, byte_count, value | static_cast<uint64_t>(protection) << 8);
    EXPECT_NE(address, 0u);
    return address;
  }
  void Unmap(uintptr_t address, size_t byte_count) {
    Call([](uint64_t at, uint64_t bytes,
            uint64_t) { return static_cast<uint64_t>(munmap(reinterpret_cast<void*>(at), bytes)); },
         address, byte_count);
  }

  void Protect(uintptr_t address, size_t byte_count, int protection) {
    Call(
        [](uint64_t at, uint64_t bytes, uint64_t to) {
          return static_cast<uint64_t>(mprotect(reinterpret_cast<void*>(at), bytes, static_cast<int>(to)));
        },
        address, byte_count, static_cast<uint64_t>(protection));
  }

  // How many orders of a kind it has been given.
  uint64_t orders(OrderKind kind) const { return orders_[static_cast<size_t>(kind)].load(); }
  // Orders of the kind are answered with success and not carried out.
  void Ignore(OrderKind kind) { ignored_ |= 1u << static_cast<unsigned>(kind); }

  // ---- ClientPort
  Result<uint64_t> Carry(const ProcessOrder& order) override {
    orders_[static_cast<size_t>(order.kind)].fetch_add(1);
    if ((ignored_ >> static_cast<unsigned>(order.kind) & 1) != 0) return uint64_t{0};
    Message message = {};
    message.order = order;
    const Answer answer = Ask(message, -1);
    if (!NT_SUCCESS(answer.status)) return answer.status;
    return answer.result;
  }
  Status SendObject(uint32_t object, int descriptor) override {
    Message message = {};
    message.order.kind = OrderKind::kOpenObject;
    message.order.object = object;
    return Ask(message, descriptor).status;
  }

 private:
  struct Message {
    Routine routine;  // null: an order
    uint64_t arguments[3];
    ProcessOrder order;
  };
  struct Answer {
    NTSTATUS status;
    uint64_t result;
  };

  Answer Ask(const Message& message, int descriptor) {
    os::MutexGuard guard(mutex_);
    iovec piece = {const_cast<Message*>(&message), sizeof message};
    msghdr header = {};
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    if (descriptor >= 0) {
      header.msg_control = control;
      header.msg_controllen = sizeof control;
      cmsghdr* part = CMSG_FIRSTHDR(&header);
      part->cmsg_level = SOL_SOCKET;
      part->cmsg_type = SCM_RIGHTS;
      part->cmsg_len = CMSG_LEN(sizeof(int));
      std::memcpy(CMSG_DATA(part), &descriptor, sizeof descriptor);
    }
    Answer answer = {STATUS_PROCESS_IS_TERMINATING, 0};
    if (sendmsg(socket_, &header, MSG_NOSIGNAL) < 0) return answer;
    if (recv(socket_, &answer, sizeof answer, 0) != sizeof answer) return {STATUS_PROCESS_IS_TERMINATING, 0};
    return answer;
  }

  // ---- In the child

  static int Protection(const ProcessOrder& order) {
    const uint32_t bits = order.protection;
    return ((bits & 1) != 0 ? PROT_READ : 0) | ((bits & 2) != 0 ? PROT_WRITE : 0) |
           ((bits & 4) != 0 ? PROT_EXEC : 0);
  }

  static NTSTATUS CarryOut(const ProcessOrder& order, std::map<uint32_t, int>& objects, uint64_t* result) {
    void* address = reinterpret_cast<void*>(order.address);
    switch (order.kind) {
      case OrderKind::kReserveAt:
        return os::ReserveAt(order.address, order.byte_count);
      case OrderKind::kReserveAnywhere: {
        // Where the test program, of which this is a copy, has nothing: as a host has nothing where its
        // applications have.
        static uintptr_t next_place = 0x7e20'0000'0000;
        next_place = (next_place + order.alignment - 1) & ~(order.alignment - 1);
        *result = next_place;
        next_place += order.byte_count;
        return os::ReserveAt(*result, order.byte_count);
      }
      case OrderKind::kRelease:
        os::Release(order.address, order.byte_count);
        return STATUS_SUCCESS;
      case OrderKind::kDecommit:
        return os::Decommit(order.address, order.byte_count);
      case OrderKind::kProtect:
        return os::Protect(order.address, order.byte_count, static_cast<os::Protection>(order.protection));
      case OrderKind::kCloseObject:
        close(objects[order.object]);
        objects.erase(order.object);
        return STATUS_SUCCESS;
      case OrderKind::kAdopt:
        // There are no other threads to hold off.
        for (uint64_t done = 0; done < order.byte_count;) {
          // Not through the library: sanitizers look at what the pages hold.
          const ssize_t written = syscall(SYS_pwrite64, objects[order.object], order.address + done,
                                          order.byte_count - done, order.offset + done);
          if (written <= 0) return STATUS_UNSUCCESSFUL;
          done += static_cast<uint64_t>(written);
        }
        [[fallthrough]];
      case OrderKind::kMapObject:
        return mmap(address, order.byte_count, Protection(order), MAP_SHARED | MAP_FIXED,
                    objects[order.object], static_cast<off_t>(order.offset)) == address
                   ? STATUS_SUCCESS
                   : STATUS_INSUFFICIENT_RESOURCES;
      case OrderKind::kHold:
        return mprotect(address, order.byte_count, PROT_READ) == 0 ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
      default:
        return STATUS_NOT_SUPPORTED;
    }
  }

  [[noreturn]] static void Serve(int socket) {
    std::map<uint32_t, int> objects;
    for (;;) {
      Message message;
      iovec piece = {&message, sizeof message};
      msghdr header = {};
      header.msg_iov = &piece;
      header.msg_iovlen = 1;
      alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
      header.msg_control = control;
      header.msg_controllen = sizeof control;
      if (recvmsg(socket, &header, MSG_CMSG_CLOEXEC) != sizeof message) _exit(0);
      Answer answer = {STATUS_SUCCESS, 0};
      if (const cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr) {
        std::memcpy(&objects[message.order.object], CMSG_DATA(part), sizeof(int));
      } else if (message.routine != nullptr) {
        answer.result = message.routine(message.arguments[0], message.arguments[1], message.arguments[2]);
      } else {
        answer.status = CarryOut(message.order, objects, &answer.result);
      }
      if (send(socket, &answer, sizeof answer, MSG_NOSIGNAL) != sizeof answer) _exit(0);
    }
  }

  pid_t process_id_ = 0;
  int socket_ = -1;
  os::Mutex mutex_;
  os::PeerProcess peer_;
  _KPROCESS process_{};
  PKPROCESS previous_ = nullptr;
  bool attached_ = false;
  // Also under sanitizers nothing is there.
  uintptr_t next_address_ = 0x7af0'0000'0000;
  std::atomic<uint64_t> orders_[16] = {};
  uint32_t ignored_ = 0;
};

}  // namespace ring3::mm
