import os
from pathlib import Path

import pytest

from appliance.generation import Effect
from appliance.health import Condition, Severity
from appliance.tools.arguments import NoArguments
from appliance.tools.base import ToolContext
from appliance.tools.builtin import builtin_tools
from appliance.tools.builtin.box import BoxFacts, box_tool, measure, sentence
from appliance.tools.speech import speech


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {
        "proc/loadavg": "0.42 0.30 0.20 1/200 1234\n",
        "proc/uptime": "273600.12 900000.00\n",
        "proc/meminfo": "MemTotal:        4000000 kB\nMemFree: 1 kB\nMemAvailable:    2500000 kB\nHugePages_Total: 0\n",
        "sys/class/thermal/thermal_zone0/temp": "48312\n",
        "sys/class/thermal/thermal_zone1/temp": "0\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


async def test_a_healthy_box_says_its_numbers(
    root: Path, context: ToolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the disk under the tests may be nearly full: this one is half empty (statvfs(3): sizes, blocks, files, flags)
    half = os.statvfs_result((4096, 4096, 1 << 20, 1 << 19, 1 << 19, 1000, 900, 900, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda path: half)
    output = await box_tool(root, tuple, root).invoke(NoArguments(), context)
    assert output.text.startswith("The box is fine. Up for 3 days 4 hours, load 0.4 on ")
    assert "1.5 of 4.1 GB memory used" in output.text
    assert output.text.endswith("48 °C.")
    assert output.data["temperatureCelsius"] == pytest.approx(48.312)
    assert output.data["conditions"] == []


def test_what_the_machine_does_not_tell_is_left_out(tmp_path: Path) -> None:
    facts = measure(tmp_path, tmp_path / "nowhere")
    assert facts == BoxFacts(cores=facts.cores)
    assert sentence(facts, (), speech("en")) == "The box is fine."


def test_what_is_wrong_comes_first_and_notices_do_not_alarm() -> None:
    broken = Condition("engine_absent", "engine", Severity.DEGRADED, "The local model is not running.", "Pull one.")
    notice = Condition("update", "box", Severity.NOTICE, "An update is there.")
    assert sentence(BoxFacts(), (broken, notice), speech("en")) == "Attention: The local model is not running."
    assert sentence(BoxFacts(), (notice,), speech("en")) == "The box is fine."


@pytest.mark.parametrize(
    ("facts", "worry"),
    [
        (BoxFacts(celsius=79.9), None),
        (BoxFacts(celsius=80.0), "hot"),
        (BoxFacts(disk_total=1000, disk_free=101), None),
        (BoxFacts(disk_total=1000, disk_free=99), "disk is nearly full"),
        (BoxFacts(memory_total=1000, memory_available=99), "memory is nearly used up"),
    ],
)
def test_a_hot_or_full_box_says_so(facts: BoxFacts, worry: str | None) -> None:
    text = sentence(facts, (), speech("en"))
    assert (worry in text) if worry else text.startswith("The box is fine.")


def test_none_of_the_builtin_tools_writes(tmp_path: Path) -> None:
    tools = builtin_tools(tmp_path, tuple)
    assert [one.spec.name for one in tools] == ["clock_now", "date_lookup", "calculate", "unit_convert", "box_health"]
    assert all(one.spec.effect is Effect.READ for one in tools)
