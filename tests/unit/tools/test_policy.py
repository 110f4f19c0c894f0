import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.tools.policy import NO_TOOLS, PolicyLayer, ToolPolicy, tool_policy

GROUPS = {"assistant": frozenset({"timer_set", "timer_list", "note_add"}), "fs": frozenset({"read", "write"})}
NAMES = ["timer_set", "timer_list", "note_add", "read", "write", "exec", "clock_now"]


def allowed(*layers: PolicyLayer) -> set[str]:
    return {name for name in NAMES if ToolPolicy(layers).allows(name, GROUPS)}


def test_without_a_policy_everything_is_allowed() -> None:
    assert allowed() == set(NAMES)
    assert allowed(PolicyLayer()) == set(NAMES)


def test_an_empty_allow_list_allows_nothing() -> None:
    assert allowed(PolicyLayer(allow=())) == set()
    assert not NO_TOOLS.allows("read", GROUPS)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (PolicyLayer(allow=("group:fs",)), {"read", "write"}),
        (PolicyLayer(allow=("TIMER_*",)), {"timer_set", "timer_list"}),
        (PolicyLayer(allow=("*",), deny=("timer*", "exec")), {"note_add", "read", "write", "clock_now"}),
        (PolicyLayer(deny=("group:assistant", "group:unknown")), {"read", "write", "exec", "clock_now"}),
        (PolicyLayer(profile="minimal"), {"clock_now"}),
        (PolicyLayer(profile="minimal", also_allow=("read",)), {"clock_now", "read"}),
        (PolicyLayer(profile="messaging"), {"timer_set", "timer_list", "note_add"}),
        (PolicyLayer(profile="full"), set(NAMES)),
        (PolicyLayer(profile="unheard-of"), set()),
        (PolicyLayer(allow=("read.", "re?d", "[r]ead")), set()),
    ],
)
def test_layers_mean_what_the_configuration_says(layer: PolicyLayer, expected: set[str]) -> None:
    assert allowed(layer) == expected


def test_provider_model_and_agent_each_narrow_the_tools() -> None:
    by_provider = {"OpenAI": PolicyLayer(deny=("exec",)), "openai/gpt": PolicyLayer(deny=("write",))}
    policy = tool_policy(PolicyLayer(), by_provider, agent=PolicyLayer(deny=("read",)), model_ref="openai/GPT")
    assert {name for name in NAMES if not policy.allows(name, GROUPS)} == {"exec", "write", "read"}
    other = tool_policy(PolicyLayer(), by_provider, model_ref="anthropic/claude")
    assert all(other.allows(name, GROUPS) for name in NAMES)


_patterns = st.lists(
    st.sampled_from([*NAMES, "*", "timer*", "*e*", "group:fs", "group:assistant", "GROUP:FS"]), max_size=4
)
_layers = st.builds(
    PolicyLayer,
    profile=st.sampled_from([None, "full", "minimal", "coding", "messaging"]),
    allow=st.none() | _patterns.map(tuple),
    also_allow=_patterns.map(tuple),
    deny=_patterns.map(tuple),
)


@given(st.lists(_layers, max_size=3), _layers)
def test_one_more_layer_never_allows_more(layers: list[PolicyLayer], more: PolicyLayer) -> None:
    assert allowed(*layers, more) <= allowed(*layers)


@given(_layers, st.sampled_from(NAMES))
def test_deny_wins_over_everything(layer: PolicyLayer, name: str) -> None:
    denying = PolicyLayer(layer.profile, layer.allow, layer.also_allow, (*layer.deny, name.upper()))
    assert name not in allowed(denying)
