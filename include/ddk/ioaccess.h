/* SPDX-License-Identifier: MIT */
/* ioaccess.h - READ_REGISTER_UCHAR and its siblings, under the name that some drivers include. */
#ifndef VPORT_DDK_IOACCESS_H
#define VPORT_DDK_IOACCESS_H

#include "wdm.h"

#endif /* VPORT_DDK_IOACCESS_H */
