"""Build the compiled modules. Metadata lives in pyproject.toml; this file holds extensions and build switches only.

Switches, read from the environment:

    ORDERBOOK_BUILD=release    optimised (the default)
    ORDERBOOK_BUILD=debug      bounds checks, C asserts
    ORDERBOOK_BUILD=coverage   debug with line tracing, which is slow
    ORDERBOOK_BUILD=sanitize   debug checks under AddressSanitizer and UndefinedBehaviorSanitizer
    ORDERBOOK_CANARY=NAME      plant a known bug (see orderbook/canary.pxd) that the tests must catch
"""

import os
import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

BUILD = os.environ.get("ORDERBOOK_BUILD", "release")
CANARY = os.environ.get("ORDERBOOK_CANARY", "")
JOBS = os.cpu_count() or 1

WARNINGS = ["-Wno-unused-function"]  # the layout checks are functions that nobody calls
COMPILE_ARGS = {
    "release": ["-O3", "-g0", "-fno-semantic-interposition", "-fvisibility=hidden"],
    "debug": ["-O1", "-g", "-UNDEBUG"],
    "coverage": ["-O1", "-g0", "-UNDEBUG"],
    "sanitize": [
        *("-O1", "-g", "-UNDEBUG", "-fno-omit-frame-pointer", "-fno-wrapv"),
        *("-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"),
    ],
}
if BUILD not in COMPILE_ARGS:
    sys.exit(f"setup.py: ORDERBOOK_BUILD is {BUILD!r}; it must be one of {', '.join(COMPILE_ARGS)}")

checked = BUILD != "release"
macros = [(f"ORDERBOOK_CANARY_{CANARY.upper()}", "1")] if CANARY else []
if BUILD == "coverage":
    macros.append(("CYTHON_TRACE_NOGIL", "1"))
link_args = ["-fsanitize=address,undefined"] if BUILD == "sanitize" else []

PACKAGES = ("orderbook", "orderbook_server", "agents", "obctl")
modules = [path for package in PACKAGES for path in sorted(Path(package).rglob("*.pyx"))]
extensions = [
    Extension(
        ".".join(path.with_suffix("").parts),
        [str(path)],
        extra_compile_args=COMPILE_ARGS[BUILD] + WARNINGS,
        extra_link_args=link_args,
        define_macros=macros,
    )
    for path in modules
]

if __name__ == "__main__":  # cythonize starts processes, which import this file where they cannot fork
    setup(
        ext_modules=cythonize(
            extensions,
            nthreads=JOBS,
            build_dir=f"build/cython-{BUILD}",
            compiler_directives={
                "language_level": 3,
                "boundscheck": checked,
                "wraparound": False,
                "initializedcheck": checked,
                "cdivision": True,
                "binding": False,  # builtin methods check their self; Cython's own functions would take any object
                "embedsignature": True,
                "embedsignature.format": "clinic",
                "linetrace": BUILD == "coverage",
            },
        ),
        options={"build_ext": {"parallel": JOBS}},
    )
