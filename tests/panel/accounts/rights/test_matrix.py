"""The matrix of roles: what a view of it shows, and what a click on a cell writes into the draft."""

from __future__ import annotations

import re

import pytest

from app.panel.accounts.configuration import store
from app.panel.accounts.rights import matrix, rolebook
from app.panel.core import folding, policy
from tests.panel.accounts.rights.conftest import JSON


def cells(text):
    """The cells that a page shows: those of the bodies that are not folded."""
    bodies = re.findall(r"<tbody([^>]*)>(.*?)</tbody>", text, re.DOTALL)
    return sum(len(re.findall(r'<td class="mx-cell', body)) for tag, body in bodies if "hidden" not in tag.split())


def click(client, **values):
    return client.post("/accounts/roles/cell", data=values, headers=JSON)


def test_no_view_of_the_matrix_has_more_cells_than_one_reads(app, as_user):
    client = as_user("ada")
    with app.test_request_context():
        keys = [group.key for group in matrix.groups()]
        pairs = sum(len(verbs) for verbs in folding.known_verbs().values())
    seen = {key: cells(client.get(f"/accounts/roles/?open={key}").text) for key in ("", *keys)}
    assert pairs > 150 and len(keys) > 6
    assert all(5 * len(keys) <= count < 120 for count in seen.values()), seen


def test_more_domains_show_fewer_roles_beside_each_other(app):
    line = matrix.Line("a.A", (matrix.Part("a.A", "A", ("read",)),))
    many = [matrix.Group(str(n), str(n), (line,) * 9) for n in range(30)]
    assert len(matrix.as_many_as_read(many, list("abcdefgh"))) == 3


def test_what_belongs_to_one_screen_is_one_line(app):
    with app.test_request_context():
        lines = {line.key: [part.resource for part in line.parts] for group in matrix.groups() for line in group.lines}
        assert not [key for key in lines if folding.whole_of(key) != key]
    assert lines["orders.Order"][0] == "orders.Order"
    assert {"orders.OrderLine", "orders.Payment", "orders.RefundLine", "orders.OrderNote"} <= set(lines["orders.Order"])
    assert "catalog.ProductImage" in lines["catalog.Product"] and "catalog.Brand" in lines


def test_verbs_that_no_screen_asks_for_are_not_offered(app):
    with app.test_request_context():
        known = folding.known_verbs()
    assert known["catalog.ProductMove"] == ("read", "export")
    assert {"ship", "refund", "see_cost"} <= set(known["orders.Order"]) and "delete" not in known["orders.Order"]


def test_a_click_goes_to_the_draft_and_changes_nothing_that_holds(as_user, ben, drafted):
    before = policy.held(ben)
    answer = click(as_user("ada"), role="support", line="catalog.Brand", level="write").get_json()
    assert answer["cell"]["level"] == "write" and answer["cell"]["changed"] and answer["begun"]
    assert drafted("support")["rights"]["catalog.Brand"] == ["read", "write"]
    policy.forget()
    assert policy.held(ben) == before


def test_a_line_goes_as_one_and_every_part_no_further_than_it_knows(as_user, drafted):
    click(as_user("ada"), role="host", line="catalog.Product", level="write")
    rights = drafted("host")["rights"]
    assert rights["catalog.Product"] == ["read", "write"] == rights["catalog.ProductImage"]
    assert rights["catalog.ProductMove"] == ["read"]


def test_own_verbs_stay_between_reading_and_changing_and_go_with_nothing(as_user, drafted):
    client = as_user("ada")
    click(client, role="support", line="orders.Order", level="read")
    assert "ship" in drafted("support")["rights"]["orders.Order"] and "write" not in drafted("support")["rights"]["orders.Order"]
    answer = click(client, role="support", line="orders.Order", level="none").get_json()
    assert not [name for name in drafted("support")["rights"] if name in ("orders.Order", "orders.OrderNote")]
    assert answer["lost"] > 10


def test_what_a_click_took_can_be_put_back(as_user, drafted):
    client = as_user("ada")
    before = dict(drafted("support")["rights"])
    was = click(client, role="support", line="orders.Order", level="none").get_json()["was"]
    answer = client.post(
        "/accounts/roles/cell", headers=JSON, data={"role": "support", "line": "orders.Order", "rights": client.application.json.dumps(was)}
    ).get_json()  # fmt: skip
    assert drafted("support")["rights"] == before and not answer["begun"]


def test_whoever_does_something_reads_and_whoever_does_not_read_does_nothing(as_user, drafted):
    client = as_user("ada")
    click(client, role="host", line="catalog.Product", resource="catalog.Sku", verb="export", on="1")
    assert drafted("host")["rights"]["catalog.Sku"] == ["export", "read"]
    click(client, role="host", line="catalog.Product", resource="catalog.Sku", verb="read", on="0")
    assert "catalog.Sku" not in drafted("host")["rights"]


def test_a_cell_says_when_its_parts_differ(app, session):
    with app.test_request_context():
        line = matrix.line_of("catalog.Product")
        entry = {"rights": {"catalog.Product": ["read", "write"], "catalog.Sku": ["read"]}, "rows": {}, "fields": {}}
        assert matrix.cell(line, entry).is_partly
        whole = {**entry, "rights": {}}
        matrix.put(whole, matrix.raised(line, "write")({}))
        assert not matrix.cell(line, whole).is_partly and matrix.cell(line, whole).level == "write"
        assert matrix.cell(line, whole, entry).is_changed and not matrix.cell(line, entry, entry).is_changed


def test_a_click_on_what_somebody_else_has_changed_since_is_refused_with_a_sentence(as_user):
    client = as_user("ada")
    version = click(client, role="host", line="catalog.Brand", level="write").get_json()["version"]
    click(client, role="host", line="catalog.Tag", level="write", version=version)
    answer = click(client, role="host", line="catalog.Tag", level="none", version=version)
    assert answer.status_code == 409 and "Somebody else" in answer.get_json()["message"]


def test_nobody_gives_what_he_does_not_hold(as_user, person, drafted):
    person("hilde", "keeper", {"accounts.Configuration": "write", "accounts.Role": "read", "catalog.Brand": "read"})
    client = as_user("hilde")
    assert click(client, role="host", line="catalog.Brand", level="read").status_code == 200
    answer = click(client, role="host", line="catalog.Brand", level="write")
    assert answer.status_code == 403 and answer.get_json()["message"] == "You cannot give rights that you do not hold."
    assert drafted("host")["rights"]["catalog.Brand"] == ["read"]


def test_whoever_only_reads_roles_sees_what_holds_and_has_nothing_to_click(as_user, person, ada):
    person("tom", "reader", {"accounts.Role": "read"})
    rolebook.change_rights("host", lambda held: {"catalog.Brand": ["read", "write"]}, actor=ada)
    client = as_user("tom")
    text = client.get("/accounts/roles/?open=catalog&role=host").text
    assert "mx-changed" not in text and "data-mx-level" not in text and "New role" not in text
    assert click(client, role="host", line="catalog.Brand", level="none").status_code == 403
    assert "mx-changed" in as_user("ada").get("/accounts/roles/?open=catalog&role=host").text


def test_the_search_finds_lines_by_their_parts_and_by_the_words_of_their_verbs(as_user):
    client = as_user("ada")
    found = client.get("/accounts/roles/?q=refund").text
    assert 'data-line="orders.Order"' in found and 'data-line="catalog.Brand"' not in found
    assert 'data-line="catalog.Product"' in client.get("/accounts/roles/?q=videos").text
    assert "Nothing matches." in client.get("/accounts/roles/?q=xyzzy").text


def test_one_chooses_which_roles_stand_beside_each_other(as_user):
    text = as_user("ada").get("/accounts/roles/?role=host&role=viewer").text
    assert text.count('<th scope="col" class="mx-col') == 2


def test_two_roles_are_compared_by_what_differs_only(app, as_user):
    with app.test_request_context():
        one, other = (store.published()["roles"][key] for key in ("support", "viewer"))
        rows = {row["resource"]: row for group in matrix.differing(one, other) for row in group["rows"]}
    assert "Ship" in rows["orders.Order"]["one"] and "Read" in rows["orders.Order"]["both"]
    assert "catalog.Brand" not in rows and rows["inventory.Supplier"]["other"] == ["Read"]
    assert "These two roles may do the same." in as_user("ada").get("/accounts/roles/compare?one=host&other=host").text


def test_the_dialog_of_a_cell_names_every_verb_of_every_part(as_user):
    data = as_user("ada").get("/accounts/roles/cell?role=support&line=orders.Order").get_json()
    parts = {part["resource"]: part for part in data["parts"]}
    verbs = {one["verb"]: one for one in parts["orders.Order"]["verbs"]}
    assert verbs["ship"]["on"] and not verbs["refund"]["on"] and verbs["ship"]["word"] == "Ship"
    assert "orders.OrderNote" in parts


def test_a_level_that_a_line_does_not_know_is_no_request_of_ours(as_user):
    client = as_user("ada")
    assert click(client, role="host", line="core.SavedList", level="write").status_code == 400
    assert click(client, role="host", line="core.SavedList", level="all").get_json()["cell"]["level"] == "all"
    assert click(client, role="ghost", line="catalog.Brand", level="read").status_code == 404


def test_without_a_script_all_rights_of_a_role_are_ticked_in_a_form(as_user, drafted):
    client = as_user("ada")
    client.post("/accounts/roles/role/host/rights", data={"right": ["read catalog.Brand", "write catalog.Brand"]})
    assert drafted("host")["rights"] == {"catalog.Brand": ["read", "write"]}


def test_the_administrator_is_no_column_and_cannot_be_set(as_user, ada):
    text = as_user("ada").get("/accounts/roles/?role=administrator").text
    assert 'data-role="administrator"' not in text
    with pytest.raises(Exception, match="Administrators hold every right"):
        rolebook.change_rights("administrator", lambda held: {"catalog.Brand": ["read"]}, actor=ada)


