"""TLS on the shop's network: the certificate of our own, what is refused about it."""

import os
import re
import threading
import urllib.parse
import urllib.request

import pytest
from flask import Flask, request

import config
from app import tls as commands
from app.panel.core import security
from processes import certificates, plain, tls
from tests.ops.tree import free_port, run

KEY = "k3y-" + "abcdefghijklmnop" * 3
NAMES = ("shop-pc", "shop-pc.local", "192.168.1.20")


@pytest.fixture
def folder(tmp_path):
    certificates.make(tmp_path / "tls", NAMES)
    return tmp_path / "tls"


def test_it_is_short_enough_for_phones_names_the_network_and_its_keys_are_the_owners_alone(folder):
    cert = certificates._load(folder / tls.CERT)
    assert (cert.not_valid_after_utc - cert.not_valid_before_utc).days == 397
    assert set(certificates.names_of(folder)) == {"localhost", "127.0.0.1", "::1", *NAMES}
    assert {path.stat().st_mode & 0o777 for path in folder.glob("*.key")} == {0o600}
    assert re.fullmatch("([0-9A-F]{2}:){31}[0-9A-F]{2}", certificates.fingerprint(folder / tls.CA))
    assert tls.fault(folder) == "" and tls.is_own(folder)


def test_it_is_renewed_by_the_same_authority_until_another_is_asked_for(folder):
    mark, before = certificates.fingerprint(folder / tls.CA), certificates.fingerprint(folder / tls.CERT)
    again = certificates.make(folder, ["192.168.1.30"], days=90)
    assert again.fingerprint == mark and not again.is_new_ca and certificates.fingerprint(folder / tls.CERT) != before
    assert certificates.days_left(folder) in (88, 89)
    for name in ("8.8.8.8", "bank.example.com"):
        with pytest.raises(ValueError, match=r"public authority|--new-ca"):
            certificates.make(folder, [name])
    with pytest.raises(ValueError, match="397"):
        certificates.make(folder, [], days=398)
    assert certificates.make(folder, ["till.example.com"], new_ca=True).fingerprint != mark


def test_what_cannot_serve_is_a_sentence_and_stops_the_start(folder, tmp_path):
    told = run(tmp_path / "home", free_port(), "web", ZHANGGUI_TLS="nowhere")
    assert told.returncode == 78 and "flask --app app tls make" in told.stderr and "Traceback" not in told.stderr
    (folder / tls.KEY).chmod(0o644)
    assert "can be read by others" in tls.fault(folder)
    (folder / tls.KEY).chmod(0o600)
    (folder / tls.KEY).write_bytes((folder / tls.CA_KEY).read_bytes())
    assert "is not the key" in tls.fault(folder)
    (folder / tls.KEY).write_text("none")
    assert "cannot be read" in tls.fault(folder)
    certificates.make(folder, [], days=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certificates, "days_left", lambda _folder: -3)
        assert "ended 3 days ago" in tls.fault(folder)


@pytest.mark.parametrize(("wrong", "word"), [
    ({"ZHANGGUI_TLS": "tls", "ZHANGGUI_URL": "http://shop-pc:8080"}, "write https://"),
    ({"ZHANGGUI_HTTP_PORT": "8081"}, "needs ZHANGGUI_TLS"),
    ({"ZHANGGUI_TLS": "tls", "ZHANGGUI_HTTP_PORT": "8080"}, "other than PORT"),
    ({"ZHANGGUI_PROXY_FROM": "my proxy"}, "ZHANGGUI_PROXY_FROM"),
])  # fmt: skip
def test_settings_that_contradict_each_other_are_refused_by_name(tmp_path, wrong, word):
    with pytest.raises(config.ConfigError, match=re.escape(word)):
        config.verify(config.load({"ZHANGGUI_HOME": str(tmp_path), "SECRET_KEY": KEY} | wrong))


def test_only_a_proxy_that_was_named_is_believed():
    app = Flask(__name__)
    app.config |= {"SECRET_KEY": KEY, "PROXY_COUNT": 1, "PROXY_FROM": ["10.0.0.5"], "SERVER_HOST": "127.0.0.1"}
    security.init_app(app)
    seen = []

    app.before_request_funcs[None].clear()
    app.after_request_funcs.clear()

    @app.route("/")
    def who():
        seen.append((request.remote_addr, request.scheme))
        return ""

    for address in ("10.0.0.5", "::ffff:10.0.0.5", "10.0.0.6"):
        headers = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
        app.test_client().get("/", headers=headers, environ_base={"REMOTE_ADDR": address})
    assert seen == [("203.0.113.9", "https"), ("203.0.113.9", "https"), ("10.0.0.6", "http")]


def test_the_plain_port_says_where_the_panel_is_and_hands_out_the_authority_with_its_fingerprint(folder):
    server = plain.serve("127.0.0.1", 0, "https://shop-pc:8443", folder)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def get(path):
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}{path}", timeout=30) as answer:
            return answer.headers, answer.read()

    try:
        page = get("/orders/order/list/?q=<script>")[1].decode()
        assert "https://shop-pc:8443" in page and certificates.fingerprint(folder / tls.CA) in page and "<script>" not in page
        headers, body = get("/ca.crt")
        assert headers["Content-Type"] == "application/x-x509-ca-cert" and body == (folder / tls.CA).read_bytes()
        assert get("/code.svg")[1].startswith(b"<svg") and b"PRIVATE" not in b"".join(get(f"/{name}")[1] for name in os.listdir(folder))
    finally:
        server.shutdown()
        server.server_close()


def test_the_command_makes_prints_and_shows_it(app, tmp_path, monkeypatch):
    monkeypatch.setitem(app.config, "HOME", tmp_path)
    monkeypatch.setitem(app.config, "TLS_FOLDER", None)
    monkeypatch.setattr(commands, "own_names", lambda: ["shop-pc", "192.168.1.20"])
    runner = app.test_cli_runner()
    made = runner.invoke(args=["tls", "make", "--name", "till.local"])
    mark = certificates.fingerprint(tmp_path / "tls" / tls.CA)
    assert made.exit_code == 0 and mark in made.output and "till.local" in made.output and "ZHANGGUI_TLS=tls" in made.output
    shown = runner.invoke(args=["tls", "show"])
    assert shown.exit_code == 0 and mark in shown.output
    assert runner.invoke(args=["tls", "make", "--name", "bank.example.com"]).exit_code == 1
