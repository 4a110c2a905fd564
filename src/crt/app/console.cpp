// SPDX-License-Identifier: MIT
// <conio.h>: single keys from the terminal; from a pipe or file, single bytes.
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include "crt/app/stream.h"

namespace {

// Keys as they come, for the life of this object. No-op where standard input is no terminal.
class RawTerminal {
 public:
  explicit RawTerminal(bool echoes) {
    if (tcgetattr(STDIN_FILENO, &saved_) != 0) return;
    termios raw = saved_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | (echoes ? 0 : ECHO));
    changed_ = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
  }
  ~RawTerminal() {
    if (changed_) tcsetattr(STDIN_FILENO, TCSANOW, &saved_);
  }

 private:
  termios saved_{};
  bool changed_ = false;
};

int ReadKey(bool echoes) {
  fflush(stdout);
  const RawTerminal terminal(echoes);
  const int key = fgetc(stdin);
  return key == '\n' ? '\r' : key;
}

}  // namespace

extern "C" {

int _getch(void) {
  return ReadKey(false);
}
int _getche(void) {
  return ReadKey(true);
}
int getch(void) {
  return ReadKey(false);
}
int getche(void) {
  return ReadKey(true);
}
int _putch(int c) {
  return fputc(c, stdout);
}
int _kbhit(void) {
  const RawTerminal terminal(false);
  pollfd input{STDIN_FILENO, POLLIN, 0};
  return poll(&input, 1, 0) > 0 && (input.revents & POLLIN);
}
int kbhit(void) {
  return _kbhit();
}
}
