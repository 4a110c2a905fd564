// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cerrno>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/descriptor.h"
#include "os/host_file.h"

namespace ring3::os {

namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};

using DirectoryStream = std::unique_ptr<DIR, CloseDirectory>;

// Takes the descriptor over, -1 too.
DirectoryStream Stream(int descriptor) {
  if (descriptor < 0) return nullptr;
  DirectoryStream stream(fdopendir(descriptor));
  if (stream == nullptr) close(descriptor);
  return stream;
}

int OpenFlags(HostAccess access) {
  if (!access.read && !access.write) return O_PATH | O_CLOEXEC;
  // A pipe must not wait for its other end: it is refused when its status is known.
  int flags = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  if (access.read && access.write) return flags | O_RDWR;
  return access.write ? flags | O_WRONLY : flags | O_RDONLY;
}

struct SplitPath {
  std::string parent;
  std::string last;
};
SplitPath Split(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

}  // namespace

HostTree::~HostTree() {
  Close();
}

HostError HostTree::Open(const std::string& directory, NamesEqual equal) {
  Close();
  root_ = AboveStandard(open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (root_ < 0) return HostErrorOf(errno);
  directory_ = directory;
  equal_ = equal;
  return HostError::kNone;
}

void HostTree::Close() {
  if (root_ >= 0) close(root_);
  root_ = -1;
  directory_.clear();
}

// The descriptor, or -1 and errno. The kernel keeps the way there below the root, symbolic links included.
int HostTree::OpenBelow(const std::string& path, int flags) const {
  const char* const below = path.empty() ? "." : path.c_str();
  open_how how{};
  how.flags = static_cast<uint64_t>(flags);
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  long descriptor;
  // EAGAIN: something on the way was renamed meanwhile.
  do {
    descriptor = syscall(SYS_openat2, root_, below, &how, sizeof(how));
  } while (descriptor < 0 && errno == EAGAIN);
  if (descriptor >= 0) return static_cast<int>(descriptor);
  // A sandbox may not know the call. There is nothing outside of the whole tree.
  if ((errno == ENOSYS || errno == EPERM) && directory_ == "/") return openat(root_, below, flags);
  return -1;
}

bool HostTree::FindEntry(const std::string& parent, std::string_view name, std::string* spelled) const {
  const DirectoryStream directory = Stream(OpenBelow(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory == nullptr) return false;
  while (const dirent* const entry = readdir(directory.get())) {
    if (!equal_(entry->d_name, name)) continue;
    *spelled = entry->d_name;
    return true;
  }
  return false;
}

HostError HostTree::Find(std::string_view name, std::string* path, HostFileStatus* status) const {
  path->clear();
  HostFile file(OpenBelow("", O_PATH | O_CLOEXEC));
  for (;;) {
    const HostError error = file.Status(status);
    if (name.empty()) return error;
    if (error != HostError::kNone || !status->is_directory) return HostError::kPathNotFound;
    const size_t end = std::min(name.find('/'), name.size());
    std::string part(name.substr(0, end));
    name.remove_prefix(std::min(end + 1, name.size()));
    const std::string parent = *path;
    const std::string prefix = parent.empty() ? "" : parent + "/";
    int descriptor = OpenBelow(prefix + part, O_PATH | O_CLOEXEC);
    if (descriptor < 0 && errno == ENOENT && FindEntry(parent, part, &part)) {
      descriptor = OpenBelow(prefix + part, O_PATH | O_CLOEXEC);
    }
    const int open_error = errno;
    *path = prefix + part;
    if (descriptor < 0) {
      if (open_error == ENOENT) return name.empty() ? HostError::kNotFound : HostError::kPathNotFound;
      return HostErrorOf(open_error);
    }
    file = HostFile(descriptor);
  }
}

HostError HostTree::OpenFile(const std::string& path, HostAccess access, HostFile* file) const {
  const int descriptor = OpenBelow(path, OpenFlags(access));
  if (descriptor < 0) return HostErrorOf(errno);
  *file = HostFile(descriptor);
  return HostError::kNone;
}

HostError HostTree::CreateFile(const std::string& path, HostAccess access, HostFile* file) const {
  const SplitPath split = Split(path);
  const HostFile parent(OpenBelow(split.parent, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (parent.descriptor() < 0) return HostErrorOf(errno);
  // Without data access there still has to be a file.
  access.write |= !access.read;
  const int descriptor = openat(parent.descriptor(), split.last.c_str(),
                                OpenFlags(access) | O_CREAT | O_EXCL | O_NOFOLLOW, 0666);
  if (descriptor < 0) return HostErrorOf(errno);
  *file = HostFile(descriptor);
  return HostError::kNone;
}

HostError HostTree::CreateDirectory(const std::string& path, HostFile* directory) const {
  const SplitPath split = Split(path);
  const HostFile parent(OpenBelow(split.parent, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (parent.descriptor() < 0 || mkdirat(parent.descriptor(), split.last.c_str(), 0777) != 0)
    return HostErrorOf(errno);
  return OpenFile(path, {.read = true}, directory);
}

HostError HostTree::Remove(const std::string& path, bool is_directory) const {
  const SplitPath split = Split(path);
  const HostFile parent(OpenBelow(split.parent, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (parent.descriptor() < 0) return HostErrorOf(errno);
  const int flags = is_directory ? AT_REMOVEDIR : 0;
  return unlinkat(parent.descriptor(), split.last.c_str(), flags) == 0 ? HostError::kNone
                                                                       : HostErrorOf(errno);
}

bool HostTree::IsEmptyDirectory(const std::string& path) const {
  const DirectoryStream directory = Stream(OpenBelow(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory == nullptr) return false;
  while (const dirent* const entry = readdir(directory.get())) {
    if (std::string_view(entry->d_name) != "." && std::string_view(entry->d_name) != "..") return false;
  }
  return true;
}

}  // namespace ring3::os
