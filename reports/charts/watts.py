"""Power over time, as SVG: what a page shows before its script has drawn, and where there is none."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol
from xml.sax.saxutils import escape, quoteattr

WIDTH: Final = 720
HEIGHT: Final = 280
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 10, 40
COLOURS_COUNT: Final = 7
#: Lines of the same colour are told apart by their dashes.
DASHES: Final = ("", "6 3", "2 3")
TOTAL: Final = "total"
_S_PER_MIN, _S_PER_H = 60.0, 3_600.0


class Point(Protocol):
    """Mean powers over one stretch."""

    @property
    def end_s(self) -> float:
        """Its end, since the start."""

    @property
    def duration_s(self) -> float:
        """How long it is."""

    @property
    def powers_w(self) -> Mapping[str, float]:
        """By component."""


def nice_step(most: float, ticks_count: int) -> float:
    """A round distance between ticks that fits `most` in about so many of them."""
    rough = most / ticks_count
    size = 10.0 ** math.floor(math.log10(rough))
    return next(factor * size for factor in (1, 2, 5, 10) if factor * size >= rough * (1 - 1e-9))


def time_unit(passed_s: float) -> tuple[float, str]:
    """Seconds while they are few, then minutes and hours."""
    if passed_s < 3 * _S_PER_MIN:
        return 1.0, "seconds"
    return (_S_PER_MIN, "minutes") if passed_s < 3 * _S_PER_H else (_S_PER_H, "hours")


def with_total(
    points: Sequence[Point], components: Sequence[Mapping[str, Any]]
) -> list[tuple[str, list[float | None]]]:
    """Each component's powers, and of those that count together the sum, where they are several."""
    lines = [(str(part["name"]), [point.powers_w.get(part["name"]) for point in points]) for part in components]
    counted = [str(part["name"]) for part in components if part.get("counted", True)]
    if len(counted) > 1:
        sums = [sum(point.powers_w.get(name, 0.0) for name in counted) for point in points]
        lines.append((TOTAL, [*sums]))
    return lines


def style_of(number: int, name: str) -> str:
    """Colour and dashes of a line, as attributes."""
    if name == TOTAL:
        return 'stroke="var(--ink)" stroke-width="2"'
    dashes = DASHES[number // COLOURS_COUNT % len(DASHES)]
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'stroke="var(--chart-{number % COLOURS_COUNT + 1})" stroke-width="1.75"{dashed}'


def watts_svg(
    points: Sequence[Point],
    components: Sequence[Mapping[str, Any]],
    *,
    alt: str,
    number: Callable[[float], str],
    unit_names: Mapping[str, str],
) -> str:
    """
    The chart.

    Parameters
    ----------
    points : sequence of Point
        In order.
    components : sequence of mapping
        With `name`, and `counted` where a component stands beside the others.
    alt : str
        What it shows, for those who cannot see it.
    number : callable
        How numbers are written.
    unit_names : mapping
        What seconds, minutes and hours are called.

    Returns
    -------
    str
        One `svg` element without style sheet or script; empty axes where there is no point yet.
    """
    lines = with_total(points, components)
    most_w = max((power_w for _, powers in lines for power_w in powers if power_w is not None), default=0.0) or 1.0
    passed_s = max((point.end_s for point in points), default=0.0) or 1.0
    step_w = nice_step(most_w, 4)
    top_w = step_w * math.ceil(most_w / step_w - 1e-9)

    def x(at_s: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * at_s / passed_s

    def y(power_w: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * power_w / top_w

    body = _grid(top_w, step_w, passed_s, x, y, number, unit_names)
    for place, (name, powers) in enumerate(lines):
        path = _path(points, powers, x, y)
        if path:
            body.append(f'<path d="{path}" fill="none" {style_of(place, name)}/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label={quoteattr(alt)} font-family="Source Sans Pro, sans-serif" font-size="13">{"".join(body)}</svg>'
    )


def _grid(
    top_w: float,
    step_w: float,
    passed_s: float,
    x: Callable[[float], float],
    y: Callable[[float], float],
    number: Callable[[float], str],
    unit_names: Mapping[str, str],
) -> list[str]:
    body = []
    for tick in range(round(top_w / step_w) + 1):
        power_w = tick * step_w
        body.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(power_w):.1f}" y2="{y(power_w):.1f}" stroke="var(--line)"/>'
            f'<text x="{LEFT - 8}" y="{y(power_w) + 4:.1f}" text-anchor="end" fill="var(--ink-soft)">'
            f"{escape(number(power_w))}{' W' if power_w else ''}</text>"
        )
    unit_s, unit = time_unit(passed_s)
    step = nice_step(passed_s / unit_s, 6)
    for tick in range(int(passed_s / unit_s / step + 1e-9) + 1):
        at = x(tick * step * unit_s)
        body.append(
            f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" fill="var(--ink-soft)">'
            f"{escape(number(tick * step))}</text>"
        )
    body.append(
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end" fill="var(--ink-soft)">'
        f"{escape(unit_names[unit])}</text>"
    )
    return body


def _path(
    points: Sequence[Point],
    powers: Sequence[float | None],
    x: Callable[[float], float],
    y: Callable[[float], float],
) -> str:
    """Steps, as each number is a mean over its stretch; broken where nothing was measured."""
    path: list[str] = []
    last_s: float | None = None
    for point, power_w in zip(points, powers, strict=True):
        if power_w is None:
            last_s = None
            continue
        start_s = max(point.end_s - point.duration_s, 0.0)
        joins = last_s is not None and start_s - last_s <= 0.5 * point.duration_s
        path.append(f"V{y(power_w):.1f}" if joins else f"M{x(start_s):.1f} {y(power_w):.1f}")
        path.append(f"H{x(point.end_s):.1f}")
        last_s = point.end_s
    return "".join(path)
