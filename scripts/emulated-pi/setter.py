"""A program for an armv7 guest that sets the clock to 2040, made from six instructions.

Debian's busybox cannot: its time has 32 bits there. A compiler for so little would be one more
thing to install.
"""

import struct

#: 2040-06-01 12:00:00 UTC.
THEN = 2222942400
#: Where it is in the guest.
SETTER = "opt/clock-2040"


def program():
    """An ARM ELF program: clock_settime64(CLOCK_REALTIME, {THEN, 0}), exit with its result."""
    code = struct.pack(
        "<6Iqq",
        0xE3A00000,  # mov r0, #0
        0xE28F100C,  # add r1, pc, #12: the time below
        0xE3007194,  # movw r7, #404: clock_settime64
        0xEF000000,  # svc
        0xE3A07001,  # mov r7, #1: exit
        0xEF000000,  # svc
        THEN, 0)
    base, size = 0x10000, 52 + 32
    header = struct.pack("<4s5B7xHHIIIIIHHHHHH", b"\x7fELF", 1, 1, 1, 0, 0, 2, 40, 1, base + size,
                         52, 0, 0x05000200, 52, 32, 1, 0, 0, 0)
    whole = size + len(code)
    return header + struct.pack("<8I", 1, 0, base, base, whole, whole, 5, 0x1000) + code
