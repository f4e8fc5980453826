"""The portrait of an audience: imported or measured, and no group under five."""

import datetime as dt
import io
from collections import Counter

import pytest

from app.panel.core import clock
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError, Forbidden
from app.shop.customers.models import Customer, CustomerIdentity
from app.shop.customers.states import Gender, IdentityKind
from app.shop.live.models import LiveAudience, LiveViewer
from app.shop.live.services import audience
from app.shop.live.states import Origin, Trait


def test_small_groups_are_added_up_or_left_out_and_never_told_from_the_sum():
    assert audience.grouped(Counter(a=9, b=3, c=2)) == {"a": 9, "": 5}
    assert audience.grouped(Counter(a=9, b=2, c=1)) == {"a": 9}
    assert audience.grouped(Counter(a=9, b=6, c=1)) == {"a": 9, "": 7}, "one small group alone takes the next with it"
    assert audience.grouped(Counter(a=4)) == {} and audience.grouped(Counter(a=5)) == {"a": 5}


def test_a_file_is_read_in_both_languages_and_a_bad_line_is_named(session, filled):
    counts = audience.read("trait,group,people\nage,18-24,60\n性别,女,70\nsex,m,20\n地区,浙江,4\n".encode("utf-8-sig"))
    assert counts[Trait.SEX] == {"female": 70, "male": 20}
    assert audience.keep(filled, Origin.IMPORTED, counts, actor=SYSTEM) == 3
    shown = {(one.trait, one.n): one.groups for one in audience.shown(filled)}
    assert [name for name, _n, _share in shown[(Trait.SEX, 90)]] == ["Female", "Male"]
    assert session.query(LiveAudience).filter_by(trait=Trait.REGION).count() == 0
    for wrong in (b"age,18-24\n", b"mood,good,3\n", b"age,18-24,many\nage,18-24,many\n", b"", "年".encode("gb18030")):
        with pytest.raises(DomainError):
            audience.read(wrong)


def test_it_is_measured_from_the_customers_among_the_viewers(session, filled, studio, person):
    now = clock.now()
    for number in range(8):
        customer = Customer(
            name=f"C{number}", shop_id=filled.shop_id, gender=Gender.FEMALE if number < 6 else Gender.MALE,
            birthday_on=dt.date(clock.today().year - 30, 1, 1),
        )
        session.add(customer)
        session.flush()
        session.add(CustomerIdentity(
            customer_id=customer.id, kind=IdentityKind.EXTERNAL, channel_id=studio.channel.id, value=f"v{number}", slot=f"x:{number}"
        ))  # fmt: skip
        if number < 7:
            session.add(LiveViewer(session_id=filled.id, viewer=f"v{number}", name="", source="", first_at=now, last_at=now))
    session.commit()
    found = audience.measure(filled, actor=SYSTEM)
    assert found[Trait.SEX] == {"female": 6, "male": 1} and found[Trait.AGE] == {"25-34": 7}
    audience.keep(filled, Origin.MEASURED, found, actor=SYSTEM)
    assert {(row.trait, row.value, row.n) for row in session.query(LiveAudience)} == {(Trait.AGE, "25-34", 7), (Trait.SEX, "", 7)}
    with pytest.raises(Forbidden):
        audience.keep(filled, Origin.MEASURED, found, actor=person("ben"))


def test_it_is_brought_on_the_page_of_the_report(session, filled, as_user):
    client = as_user("ada")
    data = {"csrf_token": client.token, "do": "file", "file": (io.BytesIO(b"age,18-24,60\n"), "a.csv")}
    answer = client.post(f"/live/{filled.id}/report/audience", data=data)
    assert answer.status_code == 302 and session.query(LiveAudience).one().n == 60
