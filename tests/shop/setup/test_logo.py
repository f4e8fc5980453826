"""A shop's logo: square and large enough, else refused with the offer to cut it."""

import pytest
from PIL import Image

from app.panel.core import files, records
from app.panel.core.errors import InvalidInput
from app.panel.core.files import File
from app.shop.setup import services
from app.shop.setup.models import Shop
from app.shop.setup.states import LogoSource
from tests.shop.conftest import png


@pytest.fixture
def shop(session):
    return session.query(Shop).filter_by(code="A").one()


def test_a_square_picture_of_four_hundred_pixels_is_a_logo(shop, picture, ada):
    file = picture(400, 400)
    services.set_logo(shop, file, actor=ada, source=LogoSource.LICENSED, licence="GY-2026-118")
    assert (shop.logo_id, shop.logo_source, shop.logo_licence) == (file.id, LogoSource.LICENSED, "GY-2026-118")


@pytest.mark.parametrize("size", [(399, 399), (800, 500), (400, 399)])
def test_other_pictures_are_refused_also_through_the_api(shop, picture, ada, size):
    file = picture(*size)
    with pytest.raises(InvalidInput):
        services.set_logo(shop, file, actor=ada)
    with pytest.raises(InvalidInput) as refused:
        records.update(shop, {"logo_id": file.id}, actor=ada)
    assert list(refused.value.errors) == ["logo_id"]
    assert shop.logo_id is None


@pytest.mark.parametrize("where", ["start", "middle", "end"])
def test_the_largest_square_is_cut_out_where_one_says(shop, ada, session, where):
    image = Image.new("RGB", (900, 500))
    for offset, colour in ((0, (255, 0, 0)), (300, (0, 255, 0)), (600, (0, 0, 255))):
        image.paste(colour, (offset, 0, offset + 300, 500))
    out = png()
    out.truncate(0)
    out.seek(0)
    image.save(out, "PNG")
    out.seek(0)
    wide = files.store(out, "wide.png", actor=ada)
    services.crop_logo(shop, wide, where, actor=ada)
    cut = session.get(File, shop.logo_id)
    assert (cut.width, cut.height) == (500, 500)
    with Image.open(files.path_of(cut.token)) as logo:
        left = logo.convert("RGB").getpixel((5, 5))
    assert left == {"start": (255, 0, 0), "middle": (255, 0, 0), "end": (0, 255, 0)}[where]


def test_the_page_offers_the_cut_only_when_the_square_is_large_enough(shop, as_user, session):
    client = as_user("ada")
    path = f"/setup/shops/{shop.id}/logo/"
    refused = client.post(path, data={"picture": (png(800, 500), "wide.png"), "logo_source": "own"})
    assert refused.status_code == 422
    assert "800 × 500" in refused.text
    assert "Cut and use it" in refused.text
    key = refused.text.split('name="file_id" value="')[1].split('"')[0]
    assert client.post(f"{path}cut", data={"file_id": key, "where": "middle", "logo_source": "own"}).status_code == 302
    session.expire_all()
    assert (shop.logo.width, shop.logo.height, shop.logo_source) == (500, 500, LogoSource.OWN)
    tiny = client.post(path, data={"picture": (png(300, 200), "tiny.png")})
    assert tiny.status_code == 422
    assert "Cut and use it" not in tiny.text


def test_a_square_upload_becomes_the_logo_at_once(shop, as_user, session):
    data = {"picture": (png(640, 640), "logo.png"), "logo_source": "own"}
    answer = as_user("ada").post(f"/setup/shops/{shop.id}/logo/", data=data)
    assert answer.status_code == 302
    session.expire_all()
    assert shop.logo.width == 640


def test_support_does_not_change_the_logo(shop, as_user):
    assert as_user("ben").get(f"/setup/shops/{shop.id}/logo/").status_code == 403
