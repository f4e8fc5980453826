"""What goes out to platforms: signed, once by its key, tried again where that may help, with its result in the log."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest

from app.panel.core import policy, records, signing
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError, Forbidden, InvalidInput
from app.panel.core.outbox import OutboxRow
from app.shop.creators.models import CreatorAccount
from app.shop.live.feed import keys, replies
from app.shop.live.feed.door import FORM
from app.shop.live.feed.envelope import Event
from app.shop.live.feed.known import look_up
from app.shop.live.feed.store import Parcel, store
from app.shop.live.feed.words import Filter
from app.shop.live.models import LiveAction, LiveLink, LiveOut, LiveOutlet, LiveReplyRule
from app.shop.live.out import adapters
from app.shop.live.out.states import OutKind, OutletKind, OutState
from app.shop.live.services import outgoing, plan, run
from app.shop.live.states import Outcome, SessionState
from app.shop.setup.models import Channel, ChannelAccount
from app.shop.setup.states import ChannelKind


@pytest.fixture
def way(session, studio):
    """`way(kind, url=…)`: a way out of the channel of the session."""

    def make(kind=OutletKind.PRACTICE, **values):
        return records.create(LiveOutlet, {"channel_id": studio.channel.id, "kind": kind, **values}, actor=SYSTEM)

    return make


@pytest.fixture
def platform(monkeypatch):
    """A program in between: what it was posted, and what it answers next."""
    got = SimpleNamespace(posts=[], answers=[], said=[])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.posts.append((dict(self.headers), body))
            self.send_response(got.answers.pop(0) if got.answers else 200)
            self.end_headers()
            self.wfile.write(got.said.pop(0) if got.said else b"")

        def log_message(self, *_words):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    got.url = f"http://127.0.0.1:{server.server_port}/in"
    monkeypatch.setattr(adapters.settings, "setting", lambda key: True)
    yield got
    server.shutdown()
    server.server_close()


def rows(session):
    """What went out; in tests a worker stands ready at each commit."""
    session.expire_all()
    return session.query(LiveOut).order_by(LiveOut.id).all()


def work(session):
    """Do once more what the outbox holds for platforms, as a worker does with what failed."""
    for row in session.query(OutboxRow).filter_by(kind="live.out").order_by(OutboxRow.id).all():
        payload = dict(row.payload)
        session.commit()
        try:
            outgoing.carry(payload)
        except adapters.Refused:
            session.rollback()
    session.expire_all()
    return session.query(LiveOut).order_by(LiveOut.id).all()


def test_the_preview_goes_to_each_channel_once_with_a_link_of_its_own_and_again_when_it_was_changed(session, signed, way):
    outlet = way()
    assert outgoing.push(signed, actor=SYSTEM) == 1 and outgoing.push(signed, actor=SYSTEM) == 0
    (row,) = rows(session)
    link = session.query(LiveLink).filter_by(session_id=signed.id, partner=outlet.channel.name).one()
    assert (row.state, row.tries, row.kind) == (OutState.SENT, 1, OutKind.PREVIEW) and row.sent_at
    assert row.values["url"].endswith(f"/live/p/{link.token}") and "Evening" in row.text
    records.update(signed, {"preview_text": "Come"}, actor=SYSTEM)
    assert outgoing.push(signed, actor=SYSTEM) == 1
    rows(session)
    assert [one.text for one in outgoing.of_session(signed, OutKind.PREVIEW)] == ["Come"]


def test_a_draft_is_not_published_and_a_channel_that_fails_says_so_and_is_tried_again(session, signed, way):
    outlet = way(url="fail")
    plan.move(signed, SessionState.DRAFT, actor=SYSTEM)
    with pytest.raises(DomainError, match="once the session is ready"):
        outgoing.push(signed, actor=SYSTEM)
    for check in list(signed.checks):
        plan.tick(check.id, True, actor=SYSTEM)
    plan.move(signed, SessionState.READY, actor=SYSTEM)
    outgoing.push(signed, actor=SYSTEM)
    (row,) = rows(session)
    assert (row.state, row.said) == (OutState.FAILED, "练习渠道按要求返回了失败。"), "in the language of the house"
    records.update(outlet, {"url": ""}, actor=SYSTEM)
    outgoing.again(row, actor=SYSTEM)
    assert [one.state for one in rows(session)] == [OutState.SENT]
    with pytest.raises(DomainError, match="Only what failed"):
        outgoing.again(session.query(LiveOut).one(), actor=SYSTEM)


def test_a_webhook_is_signed_tried_again_under_its_key_and_given_up_on_a_refusal(session, signed, way, platform):
    outlet = way(OutletKind.WEBHOOK, url=platform.url)
    secret = outgoing.new_secret(outlet, actor=SYSTEM)
    platform.answers[:] = [503]
    outgoing.push(signed, actor=SYSTEM)
    (row,) = rows(session)
    assert (row.state, row.tries) == (OutState.WAITING, 1) and "503" in row.said
    (row,) = work(session)
    assert (row.state, row.tries) == (OutState.SENT, 2)
    work(session)
    assert len(platform.posts) == 2, "what is taken goes out no more"
    assert {headers[adapters.KEY] for headers, _body in platform.posts} == {row.key}
    headers, body = platform.posts[-1]
    seconds, nonce, made = FORM.fullmatch(headers[adapters.SIGNATURE]).groups()
    assert signing.fits([secret], f"{seconds}.{nonce}", body, made)
    assert json.loads(body)["session"]["title"] == "Evening" and json.loads(body)["url"].startswith("http")
    records.update(signed, {"preview_text": "Other"}, actor=SYSTEM)
    platform.answers[:] = [400]
    outgoing.push(signed, actor=SYSTEM)
    assert rows(session)[-1].state is OutState.FAILED


def test_a_preview_is_posted_in_a_group_with_a_link_of_its_own_and_says_whose_accounts_it_belongs_to(session, signed, studio, way, platform):
    kind = studio.channel.kind
    records.create(CreatorAccount, {"creator_id": studio.host.id, "platform": kind, "name": "Che live", "external_id": "c-1"}, actor=SYSTEM)
    records.create(CreatorAccount, {"creator_id": studio.host.id, "platform": other_than(kind), "name": "Che there"}, actor=SYSTEM)
    records.create(ChannelAccount, {"channel_id": studio.channel.id, "name": "Our shop"}, actor=SYSTEM)
    program = way(OutletKind.WEBHOOK, url=platform.url)
    outgoing.new_secret(program, actor=SYSTEM)
    way(OutletKind.GROUP, url=platform.url)
    platform.said[:] = [b"{}", b'{"errcode": 0, "errmsg": "ok"}']
    assert outgoing.push(signed, actor=SYSTEM) == 2
    by_program, in_group = rows(session)
    assert (in_group.state, in_group.said) == (OutState.SENT, "已发到群里。")
    told, shown = (json.loads(body) for _headers, body in platform.posts)
    assert told["accounts"] == [{"of": "host", "name": "Che live", "id": "c-1"}, {"of": "organisation", "name": "Our shop", "id": ""}]
    assert shown["text"]["content"].startswith(in_group.text) and shown["text"]["content"].endswith(in_group.values["url"])
    assert in_group.values["url"] != by_program.values["url"], "so that we see what the group brings"
    for answer, state in ((b'{"errcode": 45009, "errmsg": "too often"}', OutState.WAITING), (b'{"code": 19001, "msg": "no such robot"}', OutState.FAILED),
                          (b"<html>", OutState.FAILED)):  # fmt: skip
        records.update(signed, {"preview_text": f"Come {answer!r}"}, actor=SYSTEM)
        platform.said[:] = [b"{}", answer]
        outgoing.push(signed, actor=SYSTEM)
        assert rows(session)[-1].state is state, answer
    with pytest.raises(InvalidInput, match="https"):
        records.update(session.query(LiveOutlet).filter_by(kind=OutletKind.GROUP).one(), {"url": ""}, actor=SYSTEM)


def other_than(kind):
    return next(one for one in ChannelKind if one is not kind)


def test_an_address_of_the_house_is_refused_unless_that_is_allowed(session, signed, way, platform, monkeypatch):
    outlet = way(OutletKind.WEBHOOK, url=platform.url)
    outgoing.new_secret(outlet, actor=SYSTEM)
    monkeypatch.setattr(adapters.settings, "setting", lambda key: False)
    outgoing.push(signed, actor=SYSTEM)
    (row,) = rows(session)
    assert row.state is OutState.FAILED and "内网" in row.said and platform.posts == []
    with pytest.raises(InvalidInput, match="https"):
        records.update(outlet, {"url": "ftp://x"}, actor=SYSTEM)


def test_answers_and_notices_go_to_the_platform_and_their_result_stands_in_the_log(session, on_air, way, person):
    way()
    session.add(LiveReplyRule(words="how long", answer="90 cm", seconds=60))
    session.commit()
    feed, _secret = keys.open_feed(on_air, actor=SYSTEM)
    ms = int(on_air.begun_at.timestamp() * 1000)
    events = [Event(f"c{n}", "comment", ms + n, "v", text="how long is it") for n in range(3)]
    kept = store([Parcel(look_up(feed.id), events, ms)], Filter())[on_air.id]
    replies.answer(on_air.id, kept.comments)
    step = on_air.step
    run.put_notice(on_air.id, "It is 59, not 95", actor=person("ada"), key="notice-it")
    assert [(row.kind, row.text, row.state) for row in rows(session)] == [
        (OutKind.REPLY, "90 cm", OutState.SENT), (OutKind.NOTICE, "It is 59, not 95", OutState.SENT),
    ]  # fmt: skip
    log = session.query(LiveAction).filter_by(verb="sent_out").order_by(LiveAction.id).all()
    assert [(one.outcome, "90 cm" in one.said) for one in log] == [(Outcome.DONE, True), (Outcome.DONE, False)]
    assert on_air.step == step + 2, "of the notice and of its result: the consoles see both"
    work(session)
    assert session.query(LiveAction).filter_by(verb="sent_out").count() == 2


def test_a_rehearsal_reaches_practice_channels_only(session, signed, way, platform):
    way(OutletKind.WEBHOOK, url=platform.url)
    practice = way()
    records.update(signed, {"is_practice": True}, actor=SYSTEM)
    assert outgoing.outlets_of(signed, OutKind.PREVIEW) == outgoing.outlets_of(signed, OutKind.NOTICE) == [practice]


def test_only_administrators_make_ways_out_and_their_secrets(session, way, person, as_user):
    outlet = way()
    assert not policy.allowed(person("ben"), "read", "live.LiveOutlet")
    with pytest.raises(Forbidden):
        outgoing.new_secret(outlet, actor=person("ben"))
    assert b"zgs_" not in as_user("ada").get(f"/live/outlets/{outlet.id}/secret").data


def test_each_group_of_a_channel_has_its_robot_and_hears_of_the_sessions_of_its_room_or_channel_alone(session, studio, signed, way, platform):
    elsewhere = records.create(Channel, {"shop_id": studio.channel.shop_id, "name": "Counter two", "kind": "own_site"}, actor=SYSTEM)
    answers = {"kind": OutletKind.GROUP, "url": platform.url}
    here = way(name="Guests 1", room_id=studio.room.id, **answers), way(name="Guests 2", **answers)
    way(name="Room 2", room_id=studio.other.id, **answers)
    way(name="Team", channel_id=elsewhere.id, only_own=True, **answers)
    all_of_shop = way(name="All", channel_id=elsewhere.id, **answers)
    way()
    for values in (answers | {"name": "Guests 1"}, {}):
        with pytest.raises(InvalidInput, match="a name of its own"):
            way(**values)
    platform.said[:] = [b'{"errcode": 0}'] * 3
    assert {one.id for one in outgoing.outlets_of(signed, OutKind.PREVIEW) if one.kind is OutletKind.GROUP} == {here[0].id, here[1].id, all_of_shop.id}
    assert {one.id for one in outgoing.outlets_of(signed, OutKind.REPLY) if one.kind is OutletKind.GROUP} == {one.id for one in here}
    outgoing.push(signed, actor=SYSTEM)
    sent = [row for row in rows(session) if row.outlet.kind is OutletKind.GROUP]
    assert len({row.values["url"] for row in sent}) == 3, "each group has a link of its own, so that one sees what it brings"
    assert sorted(str(row.outlet) for row in sent) == ["Counter A: Guests 1", "Counter A: Guests 2", "Counter two: All"]
    records.update(here[0], {"name": ""}, actor=SYSTEM)
    assert here[0].name is None and str(here[0]) == "Counter A: Chat group"
