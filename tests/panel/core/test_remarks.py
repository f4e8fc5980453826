"""Notes and files on a row: read by whoever reads the row, written by whoever may change it, served by the policy alone."""

import io
import re

import pytest
from PIL import Image

from app.panel.core import files, remarks

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Count 0/Kids[]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def picture():
    out = io.BytesIO()
    Image.new("RGB", (300, 200), "teal").save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def customer(session):
    from app.shop.customers.models import Customer
    from app.shop.setup.models import Shop

    row = Customer(name="Zhang San", shop_id=session.query(Shop).filter_by(code="A").one().id)
    session.add(row)
    session.commit()
    return row.id


def send(client, key, *given, body=""):
    data = {"body": body, "files": [(io.BytesIO(content), name) for name, content in given]}
    return client.post(f"/remarks/customers.Customer/{key}", data=data, content_type="multipart/form-data")


def test_notes_and_files_stand_on_the_row_and_in_its_timeline(as_user, customer):
    ben = as_user("ben")
    assert send(ben, customer, ("face.png", picture()), ("../../etc/contract.pdf", PDF), body="She called <b>twice</b>").status_code == 302
    page = ben.get(f"/customers/customer/show/{customer}").text
    assert "She called &lt;b&gt;twice&lt;/b&gt;" in page
    assert ">contract.pdf</a>" in page and "etc/" not in page
    assert "added a file" in page
    thumb, = re.findall(r'<img src="(/files/[^"]+size=thumb)"', page)
    assert ben.get(thumb).mimetype == "image/webp"
    pdf = ben.get(re.search(r'<a href="(/files/[^"]+)"[^>]*>contract.pdf', page)[1])
    assert pdf.mimetype == "application/pdf"
    assert pdf.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in pdf.headers["Content-Security-Policy"]
    assert "script-src" not in pdf.headers["Content-Security-Policy"] and "default-src 'none'" in pdf.headers["Content-Security-Policy"]


def test_whoever_does_not_see_the_row_gets_neither_page_nor_file_nor_a_word_in(as_user, customer, session):
    from app.panel.core.db import db

    ben, cleo = as_user("ben"), as_user("cleo")
    send(ben, customer, ("contract.pdf", PDF))
    file = session.query(files.File).filter_by(name="contract.pdf").one()
    assert send(cleo, customer, body="mine now").status_code == 404
    assert cleo.post(f"/remarks/customers.Customer/{customer}/{file.id}/remove").status_code == 404
    link = re.search(r'<a href="(/files/[^"]+)"[^>]*>contract.pdf', ben.get(f"/customers/customer/show/{customer}").text)[1]
    assert cleo.get(link).status_code == 404, "a link opens for nobody else"
    from app.panel.accounts.models import User

    people = {name: db.session.query(User).filter_by(username=name).one() for name in ("ben", "cleo")}
    file.created_by_id = None
    assert remarks._on_a_readable_row(people["ben"], file)
    assert not remarks._on_a_readable_row(people["cleo"], file)


@pytest.mark.parametrize(("name", "content"), [("page.html", b"<html><script>alert(1)</script></html>"), ("x.png", b"MZ\x90\x00"),
                                               ("evil.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")])  # fmt: skip
def test_a_file_that_is_none_of_the_kinds_is_refused_and_the_note_is_kept(as_user, customer, session, name, content):
    ben = as_user("ben")
    answer = send(ben, customer, ("face.png", picture()), (name, content), body="Typed with care")
    page = ben.get(answer.location).text
    assert "is none of" in page
    assert "Typed with care</textarea>" in page
    assert session.query(remarks.Remark).count() == 0
    assert "Chosen: face.png" in page, "what was good of it is not chosen anew"
    held = re.findall(r'name="held" value="([^"]+)"', page)
    assert ben.post(f"/remarks/customers.Customer/{customer}", data={"body": "Typed with care", "held": held}).status_code == 302
    kept = session.query(remarks.Remark).one()
    assert (kept.body, kept.file.name) == ("Typed with care", "face.png")


def test_an_empty_file_is_refused_in_a_sentence_wherever_files_are_given(as_user, customer, session):
    ben, ada = as_user("ben"), as_user("ada")
    page = ben.get(send(ben, customer, ("list.csv", b""), ("face.png", picture()), body="Typed with care").location).text
    assert "“list.csv” is empty (0 bytes)." in page and "Chosen: face.png" in page and "Typed with care</textarea>" in page
    assert session.query(remarks.Remark).count() == 0
    refused = ada.post("/catalog/brand/add", data={"name": "Brand", "logo_id": (io.BytesIO(b""), "logo.png")})
    assert refused.status_code == 422 and "“logo.png” is empty (0 bytes)." in refused.text


def test_a_remark_goes_to_the_trash_by_its_writer_and_comes_back(as_user, customer, session):
    ada, ben, cleo = as_user("ada"), as_user("ben"), as_user("cleo")
    send(ada, customer, body="Ada's")
    send(ben, customer, body="Ben's")
    number = {one.body: one.id for one in session.query(remarks.Remark)}
    address = f"/remarks/customers.Customer/{customer}/{{}}/remove"
    assert ben.post(address.format(number["Ada's"])).status_code == 403
    assert ben.post(address.format(number["Ben's"])).status_code == 302
    assert ben.post(address.format(number["Ben's"])).status_code == 404
    assert [one.body for one in session.query(remarks.Remark)] == ["Ada's"]
    session.commit()
    page = ben.get(f"/customers/customer/show/{customer}?removed=1").text
    back = re.search(r'action="(/remarks/[^"]+/bring-back)"', page)[1]
    assert cleo.post(back).status_code == 404
    send(ada, customer, body="Not his")
    own = session.query(remarks.Remark).filter_by(body="Not his").one().id
    session.commit()
    assert ada.post(address.format(own)).status_code == 302
    assert ben.get(f"/customers/customer/show/{customer}?removed=1").text.count("/bring-back") == 1, "each his own"
    assert ada.get(f"/customers/customer/show/{customer}?removed=1").text.count("/bring-back") == 2
    assert "/bring-back" not in ada.get(f"/customers/customer/show/{customer}").text
    assert ben.post(back).status_code == 302
    assert ben.post(back).status_code == 404
    assert {one.body for one in session.query(remarks.Remark)} == {"Ada's", "Ben's"}


def test_nothing_is_no_remark(as_user, customer):
    ben = as_user("ben")
    assert "Write something" in ben.get(send(ben, customer).location).text
    assert send(ben, 999_999, body="x").status_code == 404
    assert ben.post("/remarks/no.Such/1", data={"body": "x"}).status_code == 404
