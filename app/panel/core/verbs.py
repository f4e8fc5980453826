"""Operations on rows: a button on the show page, an action on a selection. FAB's `@action`, held to the policy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Verb:
    """How an operation is offered. `func(view, rows, form)` runs it and returns a sentence or a response."""

    name: str
    label: Any
    func: Callable[..., Any]
    icon: str = "fa-bolt"
    permission: str = ""
    form: type[Any] | None = None
    confirm: Any = ""
    help: Any = ""
    when: Callable[[Any], bool] | None = None
    many: bool = True
    single: bool = True
    tone: str = "neutral"
    read_only: bool = False
    primary: bool = False
    leads_to: Any = None

    @property
    def asks(self) -> bool:
        """Does a page stand between the button and the effect?"""
        return self.form is not None or bool(self.confirm)

    def possible(self, row: Any) -> bool:
        return self.when is None or bool(self.when(row))


def verb(name: str, label: Any, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare an operation of a PanelView.

    :param permission: the verb of the policy, `name` unless given
    :param form: a PanelForm that asks for more; its method may be `for_rows(rows)` to prepare itself
    :param confirm: a question to be answered before it runs
    :param when: for which rows it is offered; others are refused
    :param many: offered on a selection; `single`: offered on the show page
    :param leads_to: the state in which it leaves a row, so that a card of the board can be drawn there
    :param read_only: it changes nothing (a print), so it may be asked by GET
    """

    def decorate(func: Callable[..., Any]) -> Callable[..., Any]:
        options.setdefault("permission", name)
        func._verb = Verb(name, label, func, **options)  # type: ignore[attr-defined]
        func._permission_name = options["permission"]  # type: ignore[attr-defined]
        return func

    return decorate


def of(view: Any) -> dict[str, Verb]:
    """The operations of a view class, in the order of their declaration."""
    found: dict[str, Verb] = {}
    for cls in reversed(type(view).__mro__):
        for member in vars(cls).values():
            declared = getattr(member, "_verb", None)
            if isinstance(declared, Verb):
                found[declared.name] = declared
    return found
