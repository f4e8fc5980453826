"""What the two doors for channels say of themselves in the OpenAPI description: the same JSON, by a key or by a signature."""

from __future__ import annotations

from typing import Any

from apispec import APISpec

from app.shop.orders import intake_json
from app.shop.orders.models import OrderState, PaymentMethod, RefundReason, ReviewState
from app.shop.orders.pricing import MOST_CODES
from app.shop.orders.services import addresses, deliveries

EVENT, SIGNATURE, REPEATED = "X-Zhanggui-Event", "X-Zhanggui-Signature", "X-Zhanggui-Repeated"
TAG = "orders.Intake"
Json = dict[str, Any]


def add_to(api_spec: APISpec, path: str, *, is_signed: bool) -> None:
    """Add one of the doors; what both take and say is added with the first."""
    if f"{TAG}.Order" not in api_spec.components.schemas:
        for name, schema in _schemas().items():
            api_spec.components.schema(f"{TAG}.{name}", schema)
    event: Json = {
        "in": "header", "name": EVENT, "schema": {"type": "string", "maxLength": deliveries.LONGEST_ID},
        "description": "the sender's own number of this event: repeated, it gets the answer of the first time",
    }  # fmt: skip
    taken = {"oneOf": [_named("OrderTaken"), _named("RefundBooked")]}
    repeated = {REPEATED: {"schema": {"type": "string", "enum": ["1"]}, "description": "it came before"}}
    answers: Json = {
        status: {"description": said, "headers": repeated, "content": _content(taken)}
        for status, said in (("201", "taken in: new"), ("200", "known already by its number; nothing was changed"))
    }
    refusals = {
        "400": "no JSON object", "401": "not let in", "404": "no such channel or order", "422": "it does not fit",
        "409": "goods are gone (`code` is `out_of_stock`), or the number of a refund came with another amount",
    }  # fmt: skip
    refusals |= {"413": "too long", "429": "too many wrong signatures"} if is_signed else {"403": "without the right"}
    answers |= {status: {"description": said, "content": _content(_named("Refusal"))} for status, said in refusals.items()}
    told: Json = {"oneOf": [_named("Order"), _named("Refund")]}
    summary = "Post an order or a refund as a channel" if is_signed else "Post an order or a refund of a channel"
    operation = {
        "tags": [TAG], "summary": summary, "parameters": [*(_of_hook() if is_signed else _of_api()), event],
        "requestBody": {"required": True, "content": _content(told)}, "responses": answers,
    }  # fmt: skip
    api_spec.path(path=path, operations={"post": operation})


def _of_api() -> list[Json]:
    once = {"type": "string", "maxLength": deliveries.LONGEST_ID}
    return [{"in": "header", "name": "Idempotency-Key", "schema": once, "description": f"the same as {EVENT}"}]


def _of_hook() -> list[Json]:
    minutes = addresses.TOLERANCE // 60
    return [
        {"in": "path", "name": "public_id", "required": True, "schema": {"type": "string", "maxLength": 40}},
        {
            "in": "header", "name": SIGNATURE, "required": True,
            "schema": {"type": "string", "pattern": "^t=[0-9]{1,12},v1=[0-9a-f]{64}$"},
            "description": f"the time in seconds, and the HMAC-SHA256 of time, dot and body; good for {minutes} minutes",
        },
    ]  # fmt: skip


def _schemas() -> dict[str, Json]:
    amount: Json = {"type": "string", "description": 'in major units, such as "12.50"', "example": "12.50"}
    instant: Json = {"type": "string", "format": "date-time", "nullable": True}
    buyer = {name: _text(intake_json.LENGTHS.get(ours, 60)) for name, ours in intake_json.BUYER.items()}
    line = _object(
        {"sku": _text(120), "quantity": _whole(intake_json.MAX_QUANTITY), "unit_price": amount | _NULL, "title": _text(300)},
        "sku", "quantity",
    )  # fmt: skip
    paid = _object({
        "method": {"type": "string", "enum": [one.value for one in PaymentMethod]}, "reference": _text(120),
        "amount": amount | _NULL, "paid_at": instant,
    })  # fmt: skip
    channel = _whole(2**31 - 1) | {"description": "needed by the API; at a webhook it is the channel of the address"}
    number = {"type": "string", "minLength": 1, "maxLength": 120, "description": "the channel's own number of the order"}
    code = {"type": "string", "maxLength": 40}
    order = {
        "kind": {"type": "string", "enum": [intake_json.ORDER]}, "channel_id": channel, "external_number": number,
        "placed_at": instant, "lines": {"type": "array", "minItems": 1, "maxItems": intake_json.MAX_LINES, "items": line},
        "buyer": _object(buyer) | _NULL, "discount": amount | _NULL, "shipping_fee": amount | _NULL, "tax": amount | _NULL,
        "paid": {"oneOf": [{"type": "boolean"}, paid], "nullable": True, "description": "`true`: all of it"},
        "remark": _text(5000), "creator": _object({"name": _text(120), "id": _text(64)}) | _NULL,
        "coupons": {"type": "array", "items": code, "maxItems": MOST_CODES, "nullable": True, "description": "their codes"},
        "session": _text(80) | {"description": "the live session that the order came in"},
    }  # fmt: skip
    refund = {
        "kind": {"type": "string", "enum": [intake_json.REFUND]}, "channel_id": channel, "external_number": number,
        "reference": {"type": "string", "minLength": 1, "maxLength": 80, "description": "the channel's own number of the refund"},
        "amount": amount, "reason": {"type": "string", "enum": [one.value for one in RefundReason]}, "note": _text(300),
    }  # fmt: skip
    return {
        "Order": _object(order, "external_number", "lines"),
        "Refund": _object(refund, "kind", "external_number", "reference", "amount"),
        **_answers(amount),
    }


def _answers(amount: Json) -> dict[str, Json]:
    problem = _object({"reason": {"type": "string"}, "detail": {"type": "string", "nullable": True}})
    said: Json = {
        "id": {"type": "integer"}, "number": {"type": "string"}, "new": {"type": "boolean"},
        "state": {"type": "string", "enum": [one.value for one in OrderState]}, "currency": {"type": "string"},
    }  # fmt: skip
    review = {"type": "string", "enum": [one.value for one in ReviewState]}
    taken = said | {"review": review, "total": amount, "problems": {"type": "array", "items": problem}}
    booked = said | {"refund": {"type": "integer"}, "amount": amount, "left": amount}
    refusal = {
        "message": {"type": "string"}, "code": {"type": "string"}, "left": {"type": "integer"},
        "errors": {"type": "object", "additionalProperties": {"type": "string"}},
    }  # fmt: skip
    return {
        "OrderTaken": _object(taken, *taken), "RefundBooked": _object(booked, *booked),
        "Refusal": {"type": "object", "properties": refusal, "required": ["message"]},
    }  # fmt: skip


_NULL: Json = {"nullable": True}


def _text(length: int) -> Json:
    return {"type": "string", "maxLength": length, "nullable": True}


def _whole(most: int) -> Json:
    return {"type": "integer", "minimum": 1, "maximum": most}


def _object(properties: Json, *required: str) -> Json:
    found: Json = {"type": "object", "properties": properties, "additionalProperties": False}
    return found | ({"required": list(required)} if required else {})


def _named(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{TAG}.{name}"}


def _content(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}
