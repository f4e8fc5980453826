"""Hidden and masked fields: every field that a configuration can hide holds a value of its own, and nobody may meet it.

Somebody who may do everything, but for whom every field is hidden (or masked), asks for every page. What he is answered
is searched for the values, in each way in which they are written.
"""

from __future__ import annotations

import datetime as dt
import decimal
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import PermissionView

from app.panel.accounts import services
from app.panel.accounts.configuration import document, rules, store
from app.panel.accounts.models import Publication, Role
from app.panel.core import clock, history, setup, trash
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.fields import FieldSpec, spec, specs
from app.rightscheck import routes
from app.rightscheck.expectations import INSIDE
from app.rightscheck.routes import Call
from app.rightscheck.walk import JSON, LEAK, OWN, Hole
from app.rightscheck.world import FIXED, World

MIXED = "mixed"  # half of the fields hidden, half masked
READERS = {
    document.HIDDEN: "check-hidden", document.MASKED: "check-masked", MIXED: "check-mixed", document.WRITE: "check-open",
}  # fmt: skip
FIRST, STEP = 31_000_003, 7_919
BEFORE, HOUR = 10, dt.timedelta(hours=1)  # minutes; around what is written down while the check runs
FIRST_DAY = dt.date(2031, 1, 2)
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
WORD = re.compile(r"zc\d{4}cz")
DAY = re.compile(r"20[3-5]\d-\d\d-\d\d")
MINUTE = re.compile(r"(20\d\d-\d\d-\d\d)[T ](\d\d:\d\d)")
LARGEST, PLENTY = ("quantity", "on_hand", "uses_max", "amount_max", "paid"), 60_000_000
WORDY = frozenset({"text", "longtext", "email", "phone", "code", "url"})
MEANT = {name for name, value in FIXED.items() if isinstance(value, str)} | {"token", "path"}  # no other text would do
Place = tuple[str, str]  # resource, field
# pages that show nothing before they are asked for something; `{table}` is the number of the row
ASKED = (
    "/orders/print/picking?ids={orders_order}", "/orders/print/slips?ids={orders_order}",
    "/orders/print/receipts?ids={orders_order}", "/insights/products/{catalog_product}/orders/?which=discount",
    "/bulk/import/?to=customers_customer",
)  # fmt: skip


TAKEN_AWAY = ("/accounts/audit/export", "/account/logins/export", *(
    f"/exports/list/{name}/go" for name in ("accounts_loginevent", "orders_order", "customers_customer", "catalog_sku")
))  # fmt: skip
# where nobody is logged in, and where a value is shown on purpose, for a reason that is written down
NO_READER = ("/login", "/logout", "/welcome", "/reveal", "/api/v1/reveal")


@dataclass
class Canaries:
    """Where which value stands, in the rows of shop A."""

    world: World
    places: dict[str, Place] = field(default_factory=dict)

    def plant(self) -> None:
        """Write a value of its own into every column that can be hidden, together or, where the table refuses, one by one."""
        number = 0
        for resource, model in rules.models().items():
            key = self.world.ids["A"].get(model.__tablename__)
            if key is None:
                continue
            found = _plantable(model)
            values = {name: _value(one, number + place) for place, (name, one) in enumerate(found.items())}
            values, number = _fitting(model.__tablename__, values), number + len(found)
            for part in [values] if self._holds(model, key, values) else [{name: value} for name, value in values.items()]:
                if part is values or self._holds(model, key, part):
                    for name, value in part.items():
                        self.places |= dict.fromkeys(_written(found[name], value), (resource, found[name].name))
            self._remember(model, key)
        db.session.commit()

    def _holds(self, model: Any, key: int, values: dict[str, Any]) -> bool:
        point, table = db.session.begin_nested(), model.__table__
        try:
            db.session.execute(sa.update(table).where(table.c.id == key).values(values or {"id": key}))
        except (sa.exc.IntegrityError, sa.exc.DataError):
            point.rollback()
            return False
        point.commit()
        return True

    def _remember(self, model: Any, key: int) -> None:
        """What is written in the row stands in its history and in the trash as well."""
        row = db.session.get(model, key, populate_existing=True)
        mapped = [c for c in sa.inspect(model).column_attrs if c.columns[0].computed is None]
        kept = {c.key: history.plain(getattr(row, c.key)) for c in mapped}
        pairs = {name: [value, value] for name, value in kept.items() if name in rules.field_names(model)}
        db.session.add(history.HistoryEntry(
            at=clock.now(), actor_name="ben", verb="update", table=model.__tablename__, key=key, why="", changes=pairs,
        ))  # fmt: skip
        entry = db.session.get(trash.TrashEntry, self.world.trash["A"].get(model.__tablename__, 0))
        if entry is not None:
            entry.rows = [[model.__tablename__, kept | {"id": entry.key}]]

    def met(self, text: str) -> set[Place]:
        """The fields whose values stand whole in a text."""
        said = {*WORD.findall(text), *map(" ".join, MINUTE.findall(text)), *DAY.findall(text)}
        said |= {number.replace(",", "") for number in NUMBER.findall(text)}
        return {self.places[word] for word in said if word in self.places}


def _plantable(model: Any) -> dict[str, FieldSpec]:
    """Column → field, of those that can be hidden and written."""
    hideable, found = rules.field_names(model), {}
    for one in dict.fromkeys(specs(model).values()):
        if one.is_column and one.name in hideable and one.column.property.columns[0].computed is None:
            found[one.column.property.columns[0].name] = one
    return found


def _fitting(table: str, values: dict[str, Any]) -> dict[str, Any]:
    """What the checks of the tables demand: parts that add up, and no more used than there is."""
    found = {name: value for name, value in values.items() if value is not None}
    found |= {name: found[name] + PLENTY for name in LARGEST if isinstance(found.get(name), int)}
    if table == "orders_order":
        found["total"] = found["subtotal"] - found["discount"] + sum(found[n] for n in ("shipping_fee", "tax", "adjustment"))
    if table == "orders_order_line":
        found["total"] = found["unit_price"] * found["quantity"] - found["discount"]
    return found


def _value(one: FieldSpec, number: int) -> Any:
    if one.name in MEANT:
        return None
    if one.kind in WORDY and one.choices is None:
        word = f"zc{number:04d}cz"
        if one.kind == "phone":
            return f"139{number:04d}{number:04d}"
        found = {"email": f"{word}@example.org", "url": f"https://example.org/{word}"}.get(one.kind, word)
        return found if one.length is None or len(found) <= one.length else None
    if one.kind in ("money", "integer"):
        return FIRST + STEP * number
    if one.kind == "number":
        return decimal.Decimal(FIRST + STEP * number)
    if one.kind == "date":
        return FIRST_DAY + dt.timedelta(days=number)
    if one.kind == "instant":
        return _instant(number)
    return None


def _instant(number: int) -> dt.datetime:
    """A minute of yesterday, which the pages with figures count; written in the shop's zone it is none of this hour in UTC."""
    at, now = clock.day_start(clock.today()) - dt.timedelta(minutes=BEFORE + number), clock.now()
    ahead = clock.local(now).utcoffset() or dt.timedelta(0)
    return at if at > now - ahead + HOUR / 2 else at - 2 * HOUR


def _written(one: FieldSpec, value: Any) -> list[str]:
    if isinstance(value, str):
        return WORD.findall(value) or [value]
    if isinstance(value, dt.datetime):
        return [f"{at:%Y-%m-%d %H:%M}" for at in (value, clock.local(value))]
    if isinstance(value, dt.date):
        return [f"{value:%Y-%m-%d}"]
    if one.kind == "money":
        return [str(value), f"{decimal.Decimal(value) / 100:.2f}"]
    return [f"{value:f}" if isinstance(value, decimal.Decimal) else str(value)]


def people(world: World) -> None:
    """One person for each way of being kept from fields: hidden, masked, and one who reads them all."""
    rights: dict[str, list[str]] = {}
    for verb, resource in setup.every_right():
        rights.setdefault(resource, []).append(verb)
    wanted = {**store.published(), "roles": {**store.published()["roles"]}}
    permissions = list(db.session.query(PermissionView))
    for level, name in READERS.items():
        entry = document.new_role(rights)
        entry["fields"] = _levels(level) if level != document.WRITE else {}
        wanted["roles"][name] = entry
        db.session.add(Role(name=name, permissions=permissions))
    wanted = document.normal(wanted)
    document.check(wanted, store.published(), setup.every_right)
    now = clock.now()
    db.session.add(
        Publication(document=wanted, digest=document.digest(wanted), note="", published_at=now, confirmed_at=now)
    )
    db.session.commit()
    store.forget()
    for number, name in enumerate(READERS.values()):
        user = services.create_user(
            actor=SYSTEM, username=f"reader{number}", name="Reader", email=f"reader{number}@example.org", roles=[name],
        )
        world.users[name] = user.id
        rows = {"user_id": user.id, "shop_id": world.ids["A"]["setup_shop"], "version": 1}
        db.session.execute(sa.insert(db.metadata.tables["setup_staff_assignment"]).values(rows))
        db.session.commit()  # the next person is made in a transaction of its own


def _levels(level: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for resource, model in rules.models().items():
        for number, name in enumerate(sorted(rules.field_names(model))):
            can_be_masked = spec(model, name).kind not in rules.UNMASKABLE
            if level == MIXED:
                kept = document.MASKED if can_be_masked and number % 2 else document.HIDDEN
            else:
                kept = level if can_be_masked or level == document.HIDDEN else document.WRITE
            found.setdefault(resource, {})[name] = kept
    return found


def calls(world: World) -> Iterator[Call]:
    """Every address that is only read, each tab of each page, and what wants to be asked: pages, rows sent back, exports."""
    views = routes.views_by_name(world.app)
    of = world.app.extensions["panel_view_of"]
    for call in routes.calls(world, "A"):
        if call.method != "GET" or call.endpoint.endswith("static"):
            continue
        yield call
        if call.endpoint.endswith(".show") and call.table:
            view = views[call.endpoint.partition(".")[0]]
            for tab in (t for cls in type(view).__mro__ for t in vars(cls).get("tabs", ())):
                key = of[tab.view].endpoint
                yield Call(call.rule, "GET", f"{call.path}?tab={key}", call.endpoint, key, call.table)
    for template in ASKED:
        path = template.format(**world.ids["A"])
        yield Call(path.partition("?")[0], "GET", path, "", path.partition("?")[2])
    yield from sent(world)


def sent(world: World) -> Iterator[Call]:
    """What answers with rows though something is sent to it: a row that is saved as it is, a basket, files that are taken away."""
    for resource, model in sorted(world.app.extensions["panel_models"].items()):
        key = world.ids["A"].get(model.__tablename__)
        if key is not None and hasattr(model, "version"):
            path = f"/api/v1/{resource.replace('.', '/').lower()}/{key}"
            yield Call(path, "PUT", path, "", "saved", model.__tablename__, body="{}")
    basket = {
        "channel_id": world.ids["A"]["setup_channel"], "lines": [{"sku_id": world.ids["A"]["catalog_sku"], "quantity": 1}],
    }  # fmt: skip
    yield Call("/orders/counter/quote", "POST", "/orders/counter/quote", "", "a basket", body=json.dumps(basket))
    for path in TAKEN_AWAY:
        yield Call(path, "POST", path, "", "as a file", form=(("format", "csv"), ("kind", "csv")))


def posts(world: World) -> Iterator[Call]:
    """Everything that can be sent, as a form without values: what a page answers that refuses it, or asks again."""
    for call in routes.calls(world, "A"):
        if call.method in ("POST", "PUT") and not call.rule.startswith(NO_READER):
            yield call


@dataclass
class Sweep:
    """The walk of those people over all pages, in a transaction that leaves nothing behind."""

    world: World
    canaries: Canaries = field(init=False)
    clients: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)  # pages that cannot bear that a field is kept from their reader
    calls: int = 0

    def __post_init__(self) -> None:
        self.canaries = Canaries(self.world)

    @contextmanager
    def planted(self) -> Iterator[Callable[[], None]]:
        """Inside, the values stand in the rows and the people may log in; it gives the function that undoes a call."""
        try:
            with routes.undone(self.world.app, self._plant) as undo:
                yield undo
        finally:
            with self.world.app.app_context():
                store.forget()

    def _plant(self) -> None:
        people(self.world)
        self.canaries.plant()
        self.clients = {level: self.world.client(name) for level, name in READERS.items()}

    def met(self, call: Call, level: str) -> set[Place]:
        """The values that somebody meets who asks for this address."""
        with self.world.app.app_context():
            more = {"If-Match": f'"{self.version_of(call)}"', "Content-Type": "application/json"} if call.body else {}
        data = call.body or dict(call.form) or None
        answer = self.clients[level].open(call.path, method=call.method, data=data, headers=JSON | more)
        self.calls += 1
        text = "" if answer.is_streamed and answer.direct_passthrough else answer.get_data(as_text=True)
        if answer.status_code >= 500 and call.rule != "/readyz":
            self.faults.append(f"{call.name} ({level})")
        text += " ".join(answer.headers.values())
        answer.close()
        return self.canaries.met(text)

    def version_of(self, call: Call) -> int:
        """The version of the row that a call sends back."""
        table = db.metadata.tables.get(call.table)
        if table is None or "version" not in table.c:
            return 0
        return int(db.session.scalar(sa.select(table.c.version).where(table.c.id == self.world.ids["A"][call.table])) or 0)

    def holes(self) -> Iterator[Hole]:
        """What stands in an answer though it is hidden or masked, and pages that break when it is."""
        with self.planted() as undo:
            for call in (*calls(self.world), *posts(self.world)):
                for level in (document.HIDDEN, document.MASKED):
                    met = self.met(call, level)
                    undo()
                    if met:
                        said = LEAK + ", ".join(sorted(".".join(place) for place in met)[:5])
                        yield Hole(call.name, READERS[level], OWN, "nothing that is kept from them", said)
        for fault in self.faults:
            yield Hole(fault, "", OWN, INSIDE, "error", opens=False)
