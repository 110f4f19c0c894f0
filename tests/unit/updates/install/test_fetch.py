"""What comes over the network is bounded, and nothing leads away from https."""

from __future__ import annotations

import io
import urllib.request
from http.client import HTTPMessage

import pytest

from appliance.updates.errors import UpdateError
from appliance.updates.install import command, fetch
from tests.fakes.clock import FakeClock
from tests.fakes.update_site import Site


def test_the_limit_is_exact(site: Site) -> None:
    site.files["/x"] = b"x" * 1000
    assert len(fetch.get(f"{site.url}/x", 1000, clock=FakeClock())) == 1000
    with pytest.raises(UpdateError, match="more than 999 bytes"):
        fetch.get(f"{site.url}/x", 999, clock=FakeClock())


def test_a_server_that_only_drips_is_given_up(site: Site) -> None:
    class Slow(FakeClock):
        def monotonic(self) -> float:
            self.advance(100)
            return super().monotonic()

    site.files["/x"] = b"x" * 100_000
    with pytest.raises(UpdateError, match="too slow"):
        fetch.get(f"{site.url}/x", 200_000, clock=Slow())


def test_a_redirect_is_followed_a_few_times(site: Site) -> None:
    site.files |= {"/a": "/b", "/b": "/c", "/c": b"there"}
    assert fetch.get(f"{site.url}/a", 10, clock=FakeClock()) == b"there"


@pytest.mark.parametrize("target", ["http://127.0.0.1/x", "file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_no_redirect_leads_from_https_to_anything_else(target: str) -> None:
    request = urllib.request.Request("https://updates.example/stable.json")
    with pytest.raises(UpdateError, match="without https"):
        fetch._Redirects().redirect_request(request, io.BytesIO(), 302, "", HTTPMessage(), target)


def test_a_missing_page_names_host_and_path(site: Site) -> None:
    with pytest.raises(UpdateError, match=r"127\.0\.0\.1 answered 404 for /nothing"):
        fetch.get(f"{site.url}/nothing", 10, clock=FakeClock())


def test_a_restart_that_systemd_refuses_is_logged_and_no_crash(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path_factory.mktemp("empty")))
    command._reboot()
    assert "sudo reboot" in caplog.text
