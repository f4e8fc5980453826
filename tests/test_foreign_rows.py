"""Nobody meets rows of another shop, nor fields that are not his, on any route (SAFETY G28, G29).

The world puts a word of its own into every text column. Ben, of shop A, then asks for everything there is; the viewer,
who holds no right over costs and telephone numbers, does the same.
"""

import contextlib
import json
from urllib.parse import urlencode

import pytest
from flask import g
from werkzeug.datastructures import MultiDict

from app.panel.core import listing
from app.panel.core.errors import DomainError
from tests import world as worlds
from tests.goals import goal

pytestmark = pytest.mark.slow

ANY = "zq"  # stands in every word of the world


@pytest.fixture(scope="module")
def world(new_database, tmp_path_factory):
    world = worlds.shared(new_database(), tmp_path_factory.mktemp("foreign"))
    with pytest.MonkeyPatch.context() as patch:
        worlds.asking_once(world.app, patch, guarded=True)
        for person in ("ben", "viewer"):
            assert not what_leaks(world, ask(world.client(person), "/account/")[1], person)
        worlds.without_chrome(world.app, patch)
        yield world


@pytest.fixture(scope="module", params=["ben", "viewer"])
def reader(request, world):
    return request.param, world.client(request.param)


JSON = {"Accept": "application/json"}  # a refusal in a line is quicker than one on a page and says the same


def ask(client, path, **args):
    answer = client.get(f"{path}?{urlencode(args)}" if args else path, headers=JSON)
    text = answer.get_data(as_text=True)
    answer.close()
    assert answer.status_code < 500 or path == "/readyz", (path, args, text[:300])
    told = (f"{k}: {v}" for k, v in answer.headers if k != "X-Request-Id")  # made by chance, so it may look like a telephone number
    return answer, text + " ".join(told)


def what_leaks(world, text, person="ben"):
    """Words and amounts of the other shop, costs, and what must be masked."""
    return world.leaks(text) + around(text, worlds.DEAR_SHOWN) + guarded(text, person)


def guarded(text, person):
    """Values of fields that this person may not read."""
    return around(text, worlds.COST_SHOWN, worlds.UNMASKED)


def around(text, *patterns):
    hits = filter(None, (pattern.search(text) for pattern in patterns))
    return [text[max(shown.start() - 60, 0) : shown.end() + 20] for shown in hits]


def models(world):
    return list(world.app.extensions["panel_views"].values())


def test_the_words_would_be_noticed(world):
    """The sieve is not empty: the administrator meets all kinds of them."""
    client, found = world.client("administrator"), set()
    for call in worlds.calls(world, "B"):
        is_page = call.table in ("orders_order", "customers_customer") and call.rule.endswith(("/show/<pk>", "/trash/"))
        if call.method == "GET" and (is_page or (call.rule.startswith("/api/") and call.rule.endswith("/<int:pk>"))):
            text = ask(client, call.path)[1]
            found |= set(world.leaks(text)) | ({"cost"} if worlds.COST_SHOWN.search(text) else set())
            found |= {"dear"} if worlds.DEAR_SHOWN.search(text) else set()
    assert {"orders_order.number", "customers_customer.name", "trail.why", "trail.trash", "cost", "dear"} <= found
    assert len(found) > 40


@pytest.mark.parametrize("side", ["A", "B"])
def test_no_page_shows_what_is_not_his(world, reader, side):
    person, client = reader
    asked, open_fields, leaks = 0, 0, {}
    for call in worlds.calls(world, side, person if side == "A" else "cleo"):
        if call.method != "GET" or "static" in call.rule:
            continue
        answer, text = ask(client, call.path)
        asked += 1
        if found := what_leaks(world, text, person):
            leaks[call.name] = found
            open_fields += bool(guarded(text, person))
        if side == "B" and call.table in world.foreign and "<" in call.rule and call.rule.count("trash") == 0:
            assert answer.status_code in (403, 404), call.name
    assert asked > 400
    goal(f"G28 {person} {side}", f"{len(leaks)}_of_{asked}", 0, not leaks)
    goal(f"G29 pages {person} {side}", f"{open_fields}_of_{asked}", 0, not open_fields)
    assert not leaks, json.dumps(leaks, indent=1, ensure_ascii=False)


def test_no_list_finds_or_names_them_however_it_is_asked(world):
    """Search, every sort, every filter, with a foreign row as its value where it takes one: API and screens."""
    person, client = "ben", world.client("ben")
    leaks, asked, refused = {}, 0, 0
    for view in models(world):
        api = f"/api/v1/{view.resource.replace('.', '/').lower()}/"
        if ask(client, api)[0].status_code == 403:
            continue
        pointing, plain = questions(world, view)
        page, known = read_of(world, view, pointing + plain)
        refused += len(pointing) + len(plain) - len(known)
        pointing = [question for question in pointing if question in known]
        # a page names the rows that it is asked for
        for path, asks in ((api, pointing + together([q for q in plain if q in known])), (page, pointing)):
            for question in asks:
                asked += 1
                if found := what_leaks(world, ask(client, path, **question)[1], person):
                    leaks[f"{path} {question}"] = found
    assert asked > 300
    assert refused > 600
    assert not leaks, json.dumps(leaks, indent=1, ensure_ascii=False)


def read_of(world, view, asked):
    """(the address of the list, the questions that it takes from ben); what it refuses never reaches the database."""
    from app.panel.accounts.models import User
    from app.panel.core.db import db

    known = []
    with world.app.test_request_context():
        g.user = g._login_user = db.session.get(User, world.users["ben"])
        plan = view.plan(g.user)
        for question in asked:
            with contextlib.suppress(DomainError):
                listing.statement(listing.read(MultiDict(question), plan), plan, g.user)
                known.append(question)
        return view.url("list"), known


def together(plain):
    """The search and every sort by itself; the filters once alone, once all of them of which one must hold."""
    filters = [json.loads(question["f"]) for question in plain if "f" in question]
    parts = [filters[start : start + 40] for start in range(0, len(filters), 40)]
    asked = [{"f": json.dumps({"or": part})} for part in parts] + [{"f": json.dumps(one)} for one in filters[:1]]
    return [question for question in plain if "f" not in question] + asked


def questions(world, view):
    """(those with a foreign row as a value, the others) for every column, whether the view offers it or not."""
    from app.panel.core import filters
    from app.panel.core.fields import specs

    pointing, plain = [], [{"q": ANY}]
    for field in dict.fromkeys(specs(view.model).values()):
        plain.append({"sort": f"-{field.name}"})
        for op in filters.operators(field):
            for name in {field.name, field.screen_name} if field.target is not None else {field.name}:
                if field.target is not None and op in ("eq", "in", "any"):
                    pointing.append({"f": json.dumps([name, op, value_of(world, field, op)])})
                elif op in ("contains", "gte", "not_empty"):
                    plain.append({"f": json.dumps([name, op, ANY if op == "contains" else "1"])})
    return pointing, plain


def value_of(world, field, op):
    key = world.ids["B"].get(field.target.__tablename__, 1)
    return key if op == "eq" else [key]


def test_a_guarded_field_can_be_neither_ordered_nor_filtered_by(world):
    from app.panel.core import policy

    client = world.client("viewer")
    asked, let_in = 0, []
    for resource, rules in policy.REGISTRY.fields.items():
        for name in rules:
            path = f"/api/v1/{resource.replace('.', '/').lower()}/"
            if ask(client, path)[0].status_code != 200:
                continue
            for question in ({"sort": name}, {"sort": f"-{name}"}, {"f": json.dumps([name, "not_empty"])}):
                asked += 1
                if ask(client, path, **question)[0].status_code != 400:
                    let_in.append((path, question))
    goal("G29 questions", f"{len(let_in)}_of_{asked}", 0, not let_in)
    assert asked > 10
    assert not let_in


def test_pickers_offer_only_his_own(world, reader):
    from app.panel.core.fields import specs

    person, client = reader
    leaks = {}
    for resource, field in worlds.picker_fields(world.app):
        model = world.app.extensions["panel_models"][resource]
        target = specs(model)[field].target.__tablename__
        keys = ",".join(str(rows.get(target, 1)) for rows in world.ids.values())
        for question in ({}, {"q": ANY}, {"ids": keys}):
            if found := what_leaks(world, ask(client, f"/pickers/{resource}/{field}", **question)[1], person):
                leaks[f"{resource} {field} {question}"] = found
    assert not leaks, json.dumps(leaks, indent=1)


def test_the_search_over_everything_finds_only_his_own(world, reader):
    _person, client = reader
    for q in (ANY, "zqB", "guarded", "55555", "77777"):
        assert not [leak for leak in what_leaks(world, ask(client, "/search/", q=q)[1].replace(q, "")) if "zqB" in leak]
        assert not world.leaks(ask(client, "/search/", q=q)[1])


def test_nobody_points_his_rows_at_foreign_ones(world):
    """A reference to a row of another shop is refused in every field of every form, by API."""
    from app.panel.core.fields import spec

    client = world.client("deputy")
    asked = []
    for view in models(world):
        api = f"/api/v1/{view.resource.replace('.', '/').lower()}/"
        if view.model.__tablename__ == "ab_user":
            continue
        mine = world.id_of("A", view.model.__tablename__, "deputy")
        row = client.get(f"{api}{mine}") if view.can_edit else None
        if row is None or row.status_code != 200:
            continue
        for name in {n for _label, part in view.edit_fieldsets for n in part["fields"]}:
            field = spec(view.model, name)
            if field.kind not in ("ref", "many") or field.target.__tablename__ not in world.foreign:
                continue
            key = world.ids["B"][field.target.__tablename__]
            version = row.json["result"]["version"]
            answer = client.put(
                f"{api}{mine}",
                json={field.name: [key] if field.kind == "many" else key},
                headers={"If-Match": f'"{version}"'},
            )
            asked.append(f"{view.resource}.{field.name}")
            assert answer.status_code in (403, 404, 422), (view.resource, name, answer.text)
            assert not what_leaks(world, answer.text)
    assert len(asked) > 3, asked


def test_errors_tell_nothing_of_foreign_values(world):
    """A value that is taken in another shop: the refusal says so at most, without a word of whose it is."""
    client = world.client("ben")
    for view in models(world):
        api = f"/api/v1/{view.resource.replace('.', '/').lower()}/"
        for body in ({}, {"id": 1}, {"name": None}, {"no_such": ANY}):
            assert not what_leaks(world, client.post(api, json=body).text)
