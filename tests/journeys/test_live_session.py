"""Three browsers of three roles in one live session: what one does, the others see."""

import subprocess
import sys
import time

import pytest

from tests.journeys.studio import POSTS
from tests.ops.tree import PASSWORD, ROOT, clean_env

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.slow, pytest.mark.together("tree")]
SIZES = {"host": (900, 1200), "control": (1440, 900), "service": (1440, 900)}


@pytest.fixture(scope="module")
def live_id(tree):
    made = subprocess.run(
        [sys.executable, "-m", "tests.journeys.studio"], env=clean_env(tree.home, tree.port), cwd=ROOT, capture_output=True,
        text=True, timeout=120,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr[-2000:]
    return int(made.stdout.split()[-1])


@pytest.fixture(scope="module")
def windows(tree, chromium, live_id):
    """By post; an error of a script or a refusal of the content policy fails the journey."""
    complaints, found = [], {}
    for (name, _role), (post, size) in zip(POSTS.items(), SIZES.items(), strict=True):
        context = chromium.new_context(
            base_url=f"http://127.0.0.1:{tree.port}",
            locale="en-GB",
            viewport=dict(zip(("width", "height"), size, strict=True)),
        )
        tab = found[post] = context.new_page()
        tab.set_default_timeout(30_000)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("console", lambda m: complaints.append(m.text) if "Content Security" in m.text else None)
        tab.goto("/login/")
        tab.locator("#username").fill(name)
        tab.locator("#password").fill(PASSWORD)
        tab.get_by_role("button", name="Log in").click()
        tab.wait_for_url("**/home/")
        tab.goto(f"/live/{live_id}/{post}")
        tab.locator("html[data-stream=open]").wait_for(state="attached")
    yield found
    assert complaints == []
    for tab in found.values():
        tab.context.close()


def test_an_item_is_pinned_and_the_host_sees_it_within_two_seconds(windows):
    control, host = windows["control"], windows["host"]
    control.get_by_role("button", name="Go on air").click()
    control.locator("[data-end]:not([hidden])").wait_for()
    control.locator(".line", has_text="Kettle").get_by_role("button", name="Put on screen").click()
    began = time.monotonic()
    host.locator(".card-now h1", has_text="Kettle").wait_for()
    assert time.monotonic() - began < 2
    host.locator("[data-next]", has_text="Cup").wait_for()
    control.locator("body").press("n")
    host.locator(".card-now h1", has_text="Cup").wait_for()
    assert control.locator(".line.up").count() == 1


def test_a_question_goes_from_the_service_to_the_host_and_is_done(windows):
    service, host = windows["service"], windows["host"]
    service.locator("#ask-asker").fill("Li")
    service.locator("#ask-text").fill("Is it thin?")
    service.get_by_role("button", name="Write the question down").click()
    service.locator("[data-detail] .suggested", has_text="2 mm.").wait_for()
    service.get_by_role("button", name="Ask the host").click()
    asked = host.locator(".question", has_text="Is it thin?")
    asked.get_by_role("button", name="Done").click()
    asked.wait_for(state="detached")
    service.locator(".question.is-done", has_text="Is it thin?").wait_for()


def test_a_wrong_price_is_corrected_by_a_notice_that_knows_its_item(windows):
    control, host = windows["control"], windows["host"]
    control.locator("#notice-item").select_option(label="2 Cup of the journey")
    control.locator("#notice-text").fill("The cup is 59, not 95")
    control.locator("[data-notice-form] button").click()
    host.locator("[data-notice]", has_text="59, not 95").wait_for()
    windows["service"].locator("[data-notice]", has_text="(Cup of the journey)").wait_for()
    control.locator(".log li", has_text="59, not 95").first.wait_for()


def test_the_host_is_asked_to_slow_down_and_says_that_he_has_seen_it(windows):
    windows["control"].locator("[data-call=slow_down]").click()
    call = windows["host"].locator(".call[data-kind=slow_down]")
    call.click()
    call.wait_for(state="detached")


def test_a_window_without_a_network_says_so_and_misses_nothing(windows):
    control, host = windows["control"], windows["host"]
    host.context.set_offline(True)
    host.locator("[data-lost]:not([hidden])").wait_for()
    control.locator("body").press("n")
    control.locator(".line.up", has_text="Tray").wait_for()
    assert host.locator(".card-now h1").inner_text() == "Cup of the journey"
    host.context.set_offline(False)
    host.locator(".card-now h1", has_text="Tray").wait_for()
    host.locator("[data-lost]").wait_for(state="hidden")
    host.reload()
    host.locator(".card-now h1", has_text="Tray").wait_for()


def test_the_end_takes_the_card_down_everywhere(windows):
    control = windows["control"]
    control.get_by_role("button", name="End", exact=True).click()
    control.get_by_role("button", name="End it").click()
    control.locator("[data-state-badge]", has_text="Ended").wait_for()
    windows["host"].locator(".card-now", has_text="Nothing is on screen").wait_for()
