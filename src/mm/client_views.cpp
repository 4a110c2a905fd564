// SPDX-License-Identifier: MIT
#include "mm/client_views.h"

#include <algorithm>
#include <deque>

#include "ke/room.h"
#include "mm/client_port.h"
#include "mm/client_space.h"
#include "mm/state.h"
#include "ntstatus.h"
#include "os/futex.h"

namespace ring3::mm {
namespace {

// A view is tried again where the object was sealed, or its pages moved, under way; in the end with others
// kept away.
constexpr int kTriesBesideOthers = 3;

uint32_t ProtectionFor(const ClientView& view) {
  return static_cast<uint32_t>(view.writable ? os::Protection::kReadWrite : os::Protection::kRead);
}

ProcessOrder OrderFor(OrderKind kind, const ClientView& view, uint64_t index, uint64_t count) {
  ProcessOrder order{};
  order.kind = kind;
  order.address = view.address + index * kPageBytes;
  order.byte_count = count * kPageBytes;
  order.protection = ProtectionFor(view);
  return order;
}

Status StatusOf(const Result<uint64_t>& answer) {
  return answer.ok() ? STATUS_SUCCESS : answer.status();
}

void Append(PageRuns* runs, const PageRun& run) {
  if (!runs->empty()) {
    PageRun& last = runs->back();
    if (last.page + last.count == run.page && last.pfn + last.count == run.pfn) {
      last.count += run.count;
      return;
    }
  }
  runs->push_back(run);
}

}  // namespace

// ---- BusyPages

bool ClientViews::BusyPages::TryTake(const PageRuns& sorted) {
  SpinLockGuard guard(lock_);
  for (const PageRuns* taken : taken_) {
    if (Overlap(*taken, sorted)) return false;
  }
  taken_.push_back(&sorted);
  return true;
}

void ClientViews::BusyPages::Take(const PageRuns& sorted) {
  for (;;) {
    const uint32_t seen = changes_.load(std::memory_order_acquire);
    if (TryTake(sorted)) return;
    os::FutexWait(changes_, seen);
  }
}

void ClientViews::BusyPages::Give(const PageRuns& sorted) {
  {
    SpinLockGuard guard(lock_);
    std::erase(taken_, &sorted);
  }
  changes_.fetch_add(1, std::memory_order_release);
  os::FutexWakeAll(changes_);
}

// ---- Which pages of a view

SharedFrames& ClientViews::Frames() {
  return TheState().shared_frames;
}

std::vector<ClientView::Piece> ClientViews::PiecesOf(const PageRuns& runs, uint64_t index) {
  std::vector<ClientView::Piece> pieces;
  for (const SharedFrames::Place& place : Frames().PlacesOf(runs)) {
    if (!pieces.empty() && pieces.back().object == place.object &&
        pieces.back().object_page + pieces.back().count == place.object_page) {
      pieces.back().count += place.run.count;
    } else {
      pieces.push_back({place.object, place.object_page, index, place.run.count});
    }
    index += place.run.count;
  }
  return pieces;
}

std::vector<ClientView::Piece> ClientViews::PiecesIn(const ClientView& view, const SharedObjectRef& object,
                                                     const PageRuns& runs) {
  std::vector<ClientView::Piece> pieces;
  uint64_t object_page = 0;
  for (const PageRun& run : runs) {
    uint64_t index = 0;
    for (const PageRun& shown : view.runs) {
      for (const PageRun& common : Common(shown, {run})) {
        pieces.push_back({object, object_page + (common.page - run.page), index + (common.page - shown.page),
                          common.count});
      }
      index += shown.count;
    }
    object_page += run.count;
  }
  return pieces;
}

std::vector<ClientViews::Range> ClientViews::RangesIn(const ClientView& view, const PageRuns& pages) {
  std::vector<Range> ranges;
  uint64_t index = 0;
  for (const PageRun& run : view.runs) {
    for (const PageRun& common : Common(run, pages)) {
      const uint64_t first = index + (common.page - run.page);
      if (!ranges.empty() && ranges.back().index + ranges.back().count == first) {
        ranges.back().count += common.count;
      } else {
        ranges.push_back({first, common.count});
      }
    }
    index += run.count;
  }
  return ranges;
}

PageRuns ClientViews::RunsIn(const ClientView& view, const Range& range) {
  PageRuns runs;
  uint64_t index = 0;
  for (const PageRun& run : view.runs) {
    const uint64_t first = std::max(index, range.index);
    const uint64_t last = std::min(index + run.count, range.index + range.count);
    if (first < last) runs.push_back({run.page + (first - index), run.pfn + (first - index), last - first});
    index += run.count;
  }
  return runs;
}

// ---- Orders

Status ClientViews::Show(const ClientViewRef& view, const std::vector<ClientView::Piece>& pieces) {
  ClientPort& port = view->client->port();
  std::vector<std::pair<const SharedObject*, uint32_t>> open;
  Status status = STATUS_SUCCESS;
  for (const ClientView::Piece& piece : pieces) {
    if (piece.object == nullptr) {
      status = STATUS_INVALID_PARAMETER;  // freed meanwhile
      break;
    }
    auto opened =
        std::ranges::find(open, piece.object.get(), &std::pair<const SharedObject*, uint32_t>::first);
    if (opened == open.end()) {
      Result<os::Descriptor> descriptor = piece.object->memory.OpenForPeer(
          view->writable ? os::PeerAccess::kReadWrite : os::PeerAccess::kRead);
      if (!descriptor.ok()) {
        status = descriptor.status();
        break;
      }
      {
        SpinLockGuard guard(lock_);
        if (std::ranges::find(view->given, piece.object) == view->given.end())
          view->given.push_back(piece.object);
      }
      const uint32_t number = view->client->NewObjectNumber();
      status = port.SendObject(number, descriptor->get());
      if (!status.ok()) break;
      opened = open.insert(open.end(), {piece.object.get(), number});
    }
    ProcessOrder order = OrderFor(OrderKind::kMapObject, *view, piece.index, piece.count);
    order.object = opened->second;
    order.offset = piece.object_page * kPageBytes;
    if (Result<uint64_t> answer = port.Carry(order); !answer.ok()) {
      status = answer.status();
      break;
    }
  }
  for (const auto& [object, number] : open) {
    ProcessOrder order{};
    order.kind = OrderKind::kCloseObject;
    order.object = number;
    (void)port.Carry(order).ok();
  }
  return status;
}

Status ClientViews::Hold(const ClientView& view, const PageRuns& pages) {
  if (!view.client->Enter()) return STATUS_SUCCESS;
  Status status = STATUS_SUCCESS;
  for (const Range& range : RangesIn(view, pages)) {
    const Result<uint64_t> held =
        view.client->port().Carry(OrderFor(OrderKind::kHold, view, range.index, range.count));
    // An application that has ended accesses nothing.
    if (!held.ok() && held.status() != STATUS_PROCESS_IS_TERMINATING) status = held.status();
  }
  view.client->Leave();
  return status;
}

void ClientViews::ShowAgain(const ClientViewRef& view, const PageRuns& pages) {
  if (!view->client->Enter()) return;
  std::vector<ClientView::Piece> before;
  {
    SpinLockGuard guard(lock_);
    before = view->pieces;
  }
  const auto has_moved = [&](const ClientView::Piece& piece) {
    return std::ranges::none_of(before, [&](const ClientView::Piece& old) {
      return old.object == piece.object && old.index <= piece.index &&
             piece.index + piece.count <= old.index + old.count &&
             old.object_page + (piece.index - old.index) == piece.object_page;
    });
  };
  for (const Range& range : RangesIn(*view, pages)) {
    const std::vector<ClientView::Piece> now = PiecesOf(RunsIn(*view, range), range.index);
    const bool moved = std::ranges::any_of(now, has_moved);
    const Status status = moved ? Show(view, now)
                                : StatusOf(view->client->port().Carry(
                                      OrderFor(OrderKind::kProtect, *view, range.index, range.count)));
    // Nothing is better than what is out of date.
    if (!status.ok())
      (void)view->client->port().Carry(OrderFor(OrderKind::kDecommit, *view, range.index, range.count)).ok();
  }
  std::vector<ClientView::Piece> after = PiecesOf(view->runs, 0);
  {
    SpinLockGuard guard(lock_);
    view->pieces.swap(after);
  }
  view->client->Leave();
}

void ClientViews::Hide(const ClientView& view, const PageRuns& pages) {
  if (!view.client->Enter()) return;
  for (const Range& range : RangesIn(view, pages)) {
    (void)view.client->port().Carry(OrderFor(OrderKind::kDecommit, view, range.index, range.count)).ok();
  }
  view.client->Leave();
}

// ---- Which objects

Status ClientViews::Regroup(const PageRuns& runs, const SharedObjectRef& from, const ClientViewRef& newcomer,
                            std::vector<SharedObjectRef>* shown) {
  SharedObjectRef to;
  RING3_TRY_ASSIGN(to, SharedObject::Create(CountOf(runs)));
  if (from == nullptr) return Frames().Move(runs, from, to, {});
  const PageRuns pages = Sorted(runs);
  std::vector<ClientViewRef> writable, read_only;
  std::vector<AddressRange> windows;
  {
    SpinLockGuard guard(lock_);
    for (const ClientViewRef& view : views_) {
      if (!Overlap(view->pages, pages)) continue;
      windows.push_back({view->address, view->page_count * kPageBytes});
      if (view->state == ClientView::State::kMapping) view->stale = true;
      if (view->state == ClientView::State::kMapped) (view->writable ? writable : read_only).push_back(view);
    }
  }
  if (newcomer != nullptr && !read_only.empty()) {
    // Who may only read gets the object sealed. Nobody waits for the newcomer's answers.
    RING3_TRY(Show(newcomer, PiecesIn(*newcomer, to, runs)));
    shown->push_back(to);
  }
  // On the way back into a room the client's memory is looked at.
  const ke::OutOfRoomScope outside(ke::CurrentThread());
  std::deque<ClientMemory::Exchange> exchanges;
  Status status = STATUS_SUCCESS;
  for (const auto* views : {&writable, &read_only}) {
    for (const ClientViewRef& view : *views) {
      exchanges.emplace_back(static_cast<ClientAddressSpace&>(view->client->space()).memory());
      if (Status held = Hold(*view, pages); !held.ok()) status = held;
    }
  }
  if (status.ok()) status = Frames().Move(runs, from, to, windows);
  // Whether they have moved or not: pages are shown where they are.
  for (const ClientViewRef& view : writable) ShowAgain(view, pages);
  if (read_only.empty()) return status;
  if (Status sealed = Frames().Seal(*to); !sealed.ok()) {
    Frames().Taint(*to);
    for (const ClientViewRef& view : read_only) Hide(*view, pages);
    return sealed;
  }
  for (const ClientViewRef& view : read_only) ShowAgain(view, pages);
  return status;
}

Status ClientViews::Prepare(const ClientViewRef& view, std::vector<SharedObjectRef>* shown) {
  struct Group {
    SharedObjectRef object;
    PageRuns runs;
  };
  std::vector<Group> groups;
  // In the view's order, so that neighbours stay neighbours; but each page once.
  const bool repeats = CountOf(view->runs) != CountOf(view->pages);
  for (const SharedFrames::Place& place : Frames().PlacesOf(repeats ? view->pages : view->runs)) {
    auto group = std::ranges::find(groups, place.object, &Group::object);
    if (group == groups.end()) group = groups.insert(groups.end(), {place.object, {}});
    Append(&group->runs, place.run);
  }
  for (const Group& group : groups) {
    if (group.object != nullptr && !Frames().IsTainted(*group.object) &&
        group.object->page_count == CountOf(group.runs) &&
        !(view->writable && Frames().IsSealed(*group.object))) {
      continue;
    }
    RING3_TRY(Regroup(group.runs, group.object, view->writable ? view : nullptr, shown));
  }
  if (view->writable) return STATUS_SUCCESS;
  for (const SharedFrames::Place& place : Frames().PlacesOf(view->pages)) {
    if (place.object != nullptr) RING3_TRY(Frames().Seal(*place.object));
  }
  return STATUS_SUCCESS;
}

// ---- Views

Status ClientViews::TryMap(const ClientViewRef& view, Others others, bool* again) {
  *again = false;
  BusyScope busy(busy_, view->pages);
  std::vector<SharedObjectRef> shown;
  RING3_TRY(Prepare(view, &shown));
  const std::vector<ClientView::Piece> pieces = PiecesOf(view->runs, 0);
  {
    SpinLockGuard guard(lock_);
    view->stale = false;
    view->pieces = pieces;
    if (std::ranges::find(views_, view) == views_.end()) views_.push_back(view);
  }
  // Whoever wants the same pages does not wait for this application's answers.
  if (others == Others::kGoOn) busy.End();
  std::vector<ClientView::Piece> left;
  for (const ClientView::Piece& piece : pieces) {
    if (std::ranges::find(shown, piece.object) == shown.end()) left.push_back(piece);
  }
  const Status status = Show(view, left);
  const bool sealed = !status.ok() && view->writable && status.status() != STATUS_PROCESS_IS_TERMINATING &&
                      std::ranges::any_of(left, [this](const auto& piece) {
                        return piece.object != nullptr && Frames().IsSealed(*piece.object);
                      });
  SpinLockGuard guard(lock_);
  *again = view->stale || sealed;
  if (status.ok() && !view->stale) view->state = ClientView::State::kMapped;
  return status;
}

Status ClientViews::Map(const ClientViewRef& view) {
  Status status = STATUS_SUCCESS;
  bool again = true;
  for (int i = 0; i < kTriesBesideOthers && again; ++i) status = TryMap(view, Others::kGoOn, &again);
  if (again) status = TryMap(view, Others::kWait, &again);
  if (status.ok()) return status;
  view->client->space().Release(view->address, view->page_count * kPageBytes);
  Remove(view);
  Revoke(view);
  return status;
}

void ClientViews::Remove(const ClientViewRef& view) {
  // Whoever maps it anew at the moment has done so.
  BusyScope busy(busy_, view->pages);
  SpinLockGuard guard(lock_);
  std::erase(views_, view);
}

void ClientViews::Unmap(const ClientViewRef& view) {
  {
    BusyScope busy(busy_, view->pages);
    SpinLockGuard guard(lock_);
    view->state = ClientView::State::kUnmapping;
  }
  view->client->space().Release(view->address, view->page_count * kPageBytes);
  Remove(view);
  Revoke(view);
}

void ClientViews::Abandon(const ClientViewRef& view) {
  Remove(view);
  Revoke(view);
}

void ClientViews::Revoke(const ClientViewRef& view) {
  for (const SharedObjectRef& object : view->given) {
    const PageRuns sorted = Sorted(Frames().PagesIn(*object));
    if (sorted.empty()) continue;
    BusyScope busy(busy_, sorted);
    const PageRuns pages = Frames().PagesIn(*object);
    if (pages.empty()) continue;
    bool same = false, others = false;
    {
      SpinLockGuard guard(lock_);
      for (const ClientViewRef& other : views_) {
        if (std::ranges::find(other->pieces, object, &ClientView::Piece::object) == other->pieces.end())
          continue;
        (other->client == view->client ? same : others) = true;
      }
    }
    if (same) continue;
    Status status = STATUS_SUCCESS;
    if (!others) {
      if (object->memory.IsHeldElsewhere()) status = Frames().Move(pages, object, nullptr, {});
    } else if (os::ProcessHoldsFile(view->client->process_id(), object->identity)) {
      status = Regroup(pages, object, nullptr, nullptr);
    }
    if (!status.ok()) Frames().Taint(*object);
  }
}

}  // namespace ring3::mm
