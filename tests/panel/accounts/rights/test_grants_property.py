"""No step of thousands gives anybody more than he holds, and the last administrator stays (SAFETY G33).

Random roles, people and edits, by the services that screens, API and command line share; a part of them by API and by the
command line as well. What each person could do is written down by the test itself, from roles alone.
"""

import datetime as dt
import os
import random

from flask_appbuilder.security.sqla.models import PermissionView

from app.panel.accounts import services
from app.panel.accounts.models import KeyKind, Role, User
from app.panel.accounts.people import guard, keys
from app.panel.accounts.rights import delegation
from app.panel.core import clock, policy
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from tests.goals import goal
from tests.people import make_key

STEPS = int(os.environ.get("GRANT_STEPS", "500"))  # 5,000 take half a minute of processor
PEOPLE, ROLES = 9, 6
RESOURCES = ("orders.Order", "catalog.Product", "setup.Shop", "setup.Channel")
POWERS = [("read", "accounts.User"), ("write", "accounts.User"), ("lend", "accounts.Delegation"), ("make", "accounts.ApiKey")]
PAIRS = [(verb, resource) for resource in RESOURCES for verb in ("read", "write")] + POWERS


class House:
    """Random roles and people, and what the test itself knows of who holds what."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        known = {(p.permission.name, p.view_menu.name): p for p in db.session.query(PermissionView)}
        self.roles = {"administrator": None}
        for number in range(ROLES):
            name, pairs = f"r{number}", self.random.sample(PAIRS, self.random.randint(2, 8))
            entry = Role(name=name)
            entry.permissions = [known[f"can_{verb}", resource] for verb, resource in pairs]
            db.session.add(entry)
            self.roles[name] = frozenset(pairs)
        db.session.commit()
        self.people = [
            services.create_user(actor=SYSTEM, username=f"p{n}", name=f"P{n}", email=f"p{n}@example.org", roles=self.some())
            for n in range(PEOPLE)
        ]

    def some(self):
        return self.random.sample(sorted(self.roles), self.random.randint(0, 2))

    def rights(self, names):
        """None is everything."""
        found = [self.roles[name] for name in names if name in self.roles]
        return None if None in found else frozenset().union(*found)

    def held(self, user):
        return self.rights([role.name for role in user.roles])


def covers(more, less):
    return more is None or (less is not None and less <= more)


def test_no_step_of_thousands_escalates_and_an_administrator_stays(session, as_user, app, monkeypatch):
    monkeypatch.setattr(services.sessions, "revoke_all", lambda *_arguments: 0)
    house, done, refused, escalations = House(33), 0, 0, []
    for _step in range(STEPS):
        actor, target = house.random.choice(house.people), house.random.choice(house.people)
        before, mine = house.held(target), house.held(actor) if actor.active else frozenset()
        policy.forget()
        kind = house.random.choice(("roles", "roles", "switch", "lend", "key"))
        try:
            said = STEP[kind](house, actor, target)
        except (DomainError, guard.LastAdministrator):
            refused += 1
            continue
        done += 1
        after = house.held(target)
        new = after if after is None else after - (before or frozenset())
        gained = kind == "roles" and not covers(before, after) and not covers(mine, new)
        beyond = kind in ("roles", "switch") and not covers(mine, before)
        lent = kind in ("lend", "key") and not covers(mine, said)
        if gained or beyond or lent:
            escalations.append((kind, actor.username, target.username))
        assert guard.administrators(db.session()) >= 1
    goal("G33", f"{len(escalations)}_of_{STEPS}", 0, not escalations)
    assert not escalations, escalations[:5]
    assert done > STEPS / 50 and refused > STEPS / 50, (done, refused)


def roles(house, actor, target):
    services.update_user(target, actor=actor, name=f"P{target.id}", email=target.email, roles=house.some())


def switch(house, actor, target):
    services.set_active(target, house.random.random() < 0.7, actor=actor)


def lend(house, actor, target):
    verb, resource = house.random.choice(PAIRS)
    loan = delegation.lend(target, verb, resource, until=clock.now() + dt.timedelta(days=1), actor=actor)
    delegation.revoke(loan, actor=actor)
    return frozenset({(verb, resource)})


def key(house, actor, _target):
    wanted = house.random.sample(PAIRS, 2)
    made, _text = make_key(actor=actor, name=f"k{house.random.random()}", kind=KeyKind.PERSON, rights=wanted)
    keys.revoke(made, actor=actor)
    return frozenset(wanted)


STEP = {"roles": roles, "switch": switch, "lend": lend, "key": key}


def test_the_last_administrator_stays_by_screen_api_and_command_line(as_user, app, session, ada):
    client, chief = as_user("ada"), session.query(Role).filter_by(name="administrator").one()
    row = client.get(f"/api/v1/accounts/user/{ada.id}").json["result"]
    answer = client.put(f"/api/v1/accounts/user/{ada.id}", json={"roles": []}, headers={"If-Match": f'"{row["version"]}"'})
    assert answer.status_code in (403, 422), answer.text
    client.post("/accounts/user/action_post", data={"action": "disable", "rowid": [str(ada.id)], "_go": "1"})
    client.post(f"/accounts/user/edit/{ada.id}", data={"name": "Ada", "email": ada.email, "version": row["version"]})
    assert app.test_cli_runner().invoke(args=["accounts", "disable", "ada"]).exit_code == 1
    session.expire_all()
    assert session.get(User, ada.id).active and chief in session.get(User, ada.id).roles
