// SPDX-License-Identifier: MIT
// A driver that ring3-cc has not linked: a symbol of it is nowhere.
int NobodyHasThis(void);
int DriverEntry(void) {
  return NobodyHasThis();
}
