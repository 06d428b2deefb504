"""
The whole machine by its BMC, through the kernel's IPMI device: the command "Get Power Reading" of DCMI.

Processors, memory, cards, fans and losses of the supplies are all in it, so it stands beside the sum of the parts, and
is never added to it.

References
----------
.. [1] Linux kernel, include/uapi/linux/ipmi.h and ipmi_msgdefs.h (structures, requests, completion codes).
.. [2] Data Center Manageability Interface Specification 1.5, section 6.6.1, Get Power Reading (bytes of the answer).
.. [3] IPMI Specification 2.0, table 5-2 (completion codes).
"""

import contextlib
import errno
import fcntl
import os
import select
from array import array
from collections.abc import Callable, Mapping
from operator import itemgetter
from pathlib import Path
from struct import Struct
from typing import Final, Protocol

from estimator.measure.samplers import Component, MeterProblem, Reading
from estimator.measure.window import steady_s
from estimator.measure.words import words as _

DEVICE: Final = Path("/dev/ipmi0")
#: Where the kernel lists the BMC that the firmware names, even while nothing drives it.
FIRMWARE: Final = Path("/sys/bus/platform/devices")

#: BMCs renew their power about once a second. The period that they state is that of their statistics, from 1 ms to
#: hours, and says nothing of it. Asking more often would only keep the kernel busy. [s]
PERIOD_S: Final = 1.0
#: An answer stands for this long; then the machine was not read. [s]
KEPT_S: Final = 2.5
#: An answer usually takes 1 to 100 ms. A loop that reads is held up by a tenth of its own pace, and never by more than
#: this; a later answer is taken at the next reading. [s]
LONGEST_WAIT_S: Final = 0.25
WAIT_SHARE: Final = 0.1
#: A question that stays open for longer is given up. [s]
GIVE_UP_S: Final = 10.0
#: When the meter is opened: how long an answer is waited for, and how often a busy BMC is asked. [s]
FIRST_WAIT_S: Final = 0.5
PAUSE_S: Final = 0.05
MOST_TRIES_COUNT: Final = 3
#: Messages in our queue that answer nothing we asked.
MOST_STRAYS_COUNT: Final = 16
#: Our own judgement: BMCs read the sensors of the supplies, and tell whole watts.
SPREAD: Final = 0.1
MS_PER_S: Final = 1_000

# From the kernel's header. Python lays native structures out as C does, and asks for the last padding by name.
_SYSTEM_INTERFACE: Final = 0x0C
_BMC_CHANNEL: Final = 0x0F
_IS_RESPONSE: Final = 1
_LONGEST_MESSAGE_BYTES: Final = 272
_LONGEST_ADDRESS_BYTES: Final = 40
_ADDRESS: Final = Struct("@ihBx")  # type, channel, logical unit
_REQUEST: Final = Struct("@PIlBBHP")  # address and its length; our number; function, command, data and its length
_RECEIVED: Final = Struct("@iPIlBBHP")  # the same, after the kind of message

# From the specification of DCMI: group, mode "system power statistics", and two bytes that are kept for later.
_FUNCTION: Final = 0x2C
_COMMAND: Final = 0x02
_GROUP: Final = 0xDC
_QUESTION: Final = bytes((_GROUP, 0x01, 0x00, 0x00))
#: Completion code, group; watts now, least, most, mean; time, period [ms]; state.
_ANSWER: Final = Struct("<BBHHHHIIB")
_MEASURES: Final = 0x40
_DONE: Final = 0x00
#: Node busy, timeout, BMC still starting, unspecified.
_PASSING: Final = frozenset((0xC0, 0xC3, 0xD2, 0xFF))
#: No such command, not for this unit, wrong length, wrong parameter, wrong field: what a BMC without DCMI says.
_UNKNOWN: Final = frozenset((0xC1, 0xC2, 0xC7, 0xC9, 0xCC))
_FORBIDDEN: Final = 0xD4

_REMEDY_RIGHTS: Final = _(
    "Run it as root, or give the device to one group by a udev rule: "
    'KERNEL=="ipmi*", GROUP="power", MODE="0660". Whoever may write to it commands the BMC and can switch the machine '
    "off, so name nobody in that group whom you would not make an administrator."
)
_TRY_AGAIN: Final = _("Try again.")


def request_number(*, writes: bool, number: int, size_bytes: int, machine: str) -> int:
    """
    Number of an ioctl of the IPMI device, as the kernel's macros _IOR and _IOWR make it.

    Parameters
    ----------
    writes : bool
        Whether the call also reads what we give it (_IOWR).
    number : int
        Of the call.
    size_bytes : int
        Of its structure.
    machine : str
        As `uname` tells it: POWER has its own layout.
    """
    read, write, shift = (2, 4, 29) if machine.startswith("ppc") else (2, 1, 30)
    return (read | (write if writes else 0)) << shift | size_bytes << 16 | ord("i") << 8 | number


_MACHINE: Final = os.uname().machine
SEND_COMMAND: Final = request_number(writes=False, number=13, size_bytes=_REQUEST.size, machine=_MACHINE)
RECEIVE_TRUNCATED: Final = request_number(writes=True, number=11, size_bytes=_RECEIVED.size, machine=_MACHINE)


class Device(Protocol):
    """The system calls that an open device answers. They raise OSError."""

    def ioctl(self, request: int, structure: bytearray) -> None:
        """One call; the kernel may change the structure."""

    def wait(self, for_s: float) -> bool:
        """Whether there is a message, after so many seconds at most."""

    def close(self) -> None:
        """Close it."""


class KernelDevice:
    """The device itself."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self._poll = select.poll()
        self._poll.register(self._file, select.POLLIN)

    def ioctl(self, request: int, structure: bytearray) -> None:
        """One call."""
        fcntl.ioctl(self._file, request, structure)

    def wait(self, for_s: float) -> bool:
        """Whether there is a message."""
        return bool(self._poll.poll(max(for_s, 0.0) * MS_PER_S))

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class _Passing(MeterProblem):
    """What may be gone at the next try."""


class IpmiMeter:
    """
    One BMC. A question stays open between two readings where its answer takes long.

    Parameters
    ----------
    device : Device
        Open; closing it is ours.
    now_s : callable
        A clock that is never set. [s]

    Raises
    ------
    MeterProblem
        If the BMC tells no power.
    """

    name = "ipmi"
    accelerators = ()
    components = (
        Component(
            name="system:bmc",
            quality="sampled",
            label=_("Whole machine, by its BMC"),
            update_period_s=PERIOD_S,
            counted=False,
            low=1.0 - SPREAD,
            high=1.0 + SPREAD,
        ),
    )

    def __init__(self, device: Device, now_s: Callable[[], float] = steady_s) -> None:
        self._device, self._now_s = device, now_s
        self._question = 0  #: its number
        self._is_open = False  #: asked, and not answered yet
        self._asked_s = self._told_s = self._read_s = 0.0
        self._power_w: float | None = None
        self._begin()

    def read(self) -> Mapping[str, Reading]:
        """Watts of the whole machine; nothing where the BMC has told none lately."""
        now_s = self._now_s()
        pace_s, self._read_s = now_s - self._read_s, now_s
        try:
            if self._is_open and now_s - self._asked_s > GIVE_UP_S:
                self._is_open = False  # should its answer still come, its number is not the one we wait for
            if self._is_open:
                self._take(0.0)
            if not self._is_open and now_s - self._asked_s >= PERIOD_S:
                self._ask()
                self._take(min(WAIT_SHARE * pace_s, LONGEST_WAIT_S))
        except MeterProblem:
            self._power_w = None
        if self._power_w is None or self._now_s() - self._told_s > KEPT_S:
            return {}
        return {self.components[0].name: Reading(power_w=self._power_w)}

    def close(self) -> None:
        """Close the device."""
        self._device.close()

    def _begin(self) -> None:
        """Ask for the first time, a few times over where the BMC is busy."""
        problem = _Passing(
            _("The BMC did not answer within %(wait_s)s s.", wait_s=FIRST_WAIT_S),
            _("Try again; if it stays so, restart the BMC."),
        )
        for _turn in range(MOST_TRIES_COUNT):
            try:
                self._ask()
                self._take(FIRST_WAIT_S)
            except _Passing as busy:
                problem = busy
                self._device.wait(PAUSE_S)  # nothing is to come: this lets time pass
            else:
                break  # one that is silent is not waited for again
        if self._power_w is None:
            raise problem
        self._read_s = self._now_s()

    def _ask(self) -> None:
        self._question += 1
        address = array("B", _ADDRESS.pack(_SYSTEM_INTERFACE, _BMC_CHANNEL, 0))
        data = array("B", _QUESTION)
        # The kernel copies both at once, so they need not outlive the call.
        request = _REQUEST.pack(
            address.buffer_info()[0],
            _ADDRESS.size,
            self._question,
            _FUNCTION,
            _COMMAND,
            len(data),
            data.buffer_info()[0],
        )
        self._asked_s = self._now_s()
        try:
            self._device.ioctl(SEND_COMMAND, bytearray(request))
        except OSError as problem:
            raise _unreachable(problem) from problem
        self._is_open = True

    def _take(self, wait_s: float) -> None:
        """Take the answer, if it comes in time."""
        until_s = self._now_s() + wait_s
        for _turn in range(MOST_STRAYS_COUNT):
            try:
                if not self._device.wait(until_s - self._now_s()):
                    return
                answer = self._received()
            except OSError as problem:
                raise _unreachable(problem) from problem
            if answer is not None:
                self._is_open = False
                self._power_w, self._told_s = power_w(answer), self._now_s()
                return

    def _received(self) -> bytes | None:
        """The next message, without its head; None where it is not the answer to our question."""
        address = array("B", bytes(_LONGEST_ADDRESS_BYTES))
        data = array("B", bytes(_LONGEST_MESSAGE_BYTES))
        structure = bytearray(
            _RECEIVED.pack(0, address.buffer_info()[0], len(address), 0, 0, 0, len(data), data.buffer_info()[0])
        )
        try:
            self._device.ioctl(RECEIVE_TRUNCATED, structure)
        except OSError as problem:
            if problem.errno in {errno.EAGAIN, errno.EMSGSIZE}:  # taken by nobody, or far longer than an answer
                return None
            raise
        kind, _, _, number, function, command, length, _ = _RECEIVED.unpack(structure)
        ours = (_IS_RESPONSE, self._question, _FUNCTION | 1, _COMMAND)
        return data.tobytes()[:length] if (kind, number, function, command) == ours else None


def power_w(answer: bytes) -> float:
    """
    Power now, from the bytes of an answer.

    Parameters
    ----------
    answer : bytes
        The completion code and what follows it.

    Returns
    -------
    float
        Mean draw of the whole machine over the last moment, as the BMC tells it. [W]

    Raises
    ------
    MeterProblem
        If the BMC refuses, does not measure, or tells what cannot be.
    """
    code = answer[0] if answer else 0xFF
    written = f"{code:02X}h"
    if code in _PASSING:
        raise _Passing(_("The BMC could not answer now (completion code %(code)s).", code=written), _TRY_AGAIN)
    if code in _UNKNOWN:
        raise MeterProblem(
            _("The BMC has no power reading by DCMI (completion code %(code)s).", code=written),
            _("Newer firmware of the BMC may have one."),
        )
    if code == _FORBIDDEN:
        raise MeterProblem(
            _("The BMC may not be asked for its power from here (completion code %(code)s).", code=written),
            _("Allow it for the system interface in the settings of the BMC."),
        )
    if code != _DONE:
        raise MeterProblem(_("The BMC tells no power (completion code %(code)s).", code=written), _TRY_AGAIN)
    if len(answer) < _ANSWER.size or answer[1] != _GROUP:
        raise MeterProblem(
            _("The BMC answers, and not as DCMI lays it down."), _("Newer firmware of the BMC may do so.")
        )
    now_w, state = itemgetter(2, 8)(_ANSWER.unpack_from(answer))
    if not state & _MEASURES:
        raise MeterProblem(
            _("The BMC says that it does not measure power now."),
            _("Turn power monitoring on in the settings of the BMC."),
        )
    if now_w == 0:
        raise MeterProblem(
            _("The BMC says that this machine draws nothing, which cannot be."),
            _("Its supplies may have no sensor, or none that the BMC can read."),
        )
    return float(now_w)


def open_meter(
    device: Path = DEVICE,
    *,
    firmware: Path = FIRMWARE,
    opened: Callable[[Path], Device] = KernelDevice,
    now_s: Callable[[], float] = steady_s,
) -> IpmiMeter:
    """
    Open the device, and ask once.

    Parameters
    ----------
    device : Path
        The kernel's door to the BMC.
    firmware : Path
        Where the kernel lists what the firmware knows.
    opened : callable
        What opens the device.
    now_s : callable
        A clock that is never set. [s]

    Raises
    ------
    MeterProblem
        If there is none, it may not be opened, or it tells no power.
    """
    try:
        door = opened(device)
    except FileNotFoundError as problem:
        raise _missing(device, firmware) from problem
    except PermissionError as problem:
        raise MeterProblem(
            _("There is a BMC, and %(device)s may not be opened for reading and writing.", device=str(device)),
            _REMEDY_RIGHTS,
        ) from problem
    except OSError as problem:
        raise _unreachable(problem) from problem
    try:
        return IpmiMeter(door, now_s)
    except BaseException:
        door.close()
        raise


def _missing(device: Path, firmware: Path) -> MeterProblem:
    names: list[str] = []
    with contextlib.suppress(OSError):
        names = [folder.name for folder in firmware.iterdir()]
    # As SMBIOS and as ACPI name it.
    if any("ipmi" in name or name.startswith("IPI0001") for name in names):
        return MeterProblem(
            _("There is a BMC, and its driver is not loaded (no %(device)s).", device=str(device)),
            _("Load it: sudo modprobe -a ipmi_si ipmi_devintf."),
        )
    return MeterProblem(_("The kernel shows no BMC (no %(device)s).", device=str(device)))


def _unreachable(problem: OSError) -> MeterProblem:
    told = problem.strerror or str(problem)
    return MeterProblem(_("The BMC cannot be reached (%(problem)s).", problem=told), _TRY_AGAIN)
