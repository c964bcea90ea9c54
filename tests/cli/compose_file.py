"""docker-compose.yml as tests use it: read as Compose does, and its services run as processes of this machine."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*)|:\?[^}]*)?\}")
PORTS = ("9000", "50051", "8080", "9100")
SERVER = "orderbook-server"
ADDRESS = re.compile(rf"\b(?P<host>{SERVER}|127\.0\.0\.1|0\.0\.0\.0):(?P<port>{'|'.join(PORTS)})\b")
AGENTS = ("market-maker", "twap-agent", "passive-buyer")
MACHINE = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {"PYTHONPATH": str(ROOT)}


def read_services(*files: str, **variables: str) -> dict[str, dict[str, Any]]:
    """Return the services of Compose files, anchors and variables resolved; of several files the last one counts.

    A variable that is neither given nor has a default is an error.
    """
    services: dict[str, dict[str, Any]] = {}
    for file in files:
        for name, service in with_values(yaml.safe_load((ROOT / file).read_text())["services"], variables).items():
            before = services.setdefault(name, {})
            environment = before.get("environment", {}) | service.get("environment", {})
            before |= service | {"environment": environment}
    return services


def with_values(node: Any, variables: dict[str, str]) -> Any:
    """Return a part of the file with values in the place of variables."""
    if isinstance(node, dict):
        return {key: with_values(value, variables) for key, value in node.items()}
    if isinstance(node, list):
        return [with_values(value, variables) for value in node]
    return VARIABLE.sub(lambda match: value_of(match, variables), node) if isinstance(node, str) else node


def value_of(match: re.Match[str], variables: dict[str, str]) -> str:
    """Return what stands for ${NAME}, ${NAME:-default} or ${NAME:?}."""
    if match["name"] in variables:
        return variables[match["name"]]
    assert match["default"] is not None, f"{match['name']} is needed"
    return match["default"]


class LocalStack:
    """The services as processes, each with its own ports on 127.0.0.1; all else is as the Compose file has it.

    `folder`: where they work, in the place of the volume, and where their logs are.
    """

    def __init__(self, services: dict[str, dict[str, Any]], folder: Path) -> None:
        self.services = {name: services[name] for name in (SERVER, *AGENTS)}
        self.ports = dict(zip(self.services, map(free_ports, [len(PORTS)] * len(self.services)), strict=True))
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._folder = folder

    def words_of(self, service: str, words: list[str]) -> list[str]:
        """Return words of a service as they are for a process: the server's name is an address, its ports others."""
        return [
            ADDRESS.sub(
                lambda m: f"127.0.0.1:{self.ports[SERVER if m['host'] == SERVER else service][m['port']]}", word
            )
            for word in words
        ]

    def environment_of(self, service: str) -> dict[str, str]:
        """Return a service's environment for a process; METRICS_PORT is a port without an address."""
        given = self.services[service].get("environment", {})
        environment = dict(zip(given, self.words_of(service, list(given.values())), strict=True))
        if environment.get("METRICS_PORT") in PORTS:
            environment["METRICS_PORT"] = self.ports[service][environment["METRICS_PORT"]]
        return MACHINE | environment

    def start(self, service: str) -> None:
        """Start a service's command, which the image's entry point gets."""
        words = self.words_of(service, self.services[service]["command"])
        with (self._folder / f"{service}.log").open("wb") as log:
            self.processes[service] = subprocess.Popen(
                [sys.executable, "-m", "obctl", *words],
                env=self.environment_of(service), cwd=self._folder, stdout=log, stderr=log,
            )  # fmt: skip

    def check_health(self, service: str) -> subprocess.CompletedProcess[str]:
        """Run a service's health check as Compose has it written."""
        kind, program, *words = self.services[service]["healthcheck"]["test"]
        assert (kind, program) == ("CMD", "obctl")
        command = [sys.executable, "-m", "obctl", *self.words_of(service, words)]
        environment = self.environment_of(service)
        return subprocess.run(
            command, capture_output=True, text=True, env=environment, cwd=self._folder, timeout=30, check=False
        )

    def log(self, service: str) -> str:
        """Return what a service has logged."""
        return (self._folder / f"{service}.log").read_text()


def free_ports(count: int) -> dict[str, str]:
    """Return free ports in the place of PORTS."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return {name: str(each.getsockname()[1]) for name, each in zip(PORTS, sockets, strict=True)}


@contextmanager
def local_stack(services: dict[str, dict[str, Any]], folder: Path) -> Iterator[LocalStack]:
    """Give a stack that is not started; its processes are gone after the block."""
    stack = LocalStack(services, folder)
    try:
        yield stack
    finally:
        for process in stack.processes.values():
            process.kill()
            process.wait()
