"""What repeated operations say of themselves in the OpenAPI description."""

from __future__ import annotations

from typing import Any

from apispec import APISpec

from app.panel.core.openapi import NUMBER, ONCE, answered, content, in_path

TAG = "upkeep.Repeat"
Json = dict[str, Any]
TEXT: Json = {"type": "string"}
INSTANT: Json = {"type": "string", "format": "date-time", "nullable": True}


def add_to(api_spec: APISpec, base: str) -> None:
    for name, schema in _schemas().items():
        api_spec.components.schema(f"{TAG}.{name}", schema)
    one = _named("Repeat")
    many = _object({"result": {"type": "array", "items": one}})
    number = [in_path("repeat_id")]
    api_spec.path(f"{base}/", operations={
        "get": _operation("List one's own repeated operations", answered(200, many)),
        "post": _operation("Do again and again what a run was prepared for", answered(201, one, 404, 409, 422), [ONCE], "New"),
    })  # fmt: skip
    api_spec.path(f"{base}/{{repeat_id}}/", operations={
        "get": _operation("Show a repeated operation", answered(200, one, 404), number),
        "delete": _operation("Repeat it no more; its runs stay", answered(200, _object({"ended": TEXT}), 404), number),
    })  # fmt: skip
    switch = _operation("Let it rest, or go on", answered(200, one, 404, 422), number, "Switch")
    said = _object({"said": {"type": "array", "items": TEXT}})
    rehearse = _operation("Say what it would do now; nothing of it stays", answered(200, said, 404, 422), number)
    api_spec.path(f"{base}/{{repeat_id}}/switch", operations={"post": switch})
    api_spec.path(f"{base}/{{repeat_id}}/rehearse", operations={"post": rehearse})


def _operation(summary: str, answers: Json, parameters: list[Json] | None = None, sent: str = "") -> Json:
    found: Json = {"tags": [TAG], "summary": summary, "responses": answers}
    if parameters:
        found["parameters"] = parameters
    if sent:
        found["requestBody"] = {"required": True, "content": content(_named(sent))}
    return found


def _schemas() -> dict[str, Json]:
    cron = TEXT | {"maxLength": 120, "description": "minute, hour, day, month, weekday", "example": "0 20 * * 5"}
    last = _object({"slot_at": TEXT | {"format": "date-time"}, "outcome": TEXT, "error": TEXT | {"nullable": True}})
    repeat = {
        "id": {"type": "integer"}, "title": TEXT, "cron": TEXT, "zone": TEXT, "when": TEXT | {"description": "the same in words"},
        "enabled": {"type": "boolean"}, "next_at": INSTANT, "last": last | {"nullable": True},
    }  # fmt: skip
    new = _object({"run": NUMBER, "cron": cron})
    return {
        "Repeat": _object(repeat), "New": new | {"additionalProperties": False},
        "Switch": _object({"enabled": {"type": "boolean"}}),
    }  # fmt: skip


def _object(properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": sorted(properties)}


def _named(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{TAG}.{name}"}
