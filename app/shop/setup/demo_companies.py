"""Companies of the demo on their way through the review: one in every state, with papers that we draw ourselves."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

from PIL import Image, ImageDraw

from app.panel.core import files
from app.panel.core.demo import World
from app.shop.setup import rules
from app.shop.setup.models import Organisation, OrgApplication, OrgAttachment, ReviewEvent
from app.shop.setup.states import (
    ApplicationState,
    AttachmentKind,
    AttachmentState,
    OrganisationKind,
    ReviewVerb,
)

BLURRED = "图片模糊，看不清信用代码"
# name, kind, state, legal person, scope, days ago, which paper was sent back once
COMPANIES = (
    ("杭州青禾商贸有限公司", OrganisationKind.OWN, ApplicationState.APPROVED, "林青禾", "家居生活\n美妆护肤", 410, None),
    ("南通云栖家纺有限公司", OrganisationKind.SUPPLIER, ApplicationState.APPROVED, "沈云", "家居生活", 260, AttachmentKind.LICENCE),
    ("广州雅颜生物科技有限公司", OrganisationKind.SUPPLIER, ApplicationState.APPROVED, "何雅颜", "美妆护肤", 150, None),
    ("杭州星河直播服务有限公司", OrganisationKind.AGENCY, ApplicationState.PENDING, "周星河", "直播服务\n广告代理", 1, None),
    ("潮州海纳陶瓷有限公司", OrganisationKind.SUPPLIER, ApplicationState.PENDING, "陈海", "家居生活\n厨房用品", 3, AttachmentKind.LEGAL_PERSON_ID),
    ("成都蜀味食品有限公司", OrganisationKind.SUBSITE, ApplicationState.REJECTED, "罗川", "食品饮料", 6, AttachmentKind.LICENCE),
    ("义乌晨光日用品有限公司", OrganisationKind.SUPPLIER, ApplicationState.DRAFT, "王晨", None, 2, None),
)  # fmt: skip
STEPS = {ReviewVerb.SUBMITTED: 0, ReviewVerb.REJECTED: 5, ReviewVerb.REPLACED: 20, ReviewVerb.APPROVED: 26}


def credit_code(number: int) -> str:
    """A code with a right check character that belongs to nobody: its region does not exist."""
    body = f"91999999MA{number:07d}"
    return body + rules.credit_code_digit(body)


def companies(world: World) -> None:
    papers = {kind: _paper(world, kind) for kind in AttachmentKind}
    for number, company in enumerate(COMPANIES):
        _company(world, number, company, papers)
    world.flush(files.File, Organisation, OrgApplication, OrgAttachment, ReviewEvent)


def _company(world: World, number: int, company: tuple[Any, ...], papers: dict[AttachmentKind, int]) -> None:
    name, kind, state, person, scope, days, sent_back = company
    begin = world.now - dt.timedelta(days=days, hours=3 + number)
    known = {
        "credit_code": credit_code(number), "kind": kind, "legal_person": person, "licence_scope": scope,
        "contact": person[0] + "经理", "phone": f"1380000{1000 + number}",
    }  # fmt: skip
    approved, draft = state is ApplicationState.APPROVED, state is ApplicationState.DRAFT
    organisation = world.add(Organisation, begin, name=name, is_active=True, **known) if approved else None
    decided = begin + dt.timedelta(hours=STEPS[ReviewVerb.APPROVED if approved else ReviewVerb.REJECTED])
    row = world.add(
        OrgApplication, begin, company_name=name, state=state, applicant_id=None, submitted_at=None if draft else begin,
        decided_at=None if state in (ApplicationState.DRAFT, ApplicationState.PENDING) else decided,
        organisation_id=organisation["id"] if organisation else None, **known,
    )  # fmt: skip
    world.note(OrgApplication, row["id"], "insert", begin)
    if draft:
        _attach(world, row, AttachmentKind.LICENCE, papers, AttachmentState.PENDING)
        return
    _step(world, row, ReviewVerb.SUBMITTED)
    returned = state is ApplicationState.REJECTED
    for one in AttachmentKind:
        if one is sent_back:
            old = _attach(world, row, one, papers, AttachmentState.REJECTED if returned else AttachmentState.REPLACED, BLURRED)
            _step(world, row, ReviewVerb.REJECTED, old, BLURRED)
        if one is not sent_back or not returned:
            fine = approved or sent_back not in (None, one)
            paper = _attach(world, row, one, papers, AttachmentState.ACCEPTED if fine else AttachmentState.PENDING)
            if one is sent_back:
                _step(world, row, ReviewVerb.REPLACED, paper)
    if approved:
        _step(world, row, ReviewVerb.APPROVED)


def _attach(
    world: World, row: dict[str, Any], kind: AttachmentKind, papers: dict[AttachmentKind, int], state: AttachmentState,
    reason: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    return world.add(
        OrgAttachment, row["created_at"], application_id=row["id"], kind=kind, file_id=papers[kind], state=state, reason=reason
    )


def _step(
    world: World, row: dict[str, Any], verb: ReviewVerb, paper: dict[str, Any] | None = None, reason: str | None = None
) -> None:
    at = row["created_at"] + dt.timedelta(hours=STEPS[verb])
    world.add(
        ReviewEvent, at, application_id=row["id"], attachment_id=paper["id"] if paper else None, verb=verb, reason=reason,
        happened_at=at, actor_id=None,
    )  # fmt: skip


def _paper(world: World, kind: AttachmentKind) -> int:
    """A sheet with a frame, lines and a seal, or a card with a portrait: shapes only, so nobody takes it for a paper."""
    image = Image.new("RGB", (900, 640), "#f7f3ea")
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((24, 24, 876, 616), 18, outline="#c9b98f", width=6)
    if kind is AttachmentKind.LICENCE:
        draw.rounded_rectangle((300, 80, 600, 128), 10, fill="#b9a36b")
        for line in range(6):
            draw.rounded_rectangle((110, 190 + 52 * line, 560 - 40 * (line % 3), 208 + 52 * line), 9, fill="#d8cdb0")
        draw.ellipse((620, 380, 790, 550), outline="#c8372d", width=12)
    else:
        draw.rounded_rectangle((600, 110, 820, 400), 14, fill="#dfe6ec")
        draw.ellipse((660, 150, 760, 250), fill="#8fa3b5")
        draw.pieslice((620, 260, 800, 540), 180, 360, fill="#8fa3b5")
        for line in range(5):
            draw.rounded_rectangle((90, 130 + 62 * line, 470 - 50 * (line % 3), 152 + 62 * line), 11, fill="#cfd8df")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return world.file(f"{kind.value}.png", buffer.getvalue(), image.size)
