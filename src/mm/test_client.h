// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/ke_ntifs.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <atomic>
#include <functional>
#include <utility>

#include "ke/kthread.h"
#include "mm/address_space.h"
#include "mm/client_port.h"
#include "mm/test_application.h"
#include "mm/test_process.h"
#include "ntstatus.h"
#include "os/peer_process.h"

namespace ring3::mm {

// An application in a process of its own: one thread of it carries out the orders that its port is given,
// another one runs what a test tells it. To be made before mm is up, so that it knows nothing of mm.
class TestClient : public TestProcess, public ClientPort {
 public:
  TestClient() : orders_thread_(*this) {
    EXPECT_TRUE(peer_.Open(id()).ok());
    Call(TestApplication::Begin);
  }
  virtual ~TestClient() { Detach(); }

  // When mm is up: gives it a process object with an address space.
  void Begin() {
    ke::InitializeProcess(&object_, nullptr, static_cast<ULONG_PTR>(id()));
    auto space = AddressSpace::CreateForClient(peer_, *this);
    ASSERT_TRUE(space.ok());
    SetAddressSpace(eprocess(), std::move(space).value());
  }
  // Before mm is down.
  void End() {
    Detach();
    if (object_.address_space == nullptr) return;
    TearDownAddressSpace(eprocess());
    DeleteAddressSpace(eprocess());
  }
  // The calling thread runs in the client's context from here on.
  void Attach() {
    if (previous_ == nullptr) previous_ = std::exchange(ke::CurrentThread()->process, &object_);
    attached_ = true;
  }
  void Detach() {
    if (!std::exchange(attached_, false)) return;
    ke::CurrentThread()->process = std::exchange(previous_, nullptr);
  }

  PEPROCESS eprocess() { return reinterpret_cast<PEPROCESS>(&object_); }
  PKPROCESS process() { return &object_; }
  AddressSpace& space() { return *object_.address_space; }

  // The client's own access to its memory.
  template <typename T>
  T Load(uintptr_t address) {
    return Call([address] { return TestApplication::Load<T>(address); });
  }
  template <typename T>
  void Store(uintptr_t address, T value) {
    Call([address, value] { TestApplication::Store<T>(address, value); });
  }
  // Private memory of the client, filled with `value`, where the test program has none.
  uintptr_t Map(size_t byte_count, uint8_t value, int protection = PROT_READ | PROT_WRITE) {
    const uintptr_t wanted = next_address_;
    next_address_ += (byte_count + 0xFFFF) & ~uintptr_t{0xFFFF};
    MapAt(wanted, byte_count, value, protection, MAP_FIXED_NOREPLACE);
    return wanted;
  }

  // How many orders of a kind it has been given.
  uint64_t orders(OrderKind kind) const { return orders_[static_cast<size_t>(kind)].load(); }
  // Orders of the kind are answered with success and not carried out.
  void Ignore(OrderKind kind) { ignored_ |= 1u << static_cast<unsigned>(kind); }
  // Runs `routine` in the host each time that an order of the kind is about to be carried out, or has been
  // and is not answered yet.
  enum class When : uint8_t { kBefore, kAfter };
  void Interrupt(When when, OrderKind kind, std::function<void()> routine) {
    interrupted_when_ = when;
    interrupted_ = kind;
    routine_ = std::move(routine);
  }

  // ---- ClientPort
  Result<uint64_t> Carry(const ProcessOrder& order) override {
    orders_[static_cast<size_t>(order.kind)].fetch_add(1);
    if ((ignored_ >> static_cast<unsigned>(order.kind) & 1) != 0) return uint64_t{0};
    RunRoutine(When::kBefore, order.kind);
    const auto answer = orders_thread_.TryCall([order] { return TestApplication::CarryOut(order); });
    if (!answer) return STATUS_PROCESS_IS_TERMINATING;
    RunRoutine(When::kAfter, order.kind);
    if (!NT_SUCCESS(answer->status)) return NTSTATUS{answer->status};
    return answer->result;
  }
  Status SendObject(uint32_t object, int descriptor) override {
    const auto sent = orders_thread_.TryCallWith(descriptor, [object](int descriptor_there) {
      TestApplication::Open(object, descriptor_there);
      return true;
    });
    return sent ? STATUS_SUCCESS : STATUS_PROCESS_IS_TERMINATING;
  }

 private:
  void RunRoutine(When when, OrderKind kind) {
    if (routine_ && when == interrupted_when_ && kind == interrupted_) routine_();
  }

  TestThread orders_thread_;
  os::PeerProcess peer_;
  _KPROCESS object_{};
  PKPROCESS previous_ = nullptr;
  bool attached_ = false;
  // Also under sanitizers nothing is there.
  uintptr_t next_address_ = 0x7af0'0000'0000;
  std::atomic<uint64_t> orders_[16] = {};
  uint32_t ignored_ = 0;
  When interrupted_when_{};
  OrderKind interrupted_{};
  std::function<void()> routine_;
};

}  // namespace ring3::mm
