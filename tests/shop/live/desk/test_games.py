"""Polls, lotteries, lucky bags, quizzes: the rule stands, each viewer counts once by his own time, a draw is made once and again."""

import datetime as dt
import hashlib
import itertools
from types import SimpleNamespace

import pytest
from flask_babel import force_locale
from sqlalchemy import select, update

from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.transaction import transactional
from app.shop.live.analysis import draws
from app.shop.live.feed.states import EventState
from app.shop.live.feed.voting import Voting
from app.shop.live.models import (
    LiveAction,
    LiveBucket,
    LiveComment,
    LiveEntry,
    LiveEvent,
    LiveFeed,
    LiveGame,
    LiveMute,
    LiveSeal,
    LiveTally,
    LiveViewer,
    LiveWinner,
)
from app.shop.live.rules import prize_said
from app.shop.live.services import board, free, games, games_board, games_clock, prizes, quiet, run, taking_part
from app.shop.live.services.games import Rule
from app.shop.live.states import Condition, GameKind, GameState, Outcome, Post, PrizeState, SessionState

POLL = Rule(
    GameKind.POLL, "Type 1 if it suits you", 30, Condition.CHOICE, choices=(("1", "suits me"), ("2", "does not"))
)
QUIZ = Rule(
    GameKind.QUIZ,
    "How many colours?",
    60,
    Condition.CHOICE,
    choices=(("3", ""), ("5", "")),
    answer="5",
    prize="A cup",
    winners=1,
)
LOTTERY = Rule(GameKind.LOTTERY, "Write cup", 60, Condition.KEYWORD, keyword="Cup", prize="A cup", winners=2)
BAG = Rule(GameKind.BAG, "Say anything", 60, prize="A bowl", winners=3, draws_itself=True)


@pytest.fixture
def room(session, on_air, person, clock):
    """The clock stands; `room.say(second, viewer, text)` writes what the feed would have stored."""
    clock.advance(seconds=0)
    begun, numbers = clock.now(), itertools.count(1)

    @transactional
    def open_feed():
        feed = LiveFeed(session_id=on_air.id, public_id="games", nonce="n")
        session.add(feed)
        session.flush()
        return feed.id

    feed_id = open_feed()

    @transactional
    def say(second, viewer, text, **more):
        at = begun + dt.timedelta(seconds=second)
        row = LiveComment(
            session_id=on_air.id, feed_id=feed_id, source_event_id=f"c{next(numbers)}", at=at, viewer=viewer,
            name=viewer.upper(), text=text, **more,
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id

    @transactional
    def event(second, viewer, kind, state=None, **more):
        at = begun + dt.timedelta(seconds=second)
        number = f"e{next(numbers)}"
        session.add(LiveEvent(
            feed_id=feed_id, session_id=on_air.id, source_event_id=number, kind=kind, at=at, viewer=viewer, state=state, **more,
        ))  # fmt: skip

    @transactional
    def watch(second, viewers):
        at = begun + dt.timedelta(seconds=second)
        session.add(LiveBucket(session_id=on_air.id, item_id=0, starts_at=at, viewers=viewers, viewers_ms=1))

    def wait(seconds):
        clock.advance(seconds=seconds)
        return games_clock.on_time()

    def game(number):
        session.expire_all()
        return session.get(LiveGame, number)

    ada, keys = person("ada"), itertools.count()
    return SimpleNamespace(
        id=on_air.id, live=on_air, say=say, event=event, watch=watch, wait=wait, game=game, ada=ada, key=lambda: f"key-{next(keys):04}",
        plan=lambda rule, **more: games.plan(on_air.id, rule, actor=more.pop("actor", ada), key=more.pop("key", f"plan-{next(keys):04}"))["game"],
    )  # fmt: skip


def later(rule, **values):
    return Rule(**{**rule.__dict__, **values})


def test_a_poll_counts_each_viewer_once_by_the_time_of_the_comment_and_closes_itself(session, room):
    number = room.plan(POLL)
    said = [
        (1, "a", "1"),
        (2, "a", "2"),
        (3, "b", " １ "),
        (4, "c", "2"),
        (5, "d", "11"),
        (6, "e", "hello 1"),
        (29.9, "f", "２"),
    ]
    for second, viewer, text in [*said, (-1, "early", "1"), (30, "late", "1"), (7, "", "1")]:
        room.say(second, viewer, text)
    room.say(8, "g", "1", is_hidden=True, why="word: x")
    assert room.wait(30) == 0 and room.game(number).state is GameState.OPEN, "what happened in time is still on its way"
    assert room.wait(3) == 1
    game = room.game(number)
    assert (game.state, game.counted, game.taken_part) == (GameState.DONE, {"1": 2, "2": 2}, 4)
    assert [(row.viewer, row.word) for row in taking_part.kept(game)] == [
        ("a", "1"),
        ("b", "1"),
        ("c", "2"),
        ("f", "2"),
    ]
    assert room.wait(60) == 0 and session.query(LiveEntry).count() == 4
    assert "1 2, 2 2" in session.query(LiveAction).filter_by(verb="close_game").one().said


def test_a_poll_is_closed_early_and_one_begun_by_mistake_is_taken_back(session, room):
    number = room.plan(POLL)
    room.say(1, "a", "1")
    room.wait(5)
    games.close(room.id, number, actor=room.ada, key=room.key())
    assert room.game(number).counted == {"1": 1}
    games.plan(room.id, POLL, actor=room.ada, key="wrong-one")
    action = session.query(LiveAction).filter_by(verb="game").order_by(LiveAction.id.desc()).first()
    run.undo(room.id, action.id, actor=room.ada, key=room.key())
    assert [row.state for row in session.query(LiveGame).order_by(LiveGame.id)] == [GameState.DONE, GameState.CANCELLED]


def test_a_lottery_is_drawn_once_from_unique_viewers_without_those_who_are_silenced(session, room):
    number = room.plan(LOTTERY)
    shown = room.game(number).seed_hash
    for second, viewer, text in [
        (1, "a", "CUP!"),
        (2, "a", "cup"),
        (3, "b", "ｃｕｐ"),
        (4, "c", "c u p"),
        (5, "d", "bowl"),
        (6, "m", "cup"),
        (7, "x", "cup"),
    ]:
        room.say(second, viewer, text)
    quiet.mute(room.id, "m", actor=room.ada, key=room.key())
    quiet.mute(room.id, "x", everywhere=True, actor=room.ada, key=room.key())
    with pytest.raises(DomainError, match="still open"):
        games.draw(room.id, number, actor=room.ada, key=room.key())
    with pytest.raises(DomainError, match="part of its rule"):
        games.close(room.id, number, actor=room.ada, key=room.key())
    room.wait(63)
    assert room.game(number).seed is None and room.game(number).in_the_draw == 3
    first = games.draw(room.id, number, actor=room.ada, key="draw-it-now")
    assert games.draw(room.id, number, actor=room.ada, key="draw-it-now") == first, "a lost answer is asked for again"
    for actor in (room.ada, SYSTEM):
        with pytest.raises(DomainError, match="drawn already"):
            games.draw(room.id, number, actor=actor, key=room.key())
    won = [row.viewer for row in session.query(LiveWinner).order_by(LiveWinner.place)]
    game = room.game(number)
    assert won == first["winners"] == draws.winners(game.seed, ["a", "b", "c"], 2)
    assert game.seed_hash == shown == hashlib.sha256(game.seed.encode()).hexdigest()
    assert game.takers_hash == hashlib.sha256(b"a\nb\nc").hexdigest()


def test_one_byte_of_what_was_drawn_from_makes_another_draw_say_so(session, room):
    number = room.plan(BAG)
    for second in range(40):
        room.say(second, f"v{second:02}", "hi")
    room.wait(63)
    game = room.game(number)
    assert game.state is GameState.DONE and games.draw_again(game).same
    assert len(games.draw_again(game).drawn) == 3

    def spoiled(model, where, **values):
        before = session.execute(select(model.__table__).where(where)).mappings().one()
        set_to(model, where, **values)
        session.expire_all()
        again = games.draw_again(session.get(LiveGame, number))
        set_to(model, where, **{name: before[name] for name in values})
        session.expire_all()
        return again

    entry = next(row.id for row in taking_part.kept(game) if row.viewer == "v07")
    assert not spoiled(LiveEntry, LiveEntry.id == entry, viewer="v0+").takers_fit
    seed = game.seed
    other = spoiled(LiveGame, LiveGame.id == number, seed=("1" if seed[0] == "0" else "0") + seed[1:])
    assert (other.seed_fits, other.winners_fit, other.same) == (False, False, False)
    first = session.query(LiveWinner).filter_by(game_id=number, place=1).one()
    assert not spoiled(LiveWinner, LiveWinner.id == first.id, viewer="v0+").winners_fit
    assert games.draw_again(session.get(LiveGame, number)).same


@transactional
def set_to(model, where, **values):
    from app.panel.core.db import db

    db.session.execute(update(model.__table__).where(where).values(**values))


def test_a_draw_whose_takers_were_tampered_with_after_the_close_is_not_made(session, room):
    number = room.plan(LOTTERY)
    for viewer in "abc":
        room.say(1, viewer, "cup")
    room.wait(63)
    set_to(LiveEntry, LiveEntry.viewer == "b", viewer="mine")
    with pytest.raises(DomainError, match="not drawn"):
        games.draw(room.id, number, actor=room.ada, key=room.key())
    assert session.query(LiveWinner).count() == 0


def test_a_quiz_draws_from_right_first_answers_only_and_tells_nobody_the_answer_before(session, room, person):
    number = room.plan(QUIZ)
    for second, viewer, text in [(1, "a", "5"), (2, "b", "3"), (3, "b", "5"), (4, "c", "it is 5"), (61, "late", "5")]:
        room.say(second, viewer, text)
    answers = {post: board.state(room.live, post, room.ada)["games"][0]["answer"] for post in Post}
    assert answers == {Post.CONTROL: "5", Post.HOST: "", Post.SERVICE: ""}
    assert room.game(number).answer is None and session.get(LiveSeal, number).answer == "5"
    log = session.query(LiveAction).filter_by(verb="game").one()
    assert "answer" not in log.values and "5" not in log.said
    room.wait(63)
    game = room.game(number)
    assert (game.answer, game.counted, game.taken_part, game.in_the_draw) == ("5", {"5": 1, "3": 1}, 2, 1)
    assert games.draw(room.id, number, actor=room.ada, key=room.key())["winners"] == ["a"]
    assert board.state(room.live, Post.SERVICE, room.ada)["games"][0]["answer"] == "5"
    seen = room.plan(later(QUIZ, host_sees_answer=True))
    state = board.state(room.live, Post.HOST, room.ada)["games"]
    assert next(one for one in state if one["id"] == seen)["answer"] == "5"


def test_a_bag_opens_and_closes_by_the_clock_even_after_the_server_was_away(session, room):
    number = room.plan(later(BAG, opens_in=120))
    game = room.game(number)
    assert game.state is GameState.PLANNED and game.seed_hash
    room.say(100, "early", "hi")
    room.say(130, "a", "hi")
    room.say(200, "late", "hi")
    assert room.wait(119) == 0
    room.wait(400)  # it was away all the while: it opens late, with the window of its rule
    assert room.game(number).state is GameState.OPEN
    assert room.wait(1) == 1
    assert [row.viewer for row in taking_part.kept(room.game(number))] == ["a"]
    assert session.query(LiveWinner).one().viewer == "a"
    assert (
        session.query(LiveAction)
        .filter(LiveAction.verb.in_(["open_game", "close_game"]), LiveAction.actor_id.is_(None))
        .count()
        == 2
    )


def test_a_game_that_is_open_or_over_cannot_be_changed_and_its_row_has_no_form(session, room, as_user):
    number = room.plan(BAG)
    for path in (f"/live_livegame/edit/{number}", f"/livegame/edit/{number}", f"/live/livegame/edit/{number}"):
        assert as_user("ada").get(path).status_code in (403, 404)
    games.call_off(room.id, number, actor=room.ada, key=room.key())
    for verb in (games.open_now, games.draw, games.call_off, games.close):
        with pytest.raises(DomainError):
            verb(room.id, number, actor=room.ada, key=room.key())
    assert room.game(number).state is GameState.CANCELLED


def test_orders_of_the_first_minutes_join_the_free_order_each_with_its_own(session, room):
    for second, viewer, state in [
        (10, "a", EventState.TAKEN),
        (20, "a", EventState.TAKEN),
        (299, "b", EventState.REHEARSED),
        (301, "c", EventState.TAKEN),
        (30, "d", EventState.REFUSED),
    ]:
        room.event(second, viewer, "order", state)
    room.event(40, "", "order", EventState.TAKEN, number="D-9")
    room.wait(280)
    rule = Rule(GameKind.FREE, "First five minutes", 300, Condition.ORDER, prize="Your order is free", winners=1)
    number = room.plan(rule)  # pressed in the fifth minute: it is for the first five all the same
    assert room.game(number).taken_part == 3, "what was before it was opened is told at once"
    room.wait(23)
    assert [row.viewer for row in taking_part.kept(room.game(number))] == ["a", "order:D-9", "b"]
    assert len(games.draw(room.id, number, actor=room.ada, key=room.key())["winners"]) == 1


def test_what_the_program_promises_is_said_in_the_language_of_the_reader(session, room):
    with force_locale("zh_Hans_CN"):
        number = room.plan(free.rule_of("", 5, 1))
    game = games_board.of_the_games(room.live, Post.HOST, room.ada)["games"][0]
    assert (game["id"], game["prize"]) == (number, "All of the money back")
    assert prize_said("A cup") == "A cup"


def test_followers_join_a_draw_of_followers(session, room):
    number = room.plan(later(BAG, condition=Condition.FOLLOW, winners=9))
    for second, viewer in [(1, "a"), (2, "a"), (3, "b"), (70, "c")]:
        room.event(second, viewer, "follow")
    room.watch(10, 80)
    room.watch(20, 100)
    room.wait(63)
    assert sorted(row.viewer for row in session.query(LiveWinner)) == ["a", "b"]
    assert room.game(number).viewers == 100


def test_a_game_that_is_planned_before_the_session_opens_with_it(session, signed, person, clock):
    clock.advance(seconds=0)
    ada = person("ada")
    first = games.plan(signed.id, later(BAG, opens_after=0), actor=ada, key="plan-first")["game"]
    then = games.plan(signed.id, later(BAG, opens_after=600), actor=ada, key="plan-then")["game"]
    clock.advance(minutes=5)
    run.begin(signed.id, actor=ada, key="begin-it")
    session.expire_all()
    assert session.get(LiveGame, first).state is GameState.OPEN
    assert session.get(LiveGame, then).opens_at == clock.now() + dt.timedelta(seconds=600)
    run.end(signed.id, actor=ada, key="end-it-1")
    session.expire_all()
    assert [row.state for row in session.query(LiveGame).order_by(LiveGame.id)] == [GameState.DONE, GameState.CANCELLED]
    assert session.get(LiveGame, first).closes_at == clock.now()


def test_a_prize_is_claimed_and_sent_and_that_is_taken_back(session, room, person):
    room.plan(BAG)
    room.say(1, "a", "hi")
    room.wait(63)
    won = session.query(LiveWinner).one()
    prizes.move(room.id, won.id, PrizeState.CLAIMED, actor=person("ben"), key=room.key(), expected_version=won.version)
    sent = prizes.move(room.id, won.id, PrizeState.SENT, actor=room.ada, key=room.key())["action"]
    with pytest.raises(DomainError, match="already"):
        prizes.move(room.id, won.id, PrizeState.CLAIMED, actor=room.ada, key=room.key())
    run.undo(room.id, sent, actor=room.ada, key=room.key())
    session.expire_all()
    assert (won.state, won.sent_at is None, won.claimed_at is None) == (PrizeState.CLAIMED, True, False)


def test_winners_get_a_coupon_of_their_own_and_a_batch_that_is_used_up_is_said(session, room):
    from app.shop.marketing.models import Coupon, CouponBatch

    @transactional
    def make():
        batch = CouponBatch(name="Prize", amount=500, total=1)
        session.add(batch)
        session.flush()
        return batch.id

    room.plan(later(BAG, batch_id=make(), winners=2))
    for viewer in "ab":
        room.say(1, viewer, "hi")
    room.wait(63)
    first, second = session.query(LiveWinner).order_by(LiveWinner.place)
    assert session.query(Coupon).one().id == first.coupon_id
    assert second.coupon_id is None and second.note


@pytest.mark.parametrize(("rule", "field"), [
    (later(POLL, choices=()), "choices"), (later(POLL, choices=(("1", ""), ("１", ""))), "choices"), (later(QUIZ, answer="7"), "answer"),
    (later(BAG, winners=0), "winners"), (later(BAG, prize=" "), "prize"), (later(LOTTERY, keyword="　"), "keyword"),
    (later(BAG, seconds=2), "seconds"), (later(BAG, prompt=""), "prompt"), (later(BAG, condition=Condition.CHOICE), "condition"),
    (later(BAG, opens_in=10**6), "opens_in"),
])  # fmt: skip
def test_a_rule_that_does_not_fit_is_refused_field_by_field(room, rule, field):
    with pytest.raises(InvalidInput) as error:
        room.plan(rule)
    assert set(error.value.errors) == {field}


def test_a_viewer_is_muted_blocked_and_heard_again(session, room, person):
    mine, worse = room.say(1, "m", "hello"), room.say(2, "m", "again")
    muted = quiet.mute(room.id, "m", name="M", actor=person("ben"), key=room.key())
    assert hidden(session, mine, worse) == {mine: "muted", worse: "muted"}
    with pytest.raises(DomainError, match="already"):
        quiet.mute(room.id, "m", actor=room.ada, key=room.key())
    state = board.state(room.live, Post.CONTROL, room.ada)
    assert (state["silent"], state["muted"]) == (["m"], [{"id": muted["mute"], "name": "M", "everywhere": False}])
    blocked = quiet.mute(room.id, "m", everywhere=True, actor=room.ada, key=room.key())
    quiet.unmute(room.id, muted["mute"], actor=room.ada, key=room.key())
    assert set(hidden(session, mine, worse)) == {mine, worse}, "he is still blocked in every session"
    run.undo(room.id, blocked["action"], actor=room.ada, key=room.key())
    assert hidden(session, mine, worse) == {} and session.query(LiveMute).count() == 0
    with pytest.raises(DomainError, match="taken back"):
        run.undo(room.id, blocked["action"], actor=room.ada, key=room.key())


def hidden(session, *numbers):
    session.expire_all()
    return {
        row.id: row.why for row in session.query(LiveComment).filter(LiveComment.id.in_(numbers), LiveComment.is_hidden)
    }


def test_a_comment_is_taken_off_the_screens_counts_no_more_and_comes_back(session, room):
    number = room.plan(BAG)
    bad = room.say(1, "a", "buy at mine")
    action = quiet.hide(room.id, bad, actor=room.ada, key=room.key())["action"]
    assert board.state(room.live, Post.SERVICE, room.ada)["hidden"] == [bad]
    room.wait(63)
    assert room.game(number).taken_part == 0 and room.game(number).state is GameState.DONE
    run.undo(room.id, action, actor=room.ada, key=room.key())
    assert hidden(session, bad) == {} and session.query(LiveAction).filter_by(outcome=Outcome.UNDONE).count() == 1


def test_who_does_not_stand_at_the_desk_starts_nothing(session, room, person):
    for actor in (person("ben"), person("cleo")):
        with pytest.raises(DomainError):
            games.plan(room.id, POLL, actor=actor, key=room.key())
    assert session.query(LiveGame).count() == 0 and room.live.state is SessionState.LIVE


def test_participation_is_held_against_the_same_kind_of_game_in_earlier_sessions(session, room, planned, signed):
    from app.shop.live.services import participation

    now = room.live.begun_at

    @transactional
    def earlier(hours, taken_part, state=GameState.DONE, kind=GameKind.BAG):
        past = planned(hours)
        session.add(LiveGame(
            session_id=past.id, kind=kind, state=state, prompt="p", condition=Condition.COMMENT, seconds=60, opens_at=now,
            closes_at=now, taken_part=taken_part, viewers=100, choices=[], counted={},
        ))  # fmt: skip

    for hours, part in ((-30, 30), (-60, 60), (-90, 50)):
        earlier(hours, part)
    earlier(-120, 99, state=GameState.CANCELLED)
    earlier(-150, 99, kind=GameKind.POLL)
    room.watch(10, 100)
    room.plan(BAG)
    for viewer in range(33):
        room.say(1, f"v{viewer}", "hi")
    room.wait(63)
    [row] = participation.of_session(room.live)
    assert (row.compared.share, row.compared.usual, row.compared.n, row.compared.is_low) == (0.33, 0.5, 3, True)


@pytest.mark.parametrize(("leaves", "there"), [(1, 4), (0, 3)])
def test_participation_is_of_all_who_were_there_and_never_above_a_hundred_per_cent(session, room, leaves, there):
    seen = {"gone": (0, 5), "back": (0, 12), "still": (0, 4), "writes": (11, 20), "asks": (30, 30), "late": (75, 75)}

    @transactional
    def came():
        at = room.live.begun_at
        session.add(LiveTally(session_id=room.id, item_id=0, joins=6, leaves=leaves))
        for name, (first, last) in seen.items():
            session.add(LiveViewer(session_id=room.id, viewer=name, name=name, source="", **{
                key: at + dt.timedelta(seconds=second) for key, second in (("first_at", first), ("last_at", last))
            }))  # fmt: skip

    came()
    if leaves:
        room.event(5, "gone", "leave")
        room.event(6, "back", "leave")
    room.watch(12, 1)  # at once there is but one of them
    room.wait(10)
    number = room.plan(BAG)
    for viewer in ("writes", "asks"):
        room.say(20, viewer, "hi")
    room.wait(63)
    game = room.game(number)
    assert (game.taken_part, game.viewers) == (2, there)


def test_the_screens_are_told_of_votes_as_they_come_and_a_late_screen_finds_them(session, room):
    number, bag = room.plan(POLL), room.plan(BAG)
    voting, version = Voting(), room.game(number).version
    room.say(2, "a", "2")
    voting.note(room.id)
    assert {one["id"]: (one["taken_part"], one["counted"]) for one in voting.look()[room.id]} == {number: (1, {"2": 1}), bag: (1, {})}
    room.say(1, "a", "1")  # came late, was written first
    room.say(3, "b", "1")
    room.say(3, "c", "no")
    voting.looked_at = 0
    voting.note(room.id)
    told = {one["id"]: one for one in voting.look()[room.id]}
    assert told[number]["counted"] == {"1": 2} and told[bag]["taken_part"] == 3
    assert room.game(number).counted == {"1": 2} and room.game(number).version == version, "no screen becomes old by a vote"
    voting.looked_at = 0
    voting.note(room.id)
    assert voting.look() == {}, "nothing changed"


def test_the_desk_begins_games_and_moderates_over_its_address_and_the_log_says_what_was_refused(session, room, as_user):
    ada, ben = as_user("ada"), as_user("ben")

    def send(client, post, verb, **values):
        headers = {"X-CSRFToken": client.token, "Accept": "application/json"}
        answer = client.post(f"/live/{room.id}/{post}/do/{verb}", json={"key": room.key() * 2, **values}, headers=headers)
        return answer.status_code, answer.get_json()

    quiz = {
        "kind": "quiz", "prompt": "How many?", "seconds": 60, "choices": [["3", ""], ["5", ""]], "answer": "5", "prize": "Cup", "winners": 1,
    }  # fmt: skip
    status, told = send(ada, "control", "game", **quiz)
    assert status == 200 and told["hash"]
    assert send(ada, "control", "game", **{**quiz, "winners": 0})[0] == 422
    assert send(ada, "control", "game", **{**quiz, "choices": [["3"]]})[0] == 422
    assert send(ada, "host", "game", **quiz)[0] == 404 and send(ben, "service", "game", **quiz)[0] == 404
    secret = session.get(LiveSeal, told["game"]).seed
    comment = room.say(1, "m", "hello")
    assert send(ben, "service", "hide", comment=comment)[0] == 200
    assert send(ben, "service", "mute", viewer="m", name="M")[0] == 200
    for post, client in (("host", ada), ("service", ben)):
        for address in (f"/live/{room.id}/{post}", f"/live/{room.id}/{post}/state.json"):
            text = client.get(address).get_data(as_text=True)
            assert "How many?" in text and '"answer":"5"' not in text.replace(" ", "") and secret not in text
    refused = session.query(LiveAction).filter_by(outcome=Outcome.REFUSED)
    assert [row.verb for row in refused] == ["game", "game"] and not any("answer" in row.values for row in refused)
    for address in ("", "/names.txt"):
        text = ada.get(f"/live/{room.id}/games/{told['game']}{address}").get_data(as_text=True)
        assert secret not in text


def test_the_page_of_a_draw_draws_again_and_hands_out_the_list_whose_hash_was_shown(session, room, as_user, planned):
    number = room.plan(BAG)
    for viewer in ("b", "a", "c", "=1+1"):
        room.say(1, viewer, "hi")
    room.wait(63)
    ada, base = as_user("ada"), f"/live/{room.id}/games/{number}"
    assert "the same" in ada.get(base).get_data(as_text=True)
    data = ada.get(f"{base}/names.txt").get_data()
    assert data == b"=1+1\na\nb\nc" and hashlib.sha256(data).hexdigest() == room.game(number).takers_hash
    set_to(LiveEntry, LiveEntry.viewer == "b", viewer="d")
    page = ada.get(base).get_data(as_text=True)
    assert "it differs" in page and "the same" not in page
    assert ada.get(f"/live/{planned(40).id}/games/{number}").status_code == 404
    assert as_user("ben").get(f"{base}/names.txt").status_code == 403
