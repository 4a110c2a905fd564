// SPDX-License-Identifier: MIT
#include "os/file.h"

#include <cerrno>
#include <cstring>

#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ring3::os {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

bool WriteAll(int fd, std::string_view contents) {
  while (!contents.empty()) {
    const ssize_t written = write(fd, contents.data(), contents.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    contents.remove_prefix(static_cast<size_t>(written));
  }
  return fsync(fd) == 0;
}

}  // namespace

FileResult ReadWholeFile(const std::string& path, std::string* contents, std::string* error) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    *error = std::strerror(errno);
    return errno == ENOENT ? FileResult::kNotFound : FileResult::kFailed;
  }
  contents->clear();
  char buffer[65536];
  for (;;) {
    const ssize_t count = read(file.get(), buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      *error = std::strerror(errno);
      return FileResult::kFailed;
    }
    if (count == 0) return FileResult::kDone;
    contents->append(buffer, static_cast<size_t>(count));
  }
}

FileResult ReplaceFile(const std::string& path, std::string_view contents, std::string* error) {
  std::string temporary = path + ".XXXXXX";
  const Descriptor file(mkostemp(temporary.data(), O_CLOEXEC));
  if (file.get() < 0 || fchmod(file.get(), 0644) != 0 || !WriteAll(file.get(), contents) ||
      rename(temporary.c_str(), path.c_str()) != 0) {
    *error = std::strerror(errno);
    if (file.get() >= 0) unlink(temporary.c_str());
    return FileResult::kFailed;
  }
  return FileResult::kDone;
}

}  // namespace ring3::os
