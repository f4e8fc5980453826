"""Organisation onboarding: apply, review, send a paper back, replace it, approve."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select

from app.panel.core import clock, history, notices, policy
from app.panel.core.db import db
from app.panel.core.errors import Conflict, DomainError, Forbidden, InvalidInput
from app.panel.core.transaction import transactional
from app.shop.setup import rules
from app.shop.setup.events import application_approved, application_rejected, application_submitted
from app.shop.setup.models import Organisation, OrgApplication, OrgAttachment, ReviewEvent
from app.shop.setup.permissions import is_chief
from app.shop.setup.services.shops import ensure_business
from app.shop.setup.states import (
    APPLICATION_MOVES,
    ApplicationState,
    AttachmentKind,
    AttachmentState,
    OrganisationKind,
    ReviewVerb,
)

RESOURCE = "setup.OrgApplication"
APPLIED = notices.kind(
    "setup.applied", lazy_gettext("A company asks to join"), group=lazy_gettext("Shops"), needs=("review", RESOURCE)
)
DECIDED = notices.kind(
    "setup.decided", lazy_gettext("Your application was decided"), group=lazy_gettext("Shops"), needs=("apply", RESOURCE)
)
FIELDS = ("company_name", "credit_code", "kind", "legal_person", "licence_scope", "contact", "phone")


@transactional
def apply(values: dict[str, Any], *, actor: Any, application: OrgApplication | None = None) -> OrgApplication:
    """Start an application, or go on with a draft. Nothing is needed yet: what is missing is asked at `submit`."""
    policy.authorize(actor, "apply", RESOURCE)
    if application is None:
        application = OrgApplication(applicant_id=actor.id)
        db.session.add(application)
    _own(application, actor)
    if application.state is ApplicationState.APPROVED or application.state is ApplicationState.PENDING:
        raise DomainError(_("This application is already in review."))
    for name in FIELDS:
        if name in values:
            setattr(application, name, values[name])
    db.session.flush()
    return application


@transactional
def attach(application: OrgApplication, kind: AttachmentKind, file_id: int, *, actor: Any) -> OrgAttachment:
    """Lay a paper to a draft; a paper of the same kind that nobody has reviewed is exchanged."""
    _own(application, actor)
    if application.state is not ApplicationState.DRAFT:
        raise DomainError(_("This application is already in review."))
    for old in _current(application):
        if old.kind is kind:
            old.file_id = file_id
            return old
    paper = OrgAttachment(application=application, kind=kind, file_id=file_id)
    db.session.add(paper)
    db.session.flush()
    return paper


def missing(application: OrgApplication) -> dict[str, object]:
    """What keeps an application from being submitted, by field."""
    errors: dict[str, object] = {}
    if not (application.company_name or "").strip():
        errors["company_name"] = _("The company name is missing.")
    if not application.credit_code:
        errors["credit_code"] = _("The unified social credit code is missing.")
    else:
        try:
            rules.credit_code(application.credit_code)
        except ValueError as error:
            errors["credit_code"] = str(error)
    present = {paper.kind for paper in _current(application) if paper.file_id is not None}
    if AttachmentKind.LICENCE not in present:
        errors["licence"] = _("A picture of the business licence is missing.")
    if AttachmentKind.LEGAL_PERSON_ID not in present:
        errors["legal_person_id"] = _("A picture of the legal person's ID is missing.")
    return errors


@transactional
def submit(application: OrgApplication, *, actor: Any) -> OrgApplication:
    """Hand a complete application to the review queue.

    :raises InvalidInput: with all that is missing
    """
    _own(application, actor)
    if errors := missing(application):
        raise InvalidInput(errors)
    if _taken(application):
        raise InvalidInput({"credit_code": _("A company with this credit code has applied or is with us already.")})
    _queue(application, actor)
    return application


@transactional
def reject(application: OrgApplication, reasons: dict[int, str], *, actor: Any) -> OrgApplication:
    """Send papers back, each with its reason; the papers without a reason are accepted as they are.

    :param reasons: attachment id → sentence for the applicant
    """
    _review(application, actor)
    reasons = {key: reason.strip() for key, reason in reasons.items() if reason.strip()}
    papers = {paper.id: paper for paper in _current(application)}
    if not reasons:
        raise DomainError(_("Say for at least one paper what is wrong with it."))
    if set(reasons) - set(papers):
        raise DomainError(_("This paper is not part of the application."))
    for key, paper in papers.items():
        paper.state = AttachmentState.REJECTED if key in reasons else AttachmentState.ACCEPTED
        paper.reason = reasons.get(key)
        if key in reasons:
            _event(application, ReviewVerb.REJECTED, actor, reason=reasons[key], paper=paper)
    _move(application, ApplicationState.REJECTED, None, actor, why="; ".join(reasons.values()))
    application.decided_at = clock.now()
    application_rejected.send(application, reasons=reasons, actor=actor)
    _tell(application, lazy_gettext("Your application was sent back: %(name)s", name=application.company_name))
    return application


@transactional
def replace(application: OrgApplication, attachment: OrgAttachment, file_id: int, *, actor: Any) -> OrgAttachment:
    """A new file for a paper that was sent back. With the last one replaced the application is in the queue again."""
    _own(application, actor)
    if attachment.application_id != application.id or attachment.state is not AttachmentState.REJECTED:
        raise DomainError(_("Only a paper that was sent back can be replaced."))
    attachment.state = AttachmentState.REPLACED
    paper = OrgAttachment(application=application, kind=attachment.kind, file_id=file_id)
    db.session.add(paper)
    db.session.flush()
    _event(application, ReviewVerb.REPLACED, actor, paper=paper)
    if all(old.state is not AttachmentState.REJECTED for old in application.attachments):
        _queue(application, actor)
    return paper


@transactional
def approve(application: OrgApplication, *, actor: Any) -> Organisation:
    """Let the company in: it becomes an organisation, or, as our own business, fills in its data."""
    _review(application, actor)
    for paper in _current(application):
        paper.state = AttachmentState.ACCEPTED
    organisation = Organisation(
        name=application.company_name, credit_code=application.credit_code, kind=application.kind,
        legal_person=application.legal_person, licence_scope=application.licence_scope, contact=application.contact,
        phone=application.phone,
    )  # fmt: skip
    db.session.add(organisation)
    db.session.flush()
    application.organisation_id = organisation.id
    if application.kind is OrganisationKind.OWN:
        business = ensure_business(application.company_name)
        business.name, business.credit_code = application.company_name, application.credit_code
        business.legal_person = application.legal_person or business.legal_person
        business.licence_scope = application.licence_scope or business.licence_scope
    _move(application, ApplicationState.APPROVED, ReviewVerb.APPROVED, actor)
    application.decided_at = clock.now()
    application_approved.send(application, organisation=organisation, actor=actor)
    _tell(application, lazy_gettext("Your application was approved: %(name)s", name=application.company_name))
    return organisation


def _queue(application: OrgApplication, actor: Any) -> None:
    """Into the review queue, with a notice to all who may review it."""
    _move(application, ApplicationState.PENDING, ReviewVerb.SUBMITTED, actor)
    application.submitted_at = clock.now()
    application_submitted.send(application, actor=actor)
    people = db.session.scalars(select(User).where(User.active, User.id != application.applicant_id).order_by(User.id))
    reviewers = [person.id for person in people if policy.allowed(person, "review", RESOURCE)]
    title = lazy_gettext("%(company)s applies to join.", company=application.company_name)
    notices.send(reviewers, title, body=lazy_gettext("Its papers wait for your review."), url=f"/setup/review/{application.id}",
                 kind=APPLIED, about=application)  # fmt: skip


def _current(application: OrgApplication) -> list[OrgAttachment]:
    return [paper for paper in application.attachments if paper.state is not AttachmentState.REPLACED]


def _own(application: OrgApplication, actor: Any) -> None:
    policy.authorize(actor, "apply", RESOURCE)
    if application.applicant_id != actor.id and not is_chief(actor):
        raise Forbidden(_("Only the applicant changes an application."))


def _review(application: OrgApplication, actor: Any) -> None:
    """Two pairs of eyes: nobody reviews his own application, except the administrator, who may be alone."""
    policy.authorize(actor, "review", RESOURCE)
    if application.applicant_id == actor.id and not is_chief(actor):
        raise Forbidden(_("You cannot review your own application."))
    if application.state is not ApplicationState.PENDING:
        raise Conflict(_("This application is not waiting for review."))


def _taken(application: OrgApplication) -> bool:
    code = application.credit_code
    if db.session.scalar(select(Organisation.id).where(Organisation.credit_code == code)):
        return True
    query = select(OrgApplication.id).where(
        OrgApplication.credit_code == code, OrgApplication.id != application.id,
        OrgApplication.state.in_([ApplicationState.PENDING, ApplicationState.REJECTED]),
    )
    return db.session.scalar(query) is not None


def _move(
    application: OrgApplication, to: ApplicationState, verb: ReviewVerb | None, actor: Any, why: str = ""
) -> None:
    if to not in APPLICATION_MOVES[application.state]:
        raise Conflict(_("This application is not waiting for review."))
    application.state = to
    history.record(application, f"application.{to.value}", actor=actor, why=why)
    if verb is not None:
        _event(application, verb, actor)


def _event(
    application: OrgApplication, verb: ReviewVerb, actor: Any, *, reason: str = "", paper: OrgAttachment | None = None
) -> None:
    event = ReviewEvent(
        application=application, verb=verb, reason=reason or None, happened_at=clock.now(), actor_id=actor.id,
        attachment_id=paper.id if paper else None,
    )  # fmt: skip
    db.session.add(event)


def _tell(application: OrgApplication, title: object) -> None:
    if application.applicant_id is not None:
        notices.send([application.applicant_id], title, url=f"/setup/apply/{application.id}", kind=DECIDED, about=application)
