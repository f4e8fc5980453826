"""What the documents point at is there: files, headings, commands."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "SECURITY.md")] + sorted(ROOT.glob("docs/*.md"))
LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(page):
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_to_files_and_headings_that_exist(page):
    for target in LINK.findall(page.read_text()):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        found = (page.parent / name).resolve() if name else page
        assert found.is_relative_to(ROOT), target
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


def test_links_are_found():
    assert len(LINK.findall((ROOT / "README.md").read_text())) > 12


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_commands_in_the_documents_exist_in_the_makefile(page):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"demo", "run", "test"} <= targets
    assert set(re.findall(r"(?:^|`)(?:time )?make ([a-z]+)", page.read_text(), re.MULTILINE)) <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_flask_commands_in_the_documents_exist(app, page):
    for command in re.findall(r"flask --app app ([a-z]+)", page.read_text()):
        assert command in {*app.cli.commands, "db"}, command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_test_files_and_modules_named_in_the_documents_exist(page):
    text = page.read_text()
    for path in re.findall(r"(?<![\w/])((?:app|tests|docs)/[\w/.-]+\.(?:py|md|txt|png|yaml))", text):
        assert (ROOT / path).exists(), path
    for module in re.findall(r"python -m (docs\.\w+)", text):
        assert (ROOT / f"{module.replace('.', '/')}.py").exists(), module


def test_no_picture_is_heavier_than_150_kilobytes_and_each_is_shown():
    shown = set(LINK.findall((ROOT / "README.md").read_text()))
    shown |= {f"docs/{link}" for page in (ROOT / "docs").glob("*.md") for link in LINK.findall(page.read_text())}
    for path in (ROOT / "docs" / "images").iterdir():
        assert path.stat().st_size <= 150_000, path.name
        assert f"docs/images/{path.name}" in shown, path.name


def test_the_ci_script_runs_what_the_readme_says():
    asked = re.findall(r"^make (.+)$", (ROOT / ".ci" / "run").read_text(), re.M)
    assert {"lint", "types", "test"} <= {word for line in asked for word in line.split()}
    assert subprocess.run(["sh", "-n", str(ROOT / ".ci" / "run")], check=False).returncode == 0
