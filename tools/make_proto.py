"""Generate the Python code of the gRPC interface, below a folder: orderbook_wire/v1/orderbook_pb2 and its companions.

python tools/make_proto.py .
"""

import subprocess
import sys
from pathlib import Path

PROTO = Path(__file__).resolve().parent.parent / "proto"


def main() -> None:
    """Generate into the folder that the command line names."""
    out = sys.argv[1]
    options = [f"--python_out={out}", f"--pyi_out={out}", f"--grpc_python_out={out}"]
    # Paths relative to proto/ become the names of the modules that the generated code imports.
    names = sorted(path.relative_to(PROTO).as_posix() for path in PROTO.rglob("*.proto"))
    done = subprocess.run([sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTO}", *options, *names], check=False)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
