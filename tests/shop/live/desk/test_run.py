"""Commands of a session: once by their key, on what their sender saw, logged, told, and taken back where that is possible."""

import datetime as dt

import pytest

from app.panel.core import bus, notices
from app.panel.core.errors import Conflict, DomainError, Forbidden
from app.shop.customers.models import Customer
from app.shop.live.models import LiveAction, LiveItem, LiveMessage, LiveNotice, LiveQuestion, LiveSession, LiveSlot
from app.shop.live.services import asker, board, run, talk
from app.shop.live.states import AskedOf, ItemState, MessageKind, Outcome, Post, QuestionState, SessionState


@pytest.fixture
def ada(person):
    return person("ada")


@pytest.fixture
def told(monkeypatch):
    """The events that would go to the consoles."""
    sent = []
    monkeypatch.setattr(bus, "send", lambda _app, event: sent.append(event) or True)
    return sent


def pinned(session):
    return [str(item) for item in session.query(LiveItem).filter(LiveItem.pinned_at.is_not(None))]


def test_a_second_press_and_a_repeat_after_a_lost_answer_have_one_effect(session, on_air, items, ada, told):
    first = run.pin(on_air.id, items[0].id, actor=ada, key="press-one")
    assert run.pin(on_air.id, items[0].id, actor=ada, key="press-one") == first
    assert session.query(LiveAction).filter_by(verb="pin").count() == 1
    assert session.query(LiveSlot).count() == 1
    assert [event["k"] for event in told] == ["state"] and told[0]["t"] == f"live:{on_air.id}"
    session.expire_all()
    assert on_air.step == 2  # it began, and an item was put on screen


def test_exactly_one_item_is_on_screen_and_the_database_holds_to_it(session, on_air, items, ada, clock):
    clock.advance(minutes=0)  # it stands still from here
    for number, item in enumerate(items):
        run.pin(on_air.id, item.id, actor=ada, key=f"pin-{number}")
        clock.advance(minutes=4)
    assert pinned(session) == ["Pour tea"]
    slots = session.query(LiveSlot).order_by(LiveSlot.id).all()
    assert [slot.ended_at and slot.ended_at - slot.begun_at for slot in slots] == [dt.timedelta(minutes=4)] * 2 + [None]
    with pytest.raises(Exception, match=r"(?i)unique"):
        session.execute(
            LiveItem.__table__.update().where(LiveItem.id == items[0].id).values(pinned_at=items[1].created_at)
        )


def test_an_item_is_listed_suspended_put_back_and_delisted_and_no_other_way(session, on_air, items, ada):
    cup = items[0]
    steps = (
        ("list", "listed"),
        ("suspend", "suspended"),
        ("resume", "listed"),
        ("delist", "delisted"),
        ("list", "listed"),
    )
    for number, (verb, state) in enumerate(steps):
        run.change_item(on_air.id, verb, cup.id, actor=ada, key=f"move-{number}")
        session.expire_all()
        assert cup.state == state
    assert cup.stock_set_aside == items[0].stock_set_aside and cup.position == 1
    for verb, item in (("resume", cup), ("suspend", items[1]), ("list", items[2])):
        with pytest.raises(DomainError, match="cannot be done now"):
            run.change_item(on_air.id, verb, item.id, actor=ada, key=f"wrong-{verb}")


def test_a_screen_that_is_old_changes_nothing(session, on_air, items, ada):
    seen = items[0].version
    run.change_item(on_air.id, "list", items[0].id, actor=ada, key="first", expected_version=seen)
    with pytest.raises(Conflict):
        run.change_item(on_air.id, "suspend", items[0].id, actor=ada, key="second", expected_version=seen)
    session.expire_all()
    assert items[0].state is ItemState.LISTED
    with pytest.raises(DomainError, match="by now"):
        run.next_item(on_air.id, actor=ada, key="third", pinned=items[1].id)


def test_next_goes_down_the_sheet_and_passes_over_what_is_delisted(session, on_air, items, ada):
    run.change_item(on_air.id, "list", items[1].id, actor=ada, key="list-it")
    run.change_item(on_air.id, "delist", items[1].id, actor=ada, key="delist-it")
    run.next_item(on_air.id, actor=ada, key="next-1")
    assert pinned(session) == ["Cup"]
    run.next_item(on_air.id, actor=ada, key="next-2", pinned=items[0].id)
    assert pinned(session) == ["Pour tea"]
    with pytest.raises(DomainError, match="last item"):
        run.next_item(on_air.id, actor=ada, key="next-3", pinned=items[2].id)


def test_what_was_done_is_taken_back_if_it_still_stands(session, on_air, items, ada):
    run.pin(on_air.id, items[0].id, actor=ada, key="pin-cup")
    second = run.pin(on_air.id, items[1].id, actor=ada, key="pin-bowl")["action"]
    run.undo(on_air.id, second, actor=ada, key="undo-it")
    session.expire_all()
    assert pinned(session) == ["Cup"] and items[1].state is ItemState.PLANNED
    action = session.get(LiveAction, second)
    assert (action.outcome, action.can_undo) == (Outcome.UNDONE, False)
    with pytest.raises(DomainError, match="cannot be taken back"):
        run.undo(on_air.id, second, actor=ada, key="undo-again")
    off = run.change_item(on_air.id, "suspend", items[0].id, actor=ada, key="off")["action"]
    run.change_item(on_air.id, "resume", items[0].id, actor=ada, key="on")
    with pytest.raises(DomainError, match="since"):
        run.undo(on_air.id, off, actor=ada, key="too-late")


def test_a_notice_corrects_a_price_and_the_one_before_comes_down(session, on_air, items, ada):
    run.put_notice(on_air.id, "Hello", actor=ada, key="hello-it")
    second = run.put_notice(on_air.id, "It is 59, not 95", item_id=items[0].id, actor=ada, key="correct")["action"]
    up = session.query(LiveNotice).filter_by(taken_at=None).one()
    assert (up.text, up.item_id) == ("It is 59, not 95", items[0].id)
    assert session.get(LiveAction, second).item_id == items[0].id
    run.undo(on_air.id, second, actor=ada, key="undo-notice")
    assert session.query(LiveNotice).filter_by(taken_at=None).one().text == "Hello"


def test_a_card_is_kept_up_without_a_new_showing(session, on_air, items, ada):
    run.pin(on_air.id, items[0].id, actor=ada, key="pin-cup")
    for number in range(3):
        run.repin(on_air.id, items[0].id, actor=ada, key=f"again-{number}")
    assert session.query(LiveSlot).one().pins == 4
    with pytest.raises(DomainError, match="not on screen"):
        run.repin(on_air.id, items[1].id, actor=ada, key="other-one")


def test_the_end_takes_everything_down_and_nothing_goes_on_after_it(session, on_air, items, ada):
    run.pin(on_air.id, items[0].id, actor=ada, key="pin-cup")
    run.put_notice(on_air.id, "Hello", actor=ada, key="hello-it")
    run.end(on_air.id, actor=ada, key="end-it")
    session.expire_all()
    assert pinned(session) == [] and items[0].state is ItemState.DELISTED
    assert (
        session.query(LiveSlot).filter_by(ended_at=None).count()
        == session.query(LiveNotice).filter_by(taken_at=None).count()
        == 0
    )
    assert session.get(LiveSession, on_air.id).state is SessionState.ENDED
    with pytest.raises(DomainError, match="Ended"):
        run.pin(on_air.id, items[1].id, actor=ada, key="too-late")


def test_a_question_goes_to_the_host_and_is_done(session, on_air, ada, person):
    ben = person("ben")
    number = talk.ask(on_air.id, "Is it thin?", asker="Li", comment_id=7, actor=ben, key="ask-it")["question"]
    assert talk.ask(on_air.id, "Is it thin?", asker="Li", comment_id=7, actor=ada, key="ask-too")["question"] == number
    talk.send_to_host(on_air.id, number, actor=ben, key="send-it")
    question = session.get(LiveQuestion, number)
    assert [one["id"] for one in board.state(on_air, Post.HOST, ada)["questions"]] == [number]
    talk.done(on_air.id, number, actor=ada, key="done-it", expected_version=question.version)
    session.expire_all()
    assert question.state is QuestionState.DONE and question.answered_by_id == ada.id
    assert board.state(on_air, Post.HOST, ada)["questions"] == []
    with pytest.raises(DomainError, match="already"):
        talk.done(on_air.id, number, actor=ben, key="done-too")


def test_a_hard_question_goes_to_the_product_team_and_comes_back_with_its_thread(session, on_air, person, clock):
    ben = person("ben")
    number = talk.ask(on_air.id, "Which glaze?", actor=ben, key="ask-it")["question"]
    asked_at = session.get(LiveQuestion, number).asked_at
    clock.advance(minutes=2)
    talk.escalate(on_air.id, number, AskedOf.PRODUCT, "Lead free?", actor=ben, key="up-it")
    question = session.get(LiveQuestion, number)
    assert (question.state, question.asked_of) == (QuestionState.ESCALATED, AskedOf.PRODUCT)
    talk.give_back(on_air.id, number, "Lead free, tested", actor=ben, key="back-it")
    session.expire_all()
    assert (question.state, question.asked_of, question.asked_at) == (QuestionState.NEW, AskedOf.SERVICE, asked_at)
    assert [line["text"] for line in question.thread] == ["Lead free?", "Lead free, tested"]


def test_the_product_team_is_told_of_a_question_and_answers_it_on_its_own_page(
    session, on_air, as_user, person, ada, as_role
):
    as_role(person("ben"), "operations")
    number = talk.ask(on_air.id, "Which glaze?", actor=ada, key="ask-it")["question"]
    talk.escalate(on_air.id, number, AskedOf.PRODUCT, "Lead free?", actor=ada, key="up-it")
    told = notices.latest(person("ben").id)[0]
    assert "Which glaze?" in told.title and told.url == "/live/advice/"
    client = as_user("ben")
    page = client.get(told.url).text
    assert "Which glaze?" in page and "Lead free?" in page and "Evening" in page
    form = {"csrf_token": client.token, "key": "k" * 24, "answer": "Lead free, tested"}
    for _twice in range(2):
        client.post(f"/live/{on_air.id}/advice/{number}", data=form)
    session.expire_all()
    question = session.get(LiveQuestion, number)
    assert (question.state, question.asked_of) == (QuestionState.NEW, AskedOf.SERVICE)
    assert [line["text"] for line in question.thread] == ["Lead free?", "Lead free, tested"]
    assert "Which glaze?" not in client.get(told.url).text
    assert as_user("cleo").get(told.url).status_code == 403


def test_the_team_talks_and_calls_posts_by_their_names(session, on_air, ada, person):
    talk.say(on_air.id, "@主播 slower, @service look", Post.CONTROL, actor=ada, key="say-it-1")
    talk.say(on_air.id, "", Post.CONTROL, kind=MessageKind.SLOW_DOWN, actor=ada, key="say-it-2")
    first, second = session.query(LiveMessage).order_by(LiveMessage.id)
    assert first.mentions == ["host", "service"] and second.kind is MessageKind.SLOW_DOWN
    talk.acknowledge(on_air.id, second.id, actor=ada, key="seen-it-1")
    assert second.seen_at is not None
    with pytest.raises(Forbidden):  # ben stands at the service desk
        talk.say(on_air.id, "Me", Post.CONTROL, actor=person("ben"), key="say-it-3")


def test_who_lacks_the_post_or_the_shop_commands_nothing(on_air, items, person):
    with pytest.raises(Forbidden):
        run.pin(on_air.id, items[0].id, actor=person("ben"), key="not-mine")
    with pytest.raises(DomainError):  # cleo's shop is B
        talk.ask(on_air.id, "Hm?", actor=person("cleo"), key="not-here")


def test_the_asker_is_known_by_his_number_on_the_channel_and_by_his_name_only_perhaps(
    app, session, on_air, studio, person
):
    from app.panel.core.transaction import transactional
    from app.shop.customers.models import CustomerIdentity

    @transactional
    def write():
        card = Customer(name="Li", shop_id=on_air.shop_id)
        session.add(card)
        session.flush()
        session.add(CustomerIdentity(
            customer_id=card.id, kind="external", channel_id=studio.channel.id, value="v-7", slot="s-7",
        ))  # fmt: skip
        return card.id

    card = write()
    ben = person("ben")
    number = talk.ask(on_air.id, "Where is it?", asker="Li", viewer_key="v-7", actor=ben, key="ask-it")["question"]
    question = session.get(LiveQuestion, number)
    assert question.customer_id == card
    with app.test_request_context():
        found = asker.orders_of(question, on_air, ben)
    assert found["is_sure"] and found["orders"] == []


def test_the_host_gets_no_stock_and_no_log(on_air, items, ada):
    control, host = (board.state(on_air, post, ada) for post in (Post.CONTROL, Post.HOST))
    assert "actions" in control and "actions" not in host
    assert {one["stock"] for one in host["items"]} == {None}
    assert [one["price_text"] for one in control["items"]][2] == "" and "59" in control["items"][0]["price_text"]
