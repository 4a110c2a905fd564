// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "ddi/io.h"
#include "ddi/mm.h"
#include "mm/client_space.h"
#include "mm/memory_test.h"
#include "mm/state.h"
#include "mm/test_client.h"
#include "mm/test_raise.h"

namespace ring3::mm {

// Two applications in processes of their own; the test runs in the context of the first.
class ClientSpaceTest : public MemoryTest {
 protected:
  void SetUp() override {
    client_ = std::make_unique<TestClient>();
    other_ = std::make_unique<TestClient>();
    MemoryTest::SetUp();
    client_->Begin();
    other_->Begin();
    client_->Attach();
  }
  void TearDown() override {
    client_->End();
    other_->End();
    EXPECT_EQ(TheState().client_window.free_count(), ClientWindow::kBlocks);
    MemoryTest::TearDown();
  }

  static void* Pointer(uintptr_t address) { return reinterpret_cast<void*>(address); }
  // An MDL over locked pages; null where that raises, with the status in `raised_`.
  PMDL Lock(uintptr_t address, ULONG byte_count, LOCK_OPERATION operation = IoModifyAccess) {
    return TryLock(address, byte_count, operation, &raised_);
  }
  // The same in any thread.
  static PMDL TryLock(uintptr_t address, ULONG byte_count, LOCK_OPERATION operation, NTSTATUS* raised) {
    PMDL mdl = IoAllocateMdl(Pointer(address), byte_count, FALSE, FALSE, nullptr);
    *raised = RaisedBy([&] { MmProbeAndLockPages(mdl, UserMode, operation); });
    if (*raised == STATUS_SUCCESS) return mdl;
    IoFreeMdl(mdl);
    return nullptr;
  }
  static volatile uint8_t* Address(PMDL mdl) {
    return static_cast<volatile uint8_t*>(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
  }
  static void Unlock(PMDL mdl) {
    MmUnlockPages(mdl);
    IoFreeMdl(mdl);
  }
  static void ExpectConsecutiveFrames(PMDL mdl, uint64_t page_count) {
    for (uint64_t i = 1; i < page_count; ++i)
      EXPECT_EQ(MmGetMdlPfnArray(mdl)[i], MmGetMdlPfnArray(mdl)[0] + i);
  }
  uint64_t Adoptions() { return client_->orders(OrderKind::kAdopt); }
  ClientAddressSpace& Space() { return static_cast<ClientAddressSpace&>(client_->space()); }

  std::unique_ptr<TestClient> client_, other_;
  NTSTATUS raised_ = STATUS_SUCCESS;
};

}  // namespace ring3::mm
