"""What the other domains know of a person: how it is handed over and how it is forgotten.

A domain that keeps anything of a customer contributes both, in its `listeners.py`:

    privacy.contribute("orders", export=orders_of_person, erase=forget_buyer)

`export(customer_id)` returns rows that JSON can hold. `erase(person)` takes everything from its own tables that says
who the person was; what the books need stays, under `person.pseudonym`. The history, the trash and the bulk runs of
the panel are cleaned by the customers domain, for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

Export = Callable[[int], Any]
Erase = Callable[["Person"], None]


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever is being forgotten: the number of the card and every spelling under which he may be written down."""

    customer_id: int
    pseudonym: str
    names: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()  # every spelling that we met: +86138…, 138…
    emails: frozenset[str] = frozenset()
    external_ids: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()  # streets
    # rows of this person whose history and trash are to be emptied: (table, id), added to by those who erase
    rows: set[tuple[str, int]] = field(default_factory=set)

    def strong(self) -> list[str]:
        """Values that belong to nobody else, so that they may be looked for everywhere; longest first."""
        found = {*self.phones, *self.emails, *(one for one in self.external_ids if len(one) >= 8)}
        return sorted((value for value in found if len(value) >= 6), key=lambda value: (-len(value), value))

    def all(self) -> list[str]:
        """Everything, for cells that are known to be about this person; longest first."""
        found = {*self.strong(), *self.external_ids, *self.names, *self.places}
        return sorted((value for value in found if len(value) >= 2), key=lambda value: (-len(value), value))

    def wrote(self, table: str, ids: Iterable[int]) -> None:
        """Say that these rows were about the person: their history and trash are emptied too."""
        self.rows.update((table, key) for key in ids)


@dataclass(frozen=True, slots=True)
class Contribution:
    name: str
    export: Export
    erase: Erase


CONTRIBUTIONS: dict[str, Contribution] = {}


def contribute(name: str, *, export: Export, erase: Erase) -> None:
    """Register what a domain keeps of a person; a second time under one name replaces the first."""
    CONTRIBUTIONS[name] = Contribution(name, export, erase)
