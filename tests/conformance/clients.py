"""What functions of the tests are run with, beside Python: Node with its official client, and a program by the official Rust client.

./test installs and builds them (`need_clients`). Where they are missing, tests fail in words: none is left out.
"""

from __future__ import annotations

import io
import os
import sys
import zipfile
from pathlib import Path

from functions import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = Path(sys.prefix) / "clients"
NODE_CLIENT = CLIENTS / "node_modules" / ".bin" / "aws-lambda-ric"


def _found(path: Path) -> Path:
    assert path.exists(), f"{path} is missing: ./test conformance installs and builds what functions are run with"
    return path


def node() -> Path:
    """The interpreter."""
    return _found(CLIENTS / "bin" / "node")


def path() -> str:
    """A PATH with Node on it."""
    return f"{node().parent}{os.pathsep}{os.environ['PATH']}"


def settings() -> dict[str, str]:
    """For a program that hosts Node functions with the official client."""
    return {**SETTINGS, "CARDEA_FUNCTION_NODE": str(_found(NODE_CLIENT)), "PATH": path()}


def settings_without_official_ones() -> dict[str, str]:
    """For a program that has to make do with our own clients: the Python below that of these tests, and Node alone."""
    return {**SETTINGS, "CARDEA_FUNCTION_PYTHON": os.path.realpath(sys.executable), "CARDEA_FUNCTION_NODE": "not-there", "PATH": path()}


def rust() -> bytes:
    """The code of tests/functions/rust."""
    target = Path(os.environ.get("CARGO_TARGET_DIR") or "target")
    program = _found((target if target.is_absolute() else ROOT / target) / "functions" / "debug" / "rust-function")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        about = zipfile.ZipInfo("bootstrap")
        about.external_attr, about.compress_type = 0o100755 << 16, zipfile.ZIP_DEFLATED
        made.writestr(about, program.read_bytes())
    return out.getvalue()
