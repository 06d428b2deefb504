"""A measurement as it goes: sums, samples, and whose share it is."""

from dataclasses import replace
from typing import TYPE_CHECKING

from estimator.measure.figures import Lookup, Question
from estimator.measure.history import MOST_CELLS_COUNT, MOST_ROWS_COUNT, History
from estimator.measure.process import Attribution
from estimator.measure.samplers import Opened, Sample
from estimator.measure.totals import Totals, machine_total
from estimator.measure.window import Clock, Window

# What is needed only at the end is loaded only then, so that what is measured starts at once.
if TYPE_CHECKING:
    from estimator.measure.finished import Finished


class Recorder:
    """
    What is kept of the samples until the end. It has read everything once when it is made.

    Parameters
    ----------
    opened : Opened
        The meters.
    interval_s : float
        Time between two samples. [s]
    clock : Clock, optional
        The clocks.
    """

    def __init__(self, opened: Opened, *, interval_s: float, clock: Clock | None = None) -> None:
        self.opened = opened
        self.window = Window(opened.meters, interval_s=interval_s, clock=clock)
        self.attribution = Attribution(opened.meters)
        self._totals = Totals()
        # A server takes some megabytes at once, however many cards there are.
        self._history = History(min(MOST_ROWS_COUNT, MOST_CELLS_COUNT // max(len(opened.components), 1)))
        self.window.start()

    def add(self, sample: Sample) -> None:
        """Keep one sample."""
        self._totals.add(sample)
        self._history.add(sample)
        self.attribution.add(sample)

    def finished(
        self,
        *,
        title: str,
        command_name: str,
        question: Question,
        lookup: Lookup | None = None,
        pue: float | None = None,
        exit_code: int | None = None,
    ) -> "Finished":
        """
        All of it, with its emissions.

        Parameters
        ----------
        title, command_name : str
            What was measured.
        question : Question
            Where it ran, or the intensity of its grid.
        lookup : Lookup, optional
            The same question, where it is on its way already.
        pue : float, optional
            Facility energy over IT energy. [1]
        exit_code : int, optional
            How the command ended.
        """
        import uuid

        from estimator.measure.finished import NOTHING, Finished, carbon
        from estimator.measure.inventory import inventory
        from estimator.measure.meters import NAMES

        totals = self._totals.rows(self.opened.components)
        energies_j = {total.component.name: total.energy_j for total in totals}
        # What of the samples could not be shared out is taken to be shared as the rest is.
        attributed = tuple(
            replace(part, energy_j=part.share * energies_j[part.name]) for part in self.attribution.rows()
        )
        shares = {part.name: part.share for part in attributed}
        # A machine of which nothing could be read has not drawn nothing.
        emitted, problem = None, NOTHING
        if totals:
            emitted, problem = carbon(
                machine_total(totals),
                machine_total(totals, shares) if attributed else None,
                lookup=lookup or Lookup(question),
                pue=pue,
            )
        return Finished(
            client_id=str(uuid.uuid4()),
            title=title,
            command_name=command_name,
            started_at_s=self.window.started_at_s,
            duration_s=self._totals.duration_s,
            interval_s=self.window.interval_s * self._history.merged_count,
            inventory=inventory(self.opened).as_json(),
            totals=totals,
            attributed=attributed,
            samples=self._history.rows(),
            flags=tuple(sorted(self._totals.flags)),
            question=question,
            pue=pue,
            exit_code=exit_code,
            carbon=emitted,
            carbon_problem=problem,
            missed=tuple(
                f"{NAMES[state.name]}: {state.reason}"
                for state in self.opened.states
                if state.name in self.opened.missed
            ),
        )
