"""One table of moves: every pair of states is either in it or refused."""

import pytest

from app.panel.core.errors import DomainError
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
    assert all(state.tone for state in S)
