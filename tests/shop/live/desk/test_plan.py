"""The plan: nobody twice, a run sheet that fits, three signatures, and what is taken over from the last session."""

import datetime as dt

import pytest

from app.panel.core import clock, records
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import Conflict, DomainError, Forbidden, InvalidInput
from app.panel.core.transaction import transactional
from app.shop.live.models import LiveCheck, LiveConclusion, LiveItem, LiveSession
from app.shop.live.review import report
from app.shop.live.services import concluding, links, plan, reviewing, sheet
from app.shop.live.states import CheckKind, Post, SessionState
from app.shop.setup.models import Channel
from tests.shop.bringing import operate, refused
from tests.shop.live.desk.conftest import open_sign_offs


def test_neither_a_host_nor_a_room_is_in_two_sessions_at_once(planned, studio):
    planned()
    with pytest.raises(InvalidInput, match=r"Che is in “Evening” then") as said:
        planned(2, room_id=studio.other.id)
    assert "creator" in said.value.errors
    with pytest.raises(InvalidInput, match=r"Room 1 is taken by “Evening” then"):
        planned(2, creator_id=studio.guest.id)
    assert planned(2, room_id=studio.other.id, creator_id=studio.guest.id).id
    assert planned(3).id  # it begins as the first one ends


def test_a_session_that_is_moved_is_looked_at_again_and_one_that_is_called_off_frees_its_place(planned):
    first, second = planned(), planned(5)
    earlier = {"starts_at": first.starts_at + dt.timedelta(hours=1), "ends_at": first.ends_at + dt.timedelta(hours=1)}
    with pytest.raises(InvalidInput, match="Evening"):
        records.update(second, earlier, actor=SYSTEM)
    plan.move(first, SessionState.CANCELLED, actor=SYSTEM)
    records.update(second, earlier, actor=SYSTEM)
    with pytest.raises(DomainError, match="taken"):
        plan.move(first, SessionState.DRAFT, actor=SYSTEM)


def test_a_session_ends_after_it_begins_and_sells_on_a_channel_of_its_shop(session, planned, studio):
    other = session.query(Channel).filter_by(name="Counter B").one()
    with pytest.raises(InvalidInput, match="ends after"):
        planned(ends_at=studio.channel.created_at)
    with pytest.raises(InvalidInput, match="another shop"):
        planned(channel_id=other.id)


def test_a_session_is_of_the_shop_of_its_channel_whoever_may_plan_there(session, studio, as_user, person):
    far = session.query(Channel).filter(Channel.shop_id != studio.channel.shop_id).first()
    form = as_user("ada").get("/live/livesession/add").text
    assert 'data-name="channel_id"' in form and 'data-name="shop_id"' not in form
    at, until = (clock.local(clock.now() + dt.timedelta(hours=n)).strftime("%Y-%m-%dT%H:%M") for n in (50, 52))
    told = {"title": "By the form", "channel_id": far.id, "creator_id": studio.host.id, "room_id": studio.room.id, "starts_at": at, "ends_at": until}
    answer = as_user("ada").post("/live/livesession/add", data=told)
    assert answer.status_code == 302, answer.text
    made = session.query(LiveSession).filter_by(title="By the form").one()
    assert made.shop_id == far.shop_id
    records.update(made, {"channel_id": studio.channel.id}, actor=SYSTEM)
    assert made.shop_id == studio.channel.shop_id
    with pytest.raises(DomainError):
        records.update(made, {"channel_id": far.id}, actor=person("ben"))


def test_a_session_is_ready_only_when_everything_is_there_and_all_three_have_signed(studio, filled):
    assert {check.text for check in filled.checks if check.kind is CheckKind.EQUIPMENT} == {"Lamp", "Microphone"}
    for check in filled.checks:
        if check.kind is not CheckKind.SIGN_OFF:
            plan.tick(check.id, True, actor=SYSTEM)
    for left in (3, 2, 1):
        with pytest.raises(DomainError, match="Not ready yet"):
            plan.move(filled, SessionState.READY, actor=SYSTEM)
        assert len(open_sign_offs(filled)) == left
        plan.tick(open_sign_offs(filled)[0].id, True, actor=SYSTEM)
    records.update(filled, {"cover_id": None}, actor=SYSTEM)
    assert plan.missing(filled) == ["A cover is missing."]
    records.update(filled, {"cover_id": studio.cover}, actor=SYSTEM)
    plan.move(filled, SessionState.READY, actor=SYSTEM)
    lamp = next(check for check in filled.checks if check.text == "Lamp")
    plan.tick(lamp.id, False, actor=SYSTEM)
    assert filled.state is SessionState.DRAFT


def test_only_who_stands_at_a_post_signs_for_it(session, filled, person):
    ben = person("ben")  # support: the service desk
    signs = {check.role: check.id for check in filled.checks if check.kind is CheckKind.SIGN_OFF}
    plan.tick(signs[Post.SERVICE], True, actor=ben)
    for post in (Post.HOST, Post.CONTROL):
        with pytest.raises(Forbidden):
            plan.tick(signs[post], True, actor=ben)
    assert session.get(LiveCheck, signs[Post.SERVICE]).done_by_id == ben.id


def test_the_sheet_adds_up_and_says_what_is_left_or_too_much(filled):
    assert plan.minutes(filled).fits and plan.minutes(filled).planned == 120
    first = filled.items[0]
    records.update(first, {"planned_minutes": 70}, actor=SYSTEM)
    assert "20 too many" in plan.warnings(filled)[0]
    records.update(first, {"planned_minutes": 45}, actor=SYSTEM)
    assert "5 are left" in plan.warnings(filled)[0]
    records.update(filled, {"preview_seconds": 31}, actor=SYSTEM)
    assert any("31 seconds" in one for one in plan.warnings(filled))


def test_lines_are_put_in_another_order_all_of_them_or_none(session, filled):
    ids = [item.id for item in filled.items]
    sheet.reorder(filled, ids[::-1], actor=SYSTEM)
    session.expire_all()
    assert [item.id for item in filled.items] == ids[::-1]
    with pytest.raises(Conflict):
        sheet.reorder(filled, ids[:2], actor=SYSTEM)


def test_an_item_takes_the_product_of_its_sku_and_a_demonstration_needs_a_title(studio, filled):
    assert [item.product_id for item in filled.items[:2]] == [sku.product_id for sku in studio.skus]
    with pytest.raises(InvalidInput, match="product"):
        records.create(LiveItem, {"session_id": filled.id}, actor=SYSTEM)
    with pytest.raises(InvalidInput, match="not one of"):
        wrong = {"session_id": filled.id, "sku_id": studio.skus[0].id, "product_id": studio.skus[1].product_id}
        records.create(LiveItem, wrong, actor=SYSTEM)


def test_a_copy_takes_the_run_sheet_the_points_and_what_was_concluded_but_nothing_that_happened(
    session, signed, planned
):
    records.create(LiveConclusion, {"session_id": signed.id, "text": "Sizes first"}, actor=SYSTEM)
    closed = records.create(LiveConclusion, {"session_id": signed.id, "text": "Done with"}, actor=SYSTEM)
    concluding.settle([closed], actor=SYSTEM)
    later = planned(30, cover_id=None, tags=None)
    assert "Sizes first" in [check.text for check in later.checks]  # from the start
    assert plan.copy_from(later, signed, actor=SYSTEM) == 3
    session.expire_all()
    assert [str(item) for item in later.items] == ["Cup", "Bowl", "Pour tea"]
    assert [item.live_price for item in later.items] == [5900, 5900, None]
    assert (later.cover_id, later.tags, later.copied_from_id) == (signed.cover_id, "home", signed.id)
    texts = [check.text for check in later.checks]
    assert texts.count("Sizes first") == 1 and "Done with" not in texts
    assert len(open_sign_offs(later)) == 3
    assert len([one for one in later.checks if one.done_at]) == 0


def test_a_conclusion_reaches_sessions_that_are_planned_already_and_leaves_when_it_is_settled(
    session, signed, planned, as_user, person
):
    later, last, earlier = planned(30), planned(60), planned(-40)
    values = {"session_id": signed.id, "text": "Sizes first", "owner_id": person("ben").id}
    learned = records.create(LiveConclusion, values, actor=SYSTEM)

    def points(live):
        session.expire_all()
        return [check.text for check in live.checks if check.kind is CheckKind.CONCLUSION]

    assert (points(later), points(last), points(earlier), points(signed)) == (["Sizes first"], ["Sizes first"], [], [])
    page = as_user("ada").get(f"/live/{later.id}/prepare").text
    assert "Sizes first" in page and str(person("ben")) in page
    records.update(learned, {"text": "Sizes and colours first"}, actor=SYSTEM, version=learned.version)
    assert points(later) == ["Sizes and colours first"]
    assert plan.copy_from(last, signed, actor=SYSTEM) == 3 and len(points(last)) == 1
    ticked = next(check for check in last.checks if check.kind is CheckKind.CONCLUSION)
    plan.tick(ticked.id, True, actor=SYSTEM)
    concluding.settle([learned], actor=SYSTEM)
    assert (points(later), points(last)) == ([], ["Sizes and colours first"])
    assert plan.copy_from(later, last, actor=SYSTEM) == 3 and points(later) == []


def test_a_copy_shows_items_as_long_as_the_report_of_the_session_before_suggests(session, signed, planned, as_user):
    """LVR-04."""
    cup, bowl, tea = signed.items
    told = [{"id": cup.id, "suggested": 17.6, "reason": "longer"}, {"id": bowl.id, "suggested": 60.0, "reason": "keep"},
            {"id": tea.id, "suggested": None, "reason": "few"}]  # fmt: skip
    transactional(reviewing.keep)(signed.id, {"form": report.FORM, "items": told})
    later, plain = planned(30), planned(54)
    browser = as_user("ada")
    assert "Show 1 items as long as" in browser.get(f"/live/{later.id}/prepare").text
    browser.post(f"/live/{later.id}/prepare/copy", data={"csrf_token": browser.token, "suggested": "1"})
    session.expire_all()
    assert [item.planned_minutes for item in later.items] == [18, 60, 10]
    assert plan.copy_from(plain, signed, actor=SYSTEM) == 3
    assert [item.planned_minutes for item in plain.items] == [50, 60, 10]


def test_the_preview_says_theme_time_goods_and_offers(filled):
    records.update(filled, {"theme": "Tea for two", "offers": "Second one half"}, actor=SYSTEM)
    text = sheet.make_preview(filled, actor=SYSTEM)
    assert all(part in text for part in ("Tea for two", "Che", "Cup", "59", "Second one half"))


def test_a_link_opens_only_what_is_announced_and_counts_who_came_by_it(app, session, filled, signed):
    link = links.hand_out(signed, "Aunt Li", actor=SYSTEM)
    with pytest.raises(DomainError, match="already"):
        links.hand_out(signed, "Aunt Li", actor=SYSTEM)
    page = app.test_client().get(f"/live/p/{link.token}")
    assert page.status_code == 200 and b"Evening" in page.data
    session.expire_all()
    assert link.clicks == 1
    plan.move(signed, SessionState.DRAFT, actor=SYSTEM)
    assert app.test_client().get(f"/live/p/{link.token}").status_code == 404
    assert app.test_client().get("/live/p/nonsense").status_code == 404
    assert links.picture("http://shop.local/live/p/x").startswith("data:image/svg+xml")


def test_a_piece_that_does_not_work_blocks_with_its_reason_and_one_that_is_good_to_have_only_warns(session, studio, signed, planned, person):
    records.update(studio.room, {"equipment": "Lamp\n? Spare phone\n？"}, actor=SYSTEM)
    live = planned(hours=30)
    lamp, phone = (check for check in live.checks if check.kind is CheckKind.EQUIPMENT)
    assert [(one.text, one.is_blocking) for one in (lamp, phone)] == [("Lamp", True), ("Spare phone", False)]
    with pytest.raises(InvalidInput, match="what is wrong"):
        plan.fail(lamp.id, " ", actor=SYSTEM)
    for check, why in ((lamp, "bulb is broken"), (phone, "no battery")):
        plan.fail(check.id, why, actor=person("ben"))
    assert "Does not work: Lamp (bulb is broken)" in plan.missing(live)
    assert "Does not work: Spare phone (no battery)" in plan.warnings(live) and not any("phone" in one for one in plan.missing(live))
    plan.tick(lamp.id, True, actor=SYSTEM)
    assert (lamp.failed_at, lamp.note) == (None, None) and not any("Lamp" in one for one in plan.missing(live))
    light = next(check for check in signed.checks if check.text == "Lamp")
    plan.fail(light.id, "flickers", actor=SYSTEM)
    assert signed.state is SessionState.DRAFT and light.done_at is None, "what made it ready is gone"
    with pytest.raises(DomainError, match="stands as it is"):
        plan.fail(next(check.id for check in signed.checks if check.kind is CheckKind.SIGN_OFF), "no", actor=SYSTEM)


def test_the_preview_of_many_sessions_knows_where_host_or_room_are_taken(session, planned, studio):
    first, second = planned(), planned(hours=1, creator_id=studio.guest.id, room_id=studio.other.id)
    ids = [first.id, second.id]
    values = {"set": {"room_id": studio.room.id}, "raw": {"room_id": str(studio.room.id)}}
    session.commit()
    run = operate("edit:live.LiveSession", ids, **values)
    assert run.findings["counts"] == {"same": 1, "refused": 1}
    assert refused(run) == [run.findings["reasons"][0][1]] and "Room 1" in refused(run)[0]
