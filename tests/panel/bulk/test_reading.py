"""Whole files through the child process: rows, quirks, limits, hostility."""

import io
import zipfile

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.panel.bulk.reading import child, document, limits
from app.panel.bulk.reading.problems import BadFile
from app.panel.bulk.source import Settings, Source
from tests.goals import Watch


def write(tmp_path, content, name="file.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(path, **how):
    with Source(path, Settings(**how)) as source:
        return source.meta, list(source.rows()), source.skipped


def refusal(path, **how):
    with pytest.raises(BadFile) as wrong:
        read(path, **how)
    return wrong.value.code


def test_a_row_knows_the_line_where_it_begins_even_behind_cells_of_many_lines(tmp_path):
    meta, rows, _ = read(write(tmp_path, 'id,note\n1,"a\r\nb\nc"\n2,x\n'))
    assert meta["headings"] == ["id", "note"]
    assert [(row.line, row.cells) for row in rows] == [(2, ["1", "a\nb\nc"]), (5, ["2", "x"])]


def test_doubled_and_nameless_headings_get_names_of_their_own(tmp_path):
    meta, rows, _ = read(write(tmp_path, "id,,name,name,\n1,2,3,4,5\n"))
    assert meta["headings"] == ["id", "#2", "name", "name (2)", "#5"]
    assert meta["doubled"] == ["name"]
    assert meta["unnamed"] == [2, 5]
    assert rows[0].cells == ["1", "2", "3", "4", "5"]


def test_blank_rows_and_headings_that_come_again_are_counted_and_left_out(tmp_path):
    _, rows, skipped = read(write(tmp_path, "id,name\n1,a\n,\n\nid,name\n2,b\n"))
    assert [row.cells[0] for row in rows] == ["1", "2"]
    assert skipped == {"blank": 2, "headings": 1}


def test_notes_above_the_headings_are_no_data(tmp_path):
    content = "微信支付账单明细,,,,\n起始时间:[2026-01-01],,,,\n,,,,\n交易时间,交易类型,金额(元),状态,备注\n2026-01-02,消费,¥1.00,成功,\n"
    meta, rows, skipped = read(write(tmp_path, content))
    assert meta["headings"][0] == "交易时间"
    assert meta["heading_line"] == 4
    assert len(rows) == 1
    assert skipped["above"] == 2


def test_the_line_of_the_headings_can_be_given(tmp_path):
    path = write(tmp_path, "a,b,c\nid,name,x\n1,2,3\n")
    assert read(path, heading_line=2)[0]["headings"] == ["id", "name", "x"]
    assert refusal(path, heading_line=9) == "heading_line"


def test_a_row_with_more_cells_than_headings_is_refused_and_a_short_one_filled_up(tmp_path):
    _, rows, _ = read(write(tmp_path, "id,name\n1,a,b\n2\n3,c,,\n"))
    assert rows[0].code == "too_many_cells"
    assert rows[1].cells == ["2", ""]
    assert rows[2].cells == ["3", "c"]


def test_a_file_that_ends_inside_a_row_loses_only_that_row(tmp_path):
    content = "编号,名称,备注\n1,甲,好\n2,乙".encode()[:-1]
    meta, rows, _ = read(write(tmp_path, content))
    assert meta["cut"]
    assert rows[0].cells == ["1", "甲", "好"]
    assert rows[1].code == "cut_row"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"id,note\n1,a\x00b\n2,x\n", "nul"),
        (b"id,note\n1," + b"x" * (limits.CELL_CHARS + 1) + b"\n2,x\n", "cell_too_long"),
    ],
)
def test_a_hostile_cell_costs_its_row_and_no_other(tmp_path, content, code):
    _, rows, _ = read(write(tmp_path, content))
    assert [row.code for row in rows] == [code, ""]
    assert rows[0].params["column"] == "note"


def test_a_quotation_mark_that_is_never_closed_names_its_line(tmp_path):
    content = 'id,note\n1,ok\n2,"never closed\n' + "3,x\n" * (limits.RUNAWAY_CHARS // 4)
    with pytest.raises(BadFile) as wrong:
        read(write(tmp_path, content))
    assert (wrong.value.code, wrong.value.params) == ("quote_open", {"line": 3})


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"), (b"\n\n,,\n", "empty"), (b"%PDF-1.7 ...", "not_a_table_pdf"), (b"\x1f\x8b\x08...", "not_a_table_gzip"),
        (b"\x89PNG\r\n", "not_a_table_image"), (b"  <html><table>", "not_a_table_html"),
        (b"PK\x03\x04 no archive", "sheet_broken"), (b"\xd0\xcf\x11\xe0 no workbook", "sheet_broken"),
        (",".join(f"c{n}" for n in range(201)).encode() + b"\n", "too_many_columns"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_a_reason(tmp_path, content, code):
    assert refusal(write(tmp_path, content)) == code


def test_an_encoding_chosen_by_hand_wins(tmp_path):
    path = write(tmp_path, "id,name\n1,é\n".encode())
    meta, rows, _ = read(path, encoding="latin-1")
    assert rows[0].cells == ["1", "Ã©"]
    meta, rows, _ = read(path, encoding="ascii")
    assert not meta["fits"]
    assert "\ufffd" in rows[0].cells[1]


def sheet(tmp_path, rows, name="book.xlsx", cover=False):
    path = tmp_path / name
    book = xlsxwriter.Workbook(str(path), {"strings_to_numbers": False})
    if cover:
        book.add_worksheet("封面")
    page = book.add_worksheet("订单")
    for place, row in enumerate(rows):
        page.write_row(place, 0, row)
    book.close()
    return path


def test_a_spreadsheet_is_read_with_the_numbers_of_its_rows(tmp_path):
    path = sheet(tmp_path, [["id", "price", "at", "ok"], ["007", 12.5, "2026-01-02", True], [], [42, 0.1 + 0.2, "", False]], cover=True)
    meta, rows, skipped = read(path)
    assert meta["sheet"] == "订单"
    assert [(row.line, row.cells) for row in rows] == [
        (2, ["007", "12.5", "2026-01-02", "true"]), (4, ["42", "0.3", "", "false"]),
    ]  # fmt: skip
    assert skipped == {"blank": 1}


def test_a_long_number_of_a_spreadsheet_shows_that_it_is_damaged(tmp_path):
    _, rows, _ = read(sheet(tmp_path, [["id", "x"], [6917926768823643751, 1]]))
    assert rows[0].cells[0].endswith("E+18")


def test_a_spreadsheet_beyond_the_limits_says_save_as_csv(tmp_path, monkeypatch):
    path = sheet(tmp_path, [["id", "x"], ["1", "2"]])
    with path.open("ab") as file:
        file.truncate(limits.SHEET_BYTES + 1)
    assert refusal(path) == "sheet_too_large"


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/sharedStrings.xml", b"<si><t>a</t></si>" * 3_000_000)
    began = Watch()
    assert refusal(write(tmp_path, out.getvalue(), "bomb.xlsx")) == "zip_bomb"
    assert began.seconds() < 5


def test_a_sheet_that_lies_about_its_size_ends_in_a_sentence(tmp_path):
    book = sheet(tmp_path, [["id", "x"], ["1", "2"]])
    out = io.BytesIO()
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            data = old.read(entry)
            if entry == "xl/worksheets/sheet1.xml":
                far = b'<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>far</t></is></c></row></sheetData>'
                data = data.replace(b"</sheetData>", far)
            new.writestr(entry, data)
    assert refusal(write(tmp_path, out.getvalue(), "liar.xlsx")) in ("too_heavy", "memory", "sheet_rows", "sheet_broken")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode) | st.text("a1,;\t\"\n\r'=", max_size=200).map(str.encode))
def test_no_bytes_make_the_reader_crash(tmp_path, content):
    path = tmp_path / "any"
    path.write_bytes(content)
    try:
        found = document.Document(str(path))
        for row in found.rows():
            if not isinstance(row, document.Refused):
                assert len(row[1]) == len(found.meta.headings)
    except BadFile as wrong:
        assert wrong.code


def test_a_larger_file_may_take_longer_to_read_up_to_a_bound():
    sizes = [0, 40 * limits.MB, limits.CSV_BYTES, 100 * limits.CSV_BYTES]
    assert [limits.seconds_for(size) for size in sizes] == [30, 50, 130, 150]


def test_the_reading_child_asks_for_the_time_that_its_file_may_take(tmp_path, monkeypatch, capsys):
    asked = {}
    monkeypatch.setattr(child.resource, "setrlimit", asked.setdefault)
    monkeypatch.setattr(child.os.path, "getsize", lambda _path: limits.CSV_BYTES)
    child.main(str(write(tmp_path, "id\n1\n")), "{}")
    assert asked[child.resource.RLIMIT_CPU] == (130, 131)
    assert '"lines":[2],"columns":[["1"]]' in capsys.readouterr().out


def test_no_clock_runs_against_the_child_while_its_rows_are_being_written(tmp_path, monkeypatch):
    running = set()

    class Clock:
        def __init__(self, _seconds, _kill):
            pass

        def start(self):
            running.add(self)

        def cancel(self):
            running.discard(self)

    monkeypatch.setattr("app.panel.bulk.source.threading.Timer", Clock)
    with Source(write(tmp_path, "id\n1\n2\n")) as source:
        assert [len(running) for _row in source.rows()] == [0, 0]
