"""What becomes of four cards when their servers fail, case by case: what happened, and after how long it was known.

    python -m benchmarks.faults [--only WORDS] [--late 600]

Each case of the protocol's oddities against simulated servers, through the pipeline: four cards, the deadlines that
are in force by default (but a job may take 12 s), small pictures. `known after` counts from the fault to the first
word in the run's log. Lost is a card without a picture and without a word on the list of failures. Prints a table,
exits 1 when a case did not end as it should.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import requests
import sqlalchemy as db

from deckport_assets.catalog.database import Database
from deckport_assets.catalog.recipes import ARTWORK, COMPOSITE, FRAME, PROMPT, THUMBNAIL, VIDEO
from deckport_assets.catalog.standing import Order, Selection
from deckport_assets.catalog.tables import versions
from deckport_assets.resources.comfyui import ComfyUI, ComfyUIAnimator, ComfyUIArtist
from deckport_assets.resources.comfyui.execution import Patience
from tests.catalog_source import card
from tests.fakes.comfyui import FakeComfyUI, Switches, running
from tests.pipeline import Pipeline
from tests.resources.comfyui.studio import small_workflow

SLUGS = ("alder-wolf", "briar-gate", "cinder-hawk", "dusk-moth")
JOB_S = 12.0
WAIT_S = 900.0
Meanwhile = Callable[["Stage"], None]


@dataclass(frozen=True)
class Case:
    """One fault: which servers there are, what happens to them meanwhile, and how it is to end."""

    section: str
    what: str
    servers: Sequence[Switches] = (Switches(seconds=0.5),)
    meanwhile: Meanwhile | None = None
    template: str = "small"
    asset: str = ARTWORK
    fails: str = ""
    """The kind of failure that all cards end with; empty: all are drawn."""
    some_fail: int = len(SLUGS)
    again: int = 0
    """How many may be drawn once more."""
    flagged: str = ""
    """The claim of the check that does not hold."""


@dataclass
class Stage:
    """What a case plays on: its servers, and when the fault happened."""

    folder: Path
    stack: ExitStack
    fakes: list[FakeComfyUI] = field(default_factory=list)
    closers: list[ExitStack] = field(default_factory=list)
    happened_at: float = 0.0

    def open(self, switches: Switches, port: int = 0, folder: str = "") -> FakeComfyUI:
        """Start a server, on a port where one was before if need be."""
        closer = ExitStack()
        name = folder or f"server {len(self.fakes)}"
        fake = closer.enter_context(running(self.folder / name, switches, port=port))
        self.stack.callback(closer.close)
        self.fakes.append(fake)
        self.closers.append(closer)
        return fake

    def until_one_runs(self) -> FakeComfyUI:
        """The first server that draws something of ours."""
        while True:
            for fake in self.fakes:
                if fake.worker.running is not None:
                    return fake
            time.sleep(0.01)

    def until_done(self, count: int) -> None:
        """So many pictures are drawn."""
        while sum(len(fake.worker.history) for fake in self.fakes) < count:
            time.sleep(0.01)

    def now(self) -> None:
        """The fault happens at this moment."""
        self.happened_at = time.time()


# --- What happens meanwhile -----------------------------------------------------------------------------------------


def queue_cleared(stage: Stage) -> None:
    fake = stage.until_one_runs()
    stage.now()
    requests.post(f"{fake.url}/queue", json={"clear": True}, timeout=5)
    requests.post(f"{fake.url}/interrupt", json={"prompt_id": "nobody's"}, timeout=5)


def history_deleted(stage: Stage) -> None:
    stage.until_one_runs()
    stage.now()
    until = time.time() + 3
    while time.time() < until:
        for fake in stage.fakes:
            with fake.worker.lock:
                fake.worker.history.clear()
        time.sleep(0.005)


def interrupted_by_hand(stage: Stage) -> None:
    fake = stage.until_one_runs()
    stage.now()
    requests.post(f"{fake.url}/interrupt", timeout=5)


def same_number_and_id_by_somebody(stage: Stage) -> None:
    fake = stage.until_one_runs()
    graph = dict(fake.worker.running[2])  # type: ignore[index]
    stage.now()
    for _ in range(2):
        job = {"prompt": graph, "prompt_id": "theirs", "number": 0, "client_id": "theirs"}
        requests.post(f"{fake.url}/prompt", json=job, timeout=5)


def no_extra_data_by_somebody(stage: Stage) -> None:
    fake = stage.until_one_runs()
    graph = dict(fake.worker.running[2])  # type: ignore[index]
    stage.now()
    requests.post(f"{fake.url}/prompt", json={"prompt": graph, "extra_data": None}, timeout=5)


def model_deleted(stage: Stage) -> None:
    stage.until_one_runs()
    stage.now()
    stage.fakes[0].switches.missing_models = frozenset({"sd_xl_base_1.0.safetensors"})


def model_deleted_and_skipped(stage: Stage) -> None:
    model_deleted(stage)
    stage.fakes[0].switches.skip_invalid_outputs = True


def sockets_closed(stage: Stage) -> None:
    fake = stage.until_one_runs()
    stage.now()
    fake.sockets.clear()


def killed_and_back_after(away_s: float) -> Meanwhile:
    def meanwhile(stage: Stage) -> None:
        fake = stage.until_one_runs()
        port = int(fake.url.rpartition(":")[2])
        stage.now()
        stage.closers[stage.fakes.index(fake)].close()
        time.sleep(away_s)
        stage.open(Switches(seconds=0.5), port, fake.folder.name)

    return meanwhile


def killed_for_good(stage: Stage) -> None:
    fake = stage.until_one_runs()
    stage.now()
    stage.closers[stage.fakes.index(fake)].close()


def comes_up_after(late_s: float) -> Meanwhile:
    def meanwhile(stage: Stage) -> None:
        port = int(stage.fakes[0].url.rpartition(":")[2])
        stage.closers[0].close()
        stage.now()
        time.sleep(late_s)
        stage.open(Switches(seconds=0.5), port)

    return meanwhile


def uploads_wiped(stage: Stage) -> None:
    fake = stage.fakes[0]
    while not any("upload" in request for request in fake.requests):
        time.sleep(0.001)
    stage.now()
    for _ in range(20):
        shutil.rmtree(fake.folder / "input" / "deckport", ignore_errors=True)
        time.sleep(0.005)


# --- The cases ------------------------------------------------------------------------------------------------------

HALF = {"seconds": 0.5}
NO_MODEL = frozenset({"sd_xl_base_1.0.safetensors"})


def cases() -> list[Case]:
    """Each fault; switches are new each time, for they are used up."""
    return [
        Case("2", "workflow in the UI's own format", template="ui-format", fails="template_error"),
        Case("2", "workflow file that is not JSON", template="no-json", fails="template_error"),
        Case("2", "binding without a match", template="no-match", fails="template_error"),
        Case("2", "value out of the server's bounds", template="wild", fails="template_error"),
        Case("2", "unknown node class, on one of two", _two(missing_nodes=frozenset({"KSampler"}))),
        Case("2", "unknown node class, everywhere", _one(missing_nodes=frozenset({"KSampler"})), fails="missing_node"),
        Case("2", "model missing, on one of two", _two(missing_models=NO_MODEL)),
        Case("2", "model missing, everywhere", _one(missing_models=NO_MODEL), fails="missing_model"),
        Case(
            "2", "model deleted after we looked (400)", _one(**HALF), model_deleted, fails="missing_model", some_fail=2
        ),
        Case(
            "2", "the same, 200 and the output skipped", _one(**HALF), model_deleted_and_skipped,
            fails="missing_model", some_fail=2,
        ),
        Case("2", "500 text/plain, not taken", _one(status=[500, 500], **HALF)),
        Case("2", "500 text/plain, and taken", _one(take_but_fail=2, **HALF)),
        Case("2", "somebody's error page", _one(html=5, **HALF)),
        Case("2", "401 from a proxy, on one of two", _two(login=("moth", "secret"))),
        Case("2", "401 from a proxy, everywhere", _one(login=("moth", "secret")), fails="unauthorised"),
        Case(
            "2", "another client's twin number and id: worker dead", _two(**HALF), same_number_and_id_by_somebody
        ),
        Case("2", "another client's extra_data null: worker dead", _two(**HALF), no_extra_data_by_somebody),
        Case("3", "queue cleared by hand", _one(**HALF), queue_cleared),
        Case("3", "history deleted before we read it", _one(**HALF), history_deleted),
        Case("3", "interrupted by hand", _one(seconds=3), interrupted_by_hand, fails="interrupted", some_fail=1),
        Case("4", "success, and the file is deleted", _one(lose_file=1, **HALF), again=1),
        Case("4", "success, and every file is deleted", _one(lose_file=99, **HALF), fails="output_missing", again=8),
        Case("4", "half a PNG on the disk", _one(half_file=1, **HALF), again=1),
        Case("4", "the same name with other bytes", _one(other_bytes=1, **HALF), again=1),
        Case("4", "a drip of bytes", _one(drip=1, **HALF)),
        Case("4", "the answer breaks off", _one(cut=2, **HALF)),
        Case("4", "a picture of one colour", _one(flat=4, **HALF), flagged="is_not_blank"),
        Case("5", "a node fails", _one(node_fails="VAEDecode"), fails="node_failed"),
        Case("5", "a broken model file", _one(node_fails="CheckpointLoaderSimple"), fails="node_failed"),
        Case("5", "out of memory, once", _one(oom=1, **HALF), again=1),
        Case("5", "out of memory, always", _one(oom=99), fails="out_of_memory", again=4),
        Case("5", "a job that never ends by itself", _one(seconds=3600), fails="timed_out"),
        Case("6", "the websocket says nothing", _one(silent_socket=True, **HALF)),
        Case("6", "the websocket is forgotten in the middle", _one(**HALF), sockets_closed),
        Case("6", "history comes a second after success", _one(late_history=1.0, **HALF)),
        Case("7", "kill -9 and up again after 9 s", _one(seconds=1), killed_and_back_after(9), again=2),
        Case("7", "kill -9 of one of two, for good", _two(seconds=1), killed_for_good, again=2),
        Case("7", "a server that comes up a minute late", _one(), comes_up_after(60)),
        Case("7", "worker dead, health 200, one of two", _two(worker_dead=True)),
        Case("7", "the same job runs for ever, one of two", _two(stuck=1), again=1),
        Case("8", "413 for an upload", _one(most_upload_bytes=200), None, "small-clip", VIDEO, fails="bad_image"),
        Case(
            "8", "uploads wiped before they are used", _one(**HALF), uploads_wiped, template="small-clip", asset=VIDEO
        ),
        Case("8", "uploads renamed, on one of two", _two(renames_uploads=True), template="small-clip", asset=VIDEO),
    ]  # fmt: skip


def _one(**switches: Any) -> list[Switches]:
    return [Switches(**switches)]


def _two(**switches: Any) -> list[Switches]:
    """The first has the fault, the second none."""
    return [Switches(**switches), Switches(seconds=0.5)]


# --- Playing them ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Played:
    """What came of a case."""

    case: Case
    drawn: int
    failed: Counter[str]
    again: int
    lost: int
    accepted_twice: int
    known_s: float | None
    wall_s: float
    told: str
    flagged: int

    @property
    def as_it_should(self) -> bool:
        """Whether the case ended as it says."""
        failed = {self.case.fails: self.case.some_fail} if self.case.fails else {}
        few = self.case.some_fail < len(SLUGS)
        right = (set(self.failed) == set(failed) if few else dict(self.failed) == failed) and (
            not self.case.flagged or self.flagged == len(SLUGS)
        )
        return right and not self.lost and not self.accepted_twice and self.again <= self.case.again

    def row(self) -> str:
        """A line of the table."""
        failed = ", ".join(f"{count} {kind}" for kind, count in self.failed.items()) or "–"
        known = f"{self.known_s:.1f}" if self.known_s is not None else "–"
        flagged = f", {self.flagged} flagged" if self.flagged else ""
        cells = (
            self.case.section, self.case.what, f"{self.drawn}{flagged}", failed, self.again, self.lost,
            self.accepted_twice, known, f"{self.wall_s:.0f}", "yes" if self.as_it_should else "**no**",
        )  # fmt: skip
        return f"| {' | '.join(str(cell) for cell in cells)} |"


HEAD = (
    "| § | case | cards drawn | failed | drawn again | lost | accepted twice | known after s | all over after s "
    "| as it should |\n|" + "---|" * 10
)


@contextmanager
def pipeline_of(folder: Path, slugs: Sequence[str]) -> Iterator[Pipeline]:
    """A pipeline over a catalog of its own with these cards, which have their prompts."""
    database = Database(f"sqlite:///{folder / 'catalog.db'}")
    database.migrate()
    with closing(database), dg.DagsterInstance.ephemeral() as instance:
        pipeline = Pipeline(folder / "var", instance, database)
        pipeline.bring_in([card(slug) for slug in slugs])
        pipeline.run(*slugs, assets=[PROMPT])
        yield pipeline


def play(case: Case) -> Played:
    """One case, from an empty catalog."""
    with tempfile.TemporaryDirectory(prefix="faults-") as name, ExitStack() as stack:
        folder = Path(name)
        pipeline = stack.enter_context(pipeline_of(folder, SLUGS))
        if case.asset == VIDEO:
            pipeline.run(*SLUGS, assets=[ARTWORK])
            pipeline.run(*SLUGS, assets=[COMPOSITE, FRAME, THUMBNAIL])
        workflows = workflows_in(folder / "workflows")
        stage = Stage(folder, stack)
        for switches in case.servers:
            stage.open(Switches(**vars(switches)))
        comfyui = ComfyUI(
            [fake.url for fake in stage.fakes],
            pipeline.database.url,
            workflows=[workflows],
            patience=Patience(job_s=JOB_S, clip_s=JOB_S),
            wait_s=WAIT_S,
        )
        stack.callback(lambda: comfyui.dispatch.close())
        pipeline.given["artist"] = ComfyUIArtist(comfyui, case.template)
        pipeline.given["animator"] = ComfyUIAnimator(comfyui, case.template)
        if case.meanwhile is not None:
            threading.Thread(target=case.meanwhile, args=(stage,), daemon=True).start()
        began = time.time()
        tags = Order(Selection.DRAFTS).tags() if case.asset == VIDEO else {}
        result = pipeline.run(*SLUGS, assets=[case.asset], tags=tags)
        wall_s = time.time() - began
        return judged(case, stage, pipeline, result, began, wall_s)


def judged(
    case: Case, stage: Stage, pipeline: Pipeline, result: dg.ExecuteInProcessResult, began: float, wall_s: float
) -> Played:
    """What the catalog, the servers and the run's log say."""
    with pipeline.database.reading() as connection:
        query = db.select(versions.c.partition, versions.c.claims).where(
            versions.c.asset == case.asset, versions.c.variant == "", versions.c.provider == "comfyui"
        )
        rows = connection.execute(query).all()
    accepted = Counter(row.partition for row in rows)
    failures = {failure.partition: failure for failure in pipeline.failures() if failure.asset == case.asset}
    executed = [job for fake in stage.fakes for job in fake.worker.done]
    keys = {job.partition("-")[0] for job in executed}
    lines = [
        (entry.timestamp, entry.user_message or "")
        for entry in pipeline.instance.all_logs(result.run_id)
        if any(entry.user_message.startswith(slug) for slug in SLUGS) and ": step " not in entry.user_message
        and "a clip of" not in entry.user_message
    ]  # fmt: skip
    happened = stage.happened_at or began
    after = [(at, line) for at, line in lines if at >= happened]
    return Played(
        case,
        len(accepted),
        Counter(failure.kind for failure in failures.values()),
        len(executed) - len(keys),
        len(set(SLUGS) - set(accepted) - set(failures)),
        sum(1 for count in accepted.values() if count > 1),
        after[0][0] - happened if after else None,
        wall_s,
        after[0][1] if after else "",
        sum(1 for row in rows if case.flagged and row.claims.get(case.flagged) is False),
    )


def workflows_in(folder: Path) -> Path:
    """The small workflows, and some that are wrong."""
    small_workflow(folder)
    graph = json.loads((folder / "small" / "workflow.json").read_text())
    bindings = (folder / "small" / "bindings.toml").read_text()
    wrong = {
        "ui-format": (json.dumps({"last_node_id": 9, "nodes": [{"id": 1}], "links": [], "version": 0.4}), bindings),
        "no-json": ("{'not': json", bindings),
        "no-match": (json.dumps(graph), bindings.replace('node = "Sampler"', 'node = "Sampler of another"')),
        "wild": (json.dumps(graph), bindings.replace("default = 30\nmin = 1\nmax = 150", "default = 20000")),
    }
    for name, (workflow, bound) in wrong.items():
        (folder / name).mkdir()
        (folder / name / "workflow.json").write_text(workflow)
        (folder / name / "bindings.toml").write_text(bound)
    return folder


def main() -> int:
    """Play the cases; 0 when each ended as it should."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="cases whose description holds these words")
    parser.add_argument("--late", type=float, default=0, help="also: a server that comes up so many seconds late")
    asked = parser.parse_args()
    chosen = [case for case in cases() if asked.only in case.what]
    if asked.late:
        chosen = [Case("7", f"a server that comes up {asked.late:.0f} s late", _one(), comes_up_after(asked.late))]
    print(HEAD, flush=True)
    good = True
    for case in chosen:
        played = play(case)
        good &= played.as_it_should
        print(played.row(), flush=True)
        if not played.as_it_should:
            print(f"    {played}", file=sys.stderr, flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
