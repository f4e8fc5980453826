"""What is said around a session: viewers' questions on their way through the team, and the team's own channel."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select

from app.panel.core import clock, notices, policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError, Forbidden, InvalidInput
from app.shop.customers.models import Customer
from app.shop.live.models import LiveItem, LiveMessage, LiveQuestion, LiveSession
from app.shop.live.permissions import SESSION, VERBS, posts_of
from app.shop.live.services.commands import Effect, obey, seen
from app.shop.live.states import AskedOf, MessageKind, Post, QuestionState, SessionState
from app.shop.orders.queries import people_who

LONGEST = 500
ADVICE = "/live/advice/"  # where the product team answers
TO_PRODUCT = notices.kind(
    "live.to_product", lazy_gettext("A viewer's question waits for the product team"), group=lazy_gettext("Live"),
    needs=("advise", SESSION),
)  # fmt: skip
TALKING = (SessionState.READY, SessionState.LIVE, SessionState.ENDED)


def right_of(actor: Any, *posts: Post) -> str:
    """The verb by which somebody does what any of these posts may do.

    :raises Forbidden: when he stands at none of them
    """
    for post in posts:
        if policy.allowed(actor, VERBS[post], SESSION):
            return VERBS[post]
    raise Forbidden(_("You stand at none of the posts that may do this."))


def _text(value: str, name: str = "text") -> str:
    said = value.strip()
    if not said or len(said) > LONGEST:
        raise InvalidInput({name: _("Write 1 to %(n)s characters.", n=LONGEST)})
    return said


def ask(
    session_id: int,
    text: str,
    *,
    actor: Any,
    key: str,
    asker: str = "",
    viewer_key: str = "",
    comment_id: int | None = None,
    item_id: int | None = None,
    to: AskedOf = AskedOf.SERVICE,
) -> dict[str, Any]:
    """Make a question of what a viewer said; at once for the host, if `to` says so (LVC-12)."""  # fmt: skip
    said = _text(text)

    def work(session: LiveSession) -> Effect:
        item = seen(LiveItem, session, item_id, None) if item_id is not None else None
        known = select(LiveQuestion).where(LiveQuestion.session_id == session.id, LiveQuestion.comment_id == comment_id)
        question = db.session.scalars(known).first() if comment_id is not None else None
        if question is None:
            question = LiveQuestion(
                session_id=session.id, item_id=item_id, comment_id=comment_id, asker=asker[:120], viewer_key=viewer_key[:120],
                text=said, asked_at=clock.now(), thread=[], customer_id=_customer_of(session, viewer_key),
            )  # fmt: skip
            db.session.add(question)
        if to is AskedOf.HOST:
            _to_host(question)
        db.session.flush()
        return Effect(_("Question: %(text)s", text=said[:200]), item, None, {"question": question.id})

    values = {"text": said, "comment": comment_id, "item": item_id, "to": to.value}
    right = right_of(actor, Post.CONTROL, Post.SERVICE)
    return obey(session_id, "ask", values, work, actor=actor, right=right, key=key)


def _customer_of(session: LiveSession, viewer_key: str) -> int | None:
    """Whose card this viewer is, where the shop knows him by that number on this channel."""
    if not viewer_key:
        return None
    found = select(Customer.id).where(
        Customer.shop_id == session.shop_id, Customer.identities.any(value=viewer_key, channel_id=session.channel_id)
    )
    return db.session.scalars(found.limit(2)).first()


def _to_host(question: LiveQuestion) -> None:
    question.asked_of, question.state, question.sent_at = AskedOf.HOST, QuestionState.SENT, clock.now()
    question.done_at = None


def send_to_host(
    session_id: int, question_id: int, *, actor: Any, key: str, expected_version: int | None = None
) -> dict[str, Any]:
    """Put a question on the prompter."""

    def work(session: LiveSession) -> Effect:
        question = seen(LiveQuestion, session, question_id, expected_version)
        _must_be_open(question)
        _to_host(question)
        return Effect(_("With the host: %(text)s", text=question.text[:200]))

    right = right_of(actor, Post.CONTROL, Post.SERVICE)
    return obey(session_id, "send_to_host", {"question": question_id}, work, actor=actor, right=right, key=key)


def escalate(
    session_id: int,
    question_id: int,
    to: AskedOf,
    note: str,
    *,
    actor: Any,
    key: str,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Ask the host or the product team first (SVC-10): the thread goes along, the viewer's time runs on."""

    def work(session: LiveSession) -> Effect:
        question = seen(LiveQuestion, session, question_id, expected_version)
        _must_be_open(question)
        if to is AskedOf.SERVICE:
            raise DomainError(_("It is with the service already."))
        question.asked_of, question.state, question.escalated_at = to, QuestionState.ESCALATED, clock.now()
        if to is AskedOf.HOST:
            _to_host(question)
        _note(question, actor, note or _("Please help."))
        if to is AskedOf.PRODUCT and not session.is_practice:
            _call_the_product_team(session, question)
        return Effect(_("Asked: %(who)s", who=to.label))

    values = {"question": question_id, "to": to.value, "note": note}
    return obey(
        session_id, "escalate", values, work, actor=actor, right=right_of(actor, Post.SERVICE, Post.CONTROL), key=key
    )


def _call_the_product_team(session: LiveSession, question: LiveQuestion) -> None:
    asked = lazy_gettext("A viewer of “%(session)s” asks: %(text)s", session=session.title, text=question.text[:120])
    people = db.session.scalars(people_who("advise", SESSION, session.shop_id))
    notices.send(people, asked, url=ADVICE, kind=TO_PRODUCT, about=session)


def give_back(
    session_id: int,
    question_id: int,
    note: str,
    *,
    actor: Any,
    key: str,
    expected_version: int | None = None,
    right: str = "",
) -> dict[str, Any]:
    """The answer comes back to the service, which tells the viewer.

    :param right: by which it is given: that of a post, or `advise` of the product team
    """
    said = _text(note, "note")

    def work(session: LiveSession) -> Effect:
        question = seen(LiveQuestion, session, question_id, expected_version)
        _must_be_open(question)
        question.asked_of, question.state = AskedOf.SERVICE, QuestionState.NEW
        _note(question, actor, said)
        return Effect(_("Back with the service: %(text)s", text=said[:200]))

    return obey(
        session_id, "give_back", {"question": question_id, "note": said}, work, actor=actor, key=key, states=TALKING,
        right=right or right_of(actor, Post.HOST, Post.CONTROL, Post.SERVICE),
    )  # fmt: skip


def done(
    session_id: int, question_id: int, *, actor: Any, key: str, answer: str = "", expected_version: int | None = None
) -> dict[str, Any]:
    """Answered: by the host aloud, or by the service in writing."""

    def work(session: LiveSession) -> Effect:
        question = seen(LiveQuestion, session, question_id, expected_version)
        _must_be_open(question)
        question.state, question.done_at, question.answered_by_id = QuestionState.DONE, clock.now(), actor.id
        question.answer = answer.strip()[:2000] or question.answer
        return Effect(_("Answered: %(text)s", text=question.text[:200]))

    right = right_of(actor, Post.HOST, Post.SERVICE, Post.CONTROL)
    values = {"question": question_id, "answer": answer}
    return obey(session_id, "done", values, work, actor=actor, right=right, key=key, states=TALKING)


def open_again(
    session_id: int, question_id: int, *, actor: Any, key: str, expected_version: int | None = None
) -> dict[str, Any]:
    def work(session: LiveSession) -> Effect:
        question = seen(LiveQuestion, session, question_id, expected_version)
        if question.state is not QuestionState.DONE:
            raise DomainError(_("This question is open."))
        question.state, question.asked_of, question.done_at = QuestionState.NEW, AskedOf.SERVICE, None
        return Effect(_("Open again: %(text)s", text=question.text[:200]))

    right = right_of(actor, Post.HOST, Post.SERVICE, Post.CONTROL)
    return obey(
        session_id, "open_again", {"question": question_id}, work, actor=actor, right=right, key=key, states=TALKING
    )


def _must_be_open(question: LiveQuestion) -> None:
    if question.state is QuestionState.DONE:
        raise DomainError(_("This question is answered already."))


def _note(question: LiveQuestion, actor: Any, text: str) -> None:
    line = {"by": str(actor), "at": clock.now().isoformat(), "text": text.strip()[:LONGEST]}
    question.thread = [*(question.thread or []), line]


def say(
    session_id: int, text: str, post: Post, *, actor: Any, key: str, kind: MessageKind = MessageKind.NOTE
) -> dict[str, Any]:
    """Say something in the team's channel; `@host`, `@control`, `@service` call a post (LVC-25).

    :param post: at which the speaker stands; he must hold its right
    """
    said = _text(text) if kind is MessageKind.NOTE else text.strip()[:LONGEST]

    def work(session: LiveSession) -> Effect:
        message = LiveMessage(
            session_id=session.id, author_id=actor.id, post=post, kind=kind, text=said or str(kind.label), mentions=mentions(said),
            said_at=clock.now(),
        )  # fmt: skip
        db.session.add(message)
        db.session.flush()
        return Effect(_("Said: %(text)s", text=message.text[:200]), None, None, {"message": message.id})

    values = {"text": said, "post": post.value, "kind": kind.value}
    return obey(session_id, "say", values, work, actor=actor, right=right_of(actor, post), key=key, states=TALKING)


def mentions(text: str) -> list[str]:
    """The posts that a message calls, by their key or by their word in any of our languages."""
    known = {"host": ("host", "主播"), "control": ("control", "场控"), "service": ("service", "客服")}
    lowered = text.lower()
    return [post for post, words in known.items() if any(f"@{word}" in lowered for word in words)]


def acknowledge(session_id: int, message_id: int, *, actor: Any, key: str) -> dict[str, Any]:
    """The host has seen a call to slow down or to speed up; it goes off his screen."""

    def work(session: LiveSession) -> Effect:
        message = db.session.get(LiveMessage, message_id)
        if message is None or message.session_id != session.id:
            raise DomainError(_("There is nothing here."))
        message.seen_at = message.seen_at or clock.now()
        return Effect(_("Seen: %(text)s", text=message.text[:200]))

    right = right_of(actor, *posts_of(actor)) if posts_of(actor) else VERBS[Post.HOST]
    return obey(session_id, "seen", {"message": message_id}, work, actor=actor, right=right, key=key, states=TALKING)
