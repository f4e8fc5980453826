"""Many products at once: brands, words in titles, and pictures out of an archive."""

import io
import zipfile

import pytest
from PIL import Image

from app.panel.core.actor import SYSTEM
from app.panel.core.errors import InvalidInput
from app.panel.core.transaction import transactional
from app.shop.catalog.models import Brand, Product, Sku, Tag
from app.shop.catalog.services import archives
from tests.shop.bringing import counts, operate, refused, take_back


@pytest.fixture
def products(session):
    @transactional
    def write():
        made = [Product(title=f"Green_Tea 100% No. {n}", handle=f"tea-{n}") for n in (1, 2)]
        made.append(Product(title="Tea", handle="tea-3"))
        made[0].skus.append(Sku(code="TEE-1", price=1000, currency="CNY"))
        made[1].skus.append(Sku(code="TEE", price=1000, currency="CNY"))
        session.add_all(made)
        session.flush()
        return [one.id for one in made]

    return write()


def of(session, keys, name):
    session.expire_all()
    return [getattr(session.get(Product, key), name) for key in keys]


def picture(colour):
    out = io.BytesIO()
    Image.new("RGB", (40, 40), colour).save(out, "PNG")
    return out.getvalue()


def packed(**entries):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    out.seek(0)
    return out


def test_a_brand_is_set_counts_for_completeness_and_goes_back(session, products):
    @transactional
    def make():
        session.add(brand := Brand(name="Acme", slug="acme"))
        session.flush()
        return brand.id

    before = of(session, products, "completeness")
    run = operate("catalog.brand", products, brand=make())
    assert [str(brand) for brand in of(session, products, "brand")] == ["Acme"] * 3
    assert all(more > less for more, less in zip(of(session, products, "completeness"), before, strict=True))
    assert counts(take_back(run))["changed"] == 3 and of(session, products, "brand_id") == [None] * 3


def test_text_is_replaced_letter_for_letter_with_every_title_before_and_after(session, products):
    run = operate("catalog.replace_text", products, field="title", find="Tea 100% ", by="Tea ")
    assert of(session, products, "title") == ["Green_Tea No. 1", "Green_Tea No. 2", "Tea"]
    shown = run.findings["first"][0]["changes"][0]
    assert (shown["before"], shown["after"]) == ("Green_Tea 100% No. 1", "Green_Tea No. 1")
    assert counts(run)["same"] == 1
    take_back(run)
    assert of(session, products, "title")[0] == "Green_Tea 100% No. 1"


def test_a_title_that_would_be_empty_or_too_long_is_left_alone(session, products):
    assert refused(operate("catalog.replace_text", products, field="title", find="Tea", by="")) == ["Nothing would be left of it."]
    long = operate("catalog.replace_text", products, field="title", find="e", by="x" * 199)
    assert refused(long) == ["It would be longer than 200 characters."] * 3
    assert "Tea" in of(session, products, "title")[2], "what is refused stays"
    assert counts(operate("catalog.replace_text", products, field="title", find="%_", by="?"))["changed"] == 0, "no pattern"


def test_pictures_come_to_the_products_after_which_they_are_named_and_go_back(session, products):
    archive = packed(**{
        "shoot/TEE-1.png": picture("red"), "tee-2.png": picture("blue"), "TEE.png": picture("green"),
        "tea-3_1.png": picture("white"), "nobody.png": picture("black"), "TEE-3.png": b"no picture", "../TEE.png": picture("grey"),
    })  # fmt: skip
    found = archives.unpack(archive, actor=SYSTEM)
    assert {key: len(kept) for key, kept in found.by_product.items()} == {products[0]: 1, products[1]: 2, products[2]: 1}
    assert sorted(name for name, _why in found.left) == ["../TEE.png", "TEE-3.png", "nobody.png"]
    values = {
        "pictures": {str(key): kept for key, kept in found.by_product.items()}, "left": found.left,
        "rights": {"source": "own", "licence": "original", "licence_note": None},
    }  # fmt: skip
    run = operate("catalog.pictures", products, **values)
    assert counts(run)["changed"] == 3
    images = of(session, products, "images")[1]
    assert [image.file.name for image in images] == ["TEE.png", "tee-2.png"] and images[0].is_main
    assert counts(operate("catalog.pictures", products, **values))["same"] == 3, "a picture that is there is not added again"
    take_back(run)
    assert of(session, products, "images") == [[], [], []]


@pytest.mark.parametrize("content", [b"no archive", b""])
def test_what_is_no_archive_is_refused_with_a_sentence(session, content):
    with pytest.raises(InvalidInput, match="ZIP"):
        archives.unpack(io.BytesIO(content), actor=SYSTEM)


def test_an_archive_that_unpacks_to_far_more_than_its_size_is_refused(session):
    with pytest.raises(InvalidInput, match="far more"):
        archives.unpack(packed(**{"TEE.png": b"\0" * (5 * 2**20)}), actor=SYSTEM)
    with pytest.raises(InvalidInput, match="At most"):
        archives.unpack(packed(**{f"{n}.png": b"" for n in range(501)}), actor=SYSTEM)


def test_the_form_takes_an_archive_and_the_preview_names_what_was_refused(session, products, as_user):
    data = {"action": "catalog.pictures", "rowid": products, "_go": "1", "source": "own", "licence": "original"}
    archive = packed(**{"TEE.png": picture("red"), "nobody.png": picture("blue")})
    client = as_user("ada")
    answer = client.post("/bulk/operation/new", data={**data, "file": (archive, "shoot.zip")}, content_type="multipart/form-data")
    assert answer.status_code == 302, answer.text
    shown = client.get(answer.location).text
    assert "nobody.png" in shown and "Change 1 row" in shown
    wrong = client.post("/bulk/operation/new", data=data, content_type="multipart/form-data")
    assert wrong.status_code == 422 and "Choose a ZIP archive" in wrong.text


def test_a_preview_makes_no_tag_the_run_does_and_names_that_are_too_long_are_refused(session, products, as_user):
    client = as_user("ada")
    data = {"action": "catalog.tags", "rowid": products, "_go": "1", "add": "", "remove": ""}
    answer = client.post("/bulk/operation/new", data={**data, "new": "Autumn, " + "x" * 61})
    assert answer.status_code == 422 and "At most 60 characters, these are 61." in answer.text
    answer = client.post("/bulk/operation/new", data={**data, "new": "Autumn, Winter"})
    assert "Tags: +Autumn, +Winter" in client.get(answer.location).text
    assert session.query(Tag).all() == [], "what is only looked at leaves nothing"
    client.post(f"{answer.location}start")
    session.expire_all()
    assert [sorted(tag.name for tag in session.get(Product, key).tags) for key in products] == [["Autumn", "Winter"]] * 3
    client.post(f"{answer.location}undo")
    session.expire_all()
    assert [session.get(Product, key).tags for key in products] == [[]] * 3
