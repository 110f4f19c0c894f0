"""Units import only downward, and outside packages only where they belong."""

from __future__ import annotations

import subprocess
import sys

from tests.architecture.source import ROOT, imports, listing, modules, unit

# Where a package from outside may be imported. `*`: anywhere. Everything else is a reviewed line here.
_HOMES: dict[str, tuple[str, ...]] = {
    "msgspec": ("*",),
    "aiohttp": ("gateway", "providers", "client", "engine", "channels", "cli", "daemon"),
    "yarl": ("gateway", "providers", "client"),
    "multidict": ("gateway", "providers"),
    "uvloop": ("daemon", "engine"),
    "cryptography": ("identity", "storage", "access", "client", "gateway", "credentials", "daemon", "updates"),
    "zeroconf": ("discovery",),
    "ifaddr": ("discovery",),
    "cronsim": ("agenda", "dispatch"),
    "prometheus_client": ("telemetry",),
    "sqlite_utils": ("storage",),
    "systemd": ("host", "telemetry"),
    "segno": ("gateway", "cli"),
    "click": ("cli", "nodehost", "__main__"),
    "rich": ("cli",),
    "prompt_toolkit": ("cli",),
    "pygments": ("cli",),
    "numpy": ("engine", "understanding"),
    "gguf": ("engine",),
    "llama_cpp": ("engine",),
    "jinja2": ("engine",),
}


def test_imports_only_go_down() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_outside_packages_are_imported_only_where_they_belong() -> None:
    ours = sys.stdlib_module_names | {"appliance"}
    problems = [
        f"{path}:{line} imports {name}"
        for path in modules()
        for name, line in imports(path)
        if name not in ours and "*" not in (homes := _HOMES.get(name, ())) and unit(path) not in homes
    ]
    assert not problems, listing(problems)
