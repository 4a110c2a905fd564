// SPDX-License-Identifier: MIT
// Many applications at once: copies of this program that send buffered requests until they are told to stop.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "process/device.h"
#include "process/rows.h"

namespace ring3 {
namespace {

constexpr int kMostClients = 64;
constexpr auto kWindow = std::chrono::seconds(1);

// Memory of all copies. Each counts where nobody else writes.
struct Board {
  alignas(64) std::atomic<bool> stop;
  struct alignas(64) Place {
    std::atomic<uint64_t> requests;
  } places[kMostClients];
};

Board* MapBoard(int descriptor) {
  void* const memory = mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<Board*>(memory);
}

// The copies, from their start until all have ended.
class Clients {
 public:
  explicit Clients(int count) : descriptor_(memfd_create("clients", 0)) {
    if (descriptor_ < 0 || ftruncate(descriptor_, sizeof(Board)) != 0) return;
    board_ = MapBoard(descriptor_);
    for (int i = 0; board_ != nullptr && i < count; ++i) Start(i);
  }
  ~Clients() {
    if (board_ != nullptr) board_->stop.store(true, std::memory_order_release);
    for (const pid_t process : processes_) waitpid(process, nullptr, 0);
    if (board_ != nullptr) munmap(board_, sizeof(Board));
    if (descriptor_ >= 0) close(descriptor_);
  }
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  // Waits until each has had an answer. False: one has ended instead.
  bool AwaitAll() {
    for (size_t i = 0; i < processes_.size(); ++i) {
      while (board_->places[i].requests.load(std::memory_order_relaxed) == 0) {
        if (waitpid(processes_[i], nullptr, WNOHANG) != 0) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    }
    return !processes_.empty();
  }
  uint64_t Requests() const {
    uint64_t sum = 0;
    for (const Board::Place& place : board_->places) sum += place.requests.load(std::memory_order_relaxed);
    return sum;
  }

 private:
  void Start(int place) {
    std::string arguments[] = {"ring3-process-bench", "--client", std::to_string(descriptor_),
                               std::to_string(place)};
    char* words[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(), arguments[3].data(),
                     nullptr};
    pid_t process;
    if (posix_spawn(&process, "/proc/self/exe", nullptr, nullptr, words, environ) == 0)
      processes_.push_back(process);
  }

  const int descriptor_;
  Board* board_ = nullptr;
  std::vector<pid_t> processes_;
};

// One iteration is a second; items are requests of all clients.
void ClientsAtOnce(benchmark::State& state, int count) {
  uint64_t requests = 0;
  {
    Clients clients(count);
    if (!clients.AwaitAll()) return state.SkipWithError("a client has not started");
    for (auto _ : state) {
      const uint64_t before = clients.Requests();
      const auto start = std::chrono::steady_clock::now();
      std::this_thread::sleep_for(kWindow);
      state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
      requests += clients.Requests() - before;
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(requests));
}

}  // namespace

int RunClientCopy(int descriptor, int place) {
  Board* const board = MapBoard(descriptor);
  if (board == nullptr || place < 0 || place >= kMostClients) return 2;
  Device device;
  if (!device.valid()) return 1;
  while (!board->stop.load(std::memory_order_relaxed)) {
    if (!device.BufferedRequest()) return 1;
    board->places[place].requests.fetch_add(1, std::memory_order_relaxed);
  }
  return 0;
}

void RegisterClientRows() {
  for (const int count : {1, 8, 64}) {
    benchmark::RegisterBenchmark(("process/clients/" + std::to_string(count)).c_str(), ClientsAtOnce, count)
        ->UseManualTime()
        ->Iterations(1)
        ->Unit(benchmark::kMillisecond);
  }
}

}  // namespace ring3
