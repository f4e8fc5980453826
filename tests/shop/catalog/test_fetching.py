"""Pictures that an import knows by their address: brought in by a job, each failure with its reason."""

import io

import pytest

from app.panel.core import fetching, files, records
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError, Forbidden
from app.panel.core.fetching import Fetched, Unfetched
from app.panel.core.notices import Notice
from app.shop.catalog import services
from app.shop.catalog.models import ProductImage
from tests.shop.conftest import png


@pytest.fixture
def net(monkeypatch):
    """What stands at which address: bytes, or errors in turn; and what was asked for."""
    known, asked = {}, []

    def fetch(url, **_limits):
        asked.append(url)
        answers = known[url]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return Fetched(io.BytesIO(answer), url)

    monkeypatch.setattr(fetching, "fetch", fetch)
    return known, asked


@pytest.fixture
def imported(make_product, session):
    """A product with three pictures on the net; its SKU shows the first."""
    product = make_product("Cup")
    for place, name in enumerate(("a.png", "b.png", "c.png")):
        values = {"product_id": product.id, "source_url": f"https://img.example/{name}", "position": place}
        records.create(ProductImage, values, actor=SYSTEM)
    product.skus[0].image_url = "https://img.example/a.png"
    session.commit()
    return product


def test_pictures_come_through_the_pipeline_and_failures_say_why(imported, net, as_user, session):
    known, asked = net
    passing = Unfetched("The server took too long.", passing=True)
    known.update({
        "https://img.example/a.png": [passing, png(900, 900).read()], "https://img.example/b.png": [b"<svg onload=alert(1)>"],
        "https://img.example/c.png": [passing],
    })  # fmt: skip
    client = as_user("ada")
    page = f"/catalog/products/{imported.id}/pictures/"
    assert "Fetch the pictures that are on the net" in client.get(page).text
    answer = client.post(f"/catalog/product/action/fetch/{imported.id}", data={"_go": "1"}, follow_redirects=True)
    assert "Pictures to fetch: 3." in answer.text
    session.expire_all()
    first, second, third = imported.images
    assert (first.file.width, first.file.mime, first.fetch_error) == (900, "image/png", None)
    assert files.thumbnail(first.file, "thumb").exists()
    assert imported.main_image_id == imported.skus[0].image_id == first.file_id
    assert "is none of" in second.fetch_error
    assert third.fetch_error == "The server took too long."
    assert sorted(asked).count("https://img.example/c.png") == 2, "one retry"
    assert asked.count("https://img.example/b.png") == 1, "what is no picture is none at the second look either"
    assert "The server took too long." in client.get(page).text
    notice = session.query(Notice).order_by(Notice.id.desc()).first()
    assert "Pictures fetched: 1; failed: 2" in str(notice.title)
    listed = client.get(notice.url.replace("/catalog/productimage/list/", "/api/v1/catalog/productimage/")).json["result"]
    assert {row["id"] for row in listed} == {second.id, third.id}


def test_asking_again_tries_what_failed_and_leaves_what_is_here(imported, net, ada, session):
    known, asked = net
    known.update({f"https://img.example/{name}.png": [png(50, 50).read()] for name in "ab"})
    known["https://img.example/c.png"] = [Unfetched("gone")]
    assert services.ask_for_pictures([imported.id], actor=ada) == 3
    services.fetch_waiting(seconds=60)
    del asked[:]
    known["https://img.example/c.png"] = [png(60, 60).read()]
    assert services.ask_for_pictures([imported.id], actor=ada) == 1
    services.fetch_waiting(seconds=60)
    assert asked == ["https://img.example/c.png"]
    session.expire_all()
    assert [image.file.width for image in imported.images] == [50, 50, 60]
    with pytest.raises(DomainError, match="only an address"):
        services.ask_for_pictures([imported.id], actor=ada)


def test_nothing_is_fetched_that_nobody_asked_for_nor_by_who_may_not(imported, net, ben):
    services.fetch_waiting(seconds=60)
    assert net[1] == []
    with pytest.raises(Forbidden):
        services.ask_for_pictures([imported.id], actor=ben)
