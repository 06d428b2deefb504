"""What the devices of a run decide: rated draw, embodied emissions, price."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from estimator.core.footprint import Assumption, gettext_noop
from estimator.core.inputs import Workload
from estimator.reference.assume import assumption, certain, default, given, looked_up
from estimator.reference.methods import accelerator_hours_known
from estimator.reference.shelf import Shelf
from estimator.reference.tables import Accelerator, Cpu

_HOST_DEFAULTS: Final = {
    "datacentre": "host_embodied_server",
    "workstation": "host_embodied_desktop",
    "desktop": "host_embodied_desktop",
    "embedded": "host_embodied_board",
    "system_on_chip": "host_embodied_board",
}
#: Servers of the accelerators of this year and later carry several times the memory and storage.
_LARGER_SERVERS_SINCE: Final = 2022
#: Sockets of a usual server, and processors that are made for one.
_SOCKETS: Final = 2
_SERVER_CPU: Final = re.compile(
    r"epyc|xeon|opteron|graviton|altra|neoverse|thunderx|power\d|kunpeng|axion", re.IGNORECASE
)
_TWO_SOCKETS: Final = gettext_noop("A server has two sockets; the run answers for those that it had.")
_ONE_SOCKET: Final = gettext_noop("A desktop has one socket.")
_COMPONENT_MODEL: Final = "boaviztapi-2-5-0"


@lru_cache(maxsize=256)
def rated_draw(shelf: Shelf, accelerator_id: str) -> Assumption:
    """The power limit of a board, or what a third party estimates where the vendor publishes none."""
    accelerator = _accelerator(shelf, accelerator_id)
    if accelerator.tdp_w is None:
        return looked_up(
            "mean_accelerator_power_w",
            accelerator.estimated_power_w or 0.0,
            shelf.defaults["estimated_power_spread"],
            source_ids=accelerator.source_ids,
            note=gettext_noop("The vendor publishes no power limit of %(accelerator)s; this is an estimate."),
            accelerator=accelerator.name,
        )
    return assumption(
        "mean_accelerator_power_w",
        accelerator.tdp_w,
        low=accelerator.tdp_w,
        high=accelerator.tdp_w,
        status="looked_up",
        quality="rated",
        match="exact",
        source_ids=accelerator.source_ids,
        note=gettext_noop("The power limit of %(accelerator)s; the utilisation says how much of it is used."),
        accelerator=accelerator.name,
    )


def _accelerator(shelf: Shelf, accelerator_id: str) -> Accelerator:
    return shelf.accelerator_names.find(accelerator_id, path="hardware.accelerator").row


def embodied_assumptions(
    workload: Workload, accelerator: Accelerator | None, cpu: Cpu | None, shelf: Shelf, *, hours_follow: bool = False
) -> Iterator[Assumption]:
    """Making of the devices and of what is around them, where hardware and hours are known or follow."""
    if not workload.embodied.include:
        return
    if workload.activity == "inference" and workload.inference.task is not None:
        found = (*_of_items(accelerator, shelf),)
    elif accelerator is not None:
        found = (*_of_accelerator(accelerator, shelf),) if hours_follow or accelerator_hours_known(workload) else ()
    else:
        found = (*_of_machine(workload, cpu, shelf),) if workload.duration_h is not None else ()
    if found:
        yield from found
        yield from _lifetime(workload, shelf)


def _of_accelerator(accelerator: Accelerator, shelf: Shelf) -> Iterator[Assumption]:
    yield _device_embodied(shelf, accelerator.id)
    host = _HOST_DEFAULTS[accelerator.segment]
    if host == "host_embodied_server" and accelerator.year < _LARGER_SERVERS_SINCE:
        host = "host_embodied_server_before_2022"
    yield default(
        "host_embodied_kgco2e",
        host,
        shelf,
        gettext_noop("A typical machine around the accelerator: nobody publishes that of this run."),
    )


def _of_items(accelerator: Accelerator | None, shelf: Shelf) -> Iterator[Assumption]:
    """What made items: their energy is published and their time is not, so that a usual draw tells it."""
    note = gettext_noop(
        "The time that an item takes is not published: it follows from its energy and this draw. That is a guess, and "
        "so is the share of making the devices."
    )
    yield default("item_power_w", "item_power", shelf, note)
    if accelerator is not None:
        yield from _of_accelerator(accelerator, shelf)
        return
    note = gettext_noop("No hardware is named: this is what others took for one accelerator of a data centre.")
    yield default("device_embodied_kgco2e", "device_embodied_unknown", shelf, note)
    yield default("host_embodied_kgco2e", "host_embodied_server_before_2022", shelf, note)


def _of_machine(workload: Workload, cpu: Cpu | None, shelf: Shelf) -> Iterator[Assumption]:
    """The machine of a run on processors: all of it, or the share that the cores of the run are of it."""
    hardware, sockets = workload.hardware, _SOCKETS
    cores, chips = hardware.cpu_core_count, hardware.cpu_count
    on_desk = cpu is not None and not _SERVER_CPU.search(cpu.name)
    if on_desk:
        sockets = 1
    if cpu is not None:
        machine_share = (cores / cpu.core_count if cores is not None else float(chips or 1)) / sockets
        yield certain("machine_share", machine_share, note=_ONE_SOCKET if on_desk else _TWO_SOCKETS)
    elif cores is not None:
        usual = shelf.defaults["machine_cores"]
        yield assumption(
            "machine_share",
            cores / usual.central,
            low=cores / usual.high,
            high=cores / usual.low,
            status="default",
            quality=usual.quality,
            source_ids=usual.source_ids,
            note=gettext_noop("The processor is not named: a usual server has %(usual)s cores."),
            usual=f"{usual.central:g}",
        )
    elif chips is not None:
        yield certain("machine_share", chips / sockets, note=_TWO_SOCKETS)
    else:
        return
    yield default(
        "machine_embodied_kgco2e",
        "machine_embodied_desktop" if on_desk else "machine_embodied_server",
        shelf,
        gettext_noop("A typical machine of processors: nobody publishes that of this run."),
    )


def _lifetime(workload: Workload, shelf: Shelf) -> Iterator[Assumption]:
    embodied = workload.embodied
    if embodied.lifetime_years is not None:
        yield certain("lifetime_years", embodied.lifetime_years)
    else:
        yield default(
            "lifetime_years",
            "lifetime_years",
            shelf,
            gettext_noop("Published assessments take three to six years."),
        )
    if embodied.lifetime_utilisation is not None:
        yield certain("lifetime_utilisation", embodied.lifetime_utilisation)
    else:
        yield default(
            "lifetime_utilisation",
            "lifetime_utilisation",
            shelf,
            gettext_noop("Idle hours are shared among those who use the devices."),
        )


@lru_cache(maxsize=256)
def _device_embodied(shelf: Shelf, accelerator_id: str) -> Assumption:
    accelerator = _accelerator(shelf, accelerator_id)
    central, other = accelerator.embodied_kgco2e, accelerator.embodied_other_kgco2e
    if central is None:
        return default(
            "device_embodied_kgco2e",
            "device_embodied_unknown",
            shelf,
            gettext_noop("No figure of this accelerator is published; this is what others took for one like it."),
        )
    modelled = _COMPONENT_MODEL in accelerator.embodied_source_ids
    spread = shelf.defaults["share_of_component_model" if modelled and other is None else "spread_device_embodied"]
    if modelled and other is None:
        scaled, low, high = central * spread.central, central * spread.low, central * spread.high
        return assumption(
            "device_embodied_kgco2e",
            scaled,
            low=low,
            high=high,
            status="looked_up",
            match="exact",
            quality="modelled",
            source_ids=(*accelerator.embodied_source_ids, *spread.source_ids),
            note=gettext_noop(
                "A model of the components of %(accelerator)s gives %(modelled)s kgCO2e. Where vendors or teardowns "
                "give a figure too, theirs is %(share)s of such a model's, so that share of it is taken."
            ),
            accelerator=accelerator.name,
            modelled=central,
            share=spread.central,
        )
    low, high = central * spread.low, central * spread.high
    if other is not None:
        low, high = min(low, other), max(high, other)
        note = gettext_noop(
            "Publications on %(accelerator)s disagree: another gives %(other)s kgCO2e. The range spans both."
        )
    else:
        note = gettext_noop("Making of %(accelerator)s, from raw material to the factory gate.")
    return assumption(
        "device_embodied_kgco2e",
        central,
        low=low,
        high=high,
        status="looked_up",
        match="exact",
        quality="modelled",
        source_ids=(*accelerator.embodied_source_ids, *accelerator.embodied_other_source_ids),
        note=note,
        accelerator=accelerator.name,
        other=other,
    )


def cost_assumptions(workload: Workload, accelerator: Accelerator | None, shelf: Shelf) -> Iterator[Assumption]:
    """Price of electricity, and of renting the accelerators where it is known."""
    price_usd_per_kwh = workload.electricity_price_usd_per_kwh
    if price_usd_per_kwh is not None:
        yield given("electricity_price_usd_per_kwh", price_usd_per_kwh, shelf.defaults["spread_given_price"])
    else:
        yield default(
            "electricity_price_usd_per_kwh",
            "electricity_price",
            shelf,
            gettext_noop("The price that Strubell et al. took; prices differ by country and customer."),
        )
    price = shelf.cloud_prices.get(accelerator.id) if accelerator is not None else None
    if price is not None:
        yield _cloud_price(shelf, price.accelerator)


@lru_cache(maxsize=256)
def _cloud_price(shelf: Shelf, accelerator_id: str) -> Assumption:
    price = shelf.cloud_prices[accelerator_id]
    return assumption(
        "cloud_price_usd_per_accelerator_h",
        (price.preemptible_usd_per_h + price.on_demand_usd_per_h) / 2.0,
        low=price.preemptible_usd_per_h,
        high=price.on_demand_usd_per_h,
        status="looked_up",
        match="exact",
        quality="rated",
        source_ids=price.source_ids,
        note=gettext_noop("Price list of %(year)s, from pre-emptible to on demand."),
        year=price.year,
    )
