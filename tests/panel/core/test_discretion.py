"""Who is refused learns neither of a field that is hidden from him nor whose row it is that has the value already."""

import pytest

from app.panel.core import integrity, records
from app.panel.core.errors import DomainError, InvalidInput
from app.shop.catalog.models import Product
from app.shop.customers.models import Customer
from tests.panel.accounts.configuration.conftest import rule as rule
from tests.shop.customers.people import customer, person

CUSTOMER, NEUTRAL = "customers.Customer", "This does not fit what is stored"


@pytest.fixture
def olga(session):
    return person("olga", "operations")


def test_a_unique_key_with_a_hidden_field_is_not_named(session, rule, olga):
    def again():
        with integrity.explained(Product, olga):
            session.add(Product(title="Tea", handle="tea"))
            session.flush()

    again()
    session.commit()
    with pytest.raises(InvalidInput) as told:
        again()
    session.rollback()
    assert list(told.value.errors) == ["handle"]
    rule("operations", fields={"catalog.Product": {"handle": "hidden"}})
    with pytest.raises(DomainError) as said:
        again()
    session.rollback()
    assert not isinstance(said.value, InvalidInput) and said.value.message.startswith(NEUTRAL)


def test_a_rule_of_the_domain_about_a_hidden_field_is_not_told_either(session, rule, olga):
    rule("operations", fields={CUSTOMER: {"email": "hidden"}})
    with pytest.raises(DomainError) as said, integrity.explained(Customer, olga):
        raise InvalidInput({"email": "taken", "addresses.0.street": "x"})
    assert list(said.value.errors) == ["addresses.0.street"]


def test_the_holder_of_a_phone_is_named_only_to_whoever_sees_him(session, rule, ben):
    customer("Li Na")
    other = customer("Wu", phone="13911112222")

    def refused():
        with pytest.raises(InvalidInput) as error:
            records.update(other, {"phone": "13800138000"}, actor=ben)
        session.rollback()
        return error.value.errors["phone"]

    assert "Li Na" in refused()
    rule("support", rows={CUSTOMER: [{"and": [["name", "eq", "Wu"]]}]})
    assert "Li Na" not in refused()
