"""
Carbon intensity of the present hour, from Electricity Maps: off unless the operator has a key and the run asks for it.

Nothing here raises. Whatever goes wrong on the way, the yearly average stays, and a warning says so.
"""

import json
import logging
import math
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cache
from http.client import HTTPException
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache as kept
from django.utils import timezone

from estimator.core.factors import Factors, LeverCase
from estimator.core.footprint import Warning, gettext_noop
from estimator.core.inputs import Workload
from estimator.reference import catalogue
from estimator.reference.assume import looked_up

logger = logging.getLogger(__name__)

OFFICIAL_URL: Final = "https://api.electricitymaps.com/v3/carbon-intensity/latest"
SOURCE_ID: Final = "electricity-maps"
TIMEOUT_S: Final = 2.0
KEPT_S: Final = 15 * 60
#: After a failure nobody waits for the same zone again for this long.
PATIENCE_S: Final = 60
MAX_BYTES: Final = 64 * 1024
HIGHEST_INTENSITY: Final = 2_000.0
#: Levels of our zones that Electricity Maps calls by the same names; the others it cuts differently.
_SAME_ZONES: Final = frozenset({"country", "ca_province", "au_state", "bidding_zone"})
#: Warnings about the yearly factor, which no longer stands.
OF_YEARLY: Final = frozenset({"grid_other_year", "grid_direct", "grid_doubtful", "grid_note", "grid_unknown"})

_NOTE: Final = gettext_noop("%(place)s at %(at)s UTC, as consumed; life-cycle, with plants and fuel supply.")
_NOTE_ESTIMATED: Final = gettext_noop(
    "%(place)s at %(at)s UTC, as consumed, estimated by the publisher; life-cycle, with plants and fuel supply."
)
_OFF: Final = gettext_noop(
    "This installation has no access to live intensities, so the yearly average is used. Its operator can set a key."
)
_NO_ZONE: Final = gettext_noop(
    "No live intensity is known for this place, so the yearly average is used. Give a country or a cloud region."
)
_NO_ANSWER: Final = gettext_noop(
    "The live intensity of %(place)s could not be fetched just now, so the yearly average is used. Try again later."
)
_OTHER_YEAR: Final = gettext_noop(
    "The live intensity is that of today, and the run is of %(year)s: the yearly average is used. Leave one of the two "
    "out."
)


@dataclass(frozen=True, slots=True)
class LiveIntensity:
    """What a zone's electricity emits at this hour."""

    grid_intensity_gco2e_per_kwh: float
    zone: str
    at: str  #: UTC, to the minute
    estimated: bool  #: by the publisher, where the grid had not reported yet


def with_live_grid(*, workload: Workload, factors: Factors) -> Factors:
    """
    The factors with the intensity of the present hour, where the run asks for it and it can be had.

    Parameters
    ----------
    workload : Workload
        The run as its user describes it.
    factors : Factors
        What was looked up for it, with the yearly intensity.

    Returns
    -------
    Factors
        The same factors for a run that does not ask, or gives an intensity itself; the yearly intensity with a
        warning where there is no live one.
    """
    if workload.grid_signal != "live" or workload.grid_intensity_gco2e_per_kwh is not None:
        return factors
    # A run that a lever changes is compared at the same hour, also where the lever moves it.
    factors = replace(
        factors,
        levers=tuple(_live_case(case) for case in factors.levers),
        levers_together=_live_case(factors.levers_together) if factors.levers_together is not None else None,
    )
    if not settings.ELECTRICITY_MAPS_KEY:
        return _warned(factors, "grid_live_off", _OFF)
    if workload.year is not None and workload.year != timezone.now().year:
        return _warned(factors, "grid_live_other_year", _OTHER_YEAR, year=workload.year)
    zone = _zone(workload)
    if zone is None:
        return _warned(factors, "grid_live_no_zone", _NO_ZONE)
    live = live_intensity(zone=zone)
    if live is None:
        return _warned(factors, "grid_live_failed", _NO_ANSWER, place=zone)
    shelf = catalogue.shelf()
    assumption = looked_up(
        "grid_intensity_gco2e_per_kwh",
        live.grid_intensity_gco2e_per_kwh,
        shelf.defaults["spread_grid"],
        source_ids=(SOURCE_ID,),
        note=_NOTE_ESTIMATED if live.estimated else _NOTE,
        place=live.zone,
        at=live.at,
    )
    return replace(
        factors,
        assumptions={**factors.assumptions, assumption.name: assumption},
        sources={**factors.sources, SOURCE_ID: shelf.sources[SOURCE_ID]},
        warnings=tuple(warning for warning in factors.warnings if warning.code not in OF_YEARLY),
    )


def _live_case(case: LeverCase) -> LeverCase:
    if case.factors is None:
        return case
    return replace(case, factors=with_live_grid(workload=case.workload, factors=case.factors))


def _warned(factors: Factors, code: str, message: str, **text_params: Any) -> Factors:
    warning = Warning(code=code, message=message, field="grid_signal", text_params=text_params)
    return replace(factors, warnings=(*factors.warnings, warning))


def _zone(workload: Workload) -> str | None:
    """What Electricity Maps calls the place of a run; None where it has no such zone, or we do not know it."""
    places = catalogue.shelf().places
    spot = places.locate(workload.location)
    if spot.region is not None and spot.region.electricity_maps_zone:
        return spot.region.electricity_maps_zone
    row = places.zones.get(spot.zone or "")
    return row.zone if row is not None and row.level in _SAME_ZONES else None


# --- fetching ---------------------------------------------------------------------------------------------------------


def live_intensity(*, zone: str) -> LiveIntensity | None:
    """The present intensity of a zone, at most a quarter of an hour old; None where it cannot be had."""
    key = f"live-grid:{zone}"
    known = _recall(key)
    if known is not None:
        return _from_kept(known)
    waiting: Future[LiveIntensity | None] = _threads().submit(_fetch, zone)
    try:
        # However slowly the bytes drip, nobody waits longer than this.
        live = waiting.result(timeout=TIMEOUT_S)
    except TimeoutError:
        waiting.cancel()
        logger.warning("Electricity Maps did not answer for %s within %s s", zone, TIMEOUT_S)
        live = None
    _keep(key, asdict(live) if live else {}, KEPT_S if live else PATIENCE_S)
    return live


def _from_kept(known: dict[str, Any]) -> LiveIntensity | None:
    return LiveIntensity(**known) if known else None


def _recall(key: str) -> dict[str, Any] | None:
    try:
        known = kept.get(key)
    except Exception:
        # Whatever keeps the values may be away, as Redis may.
        logger.warning("The cache did not answer", exc_info=True)
        return None
    return known if isinstance(known, dict) else None


def _keep(key: str, value: dict[str, Any], seconds: int) -> None:
    try:
        kept.set(key, value, seconds)
    except Exception:
        logger.warning("The cache did not take a value", exc_info=True)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=4, thread_name_prefix="live-grid")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The key goes to the address of the settings, and nowhere else."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def _fetch(zone: str) -> LiveIntensity | None:
    url = settings.ELECTRICITY_MAPS_URL or OFFICIAL_URL
    asked = urllib.parse.urlencode({"zone": zone, "emissionFactorType": "lifecycle"})
    request = urllib.request.Request(
        f"{url}?{asked}", headers={"auth-token": settings.ELECTRICITY_MAPS_KEY, "Accept": "application/json"}
    )
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT_S) as response:
            content = response.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES} bytes")
        return _read(json.loads(content), zone)
    except (OSError, HTTPException, ValueError, RecursionError) as problem:
        # urllib's errors are OSErrors; their text never holds the key.
        logger.warning("No live intensity of %s: %s", zone, problem)
        return None


def _read(told: object, zone: str) -> LiveIntensity:
    if not isinstance(told, dict):
        raise ValueError("the answer is no object")
    value, at = told.get("carbonIntensity"), told.get("datetime")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("carbonIntensity is no number")
    if not 0 <= value <= HIGHEST_INTENSITY:
        raise ValueError("carbonIntensity is out of bounds")
    if told.get("zone", zone) != zone:
        raise ValueError("the answer is of another zone")
    if told.get("emissionFactorType", "lifecycle") != "lifecycle":
        raise ValueError("the answer is not life-cycle")
    when = datetime.fromisoformat(at) if isinstance(at, str) else timezone.now()
    return LiveIntensity(
        grid_intensity_gco2e_per_kwh=float(value),
        zone=zone,
        at=(when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC).strftime("%Y-%m-%d %H:%M"),
        estimated=told.get("isEstimated") is True,
    )
