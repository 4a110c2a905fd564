// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// Files below one directory of the host. Everything here may block: call it at PASSIVE_LEVEL, without spin
// locks.
namespace ring3::os {

enum class HostError {
  kNone,
  kNotFound,      // the last part of the name
  kPathNotFound,  // an earlier one
  kExists,
  kIsDirectory,
  kNotDirectory,
  kNotEmpty,
  kDenied,
  kReadOnlyMedia,
  kFull,
  kBadName,
  kNotFile,  // a device, pipe or socket of the host
  kFailed,
};

struct HostFileStatus {
  uint64_t device = 0;
  uint64_t index = 0;
  uint64_t byte_count = 0;
  uint64_t allocated_byte_count = 0;
  uint32_t link_count = 0;
  bool is_directory = false;
  bool is_read_only = false;  // nobody may write
  // Nanoseconds since 1970.
  int64_t created = 0;
  int64_t read = 0;
  int64_t written = 0;
  int64_t changed = 0;
};

HostError HostErrorOf(int error);

// An open file or directory of the host.
class HostFile {
 public:
  HostFile() = default;
  explicit HostFile(int descriptor) : descriptor_(descriptor) {}
  ~HostFile();
  HostFile(HostFile&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  HostFile& operator=(HostFile&& other) noexcept;

  HostError Status(HostFileStatus* status) const;
  // `*transferred` is less than asked for at the end of the file.
  HostError Read(uint64_t offset, void* buffer, size_t byte_count, size_t* transferred) const;
  HostError Write(uint64_t offset, const void* buffer, size_t byte_count, size_t* transferred) const;
  HostError SetByteCount(uint64_t byte_count) const;
  HostError Flush() const;
  // A negative time is left as it is.
  HostError SetTimes(int64_t read, int64_t written) const;
  enum class Writable { kNo, kYes };
  HostError SetWritable(Writable writable) const;
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_ = -1;
};

// Which operations the opener will ask for; attributes can always be asked for.
struct HostAccess {
  bool read = false;
  bool write = false;
};

// A directory that stands for a drive: no name, and no symbolic link met on the way, leads out of it.
class HostTree {
 public:
  // Whether two names, in UTF-8, are one for those who use the tree.
  using NamesEqual = bool (*)(std::string_view a, std::string_view b);

  HostTree() = default;
  ~HostTree();
  HostTree(const HostTree&) = delete;
  HostTree& operator=(const HostTree&) = delete;

  HostError Open(const std::string& directory, NamesEqual equal);
  void Close();
  const std::string& directory() const { return directory_; }

  // Spells `name` (parts between slashes, none of them "." or "..") as the host does: an exact match goes
  // before one by NamesEqual. kNotFound: `*path` is what a new file of that name would be called.
  HostError Find(std::string_view name, std::string* path, HostFileStatus* status) const;
  // The rest takes what Find has spelled.
  HostError OpenFile(const std::string& path, HostAccess access, HostFile* file) const;
  // kExists where there is one.
  HostError CreateFile(const std::string& path, HostAccess access, HostFile* file) const;
  HostError CreateDirectory(const std::string& path, HostFile* directory) const;
  HostError Remove(const std::string& path, bool is_directory) const;
  bool IsEmptyDirectory(const std::string& path) const;

 private:
  int OpenBelow(const std::string& path, int flags) const;
  bool FindEntry(const std::string& parent, std::string_view name, std::string* spelled) const;

  std::string directory_;
  int root_ = -1;
  NamesEqual equal_ = nullptr;
};

}  // namespace ring3::os
