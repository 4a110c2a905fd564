// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace ring3 {

// What was left when the executive shut down: a line per kind of thing (pool bytes by tag, MDLs with locked
// pages, mappings, IRPs, handles, objects, threads ...). Every component adds its own in its Shutdown.
class LeakReport {
 public:
  void Add(std::string line) { lines_.push_back(std::move(line)); }
  bool empty() const { return lines_.empty(); }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

}  // namespace ring3
