"""
Frozen results: every intermediate, the steps that led to it and the assumptions behind it.

Texts are English templates with named `%(…)s` places; `text_params` fills them. The web layer translates the template
first, so core stays free of any framework and no language is baked into a stored result.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from estimator.core.inputs import Method

Status = Literal["measured", "given", "looked_up", "default"]
Match = Literal["exact", "nearest_year", "parent_zone", "world"]
#: How a number came about, best first. A total is only as good as the worst tier that moves it.
Quality = Literal["counter", "sampled", "rated", "modelled", "guess"]
#: What the energy counts: the accelerators alone, CPUs and memory alone as only a measurement may, or whole servers;
#: `facility_energy_kwh` then adds PUE to it.
Boundary = Literal["accelerators", "processors", "servers"]
#: What exactly is inside: the host is CPUs, memory and network, processors are CPUs and memory without the rest, and
#: idle is reserved time in which nothing was computed.
BoundaryPart = Literal["accelerators", "host", "processors", "facility", "idle", "development", "embodied"]

QUALITY_ORDER: Final[tuple[Quality, ...]] = ("counter", "sampled", "rated", "modelled", "guess")


def gettext_noop(text: str) -> str:
    """Mark a text for the translation files, and return it as it is."""
    return text


#: What every result shares: frozen and finite. NaN is a bug, not a zero.
FORM: Final = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Result(BaseModel):
    """A result that is checked when it is made; those made by the dozen are dataclasses, checked when read back."""

    model_config = FORM

    @classmethod
    def trusted(cls, **values: Any) -> Self:
        """
        The result with these values, all of its fields, without checking them: for what core has computed itself.

        Tests read such results back, and so check each field.
        """
        made = cls.__new__(cls)
        put = object.__setattr__
        put(made, "__dict__", values)
        put(made, "__pydantic_fields_set__", set(values))
        put(made, "__pydantic_extra__", None)
        put(made, "__pydantic_private__", None)
        return made


@dataclass(frozen=True, slots=True)
class Range:
    """A value at the central inputs, with the 5th and 95th percentiles of the draws."""

    __pydantic_config__: ClassVar = FORM

    low: float
    central: float
    high: float


class Step(Result):
    """One line of the calculation, readable by a person."""

    name: str  #: the quantity, with its unit: `facility_energy_kwh`
    label: str  #: English template for people: "Energy of the facility"
    formula: str  #: in names: "it_energy_kwh × pue"
    substituted: str  #: in numbers: "951.28 × 1.58"
    value: float
    unit: str
    source_ids: tuple[str, ...] = ()


class LazySteps(Sequence[Step]):
    """
    The lines of a calculation, written out when somebody first reads them: many callers only want the numbers.

    Parameters
    ----------
    write : callable
        Gives the lines. It is called once, if at all.
    """

    def __init__(self, write: Callable[[], tuple[Step, ...]]) -> None:
        self._write: Callable[[], tuple[Step, ...]] | None = write
        self._steps: tuple[Step, ...] = ()

    @property
    def written(self) -> tuple[Step, ...]:
        """Every line, in order."""
        if self._write is not None:
            self._steps, self._write = self._write(), None
        return self._steps

    def __len__(self) -> int:
        return len(self.written)

    def __getitem__(self, place: Any) -> Any:
        return self.written[place]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self.written == tuple(other)

    def __hash__(self) -> int:
        return hash(self.written)

    def __repr__(self) -> str:
        return repr(self.written)

    def __reduce__(self) -> tuple[type[tuple[Step, ...]], tuple[tuple[Step, ...]]]:
        return tuple, (self.written,)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Steps that were stored come back as the tuple that they were written out to."""
        of_tuple = handler(tuple[Step, ...])
        return core_schema.no_info_wrap_validator_function(
            lambda steps, check: steps if isinstance(steps, cls) else check(steps),
            of_tuple,
            serialization=core_schema.wrap_serializer_function_ser_schema(
                lambda steps, write: write(tuple(steps)), schema=of_tuple
            ),
        )


class Assumption(Result):
    """One input value as it was used, where it came from, and how far it may be off."""

    name: str  #: `grid_intensity_gco2e_per_kwh`
    label: str  #: English template for people
    value: float  #: central
    low: float  #: 5th percentile
    high: float  #: 95th percentile
    unit: str
    status: Status
    match: Match | None = None  #: how a look-up matched; None where nothing was looked up
    quality: Quality
    source_ids: tuple[str, ...] = ()
    note: str = ""  #: English template
    text_params: dict[str, Any] = {}


class Warning(Result):  # noqa: A001  (the contract's own word; the builtin is not used in this package)
    """Something that a reader should know before believing the number."""

    code: str
    message: str  #: English template, with the remedy
    field: str | None = None  #: path in the input, "hardware.utilisation"
    text_params: dict[str, Any] = {}


class Contribution(Result):
    """How much of the width of the range one input causes."""

    name: str
    share_of_variance: float


@dataclass(frozen=True, slots=True)
class Equivalent:
    """The total, said in something that people know."""

    __pydantic_config__: ClassVar = FORM

    name: str  #: stable key
    label: str  #: English template for people
    amount: float
    unit: str
    source_ids: tuple[str, ...] = ()


class Source(Result):
    """Who published a value."""

    title: str
    publisher: str
    year: int | None
    url: str
    licence: str


class FunctionalUnitResult(Result):
    """The total for one unit of service."""

    name: str
    count: float
    kgco2e_per_unit: Range
    kwh_per_unit: Range


class Quantities(Result):
    """Every quantity of the contract; None where the method or the data cannot give it."""

    accelerator_energy_kwh: Range | None
    it_energy_kwh: Range
    facility_energy_kwh: Range
    operational_location_based_kgco2e: Range
    operational_market_based_kgco2e: Range | None
    embodied_share_kgco2e: Range | None
    total_kgco2e: Range
    water_l: Range | None
    electricity_cost_usd: Range | None
    cloud_cost_usd: Range | None
    accelerator_hours: Range | None
    total_flop: Range | None = None
    mfu: Range | None = None
    functional_unit: FunctionalUnitResult | None = None


class LeverSaving(Result):
    """What one lever alone saves of the total; negative where it costs."""

    lever: str
    saving_kgco2e: Range
    saving_share: Range
    after_kgco2e: Range
    #: By contract: for a lever that changes contracts, and never part of the total.
    market_based_saving_kgco2e: Range | None = None
    conditions: str = ""  #: English templates, one a line
    quality_caveat: str = ""  #: English templates, one a line
    source_ids: tuple[str, ...] = ()


class LeversTogether(Result):
    """What all levers save together, computed as one run: usually less than the sum of each alone."""

    levers: tuple[str, ...]  #: in the order in which they act
    saving_kgco2e: Range
    saving_share: Range
    after_kgco2e: Range


class Footprint(Result):
    """The whole answer. Anything that is shown, printed or exported is taken from here."""

    title: str
    activity: Literal["training", "inference"]
    method: Method
    boundary: Boundary
    boundary_includes: tuple[BoundaryPart, ...] = ()
    quality: Quality  #: of the total: the worst tier among the inputs that weigh enough to matter
    energy_quality: Quality  #: of the energy alone
    result: Quantities
    steps: Annotated[Sequence[Step], LazySteps]
    assumptions: tuple[Assumption, ...]
    levers: tuple[LeverSaving, ...] = ()
    levers_together: LeversTogether | None = None
    contributions: tuple[Contribution, ...]
    equivalents: tuple[Equivalent, ...]
    warnings: tuple[Warning, ...]
    sources: Mapping[str, Source]
    engine_version: str
    dataset_version: str
    input_digest: str

    @property
    def is_metered(self) -> bool:
        """Whether meters told the energy of the servers, and no model in place of one."""
        told = next((one for one in self.assumptions if one.name == "it_energy_kwh"), None)
        return self.method == "measured" and (told is None or told.quality != "modelled")

    @property
    def method_told(self) -> str:
        """The method as people are told it: what a model told is not called measured."""
        return "measured" if self.is_metered else "modelled" if self.method == "measured" else self.method


def readable(footprint: Footprint, translate: Callable[[str], str] = str) -> Footprint:
    """
    The footprint with every text translated and its places filled: what people and programs are given.

    Parameters
    ----------
    footprint : Footprint
        As the composer made it, or as it is stored.
    translate : callable
        From an English template to the same template in another language; by default it stays English.

    Returns
    -------
    Footprint
        The same numbers; `text_params` are empty, because nothing is left to fill.
    """

    def fill(template: str, params: Mapping[str, Any]) -> str:
        if not template:
            return template
        text = translate(template)
        return text % params if params else text

    def fill_lines(lines: str) -> str:
        return " ".join(translate(line) for line in lines.split("\n") if line)

    return footprint.model_copy(
        update={
            "levers": tuple(
                item.model_copy(
                    update={
                        "conditions": fill_lines(item.conditions),
                        "quality_caveat": fill_lines(item.quality_caveat),
                    }
                )
                for item in footprint.levers
            ),
            "steps": tuple(step.model_copy(update={"label": fill(step.label, {})}) for step in footprint.steps),
            "assumptions": tuple(
                item.model_copy(
                    update={
                        "label": fill(item.label, {}),
                        "note": fill(item.note, item.text_params),
                        "text_params": {},
                    }
                )
                for item in footprint.assumptions
            ),
            "warnings": tuple(
                item.model_copy(update={"message": fill(item.message, item.text_params), "text_params": {}})
                for item in footprint.warnings
            ),
            "equivalents": tuple(replace(item, label=fill(item.label, {})) for item in footprint.equivalents),
        }
    )
