// Macros that C headers of the real world define: a name of ours that meets one stops compiling here, not at a user's.
// SPDX-License-Identifier: MIT
#pragma once

#define I trap from complex.h
#define small trap from windows.h
#define near trap from windows.h
#define far trap from windows.h
#define interface trap from windows.h
#define B0 trap from termios.h
#define major trap from sys_sysmacros.h
#define minor trap from sys_sysmacros.h
#define PI trap
