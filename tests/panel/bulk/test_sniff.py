"""What a file is written in, found from its bytes."""

import pytest

from app.panel.bulk.reading import sniff
from app.panel.bulk.reading.problems import BadFile

ROWS = "订单编号,买家会员名,收货地址\n1001,张三,广东省深圳市南山区\n1002,李四,浙江省杭州市西湖区\n"
SPANISH = "Número de orden;Teléfono;Descripción\n1;123;Serum anticaída\n2;456;Envío a domicilio\n3;9;Más días\n"


def write(tmp_path, content):
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize(
    ("encoding", "text", "found"),
    [
        ("utf-8", ROWS, "utf-8"),
        ("utf-8-sig", ROWS, "utf-8-sig"),
        ("gb18030", ROWS, "gb18030"),
        ("utf-16", ROWS, "utf-16"),
        ("utf-16-le", "id,name\n1,abc\n2,def\n", "utf-16-le"),
        ("utf-16-be", "id,name\n1,abc\n2,def\n", "utf-16-be"),
        ("big5hkscs", "訂單編號,買家姓名,收貨地址\n1,陳大文,香港九龍旺角彌敦道六百號\n2,黃小明,臺北市信義區忠孝東路五段\n", "big5hkscs"),
    ],
)
def test_an_encoding_is_found(tmp_path, encoding, text, found):
    guess = sniff.guess_encoding(write(tmp_path, text.encode(encoding)))
    assert guess.encoding == found
    assert guess.fits
    assert not guess.cut


def test_latin_text_with_accents_is_not_taken_for_chinese(tmp_path):
    path = write(tmp_path, SPANISH.encode("latin-1"))
    assert "Número de orden" in sniff.sample_text(path, sniff.guess_encoding(path).encoding)


def test_a_single_foreign_line_in_a_file_of_numbers_is_enough(tmp_path):
    content = "日期,金额\n" + "2026-01-01,12.50\n" * 5000 + "合计,六万二千五百元整\n"
    assert sniff.guess_encoding(write(tmp_path, content.encode("gb18030"))).encoding == "gb18030"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_file_cut_inside_a_character_is_still_read_and_said_so(tmp_path, encoding):
    guess = sniff.guess_encoding(write(tmp_path, ROWS.strip().encode(encoding)[:-1]))
    assert guess.encoding == encoding
    assert guess.cut


def test_an_encoding_that_nobody_knows_is_a_sentence(tmp_path):
    with pytest.raises(BadFile) as wrong:
        sniff.check_encoding(write(tmp_path, b"a"), "klingon")
    assert wrong.value.code == "encoding_unknown"


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b,c\n1,2,3\n", ","),
        ("a;b;c\n1,5;2;3\n2,5;3;4\n", ";"),
        ("a\tb\tc\n1\t2\t3\n", "\t"),
        ("a|b\n1|2\n", "|"),
        ('name,note\n1,"x; y; z"\n2,"p; q; r"\n', ","),
        ("sep=;\na;b\n", ";"),
        ("only\none\n", ","),
    ],
)
def test_a_delimiter_is_found(text, delimiter):
    assert sniff.guess_delimiter(text) == delimiter
