"""Every model by its reference."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Mapping

import pytest

from appliance.generation import FailureKind, ModelError
from appliance.providers.build import ProviderSettingsError, Surroundings, build
from appliance.providers.catalog import Catalog, UnknownModelError
from appliance.providers.cloud.dialer import Dialer
from appliance.providers.settings import Api, Auth, ModelSettings, ModelsSettings, ProviderSettings
from tests.contract.test_cloud_providers import ask, collect
from tests.fakes.cloud.server import KEY, serve
from tests.fakes.cloud.services import WIRES, HastyClock
from tests.fakes.provider import ScriptedProvider


def catalog(
    *providers: ProviderSettings,
    environ: Mapping[str, str] | None = None,
    ready: tuple[ScriptedProvider, ...] = (),
    **settings: object,
) -> Catalog:
    around = Surroundings(Dialer(), environ=environ or {}, clock=HastyClock())
    return Catalog(ModelsSettings(providers, **settings), around, ready=ready)  # type: ignore[arg-type] # by name


def refs(of: Catalog) -> list[str]:
    return [model.ref for model in of.models()]


def test_without_keys_and_sections_there_is_only_what_is_ready() -> None:
    assert refs(catalog()) == []
    assert refs(catalog(ready=(ScriptedProvider("homarus"),))) == ["homarus/one"]


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("ANTHROPIC_API_KEY", "anthropic"),
        ("OPENAI_API_KEY", "openai"),
        ("GEMINI_API_KEY", "google"),
        ("GOOGLE_API_KEY", "google"),
        ("OPENROUTER_API_KEY", "openrouter"),
    ],
)
def test_a_key_in_the_environment_is_enough(name: str, provider: str) -> None:
    found = catalog(environ={name: KEY})
    assert {model.provider for model in found.models()} == {provider}
    assert KEY not in repr(found.provider(provider)) + repr(vars(found))


def test_what_is_ready_comes_first_then_the_file_then_the_environment() -> None:
    mine = ProviderSettings("mine", base_url="http://10.0.0.2:8000/v1", models=(ModelSettings("m"),))
    found = catalog(mine, environ={"ANTHROPIC_API_KEY": KEY}, ready=(ScriptedProvider("local"),))
    assert refs(found)[:2] == ["local/one", "mine/m"]
    assert refs(found)[2].startswith("anthropic/")


def test_a_reference_may_name_a_model_that_is_not_listed() -> None:
    candidate = catalog().resolve("anthropic/claude-of-the-future-9")
    assert candidate.ref == "anthropic/claude-of-the-future-9"
    assert candidate.model.context_window == 200_000
    assert catalog().resolve("openrouter/vendor/model:free").model.id == "vendor/model:free"


def test_aliases_lead_to_references_and_never_in_circles() -> None:
    found = catalog(aliases={"fast": "quick", "quick": "openai/x", "a": "b", "b": "a"})
    assert found.resolve("fast").ref == "openai/x"
    with pytest.raises(UnknownModelError, match="circle"):
        found.resolve("a")
    assert found.find("a") is None


def test_a_bare_name_is_enough_when_only_one_provider_has_it() -> None:
    found = catalog(ready=(ScriptedProvider("x"),))
    assert found.resolve("one").ref == "x/one"
    with pytest.raises(UnknownModelError, match="provider/model"):
        catalog(ready=(ScriptedProvider("x"), ScriptedProvider("y"))).resolve("one")


@pytest.mark.parametrize("wanted", ["", "nope", "nope/model", "anthropic/", "/x"])
def test_what_does_not_exist_is_said_with_what_does(wanted: str) -> None:
    with pytest.raises(UnknownModelError, match="the providers are"):
        catalog().resolve(wanted)
    assert catalog().find(wanted) is None


def test_a_bad_section_is_named_and_the_others_work() -> None:
    bad = ProviderSettings("bad", base_url="http://169.254.169.254/")
    good = ProviderSettings("good", base_url="http://127.0.0.1:1", models=(ModelSettings("m"),))
    found = catalog(bad, good)
    assert refs(found) == ["good/m"]
    assert [issue.details["path"] for issue in found.issues] == ["models.providers.bad.baseUrl"]
    with pytest.raises(ProviderSettingsError, match="link-local"):
        found.resolve("bad/m")


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({}, "baseUrl"),
        ({"base_url": "nonsense"}, "baseUrl"),
        ({"base_url": "http://127.0.0.1:1", "api_key": "two\nlines"}, "apiKey"),
        ({"base_url": "http://127.0.0.1:1", "api_key": " spaces "}, "apiKey"),
        ({"base_url": "http://127.0.0.1:1", "headers": {"X-A": "a\r\nInjected: b"}}, "headers"),
        ({"base_url": "http://127.0.0.1:1", "headers": {"X A": "a"}}, "headers"),
    ],
)
def test_settings_that_cannot_work_are_refused_with_their_path(fields: dict[str, object], path: str) -> None:
    with pytest.raises(ProviderSettingsError, match=rf"models\.providers\.mine\.{path}: ") as caught:
        build(ProviderSettings("mine", **fields), Surroundings(Dialer()))  # type: ignore[arg-type] # by name
    assert "Injected" not in str(caught.value)


def test_replace_leaves_only_what_the_file_names() -> None:
    found = catalog(environ={"ANTHROPIC_API_KEY": KEY}, replace=True)
    assert refs(found) == []
    with pytest.raises(UnknownModelError):
        found.resolve("anthropic/claude")


async def test_a_missing_key_is_an_auth_failure_that_names_both_places() -> None:
    with pytest.raises(ModelError, match=r"models\.providers\.openai\.apiKey or OPENAI_API_KEY") as caught:
        await collect(catalog().resolve("openai/x").provider, ask())
    assert caught.value.kind is FailureKind.AUTH


def test_a_service_on_this_box_is_local_and_others_are_not() -> None:
    assert catalog().resolve("ollama/qwen3:4b").model.local
    assert not catalog().resolve("openai/x").model.local
    remote = ProviderSettings("ollama", base_url="http://192.168.1.5:11434")
    assert not catalog(remote).resolve("ollama/qwen3:4b").model.local


def test_a_chain_is_resolved_in_order() -> None:
    found = catalog(ready=(ScriptedProvider("local"),))
    assert [each.ref for each in found.chain("local/one", ["openai/x"])] == ["local/one", "openai/x"]


def test_a_provider_may_be_added_later_and_replaces_its_forerunner() -> None:
    found = catalog(ready=(ScriptedProvider("local"),))
    later = ScriptedProvider("local")
    found.add(later)
    assert found.resolve("local/one").provider is later


async def test_closing_reaches_every_provider() -> None:
    one = ScriptedProvider("local")
    found = catalog(ready=(one,))
    found.resolve("openai/x")
    await found.aclose()
    assert one.closed == 1


def test_descriptions_of_the_file_win_over_guesses() -> None:
    model = ModelSettings("claude-sonnet-5-5", "Mine", False, False, context_window=5, max_tokens=6, cost_input=0.5)
    info = catalog(ProviderSettings("anthropic", api_key=KEY, models=(model,))).models()[0]
    assert (info.name, info.accepts_images, info.context_window) == ("Mine", False, 5)
    assert (info.max_output_tokens, info.cost_input, info.reasoning) == (6, 0.5, False)


@pytest.fixture
async def dialer() -> AsyncIterator[Dialer]:
    one = Dialer()
    yield one
    await one.aclose()


@pytest.mark.parametrize(
    ("api", "base", "path"),
    [
        (Api.OLLAMA, "", "/v1/chat/completions"),
        (Api.OLLAMA, "/v1", "/v1/chat/completions"),
        (Api.OPENAI_CHAT, "/api/v3", "/api/v3/chat/completions"),
        (Api.ANTHROPIC, "", "/v1/messages"),
        (Api.ANTHROPIC, "/v1", "/v1/messages"),
        (Api.ANTHROPIC, "/proxy/v1/", "/proxy/v1/messages"),
        (None, "/v1", "/v1/chat/completions"),
    ],
)
async def test_the_path_of_the_service_follows_from_its_base_url(
    api: Api | None, base: str, path: str, dialer: Dialer
) -> None:
    wire = WIRES[Api.ANTHROPIC if api is Api.ANTHROPIC else Api.OPENAI_CHAT]()
    wire.base_path = ""
    async with serve(wire) as cloud:
        settings = ProviderSettings("mine", base_url=cloud.host + base, api=api, api_key=KEY)
        await collect(build(settings, Surroundings(dialer)), ask())
        assert cloud.last.path == path


@pytest.mark.parametrize(
    ("fields", "header"),
    [
        ({"auth": Auth.OAUTH}, "Authorization"),
        ({"auth": Auth.TOKEN}, "Authorization"),
        ({"auth_header": True}, "Authorization"),
        ({"auth": Auth.OAUTH, "auth_header": False}, "x-api-key"),
        ({}, "x-api-key"),
    ],
)
async def test_the_secret_travels_as_the_settings_say(fields: dict[str, object], header: str, dialer: Dialer) -> None:
    async with serve(WIRES[Api.ANTHROPIC]()) as cloud:
        settings = ProviderSettings("m", base_url=cloud.url, api=Api.ANTHROPIC, api_key=KEY, **fields)  # type: ignore[arg-type] # by name
        await collect(build(settings, Surroundings(dialer)), ask())
        assert KEY in cloud.last.headers[header]
        assert sum(KEY in value for value in cloud.last.headers.values()) == 1


async def test_own_headers_are_sent_and_the_key_of_the_environment_stays_at_home(dialer: Dialer) -> None:
    async with serve(WIRES[Api.OPENAI_CHAT]()) as cloud:
        settings = ProviderSettings("openai", base_url=cloud.url, api=Api.OPENAI_CHAT, headers={"X-Title": "Box"})
        provider = build(settings, Surroundings(dialer, environ={"OPENAI_API_KEY": KEY}))
        with pytest.raises(ModelError):
            await collect(provider, ask())
        assert cloud.last.headers["X-Title"] == "Box"
        assert KEY not in str(cloud.last.headers), "another address does not get the service's key"


async def test_the_owners_limit_of_tokens_is_sent(dialer: Dialer) -> None:
    async with serve(WIRES[Api.OPENAI_CHAT]()) as cloud:
        settings = ProviderSettings("m", base_url=cloud.url, api_key=KEY, max_tokens=77)
        await collect(build(settings, Surroundings(dialer)), ask())
        assert cloud.last.body["max_tokens"] == 77


def test_no_vendors_library_is_needed() -> None:
    import subprocess

    code = (
        "import sys; import appliance.providers.catalog, appliance.providers.failover, appliance.providers.router;"
        "print([n for n in ('aiohttp', 'openai', 'anthropic', 'appliance.providers.cloud.google') if n in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
