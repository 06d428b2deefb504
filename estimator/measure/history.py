"""The samples of a measurement, as many as are kept: a long one is kept more coarsely, never cut."""

from typing import Final

from estimator.measure.samplers import Sample

#: Two hours of one sample a second, a few megabytes.
MOST_ROWS_COUNT: Final = 7_200
#: Rows times components, about five megabytes as JSON.
MOST_CELLS_COUNT: Final = 120_000


class History:
    """
    Joules by component over time.

    Parameters
    ----------
    most_rows_count : int
        When there are more, each two neighbours become one.
    """

    def __init__(self, most_rows_count: int = MOST_ROWS_COUNT) -> None:
        self._most = most_rows_count
        self._rows: list[tuple[float, dict[str, float]]] = []
        self._part: tuple[float, dict[str, float]] | None = None
        self._parts_count = 0
        self.merged_count = 1  #: samples in one row

    def add(self, sample: Sample) -> None:
        """Keep one sample."""
        row = (sample.time_s, {name: part.energy_j for name, part in sample.components.items()})
        self._part = row if self._part is None else _joined(self._part, row)
        self._parts_count += 1
        if self._parts_count < self.merged_count:
            return
        self._rows.append(self._part)
        self._part, self._parts_count = None, 0
        if len(self._rows) > self._most:
            kept = self._rows
            self._rows = [_joined(kept[i], kept[i + 1]) for i in range(0, len(kept) - 1, 2)]
            self.merged_count *= 2
            if len(kept) % 2:
                self._part, self._parts_count = kept[-1], self.merged_count // 2

    def rows(self) -> list[list[object]]:
        """As they are sent: sequence, end of the interval, joules by component."""
        rest = [] if self._part is None else [self._part]
        return [[number, time_s, energies_j] for number, (time_s, energies_j) in enumerate((*self._rows, *rest), 1)]


def _joined(
    earlier: tuple[float, dict[str, float]], later: tuple[float, dict[str, float]]
) -> tuple[float, dict[str, float]]:
    names = earlier[1].keys() | later[1].keys()
    return later[0], {name: earlier[1].get(name, 0.0) + later[1].get(name, 0.0) for name in sorted(names)}
