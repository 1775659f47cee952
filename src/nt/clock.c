/* SPDX-License-Identifier: MIT */
/*
 * Time, as drivers ask for it. All of it comes from the loop's clock, which is virtual in
 * deterministic mode; only the system time is the computer's in threaded mode.
 *
 * Sources: wdm/nf-wdm-kequerysystemtime, -kequeryinterrupttime, -kequerytickcount,
 * -kequeryperformancecounter, -kestallexecutionprocessor.
 */
#include "nt/kernel.h"

/* 100 ns units a clock interrupt: 15.625 ms, as on a PC. */
#define TIME_INCREMENT 156250u
/* Ticks a second of the performance counter. */
#define COUNTER_FREQUENCY 10000000

static uint64_t units_since_start(void)
{
    struct vport_nt *nt = vport_nt_get();

    return nt ? vport_loop_now(nt->loop) / 100 : 0;
}

/* Any IRQL. 100 ns since 1 January 1601, UTC. */
VOID NTAPI KeQuerySystemTime(PLARGE_INTEGER CurrentTime)
{
    struct vport_nt *nt = vport_nt_get();

    CurrentTime->QuadPart = nt ? (LONGLONG)vport_nt_system_time(nt) : 0;
}

/* Any IRQL. 100 ns since the machine was made. */
ULONGLONG NTAPI KeQueryInterruptTime(VOID)
{
    return units_since_start();
}

/* Any IRQL. Clock interrupts since the machine was made, KeQueryTimeIncrement apart. */
VOID NTAPI KeQueryTickCount(PLARGE_INTEGER TickCount)
{
    TickCount->QuadPart = (LONGLONG)(units_since_start() / TIME_INCREMENT);
}

ULONG NTAPI KeQueryTimeIncrement(VOID)
{
    return TIME_INCREMENT;
}

/* Any IRQL. */
LARGE_INTEGER NTAPI KeQueryPerformanceCounter(PLARGE_INTEGER PerformanceFrequency)
{
    LARGE_INTEGER counter = {.QuadPart = (LONGLONG)units_since_start()};

    if (PerformanceFrequency)
        PerformanceFrequency->QuadPart = COUNTER_FREQUENCY;
    return counter;
}

/*
 * Any IRQL. Lets the device work meanwhile; other processors too, unless a spin lock is held. More
 * than 50 us is allowed and unfriendly, as documented.
 */
VOID NTAPI KeStallExecutionProcessor(ULONG MicroSeconds)
{
    struct vport_cpu *cpu = vport_cpu_get();

    if (cpu)
        vport_loop_stall_to(cpu->nt->loop, cpu->spin_locks ? VPORT_LOOP_DEVICES : VPORT_LOOP_ALL,
                            (uint64_t)MicroSeconds * 1000u);
}

/* PASSIVE_LEVEL by the book. The machine's time zone is UTC. */
VOID NTAPI ExSystemTimeToLocalTime(PLARGE_INTEGER SystemTime, PLARGE_INTEGER LocalTime)
{
    *LocalTime = *SystemTime;
}

static bool is_leap(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned month_days(unsigned month, unsigned year)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month] + (month == 1 && is_leap(year));
}

/* Days since 1 January 1601, a Monday, which began a cycle of 400 years. */
static void date_of(uint64_t days, PTIME_FIELDS fields)
{
    unsigned year = 1601 + (unsigned)(days / 146097) * 400;
    unsigned month = 0;

    fields->Weekday = (CSHORT)((days + 1) % 7);
    days %= 146097;
    for (; days >= 365u + is_leap(year); year++)
        days -= 365u + is_leap(year);
    for (; days >= month_days(month, year); month++)
        days -= month_days(month, year);
    fields->Year = (CSHORT)year;
    fields->Month = (CSHORT)(month + 1);
    fields->Day = (CSHORT)(days + 1);
}

/* Any IRQL. */
VOID NTAPI RtlTimeToTimeFields(PLARGE_INTEGER Time, PTIME_FIELDS TimeFields)
{
    uint64_t milliseconds = (uint64_t)Time->QuadPart / 10000u;
    uint64_t in_day = milliseconds % 86400000u;

    date_of(milliseconds / 86400000u, TimeFields);
    TimeFields->Hour = (CSHORT)(in_day / 3600000u);
    TimeFields->Minute = (CSHORT)(in_day / 60000u % 60);
    TimeFields->Second = (CSHORT)(in_day / 1000u % 60);
    TimeFields->Milliseconds = (CSHORT)(in_day % 1000u);
}
