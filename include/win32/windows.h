// SPDX-License-Identifier: MIT
#ifndef RING3_WINDOWS_H
#define RING3_WINDOWS_H

#if __has_include(<excpt.h>)
#include <excpt.h>
#endif
#include <stdarg.h>
#include <windef.h>
#include <winnt.h>
#include <winerror.h>
#include <winbase.h>
#include <winreg.h>
#ifndef WIN32_LEAN_AND_MEAN
#include <winioctl.h>
#endif
#ifndef NOSERVICE
#include <winsvc.h>
#endif

#endif
