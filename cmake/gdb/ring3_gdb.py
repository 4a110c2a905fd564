# SPDX-License-Identifier: MIT
"""Pretty-printers for the types of Windows drivers, and the command ring3-list.

(gdb) source ring3_gdb.py
(gdb) print *Irp
$1 = IRP at 0x7b0000042a80: IRP_MJ_DEVICE_CONTROL 0x222002 (METHOD_OUT_DIRECT), in 0, out 1000, pending = {...}
(gdb) ring3-list &Extension->Queue IRP Tail.Overlay.ListEntry
"""

import gdb
import gdb.printing

MAJOR_FUNCTIONS = (
    "CREATE CREATE_NAMED_PIPE CLOSE READ WRITE QUERY_INFORMATION SET_INFORMATION QUERY_EA SET_EA FLUSH_BUFFERS "
    "QUERY_VOLUME_INFORMATION SET_VOLUME_INFORMATION DIRECTORY_CONTROL FILE_SYSTEM_CONTROL DEVICE_CONTROL "
    "INTERNAL_DEVICE_CONTROL SHUTDOWN LOCK_CONTROL CLEANUP CREATE_MAILSLOT QUERY_SECURITY SET_SECURITY POWER "
    "SYSTEM_CONTROL DEVICE_CHANGE QUERY_QUOTA SET_QUOTA PNP"
).split()

METHODS = ("METHOD_BUFFERED", "METHOD_IN_DIRECT", "METHOD_OUT_DIRECT", "METHOD_NEITHER")

MDL_FLAGS = {
    0x0001: "mapped",
    0x0002: "locked",
    0x0004: "nonpaged pool",
    0x0010: "partial",
    0x0020: "partial mapped",
    0x0080: "written to",
    0x0800: "I/O space",
}

DEVICE_FLAGS = {
    0x00000004: "DO_BUFFERED_IO",
    0x00000008: "DO_EXCLUSIVE",
    0x00000010: "DO_DIRECT_IO",
    0x00000080: "DO_DEVICE_INITIALIZING",
    0x00002000: "DO_POWER_PAGABLE",
}

MOST_ENTRIES = 1000


def named_flags(value, names):
    return [name for bit, name in names.items() if value & bit]


def address_of(value):
    return int(value.address) if value.address is not None else 0


def text_of(buffer, byte_count, unit):
    """Counted characters as text; says so when the memory cannot be read."""
    if int(buffer) == 0:
        return "null"
    try:
        data = gdb.selected_inferior().read_memory(int(buffer), byte_count - byte_count % unit)
    except gdb.MemoryError:
        return "<%d bytes at 0x%x, not readable>" % (byte_count, int(buffer))
    encoding = "utf-16-le" if unit == 2 else "latin-1"
    text = bytes(data).decode(encoding, "backslashreplace")
    return '%s"%s"' % ("L" if unit == 2 else "", text.replace("\\", "\\\\").replace('"', '\\"'))


class Summary:
    """One line, then the members as gdb prints them."""

    def __init__(self, value):
        self.value = value

    def children(self):
        for field in self.value.type.fields():
            yield (field.name or "<anonymous>"), self.value[field]


class CountedString:
    unit = 2

    def __init__(self, value):
        self.value = value

    def to_string(self):
        length = int(self.value["Length"])
        maximum = int(self.value["MaximumLength"])
        text = text_of(self.value["Buffer"], length, self.unit)
        return "%s (%d of %d bytes)" % (text, length, maximum)


class UnicodeString(CountedString):
    unit = 2


class AnsiString(CountedString):
    unit = 1


class LargeInteger:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        number = int(self.value["QuadPart"])
        return "%d (0x%x)" % (number, number & 0xFFFFFFFFFFFFFFFF)


class Mdl(Summary):
    def to_string(self):
        mdl = self.value
        start = int(mdl["StartVa"]) + int(mdl["ByteOffset"])
        flags = int(mdl["MdlFlags"]) & 0xFFFF
        line = "MDL: %d bytes at 0x%x" % (int(mdl["ByteCount"]), start)
        if flags & 0x0005:
            line += ", system address 0x%x" % int(mdl["MappedSystemVa"])
        if int(mdl["Next"]):
            line += ", next 0x%x" % int(mdl["Next"])
        names = named_flags(flags, MDL_FLAGS)
        return line + (" (%s)" % ", ".join(names) if names else "")


def stack_location(irp):
    """The current stack location, or None: before the first IoCallDriver there is none."""
    current, count = int(irp["CurrentLocation"]), int(irp["StackCount"])
    location = irp["Tail"]["Overlay"]["CurrentStackLocation"]
    return location.dereference() if 0 < current <= count and int(location) else None


def describe_request(location):
    major = int(location["MajorFunction"])
    name = "IRP_MJ_" + (MAJOR_FUNCTIONS[major] if major < len(MAJOR_FUNCTIONS) else "0x%x" % major)
    parameters = location["Parameters"]
    if name in ("IRP_MJ_READ", "IRP_MJ_WRITE"):
        which = parameters["Read" if name == "IRP_MJ_READ" else "Write"]
        return "%s, %d bytes at offset %d" % (name, int(which["Length"]), int(which["ByteOffset"]["QuadPart"]))
    if name in ("IRP_MJ_DEVICE_CONTROL", "IRP_MJ_INTERNAL_DEVICE_CONTROL"):
        control = parameters["DeviceIoControl"]
        code = int(control["IoControlCode"])
        return "%s 0x%x (%s), in %d, out %d" % (
            name,
            code,
            METHODS[code & 3],
            int(control["InputBufferLength"]),
            int(control["OutputBufferLength"]),
        )
    minor = int(location["MinorFunction"])
    return name + (", minor function 0x%x" % minor if minor else "")


class Irp(Summary):
    def to_string(self):
        irp = self.value
        location = stack_location(irp)
        if location is None:
            what = "no current stack location (%d of %d)" % (int(irp["CurrentLocation"]), int(irp["StackCount"]))
        else:
            what = describe_request(location)
        line = "IRP at 0x%x: %s" % (address_of(irp), what)
        if int(irp["PendingReturned"]) or (location is not None and int(location["Control"]) & 1):
            line += ", pending"
        if int(irp["Cancel"]):
            line += ", cancelled"
        return line


class DeviceObject(Summary):
    def to_string(self):
        device = self.value
        line = "DEVICE_OBJECT at 0x%x" % address_of(device)
        if int(device["DriverObject"]):
            name = device["DriverObject"]["DriverName"]
            line += " of %s" % text_of(name["Buffer"], int(name["Length"]), 2)
        names = named_flags(int(device["Flags"]), DEVICE_FLAGS)
        if names:
            line += " (%s)" % " | ".join(names)
        if int(device["AttachedDevice"]):
            line += ", 0x%x is attached" % int(device["AttachedDevice"])
        return line


class DriverObject(Summary):
    def to_string(self):
        name = self.value["DriverName"]
        return "DRIVER_OBJECT at 0x%x, %s" % (address_of(self.value), text_of(name["Buffer"], int(name["Length"]), 2))


def list_entries(head_address, entry_type):
    """The addresses of the entries of a LIST_ENTRY list, its head left out. Stops at a link that does not lead back."""
    pointer = entry_type.pointer()
    head = gdb.Value(head_address).cast(pointer)
    entry, previous = head["Flink"], head_address
    for _ in range(MOST_ENTRIES):
        address = int(entry)
        if address == head_address:
            return
        if address == 0 or int(entry["Blink"]) != previous:
            raise gdb.GdbError("the list is corrupt: 0x%x does not point back to 0x%x" % (address, previous))
        yield address
        previous, entry = address, entry["Flink"]


class ListEntry:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        flink, blink = int(self.value["Flink"]), int(self.value["Blink"])
        if flink == address_of(self.value) and flink:
            return "empty list"
        return "LIST_ENTRY {Flink = 0x%x, Blink = 0x%x}" % (flink, blink)


class ListCommand(gdb.Command):
    """Print the records of a LIST_ENTRY list: ring3-list HEAD TYPE MEMBER

HEAD is the address of the list's head; each entry is the MEMBER of a TYPE, as in CONTAINING_RECORD."""

    def __init__(self):
        super().__init__("ring3-list", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        words = gdb.string_to_argv(argument)
        if len(words) != 3:
            raise gdb.GdbError("usage: ring3-list HEAD TYPE MEMBER")
        record = gdb.lookup_type(words[1])
        offset = int(gdb.parse_and_eval("(unsigned long)&((%s*)0)->%s" % (words[1], words[2])))
        count = 0
        for address in list_entries(int(gdb.parse_and_eval(words[0])), gdb.lookup_type("LIST_ENTRY")):
            value = gdb.Value(address - offset).cast(record.pointer()).dereference()
            gdb.write("[%d] 0x%x: %s\n" % (count, address - offset, value.format_string()))
            count += 1
        gdb.write("%d entries\n" % count)


def printers():
    collection = gdb.printing.RegexpCollectionPrettyPrinter("ring3")
    for name, printer in (
        ("UNICODE_STRING", UnicodeString),
        ("STRING", AnsiString),
        ("LARGE_INTEGER", LargeInteger),
        ("ULARGE_INTEGER", LargeInteger),
        ("MDL", Mdl),
        ("IRP", Irp),
        ("DEVICE_OBJECT", DeviceObject),
        ("DRIVER_OBJECT", DriverObject),
        ("LIST_ENTRY", ListEntry),
    ):
        collection.add_printer(name, "^_?%s$" % name, printer)
    return collection


# os/thread_hold.cpp: a thread makes way for another client.
gdb.execute("handle SIG58 nostop noprint pass", to_string=True)
gdb.printing.register_pretty_printer(None, printers(), replace=True)
ListCommand()
