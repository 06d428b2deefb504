"""What a machine tells of itself, as pages and calculations may rely on it: each part of its kind, and bounded."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Protocol, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

MOST_ACCELERATORS: Final = 64
MOST_METERS: Final = 32
MOST_COMPONENTS: Final = 128

_Name = Annotated[str, Field(max_length=300)]
_Words = Annotated[str, Field(max_length=2_000)]
_Count = Annotated[int, Field(ge=0, le=1_000_000)]
_Amount = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
_Place = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
_Number = Field(ge=-1e15, le=1e15)
_Filling = Annotated[StrictStr, Field(max_length=500)] | Annotated[StrictInt | StrictFloat, _Number]


class Sentence(BaseModel):
    """An English template with its named places, and what goes there."""

    model_config = ConfigDict(frozen=True)

    text: Annotated[StrictStr, Field(min_length=1, max_length=1_000)]
    params: Annotated[dict[_Place, _Filling], Field(max_length=8)] = {}


def _left_out(told: Any, check: ValidatorFunctionWrapHandler) -> Any:
    """Nothing in place of what is no such thing: the text itself was sent as well."""
    try:
        return check(told)
    except ValidationError:
        return {}


#: What the texts beside it were made from, by their names, so that a page can say them in another language.
Sentences = Annotated[
    dict[_Place, Annotated[list[Sentence], Field(min_length=1, max_length=8)]],
    Field(max_length=8),
    WrapValidator(_left_out),
]


class Told(BaseModel):
    """A part of it; a newer machine may tell more."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Host(Told):
    """The machine and its system."""

    name: _Name = ""
    system: _Name = ""
    machine: _Name = ""
    virtual: bool = False
    container: _Name = ""


class Processor(Told):
    """The processors."""

    model: _Name = ""
    sockets_count: _Count | None = None
    cores_count: _Count | None = None
    threads_count: _Count | None = None
    usable_cores: _Amount | None = None


class Card(Told):
    """One accelerator."""

    name: _Name = ""
    component: _Name = ""
    vendor: _Name = ""
    memory_gb: _Amount | None = None
    limit_w: _Amount | None = None
    note: _Words = ""
    words: Sentences = {}


class Part(Told):
    """What one meter measures."""

    name: _Name = ""
    quality: _Name = ""
    label: _Name = ""
    counted: bool = True
    note: _Words = ""
    words: Sentences = {}


class MeterTold(Told):
    """One kind of meter: whether it works there, and if not, why."""

    name: _Name = ""
    works: bool = False
    components: Annotated[list[Part], Field(max_length=MOST_COMPONENTS)] = []
    reason: _Words = ""
    remedy: _Words = ""
    words: Sentences = {}


class InventoryTold(Told):
    """All of it, as `estimator.measure.inventory` makes it."""

    host: Host = Host()
    cpu: Processor = Processor()
    memory_gb: _Amount | None = None
    memory_limit_gb: _Amount | None = None
    accelerators: Annotated[list[Card], Field(max_length=MOST_ACCELERATORS)] = []
    meters: Annotated[list[MeterTold], Field(max_length=MOST_METERS)] = []
    version: _Name = ""
    config_path: _Words = ""  #: where a worker's own file lies, as it was when it enrolled

    def as_json(self) -> dict[str, Any]:
        """What was told, and nothing that was not."""
        return self.model_dump(exclude_unset=True)


class Named(Protocol):
    """Whatever has a name."""

    name: str


_Parts = TypeVar("_Parts", bound=Sequence[Named])


def named_once(parts: _Parts) -> _Parts:
    """
    Components of which no two have one name: their energy would count twice, or be lost.

    Raises
    ------
    PydanticCustomError
        If two have.
    """
    if len({part.name for part in parts}) < len(parts):
        raise PydanticCustomError("named_twice", "give each component a name of its own")
    return parts
