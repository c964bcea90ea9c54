"""Put generated C files where Cython's plugin for coverage looks for them: beside each .pyx and each .pxd.

    python tools/place_c_files.py build/cython-coverage    (from the folder of the packages)

The plugin reads in them which lines can be executed. A .pxd without a .pyx has no C file of its own: it gets that of
the module that took in the most of its inline code.
"""

import shutil
import sys
from pathlib import Path


def main() -> None:
    """Copy the C files of the folder that the command line names."""
    folder = Path(sys.argv[1])
    texts = {path: path.read_text() for path in sorted(folder.rglob("*.c"))}
    for path in texts:
        shutil.copy(path, path.relative_to(folder))
    for package in ("orderbook", "orderbook_server", "agents", "obctl"):
        for header in Path(package).rglob("*.pxd"):
            if not header.with_suffix(".c").exists():
                mark = f'/* "{header.as_posix()}":'
                most = max(texts, key=lambda path, mark=mark: texts[path].count(mark))
                shutil.copy(most, header.with_suffix(".c"))


if __name__ == "__main__":
    main()
