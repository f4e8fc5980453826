"""The wizard in the browser's place: upload, look, map, check, run, watch, take back."""

import io
import re

import pytest

from app.panel.bulk.pages import importing as pages
from tests import conftest
from tests.panel.bulk.conftest import BOOKS, table


@pytest.fixture
def visit(shelf, library):
    return lambda name: conftest.client_of(library, name)


def upload(client, rows=BOOKS, name="books.csv", **more):
    content = rows if isinstance(rows, bytes) else table(rows)
    return client.post(
        "/bulk/import/", data={"file": (io.BytesIO(content), name), **more}, content_type="multipart/form-data"
    )


def number_of(answer):
    return int(re.search(r"/bulk/import/(\d+)/", answer.location)[1])


def text_of(client, number):
    return client.get(f"/bulk/import/{number}/").get_data(as_text=True)


def test_a_file_goes_from_upload_to_rows_and_back(visit, shelf):
    from tests.library.books.models import Book

    ada = visit("ada")
    number = number_of(upload(ada, layout="table:books.Book"))
    page = text_of(ada, number)
    assert "978-1 · 978-2 · 978-3" in page
    assert ada.post(f"/bulk/import/{number}/run").status_code == 302
    assert shelf.query(Book).count() == 0, "nothing is written before the check"
    checked = ada.post(f"/bulk/import/{number}/settings", data=settings_of(page) | {"go": "check"})
    assert checked.status_code == 302
    page = text_of(ada, number)
    assert "What would happen" in page
    assert "1254.50" in page
    assert shelf.query(Book).count() == 0
    ada.post(f"/bulk/import/{number}/run")
    shelf.rollback()
    assert shelf.query(Book).count() == 3
    page = text_of(ada, number)
    assert "Take back" in page
    progress = ada.get(f"/bulk/import/{number}/progress").json
    assert (progress["state"], progress["new"], progress["percent"]) == ("done", 3, 100)
    back = ada.post(f"/bulk/import/{number}/undo")
    assert "Takes back run" in text_of(ada, number_of(back))
    shelf.rollback()
    assert shelf.query(Book).count() == 0


def settings_of(page):
    """What the form of the settings page would send."""
    form = page.split('action="')[-1]
    values = dict(re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"', form))
    for name, options in re.findall(r'<select [^>]*name="([\w-]+)"[^>]*>(.*?)</select>', form):
        chosen = re.search(r'<option(?: value="([^"]*)")? selected>([^<]*)', options)
        values[name] = (chosen[1] if chosen[1] is not None else chosen[2]) if chosen else ""
    values["key"] = re.findall(r'name="key" value="(\d+)" checked', form)
    values["heading_line"] = values.get("found-heading_line", "")
    return values


@pytest.mark.parametrize("limit", [(2, None), (None, 100_000)], ids=["rows", "money"])
def test_above_the_limits_an_import_is_taken_back_by_two_people_only(visit, shelf, bring, limit):
    from app.panel.accounts import services
    from app.panel.accounts.models import User
    from app.panel.bulk.engine import approving
    from app.panel.core.actor import SYSTEM
    from tests.library.books.models import Book

    if shelf.query(User).filter_by(username="otto").first() is None:
        services.create_user(
            actor=SYSTEM, username="otto", name="otto", email="otto@example.org", roles=["administrator"], password=None
        )
    ada = shelf.query(User).filter_by(username="ada").one()
    run = bring(BOOKS, actor=ada)
    approving.set_limits({"administrator": limit}, actor=SYSTEM)
    number = run.id
    shelf.rollback()
    try:
        maker, other = visit("ada"), visit("otto")
        back = number_of(maker.post(f"/bulk/import/{number}/undo"))
        assert shelf.query(Book).count() == 3
        shelf.rollback()
        page = text_of(maker, back)
        assert "It waits for a second person." in page and "You asked for this yourself." in page and "Withdraw" in page
        assert maker.post(f"/bulk/operation/{back}/approve").status_code == 403
        shown = text_of(other, back)
        assert "Records that go</dt><dd>3<" in shown and "1254.50" in shown and f"/bulk/operation/{back}/approve" in shown
        refused = other.post(f"/bulk/operation/{back}/refuse", data={"why": "They are sold"})
        assert refused.status_code == 302 and "otto did not approve it: They are sold" in text_of(maker, back)
        again = number_of(maker.post(f"/bulk/import/{number}/undo"))
        assert number_of(other.post(f"/bulk/operation/{again}/approve")) == again
        shelf.rollback()
        assert shelf.query(Book).count() == 0 and "approved" not in text_of(maker, number)
    finally:
        shelf.rollback()
        approving.set_limits({}, actor=SYSTEM)


def test_unknown_headings_are_mapped_by_hand_and_known_the_next_time(visit, shelf):
    from tests.library.books.models import Book

    ada = visit("ada")
    rows = [["Número", "Título"], ["A1", "Don Quijote"]]
    number = number_of(upload(ada, rows))
    assert "The headings are not known" in text_of(ada, number)
    ada.post(f"/bulk/import/{number}/settings", data={"layout": "table:books.Book", "go": "keep"})
    page = text_of(ada, number)
    chosen = settings_of(page) | {"column-0": "isbn", "column-1": "title", "key": ["0"], "go": "check"}
    ada.post(f"/bulk/import/{number}/settings", data=chosen)
    ada.post(f"/bulk/import/{number}/run")
    shelf.rollback()
    assert [book.title for book in shelf.query(Book)] == ["Don Quijote"]
    again = number_of(upload(ada, rows))
    assert settings_of(text_of(ada, again))["column-0"] == "isbn"


def test_a_remembered_mapping_has_a_screen_to_rename_and_delete_it(visit, shelf):
    from app.panel.bulk.models import Mapping

    ada = visit("ada")
    number = number_of(upload(ada, [["Número", "Título"], ["A1", "Don Quijote"]], name="from Madrid.csv"))
    ada.post(f"/bulk/import/{number}/settings", data={"layout": "table:books.Book", "go": "keep"})
    chosen = settings_of(text_of(ada, number)) | {"column-0": "isbn", "column-1": "title", "key": ["0"], "go": "keep"}
    ada.post(f"/bulk/import/{number}/settings", data=chosen)
    kept = shelf.query(Mapping).one()
    page = ada.get("/bulk/mapping/list/").get_data(as_text=True)
    assert "from Madrid.csv" in page and "Número → isbn, Título → title" in page
    ada.post(f"/bulk/mapping/edit/{kept.id}", data={"name": "Madrid", "importer": "x", "version": kept.version})
    shelf.rollback()
    assert (kept.name, kept.importer, str(kept)) == ("Madrid", "table:books.Book", "Madrid")
    ada.post(f"/bulk/mapping/delete/{kept.id}", data={"version": kept.version})
    shelf.rollback()
    assert shelf.query(Mapping).count() == 0
    assert visit("lena").get("/bulk/mapping/list/").status_code == 403


def test_an_encoding_that_was_found_wrongly_is_corrected_by_hand(visit):
    ada = visit("ada")
    number = number_of(upload(ada, "ISBN,Title\n1,caf\u00e9\n".encode()))
    page = text_of(ada, number)
    assert "café" in page
    chosen = settings_of(page) | {"encoding": "latin-1", "go": "keep"}
    ada.post(f"/bulk/import/{number}/settings", data=chosen)
    assert "cafÃ©" in text_of(ada, number)


def test_a_file_that_is_no_table_comes_back_with_a_sentence(visit):
    answer = upload(visit("ada"), b"%PDF-1.7")
    assert answer.status_code == 422
    assert "This is a PDF" in answer.get_data(as_text=True)


def test_the_refused_rows_are_offered_as_a_file(visit):
    ada = visit("ada")
    number = number_of(upload(ada, [*BOOKS, ["", "No number", "", "", "", ""]], layout="table:books.Book"))
    ada.post(f"/bulk/import/{number}/settings", data=settings_of(text_of(ada, number)) | {"go": "check"})
    answer = ada.get(f"/bulk/import/{number}/refused.csv")
    assert answer.mimetype == "text/csv"
    assert "No number" in answer.get_data(as_text=True)


def test_a_prepared_import_can_be_thrown_away(visit):
    from app.panel.bulk import store

    ada = visit("ada")
    number = number_of(upload(ada))
    kept = len(list(store.folder().iterdir()))
    ada.post(f"/bulk/import/{number}/discard")
    assert len(list(store.folder().iterdir())) == kept - 1
    assert ada.get(f"/bulk/import/{number}/").status_code == 404


def test_who_may_not_import_is_offered_nothing_and_others_runs_are_not_found(visit):
    ada, nobody = visit("ada"), visit("nobody")
    number = number_of(upload(ada, layout="table:books.Book"))
    assert nobody.get("/bulk/import/").status_code == 403
    for path in ("", "progress", "refused.csv"):
        assert nobody.get(f"/bulk/import/{number}/{path}").status_code in (403, 404)
    for path in ("settings", "run", "cancel", "discard", "undo"):
        assert nobody.post(f"/bulk/import/{number}/{path}").status_code in (403, 404)


def test_the_list_of_a_table_leads_to_the_wizard_with_that_table_chosen(visit):
    ada = visit("ada")
    assert "/bulk/import/?to=books.Book" in ada.get("/books/book/list/").get_data(as_text=True)
    page = ada.get("/bulk/import/?to=books.Book").get_data(as_text=True)
    assert re.search(r'value="table:books.Book" selected', page)


def test_all_runs_stand_in_a_list(visit, bring):
    bring(BOOKS)
    page = visit("ada").get("/bulk/run/list/").get_data(as_text=True)
    assert "books.csv" in page


def test_whoever_has_closed_the_page_gets_a_notice(visit, shelf):
    from app.panel.core.notices import Notice

    ada = visit("ada")
    number = number_of(upload(ada, layout="table:books.Book"))
    ada.post(f"/bulk/import/{number}/settings", data=settings_of(text_of(ada, number)) | {"go": "check"})
    ada.post(f"/bulk/import/{number}/run")
    shelf.rollback()
    notice = shelf.query(Notice).order_by(Notice.id.desc()).first()
    assert (notice.title, notice.body, notice.url) == ("“books.csv”: Done", "3 new, 0 changed, 0 refused.", f"/bulk/import/{number}/")


@pytest.mark.parametrize(
    ("content", "small"),
    [(b"Name\nOak\n" * 400, True), (b"Name\nOak\n" * 401, False), (b"x" * 300_000, False), (b"PK" + b"x" * 30_000, False)],
)
def test_what_takes_long_to_check_is_left_to_a_worker(tmp_path, content, small):
    (tmp_path / "file").write_bytes(content)
    assert pages.is_small(tmp_path / "file") is small
