"""The OpenAPI description of the REST APIs, made from the same fields that parse and show the values.

Pages that programs call add their own addresses by `describe`.
"""

from __future__ import annotations

from typing import Any

from apispec import APISpec
from flask import Response, current_app, render_template, request
from flask_appbuilder import BaseView, expose
from flask_babel import get_locale

from app.panel.core.fields import FieldSpec, spec, specs
from app.panel.core.pages import PanelPage, logged_in

TYPES: dict[str, dict[str, Any]] = {
    "integer": {"type": "integer"}, "ref": {"type": "integer"}, "file": {"type": "integer"}, "bool": {"type": "boolean"},
    "number": {"type": "string", "description": "a decimal number"}, "date": {"type": "string", "format": "date"},
    "instant": {"type": "string", "format": "date-time"}, "many": {"type": "array", "items": {"type": "integer"}},
    "money": {"type": "string", "description": "amount in major units, such as \"12.50\""}, "json": {},
    "computed": {},
}  # fmt: skip
LIST_PARAMETERS = [
    {"in": "query", "name": "q", "schema": {"type": "string", "maxLength": 200}, "description": "words to search"},
    {"in": "query", "name": "f", "schema": {"type": "string"}, "description": 'filter tree, `{"and":[["name","contains","x"]]}`'},
    {"in": "query", "name": "sort", "schema": {"type": "string"}, "description": "column, `-column` for descending"},
    {"in": "query", "name": "cols", "schema": {"type": "string", "maxLength": 2000}, "description": "fields, with commas"},
    {"in": "query", "name": "after", "schema": {"type": "string"}, "description": "`next` of the page before this one"},
    {"in": "query", "name": "before", "schema": {"type": "string"}, "description": "`previous` of the page after this one"},
    {"in": "query", "name": "from", "schema": {"type": "string"}, "description": "a value of the column that orders the rows"},
    {"in": "query", "name": "last", "schema": {"type": "integer", "enum": [1]}, "description": "the last page"},
    {"in": "query", "name": "count", "schema": {"type": "string", "enum": ["bounded", "exact", "none"]},
     "description": "count up to 10,000 (without a word), all of them, or not at all"},
    {"in": "query", "name": "size", "schema": {"type": "integer", "minimum": 1, "maximum": 200}},
]  # fmt: skip
NUMBER: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}  # of a row, in what is sent
_PK = {"in": "path", "name": "pk", "required": True, "schema": {"type": "integer", "minimum": 0}}
_VERSION = {
    "in": "header",
    "name": "If-Match",
    "schema": {"type": "string"},
    "description": "the version that you read",
}
ONCE = {
    "in": "header", "name": "Idempotency-Key", "schema": {"type": "string", "maxLength": 200},
    "description": "the same command with the same key happens once, and is answered alike",
}  # fmt: skip


def schema(field: FieldSpec, *, nullable: bool = True) -> dict[str, Any]:
    """The JSON schema of a field."""
    found = dict(TYPES.get(field.kind, {"type": "string"}))
    if field.choices is not None:
        found["enum"] = [member.value for member in field.choices] + ([None] if nullable else [])
    if field.length and found.get("type") == "string":
        found["maxLength"] = field.length
    if nullable and found:
        found["nullable"] = True
    if field.label:
        found["title"] = str(field.label)
    if found.get("type") == "integer":
        found |= {key: limit for key, limit in (("minimum", field.min), ("maximum", field.max)) if limit is not None}
    said = [str(text) for text in (found.get("description", ""), field.help, field.unit) if text]
    if said:
        found["description"] = " · ".join(said)
    if field.placeholder:
        found["example"] = str(field.placeholder)
    return found


def describe(api: Any, api_spec: APISpec) -> None:
    """Add the paths of a PanelApi."""
    view, name = api.view, api.view.resource
    row = {"id": {"type": "integer"}, "version": {"type": "integer"}}
    shown = [s for s in dict.fromkeys(specs(view.model).values()) if not s.hidden and s.kind != "children"]
    row.update({s.name: schema(s) for s in shown})
    children = {child: {"type": "array", "items": {"type": "object"}} for child in view.child_tables}
    api_spec.components.schema(name, {"type": "object", "properties": row | children})
    for title, sets in (("New", view.add_fieldsets), ("Edit", view.edit_fieldsets)):
        written = [spec(view.model, n) for _label, part in sets for n in part["fields"]]
        written = [s for s in written if not s.readonly and s.kind not in ("computed", "file")]
        needed = [s.name for s in written if s.required and s.default is None] if title == "New" else []
        properties = {s.name: schema(s, nullable=not s.required) for s in written} | children
        parts: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
        api_spec.components.schema(f"{name}.{title}", parts | ({"required": needed} if needed else {}))
    reference = {"$ref": f"#/components/schemas/{name}"}
    one = {"type": "object", "properties": {"id": {"type": "integer"}, "result": reference}}
    many = {"type": "object", "properties": {
        "result": {"type": "array", "items": reference}, "count": {"type": "integer"}, "exact": {"type": "boolean"},
        "size": {"type": "integer"}, "next": {"type": "string", "nullable": True},
        "previous": {"type": "string", "nullable": True}}}  # fmt: skip
    tag = {"tags": [name]}
    collection = {
        "get": {**tag, "summary": f"List {view.title}", "parameters": LIST_PARAMETERS, "responses": answered(200, many)}
    }
    if view.can_add:
        collection["post"] = {**tag, "summary": f"Add {view.one}", "parameters": [ONCE], "requestBody": _sent(f"{name}.New"),
                              "responses": answered(201, one, 409, 422, tagged=True)}  # fmt: skip
    item = {"get": {**tag, "summary": f"Show {view.one}", "parameters": [_PK], "responses": answered(200, one, 404, tagged=True)}}
    if view.can_edit:
        item["put"] = {**tag, "summary": f"Change {view.one}", "parameters": [_PK, _VERSION], "requestBody": _sent(f"{name}.Edit"),
                       "responses": answered(200, one, 404, 409, 422, 428, tagged=True)}  # fmt: skip
    if view.can_delete:
        gone = {"type": "object", "properties": {"message": {"type": "string"}}}
        item["delete"] = {
            **tag,
            "summary": f"Delete {view.one}",
            "parameters": [_PK, _VERSION],
            "responses": answered(200, gone, 404, 409, 422),
        }
    api_spec.path(path=f"{api.route_base}/", operations=collection)
    api_spec.path(path=f"{api.route_base}/{{pk}}", operations=item)


def _sent(name: str) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}}


def answered(good: int, found: dict[str, Any], *more: int, tagged: bool = False) -> dict[str, Any]:
    """What an operation answers: this when all is well, and a sentence with 400, 401, 403 and these others when it is refused."""
    problem = {
        "type": "object",
        "properties": {"message": {"type": "string"}, "errors": {"type": "object"}},
        "required": ["message"],
    }
    answers: dict[str, Any] = {
        str(good): {"description": "as asked", "content": {"application/json": {"schema": found}}}
    }
    if tagged:
        answers[str(good)]["headers"] = {"ETag": {"schema": {"type": "string"}, "description": "the version, for If-Match"}}
    for status in (400, 401, 403, *more):
        answers[str(status)] = {"description": "refused", "content": {"application/json": {"schema": problem}}}
    return answers


def in_path(name: str) -> dict[str, Any]:
    """The number of a row in an address."""
    return {"in": "path", "name": name, "required": True, "schema": {"type": "integer", "minimum": 0}}


def content(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


class OpenApiPage(BaseView):
    """The description as JSON and as a page to try it, for everybody who is logged in."""

    route_base = ""
    default_view = "swagger"

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, str] = {}

    @expose("/api/v1/_openapi")
    @logged_in
    def document(self) -> Response:
        """What it says is code and the same for all who read one language; where it was asked is added."""
        language = str(get_locale())
        if language not in self.kept:
            self.kept[language] = current_app.json.dumps(self.description())
        servers = current_app.json.dumps([{"url": request.host_url}])
        return Response(f'{self.kept[language][:-1]},"servers":{servers}}}', mimetype="application/json")

    def description(self) -> dict[str, Any]:
        found = APISpec(title=current_app.config["APP_NAME"], version="v1", openapi_version="3.0.3")
        for api in self.appbuilder.baseviews:
            if hasattr(api, "view") and hasattr(api, "add_api_spec"):
                api.add_api_spec(found)
            elif isinstance(api, PanelPage):
                api.describe(found)
        return found.to_dict()

    @expose("/swagger/v1")
    @logged_in
    def swagger(self) -> str:
        return render_template("panel/swagger.html", document_url="/api/v1/_openapi", appbuilder=self.appbuilder)
