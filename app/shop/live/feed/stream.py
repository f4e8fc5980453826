"""The stream of Valkey between the door and the consumer.

One entry holds one post, as it was signed, and is written to Valkey's append-only file before the sender is told so. Its
bytes are counted, because Valkey's memory is everybody's: beyond a bound the door answers 429, and nothing is dropped.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

STREAM, GROUP, BYTES = "live:feed", "sql", "live:feed:bytes"
MOST_POSTS, MOST_BYTES = 20_000, 48 * 1024 * 1024
NONCE_SECONDS = 660  # twice the tolerance of a signature, and a minute for clocks
SMALL = 512  # bytes that are not worth compressing
TAKEN, FULL, REPLAYED = 1, 0, -1

# one step for all of it: a nonce is used up only by a post that is kept, and no two senders pass the bound together
PUT = """
if server.call('XLEN', KEYS[1]) >= tonumber(ARGV[1]) or
   tonumber(server.call('GET', KEYS[2]) or '0') + #ARGV[5] > tonumber(ARGV[2]) then return 0 end
if not server.call('SET', KEYS[3], '1', 'NX', 'EX', ARGV[3]) then return -1 end
server.call('XADD', KEYS[1], '*', 'f', ARGV[4], 'b', ARGV[5], 'at', ARGV[6])
server.call('INCRBY', KEYS[2], #ARGV[5])
return 1
"""
# an entry leaves the stream once, whoever else has worked on it meanwhile
DONE = """
local gone = 0
for i = 2, #ARGV, 2 do
  server.call('XACK', KEYS[1], ARGV[1], ARGV[i])
  if server.call('XDEL', KEYS[1], ARGV[i]) == 1 then gone = gone + tonumber(ARGV[i + 1]) end
end
if gone > 0 then server.call('DECRBY', KEYS[2], gone) end
return gone
"""


@dataclass(frozen=True)
class Post:
    """One entry: what one feed posted at once. `at` is when it came, in milliseconds."""

    entry: str
    feed_id: int
    at: int
    body: bytes
    size: int


def compressed(body: bytes) -> bytes:
    return body if len(body) < SMALL else zlib.compress(body, 1)


def put_arguments(feed_id: int, nonce: str, body: bytes, at: int) -> tuple[list[str], list[Any]]:
    """KEYS and ARGV of PUT."""
    keys = [STREAM, BYTES, f"live:nonce:{feed_id}:{nonce}"]
    return keys, [MOST_POSTS, MOST_BYTES, NONCE_SECONDS, feed_id, compressed(body), at]


def done_arguments(posts: Sequence[Post]) -> tuple[list[str], list[Any]]:
    """KEYS and ARGV of DONE."""
    return [STREAM, BYTES], [GROUP, *(value for post in posts for value in (post.entry, post.size))]


def post_of(entry: bytes, fields: dict[bytes, bytes]) -> Post:
    body = fields.get(b"b", b"")
    plain = zlib.decompress(body) if body[:1] == b"\x78" else body  # JSON never begins with an x
    return Post(entry.decode(), int(fields.get(b"f", b"0")), int(fields.get(b"at", b"0")), plain, len(body))


def entries(answer: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """What XREADGROUP answered, in protocol 2 (pairs) and 3 (a dict of pages)."""
    if not answer:
        return []
    if isinstance(answer, dict):
        return [entry for pages in answer.values() for page in pages for entry in page]
    return [entry for _name, page in answer for entry in page]
