"""Rows of lists are drawn without a template: what people typed stays text, and what a column is called is said once."""

import pytest

from app.panel.core import cells
from app.panel.core.db import db
from app.panel.core.screens.drawing import inside
from app.shop.setup.models import Channel

LIST = "/setup/channel/list/"
TYPED = """<b onmouseover="x('1')">&amp;"""


def test_what_was_typed_is_text_in_a_list(as_user, session):
    session.query(Channel).filter_by(name="Counter A").one().name = TYPED
    db.session.commit()
    page = as_user("ada").get(LIST).text
    assert "<b onmouseover" not in page and "x('1')" not in page
    safe = "&lt;b onmouseover=&quot;x(&#x27;1&#x27;)&quot;&gt;&amp;amp;"
    assert f">{safe}</a>" in page


@pytest.mark.parametrize("cell", [
    cells.text(TYPED * 2, TYPED), cells.badge(TYPED, TYPED), cells.link(TYPED, TYPED), {"kind": "masked", "text": TYPED, "url": TYPED},
    {"kind": "image", "text": TYPED, "url": TYPED}, {"kind": "instant", "text": TYPED, "title": TYPED},
    {"kind": "bool", "text": TYPED}, {"kind": "badges", "text": TYPED, "items": [TYPED] * 5},
])  # fmt: skip
def test_no_kind_of_cell_lets_markup_through(app, cell):
    with app.test_request_context("/"):
        drawn = inside(cell)
    assert "onmouseover" in drawn and "<b" not in drawn and "x('1')" not in drawn and '"x(' not in drawn


def test_a_label_stands_once_a_column_and_not_in_each_row(as_user):
    page = as_user("ada").get(LIST).text
    assert page.count('data-pk="') > 1 and "data-label=" not in page.partition("<table")[2].partition("</table>")[0]
    assert page.count('data-edit="name"') == 1


def test_rows_that_agree_in_what_a_cell_is_made_of_share_it(as_user, session, monkeypatch):
    asked = []

    @cells.made_of("kind")
    def told(channel):
        asked.append(channel.kind)
        return cells.badge(channel.kind.label)

    view = next(one for one in as_user("ada").application.appbuilder.baseviews if one.endpoint == "setup_channel")
    monkeypatch.setattr(view, "formatters", {"kind": told})
    for name in ("One", "Two", "Three"):
        channel = session.query(Channel).filter_by(name="Counter A").one()
        session.add(Channel(name=name, kind=channel.kind, shop_id=channel.shop_id))
    db.session.commit()
    page = as_user("ada").get(LIST).text
    assert page.count('data-pk="') >= 4 and len(asked) == len(set(asked))
