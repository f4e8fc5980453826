"""Files that people give: who may fetch them, for how long, and when their bytes are gone."""

import io
import re

import pytest
from flask import g
from PIL import Image

from app.panel.core import files, housekeeping, policy, records, trash
from app.panel.core.actor import SYSTEM
from app.panel.core.transaction import transactional
from app.shop.catalog.models import Brand, Sku


def png(colour="red"):
    out = io.BytesIO()
    Image.new("RGB", (20, 10), colour).save(out, "PNG")
    out.seek(0)
    return out


@pytest.fixture
def picture(session, ada):
    return files.store(png(), "scarf.png", actor=ada)


@pytest.fixture
def shown(app, session, picture):
    """The picture as that of a product; `shown(person)` is the link on a page made for him."""
    from app.shop.catalog.models import Product, ProductImage

    product = records.create(Product, {"title": "Scarf"}, actor=SYSTEM)

    @transactional
    def add():
        session.add(ProductImage(product=product, file_id=picture.id, position=1))

    add()

    def link(person):
        with app.test_request_context():
            g.user = g._login_user = person
            return files.url(picture.id)

    return link


def test_a_link_opens_for_the_reader_whom_it_names(shown, ben, as_user):
    answer = as_user("ben").get(shown(ben))
    assert answer.status_code == 200
    assert answer.mimetype == "image/png"
    assert answer.data == png().getvalue()
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    small = as_user("ben").get(f"{shown(ben)}?size=thumb")
    assert small.mimetype == "image/webp"


def test_a_link_opens_for_nobody_else(app, shown, ben, as_user):
    assert as_user("cleo").get(shown(ben)).status_code == 404
    assert app.test_client().get(shown(ben)).status_code == 404
    assert as_user("ben").get(shown(ben)[:-2]).status_code == 404


def test_a_link_ends_after_eight_hours(shown, ben, as_user, monkeypatch):
    link, client = shown(ben), as_user("ben")
    monkeypatch.setattr(files, "LINK_SECONDS", -1)
    assert client.get(link).status_code == 404


def test_a_link_ends_with_the_right_to_read(shown, ben, as_user, monkeypatch):
    link, client = shown(ben), as_user("ben")
    allowed = policy.allowed
    monkeypatch.setattr(policy, "allowed", lambda actor, verb, resource: resource == "x" and allowed(actor, verb, resource))
    assert client.get(link).status_code == 404


def test_a_file_that_no_row_names_is_its_givers_alone(picture, ada, ben):
    assert files.may_read(ada, picture)
    assert not files.may_read(ben, picture)


def test_bytes_go_once_neither_a_row_nor_the_trash_names_the_file(session, shown, picture, clock, ada):
    from app.shop.catalog.models import ProductImage

    path, key = files.path_of(picture.token), picture.id
    clock.advance(days=8)
    housekeeping.sweep()
    assert path.exists()
    image = session.query(ProductImage).filter_by(file_id=key).one()
    transactional(trash.put)(image, actor=ada)
    clock.advance(days=100)
    housekeeping.sweep()
    assert path.exists()
    clock.advance(days=81)
    housekeeping.sweep()
    assert not path.exists()
    assert session.get(files.File, key) is None


def test_a_file_that_was_just_given_waits_for_its_row(session, picture):
    housekeeping.sweep()
    assert files.path_of(picture.token).exists()


@pytest.fixture
def brand_form():
    return {"name": "Brand of tests", "idempotency_key": "b" * 32}


def stored():
    return sorted(path.name for path in files.folder().rglob("*") if path.is_file())


def test_the_same_form_sent_twice_with_its_file_makes_one_row_and_one_file(session, as_user, brand_form):
    client, before = as_user("ada"), len(stored())
    answers = [
        client.post("/catalog/brand/add", data={**brand_form, "logo_id": (png(), "logo.png")}) for _again in range(2)
    ]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert answers[0].location == answers[1].location
    assert len(stored()) == before + 1
    other = client.post("/catalog/brand/add", data={**brand_form, "logo_id": (png("blue"), "logo.png")})
    assert other.status_code == 422


def ticket_in(page, name="logo_id"):
    return re.search(rf'name="{name}" value="([^"]+)"', page)[1]


def test_a_refused_form_sends_the_file_again_that_was_chosen_before(session, as_user, brand_form, clock):
    client, before = as_user("ada"), stored()
    refused = client.post("/catalog/brand/add", data={**brand_form, "name": "", "logo_id": (png(), "logo.png")})
    assert refused.status_code == 422 and "Chosen: logo.png" in refused.text
    ticket = ticket_in(refused.text)
    again = client.post("/catalog/brand/add", data={**brand_form, "name": "", "logo_id": ticket})
    assert "Chosen: logo.png" in again.text and len(stored()) == len(before) + 1
    assert client.post("/catalog/brand/add", data={**brand_form, "logo_id": ticket_in(again.text)}).status_code == 302
    assert session.query(Brand).filter_by(name="Brand of tests").one().logo.name == "logo.png"
    taken = {**brand_form, "idempotency_key": "c" * 32, "logo_id": (png("blue"), "other.png")}
    assert client.post("/catalog/brand/add", data=taken).status_code == 422
    clock.advance(days=8)
    housekeeping.sweep()
    assert session.query(files.File).filter_by(name="other.png").count() == 0, "what was never sent again goes"
    assert session.query(files.File).filter_by(name="logo.png").count() == 1


def test_a_ticket_of_a_file_is_good_for_nobody_else_and_for_no_other_kind(session, as_user, brand_form, ada, ben, picture):
    ticket = files.ticket(picture, ada)
    assert files.held(ticket, actor=ben, kinds=["image"]) is None
    assert as_user("ada").post("/catalog/brand/add", data={**brand_form, "logo_id": ticket + "x"}).status_code == 302
    assert session.query(Brand).filter_by(name="Brand of tests").one().logo_id is None
    assert files.held(ticket, actor=ada, kinds=["table"]) is None and files.held(ticket, actor=ada, kinds=["image"]) is picture


def test_a_file_of_a_wrong_kind_leaves_neither_row_nor_bytes(session, as_user, brand_form):
    before, rows = stored(), session.query(files.File).count()
    wrong = {**brand_form, "name": "Other", "logo_id": (io.BytesIO(b"MZ"), "logo.png")}
    answer = as_user("ada").post("/catalog/brand/add", data=wrong)
    assert answer.status_code == 422 and "is none of" in answer.text
    assert stored() == before
    assert session.query(files.File).count() == rows


def test_a_picture_in_a_row_of_a_table_is_saved_with_it_and_survives_a_refusal(session, as_user):
    product = {"title": "Lamp", "kind": "regular", "skus-present": "1", "skus-0-code": "LAMP-1", "skus-0-price": "1"}
    client, key = as_user("ada"), {"idempotency_key": "e" * 32}
    wrong = {**product, **key, "title": "", "skus-0-image_id": (png(), "lamp.png")}
    refused = client.post("/catalog/product/add", data=wrong)
    assert refused.status_code == 422 and "Chosen: lamp.png" in refused.text
    data = {**product, **key, "skus-0-image_id": ticket_in(refused.text, "skus-0-image_id")}
    first = client.post("/catalog/product/add", data=data)
    assert first.status_code == 302, re.findall(r'class="error"[^<]*<', first.text)
    twice = client.post("/catalog/product/add", data={**product, **key, "skus-0-image_id": (png(), "lamp.png")})
    assert twice.location == first.location
    sku = session.query(Sku).filter_by(code="LAMP-1").one()
    assert sku.image.name == "lamp.png"
    page = client.get(f"/catalog/product/edit/{sku.product_id}").text
    assert 'alt="lamp.png"' in page
