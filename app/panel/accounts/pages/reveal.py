"""The eye beside a masked value: a page that asks why and then shows it, and the same for programs."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.accounts import domain
from app.panel.accounts.people import reveals
from app.panel.core.actor import current_actor
from app.panel.core.api import body, refusal
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.pages import PanelPage, expose, logged_in
from app.panel.core.screens import row_url


@domain.page(_("Show it in full"), menu=False)
class RevealPage(PanelPage):
    """GET asks for a reason, POST shows the value. It stands in no page before that, and in no cache after."""

    title = _("Show it in full")
    route_base = "/reveal"

    @expose("/<resource>/<int:pk>/<field>", methods=["GET", "POST"])
    @logged_in
    def index(self, resource: str, pk: int, field: str) -> Any:
        actor, wants_json = current_actor(), request.accept_mimetypes.best == "application/json"
        found, value, problem, status = reveals.find(resource, pk, field, actor=actor), "", "", 200
        if request.method == "POST":
            given = {"reason": request.form.get("reason", ""), "why": request.form.get("why", "")}
            try:
                value = reveals.reveal(resource, pk, field, **given, actor=actor).value
            except (InvalidInput, reveals.OverQuota) as error:
                problem, status = _sentence(error), error.status
        left = reveals.left(actor)
        reasons = [{"value": key, "label": str(label)} for key, label in reveals.Reason.pairs()]
        if wants_json:
            plain = {"label": found.label, "value": value, "message": problem, "reasons": reasons, "words": _words(left)}
            return _private(jsonify(plain)), status
        page = self.render(
            "accounts/reveal.html", label=found.label, masked=found.text, value=value, reasons=reasons, left=_left(left),
            problem=problem, back_url=row_url(found.row),
        )  # fmt: skip
        return page, status


def _words(left: int | None) -> dict[str, str]:
    """What the dialog says that a script makes of this page."""
    return {
        "title": gettext("Show it in full"), "ask": gettext("What for?"), "why": gettext("A few words"), "show": gettext("Show"),
        "cancel": gettext("Cancel"), "left": _left(left),
    }  # fmt: skip


@domain.page(_("Show it in full"), menu=False)
class RevealApiPage(PanelPage):
    """`POST {"resource", "id", "field", "reason", "why"}` → `{"value"}`: for programs with a key."""

    title = _("Show it in full")
    route_base = "/api/v1/reveal"

    def describe(self, api_spec: Any) -> None:
        reasons = [reason.value for reason in reveals.Reason]
        text = {"type": "string", "maxLength": 200}
        asked = {"resource": text, "id": {"type": "integer"}, "field": text, "reason": {"type": "string", "enum": reasons}}
        answer = {"value": {"type": "string"}, "left": {"type": "integer", "nullable": True}}
        operation = {
            "tags": ["accounts.Reveal"], "summary": "Have one masked value shown",
            "requestBody": {"required": True, "content": _json(_object({**asked, "why": text}, list(asked)))},
            "responses": {"200": {"description": "the value", "content": _json(_object(answer, list(answer)))}, **REFUSALS},
        }  # fmt: skip
        api_spec.path(f"{self.route_base}/", operations={"post": operation})

    @expose("/", methods=["POST"])
    @logged_in
    def index(self) -> Any:
        actor = current_actor()
        try:
            given = body()
            names = {name: given.get(name) or "" for name in ("resource", "field", "reason", "why")}
            if not all(isinstance(text, str) for text in names.values()):
                raise InvalidInput({"resource": gettext("This is needed.")})
            found = reveals.reveal(**names, pk=given.get("id"), actor=actor)
        except DomainError as error:
            return refusal(error)
        return _private(jsonify(value=found.value, left=reveals.left(actor)))


REFUSALS = {
    str(status): {"description": said, "content": {"application/json": {"schema": {
        "type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"],
    }}}}
    for status, said in (
        (400, "not understood"), (401, "not logged in"), (403, "not allowed"), (404, "not there or not masked"),
        (422, "no reason"), (429, "too many today"),
    )
}  # fmt: skip


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required}


def _sentence(error: DomainError) -> str:
    return "; ".join(str(text) for text in error.errors.values()) if isinstance(error, InvalidInput) else error.message


def _left(left: int | None) -> str:
    return "" if left is None else gettext("%(n)s more today", n=left)


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
