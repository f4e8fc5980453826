"""A small world for walks over every route: one row of every model for each of two shops, made from the tables
themselves, so that a table which is added tomorrow is in it too.

Every text column of a row holds a word of its own (`zqB017qz`), so that a word in an answer tells whose row and which
column it came from. Amounts of shop B are 77,777.77, guarded fields 55,555.NN or a word that begins with `guarded`.
"""

from __future__ import annotations

import datetime as dt
import functools
import importlib
import io
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from flask import Flask
from itsdangerous import URLSafeTimedSerializer

from app.panel.accounts import services
from app.panel.accounts.login import sessions
from app.panel.accounts.models import Role, User
from app.panel.core import files, history, policy, trash
from app.panel.core.actor import SYSTEM
from app.panel.core.db import PanelModel, db
from app.panel.core.fields import resource_of
from app.panel.core.notices import Notice
from app.panel.core.rows import reserve_ids
from app.panel.core.types import ChoiceType
from app.rightscheck.caller import Caller

PASSWORD, CSRF = secrets.token_hex(16), "c" * 40
ROLES = ("administrator", "operations", "finance", "support", "host", "field_control", "deputy", "viewer")
NOBODY, NO_ROLE = "anonymous", "nobody"
OTHERS = {NO_ROLE: ("", "A"), "ben": ("support", "A"), "cleo": ("support", "B")}  # beside one person a role, of shop A
NOW = dt.datetime(2026, 11, 20, 4, 0, tzinfo=dt.UTC)
DEAR = 7_777_777
WORD = re.compile(r"zq([AB])(\d{3,4})qz")
DEAR_SHOWN = re.compile(r"77,?777\.7|7777777")
COST_SHOWN = re.compile(r"55,?555\.(\d\d)|55555(\d\d)")
UNMASKED = re.compile(r"qz-000000")
WHOLE = re.compile(r"guarded\d\d-zq[AB](\d{3,4})qz-000000")
# what a column means, where the world's own word would not do
FIXED = {
    "currency": "CNY", "zone": "Asia/Shanghai", "language": "en", "country": "CN", "mime": "image/png",
    "cause_resource": "orders.Order", "importer": "orders", "file_key": "none", "tone": "neutral",
    "version": 1, "shipped_quantity": 0, "cancelled_quantity": 0, "refunded_quantity": 0, "refunded_amount": 0,
    "reserved_quantity": 0, "restocked_quantity": 0, "reserved": 0, "held": 0, "discount": 0, "refunded": 0,
    "shipping_fee": 0, "tax": 0, "adjustment": 0, "completeness": 50, "is_active": True, "code_": "X", "undo_of_id": None,
    "attributes": {}, "price_trace": [], "cron": "0 4 * * *", "must_change": False, "is_closed": False, "closed_at": None,
    "reverses_id": None, "revoked_at": None, "anonymised_at": None, "erased_at": None, "merged_into_id": None, "done_at": None,
}  # fmt: skip
# tables that the house fills itself; rows of some are made by hand below
OWN = re.compile(r"ab_|core_(?!file)|accounts_|notices_|upkeep_|alembic|bulk_(?!run$|mapping$)")
# rows that lead to a shop and are all the same everybody's: what a supplier asked, with the receipt that it was read from
SHARED = {"inventory_supplier_price"}


@dataclass
class World:
    """Rows by shop and table, and what words stand where."""

    app: Flask
    ids: dict[str, dict[str, int]] = field(default_factory=lambda: {"A": {}, "B": {}})
    words: list[tuple[str, str]] = field(default_factory=list)
    users: dict[str, int] = field(default_factory=dict)
    trash: dict[str, dict[str, int]] = field(default_factory=lambda: {"A": {}, "B": {}})
    own: dict[tuple[str, str], int] = field(default_factory=dict)

    def word(self, side: str, table: str, column: str) -> str:
        self.words.append((table, column))
        return f"zq{side}{len(self.words):03d}qz"

    def id_of(self, side: str, table: str, person: str = "") -> int:
        """The row of a shop, or where each person has one of his own, that."""
        return self.own.get((person, table)) or self.ids[side].get(table, 1)

    @cached_property
    def foreign(self) -> set[str]:
        """Tables whose rows belong to a shop: a chain of foreign keys leads there."""
        tables, found = _tables(), {"setup_shop"}
        while more := {
            t.name for t in tables if t.name not in found and found & {k.column.table.name for k in t.foreign_keys}
        }:
            found |= more
        return found - SHARED

    def leaks(self, text: str, side: str = "B") -> list[str]:
        """Columns of rows of that shop whose words stand in a text."""
        hits = {self.words[int(number) - 1] for whose, number in WORD.findall(text) if whose == side}
        return sorted(
            f"{table}.{column}" for table, column in hits if table in self.foreign or table in ("trail", "person")
        )

    def unmasked_in(self, text: str) -> set[tuple[str, str]]:
        """(table, column) of values that stand whole in a text though they are masked for some."""
        return {self.words[int(number) - 1] for number in WHOLE.findall(text)}

    def client(self, person: str) -> Caller:
        """Somebody who stays logged in, whatever an answer does to his cookies."""
        client = Caller(self.app)
        if person != NOBODY:
            key = self.users[person]
            with self.app.app_context():
                value = sessions.begin(key, {"_user_id": str(key), "_fresh": True, "csrf_token": CSRF, "language": "en"})
            client.token = URLSafeTimedSerializer(self.app.config["SECRET_KEY"], salt="wtf-csrf-token").dumps(CSRF)
            client.environ_base["HTTP_COOKIE"] = f"{sessions.cookie_name(False)}={value}"
        return client


def _tables() -> list[sa.Table]:
    return [t for t in db.metadata.sorted_tables if not OWN.match(t.name)]


def build(app: Flask, text: Callable[[str, str, str], str] | None = None, roles: Sequence[str] = ROLES) -> World:
    """Fill an empty, migrated instance.

    :param roles: who each get a person of shop A
    :param text: gives the words instead of the world's own: (side, table, column) → text
    """
    world = World(app)
    team = {**{role: (role, "A") for role in roles}, **OTHERS}
    with app.app_context():
        _people(world, team)
        if text is not None:
            _strange_names(text)
        for table in _tables():
            for side in "AB":
                _row(world, table, side, text or world.word)
        for name, (_role, side) in team.items():
            rows = {"user_id": world.users[name], "shop_id": world.ids[side]["setup_shop"], "version": 1}
            db.session.execute(sa.insert(db.metadata.tables["setup_staff_assignment"]).values(rows))
            _own_rows(world, name, side)
        for side in "AB":
            _trails(world, side, text or world.word)
        db.session.commit()
    return world


def _people(world: World, team: dict[str, tuple[str, str]]) -> None:
    for name, (role, _side) in team.items():
        login = name if re.fullmatch(r"[a-z_]{2,60}", name) else f"role{len(world.users)}"
        user = services.create_user(
            actor=SYSTEM,
            username=login,
            name=login.title(),
            email=f"{login}@example.org",
            roles=[role] if role else [],
            password=PASSWORD,
        )
        world.users[name] = user.id


def _strange_names(text: Callable[[str, str, str], str]) -> None:
    """People and roles may be called anything."""
    for user in db.session.query(User):
        user.first_name, user.last_name = text("A", "ab_user", "first_name")[:64], text("A", "ab_user", "last_name")[:64]
    db.session.add(Role(name=text("A", "ab_role", "name")[:64]))
    db.session.commit()


def _row(world: World, table: sa.Table, side: str, text: Any) -> None:
    if table.name == "finance_posting":
        return  # they stand since their entry does
    values = {column.name: _value(world, table, column, side, text) for column in table.columns if column.name != "id"}
    values = {name: value for name, value in values.items() if value is not _DEFAULT} | _sums(
        world, table, side, values
    )
    if table.name == "finance_entry":
        values |= _both_sides(world, side, values)
    result = db.session.execute(sa.insert(table).values(values))
    if "id" in table.c:
        world.ids[side][table.name] = result.inserted_primary_key[0]
    if table.name == "catalog_category":
        db.session.execute(
            sa.update(table)
            .where(table.c.id == world.ids[side][table.name])
            .values(path=f"/{world.ids[side][table.name]}/")
        )
    if table.name == "core_file":
        picture(values["token"])


def _both_sides(world: World, side: str, entry: dict[str, Any]) -> dict[str, Any]:
    """The postings of an entry, which come before it: so much to the debit of an account, and to its credit."""
    table = db.metadata.tables["finance_posting"]
    number = reserve_ids(db.metadata.tables["finance_entry"], 1)[0]
    same = {name: entry[name] for name in ("shop_id", "occurred_at", "currency")}
    for debit, credit in ((entry["amount"], 0), (0, entry["amount"])):
        row = {
            **same, "entry_id": number, "account_id": world.ids[side]["finance_account"], "debit": debit, "credit": credit,
            "created_by_id": entry["created_by_id"], "changed_by_id": entry["changed_by_id"],
        }  # fmt: skip
        world.ids[side][table.name] = db.session.execute(sa.insert(table).values(row)).inserted_primary_key[0]
    return {"id": number}


_DEFAULT = object()


def _value(world: World, table: sa.Table, column: sa.Column[Any], side: str, text: Any) -> Any:
    if column.computed is not None:
        return _DEFAULT
    guarded = _guarded().get((table.name, column.name))
    if column.foreign_keys:
        target = next(iter(column.foreign_keys)).column.table
        if target.name == "ab_user":
            return world.users["ben" if side == "A" else "cleo"]
        return None if target is table else world.ids[side][target.name]
    if column.name in FIXED and not guarded:
        return FIXED[column.name] if column.name in column.table.c else _DEFAULT
    if isinstance(column.type, ChoiceType):
        members = list(column.type.choices)
        is_key = any(isinstance(c, sa.UniqueConstraint) and column.name in c.columns for c in table.constraints)
        return members["AB".index(side)] if is_key else members[0] if column.default is None else _DEFAULT
    if guarded == "mask":
        return f"guarded{len(world.words) % 90 + 10}-{world.word(side, table.name, column.name)}-000000"[
            : column.type.length
        ]
    if isinstance(column.type, sa.String):
        if column.name == "token":
            return f"{table.name}{side}".replace("_", "")
        return text(side, table.name, column.name)[: column.type.length]
    if isinstance(column.type, sa.JSON):
        return {}
    if isinstance(column.type, sa.Boolean):
        return _DEFAULT if column.default is not None else False
    if isinstance(column.type, sa.Date):
        return NOW.date()
    if isinstance(column.type, sa.DateTime) or type(column.type).__name__ == "UTCDateTime":
        return NOW
    return _number(column, side if table.name in world.foreign else "A", guarded)


def _number(column: sa.Column[Any], side: str, guarded: str | None) -> Any:
    declared = column.info.get("panel") or {}
    is_amount = declared.get("kind") == "money"
    if guarded:
        return secret_of(column.table.name, column.name) if is_amount else _DEFAULT
    return (DEAR if side == "B" else 100) if is_amount else max(1, declared.get("min") or 0)


def _sums(world: World, table: sa.Table, side: str, values: dict[str, Any]) -> dict[str, Any]:
    """What the checks of the tables demand."""
    if table.name == "catalog_product_relation":
        return {"related_id": world.ids["B" if side == "A" else "A"]["catalog_product"]}
    if table.name == "orders_order":
        return {"total": values["subtotal"]}
    if table.name == "orders_order_line":
        return {"total": values["unit_price"] * values["quantity"]}
    if table.name == "live_session":
        return {"ends_at": values["starts_at"] + dt.timedelta(hours=2)}
    return {}


@functools.cache
def _guarded() -> dict[tuple[str, str], str]:
    """(table, column) → "hide" or "mask", as the domains declared."""
    known = {resource_of(m.class_): m.class_ for m in PanelModel.registry.mappers if issubclass(m.class_, PanelModel)}
    return {
        (known[resource].__tablename__, name): "hide" if rule.mask is None else "mask"
        for resource, rules in policy.REGISTRY.fields.items()
        for name, rule in rules.items()
        if resource in known
    }


def secret_of(table: str, column: str) -> int:
    """The amount in a hidden field: its last two digits say which field it is."""
    return 5_555_500 + sorted(_guarded()).index((table, column))


def secrets_in(text: str) -> set[tuple[str, str]]:
    """(table, column) of guarded values that stand in a text."""
    fields = sorted(_guarded())
    numbers = {int(shown or plain) for shown, plain in COST_SHOWN.findall(text)}
    return {fields[number] for number in numbers if number < len(fields)}


def _own_rows(world: World, name: str, side: str) -> None:
    """What everybody sees only of himself: an application to join, an import."""
    tables = db.metadata.tables
    for table, column in (
        ("setup_org_application", "applicant_id"),
        ("bulk_run", "actor_id"),
        ("accounts_login_event", "user_id"),
        ("accounts_api_key", "owner_id"),
        ("accounts_delegation", "person_id"),
    ):
        values = {
            c.name: v for c in tables[table].columns
            if not c.primary_key and (v := _value(world, tables[table], c, side, world.word)) is not _DEFAULT
        }  # fmt: skip
        values |= {"prefix": name[:16]} if "prefix" in values else {}
        values |= {"until_at": NOW + dt.timedelta(days=1)} if "until_at" in values else {}
        result = db.session.execute(sa.insert(tables[table]).values({**values, column: world.users[name]}))
        world.own[name, table] = result.inserted_primary_key[0]
    for table in ("accounts_login_event", "accounts_api_key", "accounts_delegation"):
        world.ids[side][table] = world.own[name, table]
    attachment = tables["setup_org_attachment"]
    values = {
        c.name: v
        for c in attachment.columns
        if not c.primary_key and (v := _value(world, attachment, c, side, world.word)) is not _DEFAULT
    }
    values["application_id"] = world.own[name, "setup_org_application"]
    world.own[name, attachment.name] = db.session.execute(sa.insert(attachment).values(values)).inserted_primary_key[0]


def _trails(world: World, side: str, text: Any) -> None:
    """The history of every row, a row in the trash of every table, and notices: with words of their own."""
    models = {m.class_.__tablename__: m.class_ for m in db.Model.registry.mappers}
    for table, key in world.ids[side].items():
        model = models.get(table)
        if model is None:
            continue
        area = "trail" if table in world.foreign else "shared"
        columns = [
            c.name
            for c in model.__table__.columns
            if isinstance(c.type, sa.String) and (table, c.name) not in _guarded()
        ]
        pairs = {name: [text(side, area, "before"), text(side, area, "after")] for name in columns[:1]}
        hidden = [name for (of, name), how in _guarded().items() if of == table and how == "hide"]
        pairs |= {name: [secret_of(table, name)] * 2 for name in hidden}
        masked = [name for (of, name), how in _guarded().items() if of == table and how == "mask"]
        pairs |= {name: [f"guarded77-{world.word(side, table, name)}-000000"] * 2 for name in masked}
        db.session.add(history.HistoryEntry(
            at=NOW, actor_name="cleo" if side == "B" else "ben", verb="update", table=table, key=key,
            why=text(side, area, "why"), changes=pairs,
        ))  # fmt: skip
        row = db.session.get(model, key)
        kept = [c for c in sa.inspect(model).column_attrs if c.columns[0].computed is None]
        entry = trash.TrashEntry(
            resource=resource_of(model), table=table, key=900_000 + key, label=text(side, area, "trash"), deleted_at=NOW,
            rows=[[table, {c.key: history.plain(getattr(row, c.key)) for c in kept} | {"id": 900_000 + key}]],
        )  # fmt: skip
        db.session.add(entry)
        db.session.flush()
        world.trash[side][table] = entry.id
    owner = world.users["ben" if side == "A" else "cleo"]
    db.session.add(
        Notice(user_id=owner, title=text(side, "person", "title"), body=text(side, "person", "body"), created_at=NOW)
    )


def picture(token: str) -> None:
    """The bytes of a file of the world."""
    out = io.BytesIO()
    importlib.import_module("PIL.Image").new("RGB", (32, 32), (200, 40, 40)).save(out, "PNG")
    path = files.path_of(token)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(out.getvalue())
