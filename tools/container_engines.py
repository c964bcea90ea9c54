"""What runs containers on this machine: a Docker daemon that answers, or podman behind the same kind of socket.

Both take the ordinary commands of `docker` and of Compose. podman asks systemd to run health checks at their times;
where there is none nobody does, and so `PodmanEngine.check_health` runs them, as they are written.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SECONDS_TO_START = 30
LIMIT = 4096  # of files and processes in a container under podman: plenty here, and no more than machines allow


class Engine:
    """A Docker daemon. environment: what its commands and Compose run with."""

    command = "docker"

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of the engine to its end; CalledProcessError where it fails, unless told otherwise."""
        done = subprocess.run([self.command, *words], capture_output=True, text=True, env=self.environment, check=False)
        if check and done.returncode:
            print(done.stdout[-2000:], done.stderr[-2000:], file=sys.stderr)
            done.check_returncode()
        return done

    def build(self, image: str, folder: Path, arguments: dict[str, str]) -> None:
        """Build an image, with the machine's own network."""
        words = [word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")]
        self.run("build", "--network=host", "-t", image, *self.build_options(), *words, str(folder))

    def build_options(self) -> list[str]:
        """Return what builds ask for besides."""
        return []

    def version(self) -> str:
        """Return what the engine calls itself."""
        return f"Docker {self.run('version', '--format', '{{.Server.Version}}').stdout.strip()}"

    def inspect(self, container: str) -> dict[str, Any]:
        """Return all that the engine knows of a container."""
        return json.loads(self.run("inspect", container).stdout)[0]

    def check_health(self, containers: list[str]) -> None:
        """See that health checks are run: Docker does it by itself."""

    def health(self, container: str) -> str:
        """Return `starting`, `healthy` or `unhealthy`."""
        state = self.inspect(container)["State"]
        return (state.get("Health") or state["Healthcheck"])["Status"]


class PodmanEngine(Engine):
    """podman."""

    command = "podman"

    def version(self) -> str:
        """Return what the engine calls itself."""
        return f"podman {self.run('version', '--format', '{{.Client.Version}}').stdout.strip()}"

    def build_options(self) -> list[str]:
        """Ask for the format that keeps health checks."""
        return ["--format=docker"]

    def check_health(self, containers: list[str]) -> None:
        """Run the health checks once, in the place of systemd's timers."""
        for container in containers:
            self.run("healthcheck", "run", container, check=False)


@contextmanager
def running_engine() -> Iterator[Engine | None]:
    """Give the engine of this machine, or None; podman's socket is there while the block lasts."""
    docker = Engine(dict(os.environ))
    if shutil.which("docker") and docker.run("version", check=False).returncode == 0:
        yield docker
    elif shutil.which("podman"):
        with tempfile.TemporaryDirectory() as folder, podman_socket(Path(folder)) as engine:
            yield engine
    else:
        yield None


@contextmanager
def podman_socket(folder: Path) -> Iterator[PodmanEngine]:
    """Serve Docker's interface with podman on a socket in a folder."""
    configuration, socket = folder / "containers.conf", folder / "podman.sock"
    configuration.write_text(podman_configuration())
    environment = os.environ | {"CONTAINERS_CONF": str(configuration), "DOCKER_HOST": f"unix://{socket}"}
    service = subprocess.Popen(
        ["podman", "system", "service", "--time=0", f"unix://{socket}"], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + SECONDS_TO_START
        while not socket.exists():
            if service.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("podman system service did not open its socket")
            time.sleep(0.1)
        yield PodmanEngine(environment)
    finally:
        service.terminate()
        service.wait()


def podman_configuration() -> str:
    """Return settings with which containers start where limits cannot be raised and cgroups are of version 1."""
    lines = ["[containers]", f'default_ulimits = ["nofile={LIMIT}:{LIMIT}", "nproc={LIMIT}:{LIMIT}"]']
    if shutil.which("runc") and not Path("/sys/fs/cgroup/cgroup.controllers").exists():
        lines += ["[engine]", 'runtime = "runc"']  # crun refuses cgroups of both versions side by side
    return "\n".join(lines) + "\n"


def local_base(engine: Engine) -> str | None:
    """Return a slim Debian with Python as an image made on this machine, for where no registry can be asked.

    It is made once, with debootstrap as root, and trusts the authorities that the machine trusts. None: cannot be made.
    """
    release = dict(
        line.partition("=")[::2] for line in Path("/etc/os-release").read_text().replace('"', "").splitlines()
    )
    suite = release["VERSION_CODENAME"] if release.get("ID") == "debian" else "bookworm"
    image = f"localhost/orderbook-base:{suite}"
    if engine.run("image", "inspect", image, check=False).returncode == 0:
        return image
    if not shutil.which("debootstrap") or os.geteuid() != 0:
        return None
    print(f"Making the base image {image}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        root, archive = Path(folder, "root"), Path(folder, "base.tar")
        make_root(root, suite)
        left_out = [f"--exclude=./{name}/*" for name in ("proc", "sys", "dev", "var/cache/apt", "var/lib/apt/lists")]
        subprocess.run(["tar", "-C", root, *left_out, "-cf", archive, "."], check=True)
        engine.run("import", str(archive), image)
    return image


def make_root(root: Path, suite: str) -> None:
    """Put a small Debian with Python into a folder."""
    packages = "--include=ca-certificates,python3,python3-venv"
    subprocess.run(["debootstrap", "--variant=minbase", packages, suite, root], stdout=subprocess.DEVNULL, check=True)
    authorities = Path("etc/ssl/certs/ca-certificates.crt")
    shutil.copy("/" / authorities, root / authorities)
