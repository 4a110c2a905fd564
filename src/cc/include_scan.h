// SPDX-License-Identifier: MIT
// Reads the user's files ahead of the preprocessor, for what a Linux file system would refuse: include names
// in another case, WPP's generated headers, files in UTF-16.
#ifndef RING3_CC_INCLUDE_SCAN_H
#define RING3_CC_INCLUDE_SCAN_H

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace ring3::cc {

struct IncludeScan {
  // What the preprocessor will ask for (absolute, lexically normal) and the file that answers.
  std::map<std::filesystem::path, std::filesystem::path> renamed;
  // The same, for files that stand in under another's name.
  std::map<std::filesystem::path, std::filesystem::path> replaced;
  // Trace headers that nobody has generated, asked for relative to these files' folders.
  std::set<std::filesystem::path> missing_trace_headers;
  // Functions declared by `begin_wpp config` comments.
  std::set<std::string> trace_functions;
};

class IncludeScanner {
 public:
  // `user_folders`: searched in order after the including file's own, and read; `sdk_folders`: searched last,
  // not read. Files that stand in for others are written to `work_folder`.
  IncludeScanner(std::vector<std::filesystem::path> user_folders,
                 std::vector<std::filesystem::path> sdk_folders, std::filesystem::path work_folder);

  void Scan(const std::filesystem::path& source);
  const IncludeScan& Result() const { return scan_; }

  // clang's virtual file system overlay for the result; empty when none is needed.
  std::string OverlayYaml(const std::filesystem::path& trace_header) const;
  // The header that stands in for every missing trace header.
  std::string TraceHeader() const;

 private:
  // `spelled` is the path by which the preprocessor knows the file: what it includes is looked for beside
  // that.
  void ScanFile(const std::filesystem::path& file, const std::filesystem::path& spelled);
  void FollowInclude(const std::filesystem::path& includer, const std::filesystem::path& includer_spelled,
                     std::string name, bool quoted);
  std::filesystem::path FindInAnyCase(const std::filesystem::path& folder, const std::filesystem::path& name);
  const std::map<std::string, std::string>& Listing(const std::filesystem::path& folder);

  std::vector<std::filesystem::path> user_folders_, sdk_folders_;
  std::filesystem::path work_folder_;
  std::set<std::pair<std::filesystem::path, std::filesystem::path>> seen_;
  std::map<std::filesystem::path, std::map<std::string, std::string>> listings_;  // lower case -> as it is
  IncludeScan scan_;
};

}  // namespace ring3::cc

#endif
