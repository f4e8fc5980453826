"""What lies in Valkey is not trusted: an entry runs only if we signed it, for this very entry (SAFETY Q01, G45)."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from typing import Any

from redis.exceptions import ResponseError
from rq.exceptions import DeserializationError, NoSuchJobError
from rq.job import UNEVALUATED, Job

ENTRY = re.compile(r"row-(\d{1,18})-(\d{1,9})")
# fields of an entry that make RQ import, call, fetch or repeat something; an entry of ours bears none
FOREIGN = (
    "success_callback_name", "failure_callback_name", "stopped_callback_name", "webhooks", "dependency_id",
    "dependency_ids", "repeats_left", "repeat_intervals", "retries_left", "retry_intervals", "rate_limit_key",
    "rate_limit_concurrency", "group_id", "meta",
)  # fmt: skip


class Refused(Exception):
    """An entry of the queue that we did not put there, or not so."""


class SignedJSON:
    """JSON with an HMAC before it. The key is derived from SECRET_KEY, so it is never in Valkey."""

    def __init__(self, secret: str | bytes) -> None:
        raw = secret.encode() if isinstance(secret, str) else secret
        self._key = hmac.new(raw, b"zhanggui queue v1", hashlib.sha256).digest()
        self.__qualname__ = type(self).__qualname__  # RQ's worker asks for it, expecting a class

    def _sign(self, body: bytes) -> bytes:
        return hmac.new(self._key, body, hashlib.sha256).hexdigest().encode()

    def dumps(self, value: Any) -> bytes:
        body = json.dumps(value, separators=(",", ":")).encode()
        return self._sign(body) + b"." + body

    def loads(self, data: bytes) -> Any:
        signature, _, body = bytes(data).partition(b".")
        if not hmac.compare_digest(signature, self._sign(body)):
            raise Refused("its signature is not ours")
        return json.loads(body)


class SafeJob(Job):
    """An entry of the queue: it names one attempt at one row of the outbox, and nothing else can be in it.

    The signature covers the id, so a payload that was copied to another entry is refused, and the id names the
    attempt, so an entry that is put back after it ran opens nothing.
    """

    forged: str = ""
    runner: Any = None  # set by the worker: func(row id, attempt) -> outcome

    @property
    def data(self) -> bytes:  # type: ignore[override]
        if self._data is UNEVALUATED:
            self._data = self.serializer.dumps([self.id, self._func_name])
        return self._data  # type: ignore[return-value]

    @data.setter
    def data(self, value: bytes) -> None:
        self._data = value
        self._func_name = self._instance = self._args = self._kwargs = UNEVALUATED

    def _deserialize_data(self) -> None:
        try:
            if self.forged:
                raise Refused(self.forged)
            entry, name = self.serializer.loads(self.data)
            if entry != self.id or not ENTRY.fullmatch(self.id):
                raise Refused("it was signed for another entry")
            if name != "outbox":
                raise Refused(f"it names {name!r}, which is no work of ours")
        except Exception as error:
            raise DeserializationError(str(error)) from error
        self._func_name, self._instance, self._args, self._kwargs = name, None, (), {}

    @classmethod
    def fetch(cls, id: str, connection: Any = None, serializer: Any = None) -> SafeJob:
        """:raises NoSuchJobError: also for a malformed id or hash, which must not stop the worker that meets it"""
        try:
            return super().fetch(id, connection=connection, serializer=serializer)  # type: ignore[return-value]
        except (ValueError, ResponseError) as error:
            raise NoSuchJobError(f"malformed entry {str(id)[:80]!r}: {error}") from error

    def restore(self, raw_data: Any) -> None:
        """Read an entry. What would make RQ call, fetch or repeat anything is left out, and the entry is refused."""
        found = {(key.decode() if isinstance(key, bytes) else key): value for key, value in raw_data.items()}
        foreign = [name for name in FOREIGN if found.get(name)]
        for name in foreign:
            del found[name]
        if foreign:
            self.forged = f"it bears {', '.join(foreign)}"
        try:
            super().restore(found)
        except NoSuchJobError:
            raise
        except Exception as error:
            raise NoSuchJobError(f"malformed entry {self.id}: {error}") from error

    @property
    def func(self) -> Any:
        raise Refused("an entry names no function")

    success_callback = failure_callback = stopped_callback = property(lambda self: None)

    def send_webhooks(self, *args: Any, **kwargs: Any) -> None:
        """Never: RQ's are unsigned, unrepeated and follow redirects (SAFETY Q08)."""

    def perform(self) -> str:
        """Do the row that this entry names."""
        self._deserialize_data()
        match = ENTRY.fullmatch(self.id)
        if match is None or self.runner is None:
            raise Refused(f"{self.id} is no entry of ours")
        return str(self.runner(int(match[1]), int(match[2])))


def entry_id(row_id: int, attempt: int) -> str:
    return f"row-{row_id}-{attempt}"
