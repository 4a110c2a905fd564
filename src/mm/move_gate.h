// SPDX-License-Identifier: MIT
#pragma once

#include "mm/gate.h"

namespace ring3::mm {

// Keeps mappings of frames as they are while frames move to another memory object. Whoever maps, unmaps or
// protects frames is inside meanwhile (MappingScope); who moves them closes the gate, waits until nobody is
// inside, and opens it again after a millisecond or so. Inside, no memory of frames may be written (pool,
// MDLs): the writer may have to wait for the mover.
class MoveGate : public Gate {
 public:
  void Enter() {
    while (!TryEnter()) WaitUntilOpen();
  }
};

// While frames stay in the memory objects that they are in. Not to be nested.
class MappingScope {
 public:
  explicit MappingScope(MoveGate& gate) : gate_(gate) { gate_.Enter(); }
  ~MappingScope() { gate_.Leave(); }
  MappingScope(const MappingScope&) = delete;
  MappingScope& operator=(const MappingScope&) = delete;

 private:
  MoveGate& gate_;
};

}  // namespace ring3::mm
