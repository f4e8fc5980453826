"""The peers' tables as SQLAlchemy knows them, over whichever base class a peer brings."""

import os

from sqlalchemy import DateTime, ForeignKey, Integer, Numeric, String, event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import mapped_column, relationship

URL = os.environ["BENCH_URL"]


def over(base):
    """The classes Customer, Order and Line over a declarative base."""

    class Customer(base):
        __tablename__ = "customer"
        id = mapped_column(Integer, primary_key=True)
        name = mapped_column(String(120), nullable=False)
        email = mapped_column(String(160), nullable=False)
        created_at = mapped_column(DateTime, nullable=False)

        def __str__(self):
            return self.name

    class Order(base):
        __tablename__ = "sale"
        id = mapped_column(Integer, primary_key=True)
        number = mapped_column(String(20), nullable=False)
        customer_id = mapped_column(ForeignKey("customer.id"), nullable=False)
        customer = relationship("Customer")
        status = mapped_column(String(16), nullable=False)
        amount = mapped_column(Numeric(12, 2), nullable=False)
        channel = mapped_column(String(40), nullable=False)
        created_at = mapped_column(DateTime, nullable=False)

        def __str__(self):
            return self.number

    class Line(base):
        __tablename__ = "sale_line"
        id = mapped_column(Integer, primary_key=True)
        sale_id = mapped_column(ForeignKey("sale.id"), nullable=False)
        title = mapped_column(String(160), nullable=False)
        quantity = mapped_column(Integer, nullable=False)
        unit_price = mapped_column(Numeric(12, 2), nullable=False)

    return Customer, Order, Line


def count_statements(app):
    """Tell with every answer how many statements it took. One request at a time is asked when they are read."""
    seen = [0]

    @event.listens_for(Engine, "before_cursor_execute")
    def one_more(*_given):
        seen[0] += 1

    @app.before_request
    def begin():
        seen[0] = 0

    @app.after_request
    def tell(response):
        response.headers["X-Statements"] = str(seen[0])
        return response
