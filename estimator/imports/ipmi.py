"""
`ipmitool dcmi power reading` in a loop: one block a reading.

The Instantaneous line counts; the averages are since the start of the BMC. Its clock may stand in 1970, so a time that
stands before a block is preferred to it.
"""

import re
from typing import Final

from estimator.core.footprint import gettext_noop as _
from estimator.imports.cells import moment_of, number
from estimator.imports.notes import Notes
from estimator.imports.result import MAX_POWER_W, ImportedMeasurement
from estimator.imports.samples import Samples

_READING: Final = re.compile(r"\s*Instantaneous power reading:\s*(.*?)\s*Watts?\s*\Z")
_TIMESTAMP: Final = re.compile(r"\s*IPMI timestamp:\s*(.*?)\s*\Z")
_STATE: Final = re.compile(r"\s*Power reading state is:\s*(\S+)\s*\Z")


def recognises(lines: list[str]) -> bool:
    """Whether a reading stands among the first lines."""
    return any(_READING.match(line) for line in lines[:200])


def read(lines: list[str], notes: Notes) -> ImportedMeasurement:
    """The energy of the machine."""
    samples = Samples()
    samples.since_epoch = True
    stamp_before: tuple[float, bool] | None = None
    starts = [index for index, line in enumerate(lines) if _READING.match(line)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        notes.rows_count += 1
        stamp_before = moment_of(lines[start - 1]) if start and lines[start - 1].strip() else None
        block = lines[start:end]
        reading = _READING.match(block[0])
        watts = number(reading[1]) if reading else None
        state = next((match[1] for line in block if (match := _STATE.match(line))), None)
        own = next((moment_of(match[1]) for line in block if (match := _TIMESTAMP.match(line))), None)
        moment = stamp_before or own
        if state != "activated" or watts is None or not 0 <= watts <= MAX_POWER_W or moment is None:
            notes.row_error(
                start + 1, _("This block is cut off or its reading is not activated; it holds no power at a time.")
            )
            samples.failure()
            continue
        samples.zone_known &= moment[1]
        samples.add("machine", moment[0], watts)
    return samples.measurement("ipmitool", notes)
