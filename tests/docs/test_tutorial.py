"""The tutorial prints the very files of the library that the tests run."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "tests" / "library"
PAGE = (ROOT / "docs" / "your-own-panel.md").read_text()
LISTINGS = dict(re.findall(r"^`(books/\w+\.py)`\n\n```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


def test_every_file_of_the_library_is_in_the_tutorial_and_no_other():
    assert set(LISTINGS) == {str(path.relative_to(LIBRARY)) for path in LIBRARY.glob("books/*.py")}


@pytest.mark.parametrize("name", sorted(LISTINGS))
def test_a_listing_is_the_file(name):
    assert LISTINGS[name] == (LIBRARY / name).read_text().rstrip() + "\n"
