"""Fixtures: a shared program, programs of one's own, a back end that writes down what it got."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

import functions
import model_check
import program
from backend import Backend
from bench import Api
from functions import Functions
from program import Cardea
from services import Services

program.client_hooks.append(model_check.watch)


@pytest.fixture(scope="session")
def shared_cardea(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cardea]:
    # All tests share one account: without its throttle none of them can starve another.
    with Cardea(tmp_path_factory.mktemp("cardea"), CARDEA_ACCOUNT_RATE_LIMIT="0", **functions.SETTINGS) as cardea:
        yield cardea


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """AWS's services behind integrations; ended by its process id when the last test is over."""
    with Services(tmp_path_factory.mktemp("services")) as services:
        yield services


@pytest.fixture
def cardea(shared_cardea: Cardea, request: pytest.FixtureRequest) -> Iterator[Cardea]:
    """A running Cardea that other tests use too."""
    request.node.programs = [*getattr(request.node, "programs", []), shared_cardea]
    yield shared_cardea


@pytest.fixture
def start(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Cardea]]:
    """Starts a Cardea of the test's own; ends it afterwards by its process id."""
    started: list[Cardea] = []
    request.node.programs = started

    def begin(*arguments: str, **env: str) -> Cardea:
        started.append(Cardea(tmp_path / f"cardea-{len(started)}", *arguments, **env))
        return started[-1]

    yield begin
    for one in started:
        one.kill()


@pytest.fixture
def gw(cardea: Cardea) -> Any:
    """The control plane as boto3 sees it, without the client's own checks."""
    return cardea.client()


@pytest.fixture
def fn(cardea: Cardea) -> Functions:
    return Functions(cardea)


@pytest.fixture
def api(cardea: Cardea) -> Api:
    return Api(cardea)


@pytest.fixture(scope="session")
def shared_backend() -> Iterator[Backend]:
    with Backend() as backend:
        yield backend


@pytest.fixture
def backend(shared_backend: Backend) -> Backend:
    shared_backend.clear()
    return shared_backend


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """A test that failed shows what the program said."""
    report = yield
    if report.failed:
        for program in getattr(item, "programs", []):
            report.sections.append((f"cardea {program.process.pid}", program.log()[-6000:]))
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Each process tells the first which operations it has checked against the model."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["checked"] = sorted(model_check.checked)


class Collector:
    """The first process, where there are several."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: Any) -> None:
        model_check.checked.update(getattr(node, "workeroutput", {}).get("checked", []))


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Collector())


def pytest_terminal_summary(terminalreporter: Any) -> None:
    terminalreporter.write_line(f"answers that obey the service model: {len(model_check.checked)}/{model_check.operations()} operations")
