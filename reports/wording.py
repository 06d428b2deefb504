"""A footprint in the active language: its summary, and the voice of its charts. Page, PDF and JSON all come by here."""

from typing import Final

from django.utils.translation import gettext, gettext_noop

from estimator.core.footprint import Footprint
from estimator.core.inputs import Location
from estimator.reference import catalogue
from reports import quantities
from reports.charts import Chart, Voice, charts_of
from reports.regions import regions_of
from reports.summary import ReportSummary, summarise

VOICE: Final = Voice(
    translate=gettext,
    quantity=quantities.quantity,
    spread=quantities.spread,
    percent=quantities.percent,
    tick=quantities.tick,
    change=quantities.change,
    change_spread=quantities.change_spread,
)

#: The names by which core and catalogue keep a thing -> what people read.
METHODS: Final = {
    "strubell_2019": gettext_noop("Mean draw × hours × PUE (Strubell et al. 2019)"),
    "device_hours": gettext_noop("Accelerators × draw × hours × PUE"),
    "training_flop": gettext_noop("Operations of the training ÷ speed of the hardware × draw × PUE"),
    "cores_and_memory": gettext_noop("Cores and memory × draw × hours × PUE (Green Algorithms)"),
    "inference_tokens": gettext_noop("Energy of a request or token × how many × PUE"),
    "measured": gettext_noop("Measured energy × PUE"),
    "modelled": gettext_noop("Modelled or attributed energy × PUE"),
}
BOUNDARIES: Final = {
    "accelerators": gettext_noop("Accelerators and the data centre's overhead; CPUs and memory are not counted"),
    "processors": gettext_noop("CPUs and memory and the data centre's overhead; accelerators are not counted"),
    "servers": gettext_noop("Whole servers and the data centre's overhead"),
}
BOUNDARY_PARTS: Final = {
    "accelerators": gettext_noop("accelerators"),
    "host": gettext_noop("CPUs, memory and network"),
    "processors": gettext_noop("CPUs and memory"),
    "facility": gettext_noop("cooling and losses of the data centre"),
    "idle": gettext_noop("idle time"),
    "development": gettext_noop("development runs"),
    "embodied": gettext_noop("making the hardware"),
}
QUALITIES: Final = {
    "counter": (gettext_noop("Counted"), gettext_noop("read from an energy counter")),
    "sampled": (gettext_noop("Sampled"), gettext_noop("a measured mean draw times the hours")),
    "rated": (gettext_noop("Rated"), gettext_noop("from the rated power of the hardware")),
    "modelled": (gettext_noop("Modelled"), gettext_noop("from typical values for such a run")),
    "guess": (gettext_noop("Rough guess"), gettext_noop("an important input had to be guessed")),
}
STATUSES: Final = {
    "measured": gettext_noop("measured"),
    "given": gettext_noop("given"),
    "looked_up": gettext_noop("looked up"),
    "default": gettext_noop("default"),
}
MATCHES: Final = {
    "exact": gettext_noop("exact match"),
    "nearest_year": gettext_noop("nearest year"),
    "parent_zone": gettext_noop("larger zone"),
    "world": gettext_noop("world average"),
}


def summary_of(footprint: Footprint, *, location: Location | None = None) -> ReportSummary:
    """What a report of this footprint says, in the active language; with its place among others where it is known."""
    return summarise(
        footprint,
        published=catalogue.published_runs(),
        published_sources=catalogue.sources(),
        translate=gettext,
        regions=None if location is None else regions_of(footprint, location),
    )


def charts_in_words(summary: ReportSummary) -> tuple[Chart, ...]:
    """The charts of a summary, in the active language."""
    return charts_of(summary, VOICE)
