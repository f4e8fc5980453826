"""Pictures: order, the main one, thumbnails, and by what right they are shown. Films: a file or a link."""

import io
import re

import pytest

from app.panel.core import files, records, trash
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import Forbidden, InvalidInput
from app.shop.catalog import queries, services
from app.shop.catalog.models import ProductImage, ProductVideo
from app.shop.catalog.states import MediaLicence, MediaSource
from app.shop.catalog.tiles import unlicensed
from tests.shop.conftest import png


@pytest.fixture
def shown(make_product, picture):
    """A product with three pictures."""
    product = make_product("Cup")
    services.file_image(product, [picture(900, 900).id, picture(901, 901).id, picture(902, 902).id], actor=SYSTEM)
    return product


def order(product):
    return [image.file.width for image in product.images]


def main(product):
    return [image.file.width for image in product.images if image.is_main]


def test_the_first_picture_is_the_main_one(shown):
    assert (order(shown), main(shown)) == ([900, 901, 902], [900])
    assert shown.main_image_id == shown.images[0].file_id


def test_another_picture_becomes_the_main_one_and_there_is_never_a_second(shown, ada):
    services.set_main_image(shown.images[2], actor=ada)
    assert main(shown) == [902]
    records.update(shown.images[1], {"is_main": True}, actor=ada)
    assert main(shown) == [901]
    records.update(shown.images[1], {"is_main": False}, actor=ada)
    assert len(main(shown)) == 1


def test_pictures_change_places(shown, ada):
    services.shift_image(shown.images[0], 1, actor=ada)
    assert order(shown) == [901, 900, 902]
    services.shift_image(shown.images[0], -1, actor=ada)
    assert order(shown) == [901, 900, 902]
    assert main(shown) == [900], "the place of a picture does not say whether it is the main one"


def test_a_dragged_order_is_stored_whole_may_be_sent_twice_and_overwrites_nobody(shown, ada, as_user, session):
    path, client = f"/catalog/products/{shown.id}/pictures/", as_user("ada")
    first, second, third = (image.id for image in shown.images)
    session.commit()
    page = client.get(path).text
    seen = re.search(r'data-seen="([^"]+)"', page)[1]
    sent = {"order": f"{third},{first},{second}", "seen": seen}
    answer = client.post(f"{path}arrange", data=sent)
    assert (answer.status_code, answer.json["order"]) == (200, [third, first, second])
    session.expire_all()
    assert (order(shown), main(shown)) == ([902, 900, 901], [900])
    session.commit()
    again = client.post(f"{path}arrange", data=sent)
    assert (again.status_code, again.json["seen"]) == (200, answer.json["seen"]), "a repeat changes nothing"
    stale = client.post(f"{path}arrange", data={"order": f"{second},{first},{third}", "seen": seen})
    assert stale.status_code == 409
    for wrong in (f"{first},{second}", f"{first},{second},{third},{third}"):
        assert client.post(f"{path}arrange", data={"order": wrong, "seen": again.json["seen"]}).status_code == 409
    assert client.post(f"{path}arrange", data={"order": "1,x"}).status_code == 400
    assert as_user("ben").post(f"{path}arrange", data=sent).status_code == 403
    session.expire_all()
    assert order(shown) == [902, 900, 901]


def test_when_the_main_picture_goes_the_first_follows(shown, ada):
    records.delete(shown.images[0], actor=ada)
    assert (order(shown), main(shown)) == ([901, 902], [901])
    for image in list(shown.images):
        records.delete(image, actor=ada)
    assert shown.main_image_id is None


def test_many_pictures_are_uploaded_at_once_and_small_ones_warned_of(make_product, as_user, session):
    product, client = make_product("Cup"), as_user("ada")
    path = f"/catalog/products/{product.id}/pictures/"
    assert client.get(path).status_code == 200
    data = {"pictures": [(png(900, 900), "a.png"), (png(300, 300), "b.png")], "source": "supplier", "licence": "authorised",
            "licence_note": "Contract 7"}  # fmt: skip
    page = client.post(path, data=data, follow_redirects=True)
    session.expire_all()
    assert [(image.source, image.licence) for image in product.images] == [(MediaSource.SUPPLIER, MediaLicence.AUTHORISED)] * 2
    assert "300 × 300" in page.text
    assert "900 × 900" not in page.text
    key = product.images[1].id
    client.post(f"{path}order", data={"image": key, "to": "main"})
    client.post(f"{path}order", data={"image": key, "to": "up"})
    session.expire_all()
    assert product.images[0].id == key
    assert product.images[0].is_main
    client.post(f"{path}order", data={"image": key, "to": "away"})
    session.expire_all()
    assert len(product.images) == 1


def test_an_upload_that_is_no_picture_changes_nothing(make_product, as_user, session):
    product = make_product("Cup")
    data = {"pictures": [(png(900, 900), "a.png"), (io.BytesIO(b"MZ not a picture"), "b.png")]}
    assert as_user("ada").post(f"/catalog/products/{product.id}/pictures/", data=data).status_code == 422
    session.expire_all()
    assert list(product.images) == []


def test_thumbnails_are_made_and_shown_to_whoever_sees_products(shown, as_user):
    page = as_user("ben").get(f"/catalog/product/show/{shown.id}").text
    address = page.split('<img class="picture" src="')[1].split('"')[0].replace("&amp;", "&")
    answer = as_user("ben").get(address)
    assert (answer.status_code, answer.mimetype) == (200, "image/webp")
    assert as_user("cleo").get(address).status_code == 404, "a link names its reader"


def test_the_proof_of_a_licence_is_not_shown_with_the_pictures(shown, picture, ben):
    proof = picture(50, 50)
    records.update(shown.images[0], {"proof_id": proof.id, "licence": MediaLicence.COMMERCIAL}, actor=SYSTEM)
    assert files.may_read(ben, shown.images[0].file)
    assert not files.may_read(ben, proof)


def test_pictures_without_a_right_or_without_its_proof_are_reported(shown, picture, ada, as_user, app, session):
    first, second, third = shown.images
    records.update(first, {"licence": MediaLicence.ORIGINAL}, actor=ada)
    records.update(second, {"licence": MediaLicence.COMMERCIAL}, actor=ada)
    assert {image.id for image in session.scalars(queries.images_without_licence())} == {second.id, third.id}
    with app.test_request_context():
        todo = unlicensed(ada)
    assert todo.count == 2
    listed = as_user("ada").get(todo.url.replace("/catalog/productimage/list/", "/api/v1/catalog/productimage/")).json
    assert {row["id"] for row in listed["result"]} == {second.id, third.id}, "the to-do opens the rows that it counted"
    records.update(second, {"proof_id": picture().id}, actor=ada)
    records.update(third, {"licence": MediaLicence.PUBLIC}, actor=ada)
    assert session.scalars(queries.images_without_licence()).all() == []


def test_a_picture_is_a_file_or_an_address_and_a_film_a_file_or_a_link(make_product, ada):
    product = make_product("Cup")
    for model, values in ((ProductImage, {}), (ProductVideo, {"title": "In use"})):
        with pytest.raises(InvalidInput):
            records.create(model, {"product_id": product.id, **values}, actor=ada)
    made = records.create(ProductVideo, {"product_id": product.id, "title": "In use", "url": "https://example.org/v"}, actor=ada)
    assert made.url == "https://example.org/v"
    with pytest.raises(InvalidInput):
        records.parse(ProductVideo, {"product_id": product.id, "title": "x", "url": "javascript:alert(1)"})


def test_support_adds_no_pictures(shown, ben, picture, as_user):
    with pytest.raises(Forbidden):
        services.file_image(shown, [picture().id], actor=ben)
    assert as_user("ben").get(f"/catalog/products/{shown.id}/pictures/").status_code == 403


def test_nobody_shows_a_file_that_he_may_not_read_by_guessing_its_number(make_product, picture, ben, as_role, session):
    paper = picture(600, 400)
    product = make_product("Cup")
    as_role(ben, "operations")
    with pytest.raises(InvalidInput):
        records.create(ProductImage, {"product_id": product.id, "file_id": paper.id}, actor=ben)
    stolen = [{"id": product.skus[0].id, "code": product.skus[0].code, "price": "1", "image_id": str(paper.id)}]
    with pytest.raises(InvalidInput) as refused:
        records.update(product, {"skus": stolen}, actor=ben)
    assert list(refused.value.errors) == ["skus.0.image_id"]
    own = picture(900, 900, actor=ben)
    assert records.create(ProductImage, {"product_id": product.id, "file_id": own.id}, actor=ben).file_id == own.id


def test_a_main_picture_out_of_the_trash_leaves_the_new_main_one_in_its_place(shown, ada):
    records.delete(shown.images[0], actor=ada)
    trash.restore(trash.entries("catalog.ProductImage", ada)[0].id, actor=ada)
    assert (order(shown), main(shown)) == ([901, 902, 900], [901])
    for image in list(shown.images):
        records.delete(image, actor=ada)
    trash.restore(trash.entries("catalog.ProductImage", ada)[0].id, actor=ada)
    assert shown.main_image_id == shown.images[0].file_id


def test_a_film_plays_on_the_page_of_its_product_and_a_link_names_its_host(make_product, as_user, ben):
    product = make_product("Cup")
    film = files.store(io.BytesIO(b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00" * 64), "cup.mp4", kinds=("video",), actor=SYSTEM)
    ours = records.create(ProductVideo, {"product_id": product.id, "title": "In use", "file_id": film.id}, actor=SYSTEM)
    records.create(ProductVideo, {"product_id": product.id, "title": "On the net", "url": "https://films.example.org/v?x=1"}, actor=SYSTEM)
    client = as_user("ben")
    page = client.get(f"/catalog/product/show/{product.id}").get_data(as_text=True)
    assert ">films.example.org</a>" in page
    address = page.split('<video class="video" src="')[1].split('"')[0]
    answer = client.get(address, headers={"Range": "bytes=0-3"})
    assert (answer.status_code, answer.mimetype, len(answer.data)) == (206, "video/mp4", 4)
    assert "attachment" not in answer.headers.get("Content-Disposition", "")
    assert "<video" in client.get(f"/catalog/productvideo/show/{ours.id}").get_data(as_text=True)
