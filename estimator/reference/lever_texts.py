"""The table of levers for programs: each lever once, with everything that was found about it."""

from typing import Any, Final

from estimator.core.footprint import gettext_noop
from estimator.core.levers.registry import LEVERS
from estimator.core.levers.settings import SETTINGS
from estimator.reference.names import search
from estimator.reference.shelf import Shelf

#: Lever -> name for people, and what it changes.
LEVER_NAMES: Final = {
    "early_stopping": (gettext_noop("Stop early"), gettext_noop("time of the training")),
    "reuse": (gettext_noop("Reuse a trained model"), gettext_noop("operations of the training")),
    "output_length": (gettext_noop("Answer shorter"), gettext_noop("tokens and requests")),
    "batch_size": (gettext_noop("Serve in larger batches"), gettext_noop("bytes read for each request")),
    "mixture_of_experts": (gettext_noop("Mix experts"), gettext_noop("operations of a token")),
    "hardware": (gettext_noop("Use other hardware"), gettext_noop("time, draw and making of the accelerators")),
    "pruning": (gettext_noop("Prune"), gettext_noop("parameters, or the time of products")),
    "quantisation": (gettext_noop("Quantise"), gettext_noop("bytes, peak rate and number of accelerators")),
    "distributed": (gettext_noop("Use more or fewer accelerators"), gettext_noop("number and time of accelerators")),
    "power_cap": (gettext_noop("Cap the power"), gettext_noop("draw and time of the accelerators")),
    "federated": (gettext_noop("Train on clients"), gettext_noop("devices, network and their grids")),
    "region": (gettext_noop("Run elsewhere"), gettext_noop("grid, PUE and water")),
    "pue": (gettext_noop("Use a better facility"), gettext_noop("overhead of the facility")),
    "time_shift": (gettext_noop("Run at another time"), gettext_noop("intensity of the grid")),
    "renewable_contract": (gettext_noop("Buy renewable electricity"), gettext_noop("the market-based figure alone")),
}


def lever_rows(shelf: Shelf, q: str = "") -> list[dict[str, Any]]:
    """
    Levers as plain data, in the order in which they act.

    Parameters
    ----------
    shelf : Shelf
        The reference data.
    q : str
        What the name of a lever or one of its settings must hold.

    Returns
    -------
    list of dict
        Each with its settings as a JSON schema, its rows of evidence and their sources.
    """
    found = {row.lever for row in search(shelf.searchable["levers"], q)}
    items = []
    for place, lever in enumerate(LEVERS):
        if lever not in found:
            continue
        evidence = [row.model_dump(mode="json") for row in shelf.lever_rows if row.lever == lever]
        name, changes = LEVER_NAMES[lever]
        items.append(
            {
                "id": lever,
                "name": name,
                "aliases": [],
                "changes": changes,
                "order": place + 1,
                "settings": SETTINGS[lever].model_json_schema(),
                "evidence": evidence,
                "source_ids": sorted({source_id for row in evidence for source_id in row["source_ids"]}),
            }
        )
    return items
