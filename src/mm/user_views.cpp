// SPDX-License-Identifier: MIT
#include "mm/user_views.h"

#include <cstdio>
#include <vector>

#include "mm/address_space.h"
#include "mm/client_port.h"
#include "mm/client_views.h"
#include "mm/mdl_frames.h"
#include "mm/state.h"
#include "mm/user_window.h"
#include "ntstatus.h"
#include "os/memory.h"
#include "os/stack_trace.h"

namespace ring3::mm {
namespace {

// As Windows places user mappings.
constexpr uint64_t kGranularity = 0x10000;

}  // namespace

UserViews::UserViews(AddressSpace& space) : space_(space) {}
UserViews::~UserViews() = default;

void UserViews::SetClient(ClientPort& port, int process_id) {
  client_ = std::make_unique<ViewClient>(space_, port, process_id);
}

uintptr_t UserViews::ReserveView(uint64_t byte_count) {
  const uintptr_t last = last_unmapped_.exchange(0, std::memory_order_relaxed);
  if (last != 0 && space_.ReserveAt(last, byte_count).ok()) return last;
  return space_.ReserveAnywhere(byte_count, kGranularity, kUserLimit, os::Placement::kAnywhere);
}

Result<uintptr_t> UserViews::Reserve(uintptr_t requested, uint64_t byte_count) {
  if (requested != 0) {
    const uintptr_t address = requested & ~(kPageBytes - 1);
    if (!IsUserRange(address, byte_count)) return STATUS_INVALID_ADDRESS;
    RING3_TRY(space_.ReserveAt(address, byte_count));
    return address;
  }
  const uintptr_t address = ReserveView(byte_count);
  if (address == 0) return STATUS_INSUFFICIENT_RESOURCES;
  return address;
}

Status UserViews::MapHere(const MdlFrames& frames, uintptr_t requested, View* view, uintptr_t* address) {
  if (IsUserPfn(frames[0])) {
    // Embedded, the application's own pages cannot be mapped a second time; they are there already.
    if (!view->contiguous || requested != 0 || !view->writable) return STATUS_NOT_SUPPORTED;
    view->aliases_user = true;
    *address = UserAddressOfPfn(frames[0]);
    return STATUS_SUCCESS;
  }
  const uint64_t bytes = frames.count() * kPageBytes;
  RING3_TRY_ASSIGN(*address, Reserve(requested, bytes));
  Status status = frames.MapAt(*address, view->writable ? os::Protection::kReadWrite : os::Protection::kRead);
  if (!status.ok()) space_.Release(*address, bytes);
  return status;
}

Status UserViews::MapOwnInClient(const MdlFrames& frames, uintptr_t address, const View& view) {
  const auto protection = view.writable ? os::Protection::kReadWrite : os::Protection::kRead;
  for (uint64_t i = 0; i < frames.count();) {
    uint64_t count = frames.contiguous() ? frames.count() : 1;
    while (i + count < frames.count() && frames[i + count] == frames[i] + count) ++count;
    RING3_TRY(space_.ShowOwnFrames(address + i * kPageBytes, {frames[i], count}, protection));
    i += count;
  }
  return STATUS_SUCCESS;
}

// Not by way of the space, which would take the application's own frames for given up.
void UserViews::ReleaseInClient(uintptr_t address, const View& view) {
  ProcessOrder order{};
  order.kind = OrderKind::kRelease;
  order.address = address;
  order.byte_count = view.page_count * kPageBytes;
  const UserWindowMoment gone = UserWindowNow();
  if (client_->port().Carry(order).ok())
    ForgetUserRange(view.process, address, address + order.byte_count, gone);
}

Status UserViews::MapInClient(const MdlFrames& frames, uintptr_t requested, View* view, uintptr_t* address) {
  const uint64_t bytes = frames.count() * kPageBytes;
  if (IsClientPfn(frames[0])) {
    RING3_TRY_ASSIGN(*address, Reserve(requested, bytes));
    Status status = MapOwnInClient(frames, *address, *view);
    if (!status.ok()) ReleaseInClient(*address, *view);
    return status;
  }
  PageRuns runs;
  RING3_TRY_ASSIGN(runs, RunsOf(frames));
  RING3_TRY_ASSIGN(*address, Reserve(requested, bytes));
  // It is the application that says where.
  if (!IsUserRange(*address, bytes) || (*address & (kPageBytes - 1)) != 0)
    return STATUS_INSUFFICIENT_RESOURCES;
  auto in_client = std::make_shared<ClientView>(client_.get(), *address, frames.count(), view->writable,
                                                std::move(runs), PageRuns{});
  in_client->pages = Sorted(in_client->runs);
  RING3_TRY(TheState().client_views.Map(in_client));
  view->in_client = std::move(in_client);
  return STATUS_SUCCESS;
}

Result<uintptr_t> UserViews::Map(PEPROCESS process, PMDL mdl, uintptr_t requested, Write write,
                                 const void* mapped_by) {
  const MdlFrames frames(mdl);
  if (frames.count() == 0) return STATUS_INVALID_PARAMETER;
  View view{.process = process,
            .mdl = mdl,
            .page_count = frames.count(),
            .first_frame = frames[0],
            .contiguous = frames.contiguous(),
            .writable = write == Write::kAllowed,
            .aliases_user = false,
            .mapped_by = mapped_by,
            .in_client = nullptr};
  uintptr_t address;
  if (client_ == nullptr) {
    RING3_TRY(MapHere(frames, requested, &view, &address));
    SpinLockGuard guard(lock_);
    views_.emplace(address, view);
    return address;
  }
  if (!client_->Enter()) return STATUS_PROCESS_IS_TERMINATING;
  Status status = MapInClient(frames, requested, &view, &address);
  if (status.ok()) {
    SpinLockGuard guard(lock_);
    views_.emplace(address, view);
  }
  client_->Leave();
  if (!status.ok()) return status.status();
  return address;
}

void UserViews::Undo(uintptr_t address, const View& view) {
  if (view.aliases_user) return;
  if (view.in_client != nullptr) {
    TheState().client_views.Unmap(view.in_client);
  } else if (client_ != nullptr) {
    if (client_->Enter()) {
      ReleaseInClient(address, view);
      client_->Leave();
    }
  } else {
    MappingScope scope(TheState().shared_frames.gate());
    space_.Release(address, view.page_count * kPageBytes);
  }
  if (address % kGranularity == 0) last_unmapped_.store(address, std::memory_order_relaxed);
}

Status UserViews::Unmap(PEPROCESS process, PMDL mdl, uintptr_t address) {
  const uintptr_t page = address & ~(kPageBytes - 1);
  View view;
  {
    SpinLockGuard guard(lock_);
    auto [first, last] = views_.equal_range(page);
    while (first != last && (first->second.process != process || first->second.mdl != mdl)) ++first;
    if (first == last) return STATUS_NOT_MAPPED_VIEW;
    view = first->second;
    views_.erase(first);
  }
  Undo(page, view);
  return STATUS_SUCCESS;
}

void UserViews::UnmapAll(PEPROCESS process) {
  if (client_ != nullptr) client_->End();
  std::vector<std::pair<uintptr_t, View>> gone;
  {
    SpinLockGuard guard(lock_);
    for (auto view = views_.begin(); view != views_.end();) {
      if (view->second.process != process) {
        ++view;
        continue;
      }
      gone.emplace_back(view->first, view->second);
      view = views_.erase(view);
    }
  }
  for (const auto& [address, view] : gone) {
    if (view.in_client != nullptr) {
      TheState().client_views.Abandon(view.in_client);
    } else {
      Undo(address, view);
    }
  }
}

size_t UserViews::CountOf(PEPROCESS process) {
  SpinLockGuard guard(lock_);
  size_t count = 0;
  for (const auto& [address, view] : views_) count += view.process == process ? 1 : 0;
  return count;
}

bool UserViews::AnyOf(PMDL mdl) {
  SpinLockGuard guard(lock_);
  for (const auto& [address, view] : views_) {
    if (view.mdl == mdl) return true;
  }
  return false;
}

void UserViews::ForEach(const std::function<void(uintptr_t start, const View& view)>& visit) {
  SpinLockGuard guard(lock_);
  for (const auto& [address, view] : views_) visit(address, view);
}

bool UserViews::Find(uintptr_t address, View* view, uintptr_t* start) {
  SpinLockGuard guard(lock_);
  auto found = views_.upper_bound(address);
  if (found == views_.begin()) return false;
  --found;
  if (address >= found->first + found->second.page_count * kPageBytes || found->second.aliases_user)
    return false;
  *view = found->second;
  *start = found->first;
  return true;
}

void UserViews::Shutdown(LeakReport& leaks) {
  std::multimap<uintptr_t, View> left;
  {
    SpinLockGuard guard(lock_);
    left.swap(views_);
  }
  for (const auto& [address, view] : left) {
    char line[128];
    std::snprintf(line, sizeof line, "user mapping of %llu pages at 0x%llx, made by ",
                  static_cast<unsigned long long>(view.page_count), static_cast<unsigned long long>(address));
    leaks.Add(line + os::DescribeCaller(view.mapped_by));
    if (view.in_client != nullptr) {
      TheState().client_views.Abandon(view.in_client);
    } else if (client_ == nullptr && !view.aliases_user) {
      os::Release(address, view.page_count * kPageBytes);
    }
  }
}

}  // namespace ring3::mm
