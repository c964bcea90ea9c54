"""`obctl serve` and `obctl token` as processes: what they print, how they refuse, and how they end."""

import json
import re
import resource
import signal
import socket
import ssl
import subprocess
import sys
import time
import tomllib
import urllib.request
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import trustme

from orderbook_server.auth import Tokens
from orderbook_server.config import settings_by_key
from tests.replay.helpers import obctl

from .serve_process import CLEAN, FREE, OBCTL, SECONDS, TCP_ALONE, Server, run, serving


def test_help_has_every_setting_in_its_group() -> None:
    text = obctl("serve", "--help").stdout
    for key, (_, setting) in settings_by_key().items():
        section = text.partition(f"\n{setting.group}:\n")[2].partition("\n\n")[0]
        assert re.search(rf"^  --{key.replace('_', '-')}\b", section, re.MULTILINE), key


def test_help_loads_no_library_of_the_server() -> None:
    code = (
        "import sys; from obctl.main import main\n"
        "try: main(['serve', '--help'])\n"
        "except SystemExit: print([m for m in ('grpc', 'uvicorn', 'uvloop', 'structlog') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("obctl serve --log-l", "plain,--log-level"),
        ("obctl serve --log-level w", "plain,warning"),
        ("obctl serve --tcp n", "plain,none"),
        ("obctl serve --sync i", "plain,interval"),
        ("obctl serve --tokens x", "file,x"),
        ("obctl serve --data-dir x", "dir,x"),
        ("obctl token n", "plain,new"),
    ],
)
def test_completion(words: str, completed: str) -> None:
    from click.testing import CliRunner

    from obctl.main import main

    environment = {"_OBCTL_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    assert CliRunner(env=environment).invoke(main, prog_name="obctl").stdout == f"{completed}\n"


def test_check_prints_what_can_be_fed_back(tmp_path: Path) -> None:
    first = run("serve", "--check", "--instrument", "BTC-USD", "--tcp", "[::1]:0", OBCTL_SERVE_AUTH_SECONDS="0.5")
    assert (first.returncode, first.stderr) == (0, "")
    settings = tomllib.loads(first.stdout)
    assert settings["tcp"] == "[::1]:0"
    assert settings["auth_seconds"] == 0.5
    assert [table["symbol"] for table in settings["instrument"]] == ["BTC-USD"]
    (tmp_path / "exchange.toml").write_text(first.stdout)
    again = run("serve", "--check", "--config", str(tmp_path / "exchange.toml"))
    assert again.stdout == first.stdout
    by_environment = run("serve", "--check", OBCTL_SERVE_CONFIG=str(tmp_path / "exchange.toml"))
    assert by_environment.stdout == first.stdout


def test_check_as_json() -> None:
    done = run("serve", "--check", "--json", "--no-insecure", "--connections-max", "5", OBCTL_SERVE_INSECURE="yes")
    settings = json.loads(done.stdout)
    assert list(settings) == list(settings_by_key())
    assert (settings["connections_max"], settings["insecure"], settings["tokens"]) == (5, False, None)
    assert run("serve", "--json").returncode == 2


@pytest.mark.parametrize(
    ("words", "sync"),
    [
        (["--sync", "interval", "50"], "interval 50"),
        (["--sync", "interval 50"], "interval 50"),
        (["--sync", "interval", "50", "--sync", "never"], "never"),
        (["--sync", "always", "--insecure"], "always"),
    ],
)
def test_sync_may_be_two_words(words: list[str], sync: str) -> None:
    settings = json.loads(run("serve", "--check", "--json", *words).stdout)
    assert settings["sync"] == sync
    assert settings["insecure"] is ("--insecure" in words)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--sync", "interval", "0"], "--sync: 'interval 0' must be always, never, or interval MS"),
        (["--sync", "interval"], "--sync: 'interval' must be always, never, or interval MS with MS from 1 to 60000"),
        (["--tcp", "9000"], "--tcp: '9000' must be HOST:PORT, such as 127.0.0.1:9000 or [::1]:9000, or none"),
        (["--config", "no.toml"], "no.toml: cannot be read: No such file or directory"),
        (["--config", "wrong.toml"], "wrong.toml: tpc: is no setting; those are tcp, grpc, "),
        (["--grpc", "0.0.0.0:0"], "grpc: 0.0.0.0:0 can be reached from elsewhere, "),
        (["--log-level", "loud"], "--log-level: 'loud' must be debug, info, warning or error"),
        (["--tokens", "no.toml"], "no.toml: cannot be read: No such file or directory"),
        (
            ["--tls-cert", "no.pem", "--tls-key", "no.pem"],
            "tls_cert: no.pem: cannot be read: No such file or directory",
        ),
        (["--tls-key", "no.pem"], "tls_key: is of no use without tls_cert"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_what_is_wrong_is_one_line_and_status_2(tmp_path: Path, words: list[str], line: str, check: bool) -> None:
    (tmp_path / "wrong.toml").write_text('tpc = "127.0.0.1:9000"\n')
    done = subprocess.run(
        [*OBCTL, "serve", *words, *(["--check"] if check else [])],
        cwd=tmp_path,
        env=CLEAN | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"obctl serve: {line}")


def test_a_bad_log_level_of_the_environment() -> None:
    done = run("serve", "--check", LOG_LEVEL="loud")
    assert done.returncode == 2
    assert done.stderr == "obctl serve: LOG_LEVEL: 'loud' must be debug, info, warning or error\n"


@pytest.mark.parametrize("listener", ["tcp", "grpc", "http", "metrics"])
def test_a_port_that_is_taken(listener: str) -> None:
    """The others are closed again, and the process ends."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = run("serve", *FREE, f"--{listener}", address)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(rf"obctl serve: {listener}: cannot listen on {address}: .*in use.*\n", done.stderr), done.stderr


def test_the_usual_port_of_the_page_is_taken() -> None:
    """By whomever: an exchange does not stand still for that."""
    with ExitStack() as stack:
        with suppress(OSError):  # it is another's already
            stack.enter_context(socket.create_server(("127.0.0.1", 8080)))
        server = stack.enter_context(serving(*FREE[:4], "--metrics", "none", OBCTL_SERVE_HTTP=""))
        assert server.addresses["http"] == "none"
        warning = next(event for event in server.events if event["level"] == "warning")
        assert (warning["event"], warning["listener"]) == ("address taken: going on without", "http")
        assert server.ask("P") == ["PONG 0"]


def test_a_host_that_is_not_there() -> None:
    done = run("serve", *FREE, "--insecure", "--tcp", "no-such-host.invalid:0")
    assert done.returncode == 2
    assert re.fullmatch(r"obctl serve: tcp: cannot listen on no-such-host\.invalid:0: .+\n", done.stderr), done.stderr


def limited(*limits: str) -> list[str]:
    """Return the beginning of a command that runs under limits, in the words of the shell's ulimit."""
    return ["sh", "-c", "".join(f"ulimit {limit}; " for limit in limits) + 'exec "$@"', "sh"]


def test_more_events_than_memory() -> None:
    done = subprocess.run(
        [*limited("-v 8388608"), *OBCTL, "serve", *TCP_ALONE, "--event-capacity", str(2**32)],
        env=CLEAN,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 2
    assert done.stderr == "obctl serve: event_capacity: no memory for 4294967296 events\n"


def test_a_library_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    from obctl import libraries

    monkeypatch.setattr(libraries, "find_spec", lambda name: None if name == "grpc" else object())
    result = obctl("serve")
    assert result.exit_code == 2
    assert result.stderr == "obctl serve: the server needs grpc: pip install 'obctl[server]'\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_life(number: signal.Signals) -> None:
    """All listeners come up on free ports, serve, and go within 5 seconds, with clients connected."""
    with serving(*FREE, "--instrument", "BTC-USD", "--instrument", "ETH-USD") as server:
        addresses = {name: server.addresses[name] for name in ("tcp", "grpc", "metrics")}
        assert all(re.fullmatch(r"127\.0\.0\.1:[1-9]\d*", address) for address in addresses.values())
        assert server.addresses["instruments"] == ["BTC-USD", "ETH-USD"]
        assert server.ask("I", "A 1 0 2000", "N 1 1 B 100 5") == [
            "INSTRUMENTS BTC-USD:BTC:USD ETH-USD:ETH:USD",
            "BAL 1 0 0 2000 0",
            "EXEC 0 REST 1 B 100 5",
        ]
        with urllib.request.urlopen(f"http://{addresses['metrics']}/metrics", timeout=SECONDS) as answer:
            figures = answer.read().decode()
        assert 'matching_orders_submitted_total{instrument="BTC-USD"} 1.0' in figures
        assert 'obctl_connections{transport="grpc"}' in figures
        host, _, port = addresses["tcp"].rpartition(":")
        with socket.create_connection((host, int(port)), SECONDS) as idle:
            assert server.end(number) < 5
            assert idle.makefile().read() == "BYE\n"
        assert server.process.returncode == 0
        names = [event["event"] for event in server.events]
        assert names[0] == "listening"
        assert names[1:] == ["connected", "disconnected", "connected", "stopping", "disconnected", "stopped"]
        assert server.events[4]["signal"] == number.name
        assert {event["level"] for event in server.events} == {"info"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_who_asks_more_than_once_gets_the_same_end(number: signal.Signals) -> None:
    with serving(*FREE) as server:
        while server.process.poll() is None:
            server.process.send_signal(number)
            time.sleep(0.002)
        assert server.process.returncode == 0


def test_grpc_answers() -> None:
    import grpc

    from orderbook_wire.v1 import orderbook_pb2, orderbook_pb2_grpc

    with serving(*FREE) as server, grpc.insecure_channel(server.addresses["grpc"]) as channel:
        stub = orderbook_pb2_grpc.OrderBookServiceStub(channel)  # type: ignore[no-untyped-call]
        answer = stub.CreditAccount(orderbook_pb2.CreditAccountRequest(account_id=1, quote=5), timeout=SECONDS)
        assert answer.balance.available_quote == 5
        assert server.ask("B 1") == ["BAL 1 0 0 5 0"], "both transports have the same exchange"
        assert server.end() < 5
        assert server.process.returncode == 0


@pytest.fixture
def pem(tmp_path: Path) -> dict[str, str]:
    """Return the paths of a server's certificate and key, a client's, and their authority's certificate."""
    authority = trustme.CA()
    paths = {"ca": tmp_path / "ca.pem"}
    authority.cert_pem.write_to_path(paths["ca"])
    for name in ("server", "client"):
        issued = authority.issue_cert("localhost")
        paths |= {f"{name}_cert": tmp_path / f"{name}.pem", f"{name}_key": tmp_path / f"{name}_key.pem"}
        issued.cert_chain_pems[0].write_to_path(paths[f"{name}_cert"])
        issued.private_key_pem.write_to_path(paths[f"{name}_key"])
    return {name: str(path) for name, path in paths.items()}


@pytest.mark.parametrize("mutual", [False, True])
def test_tls(pem: dict[str, str], mutual: bool) -> None:
    """Both transports speak it, and nothing else; where clients need a certificate, those without get nothing."""
    words = ["--tls-cert", pem["server_cert"], "--tls-key", pem["server_key"]]
    with serving(*FREE, *words, *(["--tls-client-ca", pem["ca"]] if mutual else [])) as server:
        assert server.addresses["tls"] is True
        assert answers_over_tls(server, pem, None) == (("", False) if mutual else ("PONG 0", True))
        assert answers_over_tls(server, pem, "client") == ("PONG 0", True)
        with suppress(ConnectionError):
            assert server.ask("N 1 1 B 100 5 LIMIT") == [""]
        assert server.end() < 5
        assert server.process.returncode == 0


def answers_over_tls(server: Server, pem: dict[str, str], client: str | None) -> tuple[str, bool]:
    """Return what TCP answers to P, "" where it does not, and whether gRPC answers."""
    import grpc

    from orderbook_wire.v1 import orderbook_pb2, orderbook_pb2_grpc

    context = ssl.create_default_context(cafile=pem["ca"])
    key, chain = None, None
    if client:
        context.load_cert_chain(pem[f"{client}_cert"], pem[f"{client}_key"])
        key, chain = (Path(pem[f"{client}_{part}"]).read_bytes() for part in ("key", "cert"))
    host, _, port = server.addresses["tcp"].rpartition(":")
    tcp = ""
    with (
        suppress(OSError),
        socket.create_connection((host, int(port)), SECONDS) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        secure.sendall(b"P\n")
        tcp = secure.recv(100).decode().strip()
    credentials = grpc.ssl_channel_credentials(Path(pem["ca"]).read_bytes(), key, chain)
    options = [("grpc.ssl_target_name_override", "localhost")]
    with grpc.secure_channel(server.addresses["grpc"], credentials, options) as channel:
        stub = orderbook_pb2_grpc.OrderBookServiceStub(channel)  # type: ignore[no-untyped-call]
        try:
            return tcp, bool(stub.Snapshot(orderbook_pb2.SnapshotRequest(), timeout=SECONDS).status.ok)
        except grpc.RpcError:
            return tcp, False


def test_listeners_open_in_order() -> None:
    """Metrics, HTTP, gRPC, TCP: said at debug level as each opens."""
    with serving(*FREE, "--log-level", "debug") as server:
        opened = [event["listener"] for event in server.events if event["event"] == "listener open"]
        assert opened == ["metrics", "http", "grpc", "tcp"]


def test_listeners_that_are_not_wanted() -> None:
    with serving(*TCP_ALONE) as server:
        assert (server.addresses["grpc"], server.addresses["metrics"]) == ("none", "none")
        assert server.ask("P") == ["PONG 0"]


def test_a_client_that_does_not_read_does_not_hold_up_the_end() -> None:
    with serving(*TCP_ALONE) as server:
        host, _, port = server.addresses["tcp"].rpartition(":")
        with socket.create_connection((host, int(port)), SECONDS) as deaf:
            deaf.setblocking(False)
            waited = 0
            while waited < 20:  # until neither side's buffers take more
                try:
                    deaf.send(b"S\n" * 10_000)
                    waited = 0
                except BlockingIOError:
                    time.sleep(0.01)
                    waited += 1
            assert server.end() < 5
            assert server.process.returncode == 0


def test_tokens_are_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "tokens.toml"
    token = run("token", "new", "--role", "trader", "--account", "1", "--name", "alice", "--file", str(file)).stdout
    with serving(*TCP_ALONE, "--tokens", str(file)) as server:
        assert server.addresses["tokens"] is True
        assert server.ask("P") == ["ERR unauthenticated"]
        assert server.ask(f"AUTH {token.strip()}", "P", "A 1 1 1") == ["OK", "PONG 0", "ERR permission_denied"]


def test_warnings_where_strangers_come_in(tmp_path: Path) -> None:
    everywhere = ["--tcp", "0.0.0.0:0", "--grpc", "none", "--metrics", "none"]
    with serving(*everywhere, "--insecure") as server:
        assert server.wait_for("everybody may do everything here: no tokens are asked for")["level"] == "warning"
    (tmp_path / "tokens.toml").touch()
    with serving(*everywhere, "--tokens", str(tmp_path / "tokens.toml")) as server:
        assert server.wait_for("tokens travel in the clear: there is no TLS")["level"] == "warning"


@pytest.mark.parametrize(("hard", "expected", "warned"), [(3000, 2024, False), (1500, 1500, True)])
def test_the_limit_of_open_files_is_raised_as_far_as_it_goes(hard: int, expected: int, warned: bool) -> None:
    process = subprocess.Popen(
        [*limited("-S -n 256", f"-H -n {hard}"), *OBCTL, "serve", *TCP_ALONE, "--connections-max", "1000"],
        stderr=subprocess.PIPE,
        text=True,
        env=CLEAN,
    )
    try:
        server = Server(process)
        assert resource.prlimit(process.pid, resource.RLIMIT_NOFILE) == (expected, hard)
        warnings = [event for event in server.events if event["level"] == "warning"]
        assert [event["limit"] for event in warnings] == ([expected] if warned else [])
    finally:
        process.kill()
        process.communicate()


def test_a_token_is_printed_once_and_works(tmp_path: Path) -> None:
    file = tmp_path / "tokens.toml"
    words = ["--role", "trader", "--account", "7", "--account", "8", "--name", "alice", "--file", str(file)]
    done = run("token", "new", *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"obt_[a-z0-9]+_[\w-]{43}\n", done.stdout)
    access = Tokens.load(file).authenticate(done.stdout.strip())
    assert access
    assert (access.name, access.role, access.accounts) == ("alice", "trader", frozenset({7, 8}))
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--role", "root"], "'root' is not one of"),
        (
            ["--role", "trader"],
            'obctl token new: accounts: is missing: a trader needs a list of account numbers, or "all"',
        ),
        (["--role", "admin", "--account", "7"], "obctl token new: accounts: an admin has all accounts"),
        (["--role", "trader", "--account", "x"], "'x' is neither the number of an account nor all"),
        (["--role", "trader", "--account", str(2**64)], "is neither the number of an account nor all"),
        (["--role", "trader", "--account", "all", "--account", "7"], "--account all goes with no other account"),
        (["--role", "admin", "--name", "a\nb"], "--name must have"),
        (["--role", "admin", "--name", ""], "--name must have"),
    ],
)
def test_tokens_that_cannot_be(tmp_path: Path, words: list[str], message: str) -> None:
    file = tmp_path / "tokens.toml"
    result = obctl("token", "new", "--name", "alice", "--file", file, *words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not file.exists()


def test_a_token_file_that_cannot_be_written(tmp_path: Path) -> None:
    words = ["token", "new", "--role", "admin", "--name", "a", "--file"]
    result = obctl(*words, tmp_path / "no" / "tokens.toml")
    assert result.exit_code == 1
    assert result.stderr.endswith("tokens.toml: No such file or directory\n")
    (tmp_path / "wrong.toml").write_text("[[tokens]]\n")
    result = obctl(*words, tmp_path / "wrong.toml")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
