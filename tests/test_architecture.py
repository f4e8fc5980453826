"""The dependency picture is data (`Domain.needs`); this file holds the code to it."""

import ast
import functools
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "app"
FILES = sorted(path for path in ROOT.rglob("*.py"))
FOLDERS = {}  # tier and domain → its files
for found in FILES:
    FOLDERS.setdefault("/".join(found.relative_to(ROOT).parent.parts[:2]), []).append(found)
# Inside a domain, imports go up this list only (DESIGN section 2).
LAYERS = [
    {"models"}, {"states", "events", "forms", "permissions", "rules", "checks"}, {"queries", "charts"}, {"services"},
    {"operations", "jobs", "listeners", "imports"}, {"views", "pages", "sheets", "cli", "tiles", "demo"},
]  # fmt: skip
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
MODELS_MAY_USE = {"states", "rules", "checks"}
SCREENS = LAYERS[-1]
MAX_FILE, MAX_FUNCTION = 400, 50


FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


@functools.cache
def tree_of(path):
    return ast.parse(path.read_text())


@functools.cache
def nodes_of(path):
    """The functions and imports of a file; every other node of it is looked at this once."""
    return [node for node in ast.walk(tree_of(path)) if isinstance(node, FUNCTIONS | ast.Import | ast.ImportFrom)]


def imported(path):
    """(module names, is inside a function) of every import of ours."""
    inside = [range(node.lineno, node.end_lineno + 1) for node in nodes_of(path) if isinstance(node, FUNCTIONS)]
    for node in nodes_of(path):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "app":
            for alias in node.names:
                yield f"{node.module}.{alias.name}", any(node.lineno in lines for lines in inside)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "app":
                    yield alias.name, any(node.lineno in lines for lines in inside)


def place(parts):
    """(tier, domain, standard file) of a module path such as app/shop/orders/services/refunds."""
    tier = parts[0] if parts and parts[0] in ("panel", "shop") else ""
    domain = parts[1] if tier and len(parts) > 1 else ""
    return tier, domain, parts[2] if len(parts) > 2 else ""


def test_files_are_found():
    assert sum(map(len, FOLDERS.values())) == len(FILES) > 60


@pytest.mark.parametrize("folder", FOLDERS)
def test_imports_follow_the_declared_direction(app, folder):
    domains = {domain.key: domain for domain in app.extensions["panel_domains"]}
    for path in FOLDERS[folder]:
        try:
            holds_its_direction(path, domains)
        except AssertionError as error:
            raise AssertionError(f"{path.relative_to(ROOT)}: {error}") from error


def holds_its_direction(path, domains):
    tier, mine, part = place(path.relative_to(ROOT).with_suffix("").parts)
    if path.name == "__init__.py" and not part:
        part = ""
    for name, is_late in imported(path):
        other_tier, other, other_part = place(name.split(".")[1:])
        assert not is_late, f"{name} is imported inside a function"
        if not tier:
            continue
        if tier == "panel":
            assert other_tier != "shop", f"the panel knows no word of shops: {name}"
        assert other_tier, f"{name} is above every domain"
        if mine == "core":
            assert other == "core", f"core knows nobody: {name}"
        elif other and other != mine and other_tier == tier and other != "core":
            assert other in domains[mine].needs, f"{mine} uses {other} without declaring it: {name}"
            if part not in SCREENS:
                assert other_part not in SCREENS, f"reaches into the screens of {other}: {name}"
        elif other == mine and part in LEVEL and other_part in LEVEL and other_part != part:
            up = LEVEL[other_part] <= LEVEL[part] or (part == "models" and other_part in MODELS_MAY_USE)
            assert up, f"{part} imports upwards: {name}"


@pytest.mark.parametrize("folder", FOLDERS)
def test_files_and_functions_stay_readable(folder):
    for path in FOLDERS[folder]:
        lines = path.read_text().count("\n")
        assert lines <= MAX_FILE, f"{path.relative_to(ROOT)}: {lines} lines"
        for node in nodes_of(path):
            if isinstance(node, FUNCTIONS):
                length = node.end_lineno - node.lineno + 1
                assert length <= MAX_FUNCTION, f"{path.relative_to(ROOT)}: {node.name} has {length} lines"


def test_no_word_of_shops_stands_in_the_panel():
    words = ("order_no", "GMV", "catalog_", "orders_", "buyer", "app.shop")
    found = [f"{path.relative_to(ROOT)}: {word}" for path in (ROOT / "panel").rglob("*.py") for word in words
             if word in path.read_text()]  # fmt: skip
    assert not found


def test_screens_derive_from_our_hardened_classes(app):
    from flask_appbuilder import ModelRestApi, ModelView
    from flask_appbuilder.api import BaseApi

    from app.panel.core.api import PanelApi
    from app.panel.core.views import PanelView

    ours = ("app.", "tests.")
    for view in app.appbuilder.baseviews:
        assert not isinstance(view, ModelRestApi), view
        if isinstance(view, ModelView):
            assert isinstance(view, PanelView), f"{view} is a plain ModelView"
        if isinstance(view, BaseApi):
            assert isinstance(view, PanelApi), view
        assert type(view).__module__.startswith(ours) or isinstance(view, PanelApi), f"{view} comes from the package"


def test_what_is_heavy_and_seldom_used_is_loaded_by_whoever_uses_it():
    """Half a second and 44 MB, in every process, for a handle now and then."""
    for path in FILES:
        tops = [node for node in tree_of(path).body if isinstance(node, ast.Import | ast.ImportFrom)]
        names = {getattr(node, "module", None) or alias.name for node in tops for alias in node.names}
        assert not {"pypinyin", "plotly", "pandas"} & {name.split(".")[0] for name in names}, path


def test_no_module_has_the_mappers_configured_while_half_of_the_models_are_unknown():
    for path in FILES:
        outside = [node for node in tree_of(path).body if not isinstance(node, ast.FunctionDef | ast.ClassDef)]
        used = {node.attr for part in outside for node in ast.walk(part) if isinstance(node, ast.Attribute)}
        assert not used & {"__mapper__", "column_attrs"}, path
