"""An organisation applies, papers are sent back one by one, replaced, and approved."""

import io

import pytest

from app.panel.core.errors import Conflict, DomainError, Forbidden, InvalidInput
from app.panel.core.notices import Notice
from app.shop.setup import services
from app.shop.setup.models import Business, Organisation, OrgApplication
from app.shop.setup.states import ApplicationState, AttachmentKind, AttachmentState, OrganisationKind, ReviewVerb
from tests.shop.conftest import png

CODE = "91110108551385082Q"
WHOLE = {"company_name": "小米科技有限责任公司", "credit_code": CODE, "legal_person": "雷军", "kind": "supplier"}


@pytest.fixture
def applicant(ben, as_role):
    as_role(ben, "operations")
    return ben


@pytest.fixture
def application(applicant, picture):
    made = services.apply({**WHOLE, "kind": OrganisationKind.SUPPLIER}, actor=applicant)
    for kind in AttachmentKind:
        services.attach(made, kind, picture(actor=applicant).id, actor=applicant)
    return made


@pytest.fixture
def pending(application, applicant):
    return services.submit(application, actor=applicant)


@pytest.mark.parametrize("lacking", ["company_name", "credit_code", "licence", "legal_person_id"])
def test_an_application_with_one_of_four_things_missing_is_not_handed_in(application, applicant, session, lacking):
    if lacking in ("licence", "legal_person_id"):
        session.delete(next(paper for paper in application.attachments if paper.kind == lacking))
    else:
        setattr(application, lacking, None)
    session.commit()
    with pytest.raises(InvalidInput) as refused:
        services.submit(application, actor=applicant)
    assert list(refused.value.errors) == [lacking]
    assert application.state is ApplicationState.DRAFT


def test_a_credit_code_with_a_wrong_checksum_is_not_handed_in(application, applicant, session):
    application.credit_code = CODE[:-1] + "A"
    session.commit()
    with pytest.raises(InvalidInput):
        services.submit(application, actor=applicant)


def test_a_whole_application_is_in_the_review_queue(pending, as_user):
    assert pending.state is ApplicationState.PENDING
    page = as_user("ada").get("/setup/orgapplication/list/").text
    assert WHOLE["company_name"] in page


def test_another_applicant_sees_nothing_of_it(pending, as_user, cleo, as_role):
    as_role(cleo, "operations")
    client = as_user("cleo")
    assert WHOLE["company_name"] not in client.get("/setup/orgapplication/list/").text
    assert client.get(f"/setup/apply/{pending.id}").status_code == 404
    with pytest.raises(Forbidden):
        services.replace(pending, pending.attachments[0], 1, actor=cleo)


def test_one_paper_is_sent_back_replaced_and_the_application_is_pending_again(pending, applicant, ada, picture):
    licence, identity = pending.attachments
    services.reject(pending, {licence.id: "The picture is blurred."}, actor=ada)
    assert pending.state is ApplicationState.REJECTED
    assert (licence.state, licence.reason) == (AttachmentState.REJECTED, "The picture is blurred.")
    assert identity.state is AttachmentState.ACCEPTED
    with pytest.raises(DomainError):
        services.replace(pending, identity, picture().id, actor=applicant)
    fresh = services.replace(pending, licence, picture(600, 600).id, actor=applicant)
    assert pending.state is ApplicationState.PENDING
    assert (licence.state, fresh.state) == (AttachmentState.REPLACED, AttachmentState.PENDING)
    steps = [event.verb for event in pending.events]
    assert steps == [ReviewVerb.SUBMITTED, ReviewVerb.REJECTED, ReviewVerb.REPLACED, ReviewVerb.SUBMITTED]
    assert pending.events[1].reason == "The picture is blurred."


def test_with_two_papers_sent_back_one_new_one_is_not_enough(pending, applicant, ada, picture):
    services.reject(pending, {paper.id: "Watermark." for paper in pending.attachments}, actor=ada)
    first, second = list(pending.attachments)
    services.replace(pending, first, picture().id, actor=applicant)
    assert pending.state is ApplicationState.REJECTED
    services.replace(pending, second, picture().id, actor=applicant)
    assert pending.state is ApplicationState.PENDING


def test_sending_back_needs_a_reason(pending, ada):
    with pytest.raises(DomainError):
        services.reject(pending, {pending.attachments[0].id: "  "}, actor=ada)
    assert pending.state is ApplicationState.PENDING


def test_an_approved_company_is_an_organisation_and_cannot_apply_again(pending, applicant, ada, picture, session):
    made = services.approve(pending, actor=ada)
    assert (made.credit_code, pending.state) == (CODE, ApplicationState.APPROVED)
    with pytest.raises(Conflict):
        services.approve(pending, actor=ada)
    again = services.apply({**WHOLE, "kind": OrganisationKind.SUPPLIER}, actor=applicant)
    for kind in AttachmentKind:
        services.attach(again, kind, picture().id, actor=applicant)
    with pytest.raises(InvalidInput):
        services.submit(again, actor=applicant)
    assert session.query(Organisation).count() == 1


def test_our_own_application_fills_in_the_business(pending, ada, session):
    pending.kind = OrganisationKind.OWN
    session.commit()
    services.approve(pending, actor=ada)
    business = session.query(Business).one()
    assert (business.name, business.credit_code) == (WHOLE["company_name"], CODE)


def test_the_scope_of_the_licence_goes_over_and_flags_a_shop_outside_of_it(applicant, as_user, ada, session):
    data = {**WHOLE, "kind": "own", "licence_scope": "家居生活\n美妆护肤", "licence": (png(), "a.png"), "legal_person_id": (png(), "b.png")}
    assert services.shop_findings("青禾家居生活馆旗舰店", "家居", "手机数码") == []
    assert as_user("ben").post("/setup/apply/", data=data).status_code == 302
    pending = session.query(OrgApplication).one()
    assert "美妆护肤" in as_user("ada").get(f"/setup/review/{pending.id}").text
    made = services.approve(pending, actor=ada)
    assert made.licence_scope.split() == session.query(Business).one().licence_scope.split() == ["家居生活", "美妆护肤"]
    assert [found.field for found, _blocks in services.shop_findings("青禾家居生活馆旗舰店", "家居", "手机数码")] == ["main_category"]
    assert services.shop_findings("青禾家居生活馆旗舰店", "家居", "美妆护肤") == []


def test_reviewers_are_told_of_an_application_and_of_its_return(pending, applicant, ada, cleo, as_role, picture, session):
    told = session.query(Notice).filter_by(url=f"/setup/review/{pending.id}")
    assert [(notice.user_id, notice.title) for notice in told] == [(ada.id, "小米科技有限责任公司 applies to join.")]
    as_role(cleo, "deputy")
    paper = pending.attachments[0]
    services.reject(pending, {paper.id: "Blurred."}, actor=ada)
    services.replace(pending, paper, picture().id, actor=applicant)
    assert sorted(notice.user_id for notice in told) == sorted([ada.id, ada.id, cleo.id])


def test_nobody_reviews_his_own_application(application, applicant, as_role, ben):
    services.submit(application, actor=applicant)
    as_role(ben, "deputy")
    with pytest.raises(Forbidden):
        services.approve(application, actor=ben)


def test_the_form_keeps_what_was_sent_and_asks_only_for_the_rest(applicant, as_user, session):
    client = as_user("ben")
    sent = client.post("/setup/apply/", data={**WHOLE, "licence": (png(), "licence.png")})
    assert sent.status_code == 422
    assert "ID is missing" in sent.text
    draft = session.query(OrgApplication).one()
    assert draft.state is ApplicationState.DRAFT
    done = client.post(f"/setup/apply/{draft.id}", data={**WHOLE, "legal_person_id": (png(), "id.png")})
    assert done.status_code == 302, done.text[-2000:]
    session.expire_all()
    assert session.query(OrgApplication).one().state is ApplicationState.PENDING


def test_a_review_on_the_page_from_blurred_to_approved(pending, as_user, session):
    reviewer, applicant = as_user("ada"), as_user("ben")
    paper = pending.attachments[0]
    path = f"/setup/review/{pending.id}"
    page = reviewer.get(path)
    assert page.status_code == 200
    assert '<a class="nav-link" href="/setup/orgapplication/list/" aria-current="page"' in page.text, "not lit up as if one applied"
    assert reviewer.post(path, data={"decision": "reject"}).status_code == 422
    assert reviewer.post(path, data={"decision": "reject", f"reason-{paper.id}": "Blurred."}).status_code == 302
    mine = applicant.get(f"/setup/apply/{pending.id}").text
    assert "Blurred." in mine
    assert mine.count('type="file"') == 1
    assert applicant.get(path).status_code == 403
    answer = applicant.post(f"/setup/apply/{pending.id}/replace/{paper.id}", data={"picture": (png(), "sharp.png")})
    assert answer.status_code == 302
    assert reviewer.post(path, data={"decision": "approve"}).status_code == 302
    session.expire_all()
    assert pending.state is ApplicationState.APPROVED
    assert "Sent back" in reviewer.get(f"/setup/orgapplication/show/{pending.id}").text


def test_a_paper_that_is_no_picture_is_refused(applicant, as_user):
    data = {**WHOLE, "licence": (io.BytesIO(b"<script>alert(1)</script>"), "licence.png")}
    assert as_user("ben").post("/setup/apply/", data=data).status_code == 422
