"""Mail through the outbox: to the test mailbox, to a folder, to a real SMTP conversation, and never doubled headers."""

import socketserver
import threading

import pytest
import sqlalchemy as sa

from app.panel.core import mail, outbox
from app.panel.core.db import db
from app.panel.core.outbox import OutboxRow

LETTER = {"to": "ada@example.org", "subject": "订单已发货", "body": "Your parcel is on its way."}


@pytest.fixture
def here(backend):
    backend.config["JOBS_EAGER"] = True
    with backend.app_context():
        yield backend


def row():
    return db.session.execute(sa.select(OutboxRow.__table__)).one()


def test_a_test_mailbox_receives_the_letter(here):
    here.extensions["mailbox"] = []
    outbox.put("mail", LETTER)
    (letter,) = here.extensions["mailbox"]
    assert (letter["To"], letter["From"], letter["Subject"]) == ("ada@example.org", "shop@example.org", "订单已发货")
    assert "on its way" in letter.get_content()


def test_without_a_server_the_letter_is_written_down_for_the_owner_alone(here):
    outbox.put("mail", LETTER)
    (file,) = (here.config["LOG_FOLDER"] / "mail").iterdir()
    assert b"ada@example.org" in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    assert row().state == "done"


def test_letters_that_were_written_down_are_forgotten_after_a_month(here, clock):
    outbox.put("mail", LETTER)
    folder = here.config["LOG_FOLDER"]
    clock.advance(days=29)
    mail.sweep(folder)
    assert len(list((folder / "mail").iterdir())) == 1
    clock.advance(days=2)
    mail.sweep(folder)
    assert not list((folder / "mail").iterdir())


@pytest.mark.parametrize("field", ["to", "subject", "reply_to"])
def test_a_line_break_cannot_smuggle_a_header_in(here, field):
    here.extensions["mailbox"] = []
    outbox.put("mail", LETTER | {field: "x@example.org\r\nBcc: everybody@example.org"})
    assert here.extensions["mailbox"] == []
    assert row().state == "pending"
    assert "everybody" in row().error or "line" in row().error.lower()


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

    def __init__(self, refuse=False):
        self.letters, self.refuse = [], refuse
        super().__init__(("127.0.0.1", 0), Talk)


class Talk(socketserver.StreamRequestHandler):
    def handle(self):
        say = lambda line: self.wfile.write(line.encode() + b"\r\n")  # noqa: E731
        say("220 here")
        while line := self.rfile.readline().decode().strip():
            word = line.split()[0].upper()
            if word == "EHLO":
                say("250 hello")
            elif word == "DATA":
                say("354 go on")
                text = b""
                while not text.endswith(b"\r\n.\r\n"):
                    text += self.rfile.readline()
                self.server.letters.append(text)
                say("250 taken")
            elif word == "RCPT" and self.server.refuse:
                say("450 try later")
            elif word == "QUIT":
                say("221 bye")
                return
            else:
                say("250 ok")


@pytest.fixture
def server():
    with Server() as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def test_a_mail_server_gets_the_letter(here, server):
    here.config["SMTP_URL"] = f"smtp://127.0.0.1:{server.server_address[1]}"
    outbox.put("mail", LETTER | {"html": "<p>Your parcel</p>"})
    assert row().state == "done"
    (text,) = server.letters
    assert b"on its way" in text
    assert b"text/html" in text


def test_a_server_that_refuses_or_is_away_leaves_the_letter_for_a_later_try(here, server):
    server.refuse = True
    here.config["SMTP_URL"] = f"smtp://127.0.0.1:{server.server_address[1]}"
    outbox.put("mail", LETTER)
    assert (row().state, row().attempts) == ("pending", 1)
    assert server.letters == []
    here.config["SMTP_URL"] = "smtp://127.0.0.1:1"
    with pytest.raises(OSError):
        mail.send(LETTER)
