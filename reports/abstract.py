"""A footprint in three sentences: what it came to, what it is made of, and how far it can be trusted."""

from django.utils.translation import gettext

from reports.quantities import percent, quantity, spread
from reports.summary import ReportSummary
from reports.wording import QUALITIES


def abstract(summary: ReportSummary, *, is_only_measured: bool = False) -> tuple[str, str, str]:
    """
    Three sentences in the active language; a title of the user's own stays in the heading.

    Parameters
    ----------
    summary : ReportSummary
        What it is of.
    is_only_measured : bool
        Whether nobody said what was done while it was measured.
    """
    return _outcome(summary, is_only_measured), _makeup(summary), _trust(summary)


def _outcome(summary: ReportSummary, is_only_measured: bool) -> str:
    told = {
        "energy": quantity(summary.facility_energy_kwh, "kWh"),
        "total": quantity(summary.total_kgco2e, "kgCO2e"),
        "range": spread(summary.total_kgco2e, "kgCO2e"),
    }
    if is_only_measured:
        if told["range"]:
            return (
                gettext("The measured run took %(energy)s of electricity and caused %(total)s (90 %% range %(range)s).")
                % told
            )
        return gettext("The measured run took %(energy)s of electricity and caused %(total)s.") % told
    if summary.activity == "training":
        if told["range"]:
            return (
                gettext("Training took %(energy)s of electricity and caused %(total)s (90 %% range %(range)s).") % told
            )
        return gettext("Training took %(energy)s of electricity and caused %(total)s.") % told
    if told["range"]:
        return gettext("Its use took %(energy)s of electricity and caused %(total)s (90 %% range %(range)s).") % told
    return gettext("Its use took %(energy)s of electricity and caused %(total)s.") % told


def _makeup(summary: ReportSummary) -> str:
    total_kgco2e = summary.total_kgco2e.central
    embodied_kgco2e = summary.embodied_kgco2e.central if summary.embodied_kgco2e else 0.0
    operational = summary.operational_kgco2e.central / total_kgco2e if total_kgco2e > 0 else 0.0
    told = {
        "electricity": percent(operational),
        "hardware": percent(embodied_kgco2e / total_kgco2e) if total_kgco2e > 0 else "",
    }
    if embodied_kgco2e > 0:
        return (
            gettext("Of that, %(electricity)s come from the electricity and %(hardware)s from making the hardware.")
            % told
        )
    return gettext("All of it comes from the electricity; making the hardware is not in it.")


def _trust(summary: ReportSummary) -> str:
    name, meaning = (gettext(text) for text in QUALITIES[summary.quality])
    told = {"tier": name, "meaning": meaning}
    if summary.contributions:
        widest = summary.contributions[0]
        told |= {"input": widest.label, "share": percent(widest.share)}
        return (
            gettext(
                "Its quality is “%(tier)s”, %(meaning)s; what widens the range most is “%(input)s” "
                "with %(share)s of it."
            )
            % told
        )
    return gettext("Its quality is “%(tier)s”, %(meaning)s.") % told
