"""An earlier version of a row with what hangs on it: choices of many, files, and what was told of it."""

import io
import re

from PIL import Image

from app.panel.core import notices, records
from app.panel.core.actor import SYSTEM
from app.shop.catalog.models import Brand
from app.shop.customers.models import CustomerTag
from tests.shop.customers.people import customer


def png(colour):
    out = io.BytesIO()
    Image.new("RGB", (20, 10), colour).save(out, "PNG")
    out.seek(0)
    return out


def test_tags_come_back_as_far_as_they_still_are(session, as_user, ada):
    vip, gone = (records.create(CustomerTag, {"name": name}, actor=SYSTEM) for name in ("VIP", "Gone"))
    card = customer()
    records.update(card, {"tags": [vip.id, gone.id]}, actor=ada)
    records.update(card, {"tags": [], "name": "Li Nan"}, actor=ada)
    records.delete(gone, actor=ada)
    client = as_user("ada")
    back = re.findall(r'href="([^"]+\?as_of=\d+)"', client.get(f"/customers/customer/show/{card.id}").text)
    page = client.get(back[0]).text
    assert f'value="{vip.id}"' in page and "No longer there: Gone" in page and 'value="Li Na"' in page


def test_a_logo_comes_back_and_so_does_none(session, as_user):
    client = as_user("ada")
    brand = {"name": "Brand of tests"}
    client.post("/catalog/brand/add", data={**brand, "idempotency_key": "f" * 32})
    row = session.query(Brand).filter_by(name="Brand of tests").one()
    url, show = f"/catalog/brand/edit/{row.id}", f"/catalog/brand/show/{row.id}"
    for colour in ("red", "blue"):
        session.refresh(row)
        data = {**brand, "version": row.version, "logo_id": (png(colour), f"{colour}.png")}
        assert client.post(url, data=data).status_code == 302
    first = re.findall(r'href="([^"]+\?as_of=\d+)"', client.get(show).text)
    none, red = client.get(first[-1]).text, client.get(first[0]).text
    assert re.search(r'name="logo_id-remove" value="1" checked', none)
    assert "Chosen: red.png" in red
    ticket = re.search(r'name="logo_id" value="([^"]+)"', red)[1]
    session.refresh(row)
    assert client.post(url, data={**brand, "version": row.version, "logo_id": ticket}).status_code == 302
    session.refresh(row)
    assert row.logo.name == "red.png"


def test_the_timeline_tells_what_was_told_to_its_reader_and_to_nobody_else(session, as_user, ada):
    card = customer()
    notices.send([ada.id], "Please call Li Na", about=card)
    url = f"/customers/customer/show/{card.id}"
    assert "Please call Li Na" in as_user("ada").get(url).text
    assert "Please call Li Na" not in as_user("ben").get(url).text
