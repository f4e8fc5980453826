"""Two cards of one person become one; all that points at the second then points at the first. It can be taken back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Column, Table, delete, func, insert, select, update

from app.panel.core import changes, clock, history, policy, remarks
from app.panel.core.db import db
from app.panel.core.errors import DomainError, NotFound
from app.panel.core.fields import spec
from app.panel.core.transaction import transactional
from app.shop.customers.events import customer_merged, customer_merging, customer_unmerged
from app.shop.customers.models import Address, Customer, CustomerMerge
from app.shop.customers.references import CUSTOMER, links, references, typed
from app.shop.customers.states import CustomerState

RESOURCE = "customers.Customer"
REMARK: Table = remarks.Remark.__table__
FIELDS = ("name", "phone", "email", "gender", "birthday_on", "level", "channel_id", "preferences", "first_seen_at")


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of the two cards. `take` says whether the gone card's value is proposed."""

    name: str
    label: Any
    kept: Any
    gone: Any
    take: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What a merge would do, before anything is done: fields that differ, and rows that move, by table."""

    differences: list[Difference]
    moving: list[tuple[str, int]]


def merge_preview(kept: Customer, gone: Customer) -> Preview:
    """:raises DomainError: when the two cannot become one"""
    may_merge(kept, gone)
    differences = []
    for name in FIELDS:
        mine, other = getattr(kept, name), getattr(gone, name)
        if mine != other and other not in (None, ""):
            take = mine in (None, "") or (name == "first_seen_at" and other < mine)
            differences.append(Difference(name, spec(Customer, name).label, mine, other, take))
    moving = []
    for table, column in references():
        count = db.session.scalar(select(func.count()).select_from(table).where(column == gone.id)) or 0
        if count:
            moving.append((_label(table), int(count)))
    return Preview(differences, moving)


@transactional
def merge(kept: Customer, gone: Customer, *, actor: Any, take: Iterable[str] | None = None) -> CustomerMerge:
    """Make `kept` and `gone` one. `take` names the fields whose value comes from `gone`; by default those that
    `kept` lacks, and the earlier first visit.

    :raises DomainError: for two shops, an erased card, or rows that cannot both belong to one customer
    """
    policy.authorize(actor, "merge", RESOURCE)
    preview = merge_preview(kept, gone)
    chosen = {one.name for one in preview.differences if one.take} if take is None else set(take) & set(FIELDS)
    undo: dict[str, Any] = {"row": _plain(gone), "before": {}, "moved": {}, "links": {}}
    customer_merging.send(kept, gone_id=gone.id, actor=actor)
    has_default = any(address.is_default for address in kept.addresses)
    for table, column in references():
        if moved := _move(table, column, gone.id, kept.id):
            undo["moved"][f"{table.name}.{column.name}"] = moved
    if noted := [remark.id for remark in remarks.of(gone)]:
        _point(REMARK, REMARK.c.key, noted, kept.id)
        undo["moved"][f"{REMARK.name}.{REMARK.c.key.name}"] = noted
    if has_default:
        undo["defaults"] = _no_second_default(undo["moved"].get("customers_address.customer_id", []))
    for table, mine, other in links():
        if joined := _join(table, mine, other, gone.id, kept.id):
            undo["links"][table.name] = joined
    gone_id, gone_name, row = gone.id, gone.name, undo["row"]
    db.session.expire(kept)
    db.session.expunge(gone)
    db.session.execute(delete(CUSTOMER).where(CUSTOMER.c.id == gone_id))
    changes.record(Customer, [gone_id], "delete")
    for name in sorted(chosen):
        undo["before"][name] = history.plain(getattr(kept, name))
        setattr(kept, name, typed(row)[name])
    for purpose in ("sms", "email", "call", "profiling"):
        _latest_consent(kept, purpose, undo)
    paper = CustomerMerge(kept_id=kept.id, gone_id=gone_id, gone_name=gone_name, undo=undo)
    db.session.add(paper)
    db.session.flush()
    history.record(kept, "customer.merged", actor=actor, data={"gone": gone_id})
    history.record_many(Customer, [(gone_id, {})], verb="customer.merged_into", actor=actor, why=f"#{kept.id}")
    customer_merged.send(kept, gone_id=gone_id, actor=actor)
    return paper


@transactional
def unmerge(paper: CustomerMerge, *, actor: Any) -> Customer:
    """Take a merge back: the second card stands again under its number, with all that came from it and still lies
    with the first. What was changed on the first card since then stays as it is."""
    policy.authorize(actor, "merge", RESOURCE)
    if paper.undone_at is not None or not paper.undo:
        raise DomainError(_("This merge was taken back before."))
    kept, undo = paper.kept, paper.undo
    db.session.execute(insert(CUSTOMER).values(typed(undo["row"])))
    tables = db.metadata.tables
    for place, ids in undo["moved"].items():
        table_name, column_name = place.split(".")
        table = tables.get(table_name)
        if table is not None:
            _point(table, table.c[column_name], ids, paper.gone_id, still=kept.id)
    for name, rows in undo["links"].items():
        table, mine, other = next(link for link in links() if link[0].name == name)
        db.session.execute(insert(table), [{mine.name: paper.gone_id, other.name: key} for key in rows["had"]])
        if rows["new"]:
            db.session.execute(delete(table).where(mine == kept.id, other.in_(rows["new"])))
    if undo.get("defaults"):
        db.session.execute(update(Address).where(Address.id.in_(undo["defaults"])).values(is_default=True))
    changes.record(Customer, [paper.gone_id], "insert")
    db.session.expire_all()
    row = typed(undo["row"])
    for name, value in undo["before"].items():
        if getattr(kept, name) == row.get(name):  # still what the merge put there
            setattr(kept, name, typed({name: value})[name])
    paper.undone_at = clock.now()
    db.session.flush()
    back = db.session.get(Customer, paper.gone_id)
    if back is None:
        raise NotFound(_("There is nothing here."))
    history.record(kept, "customer.unmerged", actor=actor, data={"back": back.id})
    history.record(back, "customer.unmerged", actor=actor)
    customer_unmerged.send(kept, back_id=back.id, actor=actor)
    return back


def may_merge(kept: Customer, gone: Customer) -> None:
    """:raises DomainError: when the two cannot become one"""
    if kept.id == gone.id:
        raise DomainError(_("Choose two different customers."))
    if CustomerState.ERASED in (kept.state, gone.state):
        raise DomainError(_("This person has been erased; the card stays empty."))
    if kept.shop_id != gone.shop_id:
        raise DomainError(_("Customers of two shops stay apart."))


def _plain(customer: Customer) -> dict[str, Any]:
    return {column.name: history.plain(getattr(customer, column.name)) for column in CUSTOMER.columns}


def _label(table: Table) -> str:
    return table.name


def _move(table: Table, column: Column[Any], gone_id: int, kept_id: int) -> list[int]:
    ids = [int(key) for key in db.session.scalars(select(table.c.id).where(column == gone_id).order_by(table.c.id))]
    if ids:
        _point(table, column, ids, kept_id)
    return ids


def _point(table: Table, column: Column[Any], ids: list[int], to: int, still: int | None = None) -> None:
    """Let rows point at another customer, with their version, history and feed entry."""
    wanted = table.c.id.in_(ids) if still is None else table.c.id.in_(ids) & (column == still)
    held = [int(key) for key in db.session.scalars(select(table.c.id).where(wanted))]
    if not held:
        return
    before = dict(db.session.execute(select(table.c.id, column).where(table.c.id.in_(held))).tuples().all())
    values: dict[str, Any] = {column.name: to}
    if "version" in table.c:
        values["version"] = table.c.version + 1
    db.session.execute(update(table).where(table.c.id.in_(held)).values(values))
    model = next((m.class_ for m in Customer.registry.mappers if m.local_table is table), None)
    if model is not None:
        changes.record(model, held)
        pairs = [(key, {column.name: [before[key], to]}) for key in held]
        history.record_many(model, pairs, verb="customer.merged")


def _join(table: Table, mine: Column[Any], other: Column[Any], gone_id: int, kept_id: int) -> dict[str, list[int]]:
    had = list(db.session.scalars(select(other).where(mine == gone_id)))
    if not had:
        return {}
    kept = set(db.session.scalars(select(other).where(mine == kept_id)))
    new = [key for key in had if key not in kept]
    if new:
        db.session.execute(insert(table), [{mine.name: kept_id, other.name: key} for key in new])
    db.session.execute(delete(table).where(mine == gone_id))
    return {"had": had, "new": new}


def _no_second_default(ids: list[int]) -> list[int]:
    wrong = list(db.session.scalars(select(Address.id).where(Address.id.in_(ids), Address.is_default)))
    if wrong:
        statement = update(Address).where(Address.id.in_(wrong))
        db.session.execute(statement.values(is_default=False, version=Address.version + 1))
    return wrong


def _latest_consent(kept: Customer, purpose: str, undo: dict[str, Any]) -> None:
    """Of two people who were one, the latest word counts."""
    decisions = [one for one in kept.consents if one.purpose == purpose]
    latest = max(decisions, key=lambda one: (one.decided_at, one.id), default=None)
    name = f"accepts_{purpose}"
    if latest is not None and getattr(kept, name) != latest.is_granted:
        undo["before"][name] = getattr(kept, name)
        setattr(kept, name, latest.is_granted)
