"""Settings: where they come from, what is refused and in which words, and that what is printed can be read again."""

import dataclasses
import re
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from orderbook import Instrument, SelfTradePrevention
from orderbook_server.config import (
    Address,
    ConfigError,
    Settings,
    Sync,
    as_plain,
    as_toml,
    read_settings,
    settings_by_key,
)
from orderbook_server.config.kinds import Choice, Count, File, Flag, Folder, Listener, Seconds
from orderbook_server.config.sync import Syncing

PAGE = Path(__file__).parents[2] / "docs" / "server.md"
BEYOND = Address("0.0.0.0", 9000)


def write(folder, text):
    path = folder / "exchange.toml"
    path.write_text(text)
    return path


def refusal(*args, **kwargs):
    """Return the message of the ConfigError that read_settings raises."""
    with pytest.raises(ConfigError) as caught:
        read_settings(*args, **kwargs)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_settings_are_those_of_the_page():
    """docs/server.md has a row for each, in the same order, with the same defaults."""
    section = PAGE.read_text().partition("| setting | default |")[2].partition("\n\n")[0]
    rows = {}
    for line in section.splitlines()[2:]:
        keys, defaults = (cell.replace("`", "").strip().split(", ") for cell in line.split("|")[1:3])
        rows |= zip(keys, defaults if len(defaults) == len(keys) else defaults * len(keys), strict=True)
    plain = as_plain(Settings())
    plain["instrument"] = plain["instrument"][0]["symbol"]
    plain["data_dir"] = Settings().data_dir  # as it is, not as a whole path
    assert rows == {key: on_the_page(value) for key, value in plain.items()}
    assert list(rows) == list(plain)


def on_the_page(default):
    """Return a default as the page shows it."""
    return "" if default is None else "off" if default is False else str(default)


def test_every_setting_has_help_and_a_default_of_its_kind():
    for key, (field, setting) in settings_by_key().items():
        assert setting.help.endswith("."), key
        assert setting.group, key
        assert bool(setting.unit) is isinstance(setting.kind, Count | Seconds), key
        if not isinstance(setting.kind, File):
            assert setting.kind.of_toml(setting.kind.to_toml(field.default), Path()) == field.default, key


def test_option_before_environment_before_file_before_default(tmp_path):
    file = write(tmp_path, "connections_max = 3\nevent_capacity = 3\nauth_seconds = 3")
    environment = {"OBCTL_SERVE_CONNECTIONS_MAX": "2", "OBCTL_SERVE_EVENT_CAPACITY": "2"}
    settings = read_settings({"connections_max": "1"}, environment, file)
    assert (settings.connections_max, settings.event_capacity, settings.auth_seconds) == (1, 2, 3.0)
    assert settings.grpc_calls_max == Settings().grpc_calls_max


def test_log_level_also_comes_from_log_level():
    assert read_settings({}, {"LOG_LEVEL": "DEBUG"}).log_level == "debug"
    assert read_settings({}, {"LOG_LEVEL": "DEBUG", "OBCTL_SERVE_LOG_LEVEL": "error"}).log_level == "error"
    assert read_settings({"log_level": "warning"}, {"LOG_LEVEL": "DEBUG"}).log_level == "warning"
    assert refusal({}, {"LOG_LEVEL": "loud"}) == "LOG_LEVEL: 'loud' must be debug, info, warning or error"


def test_an_empty_variable_is_none():
    assert read_settings({}, {"OBCTL_SERVE_TCP": "", "LOG_LEVEL": ""}) == Settings()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9000", Address("127.0.0.1", 9000)),
        ("[::1]:0", Address("::1", 0)),
        ("localhost:65535", Address("localhost", 65535)),
        ("none", None),
        ("None", None),
    ],
)
def test_addresses(text, address):
    assert read_settings({"tcp": text}).tcp == address
    assert as_plain(Settings(tcp=address))["tcp"] == text.lower()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "9000",
        ":9000",
        "localhost",
        "localhost:",
        "::1:9000",
        "[localhost]:9000",
        "[127.0.0.1]:1",
        "a b:1",
        "x:65536",
        "x:-1",
        "x:1x",
        "x:٣",
        "[::1]9000",
        "[::1",
        "user@host:1",
        "x:1\n",
    ],
)
def test_what_is_no_address(text):
    assert refusal({"grpc": text}).startswith(f"--grpc: {text!r} ")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST"])
def test_loopback(host):
    assert Settings(tcp=Address(host, 1)).tokens is None


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.0.1", "example.org", "127.0.0.1.example.org", "::ffff:1.2.3.4"]
)
@pytest.mark.parametrize("listener", ["tcp", "grpc", "http", "metrics"])
def test_beyond_loopback_it_takes_tokens_or_insecure(listener, host):
    address = Address(host, 1)
    with pytest.raises(ConfigError, match=rf"^{listener}: {re.escape(str(address))} can be reached from elsewhere"):
        Settings(**{listener: address})
    assert Settings(**{listener: address}, insecure=True).insecure
    assert Settings(**{listener: address}, tokens=Path("tokens.toml")).tokens
    with pytest.raises(ConfigError):  # variants are held to it too
        dataclasses.replace(Settings(), **{listener: address})


def test_a_server_of_nothing():
    with pytest.raises(ConfigError, match=r"^metrics, http, grpc, tcp: are all none"):
        Settings(tcp=None, grpc=None, http=None, metrics=None)
    assert Settings(tcp=None, grpc=None, http=None).metrics, "one will do"


@pytest.mark.parametrize("keys", [["tls_cert"], ["tls_key"], ["tls_client_ca"], ["tls_cert", "tls_client_ca"]])
def test_certificate_and_key_come_together(keys):
    with pytest.raises(ConfigError, match=r"is of no use without tls_"):
        Settings(**dict.fromkeys(keys, Path("x.pem")))


def test_paths_in_a_file_begin_at_its_folder(tmp_path, monkeypatch):
    file = write(tmp_path, 'tokens = "tokens.toml"\ntls_cert = "/etc/cert.pem"\ntls_key = "../key.pem"')
    settings = read_settings(file=file)
    assert settings.tokens == tmp_path / "tokens.toml"
    assert settings.tls_cert == Path("/etc/cert.pem")
    assert settings.tls_key == tmp_path / ".." / "key.pem"
    monkeypatch.chdir(tmp_path)
    assert read_settings({"tokens": "t.toml"}).tokens == Path("t.toml")
    assert as_plain(read_settings({"tokens": "t.toml"}))["tokens"] == str(tmp_path / "t.toml")


def test_the_data_directory_is_a_folder_beside_the_file(tmp_path, monkeypatch):
    assert read_settings(file=write(tmp_path, 'data_dir = "data"')).data_dir == tmp_path / "data"
    assert read_settings({}, {"OBCTL_SERVE_DATA_DIR": "data"}).data_dir == Path("data")
    monkeypatch.chdir(tmp_path)
    assert as_plain(Settings())["data_dir"] == str(tmp_path / "orderbook-data")


def test_in_memory_wins_over_a_directory_that_is_named():
    settings = read_settings({"data_dir": "data"}, {"OBCTL_SERVE_IN_MEMORY": "yes"})
    assert settings.in_memory
    assert not read_settings({"in_memory": False}, {"OBCTL_SERVE_IN_MEMORY": "yes"}).in_memory


@pytest.mark.parametrize(
    ("text", "sync"),
    [
        ("always", Sync("always")),
        ("Never", Sync("never")),
        ("interval 1", Sync("interval", 1)),
        ("INTERVAL  60000", Sync("interval", 60_000)),
    ],
)
def test_sync(tmp_path, text, sync):
    assert read_settings({"sync": text}).sync == sync
    assert read_settings({}, {"OBCTL_SERVE_SYNC": text}).sync == sync
    assert read_settings(file=write(tmp_path, f'sync = "{text}"')).sync == sync
    assert as_plain(Settings(sync=sync))["sync"] == " ".join(text.lower().split())


@pytest.mark.parametrize(
    "text",
    [
        *("", "sometimes", "interval", "interval 0", "interval 60001", "interval -1", "interval 1.5", "interval ٣"),
        *("interval 50 ms", "interval=50", "50", "always 50", "never never"),
    ],
)
def test_what_is_no_sync(text):
    expected = "must be always, never, or interval MS with MS from 1 to 60000, as interval 50"
    assert refusal({"sync": text}) == f"--sync: {text!r} {expected}"


def test_instruments_by_name():
    both = (Instrument("BTC-USD", "BTC", "USD"), Instrument("ETH-USD", "ETH", "USD"))
    assert read_settings({"instrument": "BTC-USD ETH-USD"}).instruments == both
    assert read_settings({}, {"OBCTL_SERVE_INSTRUMENT": "BTC-USD  ETH-USD"}).instruments == both


def test_instruments_in_a_file(tmp_path):
    settings = read_settings(
        file=write(
            tmp_path,
            """
            [[instrument]]
            symbol = "BTC-USD"
            tick_size = "0.5"
            lot_size = 0.001
            price_band = 1000
            reference_price = 20000
            self_trade_prevention = "cancel_newest"
            quantity_max = 18446744073709551615
            notional_max = 7
            open_orders_max = 8

            [[instrument]]
            symbol = "GOLD"
            base = "XAU"
            quote = "USD"
            """,
        )
    )
    assert settings.instruments == (
        Instrument(
            *("BTC-USD", "BTC", "USD", "0.5", Decimal("0.001")),
            self_trade_prevention=SelfTradePrevention.CANCEL_NEWEST,
            reference_price=20000,
            price_band=1000,
            quantity_max=2**64 - 1,
            notional_max=7,
            open_orders_max=8,
        ),
        Instrument("GOLD", "XAU", "USD"),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tpc = 1", "tpc: is no setting; those are tcp, grpc, "),
        ("instruments = []", "instruments: is no setting"),
        ("tcp = 9000", "tcp: 9000 must be a string"),
        ('tcp = "9000"', "tcp: '9000' must be HOST:PORT"),
        ('connections_max = "1"', "connections_max: '1' must be a whole number from 1 to 2147483647"),
        ("connections_max = 1.0", "connections_max: 1.0 must be a whole number"),
        ("connections_max = true", "connections_max: true must be a whole number"),
        ("connections_max = 0", "connections_max: 0 must be a whole number"),
        ("messages_per_second = -1", "messages_per_second: -1 must be a whole number from 0"),
        ("tcp_line_bytes_max = 15", "tcp_line_bytes_max: 15 must be a whole number from 16"),
        ('auth_seconds = "1"', "auth_seconds: '1' must be a number of seconds"),
        ("auth_seconds = nan", "auth_seconds: NaN must be a number of seconds"),
        ("auth_seconds = inf", "auth_seconds: Infinity must be a number of seconds"),
        ("auth_seconds = -1", "auth_seconds: -1 must be a number of seconds"),
        ("slow_consumer_seconds = 0", "slow_consumer_seconds: must be above 0 seconds"),
        ("insecure = 1", "insecure: 1 must be true or false"),
        ('log_format = "xml"', "log_format: 'xml' must be auto, console or json"),
        ("sync = 50", "sync: 50 must be a string"),
        ("in_memory = 1", "in_memory: 1 must be true or false"),
        ('data_dir = ""', "data_dir: '' must be a path"),
        ("snapshot_commands = -1", "snapshot_commands: -1 must be a whole number from 0"),
        ("journal_segment_bytes = 65535", "journal_segment_bytes: 65535 must be a whole number from 65536"),
        ("tokens = 5", "tokens: 5 must be a string"),
        ('tokens = ""', "tokens: '' must be a path"),
        ('tokens = "a\\u0000b"', "tokens: 'a\\x00b' must be a path of printable characters"),
        ('instrument = "BTC-USD"', "instrument: must be tables"),
        ("instrument = []", "instrument: must be tables"),
        ('[[instrument]]\nname = "x"', "instrument: number 1: name: is no key of an instrument; those are symbol, "),
        ('[[instrument]]\nbase = "x"', "instrument: number 1: symbol: is missing"),
        ('[[instrument]]\nsymbol = "BTC"', "instrument: BTC: symbol: 'BTC' must be BASE-QUOTE"),
        ('[[instrument]]\nsymbol = "A-B-C"', "instrument: A-B-C: symbol: 'A-B-C' must be BASE-QUOTE"),
        ("[[instrument]]\nsymbol = 5", "instrument: 5: symbol: 5 must be BASE-QUOTE"),
        ('[[instrument]]\nsymbol = "A-A"', "instrument: A-A: base and quote of A-A are the same asset"),
        ('[[instrument]]\nsymbol = "A-B"\ntick_size = true', "instrument: A-B: tick_size must be a Decimal"),
        ('[[instrument]]\nsymbol = "A-B"\ntick_size = "0"', "instrument: A-B: tick_size 0 is not above 0"),
        ('[[instrument]]\nsymbol = "A-B"\ntick_size = inf', "instrument: A-B: tick_size is no finite number"),
        ('[[instrument]]\nsymbol = "A-B"\nquantity_max = -1', "instrument: A-B: quantity_max -1 is outside"),
        ('[[instrument]]\nsymbol = "A-B"\nprice_band = 1', "instrument: A-B: A-B has a price_band and no"),
        (
            '[[instrument]]\nsymbol = "A-B"\nself_trade_prevention = 1',
            "instrument: A-B: self_trade_prevention: 1 must be",
        ),
        ('[[instrument]]\nsymbol = "A-B"\n[[instrument]]\nsymbol = "A-B"', "instrument: A-B: comes twice"),
        ("tcp = ", "is not TOML: Invalid value"),
        ("tcp = 1\ntcp = 2", "is not TOML: Cannot overwrite a value"),
        ("auth_seconds = 1e99999999999999999999", "is not TOML: a number is out of range"),
        ("tcp = " + "[" * 20_000, "is not TOML: brackets are nested too deep"),
    ],
)
def test_what_is_wrong_in_a_file(tmp_path, text, message):
    """The message names the file, the key, and what would be right."""
    file = write(tmp_path, text)
    assert refusal(file=file).startswith(f"{file}: {message}")


def test_a_file_that_cannot_be_read(tmp_path):
    assert refusal(file=tmp_path / "no.toml") == f"{tmp_path}/no.toml: cannot be read: No such file or directory"
    assert refusal(file=tmp_path) == f"{tmp_path}: cannot be read: Is a directory"
    (tmp_path / "latin.toml").write_bytes(b'tcp = "\xe9"')
    assert refusal(file=tmp_path / "latin.toml").startswith(f"{tmp_path}/latin.toml: is not TOML: ")


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("connections_max", "many", "'many' must be a whole number"),
        ("connections_max", "1_0", "'1_0' must be a whole number"),
        ("connections_max", "٣", "'٣' must be a whole number"),
        ("connections_max", "-1", "'-1' must be a whole number"),
        ("idle_seconds", "soon", "'soon' must be a number of seconds"),
        ("idle_seconds", "1e3", "'1e3' must be a number of seconds"),
        ("insecure", "perhaps", "'perhaps' must be true or false"),
        ("instrument", "BTC", "BTC: symbol: 'BTC' must be BASE-QUOTE"),
        ("instrument", " ", "must be tables"),
        ("instrument", "A-B A-B", "A-B: comes twice"),
    ],
)
def test_what_is_wrong_in_options_and_the_environment(key, text, message):
    variable = f"OBCTL_SERVE_{key.upper()}"
    assert refusal({key: text}).startswith(f"--{key.replace('_', '-')}: {message}")
    assert refusal({}, {variable: text}).startswith(f"{variable}: {message}")


@pytest.mark.parametrize(("text", "value"), [("1", True), ("TRUE", True), ("on", True), ("0", False), ("No", False)])
def test_words_for_a_flag(text, value):
    assert read_settings({}, {"OBCTL_SERVE_INSECURE": text}).insecure is value


FULL = Settings(
    tcp=BEYOND,
    grpc=Address("::", 0),
    http=None,
    metrics=None,
    instruments=(
        Instrument(
            *("BTC-USD", "BTC", "USD", "0.5", "1e-8"),
            self_trade_prevention=SelfTradePrevention.DECREMENT,
            reference_price=0,
            price_band=2**64 - 1,
        ),
        Instrument('"\\', "[x]", "#"),
    ),
    data_dir=Path("/d"),
    in_memory=True,
    sync=Sync("interval", 50),
    tls_cert=Path("/a b/ü\"\\'.pem"),
    tls_key=Path("/k"),
    tls_client_ca=Path("/c"),
    tokens=Path("/t"),
    insecure=True,
    idle_seconds=0.25,
    log_level="debug",
    log_format="json",
)


DEFAULTS = Settings(data_dir=Settings().data_dir.absolute())  # a path is written as a whole


@pytest.mark.parametrize("settings", [DEFAULTS, FULL], ids=["defaults", "everything"])
def test_what_is_printed_reads_as_the_same(tmp_path, settings):
    text = as_toml(settings)
    assert read_settings(file=write(tmp_path, text)) == settings
    plain = {key: value for key, value in as_plain(settings).items() if value is not None}
    assert tomllib.loads(text) == plain


def test_full_settings_differ_in_every_kind():
    """The round trip above means something for each kind of setting."""
    kinds = {
        type(setting.kind)
        for key, (field, setting) in settings_by_key().items()
        if getattr(FULL, field.name) != getattr(Settings(), field.name)
    }
    assert kinds >= {Listener, File, Folder, Flag, Choice, Seconds, Syncing}
