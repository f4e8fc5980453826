"""PanelApi: the REST face of a PanelView. Same policy, same parsing, same verbs as the screens; only JSON differs.

    GET /api/v1/<domain>/<noun>/?q=&f=&sort=&size=&after=&cols=     GET, PUT, DELETE /api/v1/<domain>/<noun>/<id>     POST …/

Amounts are text in major units (`"12.50"`), instants ISO 8601, a changed row needs `If-Match` with its version, a POST
may carry `Idempotency-Key`. The log-in is the session cookie with the header `X-CSRFToken`.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Response, current_app, jsonify, request
from flask_appbuilder.api import BaseApi, expose
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException

from app.panel.core import listcolumns, listing, listtotals, openapi, paging, policy, records, screens, sight
from app.panel.core.actor import NOBODY, current_actor
from app.panel.core.errors import BadRequest, Conflict, DomainError, InvalidInput
from app.panel.core.fields import FieldSpec, resource_of, spec, specs
from app.panel.core.idempotency import with_key

MAX_BODY = 2 * 2**20


def answers(verb: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Gate of an API method: 401 for a visitor, 403 without the right, and every error as JSON."""

    def decorate(func: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(func)
        def gate(self: Any, *args: Any, **kwargs: Any) -> Any:
            actor = current_actor()
            if actor is NOBODY:
                return problem(401, _("Log in first."))
            try:
                policy.authorize(actor, verb, self.class_permission_name)
                return func(self, *args, actor=actor, **kwargs)
            except DomainError as error:
                return refusal(error)
            except HTTPException as error:
                return problem(error.code or 400, error.description or "")

        gate._permission_name = verb  # type: ignore[attr-defined]
        gate._needs = (verb, None)  # type: ignore[attr-defined]
        return gate

    return decorate


def problem(status: int, message: object, **more: Any) -> Response:
    response = jsonify({"message": str(message), **more})
    response.status_code = status
    return response


def refusal(error: DomainError) -> Response:
    """A DomainError as JSON: 422 with a sentence a field, 409 with what stands now."""
    if isinstance(error, InvalidInput):
        return problem(error.status, error.message, errors={name: str(text) for name, text in error.errors.items()})
    if isinstance(error, Conflict) and error.theirs:
        return problem(error.status, error.message, version=error.theirs.get("version"))
    more = {"errors": {error.field: error.message}} if error.field else {}
    return problem(error.status, error.message, **more)


def body() -> dict[str, Any]:
    """The JSON object of the request.

    :raises BadRequest: when it is none
    """
    if not request.is_json:
        raise BadRequest(_("Send JSON (Content-Type: application/json)."))
    if (request.content_length or 0) > MAX_BODY:
        raise BadRequest(_("This is too long."))
    try:
        found = json.loads(request.get_data())
    except (ValueError, RecursionError):
        raise BadRequest(_("This is no valid JSON.")) from None
    if not isinstance(found, dict):
        raise BadRequest(_("Send one JSON object."))
    return found


class PanelApi(BaseApi):
    """REST over one view's columns. FAB's ModelRestApi is not used: its defaults hand out every column there is."""

    view: Any = None
    allow_browser_login = True
    csrf_exempt = False

    def __init__(self) -> None:
        self.class_permission_name = self.view.resource
        self.resource_name = self.view.resource
        self.openapi_spec_tag = self.view.resource
        super().__init__()

    @classmethod
    def endpoint_name(cls) -> str:
        return f"api_{cls.__name__.lower()}"

    @property
    def model(self) -> Any:
        return self.view.model

    def shown(self, actor: Any) -> list[FieldSpec]:
        """The fields that this reader gets, in the order of their declaration."""
        names = [
            *self.view.list_columns,
            *screens.names(self.view.show_fieldsets),
            *screens.names(self.view.edit_fieldsets),
        ]
        access = policy.fields(actor, self.view.resource)
        declared = [spec(self.model, name) for name in dict.fromkeys(names) if "." not in name]
        known = dict.fromkeys(s for s in declared if access.readable(s.name))
        return [s for s in known if s.kind != "children"]

    def out(self, row: Any, actor: Any, children: bool = False, chosen: list[FieldSpec] | None = None) -> dict[str, Any]:
        """One row as JSON, of the fields that were chosen, else of all that this reader gets."""
        access = policy.fields(actor, self.view.resource)
        found: dict[str, Any] = {"id": row.id, "version": row.version}
        for field in self.shown(actor) if chosen is None else chosen:
            value = getattr(row, field.name)
            found[field.name] = (
                access.mask(field.name, value)
                if access.masked(field.name) and value is not None
                else jsonable(field, value, row)
            )
        for name in self.view.child_tables if children else ():
            if access.readable(name):
                found[name] = [self._child(child, actor) for child in sight.children(actor, getattr(row, name))]
        return found

    def _child(self, child: Any, actor: Any) -> dict[str, Any]:
        access = policy.fields(actor, resource_of(type(child)))
        own = [
            s for s in dict.fromkeys(specs(type(child)).values()) if not s.hidden and s.kind not in ("children", "many")
        ]
        return {
            s.name: access.mask(s.name, getattr(child, s.name))
            if access.masked(s.name)
            else jsonable(s, getattr(child, s.name), child)
            for s in own
            if access.readable(s.name)
        }

    @expose("/", methods=["GET"])
    @answers("read")
    def get_list(self, actor: Any) -> Response:
        plan = self.view.plan(actor)
        _refuse_unknown(request.args)
        asked = listing.read(request.args, plan)
        names = listcolumns.read(asked.cols, plan) if asked.cols else None
        found = listing.find(asked, plan if names is None else replace(plan, columns=tuple(names)), actor)
        listing.tell(self.model, asked, found, "api")
        chosen = None if names is None else [spec(self.model, name) for name in names if "." not in name]
        result = [self.out(row, actor, chosen=chosen) for row in found.rows]
        wanted = request.args.get("count") or "bounded"
        if wanted not in ("bounded", "exact", "none"):
            raise BadRequest(_("“%(name)s” is none of: %(known)s.", name=wanted[:60], known="bounded, exact, none"))
        answer = {"result": result, "size": asked.size, "next": _token(found.after), "previous": _token(found.before)}
        if wanted != "none":
            count = listtotals.count_of(found, asked, plan, actor)
            count = listtotals.count(asked, plan, actor, exactly=True) if wanted == "exact" and not count.exact else count
            answer |= {"count": count.total, "exact": count.exact}
        return jsonify(answer)

    @expose("/<int:pk>", methods=["GET"])
    @answers("read")
    def get(self, pk: int, actor: Any) -> Response:
        row = records.get(self.model, pk, actor=actor)
        response = jsonify(id=row.id, result=self.out(row, actor, children=True))
        response.set_etag(str(row.version))
        return response

    @expose("/", methods=["POST"])
    @answers("write")
    def post(self, actor: Any) -> Response:
        if not self.view.can_add:
            return problem(405, _("This cannot be added here."))
        raw = body()
        names = self._writable(self.view.add_fieldsets, None, actor, raw)
        values = records.parse(self.model, raw, names=names)
        key = request.headers.get("Idempotency-Key") or None
        name = f"{self.view.resource}.create"
        made = with_key(key, actor, name, raw, lambda: records.create(self.model, values, actor=actor).id)
        row = records.get(self.model, made, actor=actor, verb="write")
        response = jsonify(id=row.id, result=self.out(row, actor, children=True))
        response.status_code = 201
        response.set_etag(str(row.version))
        return response

    @expose("/<int:pk>", methods=["PUT"])
    @answers("write")
    def put(self, pk: int, actor: Any) -> Response:
        if not self.view.can_edit:
            return problem(405, _("This cannot be changed here."))
        row = records.get(self.model, pk, actor=actor, verb="write")
        version = self._version()
        if version is None:
            return problem(428, _("Send the version that you read in the header If-Match."))
        raw = self._known(body(), row, actor)
        names = self._writable(self.view.edit_fieldsets, row, actor, raw)
        values = records.parse(self.model, raw, row=row, partial=True, names=names)
        row = records.update(row, values, actor=actor, version=version)
        response = jsonify(id=row.id, result=self.out(row, actor, children=True))
        response.set_etag(str(row.version))
        return response

    @expose("/<int:pk>", methods=["DELETE"])
    @answers("delete")
    def delete(self, pk: int, actor: Any) -> Response:
        if not self.view.can_delete:
            return problem(405, _("This cannot be deleted here."))
        records.delete(records.get(self.model, pk, actor=actor, verb="delete"), actor=actor, version=self._version())
        return jsonify(message=_("It is in the trash."))

    def _version(self) -> int | None:
        tags = [tag for tag in request.if_match.as_set(include_weak=True) if tag and tag.isdecimal() and len(tag) < 10]
        return int(tags[0]) if tags else None

    def _known(self, raw: dict[str, Any], row: Any, actor: Any) -> dict[str, Any]:
        """Without masked values that come back as they were handed out: they stay as they are."""
        access = policy.fields(actor, self.view.resource)
        masked = {name: access.mask(name, getattr(row, name)) for name in raw if access.masked(name) and hasattr(row, name)}
        return {name: value for name, value in raw.items() if not value or value != masked.get(name)}

    def _writable(self, fieldsets: list[Any], row: Any, actor: Any, raw: dict[str, Any]) -> set[str]:
        """What this writer may send; a field that he sends and may not write is refused later, not asked for by name."""
        access = policy.fields(actor, self.view.resource)
        known = [spec(self.model, name) for name in (*screens.names(fieldsets), *self.view.editable_children(row))]
        if row is None:
            records.must_fill(known, access)
        return {one.name for one in known if access.settable(one.name, row) or {one.name, one.screen_name} & set(raw)}

    def add_api_spec(self, api_spec: Any) -> None:
        openapi.describe(self, api_spec)


def _refuse_unknown(given: Any) -> None:
    """A filter under a name that is not its own would give all rows to a program that asked for some."""
    known = [str(parameter["name"]) for parameter in openapi.LIST_PARAMETERS]
    if unknown := next((name for name in given if name not in known), None):
        raise BadRequest(_("“%(name)s” is none of: %(known)s.", name=unknown[:60], known=", ".join(known)))


def _token(place: paging.Place | None) -> str | None:
    """What to send as `after` or `before` for another page."""
    return place.text if place is not None else None


def jsonable(field: FieldSpec, value: Any, row: Any) -> Any:
    """A value as JSON: rows of a relation as their numbers, computed ones as text where JSON has no word for them."""
    plain = field.plain(value, row)
    if plain is None or isinstance(plain, bool | int | float | str | list | dict):
        return plain
    return str(plain)


def api_for(view: Any) -> type[PanelApi]:
    """The API class of a view."""
    base = f"/api/v1/{view.resource.replace('.', '/').lower()}"
    return type(f"{view.__class__.__name__.removesuffix('View')}Api", (PanelApi,), {"view": view, "route_base": base})


def all_apis() -> list[Any]:
    return [view for view in current_app.appbuilder.baseviews if isinstance(view, PanelApi)]  # type: ignore[attr-defined]
