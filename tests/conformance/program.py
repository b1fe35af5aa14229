"""The real program: started on free ports with a data directory of its own, and the clients that talk to it."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Callable, Optional, Union

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

import wire

REGION = "us-east-1"
ACCOUNT = "000000000000"
START_SECONDS = 20
STOP_SECONDS = 20
RUN_SECONDS = 20
# What is done with every new client, before it is used.
client_hooks: list[Callable[[Any], None]] = []
LISTENING = re.compile(r"^listening data=http://([\d.]+):(\d+) control=http://([\d.]+):(\d+)(?: data-tls=https://([\d.]+):(\d+))?$")


def binary() -> str:
    """The program under test: $CARDEA_BIN, else the release build of this tree."""
    root = Path(__file__).resolve().parents[2]
    target = Path(os.environ.get("CARGO_TARGET_DIR") or "target")
    return os.environ.get("CARDEA_BIN") or str((target if target.is_absolute() else root / target) / "release" / "cardea")


def clean_env(home: Union[str, Path], **extra: str) -> dict[str, str]:
    """This process's environment without any setting of Cardea's or of an AWS client."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "CARDEA_", "XDG_"))}
    return {**env, "HOME": str(home), **extra}


def run(*arguments: str, home: Union[str, Path], cwd: Optional[Path] = None, stdin: str = "", **extra: str) -> subprocess.CompletedProcess[str]:
    """`cardea arguments…` to its end."""
    return subprocess.run(
        [binary(), *arguments],
        env=clean_env(home, **extra),
        cwd=cwd or home,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )


class NotStarted(Exception):
    """The program ended, or stayed silent, instead of listening."""


class Cardea:
    """One running `cardea serve`. `log()` is everything it said."""

    def __init__(self, home: Path, *arguments: str, account: str = ACCOUNT, **env: str):
        self.home = Path(home)
        self.data_dir = self.home / "data"
        self.arguments = arguments
        self.account = account
        self.env = {"CARDEA_ACCOUNT_ID": account, **env}
        self._clients: dict[tuple[str, str, bool], Any] = {}
        self._lines: list[str] = []
        self.start()

    def __enter__(self) -> "Cardea":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self._clients.clear()
        command = [binary(), "serve", "--data-dir", str(self.data_dir)]
        for flag in ("--listen", "--control"):
            if flag not in self.arguments:
                command += [flag, "127.0.0.1:0"]
        self.process = subprocess.Popen(
            [*command, *self.arguments],
            env=clean_env(self.home, **self.env),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        ready = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(self.process, ready), daemon=True)
        self._reader.start()
        ready.wait(START_SECONDS)
        # Of this process alone: earlier starts of the same program have said theirs, too.
        begin = max(n for n, line in enumerate(self._lines) if line.startswith("── process"))
        found = next((match for line in self._lines[begin:] if (match := LISTENING.match(line))), None)
        if found is None or self.process.poll() is not None:
            self.kill()
            raise NotStarted(self.log())
        self.data = (found[1], int(found[2]))
        self.control = (found[3], int(found[4]))
        self.data_tls = (found[5], int(found[6])) if found[5] else None
        self.control_url = f"http://{found[3]}:{found[4]}"
        self.credentials = self._credentials()

    def _read(self, process: "subprocess.Popen[str]", ready: threading.Event) -> None:
        assert process.stdout is not None
        self._lines.append(f"── process {process.pid}")
        for line in process.stdout:
            self._lines.append(line.rstrip("\n"))
            if LISTENING.match(self._lines[-1]):
                ready.set()
        ready.set()

    def _credentials(self) -> dict[str, str]:
        """What `cardea env` exports, by name."""
        if "CARDEA_ROOT_ACCESS_KEY_ID" in self.env:
            return {"AWS_ACCESS_KEY_ID": self.env["CARDEA_ROOT_ACCESS_KEY_ID"], "AWS_SECRET_ACCESS_KEY": self.env["CARDEA_ROOT_SECRET_ACCESS_KEY"]}
        return self.exports()

    def exports(self) -> dict[str, str]:
        told = run("env", home=self.home, CARDEA_DATA_DIR=str(self.data_dir))
        if told.returncode != 0:
            raise NotStarted(f"cardea env: {told.stderr}\n{self.log()}")
        words = (word for line in told.stdout.splitlines() for word in shlex.split(line, comments=True))
        return dict(word.split("=", 1) for word in words if re.match(r"^[A-Z_]+=", word))

    def kill(self) -> None:
        """Ends it as a power cut would."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(STOP_SECONDS)
        self._reader.join(STOP_SECONDS)

    def stop(self) -> int:
        """Asks it to drain and end; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        self._reader.join(STOP_SECONDS)
        return self.process.returncode

    def log(self) -> str:
        return "\n".join(self._lines[-400:])

    # ── clients ──

    def client(self, service: str = "apigateway", region: str = REGION, check: bool = False, **changes: Any) -> Any:
        """A boto3 client that tries once; `check` leaves the client's own validation of parameters on."""
        slot = (service, region, check)
        if changes or slot not in self._clients:
            made = boto3.session.Session().client(
                service,
                region_name=region,
                **{
                    "endpoint_url": self.control_url,
                    "aws_access_key_id": self.credentials["AWS_ACCESS_KEY_ID"],
                    "aws_secret_access_key": self.credentials["AWS_SECRET_ACCESS_KEY"],
                    "config": Config(retries={"total_max_attempts": 1}, parameter_validation=check, read_timeout=60, max_pool_connections=50),
                    **changes,
                },
            )
            for hook in client_hooks:
                hook(made)
            if changes:
                return made
            self._clients[slot] = made
        return self._clients[slot]

    def host(self, api: str) -> str:
        return f"{api}.execute-api.{REGION}.amazonaws.com"

    def call(self, api: str, target: str, method: str = "GET", headers: Any = None, body: Any = None, **how: Any) -> wire.Answer:
        """One request to the data port for an API, `target` beginning with the stage."""
        lines = list(headers.items()) if isinstance(headers, dict) else list(headers or [])
        return wire.exchange(self.data, method, target, [("Host", self.host(api)), *lines], body, **how)

    def signed(self, method: str, path: str, body: bytes = b"", service: str = "cardea", region: str = REGION, **how: Any) -> wire.Answer:
        """One signed request to the control port, read as bytes."""
        headers = dict(how.pop("headers", {}))
        key = how.pop("key", self.credentials["AWS_ACCESS_KEY_ID"])
        secret = how.pop("secret", self.credentials["AWS_SECRET_ACCESS_KEY"])
        request = AWSRequest(method, f"{self.control_url}{path}", headers=headers, data=body)
        SigV4Auth(Credentials(key, secret), service, region).add_auth(request)
        return wire.exchange(self.control, method, path, list(request.headers.items()), body or None, **how)

    def run_json(self) -> Any:
        return json.loads((self.data_dir / "run.json").read_text())


def eventually(what: Any, seconds: float = 10) -> Any:
    """Asks again until the answer is true: only for what the specification does not promise at once (logs, drains)."""
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value or time.monotonic() > end:
            return value
        threading.Event().wait(0.02)
