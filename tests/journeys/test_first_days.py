"""The first days of a shop in a real Chromium: first run, log-in, import, find and edit an order, language and skin."""

import re

import pytest

from tests import conftest
from tests.ops.tree import wait_for
from tests.serving import served

pytestmark = pytest.mark.slow
PASSWORD = "seventeen green kettles sing"
HEAD = "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Shipping Name,Shipping City,Refunded Amount,Cancelled at"
ORDERS = f"""{HEAD}
#1001,,paid,2026-11-02 10:00:00 +0800,fulfilled,2026-11-03 09:00:00 +0800,CNY,30.00,5.00,0.00,35.00,,0.00,2026-11-02 09:58:00 +0800,2,Blue tea cup,10.00,,Zhang San,Hangzhou,0.00,
#1001,,,,,,,,,,,,,,1,Tea spoon,10.00,,,,,
#1002,,pending,,unfulfilled,,CNY,12.50,0.00,0.00,12.50,,0.00,2026-11-02 11:00:00 +0800,1,Tea spoon,12.50,,Li Si,Ningbo,0.00,
"""


@pytest.fixture(scope="module")
def instance(new_database, tmp_path_factory):
    """An instance that nobody owns yet, with its address."""
    app = conftest.make_app(new_database(), tmp_path_factory.mktemp("journey"), BABEL_DEFAULT_LOCALE="en")
    with served(app) as address:
        app.config["PUBLIC_URL"] = address
        yield app


@pytest.fixture(scope="module")
def page(instance, chromium):
    """One tab through all of it; a script error or a broken policy fails the journey."""
    complaints = []
    size = {"width": 1280, "height": 900}
    tab = chromium.new_context(base_url=instance.config["PUBLIC_URL"], locale="en-GB", viewport=size, reduced_motion="reduce").new_page()
    tab.set_default_timeout(60_000)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("console", lambda m: complaints.append(m.text) if "Content Security" in m.text else None)
    yield tab
    assert complaints == []


@pytest.mark.browser
def test_the_owner_makes_the_instance_his_own(instance, page):
    from app.panel.accounts import firstrun

    page.goto("/orders/order/list/")
    assert "/setup/" in page.url
    page.goto(firstrun.setup_url(instance))
    page.get_by_label("Shop name").fill("Blue Kettle")
    page.locator("#name").fill("Mei Lin")
    page.locator("#username").fill("mei")
    page.locator("#email").fill("mei@example.org")
    page.locator("#password").fill(PASSWORD)
    page.locator("#again").fill(PASSWORD)
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("button", name="Start empty").click()
    page.wait_for_url("**/home/")
    assert page.get_by_role("heading", level=1).inner_text() == "Home"


@pytest.mark.browser
def test_a_person_logs_out_and_in(page):
    page.locator(".top .avatar").click()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login/**")
    page.locator("#username").fill("mei")
    page.locator("#password").fill("wrong password here")
    page.get_by_role("button", name="Log in").click()
    page.get_by_text("User name or password is wrong").wait_for()
    page.locator("#username").fill("mei")
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/home/")


@pytest.mark.browser
def test_a_file_of_orders_is_looked_at_checked_and_imported(page, tmp_path):
    file = tmp_path / "orders_export.csv"
    file.write_text(ORDERS)
    page.goto("/bulk/import/")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Look inside").click()
    page.get_by_role("button", name="Check the whole file").click()
    page.get_by_role("button", name="Import now").click()
    page.get_by_role("button", name="Take back").or_(page.get_by_role("link", name="Take back")).first.wait_for()
    page.goto("/orders/order/list/")
    assert page.get_by_text("#1001").first.is_visible()
    assert page.locator("tbody").get_by_text("47.50").count() == 0
    page.locator("tfoot").get_by_text("47.50").wait_for()
    assert page.get_by_text("35.00").first.is_visible()


@pytest.mark.browser
def test_an_order_is_found_and_edited_and_keeps_its_trail(page):
    page.goto("/home/")
    page.keyboard.press("/")
    page.get_by_role("combobox", name="Search everything").fill("1002")
    page.get_by_role("option", name=re.compile("#1002")).first.wait_for()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Edit").click()
    page.locator("#seller_remark").fill("Wrap it as a gift")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    assert page.get_by_text("Wrap it as a gift").count() >= 2, "the field and the line of the history"


@pytest.fixture(scope="module")
def ben(instance, chromium):
    """The tab of a support clerk in a browser of his own."""
    with instance.app_context():
        from app.panel.accounts import services
        from app.panel.core.actor import SYSTEM
        from app.panel.core.db import db
        from app.shop.setup.models import Shop, StaffAssignment

        clerk = services.create_user(
            actor=SYSTEM, username="ben", name="Ben", email="ben@example.org", roles=["support"], password=None
        )
        db.session.add(StaffAssignment(user_id=clerk.id, shop_id=db.session.query(Shop.id).first().id))
        db.session.commit()
        cookie = {"name": "zhanggui", "value": conftest.client_of(instance, "ben").cookie_value}
    context = chromium.new_context(base_url=instance.config["PUBLIC_URL"], locale="en-GB", reduced_motion="reduce")
    context.add_cookies([{**cookie, "url": instance.config["PUBLIC_URL"]}])
    tab = context.new_page()
    tab.set_default_timeout(60_000)
    yield tab
    context.close()


@pytest.mark.browser
def test_two_people_of_two_roles_merge_a_stale_save(page, ben):
    page.get_by_role("link", name="Edit").click()
    page.locator("#seller_remark").fill("Mei: call before noon")
    page.locator("#buyer_remark").fill("No bag")
    ben.goto(page.url)
    ben.locator("#seller_remark").fill("Ben: leave it at the door")
    ben.get_by_role("button", name="Save").click()
    ben.get_by_text("Saved.").wait_for()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("heading", name="Somebody else changed this in the meantime.").wait_for()
    row = page.get_by_role("row").filter(has_text="Wrap it as a gift")
    assert row.locator(".break").all_inner_texts() == ["Wrap it as a gift", "Ben: leave it at the door", "Mei: call before noon"]
    row.get_by_role("radio", name="Saved meanwhile").check()
    page.get_by_role("button", name="Save what I chose").click()
    page.get_by_text("Saved.").wait_for()
    for kept in ("Ben: leave it at the door", "No bag"):
        assert page.locator(".facts").get_by_text(kept).is_visible()


@pytest.mark.browser
def test_a_draft_survives_a_closed_tab_until_it_is_saved(page):
    page.get_by_role("link", name="Edit").click()
    address = page.url
    page.locator("#seller_remark").fill("Typed and not saved")
    wait_for(lambda: page.evaluate("Object.keys(localStorage).some(key => key.startsWith('panel-draft:'))"))
    page.goto("about:blank")  # a tab that closes asks nobody who is not there
    page.goto(address)
    page.get_by_role("button", name="Bring it back").click()
    page.locator("form[data-restored]").wait_for()
    assert page.locator("#seller_remark").input_value() == "Typed and not saved"
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    page.goto(address)
    assert page.get_by_role("button", name="Bring it back").count() == 0


@pytest.mark.browser
def test_a_draft_is_its_writers_alone_and_is_merged_with_what_another_one_saved(page, ben):
    address, cookies = page.url, page.context.cookies()
    page.locator("#seller_remark").fill("Mei: begun in the morning")
    page.locator("#buyer_remark").fill("Ring twice")
    wait_for(lambda: "Ring twice" in page.evaluate("JSON.stringify(localStorage)"))
    page.goto("about:blank")
    page.context.add_cookies(ben.context.cookies())  # he sits down at her machine: her browser, his log-in
    for there in (page, ben):
        there.goto(address)
        assert there.locator("#seller_remark").input_value() == "Typed and not saved"
        assert there.locator(".draft-offer").count() == 0
    ben.locator("#seller_remark").fill("Ben: at noon")
    ben.locator("#buyer_remark").fill("Knock")
    ben.get_by_role("button", name="Save").click()
    ben.get_by_text("Saved.").wait_for()
    page.goto("about:blank")
    page.context.add_cookies(cookies)
    page.goto(address)
    page.get_by_role("button", name="Bring it back").click()
    page.locator("form[data-restored]").wait_for()
    assert page.locator("#seller_remark").input_value() == "Mei: begun in the morning"
    page.get_by_role("button", name="Save").click()
    page.get_by_role("heading", name="Somebody else changed this in the meantime.").wait_for()
    remarks = page.get_by_role("row").filter(has_text="Typed and not saved")
    wishes = page.get_by_role("row").filter(has_text="No bag")
    assert remarks.locator(".break").all_inner_texts() == ["Typed and not saved", "Ben: at noon", "Mei: begun in the morning"]
    assert wishes.get_by_role("radio").count() == 3
    remarks.get_by_role("radio", name="Yours").check()
    wishes.get_by_role("radio", name="Before").check()
    page.get_by_role("button", name="Save what I chose").click()
    page.get_by_text("Saved.").wait_for()
    for kept in ("Mei: begun in the morning", "No bag"):
        assert page.locator(".facts").get_by_text(kept).is_visible()
    page.goto(address)
    assert page.locator(".draft-offer").count() == 0


@pytest.mark.browser
def test_addresses_are_checked_and_saved_with_their_customer_or_not_at_all(instance, page):
    page.goto("/customers/customer/add")
    page.locator("#name").fill("张三")
    rows = page.locator("[data-children=addresses]")
    for at, street in enumerate(("No. 1 Tea Street", "")):
        rows.get_by_role("button", name="Add a row").click()
        rows.locator(f"[name=addresses-{at}-recipient]").fill(f"Recipient {at}")
        rows.locator(f"[name=addresses-{at}-country]").fill("SG")
        rows.locator(f"[name=addresses-{at}-city]").fill("Singapore")
        rows.locator(f"[name=addresses-{at}-street]").fill(street)
    page.locator("form[data-form]").evaluate("form => { form.noValidate = true; }")  # the server has to find it
    page.get_by_role("button", name="Save").first.click()
    rows.locator("#addresses-1-street-error").wait_for()
    assert rows.locator("[name=addresses-0-street]").input_value() == "No. 1 Tea Street"
    assert customer_and_recipients(instance) == (0, []), "neither the customer nor the address that is right"
    rows.locator("[name=addresses-1-street]").fill("No. 2 Tea Street")
    page.get_by_role("button", name="Save").first.click()
    page.get_by_text("Saved.").wait_for()
    page.get_by_role("link", name="Edit").click()
    rows.locator("tbody tr", has=page.locator("[name=addresses-0-recipient]")).locator("[data-drop]").click()
    rows.get_by_role("button", name="Add a row").click()
    rows.locator("[name=addresses-2-recipient]").fill("Recipient 2")
    rows.locator("[name=addresses-2-country]").fill("SG")
    rows.locator("[name=addresses-2-city]").fill("Singapore")
    rows.locator("[name=addresses-2-street]").fill("No. 3 Tea Street")
    page.get_by_role("button", name="Save").first.click()
    page.get_by_text("Saved.").wait_for()
    assert customer_and_recipients(instance) == (1, ["Recipient 1", "Recipient 2"])


def customer_and_recipients(instance):
    """How many customers of the name there are, and to whom their parcels go."""
    from app.panel.core.db import db
    from app.shop.customers.models import Address, Customer

    with instance.app_context():
        found = [one.id for one in db.session.query(Customer).filter_by(name="张三")]
        there = db.session.query(Address).filter(Address.customer_id.in_(found)).order_by(Address.id)
        return len(found), [one.recipient for one in there]


@pytest.mark.browser
def test_rows_of_a_form_are_moved_by_button_key_and_mouse_and_stay_so(page):
    page.goto("/catalog/attributeset/add")
    page.locator("#name").fill("Tea")
    rows = page.locator("[data-children=attributes]")
    for at, name in enumerate(("Leaf", "Year", "Hill")):
        rows.get_by_role("button", name="Add a row").click()
        rows.locator(f"[name=attributes-{at}-name]").fill(name)
        rows.locator(f"[name=attributes-{at}-code]").fill(name.lower())

    def names():
        return rows.locator("[name$=-name]").evaluate_all("all => all.map(one => one.value)")

    rows.locator("[data-up]").nth(2).click()
    assert names() == ["Leaf", "Hill", "Year"]
    rows.locator("[data-grip]").nth(0).press("ArrowDown")
    assert names() == ["Hill", "Leaf", "Year"]
    page.get_by_role("button", name="Save").first.click()
    page.get_by_text("Saved.").wait_for()
    page.get_by_role("link", name="Edit").click()
    assert names() == ["Hill", "Leaf", "Year"]
    rows.locator("[data-grip]").nth(2).hover()
    page.mouse.down()
    page.locator("[name=attributes-0-name]").hover(position={"x": 5, "y": 1}, force=True)
    page.mouse.up()
    assert names() == ["Year", "Hill", "Leaf"]
    page.get_by_role("button", name="Save").first.click()
    page.get_by_text("Saved.").wait_for()
    page.get_by_role("link", name="Edit").click()
    assert names() == ["Year", "Hill", "Leaf"]


@pytest.mark.browser
def test_a_customer_is_found_by_the_initials_of_his_pinyin_and_opened(page):
    for key in ("/", "Control+k"):
        page.goto("/home/")
        page.keyboard.press(key)
        page.get_by_role("combobox", name="Search everything").press_sequentially("zs")
        page.get_by_role("option", name=re.compile("张三")).first.wait_for()
        page.keyboard.press("Enter")  # the first: couriers whose initials hold it somewhere come after
        page.wait_for_url("**/customers/customer/show/**")
        assert page.get_by_role("heading", level=1).inner_text().startswith("张三")


@pytest.mark.browser
def test_a_filter_with_or_is_built_kept_and_shared(instance, page):
    page.goto("/orders/order/list/?sort=number")
    page.keyboard.press("f")
    dialog = page.locator("#filter")
    dialog.get_by_role("button", name="Add a group").click()
    group = dialog.locator(".filter-group")
    for line, number in enumerate(("1001", "nothing of the kind")):
        row = group.locator(".filter-row").nth(line)
        row.get_by_label("Field").select_option("number")
        row.get_by_label("Comparison").select_option("contains")
        row.get_by_label("Value").fill(number)
    first = dialog.locator("[data-rows] > .filter-rows > .filter-rows > .filter-row")
    first.get_by_label("Field").select_option("total")
    first.get_by_label("Comparison").select_option("between")
    first.get_by_label("From").fill("40")
    first.get_by_label("To").fill("30")
    dialog.get_by_role("button", name="Apply").click()
    dialog.get_by_text("larger than the second").wait_for()
    first.get_by_label("From").fill("30")
    first.get_by_label("To").fill("40")
    dialog.get_by_text("1 row", exact=True).wait_for()
    dialog.get_by_role("button", name="Apply").click()
    page.locator(".chip-group").wait_for()
    assert page.locator("tbody tr").count() == 1 and "sort=number" in page.url
    page.get_by_role("button", name="Keep this view").click()
    page.locator("#saved").get_by_label("Name of the view").fill("Between")
    page.locator("#saved").get_by_label("Everybody").check()
    page.locator("#saved").get_by_role("button", name="Keep").click()
    page.locator(".view-tabs [aria-current]").get_by_text("1", exact=True).wait_for()
    with instance.app_context():
        seen = conftest.client_of(instance, "ben").get("/orders/order/list/").text
    assert ">Between<" in seen, "whoever reads the list finds it"


@pytest.mark.browser
def test_ten_cells_are_changed_with_the_keys_alone(instance, page):
    with instance.app_context():
        from app.panel.core.db import db
        from app.shop.catalog.models import Brand

        db.session.add_all(Brand(name=f"Brand {n}") for n in range(10))
        db.session.commit()
    page.goto("/catalog/brand/list/?sort=id&cols=name")
    page.keyboard.press("j")
    page.keyboard.press("e")
    cells = page.locator("td[data-edit=name]")
    assert cells.count() == 10
    for at in range(10):
        cells.nth(at).locator("input:focus").wait_for()
        page.keyboard.type("House 0" if at == 4 else f"House {at}")
        page.keyboard.press("Tab")
    cells.nth(4).get_by_role("alert").wait_for()
    assert cells.nth(4).locator("input").input_value() == "House 0", "what was typed stays where it was refused"
    cells.nth(9).get_by_text("House 9").wait_for()
    cells.nth(4).locator("input").fill("House 4")
    page.keyboard.press("Enter")
    cells.nth(4).get_by_text("House 4").wait_for()
    page.reload()
    assert cells.all_inner_texts() == [f"House {at}" for at in range(10)]


@pytest.mark.browser
def test_what_is_more_than_lists_count_is_counted_when_asked(page, monkeypatch):
    from app.panel.core import listing

    monkeypatch.setattr(listing, "COUNT_LIMIT", 5)
    page.goto("/catalog/brand/list/?size=5")
    page.get_by_text("5+ rows").wait_for()
    page.get_by_role("button", name="Count all").click()
    page.get_by_text("10 rows", exact=True).wait_for()
    assert not page.get_by_role("button", name="Count all").is_visible()


@pytest.mark.browser
def test_a_paper_is_drawn_to_another_day_of_the_calendar(instance, page):
    import datetime as dt

    with instance.app_context():
        from app.panel.core.db import db
        from app.shop.inventory.models import PurchaseReceipt, Supplier, Warehouse

        there = db.session.query(Warehouse).first() or Warehouse(name="Back room", code="BACK")
        paper = PurchaseReceipt(
            number="IN-1", supplier=Supplier(name="Kiln", code="KILN"), warehouse=there, received_on=dt.date(2026, 11, 10)
        )
        db.session.add(paper)
        db.session.commit()
        key = paper.id
    page.goto("/inventory/purchasereceipt/list/?shape=calendar&month=2026-11")
    page.get_by_text("1 row", exact=True).wait_for()
    page.get_by_role("link", name="IN-1").drag_to(page.locator("[data-day='2026-11-18']"))
    page.locator("[data-day='2026-11-18']").get_by_role("link", name="IN-1").wait_for()
    with instance.app_context():
        assert db.session.get(PurchaseReceipt, key).received_on == dt.date(2026, 11, 18)


@pytest.mark.browser
def test_a_column_is_pasted_into_a_sheet_from_the_top_of_what_is_marked_and_filled_downwards(instance, page):
    with instance.app_context():
        from app.panel.core.db import db
        from app.shop.catalog.models import Product, Sku

        cups = Product(title="Cups", handle="cups", skus=[Sku(code=f"CUP-{n}", price=100 + n, currency="CNY") for n in range(4)])
        db.session.add(cups)
        db.session.commit()
        keys = [one.id for one in cups.skus]
    page.goto("/sheets/catalog/sku/?search=CUP")

    def cell(row, name):
        return page.locator(f"a[data-pk='{keys[row]}'][name={name}]")

    paste = """(one, text) => {
      const held = new DataTransfer()
      held.setData("text/plain", text)
      one.dispatchEvent(new ClipboardEvent("paste", {clipboardData: held, bubbles: true, cancelable: true}))
    }"""
    cell(0, "barcode").focus()
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    cell(2, "barcode").evaluate(paste, "690-1\t7.50\n690-2\tnot an amount\n690-3\t9\n")
    page.locator(".message").get_by_text("5 saved, 1 refused.").get_by_text("They stand red: Enter opens one").wait_for()
    assert cell(1, "price").evaluate("one => one === document.activeElement"), "one stands on the first that was refused"
    page.keyboard.press("Enter")
    kept = page.locator("td.refused input")
    assert kept.input_value() == "not an amount", "what was refused is kept where it was pasted"
    kept.press("Escape")
    cell(2, "price").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Control+d")
    cell(3, "price").get_by_text("9.00").wait_for()
    cell(2, "compare_at_price").click()
    page.locator("td.editing input").evaluate(paste, "20\n30\n40\n")
    page.locator(".message").get_by_text("2 saved, 0 refused. Left out, as this page has no cell for it: 1.").wait_for()
    with instance.app_context():
        skus = [db.session.get(Sku, key) for key in keys]
        assert [one.barcode for one in skus] == ["690-1", "690-2", "690-3", None]
        assert [one.price for one in skus] == [750, 101, 900, 900]
        assert [one.compare_at_price for one in skus] == [None, None, 2000, 3000], "a block goes into cells, also from the box of one"


@pytest.mark.browser
def test_what_is_typed_at_the_counter_stays_while_the_last_article_is_looked_for(page):
    page.goto("/orders/counter/")
    scan, rows, held = page.locator("#scan"), page.locator("[data-lines] tr"), []

    def hold(route):
        held.append(route)

    def found(code):
        """Go on with what the page asked for, which has waited meanwhile."""
        wait_for(lambda: page.title() and held, 30, "the question")
        held.pop().continue_()
        rows.filter(has_text=code).wait_for()

    page.route("**/counter/find?*", hold)
    with page.expect_request("**/counter/find?*"):
        scan.press_sequentially("CUP-0\n")
    scan.press_sequentially("CUP-")
    found("CUP-0")
    assert scan.input_value() == "CUP-"
    with page.expect_request("**/counter/find?*"):
        scan.press_sequentially("1\n")
    rows.first.get_by_role("spinbutton").press_sequentially("2")
    found("CUP-1")
    assert rows.first.locator("input:focus").input_value() == "12"
    rows.first.locator("input:focus").press("Enter")
    page.unroute("**/counter/find?*")
    page.locator("[data-total]").get_by_text("91.01").wait_for()


@pytest.mark.browser
def test_columns_of_a_list_and_of_its_file_are_moved_with_the_keys(page):
    page.goto("/orders/order/list/?cols=number,state,total")
    page.get_by_role("button", name="Columns").click()
    line = page.locator("#columns li").first
    line.get_by_role("checkbox").press("Alt+ArrowDown")
    page.locator("#columns").get_by_role("button", name="Apply").click()
    page.wait_for_url("**cols=state**")
    assert page.locator("thead [data-col]").evaluate_all("all => all.map(one => one.dataset.col)") == ["state", "number", "total"]
    page.goto("/exports/list/orders_order/choose?cols=number,state,total")
    chosen = page.locator("[data-chosen] [name=col]")
    first, second = (chosen.nth(at).input_value() for at in range(2))
    chosen.first.press("Alt+ArrowDown")
    assert [chosen.nth(at).input_value() for at in range(2)] == [second, first]


@pytest.mark.browser
def test_language_and_skin_follow_the_person(page):
    page.goto("/home/")
    page.get_by_role("button", name="Language").click()
    page.get_by_role("button", name="简体中文").click()
    page.get_by_role("heading", name="首页").wait_for()
    page.get_by_role("button", name="外观").click()
    with page.expect_response("**/prefs/"):  # the page changes at once, and tells the server beside it
        page.get_by_role("button", name="深色").click()
    page.locator("html[data-skin=dark]").wait_for(state="attached")
    page.goto("/orders/order/list/")
    assert page.evaluate("document.documentElement.dataset.skin") == "dark"
    assert page.get_by_role("heading", level=1).inner_text() == "订单"
