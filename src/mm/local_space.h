// SPDX-License-Identifier: MIT
#pragma once

#include "mm/address_space.h"

namespace ring3::mm {

// The memory of the Linux process that the executive runs in.
class LocalAddressSpace final : public AddressSpace {
 public:
  LocalAddressSpace() : AddressSpace(Kind::kLocal) {}
  Status Initialize() { return regions_.Open(); }

  bool Read(void* destination, uintptr_t address, size_t byte_count) override;
  bool Write(uintptr_t address, const void* source, size_t byte_count) override;
  bool Fill(uintptr_t address, uint8_t value, size_t byte_count) override;
  bool Find(uintptr_t address, os::Region* region) override { return regions_.Find(address, region); }
  bool FindOrNext(uintptr_t address, os::Region* region) override {
    return regions_.FindOrNext(address, region);
  }
  bool FindFrames(uintptr_t address, os::Region* region, FrameRun* frames) override;

  Status ReserveAt(uintptr_t address, uint64_t byte_count) override;
  uintptr_t ReserveAnywhere(uint64_t byte_count, uint64_t alignment, uintptr_t limit,
                            os::Placement placement) override;
  Status Commit(uintptr_t address, uint64_t byte_count, os::Protection protection) override;
  void Release(uintptr_t address, uint64_t byte_count) override;
  Result<Decommitted> Decommit(uintptr_t address, uint64_t byte_count) override;
  Status Protect(uintptr_t address, uint64_t byte_count, os::Protection protection) override;

  void RegisterStack(uintptr_t, uintptr_t) override {}
  void ForgetStack(uintptr_t) override {}

 private:
  os::RegionMap regions_;
};

}  // namespace ring3::mm
