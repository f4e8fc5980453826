"""A file of what a courier said: courier, tracking number, time, and where or what (LOG-01)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.panel.bulk import importers
from app.panel.bulk.importers import Image, Importer, Plan, Reader, Record, Result, Work
from app.panel.bulk.reading import values as cells
from app.panel.bulk.states import Outcome
from app.panel.core import clock, policy
from app.panel.core.db import db
from app.shop.logistics import formats, services
from app.shop.logistics.adapters import Told
from app.shop.logistics.models import Parcel, ParcelState, TraceEvent

TABLE = TraceEvent.__tablename__
# words by which couriers say where a parcel is; the first that stands in the cell counts
WORDS = (
    ("退回", ParcelState.RETURNED), ("退件", ParcelState.RETURNED), ("returned", ParcelState.RETURNED),
    ("拒收", ParcelState.PROBLEM), ("异常", ParcelState.PROBLEM), ("失败", ParcelState.PROBLEM), ("problem", ParcelState.PROBLEM),
    ("派送", ParcelState.DELIVERING), ("派件", ParcelState.DELIVERING), ("deliver", ParcelState.DELIVERING),
    ("签收", ParcelState.SIGNED), ("signed", ParcelState.SIGNED),
    ("揽收", ParcelState.COLLECTED), ("揽件", ParcelState.COLLECTED), ("collect", ParcelState.COLLECTED),
)  # fmt: skip


class TraceWork(Work):
    """One file. Couriers are found by every name that they have."""

    def __init__(self, importer: Importer, headings: Sequence[str], options: dict[str, Any], actor: Any) -> None:
        super().__init__(importer, headings, options, actor)
        self.known, self.zone = services.Known(), clock.zone()

    def parse(self, record: Record) -> Plan:
        reader = Reader(self, record)
        named = reader.need(cells.text, "courier") or ""
        number = formats.normal(reader.need(cells.identifier, "number") or "")
        courier = self.known.find(named)
        if named and courier is None:
            reader.errors.append(gettext("There is no courier “%(name)s”.", name=named[:60]))
        at = reader.need(cells.instant, "at", self.zone, "ymd")
        words, place, said = (reader.get(cells.text, name) or "" for name in ("words", "place", "state"))
        event_id = reader.get(cells.identifier, "event") or ""
        plan = Plan(record.seq, [], key=" · ".join((named, number)))
        plan.errors = reader.errors
        kind = state_of(said) or state_of(words) or ParcelState.MOVING
        plan.values = {
            "courier": courier.id if courier else None, "number": number, "at": at, "kind": kind, "place": place, "words": words,
            "event": event_id,
        }  # fmt: skip
        plan.shown = {"number": number, "at": at, "state": kind, "words": " · ".join(filter(None, (place, words)))}
        return plan

    def apply(self, plans: list[Plan], *, dry_run: bool) -> list[Result]:
        told = [_told(plan.values) for plan in plans]
        parcels = self._parcels(plans)
        before = self._known([parcel for found in parcels.values() for parcel in found])
        made: dict[tuple[int, str, str], list[int]] = defaultdict(list)
        if not dry_run:
            self._receive(plans, told, made)
        results, seen = [], set()
        for plan, one in zip(plans, told, strict=True):
            found = parcels.get((plan.values["courier"], one.number), [])
            mark = (plan.values["courier"], one.number, one.key)
            fresh = any((parcel, one.key) not in before for parcel in found) and mark not in seen
            seen.add(mark)
            if not found:
                results.append(Result.refuse(gettext("No parcel of ours has the number %(number)s.", number=one.number)))
            else:
                images = [Image(TABLE, key) for key in made.pop(mark, ())]
                results.append(Result(Outcome.NEW if fresh else Outcome.SAME, found[0], images=images))
        return results

    def _receive(self, plans: list[Plan], told: list[Told], made: dict[tuple[int, str, str], list[int]]) -> None:
        by_courier: dict[int, list[Told]] = defaultdict(list)
        for plan, one in zip(plans, told, strict=True):
            by_courier[plan.values["courier"]].append(one)
        for courier in self.known.rows:
            for one, key in services.receive(courier, by_courier.get(courier.id, []), actor=self.actor):
                made[courier.id, one.number, one.key].append(key)

    def _parcels(self, plans: list[Plan]) -> dict[tuple[int, str], list[int]]:
        """By courier and number, the parcels that this person may see."""
        numbers = {plan.values["number"] for plan in plans}
        query = select(Parcel.courier_id, Parcel.number, Parcel.id).where(Parcel.number.in_(numbers)).order_by(Parcel.id)
        found: dict[tuple[int, str], list[int]] = defaultdict(list)
        for courier_id, number, key in db.session.execute(policy.scope(query, self.actor, Parcel)):
            found[courier_id, number].append(key)
        return found

    def _known(self, parcel_ids: list[int]) -> set[tuple[int, str]]:
        query = select(TraceEvent.parcel_id, TraceEvent.key).where(TraceEvent.parcel_id.in_(parcel_ids))
        return {(parcel_id, key) for parcel_id, key in db.session.execute(query)}


def state_of(said: str) -> ParcelState | None:
    low = said.casefold()
    return next((state for word, state in WORDS if word in low), None)


def _told(values: dict[str, Any]) -> Told:
    return Told(values["number"], values["at"], values["kind"], values["place"], values["words"], values["event"])


@importers.register
class Traces(Importer):
    key = "parcel-traces"
    label = _("Traces of parcels (courier, tracking number, time)")
    resource = "logistics.Parcel"
    work = TraceWork
    required = ("courier", "number", "at")
    fills = {
        "courier": "courier_id", "number": "number", "at": "logistics.TraceEvent.happened_at moved_at",
        "state": "logistics.TraceEvent.kind state",
        "place": "logistics.TraceEvent.place said", "words": "logistics.TraceEvent.words said", "event": "logistics.TraceEvent.key",
    }  # fmt: skip
    words = {"number": _("Tracking number"), "at": _("Time"), "state": _("State"), "words": _("What was said")}
    headings = {
        "courier": ("Courier", "Courier company", "快递公司", "物流公司", "承运商"),
        "number": ("Tracking number", "Tracking no.", "运单号", "快递单号", "物流单号"),
        "at": ("Time", "Event time", "时间", "轨迹时间", "操作时间"),
        "state": ("State", "Status", "状态", "物流状态"),
        "place": ("Place", "Location", "地点", "网点"),
        "words": ("What happened", "Description", "Details", "轨迹", "物流信息", "轨迹描述", "描述"),
        "event": ("Event ID", "轨迹编号", "事件编号"),
    }  # fmt: skip

    def undo(self, images: list[Image], *, actor: Any, since: Any, run_id: int) -> list[str] | None:
        if images[0].table != TABLE:
            return None
        services.forget_traces([image.row_id for image in images], actor=actor)
        return [""] * len(images)
