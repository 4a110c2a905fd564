// SPDX-License-Identifier: MIT
#ifndef RING3_CONIO_H
#define RING3_CONIO_H

#include <stdio.h>

RING3_CRT_START

int _getch(void);
int _getche(void);
int _putch(int c);
int _kbhit(void);
int getch(void);
int getche(void);
int kbhit(void);

RING3_CRT_END

#define _cprintf printf
#define _cputs(text) fputs(text, stdout)

#endif
