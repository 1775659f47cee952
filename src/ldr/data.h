/* SPDX-License-Identifier: MIT */
/* The variables that the kernel exports: a driver imports their addresses. */
#ifndef VPORT_LDR_DATA_H
#define VPORT_LDR_DATA_H

/* The variable's address; NULL when there is no such variable. */
void *vport_data_find(const char *name);

#endif
