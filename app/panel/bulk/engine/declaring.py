"""What an operation is: a name, whom it concerns, what it asks, and how a chunk of rows is looked at, done and undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from sqlalchemy import Select

from app.panel.core import policy, setwise
from app.panel.core.fields import resource_of, spec
from app.panel.core.history import plain

if TYPE_CHECKING:
    from app.panel.bulk.engine.chunks import Piece

OUR_OWN = ("csrf_token", "idempotency_key")
T = TypeVar("T", bound="type[Operation]")


@dataclass
class Look:
    """What an operation would do with one row. Amounts are in minor units, by currency."""

    refused: str = ""
    same: bool = False
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    money: dict[str, int] = field(default_factory=dict)
    stock: int = 0
    messages: int = 0


@dataclass(frozen=True)
class Sum:
    """A figure over the rows that change, before and after. `currency`: a column, when it is money."""

    label: Any
    before: Any
    after: Any
    currency: Any = None


class Operation:
    """One thing that is done to many rows of one model. There is one object of each, and it keeps nothing of a run.

    `permission` is a verb of the policy on the resource of the model, asked at the start and before each chunk; `fields`
    are the columns that it writes, whose field rules are asked as well. `values` is what the form held, as JSON keeps it.
    """

    key: ClassVar[str]
    model: ClassVar[type[Any]]
    label: ClassVar[Any]
    icon: ClassVar[str] = "fa-bolt"
    help: ClassVar[Any] = ""
    tone: ClassVar[str] = "neutral"
    permission: ClassVar[str] = "write"
    form: ClassVar[type[Any] | None] = None
    fields: ClassVar[tuple[str, ...]] = ()
    labels: ClassVar[Mapping[str, Any]] = {}  # of what a preview shows that is no field of the model
    undo: ClassVar[bool] = True
    chunk: ClassVar[int] = 500
    grows: ClassVar[int] = 1  # how many times as large a chunk may become while chunks are quick
    in_one_view: ClassVar[bool] = False  # are its chunks statements alone, which may all see the database as it was at the first?
    order: ClassVar[int] = 100
    instead_of: ClassVar[str] = ""  # the verb of the list whose place it takes in the action bar
    by_version: ClassVar[bool] = True  # is it taken back only where a row still stands as the run left it?
    rows_go: ClassVar[bool] = False  # are its rows no longer there once it ran?
    remarks_last: ClassVar[bool] = True  # are its remarks worth reading once it has begun?
    offered: ClassVar[bool] = True  # among the operations of its list; others are begun by code or by REST

    @property
    def resource(self) -> str:
        return resource_of(self.model)

    def authorize(self, actor: Any, values: dict[str, Any]) -> None:
        """:raises Forbidden: when this person may not do it, or not write one of its columns"""
        policy.authorize(actor, self.permission, self.resource)
        access = policy.fields(actor, self.resource)
        for name in self.written(values):
            if not access.readable(name) or name in access.fixed or (access.masked(name) and not access.may_reveal):
                raise setwise.refusal(spec(self.model, name), access)

    def may(self, actor: Any) -> bool:
        return policy.allowed(actor, self.permission, self.resource)

    def written(self, values: dict[str, Any]) -> Sequence[str]:
        """The columns that are written with these values."""
        return self.fields

    def clean(self, form: Any, *, actor: Any) -> dict[str, Any]:
        """What a valid form says, as JSON keeps it.

        :raises InvalidInput: for values that do not fit each other
        """
        if form is None:
            return {}
        return {name: plain(value) for name, value in form.data.items() if name not in OUR_OWN}

    def said(self, values: dict[str, Any]) -> str:
        """The operation with its values, in a sentence for the list of runs; empty: its label says enough."""
        return ""

    def sum_labels(self, values: dict[str, Any]) -> Mapping[str, Any]:
        """What the sums of its previews are called, by their names: a run keeps them in the words of whoever asked for it."""
        return {}

    def remarks(self, values: dict[str, Any], rows: Select[Any]) -> Sequence[str]:
        """What else is to be known before it runs, in sentences: what of the values concerns no row, what it cannot do.

        :param rows: asks the numbers of the rows that were chosen
        """
        return ()

    def resource_of_run(self, run_id: int) -> str:
        """The table to whose list a run leads back; another than its own where its rows only stand for those of that table."""
        return self.resource

    def finished(self, whole: Piece, changed: int) -> None:
        """Called once when a run has come to its end, in that transaction, with how many rows it changed: for what is said once
        a run. `whole.undoes` tells an undo."""

    def look_at(self, piece: Piece) -> dict[int, Look]:
        """What would become of rows, by `seq`; writes nothing. Rows that no longer match are left out."""
        raise NotImplementedError

    def apply_chunk(self, piece: Piece) -> dict[str, int]:
        """Do it to the rows of a piece, inside its transaction: effect, outcomes, before-images; how many by outcome."""
        raise NotImplementedError

    def undo_chunk(self, piece: Piece) -> dict[str, int]:
        """Take back what stands in the before-images of another run, for the items of this one."""
        raise NotImplementedError


OPERATIONS: dict[str, Operation] = {}


def register(cls: T) -> T:
    """Declare an operation; in the `operations.py` of a domain."""
    if cls.key in OPERATIONS:
        raise ValueError(f"the operation {cls.key} is declared twice")
    OPERATIONS[cls.key] = cls()
    return cls


@dataclass(frozen=True)
class FollowUp:
    """Where the page of a run that is done leads: to what it made necessary, or possible."""

    label: str
    url: str
    icon: str = "fa-arrow-right"


_follow_ups: dict[str, list[Callable[[Any, Any], FollowUp | None]]] = {}


def follow_up(*keys: str) -> Callable[[Callable[[Any, Any], FollowUp | None]], Callable[[Any, Any], FollowUp | None]]:
    """Register what comes after an operation, from any domain above it: `func(run, actor)`, None where nothing does."""

    def note(function: Callable[[Any, Any], FollowUp | None]) -> Callable[[Any, Any], FollowUp | None]:
        for key in keys:
            _follow_ups.setdefault(key, []).append(function)
        return function

    return note


def follow_ups(run: Any, actor: Any) -> list[FollowUp]:
    found = [function(run, actor) for function in _follow_ups.get(run.operation, ())]
    return [one for one in found if one is not None]


_finders: list[Callable[[str], Operation | None]] = []


def found_by(finder: Callable[[str], Operation | None]) -> Callable[[str], Operation | None]:
    """Register who knows operations that nobody declares one by one."""
    _finders.append(finder)
    return finder


def find(key: str) -> Operation | None:
    if key in OPERATIONS:
        return OPERATIONS[key]
    return next((found for finder in _finders if (found := finder(key)) is not None), None)


def of_model(model: type[Any]) -> list[Operation]:
    """The operations that a domain declared of a model, in the order in which they are offered."""
    known = list(OPERATIONS.values())  # another thread may just make one of a model
    found = [one for one in known if one.model is model and ":" not in one.key]
    return sorted(found, key=lambda one: one.order)
