"""Explanations of rights, both ways: why somebody may or may not, and who may."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from flask import request
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.accounts import domain
from app.panel.accounts.configuration import rules, store
from app.panel.accounts.models import User
from app.panel.accounts.pages.roles import state_of
from app.panel.accounts.rights import explain, matrix, ruling, wording
from app.panel.core import folding, policy
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.errors import DomainError, NotFound
from app.panel.core.pages import PanelPage, expose, needs

VERB, FIELD = "verb", "field"
WHY, WHO = "why", "who"


@domain.page(_("Explain rights"), icon="fa-circle-question", order=25)
class ExplainPage(PanelPage):
    """One asks in the address, so that an answer can be sent to somebody."""

    route_base = "/accounts/explain"
    resource = "accounts.Role"
    title = _("Explain rights")

    @expose("/")
    @needs("read")
    def index(self) -> Any:
        actor, args = current_actor(), request.args
        way = WHO if args.get("way") == WHO else WHY
        of = args.get("of") if args.get("of") in folding.known_verbs() else "orders.Order"
        of = of if of in folding.known_verbs() else next(iter(folding.known_verbs()))
        may_read, may_write = policy.allowed(actor, "read", "accounts.User"), policy.allowed(actor, "write", store.RESOURCE)
        draft = store.draft() if may_write and args.get("draft") == "1" else None
        with store.previewing(draft.document) if draft else nullcontext():
            answers, problem = _asked(way, of, actor) if may_read else ([], "")
        return self.render(
            "accounts/explain.html", way=way, of=of, answers=answers, problem=problem, may_read=may_read, may_write=may_write,
            state=state_of(may_write), resources=_resources(), verbs=_verbs(of), fields=_fields(of),
            has_rows=rules.model_of(of) is not None,
            people=[{"id": one.id, "name": str(one.first_name)} for one in explain.people()] if may_read else [],
            asked={name: args.get(name, "") for name in ("person", "what", "row", "verb", "field", "draft")},
        )  # fmt: skip


def _asked(way: str, of: str, actor: Any) -> tuple[list[dict[str, Any]], str]:
    """The answers to what the address asks, or a sentence about what is wrong with it."""
    args = request.args
    try:
        if way == WHO:
            verb, name = args.get("verb", ""), args.get("field", "")
            found = explain.who(verb, of, _known(name, of)) if verb in folding.known_verbs()[of] else []
            return [_told(answer, person) for person, answer in found], ""
        person = _person(args.get("person", ""))
        if person is None:
            return [], ""
        kind, _colon, name = args.get("what", "").partition(":")
        if kind == VERB and name in folding.known_verbs()[of]:
            found_one = [explain.right(person, name, of)]
        elif kind == FIELD and name:
            found_one = [explain.sight(person, of, _known(name, of))]
        else:
            return [], ""
        if number := args.get("row", "").strip()[:200]:
            found_one.append(explain.row(person, of, number, actor))
        return [_told(answer) for answer in found_one], ""
    except DomainError as error:
        return [], error.message


def _told(answer: explain.Answer, person: Any = None) -> dict[str, Any]:
    link = f"/accounts/user/show/{person.id}" if person is not None else ""
    return {"is_yes": answer.is_yes, "words": answer.words, "reasons": answer.reasons, "name": str(person or ""), "url": link}


def _person(text: str) -> User | None:
    return db.session.get(User, int(text)) if text.isdecimal() and len(text) < 10 else None


def _known(name: str, of: str) -> str:
    if name and name not in dict(_fields(of)):
        raise NotFound(gettext("There is no field “%(name)s”.", name=name[:60]))
    return name


def _resources() -> list[tuple[str, list[tuple[str, str]]]]:
    """Domain, then its resources."""
    return [
        (group.label, [(part.resource, part.label) for line in group.lines for part in line.parts]) for group in matrix.groups()
    ]


def _verbs(of: str) -> list[tuple[str, str]]:
    labels = policy.verb_labels(of)
    return [(verb, str(labels.get(verb, verb))) for verb in folding.known_verbs()[of]]


def _fields(of: str) -> list[tuple[str, str]]:
    model = rules.model_of(of)
    return [(name, wording.field_label(model, name)) for name in ruling.fields_of(model)] if model is not None else []
