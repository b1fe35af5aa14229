"""What functions cost: a warm one in Rust through the gateway, and a cold one in Python beside its own start.

    CARDEA_BIN=target/release/cardea .venv/bin/python benches/functions.py

The program, its functions with it, has core 0; wrk (Debian: apt-get install wrk) has core 1. Build tests/functions/rust with --release first
(`cargo build --release --manifest-path tests/functions/rust/Cargo.toml --target-dir target/functions`).
"""

from __future__ import annotations

import http.server
import io
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from pathlib import Path
from typing import Callable

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "conformance"))

import clients  # noqa: E402
from bench import Api  # noqa: E402
from functions import Functions, archive  # noqa: E402
from program import Cardea  # noqa: E402

SECONDS = int(os.environ.get("SECONDS", "10"))
COLD = 15
CLIENT = ROOT / "crates" / "deliver" / "src" / "function" / "host" / "clients" / "python.py"
# Its answer is a matter of microseconds beside that.
HANDLER = "def handler(event, context):\n    return {'statusCode': 200, 'body': 'x'}\n"


def program() -> bytes:
    target = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        about = zipfile.ZipInfo("bootstrap")
        about.external_attr, about.compress_type = 0o100755 << 16, zipfile.ZIP_DEFLATED
        made.writestr(about, (target / "functions" / "release" / "rust-function").read_bytes())
    return out.getvalue()


def busy_ns(pid: int) -> int:
    """Processor time of all threads of a process."""
    total = 0
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    except (FileNotFoundError, ProcessLookupError):
        # It has ended in the meantime.
        pass
    return total


def children(pid: int) -> list[int]:
    found = []
    for path in Path("/proc").iterdir():
        try:
            if path.name.isdigit() and (path / "stat").read_text().rpartition(")")[2].split()[1] == str(pid):
                found.append(int(path.name))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def behind(fn: Functions, name: str) -> Api:
    api = Api(fn.cardea)
    fn.permit(name, api.id)
    api.method("/", "GET")
    api.gw.put_integration(**api.at(), type="AWS_PROXY", integrationHttpMethod="POST", uri=fn.uri(name))
    api.deploy()
    return api


def warm(fn: Functions, connections: int) -> None:
    name = fn.make(Code={"ZipFile": program()}, Runtime="provided.al2023", Environment={"Variables": {"PLAIN": "1"}})
    api = behind(fn, name)
    assert api.call("/").status == 200
    host, port = fn.cardea.data

    def load(seconds: int) -> str:
        command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-H", f"Host: {fn.cardea.host(api.id)}", f"http://{host}:{port}/dev/"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    load(2)
    pid = fn.cardea.process.pid
    functions = children(pid)
    before, before_functions = busy_ns(pid), sum(map(busy_ns, functions))
    told = load(SECONDS)
    gateway, own = busy_ns(pid) - before, sum(map(busy_ns, functions)) - before_functions
    count = int(re.search(r"(\d+) requests in", told)[1])
    assert "Non-2xx" not in told, told
    print(f"warm, {connections} connections: {count / SECONDS:,.0f} requests/s on one core; the gateway {gateway / count / 1000:.1f} us, the function {own / count / 1000:.1f} us a request")


def own_start(python: str) -> float:
    """Milliseconds from the start of the same interpreter with the same client and code until it asks for work."""
    done = threading.Event()

    class Runtime(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            done.set()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Runtime) as server, tempfile.TemporaryDirectory() as folder:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (Path(folder) / "index.py").write_text(HANDLER)
        env = {"PATH": os.environ["PATH"], "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_address[1]}"}
        began = time.perf_counter()
        process = subprocess.Popen([python, str(CLIENT), "index.handler"], cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert done.wait(20)
        took = (time.perf_counter() - began) * 1000
        process.kill()
        process.wait()
        server.shutdown()
    return took


def cold(fn: Functions, python: str) -> None:
    through, alone = [], []
    for _ in range(COLD):
        api = behind(fn, fn.make(Code={"ZipFile": archive({"index.py": HANDLER})}))
        began = time.perf_counter()
        assert api.call("/").status == 200
        through.append((time.perf_counter() - began) * 1000)
        alone.append(own_start(python))
    gap = statistics.median(a - b for a, b in zip(through, alone))
    print(f"cold, {Path(python).name}: {statistics.median(through):.1f} ms through the gateway, {statistics.median(alone):.1f} ms alone: {gap:+.1f} ms")


def main() -> None:
    parts = sys.argv[1:] or ["warm", "cold"]
    if "warm" in parts:
        warm_all()
    if "cold" in parts:
        cold_all()


def warm_all() -> None:
    os.sched_setaffinity(0, {0})
    with tempfile.TemporaryDirectory() as home:
        settings = {**clients.settings(), "CARDEA_THREADS": "1", "CARDEA_ACCOUNT_RATE_LIMIT": "0", "CARDEA_LOG_LEVEL": "warn"}
        with Cardea(Path(home) / "warm", **settings) as cardea:
            for connections in (1, 8):
                warm(Functions(cardea), connections)
    os.sched_setaffinity(0, {0, 1})


def cold_all() -> None:
    measure: list[tuple[dict[str, str], Callable[[], str]]] = [
        (clients.settings(), lambda: sys.executable),
        (clients.settings_without_official_ones(), lambda: os.path.realpath(sys.executable)),
    ]
    for settings, python in measure:
        with tempfile.TemporaryDirectory() as home, Cardea(Path(home), **settings) as cardea:
            cold(Functions(cardea), python())


if __name__ == "__main__":
    main()
