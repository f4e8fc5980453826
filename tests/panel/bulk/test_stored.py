"""Words in the stored files of imports."""

import io

import pytest
import xlsxwriter

from app.panel.bulk import stored

WORDS = ["+8613812348888", "13812348888", "canary.bird@example.org", "canary-uid-990011"]


def sheet(cell):
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    book.add_worksheet().write(1, 1, cell)
    book.close()
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"name,phone\nLi,13812348888\n", "电话\n+86 138-1234-8888\n".encode("gb18030"), b"x;0086 138 1234 8888",
        "a\tCanary.Bird@Example.org\tb".encode("utf-16"), b"id\ncanary-uid-990011\n", sheet("13812348888"), sheet(13812348888),
        b"x" * ((1 << 20) - 7) + b",13812348888,",
    ],
)  # fmt: skip
def test_a_word_is_found_however_the_file_writes_it(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    assert stored._holds(tmp_path / "file", stored.needles(WORDS))


@pytest.mark.parametrize(
    "content",
    [b"order\n9913812348888123\n", b"mail\nmy.canary.bird@example.org.cn\n", b"canary-uid-9900112", sheet("nothing"), b"", b"PK\x03\x04bad"],
)
def test_a_longer_number_or_another_address_is_not_taken_for_it(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    assert not stored._holds(tmp_path / "file", stored.needles(WORDS))


def test_short_words_are_not_looked_for():
    assert stored.needles(["1234", "", "李娜"]) == stored.needles(["李娜"])


def test_a_file_is_forgotten_and_its_import_stays(bring, shelf):
    from app.panel.bulk import repair, runs, store
    from app.panel.bulk.models import Run
    from app.panel.bulk.reading.problems import BadFile
    from tests.panel.bulk.conftest import BOOKS

    kept, gone = bring(BOOKS), bring([*BOOKS, ["13812348888", "=", "", "", "", ""]])
    (held,) = stored.holding(WORDS)
    assert (held.run_id, held.name, held.is_working) == (gone.id, "books.csv", False)
    stored.forget([held])
    after = shelf.get_one(Run, gone.id, populate_existing=True)
    assert (after.file_key, after.findings, after.new) == ("", {}, 1)
    assert runs.can_undo(after) and store.path_of(kept.file_key).is_file()
    with pytest.raises(BadFile):
        "".join(repair.lines(after))
