"""Words of the tables that people read, marked for the translation files."""

from typing import Final

from estimator.core.footprint import gettext_noop

EQUIVALENT_LABELS: Final = frozenset(
    {
        gettext_noop("Driving an average passenger car, Europe"),
        gettext_noop("Driving an average gasoline vehicle, US"),
        gettext_noop("One gasoline passenger vehicle driven for a year, US"),
        gettext_noop("Gasoline burned"),
        gettext_noop("Rail travel, passenger"),
        gettext_noop("Flight, economy, passenger"),
        gettext_noop("Flight, all classes average, with radiative forcing"),
        gettext_noop("Flight Paris-London, one way, economy"),
        gettext_noop("Flight New York-San Francisco, one way, economy"),
        gettext_noop("Flight New York-Melbourne, one way, economy"),
        gettext_noop("Carbon taken up by a mature tree in a year"),
        gettext_noop("Carbon taken up by a mature tree in a month"),
        gettext_noop("Carbon taken up by one urban tree seedling grown for 10 years"),
        gettext_noop("Charging a smartphone"),
        gettext_noop("Energy use of one US home for a year"),
        gettext_noop("Video streaming, one hour, Europe"),
        gettext_noop("Yearly climate budget per person (planetary boundary)"),
    }
)
EQUIVALENT_UNITS: Final = frozenset(
    {
        gettext_noop("km"),
        gettext_noop("vehicle-year"),
        gettext_noop("litre"),
        gettext_noop("passenger-km"),
        gettext_noop("passenger"),
        gettext_noop("tree-year"),
        gettext_noop("tree-month"),
        gettext_noop("seedling grown 10 years"),
        gettext_noop("charge"),
        gettext_noop("home-year"),
        gettext_noop("hour"),
        gettext_noop("person-year"),
    }
)
