"""Who watched: age, sex, region and interests, from a file of the platform or measured from customers (LVR-02).

Nothing personal is kept: groups under five are added up before anything is written, and left out while they are not five together.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import Counter
from types import SimpleNamespace
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, select
from sqlalchemy.orm import selectinload

from app.panel.core import clock, history, policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.customers.models import Customer, CustomerIdentity
from app.shop.customers.states import CustomerState, Gender, IdentityKind
from app.shop.live.models import LiveAudience, LiveSession, LiveViewer
from app.shop.live.permissions import SESSION
from app.shop.live.states import Origin, Trait

LEAST = 5
BANDS = ((18, "0-17"), (25, "18-24"), (35, "25-34"), (45, "35-44"), (55, "45-54"), (200, "55+"))
WORDS = {"年龄": Trait.AGE, "性别": Trait.SEX, "地区": Trait.REGION, "地域": Trait.REGION, "兴趣": Trait.INTEREST}
SEXES = {"女": "female", "男": "male", "女性": "female", "男性": "male", "f": "female", "m": "male"}
MOST_LINES, MOST_PEOPLE = 2000, 10**9
Counts = dict[Trait, Counter[str]]


def grouped(counts: Counter[str]) -> dict[str, int]:
    """The groups of five and more; the others together under an empty name, if they are five.

    A single small group could be told from the sum, so the smallest of the others goes with it.
    """
    large = {name: n for name, n in counts.items() if n >= LEAST and name}
    small = [n for name, n in counts.items() if (n < LEAST or not name) and n > 0]
    if len(small) == 1 and small[0] < LEAST and large:
        least = min(large, key=lambda name: (large[name], name))
        small.append(large.pop(least))
    rest = sum(small)
    return large | ({"": rest} if rest >= LEAST else {})


@transactional
def keep(session: LiveSession, origin: Origin, counts: Counts, *, actor: Any) -> int:
    """Write a portrait down; the one of the same origin that was there is replaced. How many groups it has."""
    policy.authorize(actor, "write", SESSION)
    table = LiveAudience.__table__
    db.session.execute(delete(table).where(table.c.session_id == session.id, table.c.origin == origin))
    made = 0
    for trait, counted in counts.items():
        for value, n in grouped(counted).items():
            db.session.add(LiveAudience(session_id=session.id, origin=origin, trait=trait, value=value, n=n))
            made += 1
    history.record(session, "live.audience", actor=actor, data={"origin": origin.value, "groups": made})
    return made


def read(content: bytes) -> Counts:
    """A CSV of three columns: trait (age, sex, region, interest), group, people.

    :raises DomainError: with the line that cannot be read; nothing is kept
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DomainError(_("The file is not in UTF-8.")) from None
    found: Counts = {}
    for number, row in enumerate(csv.reader(io.StringIO(text)), 1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or (number == 1 and len(cells) > 2 and not cells[2].isdecimal()):
            continue  # the headings
        trait = Trait.of(cells[0].lower()) or WORDS.get(cells[0])
        if number > MOST_LINES or len(cells) < 3 or trait is None or not cells[1] or not cells[2].isdecimal():
            raise DomainError(_("Line %(n)s cannot be read: give trait (age, sex, region, interest), group, people.", n=number))
        name = SEXES.get(cells[1].lower(), cells[1].lower()) if trait is Trait.SEX else cells[1]
        found.setdefault(trait, Counter())[name[:60]] += min(int(cells[2][:12]), MOST_PEOPLE)
    if not found:
        raise DomainError(_("There is nothing in this file."))
    return found


def measure(session: LiveSession, *, actor: Any) -> Counts:
    """The customers among the viewers, by what their cards say."""
    policy.authorize(actor, "read", "customers.Customer")
    viewers = select(LiveViewer.viewer).where(LiveViewer.session_id == session.id)
    mine = select(CustomerIdentity.customer_id).where(
        CustomerIdentity.kind == IdentityKind.EXTERNAL, CustomerIdentity.channel_id == session.channel_id,
        CustomerIdentity.value.in_(viewers),
    )  # fmt: skip
    query = policy.scope(select(Customer), actor, Customer).where(
        Customer.id.in_(mine), Customer.state == CustomerState.ACTIVE, Customer.erased_at.is_(None)
    )
    found: Counts = {trait: Counter() for trait in Trait}
    today = clock.today()
    for one in db.session.scalars(query.options(selectinload(Customer.addresses), selectinload(Customer.tags))):
        if one.birthday_on is not None:
            found[Trait.AGE][band(one.birthday_on, today)] += 1
        if one.gender is not None:
            found[Trait.SEX][one.gender.value] += 1
        place = next((a.province for a in sorted(one.addresses, key=lambda a: not a.is_default) if a.province), "")
        if place:
            found[Trait.REGION][place] += 1
        found[Trait.INTEREST].update(tag.name for tag in one.tags)
    return found


def band(birthday: dt.date, today: dt.date) -> str:
    age = today.year - birthday.year - ((today.month, today.day) < (birthday.month, birthday.day))
    return next(name for below, name in BANDS if age < below)


def shown(session: LiveSession) -> list[SimpleNamespace]:
    """What the report shows: by origin and trait the groups with their share, and n."""
    rows = db.session.scalars(
        select(LiveAudience).where(LiveAudience.session_id == session.id).order_by(LiveAudience.origin, LiveAudience.n.desc())
    ).all()  # fmt: skip
    found = []
    for origin in Origin:
        for trait in Trait:
            groups = [row for row in rows if (row.origin, row.trait) == (origin, trait)]
            total = sum(row.n for row in groups)
            if total:
                named = sorted(groups, key=lambda row: (not row.value, -row.n))
                found.append(SimpleNamespace(
                    origin=origin, trait=trait, n=total, at=max(row.changed_at for row in groups),
                    groups=[(_name(row), row.n, row.n / total) for row in named],
                ))  # fmt: skip
    return found


def _name(row: LiveAudience) -> str:
    if not row.value:
        return _("all smaller groups")
    sex = Gender.of(row.value) if row.trait is Trait.SEX else None
    return str(sex.label) if sex is not None else row.value
