# SPDX-License-Identifier: MIT
# Follows `videoport run` to the process that a driver runs in, and stops there before the driver is loaded:
#
#     gdb -x driver.gdb --args videoport run --no-sandbox --timeout 0 ./driver.so
#
# Then set breakpoints in the driver (they are pending until it is loaded) and continue.
set breakpoint pending on
set confirm off
set follow-fork-mode child
tbreak vport_run_machine
run
# An emulator that the machine starts is not to be followed.
set follow-fork-mode parent
