/* SPDX-License-Identifier: MIT */
/* Structures from here on are packed to 2 bytes, until poppack.h. Not guarded: it is included again and again. */
#pragma pack(push, 2)
