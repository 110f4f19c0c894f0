"""Small files over HTTPS: bounded in size and time, never sent elsewhere than to another https address."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO, Final
from urllib.parse import urlsplit

from appliance import __version__
from appliance.foundation.clock import Clock
from appliance.updates.errors import UpdateError

_STEP_S: Final = 20.0  # without a byte
_WHOLE_S: Final = 120.0  # a server that sends a byte now and then is not waited for
_BLOCK: Final = 64 * 1024
_MAX_REDIRECTS: Final = 3

Get = Callable[[str, int], bytes]
"""Return what is at an address, at most so many bytes. Raises UpdateError."""


def get(url: str, limit: int, *, clock: Clock) -> bytes:
    """Return the content at `url`. Raises UpdateError (network) also for more than `limit` bytes."""
    opener = urllib.request.build_opener(_Redirects, urllib.request.HTTPSHandler(context=ssl.create_default_context()))
    opener.addheaders = [("User-Agent", f"homarus/{__version__}"), ("Accept-Encoding", "identity")]
    host = urlsplit(url).hostname or url
    try:
        with opener.open(url, timeout=_STEP_S) as answer:
            return _body(answer, limit, host, clock)
    except urllib.error.HTTPError as error:
        with error:
            raise _failed(f"{host} answered {error.code} for {urlsplit(url).path}.") from error
    except urllib.error.URLError as error:
        raise _failed(f"{host} cannot be reached: {_reason(error.reason)}.") from error
    except (OSError, HTTPException, ValueError) as error:
        raise _failed(f"{host} cannot be read: {_reason(error)}.") from error


def _body(answer: HTTPResponse, limit: int, host: str, clock: Clock) -> bytes:
    end, content = clock.monotonic() + _WHOLE_S, b""
    while block := answer.read1(min(_BLOCK, limit + 1 - len(content))):
        content += block
        if len(content) > limit:
            raise _failed(f"{host} sent more than {limit} bytes.")
        if clock.monotonic() > end:
            raise _failed(f"{host} is too slow.")
    return content


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a few, and never from https to something that anybody on the way can change."""

    max_redirections = _MAX_REDIRECTS

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        new = urlsplit(newurl).scheme
        if new != "https" and new != urlsplit(req.full_url).scheme:
            raise _failed(f"{urlsplit(req.full_url).hostname} leads to an address without https.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _failed(message: str) -> UpdateError:
    return UpdateError(message, code="network")


def _reason(error: object) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid ({error.verify_message})"
    text = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return text[:200].rstrip(".")
