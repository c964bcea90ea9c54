"""Settings of agents: the page, the options and the variables say the same, and what is wrong is named."""

import re
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner

from agents.strategies import MarketMakerSettings, PassiveBuyerSettings, TwapSettings
from obctl.agent.settings import AgentSettings, SettingsReader
from obctl.commands.agent import BUYER, MAKER, SHARED, TWAP
from obctl.main import main
from orderbook import OrderType, Side
from orderbook_server.config import ConfigError

PAGE = (Path(__file__).parents[2] / "docs" / "agents.md").read_text()
STRATEGIES = {"market-maker": MAKER, "twap": TWAP, "passive-buyer": BUYER}
ENTRIES = [(name, entry) for name, reader in STRATEGIES.items() for entry in (*reader.entries, *SHARED[reader].entries)]


def rows(title):
    """Return {variable: default} of a table on the page; where a row has several, their order counts."""
    section = PAGE.partition(f"| {title} | default |")[2].partition("\n\n")[0]
    found = {}
    for line in section.splitlines()[2:]:
        names = re.findall(r"`([A-Z_]+)`", line.split("|")[1])
        defaults = [default.strip(" `") for default in line.split("|")[2].split(",")]
        defaults = defaults if len(defaults) == len(names) else [line.split("|")[2].strip(" `")] * len(names)
        found |= zip(names, defaults, strict=True)
    return found


def on_the_page(entry):
    """Return a default as the page shows it."""
    if entry.default in (None, ""):
        return ""
    return "off" if entry.default is False else str(entry.kind.to_toml(entry.default))


@pytest.mark.parametrize(("title", "reader"), [("market maker", MAKER), ("TWAP", TWAP), ("passive buyer", BUYER)])
def test_the_tables_of_the_strategies(title, reader):
    assert rows(title) == {entry.variable: on_the_page(entry) for entry in reader.entries}


def test_the_table_of_all_agents():
    entries = {entry.variable: entry for entry in SHARED[MAKER].entries}
    table = rows("all agents")
    assert {*table, "METRICS_HOST"} == set(entries), "that one is in the row of the port"
    in_words = {"ACCOUNT_ID", "ORDER_ID_START", "SYMBOL"}
    for variable in table.keys() - in_words:
        assert table[variable] == on_the_page(entries[variable]), variable
    accounts = [
        next(e.default for e in SHARED[reader].entries if e.key == "account_id") for reader in (MAKER, TWAP, BUYER)
    ]
    assert table["ACCOUNT_ID"] == "market maker {}, TWAP {}, passive buyer {}".format(*accounts)
    assert f"`METRICS_HOST` ({entries['METRICS_HOST'].default})" in PAGE


@pytest.mark.parametrize("name", STRATEGIES)
def test_help_has_every_setting_in_its_group_with_its_default(name):
    text = CliRunner().invoke(main, ["agent", name, "--help"], terminal_width=200).stdout
    for entry in (*STRATEGIES[name].entries, *SHARED[STRATEGIES[name]].entries):
        section = text.partition(f"\n{entry.group}:\n")[2].partition("\n\n")[0]
        told = re.search(rf"^  {entry.option}\b.*(\n   .*)*", section, re.MULTILINE)
        assert told, entry.option
        if on_the_page(entry) not in ("", "off"):
            assert f"[default: {on_the_page(entry)}]" in told[0]


@pytest.mark.parametrize(("name", "entry"), ENTRIES, ids=[f"{name}-{entry.key}" for name, entry in ENTRIES])
def test_names_follow_one_rule(name, entry):
    assert entry.option == f"--{entry.key.replace('_', '-')}"
    assert entry.variable == ("OBCTL_TOKEN" if entry.key == "token" else entry.key.upper())
    assert entry.help[0].isupper() or entry.help.startswith("auto")


def read(reader, options=None, environment=None):
    return reader.read(options or {}, environment or {}).settings


def refusal(reader, options=None, environment=None):
    with pytest.raises(ConfigError) as caught:
        read(reader, options, environment)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_option_before_environment_before_default():
    environment = {"MID_PRICE": "2", "SPREAD": "2"}
    settings = read(MAKER, {"mid_price": "1", "quantity": None}, environment)
    assert (settings.mid_price, settings.spread, settings.quantity) == (1, 2, 10)


def test_an_empty_variable_is_none():
    everything = {entry.variable: "" for _, entry in ENTRIES}
    assert read(MAKER, {}, everything) == MarketMakerSettings()
    assert read(BUYER, {}, everything) == PassiveBuyerSettings()
    assert read(SHARED[MAKER], {}, everything) == AgentSettings()


def test_every_kind_is_understood():
    environment = {
        "SIDE": "ASK", "ORDER_TYPE": "fok", "PRICE": "0", "TOTAL_QUANTITY": str(2**64 - 1), "SLICES": "7",
        "ONCE": "yes", "SEED": "3",
    }  # fmt: skip
    assert read(TWAP, {}, environment) == TwapSettings(Side.ASK, OrderType.FOK, 0, 2**64 - 1, 7, once=True, seed=3)
    assert read(TWAP, {"once": False, "price": "1"}, environment).once is False
    assert read(MAKER, {"inventory_skew": "0.25"}).inventory_skew == Fraction(1, 4)
    assert read(MAKER, {"inventory_max": "0"}).inventory_max == 0
    for word, order_type in (("market", OrderType.MARKET), ("ioc", OrderType.IOC), ("post_only", OrderType.POST_ONLY)):
        assert read(TWAP, {"order_type": word, "price": "1"}).order_type is order_type


def test_the_accounts_differ():
    assert [read(SHARED[reader]).account_id for reader in (MAKER, TWAP, BUYER)] == [1, 2, 3]
    assert read(SHARED[TWAP], {}, {"ACCOUNT_ID": "0"}).account_id == 0


@pytest.mark.parametrize(
    ("reader", "key", "text", "problem"),
    [
        (MAKER, "mid_price", "dear", "'dear' must be a whole number from 0"),
        (MAKER, "mid_price", str(2**64), f"{2**64} must be a whole number from 0 to {2**64 - 1}"),
        (MAKER, "mid_price", "-1", "'-1' must be a whole number"),
        (MAKER, "spread", "1.5", "'1.5' must be a whole number"),
        (MAKER, "quantity", "0", "0 must be a whole number from 1"),
        (MAKER, "tick_millis", "0", "0 must be a whole number from 1"),
        (MAKER, "inventory_skew", "-0.5", "'-0.5' must be a decimal number"),
        (MAKER, "inventory_skew", "1/0", "'1/0' must be a decimal number"),
        (TWAP, "side", "buy", "'buy' must be bid or ask"),
        (TWAP, "order_type", "stop", "'stop' must be market, limit, ioc, fok or post_only"),
        (TWAP, "total_quantity", "0", "0 must be a whole number from 1"),
        (TWAP, "slices", "0", "0 must be a whole number from 1"),
        (TWAP, "size_jitter_percent", "101", "101 must be a whole number from 0 to 100"),
        (BUYER, "budget", "much", "'much' must be a whole number"),
        (SHARED[MAKER], "grpc_endpoint", "nowhere", "'nowhere' must be HOST:PORT"),
        (SHARED[MAKER], "grpc_endpoint", "ftp://a:1", "'ftp://a:1' begins with ftp://"),
        (SHARED[MAKER], "account_id", "me", "'me' must be a whole number"),
        (SHARED[MAKER], "metrics_port", "65536", "65536 must be a whole number from 0 to 65535"),
        (SHARED[MAKER], "log_level", "loud", "'loud' must be debug, info, warning or error"),
        (SHARED[MAKER], "tls_ca", "/no/such.pem", "'/no/such.pem' cannot be read: No such file or directory"),
        (SHARED[MAKER], "token", "secret é", "the token is empty, or has characters that no token has"),
        (SHARED[MAKER], "symbol", "a\nb", "'a\\nb' must have printable characters alone"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_as_it_was_given(reader, key, text, problem):
    entry = next(entry for entry in reader.entries if entry.key == key)
    assert refusal(reader, {key: text}).startswith(f"{entry.option}: {problem}")
    assert refusal(reader, {}, {entry.variable: text}).startswith(f"{entry.variable}: {problem}")


def test_what_does_not_go_together_is_named_too(tmp_path):
    assert refusal(TWAP) == "--price: is needed for limit orders"
    assert refusal(TWAP, {"order_type": "fok"}) == "--price: is needed for fill_or_kill orders"
    assert read(TWAP, {"order_type": "market"}).price is None
    pem = tmp_path / "x.pem"
    pem.touch()
    assert refusal(SHARED[MAKER], {}, {"TLS_CERT": str(pem)}) == "TLS_CERT: is of no use without the certificate's key"
    assert refusal(SHARED[MAKER], {"tls_key": str(pem)}) == "--tls-key: is of no use without its certificate"
    both = read(SHARED[MAKER], {"tls_key": str(pem), "tls_cert": str(pem)})
    assert both.tls_cert == both.tls_key == pem


def test_a_token_that_is_wrong_is_not_told():
    assert refusal(SHARED[MAKER], {"token": ""}) == "--token: the token is empty, or has characters that no token has"
    assert "secret" not in refusal(SHARED[MAKER], {}, {"OBCTL_TOKEN": "secret\n"})


@pytest.mark.parametrize("word", ["maybe", "2"])
def test_words_for_once(word):
    assert refusal(TWAP, {"price": "1"}, {"ONCE": word}) == f"ONCE: {word!r} must be true or false"


@pytest.mark.parametrize(
    ("words", "environment", "message"),
    [
        (["market-maker", "--spread", "wide"], {}, "obctl agent market-maker: --spread: 'wide' must be"),
        (["market-maker"], {"SPREAD": "wide"}, "obctl agent market-maker: SPREAD: 'wide' must be"),
        (["twap"], {}, "obctl agent twap: --price: is needed for limit orders"),
        (["passive-buyer", "--metrics-port", "x"], {}, "obctl agent passive-buyer: --metrics-port: 'x' must be"),
        (["passive-buyer"], {"GRPC_ENDPOINT": "x"}, "obctl agent passive-buyer: GRPC_ENDPOINT: 'x' must be"),
    ],
)
def test_the_command_says_so_in_one_line(words, environment, message):
    nothing = {entry.variable: None for _, entry in ENTRIES}
    result = CliRunner(env=nothing | environment).invoke(main, ["agent", *words], prog_name="obctl")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(message)
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "completed"), [("--side a", "ask"), ("--order-type p", "post_only"), ("--tls-c", "--tls-ca")]
)
def test_completion(words, completed):
    line = f"obctl agent twap {words}"
    environment = {"_OBCTL_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    assert f"plain,{completed}\n" in CliRunner(env=environment).invoke(main, prog_name="obctl").stdout


def test_a_reader_may_have_other_defaults():
    assert read(SettingsReader(MarketMakerSettings, spread=7)).spread == 7
