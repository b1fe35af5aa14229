"""AWS's services as a server of the package registry speaks them: moto, in a process of its own, so that boto3 can look at what arrived."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from program import ACCOUNT, REGION, START_SECONDS, STOP_SECONDS, clean_env

RUNNING = re.compile(r"Running on (http://[\d.]+:\d+)")
KEYS = {"AWS_ACCESS_KEY_ID": "AKIASERVICESSERVICES", "AWS_SECRET_ACCESS_KEY": "services-services-services-services"}


class Services:
    """A running moto. `environment` points a gateway at it; `client` asks it directly."""

    def __init__(self, home: Path):
        home.mkdir(parents=True, exist_ok=True)
        self._lines: list[str] = []
        # The module, since a script of a virtual environment may have moved with it.
        start = "import sys; from moto.server import main; main(sys.argv[1:])"
        self.process = subprocess.Popen(
            [sys.executable, "-c", start, "-H", "127.0.0.1", "-p", "0"],
            env=clean_env(home, MOTO_ACCOUNT_ID=ACCOUNT, PYTHONUNBUFFERED="1", **KEYS),
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self.url = ""
        ready = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(ready,), daemon=True)
        self._reader.start()
        ready.wait(START_SECONDS)
        if not self.url:
            self.close()
            raise RuntimeError("moto does not start:\n" + "\n".join(self._lines))
        self.environment = {"AWS_ENDPOINT_URL": self.url, **KEYS}

    def _read(self, ready: threading.Event) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            # A line for each request is of no use to anybody.
            if not self.url or " 500 " in line or not re.match(r"[\d.]+ - - ", line):
                self._lines.append(line.rstrip("\n"))
            if not self.url and (found := RUNNING.search(line)):
                self.url = found[1]
                ready.set()
        ready.set()

    def __enter__(self) -> "Services":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(STOP_SECONDS)
        self._reader.join(STOP_SECONDS)

    def log(self) -> str:
        return "\n".join(self._lines[-200:])

    def client(self, service: str, region: str = REGION) -> Any:
        return boto3.session.Session().client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=False, s3={"addressing_style": "path"}),
        )
