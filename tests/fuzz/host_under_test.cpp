// SPDX-License-Identifier: MIT
#include "host_under_test.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <thread>

#include "fuzz_driver.h"
#include "host/control_text.h"
#include "host/host.h"
#include "ke/bugcheck.h"
#include "os/clock.h"
#include "ps/process.h"
#include "ps/thread.h"
#include "ring3/executive.h"

namespace ring3::fuzz {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMostQuietTime = 20 * kSecond;
// Looking costs more than most inputs do.
constexpr uint64_t kChecksBetweenCounts = 64;

[[noreturn]] void Fail(const char* what) {
  std::fprintf(stderr, "fuzz: %s\n", what);
  std::abort();
}

void MapFixed(uint64_t address, uint64_t byte_count, int protection, int flags, int descriptor) {
  if (mmap(reinterpret_cast<void*>(address), byte_count, protection, flags | MAP_FIXED_NOREPLACE, descriptor,
           0) == MAP_FAILED) {
    Fail("memory of an application cannot be mapped");
  }
}

// The application: connects as often as it is told, and hands its end over.
[[noreturn]] void BeApplication(const os::LocalSocket& orders, const std::string& socket_path) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::vector<char> order;
  std::vector<os::Descriptor> none;
  while (orders.Receive(&order, &none) == os::Received::kMessage) {
    std::string error;
    const os::LocalSocket socket = os::LocalSocket::Connect(socket_path, &error);
    const int descriptor = socket.descriptor();
    orders.Send("", 1, &descriptor, socket.valid() ? 1 : 0);
  }
  _exit(0);
}

// A process of one thread that makes applications: the host may end one.
[[noreturn]] void BeNursery(const os::LocalSocket& orders, const std::string& folder,
                            const std::string& socket_path, int shared) {
  using Host = HostUnderTest;
  MapFixed(Host::kSharedAddress, Host::kSharedBytes, PROT_READ | PROT_WRITE, MAP_SHARED, shared);
  MapFixed(Host::kPrivateAddress, Host::kPrivateBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
           -1);
  std::memset(reinterpret_cast<void*>(Host::kPrivateAddress), 0x77, Host::kPrivateBytes);
  MapFixed(Host::kReadOnlyAddress, Host::kReadOnlyBytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  MapFixed(Host::kNoAccessAddress, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  os::LocalSocket ours, theirs;
  std::vector<char> order;
  std::vector<os::Descriptor> descriptors;
  while (orders.Receive(&order, &descriptors) == os::Received::kMessage) {
    for (;;) {
      descriptors.clear();
      if (ours.valid() && ours.Send("", 1) && ours.Receive(&order, &descriptors) == os::Received::kMessage)
        break;
      while (waitpid(-1, nullptr, WNOHANG) > 0) {
      }
      if (!os::LocalSocket::MakePair(&ours, &theirs)) _exit(1);
      const pid_t child = fork();
      if (child == 0) {
        ours.Close();
        BeApplication(theirs, socket_path);
      }
      theirs.Close();
      if (child < 0) _exit(1);
    }
    const int descriptor = descriptors.empty() ? -1 : descriptors.front().get();
    orders.Send("", 1, &descriptor, descriptors.size());
    descriptors.clear();
  }
  // The fuzzer is gone, one way or the other.
  std::filesystem::remove_all(folder);
  _exit(0);
}

}  // namespace

HostUnderTest& HostUnderTest::Get() {
  static HostUnderTest* const host = new HostUnderTest;
  return *host;
}

HostUnderTest::HostUnderTest() {
  char folder[] = "/tmp/ring3-fuzz-XXXXXX";
  if (mkdtemp(folder) == nullptr) Fail("no folder can be made");
  folder_ = folder;
  socket_path_ = folder_ + "/host.sock";
  const os::Descriptor shared(memfd_create("application", MFD_CLOEXEC));
  if (ftruncate(shared.get(), kSharedBytes) != 0) Fail("no memory");
  data_ =
      static_cast<uint8_t*>(mmap(nullptr, kSharedBytes, PROT_READ | PROT_WRITE, MAP_SHARED, shared.get(), 0));

  // Before there is a second thread.
  os::LocalSocket theirs;
  if (!os::LocalSocket::MakePair(&nursery_, &theirs)) Fail("no sockets");
  if (fork() == 0) {
    nursery_.Close();
    BeNursery(theirs, folder_, socket_path_, shared.get());
  }
  theirs.Close();

  if (!os::LocalSocket::MakePair(&starter_, &theirs)) Fail("no sockets");
  static const char* const kNoDrivers[] = {nullptr};
  static const std::string s_socket_path = socket_path_;
  Ring3HostOptions options = {};
  options.name = "fuzz";
  options.socket_path = s_socket_path.c_str();
  options.starter_descriptor = dup(theirs.descriptor());
  options.drivers = kNoDrivers;
  options.registry_file = "";
  options.system_drive_directory = "";
  server_ = std::make_unique<host::Server>(options);
  theirs.Close();
  std::thread([this] {
    server_->Run();
    Fail("the host has stopped");
  }).detach();
  std::string ready;
  if (!host::ReceiveControlText(starter_, &ready)) Fail("the host did not come up");
  ke::SetBugCheckObserver([](const ke::BugCheck&, const char* report) {
    std::fputs(report, stderr);
    Fail("a bug check");
  });
  if (server_->executive().LoadDriver(FuzzDriverEntry, "Fuzz") < 0) Fail("the driver cannot be loaded");
  ps::DetachThread(0);
}

os::LocalSocket HostUnderTest::Connect() {
  std::vector<char> answer;
  std::vector<os::Descriptor> descriptors;
  if (!nursery_.Send("", 1) || nursery_.Receive(&answer, &descriptors) != os::Received::kMessage)
    Fail("no application");
  return descriptors.empty() ? os::LocalSocket() : os::LocalSocket(std::move(descriptors.front()));
}

std::multiset<std::string> HostUnderTest::OpenDescriptors() const {
  std::multiset<std::string> open;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::string what = std::filesystem::read_symlink(entry.path(), gone).string();
    // The sanitizer's, to its symbolizer.
    if (what.starts_with("pipe:")) continue;
    // Numbers of sockets and processes tell nothing.
    open.insert(what.substr(0, what.find('[')));
  }
  return open;
}

void HostUnderTest::AwaitQuiet() {
  const int64_t deadline = os::MonotonicNs() + kMostQuietTime;
  const auto pause = [deadline](const char* what) {
    if (os::MonotonicNs() > deadline) Fail(what);
    const timespec moment = {0, 20'000};
    nanosleep(&moment, nullptr);
  };
  while (!server_->Clients().empty()) pause("an application is never run down");
  // The system's own stays.
  while (ps::AllProcesses().size() > 1) pause("a process object is left");
  if (checks_++ % kChecksBetweenCounts != 0) return;
  if (checks_ == 1) {
    descriptors_ = OpenDescriptors();
    return;
  }
  // A connection that never became an application goes in its own time.
  for (;;) {
    const std::multiset<std::string> open = OpenDescriptors();
    if (open.size() <= descriptors_.size()) return;
    if (os::MonotonicNs() <= deadline) {
      pause("");
      continue;
    }
    for (const std::string& what : open) {
      if (open.count(what) > descriptors_.count(what)) std::fprintf(stderr, "%s\n", what.c_str());
    }
    Fail("descriptors are left");
  }
}

}  // namespace ring3::fuzz
