"""Settings: the one place that says which settings there are, with type, default, unit and help."""

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from orderbook.instruments import DEFAULT_INSTRUMENT, Instrument
from orderbook_server.config.address import Address
from orderbook_server.config.errors import ConfigError
from orderbook_server.config.kinds import Choice, Count, File, Flag, Folder, Kind, Listener, Seconds
from orderbook_server.config.markets import Markets
from orderbook_server.config.sync import Sync, Syncing

LISTENERS = ("metrics", "http", "grpc", "tcp")  # in the order in which they open
EVENTS_MAX = 2**32


@dataclass(frozen=True, slots=True)
class Setting:
    """What is to be known of a setting beside its default: how it is written, and what it means."""

    kind: Kind
    group: str
    help: str
    unit: str = ""
    key: str = ""  # in files and options; the field's name where it is empty


def _about(kind: Kind, group: str, text: str, unit: str = "", key: str = "") -> dict[str, Setting]:
    """Return the metadata of a field of Settings."""
    return {"setting": Setting(kind, group, text, unit, key)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of the server. Raise ConfigError for combinations that must not be.

    What is wrong with a single value is found where it is read; files are looked into when the server starts.
    """

    tcp: Address | None = field(
        default=Address("127.0.0.1", 9000),
        metadata=_about(Listener(), "Listeners", "The line protocol."),
    )
    grpc: Address | None = field(
        default=Address("127.0.0.1", 50051),
        metadata=_about(Listener(), "Listeners", "gRPC."),
    )
    http: Address | None = field(
        default=Address("127.0.0.1", 8080),
        metadata=_about(Listener(), "Listeners", "The page, its feed over WebSockets, and REST."),
    )
    metrics: Address | None = field(
        default=Address("127.0.0.1", 9100),
        metadata=_about(Listener(), "Listeners", "/metrics for Prometheus, over HTTP."),
    )
    instruments: tuple[Instrument, ...] = field(
        default=(DEFAULT_INSTRUMENT,),
        metadata=_about(Markets(), "Exchange", "A market; once for each. A file can say more of it.", key="instrument"),
    )
    event_capacity: int = field(
        default=1_048_576,
        metadata=_about(
            Count(maximum=EVENTS_MAX),
            "Exchange",
            "Events, and as many executions, held for feeds that come back.",
            "events",
        ),
    )
    data_dir: Path = field(
        default=Path("orderbook-data"),
        metadata=_about(Folder(), "Journal", "Where the exchange is kept; made where it is not there."),
    )
    in_memory: bool = field(
        default=False,
        metadata=_about(Flag(), "Journal", "Keep nothing, whatever the other settings of this group say."),
    )
    sync: Sync = field(
        default=Sync("always"),
        metadata=_about(
            Syncing(), "Journal", "When commands are put on the disk: before their answers, every MS ms, or at leisure."
        ),
    )
    snapshot_commands: int = field(
        default=1_000_000,
        metadata=_about(Count(minimum=0), "Journal", "From one snapshot to the next; 0: no snapshots.", "commands"),
    )
    snapshots_kept: int = field(
        default=2,
        metadata=_about(
            Count(minimum=0), "Journal", "And the journal behind them; 0: all, and the whole journal.", "snapshots"
        ),
    )
    journal_segment_bytes: int = field(
        default=67_108_864,
        metadata=_about(Count(minimum=65_536), "Journal", "Of a segment, a file of the journal, about.", "bytes"),
    )
    tls_cert: Path | None = field(
        default=None,
        metadata=_about(File(), "Security", "PEM file, the server's certificate: TCP, gRPC and HTTP speak TLS alone."),
    )
    tls_key: Path | None = field(default=None, metadata=_about(File(), "Security", "PEM file, the certificate's key."))
    tls_client_ca: Path | None = field(
        default=None, metadata=_about(File(), "Security", "PEM file: clients must show a certificate of it.")
    )
    tokens: Path | None = field(
        default=None, metadata=_about(File(), "Security", "The file of tokens; without a token nothing is done.")
    )
    insecure: bool = field(default=False, metadata=_about(Flag(), "Security", "Listen beyond loopback without tokens."))
    connections_max: int = field(
        default=10_000, metadata=_about(Count(), "Limits", "TCP connections at once.", "connections")
    )
    tcp_line_bytes_max: int = field(
        default=1024, metadata=_about(Count(minimum=16), "Limits", "Of a line, its end not counted.", "bytes")
    )
    auth_seconds: float = field(
        default=10.0,
        metadata=_about(
            Seconds(), "Limits", "In which a TCP connection must say AUTH, where tokens are asked for.", "seconds"
        ),
    )
    idle_seconds: float = field(
        default=0.0,
        metadata=_about(
            Seconds(zero=True),
            "Limits",
            "Without a whole line from a TCP connection that has no feed, or a call on a gRPC one; 0: for ever.",
            "seconds",
        ),
    )
    messages_per_second: int = field(
        default=0,
        metadata=_about(
            Count(minimum=0),
            "Limits",
            "Per connection; of a Trade stream, opening and commands; 0: any number.",
            "messages",
        ),
    )
    buffer_bytes_max: int = field(
        default=1_048_576,
        metadata=_about(
            Count(),
            "Limits",
            "Waiting to be read by one TCP connection before it is neither read from nor fed.",
            "bytes",
        ),
    )
    slow_consumer_seconds: float = field(
        default=5.0,
        metadata=_about(
            Seconds(), "Limits", "That a subscriber's buffer may be full without anything being read.", "seconds"
        ),
    )
    grpc_connections_max: int = field(
        default=2000,
        metadata=_about(Count(), "Limits", "gRPC connections at once; one more is closed.", "connections"),
    )
    grpc_calls_max: int = field(
        default=10_000, metadata=_about(Count(), "Limits", "gRPC calls under way at once, streams included.", "calls")
    )
    grpc_message_bytes_max: int = field(
        default=4_194_304, metadata=_about(Count(), "Limits", "Of a message from a gRPC client.", "bytes")
    )
    http_connections_max: int = field(
        default=1000,
        metadata=_about(Count(), "Limits", "HTTP connections at once, WebSockets included.", "connections"),
    )
    log_level: str = field(
        default="info",
        metadata=_about(
            Choice("debug", "info", "warning", "error"), "Logs", "The least that is logged; also from LOG_LEVEL."
        ),
    )
    log_format: str = field(
        default="auto", metadata=_about(Choice("auto", "console", "json"), "Logs", "auto: console on a terminal.")
    )

    def __post_init__(self) -> None:
        if self.tls_cert is None and self.tls_key is not None:
            raise ConfigError("tls_key", problem="is of no use without tls_cert")
        if self.tls_key is None and self.tls_cert is not None:
            raise ConfigError("tls_cert", problem="is of no use without tls_key")
        if self.tls_client_ca is not None and self.tls_cert is None:
            raise ConfigError("tls_client_ca", problem="is of no use without tls_cert and tls_key")
        if not any(getattr(self, name) for name in LISTENERS):
            raise ConfigError(", ".join(LISTENERS), problem="are all none: nobody could reach the server")
        for name in LISTENERS:
            address = getattr(self, name)
            if address and not address.is_loopback() and self.tokens is None and not self.insecure:
                everybody = "read the figures" if name == "metrics" else "do everything"
                problem = f"{address} can be reached from elsewhere, and without tokens everybody may {everybody}"
                raise ConfigError(name, problem=f"{problem}: give a file of tokens, or say insecure")


def settings_by_key() -> Mapping[str, tuple[Field[Any], Setting]]:
    """Return {key in files and options: (field of Settings, its Setting)}, in their order."""
    described = [(each, each.metadata["setting"]) for each in fields(Settings)]
    return {setting.key or each.name: (each, setting) for each, setting in described}
