"""Many products and SKUs at once: from the list to what would happen, the run, and back."""

import io
import re
import zipfile
from html import unescape

import pytest

LIST, NEW = "/catalog/sku/list/", "/bulk/operation/new"


@pytest.fixture
def skus(session):
    """Five SKUs of one product, at 10.00, 20.00, … with a cost of 9.00."""
    from app.panel.core.transaction import transactional
    from app.shop.catalog.models import Product, Sku

    @transactional
    def write():
        product = Product(title="Tea", handle="tea-of-many")
        for n in range(1, 6):
            product.skus.append(Sku(code=f"MANY-{n}", price=1000 * n, cost=900, currency="CNY"))
        session.add(product)
        session.flush()
        return [sku.id for sku in product.skus]

    return write()


def prices(session, keys):
    from app.shop.catalog.models import Sku

    session.expire_all()
    return [session.get(Sku, key).price for key in keys]


def asked(client, keys, **more):
    data = {"action": "catalog.change_price", "rowid": keys, "_go": "1", "how": "percent", "value": "-15", "ending": "", "margin": "", **more}
    answer = client.post(NEW, data=data)
    assert answer.status_code == 302, re.sub(r"<[^>]+>", " ", answer.text)[-2000:]
    return int(answer.location.rstrip("/").rpartition("/")[2])


def test_a_price_change_goes_from_the_list_to_the_preview_the_run_and_back(skus, session, as_user):
    client = as_user("ada")
    page = client.get(LIST).text
    assert 'value="catalog.change_price"' in page and 'formaction="/bulk/operation/new"' in page
    form = client.post(NEW, data={"action": "catalog.change_price", "rowid": skus[:3]}).text
    assert "3 rows are chosen" in form
    run = asked(client, skus[:3], ending="99", margin="20")
    shown = client.get(f"/bulk/operation/{run}/").text
    assert "Change 3 rows" in shown and "MANY-1" in shown
    assert prices(session, skus) == [1000, 2000, 3000, 4000, 5000], "looking changes nothing"
    started = {"idempotency_key": "one", "begins_at": ""}
    for _click in range(2):
        assert client.post(f"/bulk/operation/{run}/start", data=started).status_code == 302
    # 8.50 would be below 9.00 + 20 %: 10.80, and the next ending above it is 10.99
    assert prices(session, skus) == [1099, 1699, 2599, 4000, 5000]
    done = client.get(f"/bulk/operation/{run}/").text
    assert "Done" in done and f"/bulk/operation/{run}/undo" in done
    assert client.get("/catalog/product/list/?q=Tea").status_code == 200
    assert "Go back to what they were" in client.get(f"/bulk/operation/{run}/undo").text
    assert client.post(f"/bulk/operation/{run}/undo").status_code == 302
    assert prices(session, skus) == [1000, 2000, 3000, 4000, 5000]


def test_the_span_of_prices_of_a_product_follows(skus, session, as_user):
    from app.shop.catalog.models import Sku

    client = as_user("ada")
    run = asked(client, skus, how="set", value="7.50")
    client.post(f"/bulk/operation/{run}/start")
    session.expire_all()
    product = session.get(Sku, skus[0]).product
    assert (product.price_from, product.price_to) == (750, 750)


def test_the_span_of_prices_is_that_of_what_is_for_sale_or_of_all_where_nothing_is(skus, session, as_user):
    from app.panel.core import changes
    from app.shop.catalog.models import Sku

    client, rows = as_user("ada"), [session.get(Sku, key) for key in skus]
    product = rows[0].product

    def raised(active):
        for row, is_active in zip(rows, active, strict=True):
            row.is_active = is_active
        session.commit()
        last = session.query(changes.Change).order_by(changes.Change.id.desc()).first().id
        client.post(f"/bulk/operation/{asked(client, skus, how='amount', value='1')}/start")
        session.expire_all()
        told = session.query(changes.Change).filter(changes.Change.id > last, changes.Change.table == "catalog_product").all()
        return product.price_from, product.price_to, {key for one in told for key in one.keys or [one.key]}

    assert raised([False, True, True, False, False]) == (2100, 3100, {product.id})
    assert raised([False] * 5) == (1200, 5200, {product.id})
    run = asked(client, skus[1:4], how="amount", value="0.5")
    last = session.query(changes.Change).order_by(changes.Change.id.desc()).first().id
    client.post(f"/bulk/operation/{run}/start")
    session.expire_all()
    assert (product.price_from, product.price_to) == (1200, 5200)
    again = session.query(changes.Change).filter(changes.Change.id > last, changes.Change.table == "catalog_product")
    assert again.count() == 0, "of a product whose span stays nothing is told"


def test_what_is_refused_can_be_taken_along_as_a_spreadsheet(skus, session, as_user):
    client = as_user("ada")
    run = asked(client, skus, how="amount", value="-25")
    shown = client.get(f"/bulk/operation/{run}/").text
    assert "The price would fall below zero." in shown
    client.post(f"/bulk/operation/{run}/start")
    assert prices(session, skus) == [1000, 2000, 500, 1500, 2500]
    content = client.get(f"/bulk/operation/{run}/refused.xlsx").data
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        cells = "".join(book.read(name).decode() for name in book.namelist() if name.startswith("xl/"))
    assert "MANY-1" in cells and "MANY-2" in cells and "MANY-3" not in cells
    assert f"/bulk/operation/{run}/result.csv" in client.get(f"/bulk/operation/{run}/").text
    every = client.get(f"/bulk/operation/{run}/result.csv").data.decode("utf-8-sig").splitlines()
    assert len(every) == 1 + len(skus) and [line.split(",")[2] for line in every[1:]] == ["Refused"] * 2 + ["Updated"] * 3
    assert as_user("cleo").get(f"/bulk/operation/{run}/result.csv").status_code in (403, 404)


def test_every_page_of_a_run_leads_back_to_the_list_as_it_stood_when_rows_were_ticked(skus, session, as_user):
    client, here = as_user("ada"), LIST + "?q=MANY&sort=-price&size=2&last=1"

    def leads(address):
        return "/catalog/sku/list/?" in (page := unescape(client.get(address).text)) and here in page

    given = re.search(r'name="next" value="([^"]*)"', client.get(here).text.partition("data-bulk hidden")[2])[1]
    assert unescape(given) == here, "the list tells where it stands"
    chosen = {"action": "catalog.change_price", "rowid": skus[:2], "list": "catalog_sku", "next": here}
    assert client.post(NEW, data=chosen).text.count(given) == 3, "two links and the form know the way back"
    thrown = asked(client, skus[:2], list="catalog_sku", next=here)
    assert leads(f"/bulk/operation/{thrown}/"), "preview"
    assert client.get(f"{NEW}?action=catalog.change_price&before={thrown}").text.count(given) == 3, "answers that are changed"
    assert client.post(f"/bulk/operation/{thrown}/discard").location == here
    run = asked(client, skus[:2], list="catalog_sku", next=here)
    client.post(f"/bulk/operation/{run}/start")
    assert leads(f"/bulk/operation/{run}/"), "run"
    back = client.post(f"/bulk/operation/{run}/undo").location
    assert leads(back), "what takes it back"
    foreign = asked(client, skus[:2], list="catalog_sku", next="https://elsewhere.example/catalog/sku/list/?q=1")
    assert "elsewhere" not in client.get(f"/bulk/operation/{foreign}/").text


def test_what_was_answered_is_changed_after_the_preview_for_the_same_rows(skus, session, as_user):
    client = as_user("ada")
    run = asked(client, skus[:2], how="set", value="7", margin="1")
    assert "never below the cost + 1 %" in client.get(f"/bulk/operation/{run}/").text
    back = unescape(re.search(r'href="(/bulk/operation/new\?[^"]+)"', client.get(f"/bulk/operation/{run}/").text)[1])
    form = client.get(back).text
    assert re.findall(r'name="rowid" value="(\d+)"', form) == [str(one) for one in skus[:2]]
    assert 'value="7"' in form and re.search(r'<option selected value="set">', form)
    assert as_user("cleo").get(back).status_code in (403, 404)
    again = asked(as_user("ada"), skus[:2], how="set", value="8", before=re.search(r'name="before" value="(\d+)"', form)[1])
    assert as_user("ada").get(f"/bulk/operation/{run}/").status_code == 404, "the first preview is thrown away"
    client.post(f"/bulk/operation/{again}/start")
    assert prices(session, skus)[:2] == [800, 800] and client.get(back.replace(f"before={run}", f"before={again}")).status_code == 404


def test_all_that_the_list_shows_means_no_row_more(skus, session, as_user):
    client = as_user("ada")
    run = asked(client, [], every="1", list="catalog_sku", asked_q="MANY-", asked_f='["price", "lt", "25"]', how="set", value="1")
    client.post(f"/bulk/operation/{run}/start")
    assert prices(session, skus) == [100, 100, 3000, 4000, 5000]
    assert 'href="/catalog/sku/list/?q=MANY-&amp;f=' in client.get(f"/bulk/operation/{run}/").text, "back to the list as it was"


@pytest.mark.parametrize(("field", "value"), [("value", "a lot"), ("value", "-101"), ("margin", "x"), ("value", "1.005")])
def test_a_form_that_makes_no_sense_is_asked_again(skus, as_user, field, value):
    data = {"action": "catalog.change_price", "rowid": skus, "_go": "1", "how": "percent", "value": "5", "margin": "", field: value}
    assert as_user("ada").post(NEW, data=data).status_code == 422


def test_somebody_without_the_right_is_offered_nothing_and_refused(skus, as_user):
    client = as_user("ben")
    assert "catalog.change_price" not in client.get(LIST).text
    assert client.post(NEW, data={"action": "catalog.change_price", "rowid": skus}).status_code == 403


def test_nobody_sees_the_run_of_somebody_else(skus, as_user, as_role, session):
    from app.panel.accounts.models import User

    run = asked(as_user("ada"), skus)
    as_role(session.query(User).filter_by(username="ben").one(), "operations")
    assert as_user("ben").get(f"/bulk/operation/{run}/").status_code == 404
    assert as_user("ben").post(f"/bulk/operation/{run}/start").status_code == 404


def test_fields_of_many_rows_are_set_and_emptied_by_the_rules_of_the_model(skus, session, as_user):
    from app.shop.catalog.models import Sku

    client = as_user("ada")
    data = {"action": "edit:catalog.Sku", "rowid": skus[:2], "_go": "1", "weight_g": "250", "is_active": "false", "emptied": ["cost"]}
    answer = client.post(NEW, data=data)
    assert answer.status_code == 302
    client.post(f"{answer.location}start")
    session.expire_all()
    found = [session.get(Sku, key) for key in skus]
    assert [(sku.weight_g, sku.is_active, sku.cost) for sku in found[:3]] == [(250, False, None), (250, False, None), (None, True, 900)]
    client.post(f"{answer.location}undo")
    session.expire_all()
    assert [(sku.weight_g, sku.is_active, sku.cost) for sku in found[:2]] == [(None, True, 900), (None, True, 900)]


def test_rows_go_to_the_trash_together_and_come_back(skus, session, as_user):
    from app.shop.catalog.models import Sku

    client = as_user("ada")
    answer = client.post(NEW, data={"action": "delete:catalog.Sku", "rowid": skus[:2]})
    ahead = client.get(answer.location).text
    assert "this preview does not know it yet" in ahead and "/upkeep/repeats/new/" not in ahead, "these rows are gone the next time"
    client.post(f"{answer.location}start")
    after = client.get(answer.location).text
    assert "this preview" not in after and "/upkeep/repeats/new/" not in after
    session.expire_all()
    assert [session.get(Sku, key) is None for key in skus[:3]] == [True, True, False]
    client.post(f"{answer.location}undo")
    session.expire_all()
    assert [session.get(Sku, key).price for key in skus[:2]] == [1000, 2000]


def test_tags_and_the_category_of_many_products_are_changed_and_taken_back(skus, session, as_user):
    from app.panel.core.actor import SYSTEM
    from app.shop.catalog import services
    from app.shop.catalog.models import Sku
    from app.shop.catalog.services.tags import tags_named

    client, product = as_user("ada"), session.get(Sku, skus[0]).product
    old, new = tags_named(["old", "new"], actor=SYSTEM)
    services.change_tags([product], add=[old], actor=SYSTEM)
    key, tags = product.id, (old.id, new.id)
    answer = client.post(NEW, data={"action": "catalog.tags", "rowid": [key], "_go": "1", "add": tags[1], "remove": tags[0], "new": ""})
    assert answer.status_code == 302
    client.post(f"{answer.location}start")
    session.expire_all()
    assert [tag.name for tag in product.tags] == ["new"]
    client.post(f"{answer.location}undo")
    session.expire_all()
    assert [tag.name for tag in product.tags] == ["old"]


def test_a_product_that_lacks_something_is_refused_with_what_it_lacks(skus, session, as_user):
    from app.shop.catalog.models import Sku

    product = session.get(Sku, skus[0]).product_id
    answer = as_user("ada").post(NEW, data={"action": "catalog.publish", "rowid": [product], "_go": "1", "why": ""})
    assert "Missing:" in as_user("ada").get(answer.location).text


def test_above_a_limit_somebody_else_has_to_approve(skus, session, as_user, as_role):
    from app.panel.accounts.models import User
    from app.panel.bulk.engine import approving
    from app.panel.core.actor import SYSTEM

    as_role(session.query(User).filter_by(username="ben").one(), "operations")
    approving.set_limits({"operations": (None, 2000)}, actor=SYSTEM)
    maker, chief = as_user("ben"), as_user("ada")
    small, large = asked(maker, skus[:1], how="amount", value="20"), asked(maker, skus, how="amount", value="20")
    maker.post(f"/bulk/operation/{small}/start")
    assert prices(session, skus) == [3000, 2000, 3000, 4000, 5000]
    assert "Ask for approval" in maker.get(f"/bulk/operation/{large}/").text
    maker.post(f"/bulk/operation/{large}/start")
    assert prices(session, skus) == [3000, 2000, 3000, 4000, 5000], "it waits"
    assert maker.post(f"/bulk/operation/{large}/approve").status_code == 403
    chief.post(f"/bulk/operation/{large}/approve")
    assert prices(session, skus) == [5000, 4000, 5000, 6000, 7000]
    assert "approved by" in maker.get(f"/bulk/operation/{large}/").text


def test_whoever_asked_cannot_approve_it_himself_even_as_administrator(skus, session, as_user):
    from app.panel.bulk.engine import approving
    from app.panel.core.actor import SYSTEM

    approving.set_limits({"administrator": (2, None)}, actor=SYSTEM)
    client = as_user("ada")
    run = asked(client, skus)
    client.post(f"/bulk/operation/{run}/start")
    assert "You asked for this yourself." in client.get(f"/bulk/operation/{run}/").text
    client.post(f"/bulk/operation/{run}/approve")
    assert prices(session, skus) == [1000, 2000, 3000, 4000, 5000]


@pytest.mark.parametrize("at_once", [50_000, 1], ids=["looked at at once", "looked at by a worker"])
def test_what_was_not_approved_is_not_gone_on_with_by_whatever_door(skus, session, as_user, as_role, monkeypatch, at_once):
    """Neither by whoever asked for it, after a no or after he has withdrawn it, nor from the page of whoever said no."""
    from app.panel.accounts.models import User
    from app.panel.bulk.engine import SetBased, approving, previewing
    from app.panel.core.actor import SYSTEM

    as_role(session.query(User).filter_by(username="ben").one(), "operations")
    approving.set_limits({"operations": (2, None)}, actor=SYSTEM)
    monkeypatch.setitem(previewing.AT_ONCE, SetBased, at_once)
    maker, chief = as_user("ben"), as_user("ada")
    refused, withdrawn = asked(maker, skus), asked(maker, skus[:3])
    for run in (refused, withdrawn):
        maker.post(f"/bulk/operation/{run}/start")
    assert "Withdraw this?" in maker.get(f"/bulk/operation/{withdrawn}/").text
    maker.post(f"/bulk/operation/{withdrawn}/cancel")
    chief.post(f"/bulk/operation/{refused}/refuse", data={"why": "Too dear"}, follow_redirects=True)
    assert "Ada did not approve it: Too dear" in maker.get(f"/bulk/operation/{refused}/").text
    for client, run in ((maker, refused), (chief, refused), (maker, withdrawn)):
        assert "Go on" not in client.get(f"/bulk/operation/{run}/").text
        assert "Nobody has approved this" in client.post(f"/bulk/operation/{run}/resume", follow_redirects=True).text
        maker.post(f"/bulk/operation/{run}/start")
    assert prices(session, skus) == [1000, 2000, 3000, 4000, 5000]


def test_whoever_approves_and_oversees_nothing_is_led_to_the_list_after_a_no(skus, session, as_user, as_role, monkeypatch):
    from app.panel.accounts.models import User
    from app.panel.bulk.engine import approving
    from app.panel.core import policy
    from app.panel.core.actor import SYSTEM

    whole = policy.allowed
    monkeypatch.setattr(policy, "allowed", lambda actor, verb, *more: verb != "oversee" and whole(actor, verb, *more))
    approving.set_limits({"administrator": (2, None)}, actor=SYSTEM)
    as_role(session.query(User).filter_by(username="ben").one(), "administrator")
    maker, chief = as_user("ada"), as_user("ben")
    run = asked(maker, skus)
    maker.post(f"/bulk/operation/{run}/start")
    no = chief.post(f"/bulk/operation/{run}/refuse", data={"why": "Not today"})
    assert no.status_code == 302 and "Whoever asked is told why" in chief.get(no.location).text


GOES_BACK = (["CN¥250.00", "CN¥150.00", "-CN¥100.00"], [("CN¥30.00", "CN¥10.00"), ("CN¥40.00", "CN¥20.00"), ("CN¥50.00", "CN¥30.00")])


def moves(page):
    """The sums of a preview, and the first three rows before and after."""
    sums = re.findall(r'<td class="n">([^<]*CN¥[^<]*)</td>', page)
    return sums, re.findall(r'<span class="was">(CN¥[^<]*)</span>.*?<strong>([^<]*)</strong>', page)[:3]


def test_above_the_limit_to_take_back_waits_for_a_second_person_too(skus, session, as_user, as_role):
    from app.panel.accounts.models import User
    from app.panel.bulk.engine import approving
    from app.panel.core.actor import SYSTEM

    as_role(session.query(User).filter_by(username="ben").one(), "operations")
    maker, chief = as_user("ben"), as_user("ada")
    run = asked(maker, skus, how="amount", value="20")
    maker.post(f"/bulk/operation/{run}/start")
    risen = [3000, 4000, 5000, 6000, 7000]
    approving.set_limits({"operations": (None, 9000)}, actor=SYSTEM)
    before = unescape(maker.get(f"/bulk/operation/{run}/undo").text)
    assert "It moves more than" in before and moves(before) == GOES_BACK

    def taken_back():
        return int(maker.post(f"/bulk/operation/{run}/undo").location.rstrip("/").rpartition("/")[2])

    first = taken_back()
    assert taken_back() == run, "a second click leads back to the run: it is asked for"
    page = maker.get(f"/bulk/operation/{first}/").text
    assert "It waits for a second person." in page and "This cannot be taken back." not in page
    assert moves(unescape(chief.get(f"/bulk/operation/{first}/").text)) == GOES_BACK, "whoever approves it sees what"
    assert f"Run {first} takes it back" in maker.get(f"/bulk/operation/{run}/").text
    assert "There is nothing to take back." in maker.get(f"/bulk/operation/{run}/undo").text, "it is on its way"
    assert maker.post(f"/bulk/operation/{first}/approve").status_code == 403 and prices(session, skus) == risen
    chief.post(f"/bulk/operation/{first}/refuse", data={"why": "Let it be"})
    assert prices(session, skus) == risen
    again = taken_back()
    assert again not in (run, first), "a no leaves it open to ask anew"
    chief.post(f"/bulk/operation/{again}/approve")
    assert prices(session, skus) == [1000, 2000, 3000, 4000, 5000]


def test_whoever_may_not_see_the_cost_is_not_asked_for_a_margin_above_it(skus, session, as_user, as_role):
    from app.panel.accounts.models import User

    as_role(session.query(User).filter_by(username="ben").one(), "operations")
    maker = as_user("ben")
    assert 'name="margin"' in as_user("ada").post(NEW, data={"action": "catalog.change_price", "rowid": skus}).text
    assert 'name="margin"' not in maker.post(NEW, data={"action": "catalog.change_price", "rowid": skus}).text
    kept = maker.post(NEW, data={"action": "catalog.change_price", "rowid": skus, "_go": "1", "how": "percent", "value": "-7", "margin": "9"})
    assert kept.status_code == 422 and "You may not see the cost" in kept.text and 'value="-7"' in kept.text
    asked(maker, skus, margin="")


def test_what_is_noted_of_rows_speaks_as_the_page_did_and_the_title_as_each_reader_does(skus, session, as_user, as_role):
    from app.panel.accounts.models import User
    from app.panel.bulk.models import Run, RunItem

    as_role(session.query(User).filter_by(username="ben").one(), "operations")
    maker, chief = as_user("ben"), as_user("ada")
    with maker.session_transaction() as kept:
        kept["language"] = "zh_Hans_CN"
    run = asked(maker, skus, how="amount", value="-15")
    heads = [re.findall(r'<t[dh](?: scope="col")?>(Prices|Price|价格|价格合计|售价)</t[dh]>', one.get(f"/bulk/operation/{run}/").text) for one in (maker, chief)]
    assert heads == [["价格", "售价"], ["Prices", "Price"]], "sums and columns as each reader calls them"
    maker.post(f"/bulk/operation/{run}/start")
    noted = [item.reason for item in session.query(RunItem).filter_by(run_id=run, outcome="refused")]
    assert noted and all("价" in reason for reason in noted), noted
    kept = session.get(Run, run).file_name
    assert "：" in kept and kept in maker.get(f"/bulk/operation/{run}/").text
    shown = chief.get(f"/bulk/operation/{run}/").text
    assert "Change the price: " in shown and kept not in shown
    session.get(Run, run).file_name = "By a name that was given up since"
    session.commit()
    assert "By a name that was given up since" in chief.get(f"/bulk/operation/{run}/").text
