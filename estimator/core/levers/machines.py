"""Levers on the machines: other ones, more or fewer of them, and less draw."""

import math
from typing import Any, Final

from estimator.core.footprint import gettext_noop
from estimator.core.levers.model import refuse_items
from estimator.core.levers.plan import Board, Knowledge, LeverProblem, Plan, RunFacts, certain, powered
from estimator.core.levers.settings import Distributed, OtherHardware, PowerCap
from estimator.core.levers.targets import (
    ACCELERATORS_SHARE,
    REQUEST_TIMES,
    counts_tokens,
    draw_share,
    draw_targets,
    of_whole,
    time_targets,
)
from estimator.core.ranged import scaled, with_range

#: The cap at which the evidence was measured, over the limit of the board. [1]
MEASURED_CAP: Final = 0.6

_NO_BOARD: Final = gettext_noop(
    "What another accelerator does follows from the one that is used now. Give its name in hardware.accelerator."
)
_NOT_PUBLISHED: Final = gettext_noop(
    "Peak rate or limit of %(accelerator)s are not published. Choose another accelerator."
)
_NO_COUNT: Final = gettext_noop(
    "The number of accelerators that the run has now is not known. Give hardware.accelerator_count, or "
    "scaling_efficiency."
)
_NO_LIMIT: Final = gettext_noop("The limit of the accelerator is not known. Give power_cap_share instead.")
_ABOVE_LIMIT: Final = gettext_noop("The accelerators cannot draw more than this already: the cap changes nothing.")


# --- another accelerator -----------------------------------------------------------------------------------------


def change_hardware(plan: Plan, lever: OtherHardware, knowledge: Knowledge) -> Plan:
    """
    Run the same on another accelerator, its own making included.

    Serving and training by operations are computed anew on the other board. Where hours or energy are given, they
    follow the ratio of the peak rates, and draws that of the limits; how far software gets is the factor.
    """
    facts = knowledge.facts(plan.workload)
    refuse_items(plan, facts)
    board, named_count = knowledge.board(lever.accelerator)
    count = lever.accelerator_count or (int(named_count) if named_count is not None and named_count >= 1.0 else None)
    if facts.board is None:
        raise LeverProblem("lever", _NO_BOARD)
    same_count = count is None or count == plan.workload.hardware.accelerator_count
    if board.id == facts.board.id and same_count:
        return plan
    for one in (facts.board, board):
        if not one.peak_flops or not one.tdp_w:
            raise LeverProblem("accelerator", _NOT_PUBLISHED, accelerator=one.name)
    if counts_tokens(plan, facts):
        row = knowledge.evidence("hardware", "request_time")
        plan = _on(plan, board, count)
        return plan.changed("hardware", "request_time", row.triple, REQUEST_TIMES, row=row)
    if facts.method == "training_flop":
        row = knowledge.evidence("hardware", "training_time")
        plan = _on(plan, board, count or plan.workload.hardware.accelerator_count)
        return plan.changed("hardware", "training_time", row.triple, time_targets(plan, facts), row=row)
    return _by_ratio(plan, facts, facts.board, board, count, knowledge)


def _on(plan: Plan, board: Board, count: int | float | None) -> Plan:
    """The run on another board: what was measured of the old one does not hold."""
    return plan.with_fields(
        "hardware",
        accelerator=board.id,
        accelerator_count=count,
        mfu=None,
        measured_on="",
        **with_range("mean_accelerator_power_w", None),
    )


def _by_ratio(plan: Plan, facts: RunFacts, old: Board, new: Board, count: int | None, knowledge: Knowledge) -> Plan:
    row = knowledge.evidence("hardware", "time")
    hardware = plan.workload.hardware
    old_count = hardware.accelerator_count
    count = count or old_count
    draw = (new.tdp_w or 0.0) / (old.tdp_w or 1.0)
    work = (old.peak_flops or 0.0) / (new.peak_flops or 1.0)
    fields: dict[str, Any] = {"accelerator": new.id, "accelerator_count": count, "measured_on": ""}
    fields |= scaled(hardware, "mean_accelerator_power_w", draw)
    more = count / old_count if count and old_count else 1.0
    fields |= _hosts(plan, more)
    if hardware.mean_system_power_w is not None:
        # The rest of a server is taken to go with its accelerators' number.
        fields["mean_system_power_w"] = (
            hardware.mean_system_power_w * more * (1.0 - ACCELERATORS_SHARE + ACCELERATORS_SHARE * draw)
        )
    plan = plan.with_fields("hardware", **fields)
    if plan.workload.duration_h is not None:
        plan = plan.with_fields(duration_h=plan.workload.duration_h * work / more)
    if plan.workload.accelerator_hours is not None:
        plan = plan.with_fields(accelerator_hours=plan.workload.accelerator_hours * work)
    if facts.method == "measured" and plan.workload.it_energy_kwh is not None:
        share = draw_share(plan, facts)
        energy = work * (1.0 - share + share * draw)
        plan = plan.with_fields(**scaled(plan.workload, "it_energy_kwh", energy))
    return plan.changed("hardware", "time", row.triple, time_targets(plan, facts), row=row)


def _hosts(plan: Plan, more: float) -> dict[str, Any]:
    """Draws of processors and memory, which go with the number of accelerators."""
    hardware = plan.workload.hardware
    return scaled(hardware, "mean_cpu_power_w", more) | scaled(hardware, "mean_memory_power_w", more)


# --- more accelerators, or fewer ---------------------------------------------------------------------------------


def distribute(plan: Plan, lever: Distributed, knowledge: Knowledge) -> Plan:
    """
    Run the same on more accelerators, or on fewer: some of their time is lost in waiting for each other.

    Each doubling costs the same factor, so that halving gives it back.
    """
    facts = knowledge.facts(plan.workload)
    refuse_items(plan, facts)
    present = plan.workload.hardware.accelerator_count
    if counts_tokens(plan, facts):
        if present == lever.accelerator_count:
            return plan
        row = knowledge.evidence("distributed", "request_time")
        plan = plan.with_fields("hardware", accelerator_count=lever.accelerator_count)
        return plan.changed("distributed", "request_time", row.triple, REQUEST_TIMES, row=row)
    if present == lever.accelerator_count and lever.scaling_efficiency in (None, 1.0):
        return plan
    if present is None and lever.scaling_efficiency is None:
        raise LeverProblem("accelerator_count", _NO_COUNT)
    row = knowledge.evidence("distributed", "time_per_doubling")
    more = lever.accelerator_count / present if present else 1.0
    plan = plan.with_fields("hardware", accelerator_count=lever.accelerator_count)
    plan = plan.with_fields("hardware", **_hosts(plan, more))
    if plan.workload.hardware.mean_system_power_w is not None:
        plan = plan.with_fields("hardware", mean_system_power_w=plan.workload.hardware.mean_system_power_w * more)
    if plan.workload.duration_h is not None and present:
        plan = plan.with_fields(duration_h=plan.workload.duration_h / more)
    targets = time_targets(plan, facts)
    if lever.scaling_efficiency is not None:
        return plan.cited(row).changed("distributed", "time", certain(1.0 / lever.scaling_efficiency), targets)
    return plan.changed("distributed", "time", powered(row.triple, math.log2(more)), targets, row=row)


# --- less draw ---------------------------------------------------------------------------------------------------


def cap_power(plan: Plan, lever: PowerCap, knowledge: Knowledge) -> Plan:
    """
    Limit the draw of the accelerators: they draw less, and take longer.

    Between no cap and the measured one, draw and time change evenly in their logarithms; below it the doubt grows.
    """
    facts = knowledge.facts(plan.workload)
    share = lever.power_cap_share
    if share is None:
        limit_w = facts.board.tdp_w if facts.board is not None else None
        if limit_w is None:
            raise LeverProblem("power_cap_w", _NO_LIMIT)
        share = (lever.power_cap_w or lever.mean_accelerator_power_w or limit_w) / limit_w
    if share >= 1.0:
        return plan.said(_ABOVE_LIMIT) if share > 1.0 else plan
    depth = math.log(share) / math.log(MEASURED_CAP)
    draw, time = (knowledge.evidence("power_cap", quantity) for quantity in ("draw", "time"))
    drawn = powered(draw.triple, depth)
    if facts.board is not None and facts.board.tdp_w and plan.workload.hardware.mean_accelerator_power_w is not None:
        # Where the mean draw lies under the cap already, only its peaks are cut.
        floor = min(share * facts.board.tdp_w / plan.workload.hardware.mean_accelerator_power_w, 1.0)
        drawn = (max(drawn[0], min(floor, 1.0)), max(drawn[1], floor), max(drawn[2], floor))
    plan = plan.changed(
        "power_cap", "draw", of_whole(drawn, draw_share(plan, facts)), draw_targets(plan, facts), row=draw
    )
    return plan.changed("power_cap", "time", powered(time.triple, depth), time_targets(plan, facts), row=time)
