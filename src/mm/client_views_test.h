// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>

#include "ddi/io.h"
#include "mm/client_views.h"
#include "mm/memory_test.h"
#include "mm/state.h"
#include "mm/test_pages.h"
#include "mm/test_view_client.h"
#include "ntstatus.h"
#include "os/thread.h"

namespace ring3::mm {

// Drivers' memory in applications that are processes of their own: a and b.
class ClientViewsTest : public MemoryTest {
 protected:
  using Write = UserViews::Write;
  using Behaviour = TestViewClient::Behaviour;
  using When = TestViewClient::When;

  void SetUp() override {
    a_.emplace();
    b_.emplace();
    MemoryTest::SetUp();
    a_->Begin();
    b_->Begin();
  }
  void TearDown() override {
    a_->End();
    b_->End();
    MemoryTest::TearDown();
  }

  TestViewClient& a() { return *a_; }
  TestViewClient& b() { return *b_; }

  static UserViews& ViewsOf(TestViewClient& client) { return client.space().views(); }
  static size_t CountOfViews(TestViewClient& client) { return ViewsOf(client).CountOf(client.eprocess()); }
  static Result<uintptr_t> TryMap(TestViewClient& client, PMDL mdl, Write write = Write::kAllowed,
                                  uintptr_t at = 0) {
    return ViewsOf(client).Map(client.eprocess(), mdl, at, write, nullptr);
  }
  static uintptr_t Map(TestViewClient& client, PMDL mdl, Write write = Write::kAllowed, uintptr_t at = 0) {
    Result<uintptr_t> address = TryMap(client, mdl, write, at);
    EXPECT_TRUE(address.ok());
    return address.ok() ? *address : 0;
  }
  static Status TryUnmap(TestViewClient& client, PMDL mdl, uintptr_t address) {
    return ViewsOf(client).Unmap(client.eprocess(), mdl, address);
  }
  static void Unmap(TestViewClient& client, PMDL mdl, uintptr_t address) {
    EXPECT_TRUE(TryUnmap(client, mdl, address).ok());
  }
  // An MDL over some of the pages of another.
  static PMDL PartOf(PMDL whole, std::initializer_list<int> pages) {
    PMDL mdl = IoAllocateMdl(nullptr, static_cast<ULONG>(pages.size() * PAGE_SIZE), FALSE, FALSE, nullptr);
    PFN_NUMBER* frames = MmGetMdlPfnArray(mdl);
    for (int page : pages) *frames++ = MmGetMdlPfnArray(whole)[page];
    mdl->MdlFlags |= MDL_PAGES_LOCKED;
    return mdl;
  }
  static void FreePart(PMDL mdl) {
    mdl->MdlFlags &= ~MDL_PAGES_LOCKED;
    IoFreeMdl(mdl);
  }
  static uint64_t Word(const char* address) {
    return reinterpret_cast<const std::atomic<uint64_t>*>(address)->load();
  }
  static void WaitForCounting(TestViewClient& client) {
    while (client.Counted() < 10) os::YieldThread();
  }

 private:
  std::optional<TestViewClient> a_, b_;
};

}  // namespace ring3::mm
