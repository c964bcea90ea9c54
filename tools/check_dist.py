"""Check a folder with one sdist and one wheel: what they hold, and that the wheel works in an environment of its own.

python tools/check_dist.py dist
"""

import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("orderbook", "orderbook_server", "orderbook_wire", "agents", "obctl")
INSTALLED = {".py", ".pxd", ".pyi", ".typed"}
PAGE = {".html", ".css", ".js", ".svg", ".md", ""}  # "": the licence of a vendored file
TEST_FILES = {".py", ".txt"}
TRY_IT = """
import orderbook, orderbook_wire
engine = orderbook.MatchingEngine()
engine.submit_limit(1, orderbook.Side.ASK, 101, 5)
assert [fill.quantity for fill in engine.submit_market(2, orderbook.Side.BID, 3).fills] == [3]
engine.check()
print(f"orderbook works from {orderbook.__path__[0]}")
"""


def files_below(*folders: str, suffixes: set[str]) -> set[str]:
    """Return the files of some folders of the repository that have one of the suffixes, as paths in it."""
    paths = (path for folder in folders for path in (ROOT / folder).rglob("*"))
    return {path.relative_to(ROOT).as_posix() for path in paths if path.is_file() and path.suffix in suffixes}


def sdist_faults(path: Path) -> list[str]:
    """Return what an sdist lacks, and what it should not hold."""
    with tarfile.open(path) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    wanted = files_below(*PACKAGES, suffixes=INSTALLED | {".pyx"}) | files_below("tests", suffixes=TEST_FILES)
    wanted |= files_below("proto", suffixes={".proto"}) | files_below("orderbook_server/web", suffixes=PAGE)
    wanted |= {"setup.py", "pyproject.toml", "Makefile", "constraints.txt", "LICENSE", "README.md"}
    return [f"{path.name} lacks {name}" for name in sorted(wanted - held)] + unwanted(path, held, {".so", ".c"})


def wheel_faults(path: Path) -> list[str]:
    """Return what a wheel lacks, and what it should not hold."""
    held = set(zipfile.ZipFile(path).namelist())
    compiled = {name.partition(".")[0] for name in held if name.endswith(".so")}
    modules = {name.removesuffix(".pyx") for name in files_below(*PACKAGES, suffixes={".pyx"})}
    wanted = files_below(*PACKAGES, suffixes=INSTALLED) | files_below("orderbook_server/web", suffixes=PAGE)
    strangers = {name for name in held if not name.startswith((*[f"{package}/" for package in PACKAGES], "obctl-"))}
    return [
        *[f"{path.name} lacks {name}" for name in sorted(wanted - held)],
        *[f"{path.name} lacks the compiled {name}" for name in sorted(modules - compiled)],
        *[f"{path.name} holds {name}" for name in sorted(strangers)],
        *unwanted(path, held, {".c", ".pyx"}),
    ]


def unwanted(path: Path, held: set[str], suffixes: set[str]) -> list[str]:
    """Return complaints about the files in an archive whose kind should not be there."""
    return [f"{path.name} holds {name}" for name in sorted(held) if Path(name).suffix in suffixes]


def try_wheel(path: Path) -> None:
    """Install a wheel into a fresh environment, and use it from a folder outside the repository."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(Path(folder, "venv"), with_pip=True)
        python = Path(folder, "venv", "bin", "python")
        pip = [python, "-m", "pip", "--disable-pip-version-check", "-q", "install", "-c", ROOT / "constraints.txt"]
        for command in (
            [*pip, path.resolve()],
            [python, "-I", "-c", TRY_IT],
            [python.with_name("obctl"), "--version"],
            [python.with_name("obctl"), "--help"],
            [python.with_name("obctl"), "generate", "flow.bin", "--commands", "1000"],
            [python.with_name("obctl"), "replay", "flow.bin"],
        ):
            subprocess.run(command, cwd=folder, check=True)


def main() -> None:
    """Check the folder that the command line names."""
    folder = Path(sys.argv[1])
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    if faults := sdist_faults(sdist) + wheel_faults(wheel):
        sys.exit("\n".join(faults))
    try_wheel(wheel)
    print(f"{sdist.name} and {wheel.name} hold what they should, and the wheel works")


if __name__ == "__main__":
    main()
