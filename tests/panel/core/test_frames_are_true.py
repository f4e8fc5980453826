"""What is kept of pages for whoever gets the same is what would be drawn anew for him, whatever has changed since."""

import datetime as dt
import re
import time
from types import SimpleNamespace

import pytest

from app.panel.accounts.configuration import publishing, store
from app.panel.accounts.rights import delegation
from app.panel.core import clock as clocks
from app.panel.core import fragments, menu, notices, policy, settings, trash
from app.panel.core.actor import SYSTEM
from app.shop.setup.models import Shop, StaffAssignment

LIST, FILLED = "/orders/order/list/", "/setup/channel/list/"  # a list without a row, and one that has some
DRAWN = ("panel_frames", "panel_fragments", "panel_shells", "panel_menus", "panel_menu_drawn", "panel_menu_facts")
CHANGING = re.compile(r'nonce="[^"]*"|csrf[-_]token" (?:value|content)="[^"]*"| object at 0x\w+| data-menu-counts="\w+"')


def page_of(client, path=LIST):
    answer = client.get(path)
    assert answer.status_code == 200, path
    return CHANGING.sub("", answer.text)


@pytest.fixture
def true_page(app, clock):
    """`true_page(client)`: the page, after it was seen that it is, byte for byte, the one that is drawn with nothing kept."""
    clock.set("2026-11-11 20:00")

    def read(client, path=LIST):
        page_of(client, path)
        kept = page_of(client, path)
        held = {name: app.extensions.pop(name, {}) for name in DRAWN}
        assert kept == page_of(client, path), path
        app.extensions.update(held)  # what was drawn for others and for former pages lies in wait for the next one
        return kept

    return read


@pytest.mark.parametrize("name", ["ada", "ben"])
def test_every_list_is_the_same_from_what_was_kept_and_drawn_anew(app, as_user, true_page, name):
    client, seen = as_user(name), 0
    for view in [view for view in app.extensions["panel_view_of"].values() if hasattr(view, "plan")]:
        path = f"{view.route_base}/list/"
        if client.get(path).status_code == 200:
            seen += len(true_page(client, path)) > 1000
    assert seen > 10


def publish(change, ada):
    store.edit(change, actor=ada)
    made = publishing.publish(note="another", actor=ada)
    publishing.confirm(made.id, actor=ada)
    policy.forget()


def test_whatever_changes_for_a_reader_stands_in_his_next_page(session, as_user, true_page, ada, ben):
    client, pages, boss = as_user("ben"), [], as_user("ada")

    def changed(said=None):
        session.commit()
        policy.forget()
        pages.append(true_page(client))
        true_page(client, FILLED)
        assert len(pages) < 2 or pages[-1] != pages[-2], said

    def said(**more):
        assert client.post("/prefs/", data=more).status_code == 302

    changed()
    delegation.lend(ben, "export", "orders.Order", until=clocks.now() + dt.timedelta(days=1), actor=ada, limits=delegation.Limits())
    changed("a loan")
    assert "Excel" in pages[-1] and "Excel" not in pages[-2]
    publish(lambda wanted: wanted["roles"]["support"]["rights"]["orders.Order"].remove("write"), ada)
    changed("a publication")
    publish(lambda wanted: wanted["menu"].update(entries=[{"key": "orders_order", "label": {"en": "Sales"}}]), ada)
    changed("a menu")
    assert ">Sales<" in pages[-1]
    binding = session.query(StaffAssignment).filter_by(user_id=ben.id).one()
    binding.shop_id = session.query(Shop).filter_by(code="B").one().id
    changed("another shop")
    assert "Counter B" in pages[-1] and "Counter A" not in pages[-1]
    notices.send([ben.id], "Read me")
    changed("a notice")
    client.post("/lists/orders_order/columns", data={"density": "compact", "cols": "number,state", "next": LIST})
    changed("columns and their height")
    boss.post("/lists/orders_order/save", data={"name": "Of all", "sort": "number", "roles": "*"})
    changed("a view that somebody shares")
    assert "Of all" in pages[-1]
    for more in ({"skin": "dark"}, {"layout": "top"}, {"language": "zh_Hans_CN"}):
        said(**more)
        changed(more)


def test_settings_that_were_changed_hold_in_the_next_page(session, as_user, true_page):
    client = as_user("ada")
    true_page(client)
    plain = [one for key, one in settings.DECLARED.items() if one.spec.kind == "bool" and not key.startswith("accounts.")]
    settings.store({one.key: not one.default for one in plain} | {trash.DAYS: 77}, actor=SYSTEM)
    session.commit()
    true_page(client)
    assert "77" in client.get("/orders/order/trash/").text or not plain


def test_only_the_age_of_the_counts_in_the_menu_changes_a_page_by_itself(app, as_user, clock, monkeypatch):
    """Two pages that were compared whole differed once in a long run: its menu had been counted seconds before the first."""
    clock.set("2026-11-11 20:00")
    client = as_user("ada")
    plain = re.compile(CHANGING.pattern.rpartition("|")[0])
    client.get("/menu/counts")
    known = app.extensions.setdefault("panel_menu_counts", {})
    user = next(iter({person for _key, person in known}), None)
    assert user is not None
    first = plain.sub("", client.get(LIST).text)
    later = time.monotonic() + menu.COUNTED_FOR + 1
    monkeypatch.setattr(menu, "time", SimpleNamespace(monotonic=lambda: later))
    second = plain.sub("", client.get(LIST).text)
    assert 'data-menu-counts="new"' in first and first != second == first.replace('data-menu-counts="new"', 'data-menu-counts="old"')


def test_readers_of_the_same_rights_share_a_shell_and_nothing_of_their_own_stands_in_it(app, session, as_user, as_role, true_page, ada, ben):
    as_role(ben, *(role.name for role in ada.roles))
    notices.send([ben.id], "Read me")
    session.commit()
    app.extensions.pop("panel_shells", None)
    clients = {name: as_user(name) for name in ("ada", "ben")}
    pages = {name: true_page(client, FILLED) for name, client in clients.items()}
    app.extensions.pop("panel_shells", None)
    again = {name: page_of(client, FILLED) for name, client in clients.items()}
    assert again == pages and len(app.extensions["panel_shells"]) == 1
    for name, person, other in (("ada", ada, ben), ("ben", ben, ada)):
        assert f'data-user="{person.id}"' in pages[name] and f'<div class="dropdown-header">{person.username}' in pages[name]
        assert f'data-user="{other.id}"' not in pages[name] and f'<div class="dropdown-header">{other.username}' not in pages[name]
    assert not any(fragments.WORD in page for page in pages.values())
    token = re.compile(r'name="csrf_token" value="([^"]+)"|name="csrf-token" content="([^"]+)"')
    answers = [client.get(FILLED) for client in clients.values()]
    nonces = [set(re.findall(r'nonce="([^"]+)"', answer.text)) for answer in answers]
    assert all(len(set(token.findall(answer.text))) == 2 for answer in answers) and not nonces[0] & nonces[1]
    for answer, found in zip(answers, nonces, strict=True):
        assert len(found) == 1 and f"'nonce-{found.pop()}'" in answer.headers["Content-Security-Policy"]


def test_what_is_told_once_is_in_one_page_of_one_reader(as_user, as_role, true_page, ada, ben):
    as_role(ben, *(role.name for role in ada.roles))
    clients = as_user("ada"), as_user("ben")
    before = [true_page(client, FILLED) for client in clients]
    clients[0].post("/lists/setup_channel/save", data={"name": "Mine", "sort": "name"})
    told = clients[0].get(FILLED).text
    assert "The view “Mine” is kept." in told and "is kept." not in page_of(clients[1], FILLED) == before[1]
    assert "is kept." not in true_page(clients[0], FILLED)
    clients[1].set_cookie("panel_rail", "1")
    assert 'data-rail="1"' in true_page(clients[1], FILLED) and 'data-rail="0"' in page_of(clients[0], FILLED)
    with clients[1].session_transaction() as kept:
        kept["saved"] = "/orders/order/edit/1"
    assert 'data-saved="/orders/order/edit/1"' in clients[1].get(FILLED).text
    assert "data-saved" not in true_page(clients[1], FILLED) + page_of(clients[0], FILLED)


def test_whoever_is_asked_whether_a_publication_stays_has_a_page_of_his_own(session, as_user, as_role, true_page, ada, ben):
    as_role(ben, *(role.name for role in ada.roles))
    clients = as_user("ada"), as_user("ben")
    before = [true_page(client, FILLED) for client in clients]
    store.edit(lambda wanted: wanted["roles"]["support"]["rights"]["orders.Order"].remove("write"), actor=ada)
    made = publishing.publish(note="another", actor=ada)
    session.commit()
    assert "Keep these changes?" in clients[0].get(FILLED).text and "Keep these changes?" not in true_page(clients[1], FILLED)
    publishing.confirm(made.id, actor=ada)
    session.commit()
    assert [true_page(client, FILLED) for client in clients] == before
