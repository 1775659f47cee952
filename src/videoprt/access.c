/* SPDX-License-Identifier: MIT */
/* The 24 port and register accessors: the HAL's routines under the port's names. Any IRQL. */
#include "videoprt.h"

#define VP_ACCESSORS(Type, Name, NAME)                                                             \
    Type NTAPI VideoPortReadPort##Name(Type *Port)                                                 \
    {                                                                                              \
        return READ_PORT_##NAME(Port);                                                             \
    }                                                                                              \
                                                                                                   \
    VOID NTAPI VideoPortReadPortBuffer##Name(Type *Port, Type *Buffer, ULONG Count)                \
    {                                                                                              \
        READ_PORT_BUFFER_##NAME(Port, Buffer, Count);                                              \
    }                                                                                              \
                                                                                                   \
    Type NTAPI VideoPortReadRegister##Name(Type *Register)                                         \
    {                                                                                              \
        return READ_REGISTER_##NAME(Register);                                                     \
    }                                                                                              \
                                                                                                   \
    VOID NTAPI VideoPortReadRegisterBuffer##Name(Type *Register, Type *Buffer, ULONG Count)        \
    {                                                                                              \
        READ_REGISTER_BUFFER_##NAME(Register, Buffer, Count);                                      \
    }                                                                                              \
                                                                                                   \
    VOID NTAPI VideoPortWritePort##Name(Type *Port, Type Value)                                    \
    {                                                                                              \
        WRITE_PORT_##NAME(Port, Value);                                                            \
    }                                                                                              \
                                                                                                   \
    VOID NTAPI VideoPortWritePortBuffer##Name(Type *Port, Type *Buffer, ULONG Count)               \
    {                                                                                              \
        WRITE_PORT_BUFFER_##NAME(Port, Buffer, Count);                                             \
    }                                                                                              \
                                                                                                   \
    VOID NTAPI VideoPortWriteRegister##Name(Type *Register, Type Value)                            \
    {                                                                                              \
        WRITE_REGISTER_##NAME(Register, Value);                                                    \
    }                                                                                              \
                                                                                                   \
    VOID NTAPI VideoPortWriteRegisterBuffer##Name(Type *Register, Type *Buffer, ULONG Count)       \
    {                                                                                              \
        WRITE_REGISTER_BUFFER_##NAME(Register, Buffer, Count);                                     \
    }

VP_ACCESSORS(UCHAR, Uchar, UCHAR)
VP_ACCESSORS(USHORT, Ushort, USHORT)
VP_ACCESSORS(ULONG, Ulong, ULONG)
