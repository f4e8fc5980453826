"""What operations on many rows say of themselves in the OpenAPI description."""

from __future__ import annotations

from typing import Any

from apispec import APISpec

from app.panel.bulk.engine.selecting import MOST_TICKED
from app.panel.bulk.states import RunState
from app.panel.core.openapi import NUMBER, ONCE, answered, content, in_path

TAG = "bulk.Operation"
Json = dict[str, Any]
COMMANDS = {
    "pause": "Pause a run between two chunks", "resume": "Let a run go on where it stands",
    "cancel": "Cancel a run; what is done stays done until it is taken back",
    "undo": "Take back what a run did; the answer is the run that does so",
}  # fmt: skip


def add_to(api_spec: APISpec, base: str) -> None:
    for name, schema in _schemas().items():
        api_spec.components.schema(f"{TAG}.{name}", schema)
    begin = {
        "tags": [TAG], "summary": "Begin an operation on many rows, or only look at what it would do", "parameters": [ONCE],
        "requestBody": {"required": True, "content": content(_named("New"))},
        "responses": _led(answered(201, _named("Run"), 404, 409, 422), "201"),
    }  # fmt: skip
    watch = {"tags": [TAG], "summary": "Watch a run", "responses": _led(answered(200, _named("Run"), 404), "200")}
    start = _command("Let a run begin that was looked at, at once or at a time")
    start["requestBody"] = {"required": False, "content": content(_named("Start"))}
    api_spec.path(f"{base}/", operations={"post": begin})
    api_spec.path(f"{base}/{{run_id}}/", operations={"get": {**watch, "parameters": [in_path("run_id")]}})
    api_spec.path(f"{base}/{{run_id}}/start", operations={"post": start})
    for name, summary in COMMANDS.items():
        api_spec.path(f"{base}/{{run_id}}/{name}", operations={"post": _command(summary)})


def _command(summary: str) -> Json:
    answers = _led(answered(200, _named("Run"), 404, 409, 422), "200")
    return {"tags": [TAG], "summary": summary, "parameters": [in_path("run_id"), ONCE], "responses": answers}


def _led(answers: Json, good: str) -> Json:
    answers[good]["headers"] = {"Location": {"schema": {"type": "string"}, "description": "where the run is watched"}}
    return answers


def _schemas() -> dict[str, Json]:
    text: Json = {"type": "string", "maxLength": 200}
    tree: Json = {"description": "filter tree as in lists, as JSON or as its text"}
    new = {
        "operation": text | {"description": "its key, as the address of its form says it"},
        "rows": {"type": "array", "items": NUMBER, "minItems": 1, "maxItems": MOST_TICKED, "description": "by number; or `list`"},
        "list": text | {"description": "the list all of whose rows are meant, by its name in addresses; narrowed by `q` and `f`"},
        "q": text | {"description": "words to search"}, "f": tree,
        "values": {"type": "object", "description": "what the form of the operation asks, by the names of its fields"},
        "start": {"type": "boolean", "default": True, "description": "`false` only looks"},
    }  # fmt: skip
    instant: Json = {"type": "string", "format": "date-time"}
    start = {"begins_at": instant | {"nullable": True, "description": "without an offset by the clock of the business"}}
    return {
        "New": {"type": "object", "properties": new, "required": ["operation"], "additionalProperties": False},
        "Start": {"type": "object", "properties": start, "additionalProperties": False}, "Run": _run(instant),
    }  # fmt: skip


def _run(instant: Json) -> Json:
    count: Json = {"type": "integer", "minimum": 0}
    text: Json = {"type": "string"}
    number: Json = {"type": "integer", "nullable": True}
    run = {
        "id": {"type": "integer"}, "state": {"type": "string", "enum": [one.value for one in RunState]}, "label": text,
        "tone": text, **dict.fromkeys(("read", "expected", "new", "changed", "same", "refused", "skipped", "rate"), count),
        "percent": {"type": "number"}, "left": number | {"description": "seconds, where one knows"}, "operation": text,
        "resource": text, "title": text, "url": text | {"description": "its page"},
        "preview": {"type": "object", "description": "what would happen: `counts`, `reasons`, `sums`, `messages`"},
        "undo_of": number, "is_undone": {"type": "boolean"}, "error": text | {"nullable": True},
        "begins_at": instant | {"nullable": True},
    }  # fmt: skip
    return {"type": "object", "properties": run, "required": sorted(run)}


def _named(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{TAG}.{name}"}
