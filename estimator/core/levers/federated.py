"""Federated training: clients, network and server against the central run."""

from dataclasses import replace
from typing import Final

from estimator.core.energy import run_multiplier
from estimator.core.footprint import gettext_noop
from estimator.core.levers.plan import Knowledge, LeverProblem, Plan, certain
from estimator.core.levers.settings import Federated
from estimator.core.sheet import Sheet, by_name
from estimator.core.units import G_PER_KG, J_PER_KWH, Quantity

FEDERATED_SOURCE_IDS: Final = ("qiu-2023",)
#: What tells the composer that a training is federated.
MARK: Final = "federated_rounds"
CLIENT_GRID: Final = "federated_grid_intensity"
_PARTS: Final = ("client_energy_kwh", "network_energy_kwh", "server_energy_kwh")

_TRAINING_ONLY: Final = gettext_noop(
    "This lever acts on a training. Choose the activity training, or leave the lever out."
)
_NOT_COUNTED: Final = gettext_noop("The making of the clients' devices is not counted: they are there anyway.")


def federate(plan: Plan, lever: Federated, knowledge: Knowledge) -> Plan:
    """Train on the clients' own devices; the central run falls away."""
    if plan.workload.activity != "training":
        raise LeverProblem("lever", _TRAINING_ONLY)
    network, server = (knowledge.evidence("federated", quantity) for quantity in ("network", "server_share"))
    plan = plan.cited(knowledge.evidence("federated", "total"), network).said(_NOT_COUNTED)
    for name, value, unit in (
        (MARK, float(lever.clients_count) * lever.rounds_count, "1"),
        ("federated_device_power", lever.mean_device_power_w, "W"),
        ("federated_local_time", lever.local_time_s, "s"),
        ("federated_traffic", lever.bytes_up_gb + lever.bytes_down_gb, "GB"),
    ):
        plan = plan.put(name, certain(value), unit=unit)
    plan = plan.put("federated_network", network.triple, unit="kWh/GB", row=network)
    if lever.server_energy_kwh is not None:
        plan = plan.put("federated_server", certain(lever.server_energy_kwh), unit="kWh")
    else:
        plan = plan.cited(server).put("federated_server_share", server.triple, unit="1", row=server)
    # No accelerator of ours works any more.
    plan = plan.with_fields("embodied", include=False)
    if not lever.client_locations:
        return plan
    grid = knowledge.client_grid(lever.client_locations, plan.workload)
    return replace(plan, factors=(*plan.factors, grid.model_copy(update={"name": CLIENT_GRID})))


def client_energy_kwh(
    *, participations: Quantity, device_power_w: Quantity, local_time_s: Quantity, run_multiplier: Quantity = 1.0
) -> Quantity:
    r"""
    Energy of the clients' devices.

    Parameters
    ----------
    participations : float or array
        Clients of a round times rounds. [1]
    device_power_w : float or array
        Draw of one device. [W]
    local_time_s : float or array
        Time of one client in one round. [s]
    run_multiplier : float or array, default 1.0
        All runs as a multiple of the final one. [1]

    Returns
    -------
    float or array
        Energy. [kWh]

    Notes
    -----
    .. math:: E_c = \frac{K \, R \, P \, t}{3.6 \cdot 10^6}

    Examples
    --------
    >>> client_energy_kwh(participations=1000.0, device_power_w=3.6, local_time_s=1000.0)
    1.0
    """
    return participations * device_power_w * local_time_s * run_multiplier / J_PER_KWH


def network_energy_kwh(
    *, participations: Quantity, traffic_gb: Quantity, network_kwh_per_gb: Quantity, run_multiplier: Quantity = 1.0
) -> Quantity:
    r"""
    Energy of carrying the updates.

    Parameters
    ----------
    participations : float or array
        Clients of a round times rounds. [1]
    traffic_gb : float or array
        Up and down of one client in one round. [GB]
    network_kwh_per_gb : float or array
        Energy of a gigabyte. [kWh/GB]
    run_multiplier : float or array, default 1.0
        All runs as a multiple of the final one. [1]

    Returns
    -------
    float or array
        Energy. [kWh]

    Notes
    -----
    .. math:: E_n = K \, R \, (B_u + B_d) \, k

    Examples
    --------
    >>> round(network_energy_kwh(participations=1000.0, traffic_gb=0.5, network_kwh_per_gb=0.006), 9)
    3.0
    """
    return participations * traffic_gb * network_kwh_per_gb * run_multiplier


def server_energy_kwh(*, aggregated: Quantity, share: Quantity) -> Quantity:
    """Energy of aggregation, as a share of that of clients and network."""
    return aggregated * share


def federated_kgco2e(
    *,
    client_energy_kwh: Quantity,
    network_energy_kwh: Quantity,
    server_energy_kwh: Quantity,
    client_intensity_gco2e_per_kwh: Quantity,
    grid_intensity_gco2e_per_kwh: Quantity,
    pue: Quantity,
) -> Quantity:
    r"""
    Emissions of clients and network on the clients' grids, and of the server on its own.

    Returns
    -------
    float or array
        Operational emissions. [kgCO2e]

    Notes
    -----
    .. math:: C = \frac{(E_c + E_n) \, I_c + E_s \, \mathrm{PUE} \, I}{1000}

    References
    ----------
    .. [1] Qiu et al., A First Look into the Carbon Footprint of Federated Learning, JMLR 24(129), 2023.
    """
    clients_g = (client_energy_kwh + network_energy_kwh) * client_intensity_gco2e_per_kwh
    return (clients_g + server_energy_kwh * pue * grid_intensity_gco2e_per_kwh) / G_PER_KG


def is_federated(sheet: Sheet) -> bool:
    """Whether clients train instead of the central run."""
    return MARK in sheet


def write_federated(sheet: Sheet) -> None:
    """Write the energy and the emissions of a federated training in the place of the central run's."""
    runs = ("development_factor", "repeat_count")
    known = [name for name in runs if name in sheet]
    sheet.line(
        "run_multiplier",
        label=gettext_noop("All runs as a multiple of the final run"),
        formula=" × ".join({"development_factor": "(1 + development_factor)"}.get(name, name) for name in known) or "1",
        unit="1",
        quantity=run_multiplier,
        takes=by_name(*known),
    )
    sheet.line(
        "client_energy_kwh",
        label=gettext_noop("Energy of the clients' devices"),
        formula="federated_rounds × federated_device_power × federated_local_time × run_multiplier ÷ 3600000",
        unit="kWh",
        quantity=client_energy_kwh,
        source_ids=FEDERATED_SOURCE_IDS,
        takes={
            "participations": MARK,
            "device_power_w": "federated_device_power",
            "local_time_s": "federated_local_time",
            **by_name("run_multiplier"),
        },
    )
    sheet.line(
        "network_energy_kwh",
        label=gettext_noop("Energy of carrying the updates"),
        formula="federated_rounds × federated_traffic × federated_network × run_multiplier",
        unit="kWh",
        quantity=network_energy_kwh,
        source_ids=FEDERATED_SOURCE_IDS,
        takes={
            "participations": MARK,
            "traffic_gb": "federated_traffic",
            "network_kwh_per_gb": "federated_network",
            **by_name("run_multiplier"),
        },
    )
    if "federated_server" in sheet:
        formula, takes = (
            "federated_server × run_multiplier",
            {"aggregated": "federated_server", "share": "run_multiplier"},
        )
    else:
        sheet.line(
            "client_and_network_energy_kwh",
            label=gettext_noop("Energy of clients and network"),
            formula="client_energy_kwh + network_energy_kwh",
            unit="kWh",
            quantity=_sum,
            takes=by_name("client_energy_kwh", "network_energy_kwh"),
        )
        formula = "client_and_network_energy_kwh × federated_server_share"
        takes = {"aggregated": "client_and_network_energy_kwh", "share": "federated_server_share"}
    sheet.line(
        "server_energy_kwh",
        label=gettext_noop("Energy of the server that aggregates"),
        formula=formula,
        unit="kWh",
        quantity=server_energy_kwh,
        takes=takes,
    )
    for name, of_server, label in (
        ("it_energy_kwh", "server_energy_kwh", gettext_noop("Energy of clients, network and server")),
        ("facility_energy_kwh", "server_energy_kwh × pue", gettext_noop("The same with the server's facility")),
    ):
        sheet.line(
            name,
            label=label,
            formula=f"client_energy_kwh + network_energy_kwh + {of_server}",
            unit="kWh",
            quantity=_all_energy_kwh,
            takes={**by_name(*_PARTS), **({"pue": "pue"} if name == "facility_energy_kwh" else {})},
        )
    client_grid = CLIENT_GRID if CLIENT_GRID in sheet else "grid_intensity_gco2e_per_kwh"
    sheet.line(
        "operational_location_based_kgco2e",
        label=gettext_noop("Emissions of the electricity, by the grid"),
        formula=f"((client_energy_kwh + network_energy_kwh) × {client_grid} "
        "+ server_energy_kwh × pue × grid_intensity_gco2e_per_kwh) ÷ 1000",
        unit="kgCO2e",
        quantity=federated_kgco2e,
        source_ids=FEDERATED_SOURCE_IDS,
        takes={
            "client_intensity_gco2e_per_kwh": client_grid,
            **by_name(*_PARTS, "grid_intensity_gco2e_per_kwh", "pue"),
        },
    )


def _sum(*, client_energy_kwh: Quantity, network_energy_kwh: Quantity) -> Quantity:
    return client_energy_kwh + network_energy_kwh


def _all_energy_kwh(
    *, client_energy_kwh: Quantity, network_energy_kwh: Quantity, server_energy_kwh: Quantity, pue: Quantity = 1.0
) -> Quantity:
    return client_energy_kwh + network_energy_kwh + server_energy_kwh * pue
