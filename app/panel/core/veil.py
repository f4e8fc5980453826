"""Templates read rows as the policy allows: a value that is hidden from the reader is nothing there, a masked one its mask.

Whatever a template works out from such a value is no more than the value itself: a sum, a product, a sentence with it
in the middle, or the attribute of a row that it leads to.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any

from flask import Flask, g, has_request_context
from flask.templating import Environment
from jinja2.runtime import Context, Macro

from app.panel.core import policy
from app.panel.core.actor import KeyHolder, current_actor, memory_key
from app.panel.core.db import PanelModel
from app.panel.core.fields import resource_of

FIGURES = (
    "dateformat", "datetimeformat", "timeformat", "timedeltaformat", "numberformat", "decimalformat", "currencyformat",
    "percentformat", "scientificformat", "format", "round", "abs", "int", "float", "sum",
)  # fmt: skip


PLAIN = (FunctionType, MethodType)
OF_DICTS = frozenset(dir(dict))  # what `.items` and the like mean in a template, whatever keys there are


class Veiled(str):
    """What stands in the place of a value; nothing that is done with it says more."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Veiled:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def _same(self, *_others: Any, **_named: Any) -> Veiled:
        return self

    def _never(self, _other: Any) -> bool:
        return False

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _same  # type: ignore[assignment]
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __neg__ = __pos__ = __abs__ = __call__ = _same  # type: ignore[assignment]
    __lt__ = __le__ = __gt__ = __ge__ = _never


class VeiledContext(Context):
    """Calls in a template: what is told of a veiled value is veiled, but for the macros that draw it."""

    def call(__self, __callable: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if type(__callable) is Macro:
            return super().call(__callable, *args, **kwargs)
        for value in args:
            if type(value) is Veiled:
                return value
        if kwargs:
            for value in kwargs.values():
                if type(value) is Veiled:
                    return value
        elif type(__callable) in PLAIN and not hasattr(__callable, "jinja_pass_arg"):
            return __callable(*args)  # most are words and addresses, which ask for nothing but their arguments
        return super().call(__callable, *args, **kwargs)


class PanelEnvironment(Environment):
    context_class = VeiledContext

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is dict and attribute in obj and attribute not in OF_DICTS:  # so are the cells of a list
            return obj[attribute]
        if isinstance(obj, PanelModel):
            return value_of(obj, attribute) if has_request_context() else super().getattr(obj, attribute)
        return obj if type(obj) is Veiled else super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, PanelModel) and isinstance(argument, str):
            return self.getattr(obj, argument)
        return obj if type(obj) is Veiled else super().getitem(obj, argument)


class Seen:
    """A row for code that prepares what a page shows: its values are those that its reader may see."""

    __slots__ = ("_row",)

    def __init__(self, row: Any) -> None:
        self._row = row

    def __getattr__(self, name: str) -> Any:
        return value_of(self._row, name)

    def __str__(self) -> str:
        return str(self._row)


def seen(row: Any) -> Any:
    """A row as the person of this request may see it; the row itself where nothing of it is kept from him."""
    return Seen(row) if isinstance(row, PanelModel) and access_to(type(row)) is not None else row


def reader_of(model: type[Any]) -> Callable[[Any], Any]:
    """`seen` for many rows of one table."""
    return Seen if access_to(model) is not None else lambda row: row


def shows(row: Any, *names: str) -> bool:
    """May the person of this request see all of these values of a row whole?"""
    access = access_to(type(row))
    return access is None or all(access.usable(name) for name in names)


def value_of(row: Any, name: str) -> Any:
    """A value of a row as far as the person of this request may see it."""
    value = getattr(row, name)
    access = access_to(type(row))
    if access is None or name.startswith("_"):
        return value
    if not access.readable(name):
        return Veiled()
    if access.masked(name):
        return Veiled(access.mask(name, value) if value is not None else "")
    return value


def access_to(model: type[Any]) -> policy.FieldAccess | None:
    """What the person of this request may do with the fields of a model; None where he sees all of them whole."""
    actor = current_actor()
    whose = actor.key_id if isinstance(actor, KeyHolder) else memory_key(actor)
    kept, key = g.setdefault("_policy_fields", {}), (type(actor), whose, model)
    if key not in kept:
        access = policy.fields(actor, resource_of(model))
        kept[key] = access if access.hidden or access.masks else None
    found: policy.FieldAccess | None = kept[key]
    return found


def _through(filter_: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that writes figures and lets pass what is veiled."""

    @functools.wraps(filter_)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        veiled = [value for value in args if type(value) is Veiled]
        return veiled[0] if veiled else filter_(*args, **kwargs)

    return wrapped


def init_app(app: Flask) -> None:
    """To be called before anything asks for the environment of the templates."""
    app.jinja_environment = PanelEnvironment


def dress(app: Flask) -> None:
    """To be called when all have brought their filters."""
    filters = app.jinja_env.filters
    for name in FIGURES:
        if name in filters:
            filters[name] = _through(filters[name])
