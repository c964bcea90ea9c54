"""What a simulation is made of, and how it is read from TOML: docs/simulation.md has the tables."""

import tomllib
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from hashlib import blake2b
from pathlib import Path
from typing import Any

from agents.simulation.tables import ConfigError, as_dataclass
from agents.strategies import (
    MarketMaker,
    MarketMakerSettings,
    NoiseTrader,
    NoiseTraderSettings,
    PassiveBuyer,
    PassiveBuyerSettings,
    SettingsError,
    Twap,
    TwapSettings,
)
from agents.strategies.settings import check_ranges, setting
from orderbook import Instrument

NS_PER_SECOND = 1_000_000_000
NS_PER_MILLI = 1_000_000
NS_PER_MICRO = 1_000
DURATION_NS_MAX = 2**61
AGENTS_MAX = 100_000
DEFAULT_INSTRUMENT = Instrument("BASE-QUOTE", "BASE", "QUOTE")

SETTINGS: dict[str, type[Any]] = {
    strategy.name: settings
    for strategy, settings in (
        (MarketMaker, MarketMakerSettings),
        (NoiseTrader, NoiseTraderSettings),
        (PassiveBuyer, PassiveBuyerSettings),
        (Twap, TwapSettings),
    )
}


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """One agent. settings: of its strategy, and so what strategy it is.

    name: unlike all others; group: its entry in the file, which may be of many. account_id: None for the lowest that is
    free. seeded: whether the seed in its settings counts, and is not drawn from that of the run. latency_ns: from the
    agent to the market, and as long back. base_deposit: lots; quote_deposit: ticks × lots.
    """

    name: str
    settings: Any
    group: str = ""
    account_id: int | None = None
    seeded: bool = False
    latency_ns: int = 0
    start_ns: int = 0
    base_deposit: int = 1_000_000
    quote_deposit: int = 1_000_000_000_000


@dataclass(frozen=True, slots=True)
class Config:
    """A simulation: one market of an exchange, its agents, and how long."""

    agents: tuple[AgentConfig, ...] = ()
    seed: int = 1
    duration_ns: int = 60 * NS_PER_SECOND
    sample_interval_ns: int = NS_PER_SECOND
    instrument: Instrument = DEFAULT_INSTRUMENT


@dataclass(frozen=True, slots=True)
class _Run:
    """The keys at the top of the file."""

    seed: int = setting(1, "")
    seconds: Fraction = setting(Fraction(60), "")
    sample_millis: int = setting(1_000, "", minimum=1, maximum=DURATION_NS_MAX // NS_PER_MILLI)

    def __post_init__(self) -> None:
        check_ranges(self)
        _check_time("seconds", self.seconds, NS_PER_SECOND)


@dataclass(frozen=True, slots=True)
class _Agent:
    """The keys of an entry of `[[agents]]`, beside its settings."""

    strategy: str
    name: str | None = None
    count: int = setting(1, "", minimum=1, maximum=AGENTS_MAX)
    account_id: int | None = setting(None, "")
    latency_micros: Fraction = setting(Fraction(0), "")
    start_millis: Fraction = setting(Fraction(0), "")
    base_deposit: int = setting(1_000_000, "")
    quote_deposit: int = setting(1_000_000_000_000, "")

    def __post_init__(self) -> None:
        check_ranges(self)
        _check_time("latency_micros", self.latency_micros, NS_PER_MICRO)
        _check_time("start_millis", self.start_millis, NS_PER_MILLI)
        if self.strategy not in SETTINGS:
            raise SettingsError("strategy", f"{self.strategy!r} must be one of {', '.join(SETTINGS)}")
        if self.name is not None and not self.name.isprintable():
            raise SettingsError("name", f"{self.name!r} must have printable characters alone")


def _check_time(name: str, value: Fraction, unit_ns: int) -> None:
    """Raise SettingsError for a time below 0, or so long that it cannot be meant."""
    if not 0 <= value * unit_ns <= DURATION_NS_MAX:
        raise SettingsError(name, f"must be 0 to {DURATION_NS_MAX // unit_ns}")


def derived_seed(seed: int, index: int) -> int:
    """Return the seed of one of many: the same on every machine, and unlike those of others."""
    return int.from_bytes(blake2b(f"{seed} {index}".encode(), digest_size=8).digest(), "big")


def load_config(path: str | Path) -> Config:
    """Read a configuration from a TOML file; raise OSError, or ConfigError naming file, table and key."""
    return parse_config(Path(path).read_bytes(), str(path))


def parse_config(text: bytes | str, name: str = "the configuration") -> Config:
    """Read a configuration from the content of a TOML file; `name` is for the messages of ConfigError."""
    try:
        text = text.decode() if isinstance(text, bytes) else text
        return _config(tomllib.loads(text, parse_float=Decimal))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name}: is no UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: is no TOML: {error}") from error
    except ConfigError as error:
        raise ConfigError(f"{name}: {error}") from error


def _config(document: dict[str, object]) -> Config:
    market = document.pop("market", {})
    entries = document.pop("agents", [])
    if not isinstance(market, dict):
        raise ConfigError("market: must be a table, [market]")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigError("agents: must be tables, [[agents]]")
    run = as_dataclass(_Run, document, "")
    agents = [agent for number, entry in enumerate(entries, 1) for agent in _agents(entry, f"agents[{number}]")]
    if not agents:
        raise ConfigError("agents: there are none; each is a table [[agents]]")
    _check_unlike(agents)
    return Config(
        agents=tuple(agents),
        seed=run.seed,
        duration_ns=int(run.seconds * NS_PER_SECOND),
        sample_interval_ns=run.sample_millis * NS_PER_MILLI,
        instrument=as_dataclass(Instrument, _named(market), "market"),
    )


def _named(market: dict[str, object]) -> dict[str, object]:
    """Return the keys of `[market]`, with the names of the default instrument where it gives none."""
    return {name: getattr(DEFAULT_INSTRUMENT, name) for name in ("symbol", "base", "quote")} | market


def _agents(entry: dict[str, object], where: str) -> list[AgentConfig]:
    """Return the agents of an entry of the file."""
    settings = entry.pop("settings", {})
    table = as_dataclass(_Agent, entry, where)
    if not isinstance(settings, dict):
        raise ConfigError(f"{where}.settings: must be a table, [agents.settings]")
    if table.count > 1 and table.account_id is not None:
        raise ConfigError(f"{where}.account_id: is of one agent, and count is {table.count}")
    made = as_dataclass(SETTINGS[table.strategy], settings, f"{where}.settings")
    group = table.name or table.strategy
    seeded = "seed" in settings
    return [
        AgentConfig(
            name=group if table.count == 1 else f"{group}-{number}",
            settings=replace(made, seed=derived_seed(made.seed, number)) if seeded and table.count > 1 else made,
            group=group,
            account_id=table.account_id,
            seeded=seeded,
            latency_ns=int(table.latency_micros * NS_PER_MICRO),
            start_ns=int(table.start_millis * NS_PER_MILLI),
            base_deposit=table.base_deposit,
            quote_deposit=table.quote_deposit,
        )
        for number in range(1, table.count + 1)
    ]


def _check_unlike(agents: list[AgentConfig]) -> None:
    """Raise ConfigError where two agents have one name, or account."""
    for what in ("name", "account_id"):
        seen = set()
        for agent in agents:
            value = getattr(agent, what)
            if value is not None and value in seen:
                raise ConfigError(f"agents: two have the {what} {value!r}")
            seen.add(value)
