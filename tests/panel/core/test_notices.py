"""A notice is in the language of whoever reads it, whatever the language of whoever caused it."""

import ast
from pathlib import Path

from flask_babel import force_locale, get_locale, lazy_gettext

from app.panel.accounts.models import Profile
from app.panel.bulk import loop
from app.panel.bulk.models import Run
from app.panel.bulk.states import RunState
from app.panel.core import notices


def speaks(session, person, language):
    session.merge(Profile(user_id=person.id, language=language))
    session.commit()


def test_each_reader_gets_a_notice_in_his_own_language(session, ada, ben, cleo):
    speaks(session, ben, "zh_Hans_CN")
    speaks(session, cleo, "en")
    with force_locale("zh_Hans_CN"):
        sent = notices.send([ada.id, ben.id, cleo.id], lazy_gettext("The demo shop is ready."), lazy_gettext("Customers"))
    assert sent == 3
    titles = {person.username: notices.latest(person.id)[0].title for person in (ada, ben, cleo)}
    assert titles["cleo"] == titles["ada"] == "The demo shop is ready."
    assert titles["ben"] != titles["cleo"]
    assert notices.latest(ben.id)[0].body == "客户"


def test_an_import_speaks_the_language_of_whoever_began_it(session, ben, cleo, monkeypatch):
    spoken = []
    monkeypatch.setattr(loop, "_work_off", lambda _run, _held: spoken.append(str(get_locale())))
    speaks(session, ben, "zh_Hans_CN")
    for actor_id in (ben.id, cleo.id, None):
        run = Run(state=RunState.QUEUED, file_name="customers.csv", actor_id=actor_id)
        session.add(run)
        session.commit()
        loop.work_off(run.id)
    assert spoken == ["zh_Hans_CN", "en", "en"]


# notices in which no row is spoken of: a greeting, and sums over many rows
# those of accounts tell people of their own log-ins, and of colleagues
WITHOUT_A_ROW = {
    "beginning.py", "catalog/jobs.py", "inventory/jobs.py", "accounts/login/entering.py", "accounts/login/twostep.py",
    "accounts/people/reveals.py", "accounts/rights/delegation.py", "accounts/secondperson/switch.py", "accounts/secondperson/waiting.py",
    "exports/jobs.py", "finance/jobs.py", "orders/operations.py",
}  # fmt: skip


def sends():
    """(file, kind, whether it says what it is about) of every notice that the code sends."""
    app = Path(__file__).parents[3] / "app"
    for path in sorted(app.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "notices.send":
                said = {word.arg: ast.unparse(word.value) for word in call.keywords}
                place = path.relative_to(app).as_posix().removeprefix("shop/").removeprefix("panel/")
                yield place, said.get("kind", "GENERAL").rpartition(".")[2], "about" in said


def test_every_notice_says_of_which_row_it_speaks():
    """Otherwise it would still name a customer who was forgotten (SAFETY G46)."""
    found = list(sends())
    assert len({kind for _place, kind, _is_told in found}) == len(notices.KINDS)
    assert {place for place, _kind, is_told in found if not is_told} == WITHOUT_A_ROW
    assert {place for place, _kind, is_told in found if is_told} >= {"orders/listeners.py", "setup/services/onboarding.py"}
