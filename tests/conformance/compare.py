"""Compares what AWS answered, with tokens in it, with what was answered here.

A token stands for one value throughout a case, and two numbers of the same word for two values: `Bindings` holds both directions.
Other words stand for something of a kind (`datetime`, `<latency>`). The rules are those of the recordings' own README.
"""

from __future__ import annotations

import datetime
import json
import re
from dataclasses import dataclass
from typing import Any, Iterator, Optional

MARKUP = {"a", "body", "code", "gatewayResponse", "h1", "h2", "h3", "head", "html", "message", "p", "pre", "style", "title", "type"}
TOKEN = re.compile(r"<(?P<word>[A-Za-z][A-Za-z0-9_.-]*?)(?::(?P<number>\d+))?>")
REPEATED = re.compile(r"^<'(?P<text>.*)' (?P<times>\d+) times>$")
LINE = re.compile(r"^line\d\d$")
LOG_DATE = "DDD MMM dd hh:mm:ss UTC yyyy"
LOG_DATE_PATTERN = r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d UTC \d{4}"

# Unnumbered words that stand for anything of their kind, unless a call of the case has bound them.
KINDS = {"date", "host-id", "latency", "startdate", "x-amz-apigw-id", "x-amzn-remapped-date", "x-amzn-trace-id"}
# The same, written without brackets.
BARE_KINDS = {"date", "datetime", "timestamp", "content-length", "x-amz-apigw-id"}


@dataclass(frozen=True)
class Difference:
    """One place where the two do not agree. `kind` is `value`, `type`, `missing` (here) or `extra` (here)."""

    path: str
    kind: str
    ours: Any
    aws: Any

    def __str__(self) -> str:
        if self.kind == "missing":
            return f"{self.path}: missing; AWS has {_short(self.aws)}"
        if self.kind == "extra":
            return f"{self.path}: {_short(self.ours)}; AWS has none"
        return f"{self.path}: {_short(self.ours)}; AWS has {_short(self.aws)}"


def _short(value: Any) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 300 else text[:297] + "..."


class Bindings:
    """Token to value and back, for one case."""

    def __init__(self, values: Optional[dict[str, str]] = None):
        self.values = dict(values or {})

    def copy(self) -> "Bindings":
        return Bindings(self.values)

    def adopt(self, other: "Bindings") -> None:
        self.values = dict(other.values)

    def problem(self, token: str, value: str) -> Optional[str]:
        """Why `token` cannot be `value`; None when it can."""
        if token in self.values:
            return None if self.values[token] == value else f"{token} is {self.values[token]!r}"
        word, colon, _ = token.strip("<>").partition(":")
        if colon:
            for other, held in self.values.items():
                if held == value and other.startswith(f"<{word}:"):
                    return f"{value!r} is {other} already"
        return None

    def bind(self, token: str, value: str) -> Optional[str]:
        """Makes `token` stand for `value`, or says why it cannot."""
        why = self.problem(token, value)
        if why is None:
            self.values[token] = value
        return why

    def unbound(self, value: Any) -> Iterator[str]:
        """The tokens in a value that stand for nothing yet."""
        for text in _strings(value):
            for found in TOKEN.finditer(text):
                if found["word"] not in MARKUP and found[0] not in self.values:
                    yield found[0]

    def fill(self, value: Any) -> Any:
        """The value with bound tokens replaced and `<'a' 5 times>` written out."""
        if isinstance(value, str):
            if repeated := REPEATED.match(value):
                return repeated["text"] * int(repeated["times"])
            return TOKEN.sub(lambda found: self.values.get(found[0], found[0]), value)
        if isinstance(value, dict):
            return {self.fill(key): self.fill(held) for key, held in value.items()}
        if isinstance(value, list):
            return [self.fill(held) for held in value]
        return value


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, held in value.items():
            yield key
            yield from _strings(held)
    elif isinstance(value, list):
        for held in value:
            yield from _strings(held)


def only_tokens(value: Any) -> bool:
    """True when every leaf is a token: such an answer names things and says nothing about them."""
    if isinstance(value, dict):
        return bool(value) and all(only_tokens(held) for held in value.values())
    return isinstance(value, str) and bool(TOKEN.fullmatch(value))


def compare(aws: Any, ours: Any, bindings: Bindings, path: str = "") -> list[Difference]:
    """All differences. Tokens that AWS's side brings in are bound on the way."""
    if isinstance(aws, str):
        return _compare_text(aws, ours, bindings, path)
    if isinstance(aws, dict) and isinstance(ours, str) and aws and all(LINE.match(key) for key in aws):
        # The log of a test invocation is cut into its lines.
        ours = {f"line{number:02}": line for number, line in enumerate(ours.split("\n"))}
    if isinstance(aws, (dict, list)) and isinstance(ours, str):
        try:
            inner = json.loads(ours)  # JSON in a string was parsed one level in the recordings.
        except ValueError:
            inner = None
        if isinstance(inner, type(aws)):
            return compare(aws, inner, bindings, path)
    if isinstance(aws, dict) and isinstance(ours, dict):
        return _compare_maps(aws, ours, bindings, path)
    if isinstance(aws, list) and isinstance(ours, list):
        return _compare_lists(aws, ours, bindings, path)
    if isinstance(aws, bool) or isinstance(ours, bool):
        same = aws is ours
    elif isinstance(aws, (int, float)) and isinstance(ours, (int, float)):
        same = aws == ours
    else:
        same = type(aws) is type(ours) and aws == ours
    if same:
        return []
    return [Difference(path or "/", "value" if type(aws) is type(ours) else "type", ours, aws)]


def _compare_maps(aws: dict[str, Any], ours: dict[str, Any], bindings: Bindings, path: str) -> list[Difference]:
    found: list[Difference] = []
    left = dict(ours)
    for key, wanted in aws.items():
        name = bindings.fill(key)
        if name in left:
            found += compare(wanted, left.pop(name), bindings, f"{path}/{name}")
        else:
            found.append(Difference(f"{path}/{name}", "missing", None, wanted))
    return found + [Difference(f"{path}/{key}", "extra", value, None) for key, value in left.items()]


def _compare_lists(aws: list[Any], ours: list[Any], bindings: Bindings, path: str) -> list[Difference]:
    """In order if that fits, else as a bag: the lists of the recordings may have been sorted."""
    if len(aws) == len(ours):
        trial = bindings.copy()
        if not [one for at, pair in enumerate(zip(aws, ours)) for one in compare(*pair, trial, f"{path}/{at}")]:
            bindings.adopt(trial)
            return []
    found: list[Difference] = []
    left = list(ours)
    for at, wanted in enumerate(aws):
        best: Optional[tuple[int, int, Bindings, list[Difference]]] = None
        for index, offered in enumerate(left):
            trial = bindings.copy()
            differences = compare(wanted, offered, trial, f"{path}/{at}")
            if best is None or len(differences) < best[0]:
                best = (len(differences), index, trial, differences)
        if best is None:
            found.append(Difference(f"{path}/{at}", "missing", None, wanted))
            continue
        bindings.adopt(best[2])
        left.pop(best[1])
        found += best[3]
    return found + [Difference(f"{path}/-", "extra", value, None) for value in left]


def _compare_text(aws: str, ours: Any, bindings: Bindings, path: str) -> list[Difference]:
    key = path.rpartition("/")[2].lower()
    whole = TOKEN.fullmatch(aws)
    if aws in BARE_KINDS and aws not in bindings.values:
        return [] if _of_kind(aws, ours, key) else [Difference(path or "/", "value", ours, aws)]
    if whole and not whole["number"] and aws not in bindings.values and whole["word"].lower() in KINDS:
        return [] if _of_kind(whole["word"].lower(), ours, key) else [Difference(path or "/", "value", ours, aws)]
    if whole and whole["word"] not in MARKUP and isinstance(ours, (int, float)) and not isinstance(ours, bool):
        ours = str(ours)  # A number may have become a token.
    if not isinstance(ours, str):
        return [Difference(path or "/", "type", ours, aws)]
    if key.lower() == "contentdisposition":
        # A name that has a version in it, and a version that is the day.
        ours = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "date", ours)
    why = _match(aws, ours, bindings)
    return [] if why is None else [Difference(path or "/", "value", ours, f"{aws}{f' ({why})' if why else ''}")]


def _of_kind(kind: str, ours: Any, key: str) -> bool:
    if kind in ("datetime", "timestamp", "startdate"):
        return isinstance(ours, datetime.datetime) or (isinstance(ours, str) and bool(re.search(r"\d{4}", ours))) or isinstance(ours, (int, float))
    if kind == "latency":
        return isinstance(ours, int) and ours >= 0
    if kind == "content-length":
        return isinstance(ours, str) and ours.isdigit()
    if kind == "date" and key == "date":
        return isinstance(ours, str) and bool(ours)
    return isinstance(ours, str) and bool(ours)


def _match(aws: str, ours: str, bindings: Bindings) -> Optional[str]:
    """None when the texts agree; otherwise why not, where there is more to say than that they differ."""
    if aws == ours:
        return None
    if repeated := REPEATED.match(aws):
        return None if ours == repeated["text"] * int(repeated["times"]) else ""
    pattern, groups, at = "", {}, 0
    pieces = re.compile(f"{TOKEN.pattern}|(?P<logdate>{re.escape(LOG_DATE)})")
    for found in pieces.finditer(aws):
        if found["logdate"] is None and found["word"] in MARKUP:
            continue
        pattern += re.escape(aws[at : found.start()])
        at = found.end()
        token = found[0]
        if found["logdate"]:
            pattern += LOG_DATE_PATTERN
        elif token in bindings.values:
            pattern += re.escape(bindings.values[token])
        elif token in groups:
            pattern += f"(?P={groups[token]})"
        else:
            groups[token] = f"t{len(groups)}"
            pattern += f"(?P<{groups[token]}>.+?)"
    matched = re.fullmatch(pattern + re.escape(aws[at:]), ours, re.DOTALL)
    if not matched:
        return ", ".join(f"{token} is {bindings.values[token]!r}" for token in {found[0] for found in TOKEN.finditer(aws)} if token in bindings.values)
    for token, group in groups.items():
        if why := bindings.bind(token, matched[group]):
            return why
    return None
