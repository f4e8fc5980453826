"""One table of moves: every pair of states is either in it or refused."""

from pathlib import Path

import pytest

from app.panel.core.charts import color_of
from app.panel.core.errors import DomainError
from app.shop.insights.charts import orders_by_state
from app.shop.orders import states
from app.shop.orders.models import Order, OrderState

S = OrderState
ALLOWED = {
    (S.PENDING, S.PAID), (S.PENDING, S.CLOSED), (S.PAID, S.PARTLY_SHIPPED), (S.PAID, S.SHIPPED), (S.PAID, S.CLOSED),
    (S.PARTLY_SHIPPED, S.SHIPPED), (S.SHIPPED, S.COMPLETED),
}  # fmt: skip


@pytest.mark.parametrize("before", list(S))
@pytest.mark.parametrize("after", list(S))
def test_only_the_moves_of_the_table_happen(app, before, after):
    order = Order(number="1", state=before)
    with app.test_request_context():
        if (before, after) in ALLOWED:
            states.require(order, after)
        else:
            with pytest.raises(DomainError, match="cannot become"):
                states.require(order, after)


def test_every_state_has_a_word_and_a_colour_of_its_own():
    assert len({str(state.label) for state in S}) == len(S)
    assert len({state.tone for state in S}) == len(S)


def test_the_chart_gives_each_state_the_colour_of_its_badge(app):
    with app.test_request_context():
        [ring] = orders_by_state(dict.fromkeys(S, 1)).data
    assert ring["marker"]["colors"] == [color_of(state.tone) for state in S]
    assert len(set(ring["marker"]["colors"])) == len(S)
    tokens = Path("app/static/panel/tokens.css").read_text()
    assert all(f"--{color.removeprefix('$')}:" in tokens for color in ring["marker"]["colors"])
    sheet = Path("app/static/panel/components.css").read_text()
    assert all(f".badge-{state.tone} " in sheet or state.tone == "neutral" for state in S)
