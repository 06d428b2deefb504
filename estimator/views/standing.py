"""How far a measurement is, as its page says it: state, numbers, components, and the points of its chart."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from estimator.core.bounds import Location
from estimator.core.footprint import Range
from estimator.core.units import S_PER_H
from estimator.forms.lookups import place_text
from estimator.measure.process import BY_CARD, BY_CPU_TIME, basis_of
from estimator.models import Measurement, MeasurementKind, MeasurementStatus, Target
from estimator.services import standing as service
from estimator.services.budgets import budget_words
from estimator.services.measured_run import idle_of, notices_of
from estimator.services.meters import component_name, text_of
from estimator.services.series import Series
from estimator.services.shares import Shares
from estimator.services.standing import Standing, in_kwh, range_j
from estimator.views.imports import said
from estimator.worker.protocol import PROCESS

_EVERY: Final = "1s"
_S_PER_MIN: Final = 60


def state_of(row: Measurement) -> dict[str, Any]:
    """All that the page says of it and that may change while it runs."""
    standing = service.standing_of(row)
    online = row.worker is not None and row.worker.is_online(timezone.now())
    about = _about(row, online=online)
    budgets = [one for one in standing.budgets if one.state == "passed" or (one.state == "soon" and not row.is_over)]
    return {
        "measurement": row,
        "about": about,
        "standing": standing,
        "budgets": [(one, budget_words(one)) for one in budgets],
        "grid": _grid(row),
        "when": _when(row),
        "ended_badly": _ended_badly(row),
        "may_conclude": row.energy_j > 0.0,
        "every": _EVERY,
        # Only where one of these changes is all of it sent again, and told to whoever hears the page.
        "seen": "-".join(
            [row.status, str(int(online)), str(int(row.energy_j > 0.0)), str(int(row.started_at_s is not None))]
            + [f"{one.name}.{one.state}" for one in budgets]
        ),
        "told": " ".join(filter(None, [f"{row.get_status_display()}.", about, *map(budget_words, budgets)])),
    } | _parts(row, standing)


def _about(row: Measurement, *, online: bool) -> str:
    """What its state means, and what comes next."""
    match row.status:
        case MeasurementStatus.QUEUED:
            if row.worker is None:
                return _("Its worker is gone.")
            if row.worker.disabled_at is not None:
                return _("The worker is disabled: it begins once it is enabled.")
            if online:
                return _("The worker begins within a moment.")
            return _("The worker is offline: it begins when it is back.")
        case MeasurementStatus.RUNNING:
            if row.started_at_s is None:
                return _("The idle machine is measured first.") if row.baseline_s else _("The first sample is awaited.")
            if not online:
                return _("The worker is not heard of: what it measures meanwhile is kept there and comes later.")
            if not row.samples_count:
                return _("The first sample is awaited.")
            return "" if row.duration_limit_s else _("Until you stop it.")
        case MeasurementStatus.STOPPING:
            return _("The worker ends it and sends the rest.")
        case MeasurementStatus.LOST:
            last = _moment(row.last_time_s)
            if last is None:
                return _("No sample has come. If the worker comes back, it goes on by itself.")
            return _("The last sample is of %(moment)s UTC. If the worker comes back, it goes on by itself.") % {
                "moment": f"{last:%Y-%m-%d %H:%M:%S}"
            }
    return reason_of(row.error_code)


def _ended_badly(row: Measurement) -> str:
    """That what was measured failed by itself; empty where it did not, or was ended with its measurement."""
    code = row.exit_code
    reached_limit = row.duration_limit_s is not None and row.covered_s >= 0.99 * row.duration_limit_s
    if not code or row.stop_asked_at is not None or reached_limit:
        return ""
    told = {"code": abs(code)}
    if row.kind == MeasurementKind.COMMAND:
        return (
            _("Signal %(code)s ended the command. What it drew until then is measured.") % told
            if code < 0
            else _("The command ended with code %(code)s: it failed. What it drew until then is measured.") % told
        )
    if code < 0:
        return _("Signal %(code)s ended the workload. What it drew until then is measured.") % told
    return _("The workload ended with code %(code)s: it failed. What it drew until then is measured.") % told


def _when(row: Measurement) -> dict[str, Any]:
    """How long, how often, from when to when."""
    return {
        "measured": duration(row.covered_s),
        "limit": duration(row.duration_limit_s) if row.duration_limit_s else "",
        "gap": duration(row.gap_s) if row.gap_s else "",
        "interval": duration(row.interval_s),
        "planned": duration(row.planned_h * S_PER_H) if row.planned_h else "",
        "started": _moment(row.started_at_s),
        "last": _moment(row.last_time_s),
        "place": place_text(Location.model_validate(row.location)),
    }


def _moment(at_s: float | None) -> datetime | None:
    """None also where a machine's clock is beyond all calendars."""
    try:
        return None if at_s is None else datetime.fromtimestamp(at_s, tz=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def duration(for_s: float) -> str:
    """In seconds while they are few, then with minutes and hours."""
    if for_s < 2 * _S_PER_MIN:
        digits = float(f"{for_s:.3g}")
        return f"{number_format(int(digits) if digits.is_integer() else digits)} s"
    minutes, seconds = divmod(round(for_s), _S_PER_MIN)
    hours, left = divmod(minutes, 60)
    amounts = (minutes, "min"), (seconds, "s")
    if for_s >= 2 * S_PER_H:
        amounts = (hours, "h"), (left, "min")
    return " ".join(f"{number_format(amount)} {unit}" for amount, unit in amounts if amount)


def _grid(row: Measurement) -> dict[str, Any]:
    """What its emissions are computed with, and where that comes from."""
    if not row.grid:
        return {}
    told = row.grid
    given = told["status"] == "given"
    return {
        "intensity": Range(**told["grid_intensity_gco2e_per_kwh"]),
        "is_given": given,
        "match": told["match"],
        "place": told["text_params"].get("place", ""),
        "year": told["text_params"].get("year"),
        "is_placed": bool(row.location),
        "note": "" if given else said(told["note"], told["text_params"]),
        "dataset_version": told["dataset_version"],
    }


# --- its components ---------------------------------------------------------------------------------------------------


def _parts(row: Measurement, standing: Standing) -> dict[str, Any]:
    """The components, each once, with what of them falls to the process."""
    shares = standing.shares
    of_process = {} if shares is None else {part.name: part for part in shares.parts}
    names = {part["name"] for part in row.components}
    parts = []
    for part in row.components:
        name = part["name"]
        if name.startswith(PROCESS) and name.removeprefix(PROCESS) in names:
            continue  # it stands in the row of its component
        energy_j = row.energies_j.get(name, 0.0)
        share = of_process.get(name)
        counts = PROCESS + name in names and basis_of(name.partition(":")[0]) is not None
        parts.append(
            {
                "label": label_of(part, row),
                "quality": part.get("quality", "sampled"),
                "note": text_of(part, "note"),
                "energy": _in_kwh(part, energy_j),
                "mean_power_w": energy_j / row.covered_s if row.covered_s else 0.0,
                "idle_power_w": row.baseline_power_w.get(name),
                "share": share,
                "share_energy": _in_kwh(part, share.energy_j) if share is not None else None,
                "is_beside": not part.get("counted", True) and (row.target == Target.MACHINE or not counts),
            }
        )
    return {
        "parts": parts,
        "shares": shares,
        "shares_kwh": in_kwh(shares.energy_j) if shares is not None else None,
        "machine_kwh": in_kwh(shares.machine_j) if shares is not None else None,
        "basis": _basis(shares),
        "of_process": share_label(row),
        "has_baseline": bool(row.baseline_power_w),
        "idle": idle_of(row),
        # Asked for by the whole page alone, and so called by it: it looks things up.
        "notices": partial(notices_of, row),
    }


def _in_kwh(part: dict[str, Any], energy_j: float) -> Range:
    return Range(*(in_kwh(end_j) for end_j in range_j(part, energy_j)))


def _basis(shares: Shares | None) -> str:
    """By what shares are taken, as a sentence goes on."""
    bases: Collection[str] = () if shares is None else {part.basis for part in shares.parts}
    words = {BY_CPU_TIME: _("CPU time"), BY_CARD: _("the work on the cards")}
    return get_text_list([word for basis, word in words.items() if basis in bases], _("and"))


def share_label(row: Measurement) -> str:
    """What the share of a component is the share of."""
    if row.target == Target.PROCESS:
        return _("share of process %(pid)s") % {"pid": row.pid}
    if row.target == Target.WORKLOAD:
        return _("share of the workload %(name)s") % {"name": row.workload_name}
    return _("share of the command")


def label_of(part: dict[str, Any], row: Measurement) -> str:
    """What a component, or the share of one, is called: each has a name of its own."""
    label = component_name(part)
    if not part["name"].startswith(PROCESS):
        return label
    return _("%(component)s, %(share)s") % {"component": label, "share": share_label(row)}


def points_of(row: Measurement, found: Series) -> dict[str, Any]:
    """The points of the chart, as its script takes them."""
    return {
        "step_s": found.step_s,
        "next_from": found.next_from,
        "is_over": row.is_over,
        "components": list(_lines(row)),
        "points": [[point.end_s, point.duration_s, point.powers_w] for point in found.points],
    }


def _lines(row: Measurement) -> Iterator[dict[str, Any]]:
    """One a component; those that count together are summed up in one more."""
    for part in row.components:
        yield {"name": part["name"], "label": label_of(part, row), "counted": part.get("counted", True)}


def reason_of(error_code: str) -> str:
    """Why it ended, or why there is no footprint."""
    reasons = {
        "withdrawn": _("It was withdrawn before it began."),
        "no_such_process": _("There was no process of this number on the machine."),
        "unknown_workload": _("The worker's own file names no such workload."),
        "workload_does_not_start": _("The workload's command could not be started on the machine."),
        "no_meter": _("A meter that the worker's file asks for does not work on the machine."),
        "nothing_measured": _("It ended before any energy was measured."),
        "worker_disabled": _("Its worker was disabled."),
        "worker_overfull": _(
            "Its worker was switched off, as it held more in Redis than it may. Its page says what to do."
        ),
        "storage_full": _(
            "No more samples could be kept, of it or of all your measurements. What came before counts; delete some "
            "measurements that you need no longer."
        ),
        "worker_deleted": _("Its worker was deleted."),
        "internal": _("Something went wrong on the machine; the worker's own output says what."),
        "no_estimate": _("No footprint could be made of it."),
    }
    return reasons.get(error_code, "")
