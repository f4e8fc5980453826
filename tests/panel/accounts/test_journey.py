"""In a real browser: enrol an app, add a passkey, log in by it, and kick the session of a stranger."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from app.panel.accounts import services
from app.panel.accounts.login import totp
from app.panel.core import clock
from app.panel.core.actor import SYSTEM
from tests.panel.accounts.conftest import PASSWORD, panel_app

pytestmark = [pytest.mark.browser, pytest.mark.slow]
AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.fixture
def served(new_database: Any, tmp_path: Any) -> Iterator[Flask]:
    """Under a name, for browsers give passkeys to no address of numbers."""
    app = panel_app(new_database(), tmp_path)
    server = make_server("localhost", 0, app, threaded=True)
    app.config["PUBLIC_URL"] = f"http://localhost:{server.server_port}"
    with app.app_context():
        services.create_user(
            actor=SYSTEM, username="ada", name="Ada", email="ada@example.com", roles=["administrator"], password=PASSWORD
        )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield app
    server.shutdown()


def logged_in(page: Any) -> bool:
    return "/login/" not in page.url


def give_password(page: Any) -> None:
    page.goto("/login/")
    page.fill("[name=username]", "ada")
    page.fill("[name=password]", PASSWORD)
    page.click("form[action='/login/'] .btn-primary")


def now_shown(secret: str) -> str:
    """What the app shows; a step later than the last, so that nobody waits half a minute."""
    now_shown.steps = getattr(now_shown, "steps", -1) + 1  # type: ignore[attr-defined]
    return totp.code(secret, totp.step_at(clock.now().timestamp()) + now_shown.steps - 1)  # type: ignore[attr-defined]


def test_an_app_a_passkey_and_a_stranger(served: Flask, chromium: Any) -> None:
    address = served.config["PUBLIC_URL"]
    refusals: list[str] = []
    context = chromium.new_context(base_url=address, locale="en-GB", reduced_motion="reduce")
    page = context.new_page()
    page.on("console", lambda message: "Content Security Policy" in message.text and refusals.append(message.text))
    inside = context.new_cdp_session(page)
    inside.send("WebAuthn.enable")
    inside.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})

    give_password(page)
    page.goto("/account/security/")
    page.click("text=Set up the app")
    assert page.locator("img.code-picture").evaluate("image => image.complete && image.naturalWidth > 100")
    secret = page.inner_text("code.break").replace(" ", "")
    page.fill("[name=current]", PASSWORD)
    page.fill("[name=code]", now_shown(secret))
    page.click("text=Turn it on")
    codes = re.findall(r"[a-z2-9]{5}-[a-z2-9]{5}", page.inner_text("ul.code-sheet"))
    assert len(codes) == 10
    with page.expect_download() as kept:
        page.click("text=Download")
    assert all(code in kept.value.path().read_text() for code in codes)

    page.click("text=I have kept them")
    page.click("a:has-text('Add a passkey')")
    page.fill("[name=name]", "Blue phone")
    page.fill("[name=current]", PASSWORD)
    page.click("button:has-text('Add a passkey')")
    page.wait_for_url("**/account/security/")
    assert "Blue phone" in page.inner_text("main")

    context.clear_cookies()
    give_password(page)
    assert page.url.endswith("/login/code/") and not logged_in(page)
    page.click("text=Use a passkey")
    page.wait_for_url(lambda url: "/login/" not in url)
    page.goto("/account/security/")
    assert "Never" not in page.inner_text("table")

    stranger = chromium.new_context(base_url=address, locale="en-GB", reduced_motion="reduce").new_page()
    give_password(stranger)
    stranger.fill("[name=code]", "000000")
    stranger.click("text=Go on")
    assert "This code does not fit." in stranger.inner_text("main")
    stranger.fill("[name=code]", now_shown(secret))
    stranger.click("text=Go on")
    stranger.wait_for_url(lambda url: "/login/" not in url)

    page.goto("/account/sessions/")
    page.locator("form[action='/account/sessions/end/'] button:text-is('End')").first.click()
    stranger.goto("/account/")
    assert not logged_in(stranger)
    page.goto("/account/")
    assert logged_in(page)

    page.goto("/account/security/")
    page.click("form[action='/account/security/passkeys/remove/'] button")
    page.click("[data-confirm-yes]")
    page.wait_for_load_state()
    page.wait_for_selector("text=Removed.")
    assert "Blue phone" not in page.inner_text("main")
    assert refusals == []
