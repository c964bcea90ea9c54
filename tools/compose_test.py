"""Prove docker-compose.yml and Dockerfile: real parsers read them, and the four services run until trades flow.

python tools/compose_test.py                                      on a base image made here: no registry is asked
python tools/compose_test.py --base python:3.13-slim-bookworm     on one that is here, or can be pulled
python tools/compose_test.py --parse-only

The end of the output says what was parsed and what ran. Exit status: 0 all that can be done here passed, 1 something
failed, or there was not even a parser.
"""

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from container_engines import Engine, local_base, running_engine

ROOT = Path(__file__).resolve().parent.parent
PROJECT = "orderbook-compose-test"
IMAGE = "localhost/orderbook:compose-test"
# What `docker compose` parses with, as a command. Later versions of the command lose the environment's variables.
COMPOSE_GO = "github.com/compose-spec/compose-go/v2/cmd@v2.1.6"
SERVER = "orderbook-server"
AGENTS = ("market-maker", "twap-agent", "passive-buyer")
SECONDS_TO_BE_WELL = 120
SECONDS_TO_TRADE = 60
LOCAL_BUILD_PACKAGES = "gcc libc6-dev python3-dev"  # python3-dev: Debian's Python comes without its headers
WHAT_A_PROCESS_MAY = """
import os, pathlib
lines = pathlib.Path("/proc/self/status").read_text().splitlines()
status = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
try:
    pathlib.Path("/opt/obctl/probe").touch()
    print("the root file system can be written to")
except OSError:
    pass
if os.getuid() != 10001: print("the user is", os.getuid())
if int(status["CapEff"], 16): print("it has capabilities", status["CapEff"])
if status["NoNewPrivs"] != "1": print("it may gain privileges")
"""


class Failed(Exception):
    """Something that is to be proved is not so."""


def say(*words: object) -> None:
    """Print a line at once."""
    print(*words, flush=True)


def wait_until(what: str, is_so: Callable[[], bool], seconds: float) -> None:
    """Wait for something; Failed when it takes too long."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise Failed(f"not within {seconds} s: {what}")
        time.sleep(0.5)
    say(f"  {what}")


# Parsing


def parsers() -> dict[str, list[str]]:
    """Return the parsers of Compose files on this machine: {name: command that `-f FILE` or files are added to}."""
    found = {}
    if command := compose_command():
        version = subprocess.run([*command, "version", "--short"], capture_output=True, text=True, check=False)
        found[f"{' '.join(command)} {version.stdout.strip()}"] = command
    if shutil.which("go"):
        command = ["go", "run", COMPOSE_GO]
        if subprocess.run([*command, "--help"], capture_output=True, check=False).returncode == 0:
            found[f"compose-go {COMPOSE_GO.rpartition('@')[2]}"] = command
    return found


def compose_command() -> list[str] | None:
    """Return the command that is Compose here."""
    if shutil.which("docker"):
        plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
        if plugin.returncode == 0:
            return ["docker", "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") else None


def parse(command: list[str], *files: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Have a parser read files."""
    words = list(map(str, files))
    if command[0] != "go":
        words = [*(f"--file={file}" for file in files), "config", "--quiet"]
    env = os.environ | {"COMPOSE_PROJECT_NAME": PROJECT} | environment
    return subprocess.run([*command, *words], cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def check_parser(name: str, command: list[str]) -> None:
    """See that a parser takes our files, and that it does not take just anything."""
    file, tls = ROOT / "docker-compose.yml", ROOT / "docker" / "tls.yml"
    for what, done in {
        "docker-compose.yml": parse(command, file),
        "with the profile monitoring": parse(command, file, COMPOSE_PROFILES="monitoring"),
        "with docker/tls.yml": parse(command, file, tls, CERTIFICATES="/certificates", AGENT_TOKEN="token"),
    }.items():
        if done.returncode:
            raise Failed(f"{name} refuses {what}: {done.stderr.strip()}")
    with tempfile.TemporaryDirectory() as folder:
        broken = Path(folder, "docker-compose.yml")
        broken.write_text(file.read_text().replace("stop_grace_period:", "stop_grace_periods:"))
        if parse(command, broken).returncode == 0:
            raise Failed(f"{name} takes a file with a misspelt key")
    say(f"  {name}: takes the files, and refuses one with a misspelt key")


# Running


class Stack:
    """The services as containers."""

    def __init__(self, engine: Engine, compose: list[str]) -> None:
        self.engine, self._compose = engine, compose
        names = ("TCP", "GRPC", "METRICS")
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        variables = {f"ORDERBOOK_{name}_PORT": str(port) for name, port in self.ports.items()}
        variables |= {"ORDERBOOK_IMAGE": IMAGE, "COMPOSE_PROJECT_NAME": PROJECT, "COMPOSE_HTTP_TIMEOUT": "120"}
        self._environment = engine.environment | variables
        self.last_sequence = 0.0  # of the events when the server was last stopped

    def compose(self, *words: str) -> str:
        """Run Compose to its end."""
        command = [*self._compose, *words]
        done = subprocess.run(command, cwd=ROOT, env=self._environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failed(f"{' '.join(command)}: {done.stdout[-2000:]} {done.stderr[-2000:]}")
        return done.stdout

    def container(self, service: str) -> str:
        """Return the id of a service's container, "" before there is one."""
        return self.compose("ps", "--quiet", service).strip()

    def up(self) -> None:
        """Start everything, each when those that it depends on are healthy."""
        command = [*self._compose, "up", "--detach", "--no-build"]
        with tempfile.TemporaryFile("w+") as output:
            process = subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=output, stderr=output)
            try:
                wait_until("compose up has ended", lambda: self.has_ended(process), SECONDS_TO_BE_WELL)
            finally:
                process.kill()
                process.wait()
                output.seek(0)
                printed = output.read()
        if process.returncode:
            raise Failed(f"compose up: {printed[-2000:]}")

    def has_ended(self, process: subprocess.Popen[bytes]) -> bool:
        """Tell whether Compose has ended; meanwhile health checks go on."""
        if process.poll() is None:
            self.engine.check_health([it for it in map(self.container, (SERVER, *AGENTS)) if it])
        return process.poll() is not None

    def is_well(self, service: str) -> bool:
        """Tell whether a service is healthy now."""
        container = self.container(service)
        self.engine.check_health([container])
        return self.engine.health(container) == "healthy"

    def metric(self, name: str) -> float:
        """Return a metric of the server, summed over its labels, from the port published on loopback."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['METRICS']}/metrics", timeout=5) as answer:
            return total(answer.read().decode(), name)

    def agent_metric(self, service: str, name: str) -> float:
        """Return a metric of an agent, from within its container: nothing of it is published."""
        code = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:9100/metrics').read().decode())"
        return total(self.engine.run("exec", self.container(service), "python3", "-c", code).stdout, name)


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def total(page: str, name: str) -> float:
    """Return the sum of a metric's samples on a page."""
    return sum(float(number) for number in re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", page, re.MULTILINE))


def build(engine: Engine, base: str | None) -> bool:
    """Build the image; False where there is no base to build it on."""
    arguments = {}
    if base is None:
        base = local_base(engine)
        arguments["BUILD_PACKAGES"] = LOCAL_BUILD_PACKAGES
    if base is None:
        return False
    say(f"Building the image on {base}")
    engine.build(IMAGE, ROOT, arguments | {"BASE_IMAGE": base})
    if engine.run(
        "run", "--rm", "--entrypoint", "sh", IMAGE, "-c", "command -v gcc || command -v cc", check=False
    ).stdout:
        raise Failed("there is a compiler in the image")
    user = engine.inspect(IMAGE)["Config"]["User"]
    if user != "10001:10001":
        raise Failed(f"the image's user is {user!r}")
    say(f"  {IMAGE}: {engine.inspect(IMAGE)['Size'] / 1e6:.0f} MB, user {user}, no compiler")
    return True


def run_services(stack: Stack) -> None:
    """Start the services, see them trade, recover and end; always leave nothing behind."""
    try:
        stack.compose("down", "--volumes")
        stack.up()
        for service in (SERVER, *AGENTS):
            wait_until(f"{service} is healthy", lambda service=service: stack.is_well(service), SECONDS_TO_BE_WELL)
        check_trades(stack)
        check_confinement(stack)
        check_restart(stack)
        check_stop(stack)
        check_kept(stack)
    except Exception:
        for service in (SERVER, *AGENTS):
            if container := stack.container(service):
                print(stack.engine.run("logs", "--tail", "20", container, check=False).stderr, file=sys.stderr)
        raise
    finally:
        stack.compose("down", "--volumes")


def check_trades(stack: Stack) -> None:
    """See that trades flow, and that each agent has its part."""
    trades = "matching_trades_executed_total"
    wait_until(f"{trades} > 0", lambda: stack.metric(trades) > 0, SECONDS_TO_TRADE)
    for agent in AGENTS:
        filled = f"{agent}: agent_filled_lots_total > 0"
        wait_until(
            filled, lambda agent=agent: stack.agent_metric(agent, "agent_filled_lots_total") > 0, SECONDS_TO_TRADE
        )


def check_confinement(stack: Stack) -> None:
    """See what the containers may: Compose's settings are in force."""
    for service in (SERVER, *AGENTS):
        container = stack.container(service)
        if complaints := stack.engine.run("exec", container, "python3", "-c", WHAT_A_PROCESS_MAY).stdout:
            raise Failed(f"{service}: {complaints}")
        about = stack.engine.inspect(container)
        hosts = {
            binding["HostIp"] for each in (about["NetworkSettings"]["Ports"] or {}).values() for binding in each or []
        }
        if hosts - {"127.0.0.1"}:
            raise Failed(f"{service} is published on {hosts}")
        if not about["HostConfig"]["Memory"]:
            raise Failed(f"{service} may take any amount of memory")
    say("  read-only, uid 10001, no capabilities, no new privileges, memory limits, ports on loopback alone")


def check_restart(stack: Stack) -> None:
    """See an agent come back that is killed."""
    if os.geteuid() != 0:
        say("  not root: no agent is killed to see it restarted")
        return
    agent = AGENTS[0]
    container = stack.container(agent)
    before = stack.engine.inspect(container)["State"]["Pid"]
    os.kill(before, 9)
    wait_until(
        f"{agent}, killed with -9, runs again",
        lambda: stack.engine.inspect(container)["State"]["Pid"] not in (0, before),
        SECONDS_TO_BE_WELL,
    )
    wait_until(f"{agent} is healthy", lambda: stack.is_well(agent), SECONDS_TO_BE_WELL)


def check_stop(stack: Stack) -> None:
    """See the agents end with status 0 and no order left in the book, then the server; note how far that came."""
    ids = {service: stack.container(service) for service in (SERVER, *AGENTS)}
    stack.compose("stop", *AGENTS)
    if left := stack.metric("matching_resting_orders"):
        raise Failed(f"{left:g} orders are left in the book")
    stack.last_sequence = stack.metric("matching_last_sequence")
    stack.compose("stop", SERVER)
    statuses = {service: stack.engine.inspect(container)["State"]["ExitCode"] for service, container in ids.items()}
    if any(statuses.values()):
        raise Failed(f"not all ended with 0: {json.dumps(statuses)}")
    say("  stopped: no order is left in the book, all ended with 0")


def check_kept(stack: Stack) -> None:
    """See the exchange go on where it was, in new containers on the same volume."""
    stack.compose("down")
    stack.up()
    wait_until(f"{SERVER} is healthy", lambda: stack.is_well(SERVER), SECONDS_TO_BE_WELL)
    if (found := stack.metric("matching_last_sequence")) < stack.last_sequence:
        raise Failed(f"the exchange was at event {stack.last_sequence:g}, and began again at {found:g}")
    say("  down and up: the exchange went on where it was")


def main() -> None:
    """Do what can be done here, and say what was done."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--base", help="the base image; by default one is made with debootstrap")
    arguments.add_argument("--parse-only", action="store_true", help="run nothing")
    given = arguments.parse_args()
    try:
        parsed = parse_all()
        ran = "nothing, as asked" if given.parse_only else run_all(given.base)
    except (Failed, subprocess.CalledProcessError) as error:
        sys.exit(f"FAILED: {error}")
    say(f"Parsed by: {parsed}\nRan: {ran}")


def parse_all() -> str:
    """Have all parsers read the files; return their names."""
    found = parsers()
    if not found:
        raise Failed("no parser of Compose files is here: install docker-compose, or Docker's plugin, or Go")
    say("Parsing")
    for name, command in found.items():
        check_parser(name, command)
    return ", ".join(found)


def run_all(base: str | None) -> str:
    """Build and run with what is here; return what ran."""
    compose = compose_command()
    if compose is None:
        return "nothing: neither docker compose nor docker-compose is here"
    with running_engine() as engine:
        if engine is None:
            return "nothing: no Docker daemon answers, and podman is not here"
        name = engine.version()
        if not build(engine, base):
            return f"nothing: {name} is here, but no base image: give --base, or run as root where debootstrap is"
        say(f"Running the services on {name}")
        run_services(Stack(engine, compose))
        asked = (
            "asked for by this test: podman has no timers of its own" if engine.command == "podman" else "by the daemon"
        )
        return f"the image and four services on {name}, by {' '.join(compose)}; health checks {asked}"


if __name__ == "__main__":
    main()
