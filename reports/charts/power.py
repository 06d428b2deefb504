"""Power over time of a measured run, drawn for paper."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from estimator.core.footprint import gettext_noop
from estimator.core.units import S_PER_H
from reports.charts.chart import Voice
from reports.charts.watts import time_unit

HEIGHT: Final = 240
LEFT: Final = 64
BOTTOM: Final = 26
TOP: Final = 8
#: Marks of an axis, at most.
MOST_TICKS: Final = 6
SYMBOLS: Final = {"seconds": "s", "minutes": "min", "hours": "h"}


@dataclass(frozen=True, slots=True)
class PowerPoint:
    """One stretch of time."""

    start_h: float
    end_h: float
    mean_w: float
    peak_w: float


@dataclass(frozen=True, slots=True)
class PowerCurve:
    """A measured run: stretches in their order, with gaps where nothing was measured."""

    points: tuple[PowerPoint, ...]
    exceeds_footprint: bool = False  #: of the whole machine, where the footprint is of a share of it

    @property
    def end_h(self) -> float:
        """When the last stretch ends."""
        return self.points[-1].end_h

    @property
    def mean_w(self) -> float:
        """The mean over what was measured."""
        hours = math.fsum(point.end_h - point.start_h for point in self.points)
        return math.fsum(point.mean_w * (point.end_h - point.start_h) for point in self.points) / hours

    @property
    def most_w(self) -> float:
        """The highest peak."""
        return max(max(point.peak_w, point.mean_w) for point in self.points)


def power_alt(curve: PowerCurve, voice: Voice) -> str:
    """The curve for those who do not see it."""
    unit_h, unit = _time_unit(curve)
    return voice.translate(
        gettext_noop("Over %(hours)s the power was %(mean)s on average and %(most)s at its highest.")
    ) % {
        "hours": voice.quantity(curve.end_h / unit_h, unit),
        "mean": voice.quantity(curve.mean_w, "W"),
        "most": voice.quantity(curve.most_w, "W"),
    }


def power_svg(curve: PowerCurve, voice: Voice, *, width: int, colours: Mapping[str, str]) -> str:
    """
    The mean of each stretch as an area, its peak as a line above.

    Parameters
    ----------
    curve : PowerCurve
        What was measured; at least one stretch.
    voice : Voice
        Language and rounding.
    width : int
        Width of the drawing; text is 14 units high.
    colours : mapping of str to str
        Token to colour.

    Returns
    -------
    str
        One `svg` element without reference to anything outside.
    """
    unit_h, unit = _time_unit(curve)
    ticks_w, ticks_passed = ticks(curve.most_w), ticks(curve.end_h / unit_h)
    top_w, end_h = max(ticks_w[-1], curve.most_w), curve.end_h
    right, bottom = width - 10.0, HEIGHT - BOTTOM

    def x(hours: float) -> float:
        return LEFT + (right - LEFT) * hours / end_h

    def y(power_w: float) -> float:
        return bottom - (bottom - TOP) * power_w / top_w

    body = [f"<title>{escape(power_alt(curve, voice))}</title>"]
    for tick_w in ticks_w:
        ends = f'x1="{LEFT}" y1="{y(tick_w):.1f}" x2="{right:.1f}" y2="{y(tick_w):.1f}"'
        body.append(f'<line {ends} stroke="{colours["line"]}"/>')
        body.append(_text(LEFT - 6, y(tick_w) + 4, voice.tick(tick_w, "W") if tick_w else "0", "end", colours))
    for passed in ticks_passed:
        at = x(passed * unit_h)
        anchor = "start" if passed == 0 else "end" if at > right - 20 else "middle"
        body.append(_text(at, HEIGHT - 6, voice.tick(passed, unit) if passed else "0", anchor, colours))
    for stretch in _stretches(curve.points):
        steps = " ".join(f"L{x(one.start_h):.1f} {y(one.mean_w):.1f}H{x(one.end_h):.1f}" for one in stretch)
        area = f"M{x(stretch[0].start_h):.1f} {bottom}{steps}V{bottom}Z"
        body.append(f'<path d="{area}" fill="{colours["chart-1"]}" fill-opacity="0.75"/>')
        peaks = "L".join(f"{x(one.start_h):.1f} {y(one.peak_w):.1f}H{x(one.end_h):.1f}" for one in stretch)
        body.append(f'<path d="M{peaks}" fill="none" stroke="{colours["chart-5"]}" stroke-width="1"/>')
    body.append(f'<line x1="{LEFT}" y1="{bottom}" x2="{right:.1f}" y2="{bottom}" stroke="{colours["line-strong"]}"/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" width="{width}" height="{HEIGHT}" '
        f'font-family="Source Sans Pro, sans-serif" font-size="12">{"".join(body)}</svg>'
    )


def ticks(most: float) -> tuple[float, ...]:
    """
    Round marks from zero to just below or at the end of an axis.

    Examples
    --------
    >>> ticks(470.0), ticks(0.4)
    ((0.0, 100.0, 200.0, 300.0, 400.0), (0.0, 0.1, 0.2, 0.3, 0.4))
    """
    if most <= 0:
        return (0.0,)
    power = 10.0 ** math.floor(math.log10(most / MOST_TICKS))
    step = next(power * size for size in (1, 2, 5, 10) if most / (power * size) < MOST_TICKS)
    return tuple(round(step * place, 12) for place in range(int(most / step + 1e-9) + 1))


def _time_unit(curve: PowerCurve) -> tuple[float, str]:
    """The unit that the axis counts in, in hours, and its symbol: marks are round in it."""
    unit_s, name = time_unit(curve.end_h * S_PER_H)
    return unit_s / S_PER_H, SYMBOLS[name]


def _text(x: float, y: float, text: str, anchor: str, colours: Mapping[str, str]) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colours["ink-soft"]}">{escape(text)}</text>'


def _stretches(points: Sequence[PowerPoint]) -> list[list[PowerPoint]]:
    """Points without a gap between them, together."""
    found: list[list[PowerPoint]] = []
    for point in points:
        if found and math.isclose(found[-1][-1].end_h, point.start_h, rel_tol=1e-9, abs_tol=1e-9):
            found[-1].append(point)
        else:
            found.append([point])
    return found
