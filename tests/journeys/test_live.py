"""What only the whole process tree shows: a stream through the real server, the real worker's progress, a lost connection."""

import contextlib
import re
import sqlite3
import time

import pytest

from tests.goals import goal
from tests.ops.tree import PASSWORD, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.slow, pytest.mark.together("tree")]
ROWS = 6000
SLOW = """CREATE TRIGGER slow AFTER UPDATE OF changed ON bulk_run WHEN NEW.changed > OLD.changed BEGIN
SELECT count(*) FROM (SELECT id FROM customers_customer LIMIT 5000) a JOIN (SELECT id FROM customers_customer LIMIT 5000) b
ON a.id + b.id < 0; END"""
AT_WORK = """SELECT 1 FROM core_outbox WHERE queue = 'bulk' AND state = 'running'
AND (SELECT state FROM bulk_run ORDER BY id DESC LIMIT 1) = 'running'"""


@pytest.fixture(scope="module")
def page(tree, chromium):
    """The administrator's tab; a refusal of the content policy or an error of a script fails the journey."""
    complaints = []
    size = {"width": 1280, "height": 900}
    context = chromium.new_context(base_url=f"http://127.0.0.1:{tree.port}", locale="en-GB", viewport=size, reduced_motion="reduce")
    tab = context.new_page()
    tab.set_default_timeout(60_000)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("console", lambda m: complaints.append(m.text) if "Content Security" in m.text else None)
    tab.goto("/login/")
    tab.locator("#username").fill("admin")
    tab.locator("#password").fill(PASSWORD)
    tab.get_by_role("button", name="Log in").click()
    tab.wait_for_url("**/home/")
    yield tab
    assert complaints == []


def hears(page, state, milliseconds=60_000):
    """Wait until the page's stream is in this state (a function to wait for would be an `eval`, which our policy refuses)."""
    page.locator(f"html[data-stream={state}]").wait_for(state="attached", timeout=milliseconds)


def customers(path, rows):
    head = "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Phone,Total Spent,Total Orders,Note,Tags"
    lines = (f"{n},Guest,Number {n},guest{n}@example.org,no,,0.00,0,," for n in range(1, rows + 1))
    path.write_text("\n".join([head, *lines]) + "\n")
    return path


@pytest.fixture(scope="module")
def importing(page, tmp_path_factory):
    """The page of an import that goes on: its rows are what the tests below change."""
    page.goto("/bulk/import/")
    page.locator("input[type=file]").set_input_files(customers(tmp_path_factory.mktemp("rows") / "customers.csv", ROWS))
    page.get_by_role("button", name="Look inside").click()
    page.get_by_role("button", name="Check the whole file").click()
    page.get_by_role("button", name="Import now").click()
    page.locator("[data-bulk-progress]").wait_for()
    return page.url


@pytest.fixture(scope="module")
def guests(page, importing):
    page.goto(importing)
    page.get_by_role("button", name="Take back").or_(page.get_by_role("link", name="Take back")).first.wait_for()


def test_an_import_moves_before_the_eyes_survives_a_reload_and_tells_when_it_is_done(page, importing, request):
    hears(page, "open")
    page.reload()
    request.getfixturevalue("guests")
    page.goto("/customers/customer/list/")
    page.get_by_text(re.compile("6[,.]?000")).first.wait_for()


@pytest.mark.usefixtures("guests")
def test_a_thousand_rows_are_changed_stopped_gone_on_with_and_taken_back_before_the_eyes(page, tree):
    """Filter, all that match, preview, run, watch, cancel, go on, take back, with a worker that is killed meanwhile."""
    page.goto("/customers/customer/list/?q=guest1")
    page.locator("thead input[type=checkbox]").check()
    page.locator("[data-every] input").check()
    button = page.locator("button[name=action][value^='edit:']")
    if not button.is_visible():
        page.locator("[data-bulk] [data-bs-toggle=dropdown]").click()
    button.click()
    page.locator("#preferences").fill("Called in November")
    page.get_by_role("button", name="See what would happen").click()
    page.get_by_text("Called in November").first.wait_for()
    assert page.locator("[data-bulk-count=changed]").inner_text() == "1,111"
    page.get_by_role("button", name=re.compile("Change 1,?111 rows")).click()
    page.locator("[data-bulk-progress]").wait_for()
    hears(page, "open")
    cancel(page, tree)
    done = number(page)
    assert 0 < done < 1111, "stopped in the middle"
    with slow_chunks(tree) as base:
        page.get_by_role("button", name="Go on").click()
        page.locator("[data-bulk-progress]").wait_for()
        wait_for(lambda: base.execute(AT_WORK).fetchone() is not None, 60, "a worker with the run")
        tree.part("zg-worker-bulk").kill()
        assert base.execute("SELECT changed FROM bulk_run ORDER BY id DESC LIMIT 1").fetchone()[0] < 1111, "not yet at its end"
    killed, done = time.monotonic(), number(page)
    wait_for(lambda: number(page) > done, 60, "the next chunk")
    assert page.locator("[data-bulk-state] .badge").inner_text() in ("Running", "Done"), "the head of the page goes along"
    seconds = time.monotonic() - killed
    goal("G02 through the supervisor", f"{seconds:.1f} s", "10 s", seconds <= 10)
    page.get_by_role("link", name="Take back").wait_for()
    assert number(page) == 1111
    page.get_by_role("link", name="Take back").click()
    page.get_by_role("button", name=re.compile("Take back")).click()
    page.locator("[data-bulk-progress]").wait_for()
    cancel(page, tree)
    assert 0 < number(page) < 1111
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("link", name="To the list").wait_for()
    assert number(page) == 1111


@contextlib.contextmanager
def slow_chunks(tree):
    """Each chunk of a run takes a second or more, however quick the machine is; the database of the instance, to look on."""
    with contextlib.closing(sqlite3.connect(tree.home / "zhanggui.db", timeout=30, isolation_level=None)) as base:
        base.execute(SLOW)
        try:
            yield base
        finally:
            base.execute("DROP TRIGGER slow")


def cancel(page, tree):
    page.get_by_role("button", name="Cancel").click()  # the question stands there before the first chunk: a run does not end meanwhile
    with contextlib.closing(sqlite3.connect(tree.home / "zhanggui.db", timeout=30)) as base:  # a page hears of a chunk later than it is done
        wait_for(lambda: base.execute("SELECT changed FROM bulk_run ORDER BY id DESC LIMIT 1").fetchone()[0] > 0, 60, "the first chunk")
    page.locator("#confirm [data-confirm-yes]").click()
    page.get_by_role("button", name="Go on").wait_for()


def number(page):
    return int(page.locator("[data-bulk-count=changed]").inner_text().replace(",", ""))


@pytest.mark.usefixtures("guests")
def test_the_work_that_is_done_rings_the_bell(page):
    page.goto("/home/")
    page.locator(".top [data-notices] .dot").wait_for()


def test_a_lost_server_is_told_and_found_again(page, tree):
    page.goto("/home/")
    hears(page, "open")
    title = page.get_by_role("heading", level=1)
    before = title.bounding_box()
    inner = next(process for process in tree.look() if process.parent().pid == tree.part("granian").pid)
    inner.kill()
    hears(page, "lost")
    page.locator("[data-stream-lost]").first.wait_for()
    assert title.bounding_box() == before, "nothing moves away under a hand that is about to press"
    hears(page, "open")
    page.locator("[data-stream-lost]").first.wait_for(state="hidden")


def test_an_ended_session_ends_its_stream(page, tree):
    page.goto("/account/sessions/")
    hears(page, "open")
    address = f"http://127.0.0.1:{tree.port}"
    other = page.context.browser.new_context(base_url=address, locale="en-GB", reduced_motion="reduce").new_page()
    other.goto("/login/")
    other.locator("#username").fill("admin")
    other.locator("#password").fill(PASSWORD)
    other.get_by_role("button", name="Log in").click()
    other.wait_for_url("**/home/")
    other.goto("/account/sessions/")
    other.locator("tbody form button").first.click()
    hears(page, "ended", 10_000)
    other.context.close()
    wait_for(lambda: page.goto("/home/") and "/login/" in page.url, 60, "the log-in page")
