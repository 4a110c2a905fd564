// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "ke/kthread.h"
#include "mm/address_space.h"
#include "mm/state.h"
#include "mm/test_driver.h"
#include "mm/test_process.h"
#include "mm/user_window.h"
#include "ntstatus.h"
#include "os/futex.h"
#include "os/peer_process.h"

namespace ring3::mm {

// The part of a client's space that the window needs, without orders. A client has one memory object, which
// the executive has mapped at `frames`, and driver memory.
class PlainClientSpace final : public AddressSpace {
 public:
  PlainClientSpace(os::PeerProcess& peer, uintptr_t frames, uint64_t object_bytes)
      : AddressSpace(Kind::kClient), peer_(peer), frames_(frames), object_bytes_(object_bytes) {}

  bool Read(void* destination, uintptr_t address, size_t byte_count) override {
    return peer_.Read(destination, address, byte_count);
  }
  bool Write(uintptr_t address, const void* source, size_t byte_count) override {
    return peer_.Write(address, source, byte_count);
  }
  size_t WritePieces(std::span<const os::PeerProcess::Piece> pieces) override {
    WaitWhileStalled();
    if (!peer_.WritePieces(pieces.data(), pieces.size())) return AddressSpace::WritePieces(pieces);
    size_t written = 0;
    for (const os::PeerProcess::Piece& piece : pieces) written += piece.byte_count;
    return written;
  }
  bool Fill(uintptr_t, uint8_t, size_t) override { return false; }
  bool Find(uintptr_t address, os::Region* region) override { return peer_.Regions().Find(address, region); }
  bool FindOrNext(uintptr_t address, os::Region* region) override {
    return peer_.Regions().FindOrNext(address, region);
  }
  bool FindFrames(uintptr_t address, os::Region* region, FrameRun* run) override {
    if (!Find(address, region)) return false;
    os::Region own;
    const uint64_t offset = region->file_offset + (address - region->start);
    bool found = false;
    if (region->shared && region->has_file && own_.Find(frames_, &own) && own.file == region->file) {
      found = offset < object_bytes_;
      *run = {ClientPfnOfAddress(frames_) + (offset >> kPageShift), (region->end - address) >> kPageShift};
    } else if (region->shared && region->has_file) {
      found = TheState().shared_frames.FindFrames(region->file, offset, run);
    }
    if (found && when_found_) when_found_();
    return found;
  }
  // Called with frames found that are not used yet.
  void WhenFramesAreFound(std::function<void()> routine) { when_found_ = std::move(routine); }
  Status ReserveAt(uintptr_t, uint64_t) override { return STATUS_NOT_SUPPORTED; }
  uintptr_t ReserveAnywhere(uint64_t, uint64_t, uintptr_t, os::Placement) override { return 0; }
  Status Commit(uintptr_t, uint64_t, os::Protection) override { return STATUS_NOT_SUPPORTED; }
  void Release(uintptr_t, uint64_t) override {}
  Result<Decommitted> Decommit(uintptr_t, uint64_t) override { return STATUS_NOT_SUPPORTED; }
  Status Protect(uintptr_t, uint64_t, os::Protection) override { return STATUS_NOT_SUPPORTED; }
  void RegisterStack(uintptr_t, uintptr_t) override {}
  void ForgetStack(uintptr_t) override {}
  // From now on pieces are not written, nor are those who try let go, who count themselves in `threads`.
  void Stall(std::atomic<int>* threads) {
    stalled_threads_ = threads;
    stalled_ = 1;
  }
  void GoOn() {
    stalled_ = 0;
    os::FutexWakeAll(stalled_);
  }
  bool OpenOwnRegions() { return own_.Open().ok(); }

 private:
  void WaitWhileStalled() {
    if (stalled_ != 0) ++*stalled_threads_;
    while (stalled_ != 0) os::FutexWait(stalled_, 1);
  }

  os::PeerProcess& peer_;
  const uintptr_t frames_;
  const uint64_t object_bytes_;
  os::RegionMap own_;
  std::function<void()> when_found_;
  std::atomic<uint32_t> stalled_{0};
  std::atomic<int>* stalled_threads_ = nullptr;
};

// A client that maps and unmaps as it is told, and what the executive keeps of it.
class WindowTestClient final : public TestProcess {
 public:
  static constexpr uint64_t kObjectBytes = 16 << 20;

  // `index`: which part of the client frames it gets.
  explicit WindowTestClient(unsigned index)
      : frames_(kClientFramesBase + index * kGiB), object_(memfd_create("client", MFD_CLOEXEC)) {
    EXPECT_EQ(ftruncate(object_.get(), kObjectBytes), 0);
    EXPECT_EQ(mmap(Frames(), kObjectBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, object_.get(), 0),
              Frames());
    EXPECT_TRUE(peer_.Open(id()).ok());
    space_ = std::make_unique<PlainClientSpace>(peer_, frames_, kObjectBytes);
    EXPECT_TRUE(space_->OpenOwnRegions());
    ke::InitializeProcess(&process_, space_.get(), 1000 + index);
    process_.is_client = true;
  }
  ~WindowTestClient() {
    DropUserWindow(eprocess());
    Kill();
    EXPECT_TRUE(os::Decommit(frames_, kObjectBytes).ok());
  }

  PKPROCESS process() { return &process_; }
  PEPROCESS eprocess() { return reinterpret_cast<PEPROCESS>(&process_); }
  PlainClientSpace& space() { return *space_; }
  std::byte* Frames() const { return reinterpret_cast<std::byte*>(frames_); }

  // Pages of its memory object, over what is there.
  void MapObject(uintptr_t address, size_t byte_count, uint64_t offset) {
    MapObject(object_.get(), address, byte_count, offset);
  }
  // Of driver memory.
  void MapObject(const SharedObject& shared, uintptr_t address, size_t byte_count) {
    Result<os::Descriptor> descriptor = shared.memory.OpenForPeer(os::PeerAccess::kReadWrite);
    ASSERT_TRUE(descriptor.ok());
    MapObject(descriptor->get(), address, byte_count, 0);
  }
  // From now on the executive has another object's pages where this client's were.
  void GiveFramesAway(int object) {
    EXPECT_EQ(mmap(Frames(), kObjectBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, object, 0),
              Frames());
  }
  int object() const { return object_.get(); }
  // The client's own access to its memory.
  template <typename T>
  T Load(uintptr_t address) {
    T value = {};
    EXPECT_TRUE(peer_.Read(&value, address, sizeof value));
    return value;
  }
  template <typename T>
  void Store(uintptr_t address, T value) {
    EXPECT_TRUE(peer_.Write(address, &value, sizeof value));
  }

  // Runs `body` as driver code in the context of the client.
  template <typename Body>
  void Drive(Body body) {
    DriveIn(&process_, body);
  }

 private:
  void MapObject(int object, uintptr_t address, size_t byte_count, uint64_t offset) {
    const auto mapped = TryCallWith(object, [=](int there) {
      const os::Descriptor descriptor(there);
      void* at = reinterpret_cast<void*>(address);
      return mmap(at, byte_count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, there,
                  static_cast<off_t>(offset)) == at;
    });
    EXPECT_TRUE(mapped.value_or(false));
  }

  const uintptr_t frames_;
  const os::Descriptor object_;
  os::PeerProcess peer_;
  std::unique_ptr<PlainClientSpace> space_;
  _KPROCESS process_ = {};
};

}  // namespace ring3::mm
