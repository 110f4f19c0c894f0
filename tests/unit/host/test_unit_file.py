from __future__ import annotations

import pytest

from appliance.host.unit_file import argument, setting


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("/opt/homarus", '"/opt/homarus"'),
        ("a b", '"a b"'),
        ("100%", '"100%%"'),
        ('say "hi"', '"say \\"hi\\""'),
        ("back\\slash", '"back\\\\slash"'),
    ],
)
def test_a_word_is_written_as_systemd_reads_it_back(text: str, written: str) -> None:
    assert setting(text) == argument(text) == written


def test_a_dollar_sign_means_something_on_a_command_line_only() -> None:
    assert setting("/home/$a") == '"/home/$a"'
    assert argument("/home/$a") == '"/home/$$a"'
