"""The screens of setup open for whom they should, and for nobody else."""

import pytest

from app.panel.core import clock, settings
from app.shop.customers.models import Customer
from app.shop.setup import services
from app.shop.setup.models import Shop

NOUNS = ["shop", "channel", "channelaccount", "staffassignment", "organisation", "orgapplication"]
PAGES = ["/setup/settings/", "/setup/apply/"]


@pytest.mark.parametrize("noun", NOUNS)
def test_lists_and_forms_open_for_the_administrator(session, as_user, noun):
    client = as_user("ada")
    assert client.get(f"/setup/{noun}/list/").status_code == 200
    assert client.get(f"/setup/{noun}/add").status_code == (404 if noun == "orgapplication" else 200)


@pytest.mark.parametrize("path", PAGES)
def test_pages_open_for_the_administrator(session, as_user, path):
    assert as_user("ada").get(path).status_code == 200


@pytest.mark.parametrize("path", ["/setup/settings/", "/setup/staffassignment/list/", "/setup/shop/add", "/setup/apply/"])
def test_support_opens_none_of_what_is_not_its_work(session, as_user, path):
    assert as_user("ben").get(path).status_code == 403


def test_support_sees_the_shop_it_works_for_and_not_the_other(session, as_user):
    page = as_user("ben").get("/setup/shop/list/").text
    assert "青禾旗舰店铺A" in page
    assert "青禾旗舰店铺B" not in page


def test_the_business_has_one_page_and_no_list(session, as_user):
    answer = as_user("ada").get("/setup/business/list/")
    assert answer.status_code == 302
    assert "/setup/business/show/" in answer.location


def test_a_setting_is_changed_on_its_page_and_a_wrong_value_is_refused(session, as_user):
    client = as_user("ada")
    current = {key: settings.setting(key) for key in settings.DECLARED}
    form = {key: str(value) for key, value in current.items() if value is not None and value is not False}
    page = client.post("/setup/settings/", data={**form, "setup.shop_name_rule": "block"})
    assert page.status_code == 302, page.text[-3000:]
    settings.forget()
    assert settings.setting("setup.shop_name_rule") == "block"
    assert client.post("/setup/settings/", data={**form, "setup.shop_name_rule": "sometimes"}).status_code == 422


def test_a_setting_of_a_kind_that_nothing_reads_cannot_be_declared():
    with pytest.raises(TypeError, match="flag"):
        settings.define("setup.nonsense", False, kind="flag", label="Nonsense")
    assert "setup.nonsense" not in settings.DECLARED


def test_the_search_finds_in_the_order_of_the_menu_and_names_no_files_of_pictures(session, as_user, picture):
    shop = session.query(Shop).filter_by(code="A").one()
    shop.logo_id = picture().id
    session.add(Customer(name="青禾的老客户", shop_id=shop.id, first_seen_at=clock.now()))
    session.commit()
    page = as_user("ada").get("/search/?q=青禾").text
    assert "500x500.png" not in page
    assert 0 < page.index("青禾的老客户") < page.index(shop.name)


def test_an_assignment_to_no_shop_says_that_it_is_for_all(session, as_user, ben, ada):
    services.assign_to_shop(ben, None, actor=ada)
    page = as_user("ada").get("/setup/staffassignment/list/").text
    assert "All shops" in page
    assert "All channels" in page


def test_the_show_page_of_a_shop_lists_its_channels(session, as_user):
    shop = session.query(Shop).filter_by(code="A").one()
    assert "Counter A" in as_user("ada").get(f"/setup/shop/show/{shop.id}").text
