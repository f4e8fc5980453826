import pytest

from tests.shop.inventory import goods


@pytest.fixture
def skus(session):
    return goods.make_skus()


@pytest.fixture
def warehouse(session):
    return goods.make_warehouse(is_default=True)


@pytest.fixture
def stocked(skus, warehouse):
    """Three SKUs, ten pieces each."""
    goods.fill(skus, 10, warehouse)
    return skus
