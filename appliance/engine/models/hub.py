"""What a server says of a file before it is fetched: its size, its hash and its revision.

The hub answers HEAD of `/OWNER/NAME/resolve/REVISION/FILE` with a redirect to its storage; the redirect itself carries
X-Linked-ETag (the SHA-256 of a large file), X-Linked-Size and X-Repo-Commit. It is not followed to another host: only
the hub knows these, and only the hub gets the token. A moved repository is a redirect on the same host.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from appliance.engine.models.errors import PullError

if TYPE_CHECKING:
    import aiohttp

_MAX_REDIRECTS = 5
_TIMEOUT_S = 30.0
_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_NO_HEAD = (405, 501)  # a plain server that only knows GET: the download itself will tell
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Remote:
    """One file on a server. `sha256` and `revision` are "" and `size` None where the server does not say."""

    url: str
    sha256: str = ""
    size: int | None = None
    revision: str = ""


async def look(url: str, session: aiohttp.ClientSession, *, token: str | None = None) -> Remote:
    """Ask for the headers of a file. Raises PullError."""
    import aiohttp

    first = urlsplit(url)
    for _ in range(_MAX_REDIRECTS + 1):
        try:
            async with session.head(
                url,
                headers={"Accept-Encoding": "identity", **({"Authorization": f"Bearer {token}"} if token else {})},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S),
            ) as answer:
                if answer.status in _NO_HEAD:
                    return Remote(url)
                _check(answer.status)
                onward = urljoin(url, answer.headers.get("Location", ""))
                same_host = (urlsplit(onward).scheme, urlsplit(onward).netloc) == (first.scheme, first.netloc)
                named = "X-Linked-ETag" in answer.headers
                if answer.status in _REDIRECTS and same_host and not named:
                    url = onward
                    continue
                return _remote(url, answer)
        except (aiohttp.ClientError, TimeoutError) as error:
            message = f"{first.hostname} cannot be reached ({error or type(error).__name__}); try again later"
            raise PullError(message, reason="network") from error
    raise PullError(f"the server redirects more than {_MAX_REDIRECTS} times", reason="bad_answer")


def _remote(url: str, answer: aiohttp.ClientResponse) -> Remote:
    headers = answer.headers
    etag = headers.get("X-Linked-ETag", "").removeprefix("W/").strip('"').lower()
    commit = headers.get("X-Repo-Commit", "").lower()
    size = headers.get("X-Linked-Size", "")
    whole = answer.content_length if answer.status == 200 else None  # of a redirect it is the length of the redirect
    return Remote(
        url,
        sha256=etag if _SHA256.fullmatch(etag) else "",
        size=int(size) if size.isdecimal() else whole,
        revision=commit if _COMMIT.fullmatch(commit) else "",
    )


def _check(status: int) -> None:
    if status in (401, 403):
        message = "the server wants a token, or its owner wants a licence accepted on the web page of the model"
        raise PullError(message, reason="forbidden")
    if status in (404, 410):
        raise PullError("there is no such model file at this address", reason="not_found")
    if status >= 400:
        raise PullError(f"the server answered {status}; try again later", reason="bad_answer")
