"""A small application that shows the panel's templates with made-up pages: no database, no domains, the real headers."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace as Page

from flask import Flask, current_app, jsonify, redirect, render_template, request
from flask_babel import Babel
from flask_wtf import FlaskForm
from flask_wtf.csrf import CSRFProtect
from markupsafe import Markup
from wtforms import BooleanField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired

from app.panel.core import assets, charts, fragments, security
from app.panel.core.charts import Chart, line
from app.panel.core.menutree import Item
from tests.databases import CACHE

BOOKS = [(1, "Middlemarch"), (2, "Moby-Dick"), (3, "红楼梦"), (4, "Mansfield Park")]


class BookForm(FlaskForm):
    title = StringField("Title", [DataRequired()], description="As on the cover")
    kind = SelectField("Kind", choices=[("a", "Novel"), ("b", "Poem")])
    lent = BooleanField("Lent out")
    body = TextAreaField("Remarks")
    related = StringField("Related", render_kw={"data-picker": "/pickers/books", "data-multiple": "1"})
    sequel = StringField("Sequel", render_kw={"data-picker": "/pickers/books"})


def make() -> Flask:
    app = Flask("app", static_folder="static", template_folder="templates", root_path="app")
    app.config.update(SECRET_KEY="s" * 40, TESTING=True, CACHE_FOLDER=CACHE, BABEL_TRANSLATION_DIRECTORIES="translations")
    Babel(app, locale_selector=lambda: request.args.get("lang", "en"))
    CSRFProtect(app)
    app.jinja_env.globals["csp_nonce"] = security.csp_nonce
    app.after_request(security.add_headers)
    assets.init_app(app)
    charts.init_app(app)
    fragments.init_app(app)
    app.context_processor(_chrome)
    for name, view in VIEWS.items():
        app.add_url_rule(f"/{name}", name.replace("/", "_"), view, methods=["GET", "POST"])
    return app


def _chrome() -> dict:
    items = (Item("books", "Books", "fa-book", "/list"), Item("loans", "Loans", "fa-hand", "/form"))
    menu = (Item("group:library", "Library", "fa-book", children=items),)
    parts = current_app.jinja_env.get_template("panel/_menu_items.html").module
    return {
        "panel_nav": lambda: parts.tree(menu, "books", {"group:library"}, {"numbers": {"books": 3}, "topics": ""}),
        "panel_user": {"id": 1, "name": "Ada", "username": "ada", "role": "Librarian"},
        "languages": [{"key": k, "label": n, "active": k == "en"} for k, n in (("en", "English"), ("zh_Hans_CN", "简体中文"))],
        "locale_tag": request.args.get("lang", "en").replace("_", "-"), "skin": request.args.get("skin", "light"),
        "layout": request.args.get("layout", "side"),
        "panel_urls": {"home": "/list", "search": "/search", "language": "/prefs", "appearance": "/prefs", "logout": "/prefs"},
    }  # fmt: skip


def _list() -> str:
    columns = [Page(name=n, label=n.title(), kind=k, align=a, sorted=s, sort_url="/list?sort=" + n) for n, k, a, s in (
        ("title", "text", "start", "asc"), ("state", "choice", "start", ""), ("price", "money", "end", ""))]  # fmt: skip
    line = (
        '<tr data-url="/show?k={k}" data-pk="{k}"><td class="pick"><input type="checkbox" name="rowid" value="{k}"></td>'
        '<td><a class="lead" href="/show?k={k}">{title}</a></td><td><span class="badge badge-success">In</span></td>'
        '<td class="n">€{k}.50</td></tr>'
    )
    body = Markup().join(Markup(line).format(k=k, title=title) for k, title in BOOKS)
    fields = [
        {"name": "title", "label": "Title", "kind": "text", "choices": [], "picker_url": "", "ops": 0},
        {"name": "state", "label": "State", "kind": "choice", "picker_url": "", "ops": 1,
         "choices": [{"value": "in", "label": "In"}, {"value": "out", "label": "Out"}]},
        {"name": "price", "label": "Price", "kind": "money", "choices": [], "picker_url": "",
         "ops": 2},
    ]  # fmt: skip
    ops = [[{"op": op, "label": op} for op in some] for some in (("contains", "empty"), ("in",), ("between",))]
    asked = {"fields": fields, "ops": ops, "periods": [("today", "today")]}
    shown = 0 if request.args.get("q") else len(BOOKS)
    return render_template("panel/list.html", page=Page(
        title="Books", one="book", columns=columns, has_rows=bool(shown), body=body, filtered=not shown, frame=lambda name, caller: caller(), total=shown, said=f"{shown} rows", as_of="as of 20:00",
        page=1, pages=1, size=50, sizes=[(25, "/list?size=25"), (50, "/list")], q=request.args.get("q", ""), can_search=True,
        urls=Page(first="", prev="", next="", last="", clear="/list", action="/action", export=""), quick=[],
        filter=Page(plain=None, chips=[], plain_url="/list?plain=1", data={"tree": None}, fields_json=fragments.as_json(asked)), adding=Page(url="/form", label="Add book"), trash_url="/list",
        import_url="",
        actions=[Page(name="lend", label="Lend", icon="fa-hand", tone="", confirm="", needs_form=False, url="/action")],
        empty=Page(title="Nothing matches", text="", url="/list", label="Show all")))  # fmt: skip


def _form() -> str:
    form = BookForm()
    if form.is_submitted():
        form.validate()
    own = ("part", "position")

    def child(index: object) -> Page:
        names = [f"parts-{index}-{n}" for n in own]
        holder = type("C", (FlaskForm,), {n: StringField(n.rpartition("-")[2].title()) for n in names})
        form = holder(formdata=None, meta={"csrf": False})
        return Page(id=7 if index == 0 else "", index=index, fields=[form[n] for n in names])

    columns = [Page(name=n, label=n.title()) for n in own]
    children = [Page(name="parts", label="Parts", columns=columns, rows=[child(0)], blank=child("__i__"), may_drop=True)]
    sets = [Page(label="Book", help="", fields=["title", "kind", "lent", "body", "related", "sequel"])]
    return render_template("panel/form.html", form=form, page=Page(
        title="Add book", one="book", list_title="Books", list_url="/list", fieldsets=sets, children=children, action_url="/echo",
        cancel_url="/list"))  # fmt: skip


def _home() -> str:
    rows = [["2026-11-10", 3], ["2026-11-11", 8]]
    trace = line([day for day, _n in rows], [n for _day, n in rows], "Loans", fill=True)
    chart = Chart("loans", "Loans", [trace], ["Day", "Loans"], rows, counts="Books lent", summary="8 on the last day")
    change = Page(label="day before", text="+5", tone="success")
    card = Page(label="Loans", value="8", unit="", help="", url="/list", changes=[change], as_of=None)
    return render_template("panel/home.html", cards=[card], charts=[chart], ranges=[], todos=[], shortcuts=[])


def _pickers() -> object:
    q = request.args.get("q", "").lower()
    return jsonify(results=[{"id": k, "label": t, "hint": ""} for k, t in BOOKS if q in t.lower()], more=False)


def _echo() -> object:
    return jsonify({key: request.form.getlist(key) for key in request.form if key != "csrf_token"})


def _show() -> str:
    change = Page(label="Title", before="a", after="b")
    entry = Page(at=dt.datetime(2026, 11, 11), actor="ada", verb="changed", path="screen", why="", changes=[change])
    items = [Page(label="Title", cell={"kind": "text", "text": "Middlemarch"}, help="", wide=False)]
    return render_template("panel/show.html", page=Page(
        title="Middlemarch", one="book", list_title="Books", list_url="/list",
        badge={"kind": "badge", "text": "In", "tone": "success"},
        fieldsets=[Page(label="Book", fields=items)], verbs=[], edit_url="/form", delete_url="/echo", tables=[], panels=[], tabs=[],
        related=None, history=[entry], remarks=Page(
            rows=[], add_url="/echo", typed=request.args.get("remark", ""), held=[], removed=None, removed_url="", accept="image/png",
            max_files=10, max_mb=20)))  # fmt: skip


def _error() -> tuple[str, int]:
    return render_template("panel/error.html", error=Page(code=404, text="There is nothing here.", request_id="")), 404


VIEWS = {
    "list": _list, "form": _form, "home": _home, "pickers/books": _pickers, "echo": _echo, "action": _echo, "show": _show,
    "error": _error,
    "prefs": lambda: ("", 204) if request.accept_mimetypes.best == "application/json" else redirect("/list"),
    "search": lambda: render_template("panel/search.html", q=request.args.get("q", ""), groups=[]),
    "trash": lambda: render_template(
        "panel/trash.html", page=Page(title="Trash: Books", list_title="Books", list_url="/list", rows=[])
    ),
    "auth": lambda: render_template("panel/auth.html", form=BookForm(), title="Log in", lead=""),
}  # fmt: skip
PAGES = ("list", "form", "home", "show", "error", "search", "trash", "auth")
