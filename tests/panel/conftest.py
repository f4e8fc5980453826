"""The lending library: the panel without a shop, and the packages' own classes over the same tables."""

import pytest

from tests import conftest
from tests.panel import stock
from tests.panel.stock import PACKAGES


@pytest.fixture(scope="session")
def library(tmp_path_factory, new_database):
    """A lending library with ada (administrator) and lena (librarian); commits are real."""
    app = conftest.make_app(new_database(), tmp_path_factory.mktemp("library"), packages=PACKAGES)
    with app.app_context():
        from app.panel.accounts import services
        from app.panel.core.actor import SYSTEM
        from app.panel.core.db import db

        for name, role in (("ada", "administrator"), ("lena", "librarian"), ("nobody", "viewer")):
            roles = [role] if role != "viewer" else []
            services.create_user(
                actor=SYSTEM, username=name, name=name, email=f"{name}@example.org", roles=roles, password=None
            )
        db.session.commit()
    return app


@pytest.fixture
def visit(library):
    with library.app_context():
        yield lambda name: conftest.client_of(library, name)


@pytest.fixture
def book(visit):
    """A new book, made through the API; its number."""
    made = []

    def make(isbn, **values):
        body = {"isbn": isbn, "title": "Dream of the Red Chamber", "price": "12.50", "currency": "CNY", **values}
        answer = visit("ada").post("/api/v1/books/book/", json=body)
        assert answer.status_code == 201, answer.json
        made.append(answer.json["id"])
        return answer.json["id"]

    return make


@pytest.fixture(scope="session")
def stock_app(empty_database):
    return stock.make(empty_database())


@pytest.fixture
def theirs(stock_app):
    stock.rows(stock_app)
    base = "/loanview"
    return stock.Side(
        stock_app, stock.client(stock_app), f"{base}/list/", "/bookview/list/", f"{base}/action_post",
        f"{base}/delete/{{}}", f"{base}/edit/{{}}",
    )  # fmt: skip


@pytest.fixture
def ours(library):
    stock.rows(library)
    with library.app_context():
        client = conftest.client_of(library, "lena")
    base = "/books/loan"
    return stock.Side(
        library, client, f"{base}/list/", "/books/book/list/", f"{base}/action_post", f"{base}/delete/{{}}",
        f"{base}/edit/{{}}",
    )  # fmt: skip
