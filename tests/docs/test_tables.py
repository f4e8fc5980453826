"""Tables in the documents say what the code says."""

import re
from pathlib import Path

import pytest

from app.panel.bulk import importers
from app.panel.core import policy
from docs import rights

ROOT = Path(__file__).parents[2]


def table(page, mark):
    text = (ROOT / page).read_text()
    return text.split(f"<!-- {mark} -->\n")[1].split(f"<!-- /{mark} -->")[0]


def names(text):
    return set(re.findall(r"^\| `([\w-]+)` \|", text, re.MULTILINE))


@pytest.fixture(autouse=True)
def without_the_library(monkeypatch):
    """What the test library contributes is no part of the product."""
    known = policy.REGISTRY
    for name in ("roles", "grants"):
        kept = {key: value for key, value in getattr(known, name).items() if key != "librarian"}
        monkeypatch.setattr(known, name, kept)
    monkeypatch.setattr(known, "fields", {key: own for key, own in known.fields.items() if not key.startswith("books.")})


def test_the_tables_of_rights_are_those_of_the_code(app):
    page = rights.PAGE.read_text()
    assert rights.written(page) == page, "run `python -m docs.rights`"


def test_the_tables_of_rights_show_a_grant_that_is_added(app, monkeypatch):
    monkeypatch.setitem(policy.REGISTRY.grants, "viewer", {"orders.Order": {"refund"}})
    page = rights.PAGE.read_text()
    assert rights.written(page) != page


def test_every_setting_of_the_environment_is_documented():
    code = (ROOT / "config.py").read_text()
    load = code.split("def load(")[1].split("def environment(")[0] + code.split("def _public_url(")[1]
    read = set(re.findall(r'env(?:\.get\(|, )"([A-Z_]+)"', load))
    assert len(read) > 15
    assert names(table("docs/owner.md", "settings")) == read


def test_the_layouts_of_imports_are_those_that_are_registered(app):
    assert names(table("docs/imports.md", "layouts")) == {importer.key for importer in importers.known()}
