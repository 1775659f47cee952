/* SPDX-License-Identifier: MIT */
/* The miniport's values in the registry: under <service key>\Device<N>. PASSIVE_LEVEL. */
#include "videoprt.h"

#define VP_MAX_KEY 512 /* characters */

/* Opens the device's key, or makes it. */
static NTSTATUS NTAPI VpOpenKey(PVP_DEVICE Device, ACCESS_MASK Access, BOOLEAN Create, PHANDLE Key)
{
    static const WCHAR Child[] = L"\\Device";
    PUNICODE_STRING Service = &Device->Driver->RegistryPath;
    UNICODE_STRING Path, Digits;
    OBJECT_ATTRIBUTES Attributes;
    NTSTATUS Status;

    Path.MaximumLength = (USHORT)(Service->Length + sizeof(Child) + 12 * sizeof(WCHAR));
    Path.Buffer = ExAllocatePoolWithTag(PagedPool, Path.MaximumLength, VP_TAG);
    if (Path.Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(Path.Buffer, Service->Buffer, Service->Length);
    RtlCopyMemory((PUCHAR)Path.Buffer + Service->Length, Child, sizeof(Child));
    Path.Length = (USHORT)(Service->Length + sizeof(Child) - sizeof(WCHAR));
    Digits.Buffer = (PWSTR)(PVOID)((PUCHAR)Path.Buffer + Path.Length);
    Digits.Length = 0;
    Digits.MaximumLength = (USHORT)(Path.MaximumLength - Path.Length);
    Status = RtlIntegerToUnicodeString(Device->Number, 10, &Digits);
    Path.Length += Digits.Length;
    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    if (NT_SUCCESS(Status))
        Status = Create
                     ? ZwCreateKey(Key, Access, &Attributes, 0, NULL, REG_OPTION_NON_VOLATILE, NULL)
                     : ZwOpenKey(Key, Access, &Attributes);
    ExFreePoolWithTag(Path.Buffer, VP_TAG);
    return Status;
}

/* The value's data in pool; NULL if it is not there or there is no memory. */
static PKEY_VALUE_PARTIAL_INFORMATION NTAPI VpReadValue(HANDLE Key, PUNICODE_STRING Name)
{
    PKEY_VALUE_PARTIAL_INFORMATION Value;
    ULONG Length = 0;
    NTSTATUS Status = ZwQueryValueKey(Key, Name, KeyValuePartialInformation, NULL, 0, &Length);

    if ((Status != STATUS_BUFFER_TOO_SMALL && Status != STATUS_BUFFER_OVERFLOW) || Length == 0)
        return NULL;
    Value = ExAllocatePoolWithTag(PagedPool, Length, VP_TAG);
    if (Value == NULL)
        return NULL;
    Status = ZwQueryValueKey(Key, Name, KeyValuePartialInformation, Value, Length, &Length);
    if (NT_SUCCESS(Status))
        return Value;
    ExFreePoolWithTag(Value, VP_TAG);
    return NULL;
}

#define VP_MAX_FILE 0x100000 /* bytes: a font or a table, not a disk */

/* The file that a value names, read into pool of VP_MAX_FILE bytes. */
static NTSTATUS NTAPI VpReadFile(PKEY_VALUE_PARTIAL_INFORMATION Value, PVOID Data, PULONG Length)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Block;
    UNICODE_STRING Path;
    HANDLE File;
    NTSTATUS Status;

    /* With or without its end, which drivers forget to write. */
    Path.Buffer = (PWSTR)(PVOID)Value->Data;
    Path.MaximumLength = Path.Length = (USHORT)(Value->DataLength & ~1u);
    if (Path.Length > 0 && Path.Buffer[Path.Length / sizeof(WCHAR) - 1] == 0)
        Path.Length -= sizeof(WCHAR);
    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    Status = ZwCreateFile(&File, GENERIC_READ | SYNCHRONIZE, &Attributes, &Block, NULL,
                          FILE_ATTRIBUTE_NORMAL, FILE_SHARE_READ, FILE_OPEN,
                          FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = ZwReadFile(File, NULL, NULL, NULL, &Block, Data, VP_MAX_FILE, NULL, NULL);
    *Length = (ULONG)Block.Information;
    ZwClose(File);
    return Status;
}

static VP_STATUS NTAPI VpCallWithFile(PVOID HwDeviceExtension, PKEY_VALUE_PARTIAL_INFORMATION Value,
                                      PWSTR ParameterName,
                                      PMINIPORT_GET_REGISTRY_ROUTINE CallbackRoutine, PVOID Context)
{
    PVOID Data = ExAllocatePoolWithTag(PagedPool, VP_MAX_FILE, VP_TAG);
    VP_STATUS Status = ERROR_INVALID_PARAMETER;
    ULONG Length = 0;

    if (Data == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    if (NT_SUCCESS(VpReadFile(Value, Data, &Length)))
        Status = CallbackRoutine(HwDeviceExtension, Context, ParameterName, Data, Length);
    ExFreePoolWithTag(Data, VP_TAG);
    return Status;
}

/*
 * Calls back with the value's data, or with the contents of the file that the value names.
 * ERROR_INVALID_PARAMETER: there is no such value or file; else what the callback returned.
 */
VP_STATUS NTAPI VideoPortGetRegistryParameters(PVOID HwDeviceExtension, PWSTR ParameterName,
                                               UCHAR IsParameterFileName,
                                               PMINIPORT_GET_REGISTRY_ROUTINE CallbackRoutine,
                                               PVOID Context)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortGetRegistryParameters");
    PKEY_VALUE_PARTIAL_INFORMATION Value;
    UNICODE_STRING Name;
    VP_STATUS Status;
    HANDLE Key;

    if (Device == NULL || ParameterName == NULL || CallbackRoutine == NULL ||
        !VpCheckPassive("PORT", "VideoPortGetRegistryParameters") ||
        !NT_SUCCESS(VpOpenKey(Device, KEY_READ, FALSE, &Key)))
        return ERROR_INVALID_PARAMETER;
    RtlInitUnicodeString(&Name, ParameterName);
    Value = VpReadValue(Key, &Name);
    ZwClose(Key);
    if (Value == NULL)
        return ERROR_INVALID_PARAMETER;
    if (IsParameterFileName)
        Status = VpCallWithFile(HwDeviceExtension, Value, ParameterName, CallbackRoutine, Context);
    else
        Status = CallbackRoutine(HwDeviceExtension, Context, ParameterName, Value->Data,
                                 Value->DataLength);
    ExFreePoolWithTag(Value, VP_TAG);
    return Status;
}

VP_STATUS NTAPI VideoPortSetRegistryParameters(PVOID HwDeviceExtension, PWSTR ValueName,
                                               PVOID ValueData, ULONG ValueLength)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortSetRegistryParameters");
    UNICODE_STRING Name;
    NTSTATUS Status;
    HANDLE Key;

    if (Device == NULL || ValueName == NULL ||
        !VpCheckPassive("PORT", "VideoPortSetRegistryParameters"))
        return ERROR_INVALID_PARAMETER;
    Status = VpOpenKey(Device, KEY_ALL_ACCESS, TRUE, &Key);
    if (!NT_SUCCESS(Status))
        return VpVpStatus(Status);
    RtlInitUnicodeString(&Name, ValueName);
    Status = ZwSetValueKey(Key, &Name, 0, REG_BINARY, ValueData, ValueLength);
    ZwClose(Key);
    return NT_SUCCESS(Status) ? NO_ERROR : ERROR_INVALID_PARAMETER;
}

VP_STATUS NTAPI VideoPortFlushRegistry(PVOID HwDeviceExtension)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortFlushRegistry");
    NTSTATUS Status;
    HANDLE Key;

    if (Device == NULL || !VpCheckPassive("PORT", "VideoPortFlushRegistry"))
        return ERROR_INVALID_PARAMETER;
    Status = VpOpenKey(Device, KEY_ALL_ACCESS, TRUE, &Key);
    if (!NT_SUCCESS(Status))
        return VpVpStatus(Status);
    Status = ZwFlushKey(Key);
    ZwClose(Key);
    return VpVpStatus(Status);
}
