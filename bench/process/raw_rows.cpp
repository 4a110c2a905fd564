// SPDX-License-Identifier: MIT
// What Linux and the machine need for the same: two processes, and nothing of Ring3.
#include <benchmark/benchmark.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <numeric>
#include <span>
#include <thread>

#include "process/rows.h"

namespace ring3 {
namespace {

constexpr size_t kLargeBytes = size_t{64} << 20;

// Memory of both processes. Each word has its cache line.
struct Board {
  alignas(64) std::atomic<uint32_t> ping;
  alignas(64) std::atomic<uint32_t> pong;
};
constexpr uint32_t kStop = UINT32_MAX;

void* MapShared(size_t byte_count) {
  void* const memory = mmap(nullptr, byte_count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

// The other process, which runs `body` and ends.
template <typename Body>
class Partner {
 public:
  explicit Partner(Body body) : process_(fork()) {
    if (process_ != 0) return;
    body();
    _exit(0);
  }
  ~Partner() {
    if (process_ > 0) waitpid(process_, nullptr, 0);
  }
  bool valid() const { return process_ > 0; }

 private:
  const pid_t process_;
};

void AwaitSpinning(const std::atomic<uint32_t>& word, uint32_t value) {
  while (word.load(std::memory_order_acquire) != value) __builtin_ia32_pause();
}

void SpinPingPong(benchmark::State& state) {
  auto* const board = static_cast<Board*>(MapShared(sizeof(Board)));
  if (board == nullptr) return state.SkipWithError("no memory");
  {
    const Partner partner([board] {
      for (uint32_t seen = 0;;) {
        const uint32_t now = board->ping.load(std::memory_order_acquire);
        if (now == kStop) return;
        if (now == seen) {
          __builtin_ia32_pause();
          continue;
        }
        seen = now;
        board->pong.store(now, std::memory_order_release);
      }
    });
    uint32_t count = 0;
    for (auto _ : state) {
      board->ping.store(++count, std::memory_order_release);
      AwaitSpinning(board->pong, count);
    }
    board->ping.store(kStop, std::memory_order_release);
  }
  munmap(board, sizeof(Board));
}

void Wake(std::atomic<uint32_t>& word) {
  syscall(SYS_futex, &word, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}
uint32_t AwaitAsleep(std::atomic<uint32_t>& word, uint32_t old) {
  uint32_t now;
  while ((now = word.load(std::memory_order_acquire)) == old) {
    syscall(SYS_futex, &word, FUTEX_WAIT, old, nullptr, nullptr, 0);
  }
  return now;
}
void FutexPartner(Board* board) {
  for (uint32_t seen = 0; (seen = AwaitAsleep(board->ping, seen)) != kStop;) {
    board->pong.store(seen, std::memory_order_release);
    Wake(board->pong);
  }
}
void FutexRoundTrip(Board* board, uint32_t count) {
  board->ping.store(count, std::memory_order_release);
  Wake(board->ping);
  AwaitAsleep(board->pong, count - 1);
}

void FutexPingPong(benchmark::State& state) {
  auto* const board = static_cast<Board*>(MapShared(sizeof(Board)));
  if (board == nullptr) return state.SkipWithError("no memory");
  {
    const Partner partner([board] { FutexPartner(board); });
    uint32_t count = 0;
    for (auto _ : state) FutexRoundTrip(board, ++count);
    board->ping.store(kStop, std::memory_order_release);
    Wake(board->ping);
  }
  munmap(board, sizeof(Board));
}

// As process/buffered/100B/idle has it.
void FutexPingPongIdle(benchmark::State& state) {
  auto* const board = static_cast<Board*>(MapShared(sizeof(Board)));
  if (board == nullptr) return state.SkipWithError("no memory");
  {
    const Partner partner([board] { FutexPartner(board); });
    uint32_t count = 0;
    for (auto _ : state) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      const auto start = std::chrono::steady_clock::now();
      FutexRoundTrip(board, ++count);
      state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    board->ping.store(kStop, std::memory_order_release);
    Wake(board->ping);
  }
  munmap(board, sizeof(Board));
}

void SocketPingPong(benchmark::State& state) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return state.SkipWithError("no sockets");
  {
    const Partner partner([&ends] {
      char message[100];
      close(ends[0]);
      while (recv(ends[1], message, sizeof(message), 0) > 0)
        send(ends[1], message, sizeof(message), MSG_NOSIGNAL);
    });
    close(ends[1]);
    char message[100] = {};
    for (auto _ : state) {
      if (send(ends[0], message, sizeof(message), MSG_NOSIGNAL) < 0 ||
          recv(ends[0], message, sizeof(message), 0) <= 0) {
        state.SkipWithError("the other process is gone");
        break;
      }
    }
    close(ends[0]);
  }
}

void Memcpy(benchmark::State& state) {
  auto* const memory = static_cast<char*>(MapShared(2 * kLargeBytes));
  if (memory == nullptr) return state.SkipWithError("no memory");
  std::memset(memory, 1, 2 * kLargeBytes);
  for (auto _ : state) {
    std::memcpy(memory, memory + kLargeBytes, kLargeBytes);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * kLargeBytes));
  munmap(memory, 2 * kLargeBytes);
}

// What process/adopt cannot do without: a copy into pages that Linux has yet to find.
void CopyToNewPages(benchmark::State& state) {
  auto* const memory = static_cast<char*>(MapShared(kLargeBytes));
  const int object = memfd_create("copy", MFD_CLOEXEC);
  if (memory == nullptr || object < 0) return state.SkipWithError("no memory");
  std::memset(memory, 1, kLargeBytes);
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    for (size_t done = 0; done < kLargeBytes;) {
      const ssize_t written = pwrite(object, memory + done, kLargeBytes - done, static_cast<off_t>(done));
      if (written <= 0) break;
      done += static_cast<size_t>(written);
    }
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    if (ftruncate(object, 0) != 0) break;
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * kLargeBytes));
  close(object);
  munmap(memory, kLargeBytes);
}

// As process/shared_write_read/64MiB has it, by one process.
void WriteRead(benchmark::State& state) {
  void* const memory = MapShared(kLargeBytes);
  if (memory == nullptr) return state.SkipWithError("no memory");
  std::memset(memory, 1, kLargeBytes);
  int fill = 0;
  for (auto _ : state) {
    std::memset(memory, ++fill & 0x7f, kLargeBytes);
    benchmark::ClobberMemory();
    const std::span words(static_cast<const uint64_t*>(memory), kLargeBytes / sizeof(uint64_t));
    benchmark::DoNotOptimize(std::accumulate(words.begin(), words.end(), uint64_t{0}));
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * kLargeBytes));
  munmap(memory, kLargeBytes);
}

}  // namespace

void RegisterRawProcessRows() {
  benchmark::RegisterBenchmark("raw/spin_pingpong", SpinPingPong)->UseRealTime();
  benchmark::RegisterBenchmark("raw/futex_pingpong", FutexPingPong)->UseRealTime();
  benchmark::RegisterBenchmark("raw/futex_pingpong/idle", FutexPingPongIdle)
      ->UseManualTime()
      ->Iterations(200);
  benchmark::RegisterBenchmark("raw/socket_pingpong", SocketPingPong)->UseRealTime();
  benchmark::RegisterBenchmark("raw/memcpy/64MiB", Memcpy)->UseRealTime()->Unit(benchmark::kMicrosecond);
  benchmark::RegisterBenchmark("raw/copy_to_new_pages/64MiB", CopyToNewPages)
      ->UseManualTime()
      ->Unit(benchmark::kMicrosecond);
  benchmark::RegisterBenchmark("raw/write_read/64MiB", WriteRead)
      ->UseRealTime()
      ->Unit(benchmark::kMicrosecond);
}

}  // namespace ring3
