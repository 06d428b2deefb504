"""Warnings about inputs that can be computed with but are hard to believe, each with what to do about it."""

from collections.abc import Iterator

from estimator.core.factors import Factors, accelerators_named, plain_count
from estimator.core.footprint import Warning, gettext_noop
from estimator.core.inputs import Workload

#: Wall-clock hours beyond which minutes or device-hours were probably meant (5.7 years). [h]
LONGEST_BELIEVABLE_H = 50_000.0
#: Wall-clock hours below which another unit was probably meant (36 seconds). [h]
SHORTEST_BELIEVABLE_H = 0.01
#: A board that is switched on draws at least this share of its limit; idle boards of 2016 to 2025 draw 5 to 20 %.
SMALLEST_IDLE_SHARE = 0.05
#: Whole servers draw at most about this multiple of their accelerators' limits.
LARGEST_SYSTEM_MULTIPLE = 3.0
#: Draw of one core of a CPU between idle and the fastest desktops: outside, a core was taken for a chip or back. [W]
CORE_W = (0.4, 40.0)
#: A CPU never draws more than about this multiple of its limit, boost and all.
LARGEST_CPU_MULTIPLE = 1.5
#: How far given accelerator-hours may be from count times duration.
HOURS_TOLERANCE = 0.05


def plausibility_warnings(*, workload: Workload, factors: Factors) -> tuple[Warning, ...]:
    """
    Everything about the inputs that a reader should doubt.

    Parameters
    ----------
    workload : Workload
        The run as its user describes it.
    factors : Factors
        The resolved inputs, with the limit of the board where it is known.

    Returns
    -------
    tuple of Warning
        Empty where all is plausible. Nothing is changed: the estimate is computed as asked.
    """
    return (
        *_facility_warnings(workload),
        *_duration_warnings(workload, factors),
        *_accelerator_draw_warnings(workload, factors),
        *_system_draw_warnings(workload, factors),
        *_cpu_draw_warnings(workload, factors),
    )


def _facility_warnings(workload: Workload) -> Iterator[Warning]:
    if workload.pue is not None and workload.pue < 1.0:
        yield Warning(
            code="pue_below_1",
            message=gettext_noop(
                "A PUE of %(pue)s would mean that the facility uses less than its servers. Give at least 1."
            ),
            field="pue",
            text_params={"pue": workload.pue},
        )
    if workload.pue is not None and workload.pue > 3.0:
        yield Warning(
            code="pue_above_3",
            message=gettext_noop(
                "A PUE of %(pue)s is far above any published data centre. Check it: the world average is about 1.6."
            ),
            field="pue",
            text_params={"pue": workload.pue},
        )
    intensity = workload.grid_intensity_gco2e_per_kwh
    if intensity is None:
        intensity = workload.hourly_profile.mean_gco2e_per_kwh
    if intensity is not None and 0.0 < intensity <= 1.5:
        yield Warning(
            code="grid_intensity_in_kg",
            message=gettext_noop(
                "%(intensity)s gCO2e/kWh is below any grid. If these are kilograms per kWh, multiply by 1000."
            ),
            field="grid_intensity_gco2e_per_kwh",
            text_params={"intensity": intensity},
        )


def _duration_warnings(workload: Workload, factors: Factors) -> Iterator[Warning]:
    duration_h, accelerator_count = workload.duration_h, accelerators_named(workload, factors)
    if duration_h is not None and duration_h > LONGEST_BELIEVABLE_H:
        yield Warning(
            code="duration_too_long",
            message=gettext_noop(
                "%(duration_h)s hours by the clock are %(years)s years. If these are minutes, divide by 60; if they "
                "are accelerators times hours, give them as accelerator-hours."
            ),
            field="duration_h",
            text_params={"duration_h": duration_h, "years": round(duration_h / 8760.0, 1)},
        )
    # A clock told the time of what was measured.
    if duration_h is not None and duration_h < SHORTEST_BELIEVABLE_H and factors.method != "measured":
        yield Warning(
            code="duration_too_short",
            message=gettext_noop(
                "%(duration_h)s hours are %(seconds)s seconds. Check that the time is given in hours."
            ),
            field="duration_h",
            text_params={
                "duration_h": float(f"{duration_h:.3g}"),
                "seconds": float(f"{duration_h * 3600.0:.3g}"),
            },
        )
    if workload.accelerator_hours is not None and duration_h is not None and accelerator_count is not None:
        expected_h = accelerator_count * duration_h
        if abs(workload.accelerator_hours - expected_h) > HOURS_TOLERANCE * expected_h:
            yield Warning(
                code="accelerator_hours_inconsistent",
                message=gettext_noop(
                    "%(accelerator_hours)s accelerator-hours are given, but %(count)s accelerators for %(duration_h)s "
                    "hours make %(expected_h)s. Correct one of the three; until then the accelerator-hours count for "
                    "whatever goes by the accelerator."
                ),
                field="accelerator_hours",
                text_params={
                    "accelerator_hours": workload.accelerator_hours,
                    "count": plain_count(accelerator_count),
                    "duration_h": duration_h,
                    "expected_h": expected_h,
                },
            )


def _accelerator_draw_warnings(workload: Workload, factors: Factors) -> Iterator[Warning]:
    power_w, utilisation = workload.hardware.mean_accelerator_power_w, workload.hardware.utilisation
    if utilisation is not None and utilisation > 1.0:
        yield Warning(
            code="utilisation_above_1",
            message=gettext_noop(
                "A utilisation of %(utilisation)s is more than the whole. Give a share from 0 to 1: 80 %% is 0.8."
            ),
            field="hardware.utilisation",
            text_params={"utilisation": utilisation},
        )
    if power_w is None or factors.accelerator_tdp_w is None:
        return
    text_params = {
        "power_w": power_w,
        "tdp_w": factors.accelerator_tdp_w,
        "accelerator": factors.accelerator_name or workload.hardware.accelerator or "",
    }
    if power_w > factors.accelerator_tdp_w:
        yield Warning(
            code="power_above_limit",
            message=gettext_noop(
                "%(power_w)s W for one accelerator is above the limit of the board, %(tdp_w)s W (%(accelerator)s). "
                "Give the draw of ONE accelerator; the draw of whole servers has its own field."
            ),
            field="hardware.mean_accelerator_power_w",
            text_params=text_params,
        )
    elif power_w < SMALLEST_IDLE_SHARE * factors.accelerator_tdp_w:
        yield Warning(
            code="power_below_idle",
            message=gettext_noop(
                "%(power_w)s W is less than this board draws when idle (%(accelerator)s, limit %(tdp_w)s W). "
                "Check that the draw is in watts."
            ),
            field="hardware.mean_accelerator_power_w",
            text_params=text_params,
        )


def _system_draw_warnings(workload: Workload, factors: Factors) -> Iterator[Warning]:
    power_w, accelerator_count = workload.hardware.mean_system_power_w, accelerators_named(workload, factors)
    if power_w is None or accelerator_count is None or factors.accelerator_tdp_w is None:
        return
    limit_w = accelerator_count * factors.accelerator_tdp_w
    text_params = {"power_w": power_w, "count": plain_count(accelerator_count), "limit_w": limit_w}
    if power_w < SMALLEST_IDLE_SHARE * limit_w:
        yield Warning(
            code="system_power_below_idle",
            message=gettext_noop(
                "%(power_w)s W is less than %(count)s idle accelerators draw. Give the draw of ALL servers together, "
                "not of one server or one accelerator."
            ),
            field="hardware.mean_system_power_w",
            text_params=text_params,
        )
    elif power_w > LARGEST_SYSTEM_MULTIPLE * limit_w:
        yield Warning(
            code="system_power_above_limit",
            message=gettext_noop(
                "%(power_w)s W is more than three times the limit of %(count)s accelerators, %(limit_w)s W. Check the "
                "count of accelerators, and that the draw is a mean in watts, not an energy."
            ),
            field="hardware.mean_system_power_w",
            text_params=text_params,
        )


def _cpu_draw_warnings(workload: Workload, factors: Factors) -> Iterator[Warning]:
    hardware = workload.hardware
    power_w = hardware.mean_cpu_power_w
    if power_w is None or power_w == 0.0:
        return
    cores, tdp_w = hardware.cpu_core_count, None
    if factors.cpu_tdp_w is not None and factors.cpu_core_count is not None:
        tdp_w = factors.cpu_tdp_w * (hardware.cpu_count or 1)
        if cores is None:
            cores = factors.cpu_core_count * (hardware.cpu_count or 1)
        else:
            tdp_w = max(tdp_w, factors.cpu_tdp_w * cores / factors.cpu_core_count)
    if cores is None:
        return
    core_w = power_w / cores
    text_params = {"power_w": power_w, "cores": cores, "core_w": float(f"{core_w:.3g}")}
    if core_w < CORE_W[0]:
        yield Warning(
            code="cpu_power_of_one_core",
            message=gettext_noop(
                "%(power_w)s W for %(cores)s cores are %(core_w)s W a core, less than an idle one draws. Give the draw "
                "of ALL processors together, not that of one core."
            ),
            field="hardware.mean_cpu_power_w",
            text_params=text_params,
        )
    elif core_w > CORE_W[1] or (tdp_w is not None and power_w > LARGEST_CPU_MULTIPLE * tdp_w):
        yield Warning(
            code="cpu_power_above_limit",
            message=gettext_noop(
                "%(power_w)s W for %(cores)s cores are %(core_w)s W a core, more than such processors draw. The limit "
                "that vendors print is that of the whole chip: do not multiply it by its cores."
            ),
            field="hardware.mean_cpu_power_w",
            text_params=text_params,
        )
