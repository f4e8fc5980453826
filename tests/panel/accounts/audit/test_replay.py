"""What the trail says is what happened: the rows are rebuilt from it alone, and no secret stands in it (SAFETY G34)."""

import datetime as dt
import json
import os
import random

from sqlalchemy import Text as Words
from sqlalchemy import cast, inspect, select

from app.panel.accounts import services
from app.panel.accounts.login import twostep
from app.panel.accounts.models import KeyKind, User
from app.panel.accounts.people import keys
from app.panel.core import records, settings, trash
from app.panel.core.db import db
from app.panel.core.history import QUIET, plain
from app.panel.core.trail import TABLE
from app.shop.catalog.models import Brand, Product, Tag
from app.shop.customers.models import Customer
from app.shop.orders.services import addresses
from app.shop.setup.models import Channel, Shop
from tests.goals import goal
from tests.people import PASSWORD, make_key

MODELS = (Brand, Tag, Product, Customer)
STEPS = int(os.environ.get("REPLAY_STEPS", "120"))  # the promise of 5,000 is measured by hand
VERBS = {"user.disabled": {"active": False}, "user.enabled": {"active": True}}  # verbs that say all of what they change


def rebuilt(after):
    """{(table, key): {column: value}} of the rows that are there, out of the lines after a number and nothing else."""
    kinds = {model.__tablename__: model for model in (*MODELS, User)}
    alive, gone = {}, {}
    for line in db.session.execute(select(TABLE).where(TABLE.c.id > after).order_by(TABLE.c.id)):
        if line.table not in kinds:
            continue
        at = line.table, line.key
        if line.verb == "insert":
            alive[at] = defaults(kinds[line.table], line.at)
        elif line.verb == "delete":
            gone[at] = alive.pop(at)
        elif line.verb == "restored":
            alive[at] = gone.pop(at)
        columns = {one.key for one in inspect(kinds[line.table]).column_attrs}
        for name, (before, value) in (line.changes or {}).items():
            if name in columns:
                state = alive.setdefault(at, {})
                assert line.verb == "insert" or name not in state or state[name] == before, (line.id, name, state.get(name), before)
                state[name] = value
        if line.verb in VERBS:
            alive.setdefault(at, {}).update(VERBS[line.verb])
    return alive


def defaults(model, made_at):
    """What the columns of a new row hold that nobody filled in. Its moments are those of its line."""
    found = {}
    for one in inspect(model).column_attrs:
        default = one.columns[0].default
        if one.key in QUIET:
            continue
        if default is not None and default.is_scalar:
            found[one.key] = plain(default.arg)
        elif default is not None and default.is_callable:
            value = default.arg(None)
            found[one.key] = made_at.isoformat() if isinstance(value, dt.datetime) else plain(value)
    return found


def real(alive):
    """The rows as they are, told in the columns that the trail tells of."""
    found = {}
    for model in MODELS:
        names = [one.key for one in inspect(model).column_attrs if one.key not in QUIET | {"id"} and one.columns[0].computed is None]
        for row in db.session.scalars(select(model)):
            found[model.__tablename__, row.id] = {name: plain(getattr(row, name)) for name in names}
    for user in db.session.scalars(select(User)):
        told = alive.get(("ab_user", user.id), {})
        found["ab_user", user.id] = {name: plain(getattr(user, name)) for name in told}
    return found


def same(one, other):
    """Nothing, an empty text and a column that was never told are one and the same."""
    names = set(one) | set(other)
    return {name: (one.get(name), other.get(name)) for name in names if not alike(one.get(name), other.get(name))}


def alike(told, there):
    if isinstance(told, str) and isinstance(there, str) and told[4:5] == "-" and told[10:11] == "T":
        return abs(dt.datetime.fromisoformat(told) - dt.datetime.fromisoformat(there)) < dt.timedelta(seconds=2)
    return (told if told not in ("", []) else None) == (there if there not in ("", []) else None)


class Doer:
    """Somebody who does one random thing after another, by every path that there is."""

    def __init__(self, app, session, client, ada, chance):
        self.app, self.session, self.client, self.ada, self.chance = app, session, client, ada, chance
        self.count, self.shop = 0, session.query(Shop).first().id

    def word(self):
        self.count += 1
        return f"{self.chance.choice(['Wool', '围巾', 'Tea', '青瓷'])} {self.count}"

    def values(self, model):
        if model is Customer:
            return {"name": self.word(), "phone": f"+8613{self.count:09d}", "shop_id": self.shop}
        return {"title" if model is Product else "name": self.word()}

    def some(self, model):
        found = self.session.scalars(select(model).order_by(model.id)).all()
        return self.chance.choice(found) if found else None

    def step(self):
        act = self.chance.choices(
            [self.create, self.change, self.remove, self.bring_back, self.by_api, self.by_command, self.set], [6, 8, 2, 2, 6, 1, 1]
        )[0]
        act(self.chance.choice(MODELS))

    def create(self, model):
        records.create(model, self.values(model), actor=self.ada)

    def change(self, model):
        if (row := self.some(model)) is not None:
            name, value = next(iter(self.values(model).items()))
            records.update(row, {name: value}, actor=self.ada)

    def remove(self, model):
        if model in (Tag, Brand) and (row := self.some(model)) is not None:
            records.delete(row, actor=self.ada)

    def bring_back(self, model):
        entry = self.session.scalars(select(trash.TrashEntry).where(trash.TrashEntry.table == model.__tablename__)).first()
        if entry is not None:
            trash.restore(entry.id, actor=self.ada)

    def by_api(self, model):
        base = f"/api/v1/{'customers' if model is Customer else 'catalog'}/{model.__name__.lower()}/"
        row = self.some(model)
        asked = row and (f"{base}{row.id}", {"If-Match": f'"{row.version}"'})
        self.session.commit()  # what others write is not undone together with what was read here
        if asked is None or self.chance.random() < 0.4:
            assert self.client.post(base, json=self.values(model)).status_code == 201
        else:
            name, value = next(iter(self.values(model).items()))
            answer = self.client.put(asked[0], json={name: value}, headers=asked[1])
            assert answer.status_code == 200, answer.text

    def by_command(self, _model):
        self.command(self.chance.choice(["enable", "disable"]))

    def command(self, verb):
        self.session.commit()
        with self.app.app_context():
            assert self.app.test_cli_runner().invoke(args=["accounts", verb, "cleo"]).exit_code == 0

    def set(self, _model):
        settings.change({"accounts.session_hours": str(self.chance.randint(2, 40))}, actor=self.ada)


def test_the_rows_that_are_rebuilt_from_the_trail_are_those_that_are_there(app, session, as_user, ada):
    doer = Doer(app, session, as_user("ada"), ada, random.Random(1))
    began = session.scalar(select(TABLE.c.id).order_by(TABLE.c.id.desc()).limit(1)) or 0
    for _step in range(STEPS):
        doer.step()
    doer.command("disable")
    session.expire_all()
    told = rebuilt(began)
    there = real(told)
    assert {at for at in told if at[0] != "ab_user"} == {at for at in there if at[0] != "ab_user"}
    wrong = {at: difference for at in there if (difference := same(told.get(at, {}), there[at]))}
    goal("G34", f"{len(wrong)}_of_{STEPS}", 0, not wrong)
    assert wrong == {}
    assert len(there) > 25 and any(at[0] == "ab_user" and told.get(at) for at in there)
    paths = set(session.scalars(select(TABLE.c.path).where(TABLE.c.id > began)))
    assert {"api", "cli"} <= paths
    nobody = select(TABLE.c.id).where(TABLE.c.id > began, TABLE.c.actor_name == "")
    assert session.scalars(nobody).all() == []


def test_no_secret_ever_stands_in_the_trail(app, session, as_user, ada):
    person = services.create_user(
        actor=ada, username="sesame", name="Sesame", email="sesame@example.org", roles=["support"], password=PASSWORD
    )
    link = services.make_link(person, actor=ada)
    services.set_password(person, "another long pass phrase 9", actor=ada)
    _key, opened = make_key(
        actor=ada, name="Bridge", kind=KeyKind.PERSON, rights=frozenset({("read", "setup.Channel")})
    )
    channel = session.query(Channel).first()
    address, signed_by = addresses.open_address(channel, actor=ada)
    _again, signed_next = addresses.new_secret(channel, actor=ada)
    with app.test_request_context():
        twostep.begin(person)
        counted_from = twostep.begun(person.id)
    as_user("ada").post("/account/password/", data={"current": PASSWORD, "new": "zq-canary-pass-phrase-77", "again": "zq-canary"})
    session.refresh(person)
    canaries = [
        PASSWORD, "another long pass phrase 9", person.password, link, opened, keys.hashed(opened), signed_by, signed_next,
        address.nonce, counted_from, "zq-canary-pass-phrase-77",
    ]  # fmt: skip
    assert all(canary and len(canary) > 12 for canary in canaries)
    everything = "\n".join(
        " ".join(map(str, row))
        for row in session.execute(select(TABLE.c.why, TABLE.c.actor_name, TABLE.c.path, cast(TABLE.c.changes, Words)))
    )
    assert "key.made" in set(session.scalars(select(TABLE.c.verb)))
    for canary in canaries:
        assert canary not in everything and json.dumps(canary)[1:-1] not in everything
