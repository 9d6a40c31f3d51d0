"""A secret is found nowhere: what every part says, stores and logs while everything fails, searched for canaries.

The API key, the passwords in addresses and the keys that we give out are all canaries here. What fails is tested beside
its module; here it fails so that it is told of in every place there is.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import socket
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from dagster._core.remote_representation.external_data import RepositorySnap
from dagster._serdes import serialize_value
from starlette.testclient import TestClient

from api.app import create_app
from api.keys import COOKIE
from deckport_assets import cli
from deckport_assets.assets.prompt_requests import JOB
from deckport_assets.catalog import prompt_queue as queue
from deckport_assets.catalog import services
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.keys import hash_of
from deckport_assets.catalog.recipes import PROMPT
from deckport_assets.definitions import build, live
from deckport_assets.instance.home import open_instance, prepare
from deckport_assets.resources.claude.service import SERVICE
from deckport_assets.settings import Settings, settings
from tests.catalog_source import art, card
from tests.fakes.claude import FakeClaude, Switches, running
from tests.pipeline import Pipeline
from tests.test_drain import good_answer

pytestmark = pytest.mark.filterwarnings("ignore:Asset job", "ignore:Property `ScheduleDefinition")  # Dagster's own

KEY = "sk-ant-api03/canary+key=7Q"
COMFYUI, POSTGRESQL, GATEWAY = "comfyui/canary+7Q=", "postgresql/canary+7Q=", "gateway/canary+7Q="
TOGETHER = {
    "Way Good": Switches(key=KEY),
    "Way 400": Switches(key=KEY, status=[400] * 2),
    "Way 413": Switches(key=KEY, status=[413] * 2),
    "Way 429": Switches(key=KEY, status=[429] * 6),
    "Way 529": Switches(key=KEY, status=[529] * 6),
    "Way Hang": Switches(key=KEY, hang=9, seconds=1.0),
    "Way Cut": Switches(key=KEY, cut=9),
    "Way Broken": Switches(key=KEY, broken_json=9),
    "Way Refusal": Switches(key=KEY, stop_reason="refusal"),
    "Way Long": Switches(key=KEY, stop_reason="max_tokens"),
    "Way Echo": Switches(key=KEY, status=[400] * 2, echo=True),
}
"""Ways that an answer ends in, after which the service is asked again. By the name of the card that is asked about."""
ALONE = {
    "Way 401": Switches(key="sk-other", echo=True),
    "Way 402": Switches(key=KEY, status=[402] * 2),
    "Way 403": Switches(key=KEY, status=[403] * 2),
    "Way 404": Switches(key=KEY, status=[404] * 2),
    "Way 500": Switches(key=KEY, status=[500] * 6),
    "Way Spent": Switches(key=KEY, status=[429] * 2, error_code="enforced_spend_limit_reached"),
}
"""Ways after which the service is left alone."""
NOWHERE = "Way Nowhere"
"""There is no service."""
ADDRESSES = ("database_url", "comfyui_servers")
"""Settings that are whole addresses: nothing that prints settings shows them, but they are no secrets to our code."""
TOLD = (
    "says 400", "says 404", "says 413", "says 429", "says 529", "ReadTimeout", "RemoteProtocolError", "cannot be read",
    "refuses to answer", "ends in the middle", "says 401", "says 402", "says 403", "says 500", "spend limit",
    "cannot be reached", "500 to a batch",
)  # fmt: skip
"""What is told of each way, where the canaries must not be."""


@dataclass(repr=False)
class Evidence:
    """All that was said, stored and logged, by where."""

    files: dict[str, bytes] = field(default_factory=dict)
    streams: dict[str, bytes] = field(default_factory=dict)
    logs: dict[str, bytes] = field(default_factory=dict)
    replies: dict[str, bytes] = field(default_factory=dict)
    printed: dict[str, bytes] = field(default_factory=dict)
    snapshots: dict[str, bytes] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    sent: str = ""
    """What the service was sent: there the key is."""


def forms_of(secret: str) -> dict[str, bytes]:
    """How a secret may look where it leaks: as it is, quoted for an address, in JSON, and inside base64."""
    forms = {
        "plain": secret,
        "quoted": quote(secret, safe=""),
        "quoted but for slashes": quote(secret),
        "JSON": json.dumps(secret)[1:-1],
        "lower case": secret.lower(),
    }
    for shift in range(3):  # what stands before it in the same base64 moves its letters
        whole = base64.b64encode(b"\0" * shift + secret.encode()).decode()
        forms[f"base64, {shift}"] = whole[-(-8 * shift // 6) : len(whole) - 4]
    return {name: form.encode() for name, form in forms.items()}


def leaks(secrets: dict[str, str], places: dict[str, bytes]) -> list[str]:
    """Where a secret is found, and how it looks there."""
    return [
        f"{name} ({form}) in {place}: ...{told[max(0, told.index(looks) - 60) : told.index(looks)]!r}"
        for name, secret in secrets.items()
        for form, looks in forms_of(secret).items()
        for place, told in places.items()
        if looks in told
    ]


class Everything(logging.Handler):
    """Keeps each record whole: its words, its arguments and its traceback."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.said: dict[str, list[str]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        words = [record.getMessage(), repr(record.args), repr(vars(record))]
        words += traceback.format_exception(*record.exc_info) if record.exc_info and record.exc_info[0] else []
        self.said.setdefault(record.name, []).extend(words)


@contextmanager
def heard(path: Path) -> Iterator[None]:
    """Everything that this process writes on its streams goes into a file, that of C libraries too."""
    kept = os.dup(1), os.dup(2)
    with path.open("w", buffering=1, encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            with redirect_stdout(file), redirect_stderr(file):
                yield
        finally:
            for number, stream in zip(kept, (1, 2), strict=True):
                os.dup2(number, stream)
                os.close(number)


def nobody() -> int:
    """A port where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """One home in which everything fails, and what is left of it."""
    folder = tmp_path_factory.mktemp("canary")
    found, log = Evidence(secrets={"the API key": KEY, "ComfyUI's password": COMFYUI}), Everything()
    found.secrets |= {"the database's password": POSTGRESQL, "the gateway's password": GATEWAY}
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.chdir(folder)
        for name, value in {
            "DECKPORT_HOME": str(folder / "var"),
            "DECKPORT_DAGSTER_PORT": "9",
            "DECKPORT_CLAUDE_TIMEOUT_S": "0.3",
            "DECKPORT_COMFYUI_SERVERS": f"http://ada:{quote(COMFYUI, safe='')}@127.0.0.1:{nobody()}",
            "DECKPORT_COMFYUI_WAIT_S": "0",
            "ANTHROPIC_API_KEY": KEY,
        }.items():
            patch.setenv(name, value)
        patch.setattr("deckport_assets.drain.LINGER_S", 0.0)
        patch.setattr("deckport_assets.drain.TICK_S", 0.05)
        patch.setattr("anthropic._base_client.INITIAL_RETRY_DELAY", 0.0)
        stack.callback(settings.cache_clear)
        root, level = logging.getLogger(), logging.getLogger().level
        root.addHandler(log)
        root.setLevel(logging.DEBUG)
        stack.callback(root.removeHandler, log)
        stack.callback(root.setLevel, level)
        fake = stack.enter_context(running(good_answer, Switches(key=KEY)))  # type: ignore[arg-type]
        with heard(folder / "streams"):
            play(found, patch, fake)
    found.streams["the process"] = (folder / "streams").read_bytes()
    found.files = {str(path.relative_to(folder)): path.read_bytes() for path in files_below(folder / "var")}
    found.logs = {name: "\n".join(said).encode() for name, said in log.said.items()}
    found.sent = str([exchange.headers for exchange in fake.exchanges])
    return found


def files_below(folder: Path) -> list[Path]:
    """Every file, hidden ones too."""
    return [path for path in folder.rglob("*") if path.is_file()]


def play(found: Evidence, patch: pytest.MonkeyPatch, fake: FakeClaude) -> None:
    """Everything fails once as an asset and once as a request of the queue; then it is looked at from all sides."""
    patch.setenv("ANTHROPIC_BASE_URL", fake.url)
    settings.cache_clear()
    chosen = settings()
    prepare(chosen)
    database = Database(chosen.catalog_url)
    with open_instance(chosen) as instance:
        pipeline = Pipeline(chosen.home, instance, database)
        names = [*TOGETHER, *ALONE, NOWHERE]
        pipeline.bring_in([card(slug_of(name)) for name in names], [art("Nobody")])
        fake.special = TOGETHER | ALONE
        for wave in (list(TOGETHER), *([name] for name in ALONE)):
            fail(pipeline, wave)
        hand_in(found, pipeline, fake)
        patch.setenv("ANTHROPIC_BASE_URL", f"http://127.0.0.1:{nobody()}")
        settings.cache_clear()
        pipeline.settings = settings()
        fail(pipeline, [NOWHERE])
        type_everything(found)
        look(found, settings())
        found.snapshots["the instance"] = instance.info_str().encode()
        found.snapshots |= {f"the run {run.run_id}": serialize_value(run).encode() for run in instance.get_runs()}
        call(found, settings())
        found.files["catalog.db, while it is open"] = (chosen.home / "catalog.db-wal").read_bytes()
        with_postgresql(found, patch)
        with_logins(found, patch)
    database.close()


def slug_of(name: str) -> str:
    return name.lower().replace(" ", "-")


def fail(pipeline: Pipeline, names: Sequence[str]) -> None:
    """The prompts of these cards are asked for: by their asset, then by the queue's job."""
    slugs = sorted(map(slug_of, names))
    pipeline.run(*slugs, assets=[PROMPT])
    forget_failures(pipeline.database)
    for slug in slugs:  # one by one: a service that is away ends a run
        with pipeline.database.writing() as connection:
            queue.enqueue(connection, card=slug, requester="ada", correlation=f"c-{slug}")
        pipeline.definitions.resolve_job_def(JOB).execute_in_process(instance=pipeline.instance, raise_on_error=False)
        forget_failures(pipeline.database)


def hand_in(found: Evidence, pipeline: Pipeline, fake: FakeClaude) -> None:
    """Missing prompts as a batch, which is refused, answered in part, and of which nobody knows whether it arrived."""
    fake.special = {}
    for number, switches in enumerate(
        (
            Switches(key=KEY, status=[400], echo=True),
            Switches(key=KEY, errored=3, expire=3),
            Switches(key=KEY, status=[500]),
        )
    ):
        fake.switches = switches
        for words in (["write", "--missing", "--batch", "--yes"], ["batches", "--collect"], ["batches", "--json"]):
            type_(found, "prompts", *words, as_name=f"prompts {' '.join(words)}, {number}")
        forget_failures(pipeline.database)
    fake.special, fake.switches = TOGETHER | ALONE, Switches(key=KEY)


def forget_failures(database: Database) -> None:
    """The service is asked again."""
    with database.writing() as connection:
        services.succeeded(connection, SERVICE)


def type_(found: Evidence, *words: str, as_name: str = "") -> str:
    """Type a command; what it says, and how it ends, is evidence."""
    result = CliRunner().invoke(cli.deckport, words)
    ended = traceback.format_exception(*result.exc_info) if result.exc_info else []
    found.streams[f"deckport {as_name or ' '.join(words)}"] = (result.output + result.stderr + "".join(ended)).encode()
    return result.stdout


def type_everything(found: Evidence) -> None:
    """The commands that tell of settings, of requests and of failures; and two that fail."""
    for words in (
        ["settings"], ["settings", "--json"], ["prompts", "queue", "--all"], ["prompts", "queue", "--all", "--json"],
        ["costs"], ["costs", "--by", "card", "--json"], ["estimate"], ["estimate", "--batch", "--json"],
        ["failures"], ["failures", "--json"], ["comfyui", "check"],
        ["produce", slug_of(NOWHERE), "--failed", "--assets", "prompt", "--yes"],
        ["produce", slug_of("Way Good"), "--assets", "artwork", "--yes"],
    ):  # fmt: skip
        type_(found, *words)


def look(found: Evidence, chosen: Settings) -> None:
    """What is printed of the settings and of each resource, and what Dagster makes of the definitions."""
    resources = live(chosen)
    definitions = build(resources, chosen)
    within = {"claude": resources["writer"].claude, "comfyui": resources["artist"].comfyui}
    for name, thing in {"settings": chosen, "definitions": definitions, **resources, **within}.items():
        fields = {field: value for field, value in thing.__dict__.items() if field not in ADDRESSES}
        found.printed[name] = f"{thing!r} {thing} {fields!r}".encode()
    repository = definitions.get_repository_def()
    found.snapshots["the repository"] = serialize_value(RepositorySnap.from_def(repository)).encode()
    for job in repository.get_all_jobs():
        found.snapshots[f"the job {job.name}"] = serialize_value(job.get_job_snapshot()).encode()


def call(found: Evidence, chosen: Settings) -> None:
    """The API's pages and its JSON, with a key of ours, with a wrong one, and with the wrong service's."""
    secret = type_(found, "keys", "add", "ada").strip()
    found.secrets["a key of ours"] = secret
    del found.streams["deckport keys add ada"]  # there it is shown, once
    type_(found, "keys", "list")
    with TestClient(create_app(chosen, requests_per_minute=100_000)) as client:
        for path in (
            "/", "/health", "/livez", "/readyz", "/metrics", "/failures", "/prompts",
            "/prompts/write?card=AZURE-001", "/review", "/nope", "/cards/AZURE-001",
            "/v1/catalog/cards", "/v1/catalog/cards/AZURE-001", "/v1/prompts/queue", "/v1/prompts/queue?status=failed",
            "/v1/prompts/queue/1", "/v1/prompts/queue/stats", "/v1/prompts/queue/999", "/v1/nope",
        ):  # fmt: skip
            for kind in ("text/html", "application/json"):
                reply = client.get(path, headers={"Accept": kind})
                found.replies[f"GET {path} as {kind}"] = f"{reply.headers} {reply.text}".encode()
        for offered in (secret, KEY, f"{secret}x", ""):
            for body in ({"card": "AZURE-001"}, {"card": "nope"}, {"key": 1}):
                reply = client.post(
                    "/v1/prompts/queue", json=body, headers={"Authorization": f"Bearer {offered}", "X-API-Key": offered}
                )
                found.replies[f"POST {body} {len(found.replies)}"] = f"{reply.headers} {reply.text}".encode()
            for path in ("/prompts", "/prompts/write?card=AZURE-001"):
                reply = client.get(path, headers={"Accept": "text/html", "Cookie": f"{COOKIE}={offered}"})
                found.replies[f"GET {path} {len(found.replies)}"] = f"{reply.headers} {reply.text}".encode()


def with_postgresql(found: Evidence, patch: pytest.MonkeyPatch) -> None:
    """The same with a database that does not answer and whose address holds a password, in either of its places."""
    there = f"127.0.0.1:{nobody()}/deckport"
    password = quote(POSTGRESQL, safe="")
    for place, url in (
        ("before the host", f"postgresql://ada:{password}@{there}"),
        ("in the query", f"postgresql://{there}?user=ada&password={password}"),
    ):
        patch.setenv("DECKPORT_DATABASE_URL", url)
        settings.cache_clear()
        aside = Evidence()
        for words in (["settings"], ["settings", "--json"], ["costs"]):
            type_(aside, *words)
        patch.setattr(sys, "argv", ["deckport", "costs", "--json"])
        with pytest.raises(SystemExit):
            cli.main()
        look(aside, settings())
        with TestClient(create_app(settings())) as client:
            for path in ("/health", "/v1/catalog/cards", "/", "/v1/prompts/queue"):
                reply = client.get(path)
                aside.replies[path] = f"{reply.status_code} {reply.headers} {reply.text}".encode()
        for kind in ("streams", "printed", "snapshots", "replies"):
            getattr(found, kind).update({f"{name}, {place}": told for name, told in getattr(aside, kind).items()})


def with_logins(found: Evidence, patch: pytest.MonkeyPatch) -> None:
    """Addresses that may not hold a login are refused, without it."""
    patch.delenv("DECKPORT_DATABASE_URL")
    for name in ("DECKPORT_DAGSTER_URL", "ANTHROPIC_BASE_URL"):
        with patch.context() as while_wrong:
            while_wrong.setenv(name, f"http://ada:{quote(GATEWAY, safe='')}@127.0.0.1:9")
            settings.cache_clear()
            type_(found, "costs", as_name=f"costs, {name} with a login")
            assert f"{name}: ".encode() in found.streams[f"deckport costs, {name} with a login"]
    settings.cache_clear()


@pytest.mark.parametrize("kind", ["files", "streams", "logs", "replies", "printed", "snapshots"])
def test_no_secret_is_found(evidence: Evidence, kind: str) -> None:
    places = getattr(evidence, kind)
    found = leaks(evidence.secrets, places)
    assert places and not found, "\n".join(found)


def test_the_key_was_there_and_every_way_was_met(evidence: Evidence) -> None:
    """Or the search above would find nothing because nothing had happened."""
    assert f"Bearer {KEY}" in evidence.sent
    catalog = b"".join(told for name, told in evidence.files.items() if "catalog.db" in name)
    assert [words for words in TOLD if words.encode() not in catalog] == []
    files = " ".join(evidence.files)
    assert all(words in files for words in ("catalog.db-wal", "runs.db", "event_log.db", "compute_logs", "media"))
    assert {"httpx2", "anthropic._base_client"} <= set(evidence.logs)
    assert hash_of(evidence.secrets["a key of ours"]).encode() in catalog


@pytest.mark.parametrize("dressed", [str, quote, lambda s: base64.b64encode(f"ada:{s}".encode()).decode()])
def test_the_search_finds_what_is_there(dressed: Callable[[str], str]) -> None:
    assert leaks({"it": KEY}, {"a page": f"<p>{dressed(KEY)}</p>".encode(), "another": b"nothing"})
