import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.document.edit import ConfigEditError, remove_value, set_value
from appliance.config.document.json5 import parse
from appliance.config.document.paths import ConfigPathError, format_path, parse_path
from appliance.config.errors import ConfigError

TEXT = """\
// head
{
  // the gateway
  gateway: {
    port: 1, // here
    bind: "lan" // no comma
  },
  models: { mode: 'merge' }, /* tail */
  "agents": {},
}
// end
"""


def lines_changed(before: str, after: str) -> tuple[list[str], list[str]]:
    old, new = before.splitlines(), after.splitlines()
    return [one for one in old if one not in new], [one for one in new if one not in old]


def test_a_value_is_replaced_in_its_place() -> None:
    assert lines_changed(TEXT, set_value(TEXT, "gateway.port", 5)) == (
        ["    port: 1, // here"],
        ["    port: 5, // here"],
    )


def test_a_new_member_follows_the_last_one_and_its_comment() -> None:
    changed = set_value(TEXT, "gateway.auth", {"mode": "token"})
    assert '    bind: "lan", // no comma\n    auth: {\n      mode: "token"\n    }\n  },' in changed
    assert set_value(TEXT, "timezone", "UTC").endswith('"agents": {},\n  timezone: "UTC",\n}\n// end\n')


def test_missing_objects_on_the_way_are_made() -> None:
    changed = set_value(TEXT, "agents.defaults.model.primary", "local/x")
    assert parse(changed)["agents"] == {"defaults": {"model": {"primary": "local/x"}}}
    assert "// head" in changed
    assert "models: { mode: 'merge', local: { path: \"/x\" } }, /* tail */" in set_value(
        TEXT, "models.local.path", "/x"
    )


@pytest.mark.parametrize("text", ["", "\n", "// only a comment\n", "{}", "{ }", "{\n  // nothing yet\n}\n"])
def test_an_empty_file_gets_its_first_value(text: str) -> None:
    changed = set_value(text, "gateway.port", 1)
    assert parse(changed) == {"gateway": {"port": 1}}
    assert text.count("//") == changed.count("//")


def test_a_removed_value_takes_its_line_and_leaves_the_others() -> None:
    assert remove_value(TEXT, "gateway.port") == TEXT.replace("    port: 1, // here\n", "")
    assert remove_value(TEXT, "gateway.bind") == TEXT.replace('    bind: "lan" // no comma\n', "").replace("1,", "1")
    assert remove_value(TEXT, "nowhere.at.all") == TEXT
    assert remove_value("", "a") == ""


@pytest.mark.parametrize(
    ("text", "path", "value", "expected"),
    [
        ("{a:1}", "b", 2, "{a:1, b: 2}"),
        ("{a:1,}", "b", 2, "{a:1, b: 2,}"),
        ("{a:[1,2]}", "a[2]", 3, "{a:[1,2, 3]}"),
        ("{a:[{b:1}]}", "a[0].b", 2, "{a:[{b:2}]}"),
        ("{'my.key': 1}", '["my.key"]', 2, "{'my.key': 2}"),
        ("{a: 1}", "a", 1, "{a: 1}"),
        ("{a: 1}", "a", True, "{a: true}"),
    ],
)
def test_short_texts_stay_short(text: str, path: str, value: object, expected: str) -> None:
    assert set_value(text, path, value) == expected


@pytest.mark.parametrize(
    ("text", "path"),
    [("{a: 1}", "a.b"), ("{a: []}", "a[1]"), ("{}", "a[0]"), ("[1]", "a"), ("{a: ", "a"), ("{}", "a..b")],
)
def test_what_cannot_be_changed_is_refused(text: str, path: str) -> None:
    with pytest.raises(ConfigError):
        set_value(text, path, 1)


_keys = st.sampled_from(["a", "b", "port", "my key", "ü", "x.y"])
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=8,
)
_noise = st.sampled_from(["", " ", "\n", " // note\n", " /* note */ ", "\n  // above\n  "])


@st.composite
def _texts(draw: st.DrawFn, depth: int = 0) -> str:
    """JSON5 as people write it: comments and line breaks anywhere, trailing commas or not."""
    members = []
    for key in draw(st.lists(_keys, max_size=3, unique=True)):
        inner = (
            draw(_texts(depth + 1))
            if depth < 2 and draw(st.booleans())
            else draw(st.sampled_from(["1", "'x'", "[1,2]", "{}"]))
        )
        members.append(f"{draw(_noise)}'{key}'{draw(_noise)}:{draw(_noise)}{inner}{draw(_noise)}")
    comma = "," if members and draw(st.booleans()) else ""
    return "{" + draw(_noise) + ",".join(members) + comma + draw(_noise) + "}"


@given(_texts(), st.lists(_keys, min_size=1, max_size=3), _values)
def test_a_change_says_what_was_asked_and_keeps_every_comment(text: str, keys: list[str], value: object) -> None:
    path = tuple(keys)
    parent = parse(text)
    for key in path[:-1]:
        parent = parent.get(key, {}) if isinstance(parent, dict) else None
    if not isinstance(parent, dict):
        with pytest.raises(ConfigEditError):
            set_value(text, path, value)
        return
    changed = set_value(text, path, value)
    found = parse(changed)
    for key in path:
        found = found[key]
    assert found == value
    inside = text.count("note") + text.count("above")
    old = parent.get(path[-1])
    if not isinstance(old, dict | list):
        assert changed.count("note") + changed.count("above") == inside
    assert parse(remove_value(changed, path)) != parse(changed)


@given(st.lists(_keys | st.integers(0, 999), min_size=1, max_size=5))
def test_a_path_is_read_as_it_was_written(steps: list[str | int]) -> None:
    path = ("root", *steps)
    assert parse_path(format_path(path)) == path


@pytest.mark.parametrize("text", ["", ".a", "a..b", "[0]", "a[", "a[x]", "a b", "a" * 1025])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ConfigPathError):
        parse_path(text)
