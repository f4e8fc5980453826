"""Run sheet, preparation and consoles as programs and browsers meet them."""

import json

import pytest

from app.panel.accounts.login import sessions
from app.panel.core.transaction import transactional
from app.shop.catalog.models import Attribute, AttributeSet, Category
from app.shop.live.models import LiveAction, LiveItem, LiveLink
from app.shop.live.states import Outcome, SessionState


@pytest.fixture
def post(as_user):
    """`post("ada", path, key=…)`: JSON out and in, with the token."""
    clients = {}

    def send(name, path, **values):
        client = clients.setdefault(name, as_user(name))
        headers = {"X-CSRFToken": client.token, "Accept": "application/json"}
        answer = client.post(path, json=values, headers=headers)
        return answer.status_code, answer.get_json()

    return send


def test_the_sheet_is_filled_changed_and_emptied_in_place(session, planned, studio, post):
    live = planned()
    base = f"/live/{live.id}/sheet"
    _status, told = post("ada", f"{base}/add", product_id=studio.skus[0].product_id)
    _status, told = post("ada", f"{base}/add", title="Pour tea", kind="demo")
    cup, tea = told["rows"]
    assert (cup["title"], tea["kind"], told["length"]) == ("Cup", "demo", 120)
    status, told = post("ada", f"{base}/{cup['id']}", live_price="59.00", planned_minutes="12", version=cup["version"])
    assert (status, told["rows"][0]["live_price"], told["rows"][0]["planned_minutes"]) == (200, "59.00", 12)
    status, told = post("ada", f"{base}/{cup['id']}", planned_minutes="many", version=2)
    assert status == 422 and "planned_minutes" in told["errors"]
    assert post("ada", f"{base}/{cup['id']}", planned_minutes="9", version=1)[0] == 409
    assert [row["id"] for row in post("ada", f"{base}/order", ids=[tea["id"], cup["id"]])[1]["rows"]] == [
        tea["id"],
        cup["id"],
    ]
    assert post("ada", f"{base}/order", ids=[cup["id"]])[0] == 409
    assert len(post("ada", f"{base}/{tea['id']}/remove")[1]["rows"]) == 1
    assert post("ben", f"{base}/add", title="Mine", kind="demo")[0] == 403
    assert post("cleo", f"{base}/add", title="Mine", kind="demo")[0] in (403, 404)


def test_a_line_of_another_session_is_not_reached_through_ones_own(planned, filled, post):
    other = planned(40)
    status, _told = post("ada", f"/live/{other.id}/sheet/{filled.items[0].id}", planned_minutes="1")
    assert status == 422


def test_a_command_without_a_key_or_of_another_post_is_refused(on_air, items, post):
    base = f"/live/{on_air.id}"
    assert post("ada", f"{base}/control/do/pin", item=items[0].id)[0] == 400
    assert post("ada", f"{base}/control/do/dance", key="k" * 16)[0] == 404
    assert (
        post("ada", f"{base}/host/do/pin", key="k" * 16, item=items[0].id)[0] == 404
    )  # a host shows nothing by himself
    assert post("ben", f"{base}/control/do/pin", key="k" * 16, item=items[0].id)[0] == 403
    assert post("ada", f"{base}/control/do/pin", key="k" * 16, item="1")[0] == 422


def test_a_refused_command_stands_in_the_log_with_its_reason(session, on_air, items, post):
    base = f"/live/{on_air.id}/control"
    assert post("ada", f"{base}/do/pin", key="a" * 16, item=items[0].id, version=items[0].version)[0] == 200
    status, told = post("ada", f"{base}/do/list", key="b" * 16, item=items[0].id, version=1)
    assert status == 409 and told["version"] == 2
    refused = session.query(LiveAction).filter_by(outcome=Outcome.REFUSED).one()
    assert refused.verb == "list" and "faster" in refused.said


def test_the_state_says_what_each_console_draws(as_user, on_air, items):
    ada = as_user("ada")
    told = {post: ada.get(f"/live/{on_air.id}/{post}/state.json").get_json() for post in ("control", "host", "service")}
    assert {state["version"] for state in told.values()} == {1}
    assert [item["title"] for item in told["host"]["items"]] == ["Cup", "Bowl", "Pour tea"]
    assert "actions" in told["control"] and "actions" not in told["service"]
    page = ada.get(f"/live/{on_air.id}/control").get_data(as_text=True)
    first = page.partition('id="live-state">')[2].partition("</script>")[0]
    assert json.loads(first)["session"]["state"] == "live"
    assert ada.get("/live/control/").status_code == 302  # the one on air opens by itself


def test_the_preparation_is_signed_copied_and_announced_on_its_page(session, as_user, signed, planned):
    ada = as_user("ada")
    later = planned(30)
    base = f"/live/{later.id}/prepare"
    ada.post(f"{base}/copy", data={"csrf_token": ada.token})
    assert session.query(LiveItem).filter_by(session_id=later.id).count() == 3
    for check in list(later.checks):
        ada.post(f"{base}/tick/{check.id}", data={"csrf_token": ada.token, "done": "1"})
    ada.post(f"{base}/link", data={"csrf_token": ada.token, "partner": "Aunt Li"})
    ada.post(f"{base}/preview", data={"csrf_token": ada.token})
    ada.post(f"{base}/ready", data={"csrf_token": ada.token})
    session.expire_all()
    assert later.state is SessionState.READY and "Cup" in later.preview_text
    page = ada.get(base).get_data(as_text=True)
    assert "Aunt Li" in page and page.count("data:image/svg+xml") == 2
    link = session.query(LiveLink).filter_by(partner="Aunt Li").one()
    assert f"/live/p/{link.token}" in page
    assert "Cup" in ada.get(f"/live/{later.id}/cards").get_data(as_text=True)


def test_an_open_console_keeps_its_log_in_for_four_hours_and_a_closed_one_ends_at_once(app, session, as_user, on_air, clock):
    """The script asks for the state each ten seconds and holds a stream, of whose cookie the hub asks each four seconds."""
    clock.set("2026-11-20 19:00")
    ada, state = as_user("ada"), f"/live/{on_air.id}/control/state.json"
    assert ada.get(state).status_code == 200
    cookie = ada.get_cookie(sessions.cookie_name(False)).value
    for quarter in range(16):
        clock.advance(minutes=15)
        if quarter % 2:  # by its stream alone, as a screen that nobody touches
            assert sessions.user_for_cookie(app, cookie) is not None
        else:
            assert ada.get(state).status_code == 200, f"after {(quarter + 1) * 15} minutes"
    sessions.revoke(sessions.hashed(cookie))
    assert ada.get(state).status_code == 401 and sessions.user_for_cookie(app, cookie) is None
    idle = as_user("ada")
    idle.get(state)
    clock.advance(minutes=31)
    assert idle.get(state).status_code == 401, "one that nobody has open"


DUTIES = {  # by role: its own console, a command of it, and whether it plans
    "host": ("host", "say", False), "field_control": ("control", "next", True), "support": ("service", "ask", False),
}  # fmt: skip


@pytest.mark.parametrize("role", DUTIES)
def test_each_of_the_three_posts_has_its_screen_its_entry_in_the_menu_and_no_other_ones(as_user, as_role, person, on_air, items, post, role):
    console, command, plans = DUTIES[role]
    as_role(person("ben"), role)
    page = as_user("ben")
    menu = page.get("/home/").text
    for name in ("control", "host", "service"):
        mine = name == console
        assert (f'href="/live/{name}/"' in menu) is mine, f"{name} in the menu of {role}"
        assert page.get(f"/live/{on_air.id}/{name}").status_code == (200 if mine else 403)
        assert page.get(f"/live/{on_air.id}/{name}/state.json").status_code == (200 if mine else 403)
        assert post("ben", f"/live/{on_air.id}/{name}/do/{command}", key="k" * 16 + name, text="hello")[0] == (200 if mine else 403)
    assert post("ben", f"/live/{on_air.id}/sheet/add", title="Wave", kind="demo")[0] == (200 if plans else 403)


def test_the_card_of_an_item_says_what_it_is_made_of_whom_it_fits_and_what_is_asked(session, as_user, as_role, person, filled):
    cup, demo = filled.items[0], filled.items[2]

    @transactional
    def write():
        questions = AttributeSet(name="Tea ware", attributes=[
            Attribute(name="Material", code="material", position=1), Attribute(name="Fits", code="fits", position=2),
            Attribute(name="Holds", code="holds", unit="ml", position=3), Attribute(name="Occasions", code="when", position=4),
        ])  # fmt: skip
        session.add(questions)
        session.flush()
        product = cup.sku.product
        product.category = Category(name="Cups", attribute_set_id=questions.id, path="/")
        session.add(product.category)
        session.flush()
        product.category.path = f"/{product.category_id}/"
        product.attributes = {"material": "Celadon", "fits": "small hands", "holds": 180, "when": ""}
        product.audience = "Whoever drinks alone"
        cup.faq, cup.camera_cue, cup.cue = "Is it thin? | 2 mm.", "Close-up of the rim", "Hold it to the light"
        demo.materials = "Hot water\nTwo bowls"

    write()
    as_role(person("ben"), "host")
    page = as_user("ben").get(f"/live/{filled.id}/cards").text
    for said in ("Celadon", "small hands", "180 ml", "Whoever drinks alone", "Thin", "Is it thin?", "2 mm.", "Close-up of the rim",
                 "Hold it to the light", "Hot water · Two bowls", "59"):  # fmt: skip
        assert said in page, said
    assert "Occasions" not in page, "what nobody answered is not asked on the card"
    assert page.count("data-card") == 3 and "data-large" in page
