"""The stall of the orders, whose books are looked at here."""

from tests.shop.orders.conftest import order_of, past, somebody, stall, stock_of

__all__ = ["order_of", "past", "somebody", "stall", "stock_of"]
