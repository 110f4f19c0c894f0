"""The sections `agents` and `models`: who answers, with what."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import field

from appliance.config.sections.option import HOT, Section, opt
from appliance.config.sections.tools import ToolPolicySection
from appliance.config.values import ModelChoice, Secret

ApiName = Literal["openai-completions", "openai-responses", "anthropic-messages", "google-generative-ai", "ollama"]


class CostSection(Section, frozen=True):
    input: Annotated[float, opt("price of input", unit="USD per million tokens", reload=HOT, ge=0)] = 0.0
    output: Annotated[float, opt("price of output", unit="USD per million tokens", reload=HOT, ge=0)] = 0.0
    cache_read: Annotated[float, opt("price of cached input", unit="USD per million tokens", reload=HOT, ge=0)] = 0.0
    cache_write: Annotated[
        float, opt("price of filling the cache", unit="USD per million tokens", reload=HOT, ge=0)
    ] = 0.0


class ModelSection(Section, frozen=True):
    id: Annotated[str, opt("the name of the model at the provider", reload=HOT, pattern=r"\S", max_length=256)]
    name: Annotated[str, opt("what people read", reload=HOT, max_length=256)] = ""
    reasoning: Annotated[bool | None, opt("the model thinks before it answers", reload=HOT)] = None
    input: Annotated[
        tuple[Literal["text", "image", "audio", "video", "document"], ...], opt("what the model reads", reload=HOT)
    ] = ()
    embeds: Annotated[bool, opt("the model makes embeddings", reload=HOT)] = False
    cost: Annotated[CostSection | None, opt("prices", reload=HOT)] = None
    context_window: Annotated[int | None, opt("what the model can hold", unit="tokens", reload=HOT, ge=256)] = None
    context_tokens: Annotated[int | None, opt("how much of it is used", unit="tokens", reload=HOT, ge=256)] = None
    max_tokens: Annotated[int | None, opt("longest answer", unit="tokens", reload=HOT, ge=1)] = None


class ProviderSection(Section, frozen=True):
    base_url: Annotated[
        str | None,
        opt("address of the interface; it permits exactly this scheme, host and port", unit="url", reload=HOT),
    ] = None
    api_key: Annotated[Secret | None, opt("the key", reload=HOT)] = None
    api: Annotated[
        ApiName | None, opt("the wire format; openai-completions when the provider is not built in", reload=HOT)
    ] = None
    auth: Annotated[Literal["api-key", "token", "oauth"], opt("how the key travels", reload=HOT)] = "api-key"
    auth_header: Annotated[bool | None, opt("send the key as Authorization: Bearer", reload=HOT)] = None
    headers: Annotated[dict[str, Secret], opt("more headers of every request", reload=HOT)] = field(
        default_factory=dict
    )
    max_tokens: Annotated[int | None, opt("longest answer of its models", unit="tokens", reload=HOT, ge=1)] = None
    timeout_seconds: Annotated[float | None, opt("bound of one attempt", unit="s", reload=HOT, ge=1, le=86_400)] = None
    models: Annotated[tuple[ModelSection, ...], opt("its models", reload=HOT)] = ()


class PeerServeSection(Section, frozen=True):
    listen: Annotated[
        str,
        opt(
            "HOST:PORT of this box where paired boxes come in",
            unit="address",
            reload=HOT,
            pattern=r"\S:\d+$",
            max_length=256,
        ),
    ]
    certificate: Annotated[str, opt("the certificate of this box, PEM", unit="path", reload=HOT)]
    key: Annotated[str, opt("its private key, PEM, readable by its owner only", unit="path", reload=HOT)]
    peers: Annotated[
        str, opt("the certificates of the boxes that may ask, one after another, PEM", unit="path", reload=HOT)
    ]
    memory_mb: Annotated[
        int | None,
        opt("memory for what was read for them, by default 256 MB", unit="MB", reload=HOT, ge=1, le=1_000_000),
    ] = None


class RemoteBoxSection(Section, frozen=True):
    address: Annotated[str, opt("HOST:PORT of its engine", unit="address", reload=HOT, max_length=256)]
    certificate: Annotated[str, opt("the certificate of this box, PEM", unit="path", reload=HOT)]
    key: Annotated[str, opt("its private key, PEM, readable by its owner only", unit="path", reload=HOT)]
    peer: Annotated[str, opt("SHA-256 of the certificate of the other box, hex", reload=HOT, max_length=128)]
    states: Annotated[
        bool, opt("hand over what was read here, where that is faster than reading it there", reload=HOT)
    ] = True


class LocalModelSection(Section, frozen=True):
    enabled: Annotated[bool, opt("run the engine when there is a model", reload=HOT)] = True
    path: Annotated[str | None, opt("the GGUF file; without one the newest pulled model", unit="path", reload=HOT)] = (
        None
    )
    context_tokens: Annotated[
        int | None, opt("window; by default what fits the memory", unit="tokens", reload=HOT, ge=256, le=1_048_576)
    ] = None
    threads: Annotated[
        int | None, opt("threads of the engine; by default all cores but one", reload=HOT, ge=1, le=256)
    ] = None
    max_tokens: Annotated[int | None, opt("longest answer", unit="tokens", reload=HOT, ge=1)] = None
    draft: Annotated[
        str | None,
        opt("a small GGUF of the same vocabulary that guesses ahead of one of 3B or more", unit="path", reload=HOT),
    ] = None
    adapters: Annotated[
        tuple[str, ...], opt("LoRA adapters of the model, each FILE or FILE:SCALE", unit="path", reload=HOT)
    ] = ()
    state_disk_mb: Annotated[
        int | None,
        opt("disk for what was read before, by default 2 GB; 0: none", unit="MB", reload=HOT, ge=0, le=1_000_000),
    ] = None
    state_ram_mb: Annotated[
        int | None, opt("memory for what was read before; by default 256 MB", unit="MB", reload=HOT, ge=1, le=1_000_000)
    ] = None
    tune: Annotated[bool, opt("measure once, in a quiet minute, how this box runs the model best", reload=HOT)] = True
    tools_per_turn: Annotated[
        int | None,
        opt("tools that the model sees at once; by default what its probe found, or 5", reload=HOT, ge=3, le=6),
    ] = None
    handover: Annotated[
        float | None,
        opt(
            "least confidence of its first words; below it the next model is asked. 0: never; by default its probe's",
            reload=HOT,
            ge=0,
            le=0.99,
        ),
    ] = None

    serve: Annotated[PeerServeSection | None, opt("let paired boxes of this network ask the model", reload=HOT)] = None


class MiniSection(Section, frozen=True):
    enabled: Annotated[bool, opt("use the embedded model for timers, lists, sums and the like", reload=HOT)] = True
    embeddings: Annotated[
        bool,
        opt(
            "let sentence embeddings vote too, once scripts/embeddings has set them up; mini/README.md says what that"
            " changed where it was measured",
            reload=HOT,
        ),
    ] = False
    learn: Annotated[
        bool,
        opt(
            "keep sentences that a larger model had to solve with a tool of this box, on this box alone, and understand"
            " them; `homarus models forget` removes them",
            reload=HOT,
        ),
    ] = False
    learn_agents: Annotated[
        tuple[str, ...], opt("further agents whose conversations teach; by default those of the first", reload=HOT)
    ] = ()


class ModelsSection(Section, frozen=True):
    mode: Annotated[
        Literal["merge", "replace"], opt("replace: only providers of this file, none that are built in", reload=HOT)
    ] = "merge"
    providers: Annotated[dict[str, ProviderSection], opt("services and servers that run models", reload=HOT)] = field(
        default_factory=dict
    )
    local: Annotated[LocalModelSection, opt("the model on this box")] = LocalModelSection()
    mini: Annotated[MiniSection, opt("the embedded model")] = MiniSection()
    remotes: Annotated[
        dict[str, RemoteBoxSection],
        opt("boxes of this network whose model may answer, as remote-NAME/MODEL; also while `offline`", reload=HOT),
    ] = field(default_factory=dict)
    hub: Annotated[
        str | None, opt("where models are fetched from, in place of https://huggingface.co", unit="url", reload=HOT)
    ] = None
    hub_token: Annotated[Secret | None, opt("token of the hub, for models behind a licence", reload=HOT)] = None
    aliases: Annotated[dict[str, str], opt("short names for provider/model", reload=HOT)] = field(default_factory=dict)


class KnownModelSection(Section, frozen=True):
    alias: Annotated[str | None, opt("a short name", reload=HOT, pattern=r"^\S+$", max_length=128)] = None


class IdentitySection(Section, frozen=True):
    name: Annotated[str | None, opt("what the assistant is called", reload=HOT, max_length=128)] = None
    emoji: Annotated[str | None, opt("its sign", reload=HOT, max_length=32)] = None
    avatar: Annotated[str | None, opt("its picture", unit="path or url", reload=HOT, max_length=2048)] = None


class AgentDefaultsSection(Section, frozen=True):
    model: Annotated[ModelChoice, opt("provider/model, or {primary, fallbacks}", reload=HOT)] = ModelChoice()
    models: Annotated[dict[str, KnownModelSection], opt("aliases by provider/model", reload=HOT)] = field(
        default_factory=dict
    )
    workspace: Annotated[str | None, opt("folder of the agent; by default inside the state", unit="path")] = None
    timeout_seconds: Annotated[int, opt("longest run", unit="s", reload=HOT, ge=1, le=86_400)] = 900
    max_concurrent: Annotated[int | None, opt("runs at one time; by default from the cores, 8 to 16", ge=1, le=64)] = (
        None
    )
    media_max_mb: Annotated[float, opt("largest attachment", unit="MB", reload=HOT, ge=0.1, le=100)] = 20.0
    user_timezone: Annotated[
        str | None, opt("time zone of the owner, in place of `timezone`", unit="IANA name", reload=HOT)
    ] = None
    context_tokens: Annotated[
        int | None, opt("bound of a prompt, below the window of the model", unit="tokens", reload=HOT, ge=512)
    ] = None


class AgentSection(Section, frozen=True):
    name: Annotated[str | None, opt("what people read", reload=HOT, max_length=128)] = None
    default: Annotated[bool, opt("answers where no other agent is named")] = False
    model: Annotated[ModelChoice | None, opt("in place of agents.defaults.model", reload=HOT)] = None
    workspace: Annotated[str | None, opt("folder of this agent", unit="path")] = None
    identity: Annotated[IdentitySection, opt("how it presents itself", reload=HOT)] = IdentitySection()
    tools: Annotated[ToolPolicySection | None, opt("narrows the tools of this agent", reload=HOT)] = None


class AgentsSection(Section, frozen=True):
    defaults: Annotated[AgentDefaultsSection, opt("what holds for every agent")] = AgentDefaultsSection()
    entries: Annotated[dict[str, AgentSection], opt("the agents; without one there is `main`")] = field(
        default_factory=dict
    )
