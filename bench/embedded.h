// SPDX-License-Identifier: MIT
#pragma once

namespace ring3 {

// This process as `ring3 run --driver ring3_bench.sys -- ring3-bench` would have it, for as long as a row
// runs.
class EmbeddedSession {
 public:
  EmbeddedSession();
  ~EmbeddedSession();
};

}  // namespace ring3
