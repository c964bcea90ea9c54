"""The settings of an agent's process: those that all have, and the strategies', as options and variables."""

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Generic, TypeVar, get_type_hints

from agents.strategies import SettingsError
from obctl.agent.kinds import ReadableFile, ServerPlace, Text, Token, kind_for
from orderbook_server.config import ConfigError
from orderbook_server.config.kinds import Choice, Count, Kind

U64_MAX = 2**64 - 1
DEFAULT_ENDPOINT = "127.0.0.1:50051"
LOOPBACK = "127.0.0.1"

S = TypeVar("S")


def shared(default: Any, kind: Kind, group: str, help_text: str, **more: str) -> Any:
    """Return a dataclass field: its kind, help's group and text; `variable`, where that has a name of its own."""
    return field(default=default, metadata={"kind": kind, "group": group, "help": help_text, **more})


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """What every agent goes by; raise SettingsError for what cannot be. symbol: "" is the server's first."""

    grpc_endpoint: str = shared(
        DEFAULT_ENDPOINT, ServerPlace(), "Server", "The server; https:// before it asks for TLS."
    )
    account_id: int = shared(1, Count(0, U64_MAX), "Account", "The account, which is this agent's alone.")
    order_id_start: int | None = shared(
        None, Count(0, U64_MAX), "Account", "Ids of orders count up from here.  [default: account × 2^32 + seconds]"
    )
    base_deposit: int = shared(
        0, Count(0, U64_MAX), "Account", "Lots, credited if the server does not know the account."
    )
    quote_deposit: int = shared(
        0, Count(0, U64_MAX), "Account", "Ticks × lots, credited if the server does not know the account."
    )
    symbol: str = shared("", Text("SYMBOL"), "Server", "The instrument.  [default: the server's first]")
    token: str | None = shared(
        None, Token(), "Server", "A trader's for the account; a deposit takes an admin's.", variable="OBCTL_TOKEN"
    )
    tls_ca: Path | None = shared(None, ReadableFile(), "Server", "PEM file: the authority of the server's.")
    tls_cert: Path | None = shared(None, ReadableFile(), "Server", "PEM file: the agent's own certificate.")
    tls_key: Path | None = shared(None, ReadableFile(), "Server", "PEM file: that certificate's key.")
    metrics_port: int | None = shared(
        None, Count(0, 65535), "Metrics and logs", "Serve metrics for Prometheus here; 0: on a free port."
    )
    metrics_host: str = shared(LOOPBACK, Text("HOST"), "Metrics and logs", "The address of the metrics.")
    log_level: str = shared(
        "info", Choice("debug", "info", "warning", "error"), "Metrics and logs", "The least that is logged."
    )
    log_format: str = shared(
        "auto", Choice("auto", "console", "json"), "Metrics and logs", "auto: console on a terminal."
    )

    def __post_init__(self) -> None:
        if self.tls_cert and not self.tls_key:
            raise SettingsError("tls_cert", "is of no use without the certificate's key")
        if self.tls_key and not self.tls_cert:
            raise SettingsError("tls_key", "is of no use without its certificate")


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting. option, variable: how people name it."""

    key: str
    kind: Kind
    group: str
    help: str
    default: Any
    option: str
    variable: str


def entry_of(entry: Field[Any], hint: Any, group: str) -> Entry:
    """Return what is to be known of a dataclass field."""
    about = entry.metadata
    kind = about.get("kind") or kind_for(hint, minimum=about["minimum"], maximum=about["maximum"])
    option = f"--{entry.name.replace('_', '-')}"
    variable = about.get("variable", entry.name.upper())
    return Entry(entry.name, kind, about.get("group", group), about["help"], entry.default, option, variable)


@dataclass(frozen=True, slots=True)
class Given(Generic[S]):
    """Settings, and how the user named each that he gave."""

    settings: S
    names: Mapping[str, str]


def name_of(key: str, names: Mapping[str, str]) -> str:
    """Return what a message calls a setting: as it was given, else the option."""
    return names.get(key) or f"--{key.replace('_', '-')}"


class SettingsReader(Generic[S]):
    """Reads one dataclass of settings. defaults: in place of the dataclass' own. group: of those that name none."""

    def __init__(self, settings: type[S], group: str = "Strategy", **defaults: Any) -> None:
        self._settings = settings
        hints = get_type_hints(settings)
        entries = [entry_of(each, hints[each.name], group) for each in fields(settings)]  # type: ignore[arg-type]
        self.entries = [replace(entry, default=defaults.get(entry.key, entry.default)) for entry in entries]

    def read(self, options: Mapping[str, str | bool | None], environment: Mapping[str, str]) -> Given[S]:
        """Return the settings: each from the first that has it of options and environment, else its default.

        An empty variable is none. Raise ConfigError, which names the option or variable.
        """
        values, names = {}, {}
        for entry in self.entries:
            values[entry.key] = entry.default
            given = options.get(entry.key)
            name = entry.option
            if given is None and environment.get(entry.variable):
                given, name = environment[entry.variable], entry.variable
            if given is None:
                continue
            names[entry.key] = name
            try:
                values[entry.key] = given if isinstance(given, bool) else entry.kind.of_text(given)
            except ValueError as error:
                raise ConfigError(name, problem=str(error)) from error
        try:
            return Given(self._settings(**values), names)
        except SettingsError as error:
            raise ConfigError(name_of(error.field, names), problem=error.problem) from error
