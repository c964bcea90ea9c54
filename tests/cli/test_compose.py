"""docker-compose.yml, Dockerfile and what belongs to them: as files, and as processes without containers.

Containers themselves: `make compose-test`.
"""

import json
import re
import signal
import time
import tomllib
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from obctl.commands.agent import BUYER, MAKER, SHARED, TWAP
from orderbook_server.config import ENVIRONMENT_PREFIX, settings_by_key

from .compose_file import AGENTS, ROOT, SERVER, LocalStack, local_stack, read_services

SECONDS = 60
STOP_SECONDS = 10
KNOWN_VARIABLES = {
    ("serve",): {f"{ENVIRONMENT_PREFIX}{key.upper()}" for key in (*settings_by_key(), "config")} | {"LOG_LEVEL"},
    **{
        ("agent", name): {entry.variable for each in (reader, SHARED[reader]) for entry in each.entries}
        for name, reader in (("market-maker", MAKER), ("twap", TWAP), ("passive-buyer", BUYER))
    },
}
SERVICES = read_services("docker-compose.yml")
TLS = {"CERTIFICATES": "/certificates", "AGENT_TOKEN": "token"}
BOARD = json.loads((ROOT / "docker/grafana/dashboards/orderbook.json").read_text())
FUNCTIONS = {"rate", "sum", "by", "histogram_quantile", "ignoring"}


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Wait for something that comes within a minute."""
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline, f"not within {SECONDS} s: {what}"
        time.sleep(0.1)


def metrics_page(stack: LocalStack, service: str) -> str:
    """Return a service's page of metrics."""
    with urllib.request.urlopen(f"http://127.0.0.1:{stack.ports[service]['9100']}/metrics", timeout=5) as answer:
        return answer.read().decode()


def metric(stack: LocalStack, service: str, name: str) -> float:
    """Return the sum of a metric's samples."""
    samples = re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", metrics_page(stack, service), re.MULTILINE)
    assert samples, f"{service} has no {name}"
    return sum(map(float, samples))


@pytest.mark.parametrize("files", [["docker-compose.yml"], ["docker-compose.yml", "docker/tls.yml"]])
def test_every_variable_is_one_that_the_command_reads(files: list[str]) -> None:
    for name, service in read_services(*files, **TLS).items():
        if "profiles" not in service:
            unknown = service["environment"].keys() - KNOWN_VARIABLES[tuple(service["command"])]
            assert not unknown, f"{name} does not read {unknown}"


def test_values_are_strings() -> None:
    for name, service in SERVICES.items():
        for variable, value in service["environment"].items():
            assert isinstance(value, str), f"{name}: {variable} is {value!r}, which parsers may write in other ways"


def test_ports_are_published_on_loopback_alone() -> None:
    published = {port for service in SERVICES.values() for port in service.get("ports", [])}
    assert {port.rpartition(":")[2] for port in published} == {"9000", "50051", "8080", "9100", "9090", "3000"}
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert not [name for name in AGENTS if "ports" in SERVICES[name]]


def test_metrics_stay_on_loopback_whatever_is_asked() -> None:
    ports = read_services("docker-compose.yml", ORDERBOOK_BIND="0.0.0.0")[SERVER]["ports"]
    assert [port.partition(":")[0] for port in ports] == ["0.0.0.0", "0.0.0.0", "0.0.0.0", "127.0.0.1"]


@pytest.mark.parametrize("name", SERVICES)
def test_services_are_confined_and_limited(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "cpus", "pids_limit", "stop_grace_period"} <= service.keys()
    assert service["restart"] == "unless-stopped"
    assert not {"privileged", "cap_add", "network_mode", "pid", "ipc", "user", "devices"} & service.keys()


def test_agents_wait_for_a_healthy_server() -> None:
    for name in AGENTS:
        assert SERVICES[name]["depends_on"] == {SERVER: {"condition": "service_healthy"}}
        assert "agent_connected=1" in SERVICES[name]["healthcheck"]["test"]


def test_volumes_are_declared_and_files_are_there() -> None:
    declared = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["volumes"]
    for service in SERVICES.values():
        for source in (volume.partition(":")[0] for volume in service.get("volumes", [])):
            assert (ROOT / source).exists() if source.startswith(".") else source in declared, source
    assert "orderbook:/var/lib/orderbook" in SERVICES[SERVER]["volumes"]


def test_image_is_made_in_stages_and_its_user_is_not_root() -> None:
    final = (ROOT / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    assert re.findall(r"^USER (.*)$", final, re.MULTILINE) == ["10001:10001"]
    assert "gcc" not in final
    assert 'ENTRYPOINT ["obctl"]' in final
    with (ROOT / "pyproject.toml").open("rb") as file:
        assert f"ARG VERSION={tomllib.load(file)['project']['version']}\n" in final


def test_build_context_has_all_that_setup_reads() -> None:
    context = set(re.findall(r"^!(.*)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    with (ROOT / "pyproject.toml").open("rb") as file:
        patterns = tomllib.load(file)["tool"]["setuptools"]["packages"]["find"]["include"]
    packages = {path.parent.name for pattern in patterns for path in ROOT.glob(f"{pattern}/__init__.py")}
    assert context == packages | {"LICENSE", "README.md", "constraints.txt", "pyproject.toml", "setup.py"}


def test_prometheus_reads_every_service() -> None:
    jobs = yaml.safe_load((ROOT / "docker/prometheus.yml").read_text())["scrape_configs"]
    targets = {target for job in jobs for group in job["static_configs"] for target in group["targets"]}
    assert targets == {f"{name}:9100" for name in (SERVER, *AGENTS)}


def test_services_trade_and_leave(tmp_path: Path) -> None:
    with local_stack(SERVICES, tmp_path) as stack:
        assert stack.check_health(SERVER).returncode == 6, "it is not well before it is up"
        stack.start(SERVER)
        wait_until(lambda: stack.check_health(SERVER).returncode == 0, "the server is well")
        for agent in AGENTS:
            stack.start(agent)
        for agent in AGENTS:
            wait_until(lambda agent=agent: stack.check_health(agent).returncode == 0, stack.log(agent))
        wait_until(lambda: metric(stack, SERVER, "matching_trades_executed_total") > 0, "trades")
        for agent in AGENTS:
            wait_until(lambda agent=agent: metric(stack, agent, "agent_filled_lots_total") > 0, f"{agent} trades")
        check_board(stack)
        end(stack, *AGENTS)
        assert metric(stack, SERVER, "matching_resting_orders") == 0
        assert stack.check_health(AGENTS[0]).returncode == 6
        before = metric(stack, SERVER, "matching_last_sequence")
        end(stack, SERVER)
        stack.start(SERVER)
        wait_until(lambda: stack.check_health(SERVER).returncode == 0, "the server is well again")
        assert metric(stack, SERVER, "matching_last_sequence") == before > 0
        end(stack, SERVER)
        assert (tmp_path / "orderbook-data").is_dir(), "where the volume is"


def check_board(stack: LocalStack) -> None:
    """See that each metric of the board is on some page."""
    pages = "".join(metrics_page(stack, service) for service in stack.services)
    expressions = [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]]
    for expression in expressions:
        bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(by|ignoring) ?\([^)]*\)", "", expression)
        for name in set(re.findall(r"[a-z_]{3,}", bare)) - FUNCTIONS:
            assert re.search(rf"^{name}[ {{]", pages, re.MULTILINE), name
        for figure in re.findall(r'name="(\w+)"', expression):
            assert f'name="{figure}"' in pages or figure == "fill_rate", figure  # which comes with the first cycle


def end(stack: LocalStack, *services: str) -> None:
    """Stop services as Compose does, and see them end well."""
    for service in services:
        stack.processes[service].send_signal(signal.SIGTERM)
    for service in services:
        assert stack.processes[service].wait(STOP_SECONDS) == 0, stack.log(service)


def grace_seconds(service: dict[str, Any]) -> int:
    """Return how long Compose waits before it kills."""
    return int(service["stop_grace_period"].removesuffix("s"))


def test_they_are_given_the_time_that_they_may_take_to_stop() -> None:
    assert all(grace_seconds(service) >= STOP_SECONDS for service in SERVICES.values())
