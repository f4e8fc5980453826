"""Which columns a file can have: those of the list, the other fields of a row, and the fields of the rows it points at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.panel.core import listcolumns, policy
from app.panel.core.db import PanelModel
from app.panel.core.errors import BadRequest
from app.panel.core.fields import FieldSpec, resource_of, spec, specs

MOST = 200
NEVER = ("json", "children")  # no cell holds them


@dataclass(frozen=True)
class Column:
    """One column of a file. `name` is `total`, or `customer.name` for a field of the row that `customer` points at."""

    name: str
    label: str


@dataclass(frozen=True)
class Group:
    """Columns that belong together; the first group is of the rows themselves."""

    label: str
    columns: list[Column]


def choosable(view: Any, plan: Any) -> list[Group]:
    """What this reader can choose among, the related rows behind the own fields."""
    own = [name for name in listcolumns.choosable(plan) if _fits(view, name)]
    groups = [Group(str(view.title), [Column(name, view.label(name)) for name in own])]
    for field in dict.fromkeys(specs(view.model).values()):
        if found := _related(view, plan, field):
            groups.append(Group(view.label(field.screen_name), found))
    return groups


def _fits(view: Any, name: str) -> bool:
    head, _dot, tail = name.partition(".")
    return spec(view.model, head).kind not in NEVER and (not tail or _target_of(spec(view.model, head)) is not None)


def _target_of(field: FieldSpec) -> Any:
    target = field.target
    is_row = field.kind == "ref" and field.relation and target is not None and issubclass(target, PanelModel)
    return target if is_row else None


def _related(view: Any, plan: Any, field: FieldSpec) -> list[Column]:
    """The fields of the row that a field points at, for whoever may read such rows."""
    target = _target_of(field)
    if target is None or field.hidden or not plan.access.readable(field.screen_name) or field.screen_name in plan.unsaid:
        return []
    resource = resource_of(target)
    if not policy.allowed(plan.actor, "read", resource):
        return []
    access, head = policy.fields(plan.actor, resource), view.label(field.screen_name)
    return [
        Column(f"{field.relation}.{one.name}", _("%(whole)s: %(part)s", whole=head, part=one.label))
        for one in dict.fromkeys(specs(target).values())
        if one.is_column and not one.hidden and access.readable(one.name) and one.kind not in ("json", "ref", "file")
        and one.name != "version" and "." not in one.currency
    ]  # fmt: skip


def read(names: Iterable[str], view: Any, plan: Any) -> list[Column]:
    """The columns that were chosen, in their order.

    :raises BadRequest: for none, too many, or one that this reader may not see
    """
    wanted = list(dict.fromkeys(names))
    known = {column.name: column for group in choosable(view, plan) for column in group.columns}
    if not 1 <= len(wanted) <= MOST:
        raise BadRequest(_("Choose one column at least, and %(n)s at most.", n=MOST))
    for name in wanted:
        if name not in known:
            raise BadRequest(_("“%(name)s” is no column of this list.", name=name[:60]))
    return [known[name] for name in wanted]


def still(names: Iterable[str], view: Any, plan: Any) -> list[str]:
    """Those of some columns, kept once, that this reader can still choose."""
    known = {column.name for group in choosable(view, plan) for column in group.columns}
    return [name for name in dict.fromkeys(names) if name in known]


def usual(names: Iterable[str], view: Any, plan: Any) -> list[str]:
    """The columns of a list as it stands, with the currency beside amounts: a number alone does not say of what it is."""
    found = still(names, view, plan)
    money = next((field for name in found if "." not in name and (field := spec(view.model, name)).kind == "money"), None)
    if money is not None and money.currency not in found and still([money.currency], view, plan):
        last = max(at for at, name in enumerate(found) if "." not in name and spec(view.model, name).kind == "money")
        found.insert(last + 1, money.currency)
    return found


def headings(columns: list[Column]) -> list[str]:
    """One name a column; of two that are called alike the second is numbered."""
    found: list[str] = []
    for column in columns:
        label, number = column.label or column.name, 2
        while label in found:
            label, number = f"{column.label} ({number})", number + 1
        found.append(label)
    return found
