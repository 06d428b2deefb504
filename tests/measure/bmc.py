"""A BMC behind the kernel's device: fake at the system calls, by structures as the kernel's header writes them."""

import ctypes
import errno
import os
from collections import deque
from collections.abc import Callable

from estimator.measure import ipmi
from estimator.measure.ipmi import IpmiMeter, open_meter
from estimator.measure.window import Clock


class Message(ctypes.Structure):
    """`struct ipmi_msg`."""

    _fields_ = (
        ("netfn", ctypes.c_ubyte),
        ("cmd", ctypes.c_ubyte),
        ("data_len", ctypes.c_ushort),
        ("data", ctypes.c_void_p),
    )


class Request(ctypes.Structure):
    """`struct ipmi_req`."""

    _fields_ = (
        ("addr", ctypes.c_void_p),
        ("addr_len", ctypes.c_uint),
        ("msgid", ctypes.c_long),
        ("msg", Message),
    )


class Received(ctypes.Structure):
    """`struct ipmi_recv`."""

    _fields_ = (
        ("recv_type", ctypes.c_int),
        ("addr", ctypes.c_void_p),
        ("addr_len", ctypes.c_uint),
        ("msgid", ctypes.c_long),
        ("msg", Message),
    )


class Address(ctypes.Structure):
    """`struct ipmi_system_interface_addr`."""

    _fields_ = (("addr_type", ctypes.c_int), ("channel", ctypes.c_short), ("lun", ctypes.c_ubyte))


class AnyAddress(ctypes.Structure):
    """`struct ipmi_addr`."""

    _fields_ = (("addr_type", ctypes.c_int), ("channel", ctypes.c_short), ("data", ctypes.c_char * 32))


def answer(power_w: int, *, state: int = 0x40, code: int = 0x00, group: int = 0xDC) -> bytes:
    """The bytes of an answer, as the specification lays them out: 19 with the completion code."""
    watts = [part.to_bytes(2, "little") for part in (power_w, power_w // 2, power_w * 2, power_w * 3 // 4)]
    time, period = (1_700_000_000).to_bytes(4, "little"), (60_000).to_bytes(4, "little")
    return bytes([code, group]) + b"".join(watts) + time + period + bytes([state])


#: As `ipmitool raw 0x2c 0x02 0xdc 0x01 0x00 0x00` would print it, with the completion code before: 212 W now.
RECORDED = bytes.fromhex("00 dc d4 00 9c 00 4a 01 d0 00 b0 5f 2b 65 e8 03 00 00 40")


class FakeKernel:
    """The device and the BMC behind it, and a clock that only waiting moves."""

    def __init__(self, says: Callable[[float], bytes | None], *, delay_s: float = 0.02) -> None:
        self.now_s = 100.0
        self.says, self.delay_s = says, delay_s
        self.queue: deque[tuple[float, int, int, int, int, bytes]] = deque()
        self.asked_s: list[float] = []
        self.fails: OSError | None = None
        self.is_open = True

    def clock(self) -> Clock:
        return Clock(steady_s=lambda: self.now_s, epoch_s=lambda: self.now_s)

    def ioctl(self, request: int, structure: bytearray) -> None:
        if self.fails is not None:
            raise self.fails
        if request == ipmi.SEND_COMMAND:
            self._send(Request.from_buffer(structure))
        elif request == ipmi.RECEIVE_TRUNCATED:
            self._receive(Received.from_buffer(structure))
        else:
            raise OSError(errno.ENOTTY, os.strerror(errno.ENOTTY))

    def wait(self, for_s: float) -> bool:
        ready_s = min((told[0] for told in self.queue), default=float("inf"))
        if ready_s <= self.now_s + max(for_s, 0.0):
            self.now_s = max(self.now_s, ready_s)
            return True
        self.now_s += max(for_s, 0.0)
        return False

    def close(self) -> None:
        self.is_open = False

    def sleep(self, for_s: float) -> bool:
        """As the loop waits."""
        self.now_s += for_s
        return False

    def _send(self, told: Request) -> None:
        assert told.addr_len == ctypes.sizeof(Address)
        address = Address.from_address(told.addr)
        assert (address.addr_type, address.channel, address.lun) == (0x0C, 0x0F, 0)
        question = ctypes.string_at(told.msg.data, told.msg.data_len)
        assert (told.msg.netfn, told.msg.cmd, question) == (0x2C, 0x02, b"\xdc\x01\x00\x00")
        self.asked_s.append(self.now_s)
        content = self.says(self.now_s)
        if content is not None:
            self.queue.append((self.now_s + self.delay_s, 1, told.msgid, 0x2D, 0x02, content))

    def _receive(self, told: Received) -> None:
        if not self.queue or self.queue[0][0] > self.now_s:
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        _, told.recv_type, told.msgid, told.msg.netfn, told.msg.cmd, content = self.queue.popleft()
        assert told.addr_len >= ctypes.sizeof(AnyAddress)
        assert told.msg.data_len >= len(content)
        ctypes.memmove(told.addr, bytes(Address(0x0C, 0x0F, 0)), ctypes.sizeof(Address))
        ctypes.memmove(told.msg.data, content, len(content))
        told.msg.data_len = len(content)


def opened(kernel: FakeKernel) -> IpmiMeter:
    return open_meter(opened=lambda path: kernel, now_s=lambda: kernel.now_s)


def steady(power_w: int) -> Callable[[float], bytes]:
    return lambda at_s: answer(power_w)
