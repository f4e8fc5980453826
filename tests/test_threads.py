"""Eight threads, people with different rows, filters and languages on the same views: nobody gets another's (G39).

FAB keeps a request's filters on the shared view: 479 of 1,000 pages held foreign rows before that was replaced.
"""

import json
import random
import re
import threading
from collections import Counter
from urllib.parse import urlencode

import pytest

pytestmark = pytest.mark.slow

THREADS, PAGES, CALLS = 8, 1000, 2000
LANGUAGES = ("en", "zh_Hans_CN")
HTML_LANG = {"en": "en", "zh_Hans_CN": "zh-Hans-CN"}
TITLES = {"en": ("Orders", "订单"), "zh_Hans_CN": ("订单", "Orders")}


@pytest.fixture
def crowd(live_app):
    """6 customers a shop, named after the shop and a kind, so that a row says whose it is and which filter finds it."""
    from app.panel.core.db import db
    from app.panel.core.transaction import transactional
    from app.shop.customers.models import Customer
    from app.shop.setup.models import Shop

    @transactional
    def write():
        for letter in "AB":
            shop = db.session.query(Shop).filter_by(code=letter).one()
            for number in range(6):
                db.session.add(
                    Customer(name=f"row-{letter}-{'odd' if number % 2 else 'even'}-{number}", shop_id=shop.id)
                )

    with live_app.app_context():
        write()
    return live_app


def people(app):
    """(client, letters that he may see, language) of each thread."""
    from app.panel.accounts import sessions
    from app.panel.accounts.models import User
    from app.panel.core.db import db
    from tests.conftest import CSRF

    found = []
    with app.app_context():
        for number in range(THREADS):
            name, letters = [("ben", "A"), ("cleo", "B"), ("ada", "AB")][number % 3]
            language = LANGUAGES[number % 2]
            user = db.session.query(User).filter_by(username=name).one()
            value = sessions.begin(
                user.id, {"_user_id": str(user.id), "_fresh": True, "csrf_token": CSRF, "language": language}
            )
            client = app.test_client(use_cookies=False)
            client.environ_base["HTTP_COOKIE"] = f"{sessions.cookie_name(False)}={value}"
            found.append((client, letters, language))
    return found


def wrong_rows(text, letters, kind):
    """Rows of another shop or another filter; None where there are none at all."""
    rows = re.findall(r"row-([AB])-(odd|even)-\d+", text)
    return [row for row in rows if row[0] not in letters or row[1] != kind] if rows else None


def test_nobody_gets_the_rows_filters_or_language_of_another(crowd):
    seen, faults = Counter(), []
    start = threading.Barrier(THREADS)

    def work(client, letters, language, seed):
        chance = random.Random(seed)
        start.wait()
        for turn in range((PAGES + CALLS) // THREADS):
            kind, is_page = chance.choice(("odd", "even")), turn % 3 == 0
            question = urlencode(
                {"f": json.dumps(["name", "contains", kind]), "size": 25, "sort": chance.choice(("name", "-name"))}
            )
            path = "/customers/customer/list/" if is_page else "/api/v1/customers/customer/"
            answer = client.get(f"{path}?{question}")
            wrong = wrong_rows(answer.text, letters, kind)
            seen["page" if is_page else "call"] += 1
            if answer.status_code != 200 or wrong is None or wrong:
                faults.append((path, letters, kind, answer.status_code, wrong))
            if is_page and not speaks(answer.text, language):
                faults.append((path, language, re.findall(r"<html[^>]*>|<title>[^<]*", answer.text)))

    threads = [threading.Thread(target=work, args=(*person, number)) for number, person in enumerate(people(crowd))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen["page"] + seen["call"] == (PAGES + CALLS) // THREADS * THREADS
    assert seen["page"] >= PAGES
    assert not faults, faults[:5]


def speaks(text, language):
    """The tag of the page and the words of its menu are of this language and no other."""
    mine, other = TITLES[language]
    return (
        f'lang="{HTML_LANG[language]}"' in text and f">{mine}<" in text.replace("\n", "") and f">{other}<" not in text
    )
