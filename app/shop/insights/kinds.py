"""Key figures of products by the part that they play: a registry that other domains extend.

    @kinds.figure("visits", _("Visits"), kinds=(ProductKind.TRAFFIC,), order=5)
    def visits(actor, product_ids, period): return {7: Value("1,204", 1204, url)}

A figure of which nobody knows the source yet is `expected`: it is named, and said to be unknown, until it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.panel.core import policy
from app.panel.workbench.registry import Period
from app.shop.catalog.states import ProductKind


@dataclass(frozen=True)
class Value:
    """A figure of a product: what is read, what is compared, and the address of the rows behind it."""

    text: str
    number: float
    url: str = ""


Place = tuple[str, str]  # resource, field
Answer = Callable[[Any, Sequence[int], Period], Mapping[int, Value]]


@dataclass(frozen=True)
class Figure:
    key: str
    label: Any
    kinds: tuple[ProductKind, ...]
    help: Any = ""
    order: int = 100
    needs: tuple[str, str] = ("read", "orders.Order")
    gives: tuple[Place, ...] = ()
    answer: Answer | None = None


FIGURES: dict[str, Figure] = {}


def expected(key: str, label: Any, *, kinds: tuple[ProductKind, ...], help: Any, order: int = 100) -> None:
    """Name a figure whose source does not exist yet; whoever brings the source declares it under the same key."""
    FIGURES.setdefault(key, Figure(key, label, kinds, help, order))


def figure(
    key: str, label: Any, *, kinds: tuple[ProductKind, ...], help: Any = "", order: int = 100,
    needs: tuple[str, str] = ("read", "orders.Order"), gives: tuple[Place, ...] = (),
) -> Callable[[Answer], Answer]:
    """Contribute a figure.

    :param needs: the right without which it is not shown
    :param gives: fields (`("orders.OrderLine", "unit_cost")`) that can be worked out of it
    """  # fmt: skip

    def register(answer: Answer) -> Answer:
        FIGURES[key] = Figure(key, label, kinds, help, order, needs, gives, answer)
        return answer

    return register


def reads(actor: Any, *places: Place) -> bool:
    """May this reader see all of these fields whole?"""
    return all(policy.fields(actor, resource).usable(name) for resource, name in places)


def shown(kind: ProductKind, actor: Any) -> list[Figure]:
    """The figures of a part that this reader may see, in their order."""
    found = [one for one in FIGURES.values() if kind in one.kinds and policy.allowed(actor, *one.needs)]
    found = [one for one in found if reads(actor, *one.gives)]
    return sorted(found, key=lambda one: (one.order, one.key))


def values(figures: Sequence[Figure], actor: Any, ids: Sequence[int], period: Period) -> dict[str, Mapping[int, Value]]:
    """What is known of these products, by figure; a figure without a source is not among them."""
    return {one.key: one.answer(actor, ids, period) for one in figures if one.answer is not None}
