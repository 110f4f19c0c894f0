"""The client of the web app, run by node, against a real gateway."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.gateway_process import GatewayProcess
from tests.web.node import PATH, WEB, node

_BUNDLE = """
import * as esbuild from "esbuild";
await esbuild.build({ entryPoints: ["tests/live.ts"], outfile: process.argv[1], bundle: true, platform: "node",
  format: "esm", target: "node22", logLevel: "warning" });
"""


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayProcess]:
    one = GatewayProcess(tmp_path / "state").start()
    yield one
    one.stop()


def test_a_page_pairs_with_a_code_comes_back_and_is_shown_out(gateway: GatewayProcess, tmp_path: Path) -> None:
    bundle = tmp_path / "live.mjs"
    made = node("--input-type=module", "-e", _BUNDLE, bundle)
    assert made.returncode == 0, made.stderr
    url = gateway.target.url
    issued = gateway.call("device.pair.setupCode", {"publicUrl": url, "bootstrapProfile": "control-ui"})
    code = json.loads(_padded(issued["setupCode"]))["bootstrapToken"]
    with subprocess.Popen(
        ["node", str(bundle), url, code], cwd=WEB, env=os.environ | {"PATH": PATH}, stdout=subprocess.PIPE, text=True
    ) as page:
        assert page.stdout is not None
        first = json.loads(page.stdout.readline())
        assert first["word"] == "open", first
        assert {"operator.admin", "operator.pairing"} <= set(first["scopes"])
        second = json.loads(page.stdout.readline())
        assert (second["word"], second["box"]) == ("open", 64)
        gateway.call("device.pair.remove", {"deviceId": second["deviceId"]})
        last = json.loads(page.stdout.readline())
        assert (last["word"], last["problem"]) == ("pairing", "DEVICE_FORGOTTEN")


def _padded(code: str) -> bytes:
    return base64.urlsafe_b64decode(code + "=" * (-len(code) % 4))
