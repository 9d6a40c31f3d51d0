"""A picture from servers that fail: none is lost or drawn twice without need, and each failure is told in words."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import pytest
import sqlalchemy as db

from deckport_assets.catalog import services, tables
from deckport_assets.catalog.database import now
from deckport_assets.catalog.services import circuits, slots_taken
from deckport_assets.errors import (
    Cancelled,
    DeckportError,
    Interrupted,
    MissingModel,
    MissingNode,
    NodeFailed,
    OutOfMemory,
    OutputMissing,
    ServiceUnavailable,
    TemplateError,
    TimedOut,
    Unauthorised,
)
from deckport_assets.resources.comfyui import ComfyUI, ComfyUIArtist
from deckport_assets.resources.comfyui.dispatch import service_of
from deckport_assets.resources.comfyui.server import Server
from deckport_assets.resources.providers import Occasion
from deckport_assets.studio.encoding import open_picture, png_texts
from deckport_assets.studio.workflows import bind
from tests.fakes.comfyui import Switches
from tests.resources.comfyui.studio import HURRY, Studio

Open = Callable[..., Studio]


def test_a_picture_comes_with_all_that_is_known_of_its_making(open_studio: Open) -> None:
    studio = open_studio(Switches())
    drawn = studio.draw()
    assert open_picture(drawn.png).shape == (376, 256, 3)
    assert png_texts(drawn.png) == {}, "the server's file holds the whole workflow; ours holds none of it"
    made = drawn.provenance
    assert (made.provider, made.draft, made.workflow) == ("comfyui", False, "small 1")
    assert made.seed is not None and 0 <= made.seed < 2**53
    assert made.model == "sd_xl_base_1.0.safetensors"
    assert made.more["server"] == studio.fakes[0].url and len(made.more["job"]) == 32
    assert (made.more["comfyui_version"], made.more["device"]) == ("0.3.64", "cpu")


def test_the_same_words_give_the_same_picture_and_another_attempt_another(open_studio: Open) -> None:
    studio = open_studio(Switches())
    first, again, other = studio.draw(), studio.draw(), studio.draw(attempt=1)
    assert first.png == again.png != other.png
    assert studio.drawn == 2 and again.provenance.more["found_on_the_server"]


def test_the_steps_of_the_sampler_are_told(open_studio: Open) -> None:
    studio = open_studio(Switches(seconds=0.4, steps=8))
    for n in range(3):  # the first picture may be done before its socket is open
        studio.draw(f"picture {n}")
    assert any("step 8 of 8, node" in line and "(KSampler)" in line for line in studio.said), studio.said


def test_a_socket_that_says_nothing_holds_nothing_up(open_studio: Open) -> None:
    studio = open_studio(Switches(silent_socket=True))
    assert studio.draw().pixels.shape[1] == 256


# --- What is done again by itself ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("switches", "draws"),
    [
        pytest.param(Switches(lose_file=1), 2, id="its file was deleted"),
        pytest.param(Switches(half_file=1), 2, id="its file is cut in half"),
        pytest.param(Switches(other_bytes=1), 2, id="another picture lies under its name"),
        pytest.param(Switches(cut=1), 1, id="the answer broke off"),
        pytest.param(Switches(drip=1), 1, id="the answer came by the byte and did not end"),
        pytest.param(Switches(oom=1), 2, id="too little memory, once"),
        pytest.param(Switches(take_but_fail=1, seconds=0.4), 1, id="it was taken and the answer was an error"),
        pytest.param(Switches(status=[500]), 1, id="it was not taken and the answer was an error"),
        pytest.param(Switches(html=1), 1, id="somebody's error page"),
        pytest.param(Switches(late_history=0.2), 1, id="its history comes late"),
        pytest.param(Switches(no_metadata=True), 1, id="started without metadata"),
    ],
)
def test_what_goes_wrong_once_costs_no_picture(open_studio: Open, switches: Switches, draws: int) -> None:
    studio = open_studio(switches)
    assert open_picture(studio.draw().png).shape == (376, 256, 3)
    assert studio.drawn == draws


def test_a_queue_that_was_cleared_in_the_middle_is_noticed(open_studio: Open) -> None:
    studio = open_studio(Switches(worker_dead=True))
    fake = studio.fakes[0]

    def clear() -> None:
        while not fake.worker.queue:
            time.sleep(0.005)
        fake.worker.drop([item[1] for item in fake.worker.queue])
        fake.switches.worker_dead = False

    threading.Thread(target=clear).start()
    assert studio.draw().pixels.shape[1] == 256
    assert studio.drawn == 1
    assert any("does not know our job any more" in line for line in studio.said)


def test_memory_is_freed_before_another_try(open_studio: Open) -> None:
    studio = open_studio(Switches(oom=1))
    studio.draw()
    assert studio.fakes[0].worker.freed == 1


# --- What another server does --------------------------------------------------------------------------------------


def test_a_server_whose_worker_is_dead_is_left_for_another(open_studio: Open, sqlite: object) -> None:
    studio = open_studio(Switches(worker_dead=True), Switches())
    pictures = [studio.draw(f"picture {n}").provenance.more["server"] for n in range(3)]
    assert set(pictures) == {studio.fakes[1].url}
    with studio.comfyui.database.reading() as connection:
        dead = circuits(connection)[f"comfyui {studio.fakes[0].url}"]
    assert dead.state == "open" and "its worker is dead" in dead.cause
    assert not studio.fakes[0].worker.queue, "our job was taken back"


def test_a_server_without_the_model_gets_no_job(open_studio: Open) -> None:
    lacking = Switches(missing_models=frozenset({"sd_xl_base_1.0.safetensors"}))
    studio = open_studio(lacking, Switches())
    assert {studio.draw(f"picture {n}").provenance.more["server"] for n in range(3)} == {studio.fakes[1].url}
    assert "POST /prompt" not in studio.fakes[0].requests


def test_jobs_go_to_the_emptiest(open_studio: Open) -> None:
    studio = open_studio(Switches(seconds=0.15), Switches(seconds=0.15))
    threads = [threading.Thread(target=studio.draw, args=(f"picture {n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert min(len(fake.worker.done) for fake in studio.fakes) >= 3


def test_a_server_that_comes_up_late_is_waited_for(open_studio: Open) -> None:
    studio = open_studio(Switches(html=10))
    threading.Timer(0.3, lambda: setattr(studio.fakes[0].switches, "html", 0)).start()
    assert studio.draw().pixels.shape[1] == 256


def test_when_none_came_back_in_time_the_next_picture_does_not_wait_as_long_again(open_studio: Open) -> None:
    studio = open_studio(Switches(html=10**6))
    for longest_s in (30.0, 0.9):
        began = time.monotonic()
        with pytest.raises(ServiceUnavailable, match="No ComfyUI that can draw this came back within 1 s"):
            studio.draw()
        assert time.monotonic() - began < longest_s


# --- What fails, and in which words --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("switches", "error", "words"),
    [
        (Switches(node_fails="VAEDecode"), NodeFailed, r"node \d+ .*\(VAEDecode\) failed: ValueError: Unsupported"),
        (Switches(oom=9), OutOfMemory, r"\(KSampler\) had too little memory"),
        (Switches(lose_file=9), OutputMissing, "has no file deckport/"),
        (Switches(missing_nodes=frozenset({"KSampler"})), MissingNode, "no node class 'KSampler'"),
        (Switches(missing_models=frozenset({"sd_xl_base_1.0.safetensors"})), MissingModel, "sd_xl_base_1.0"),
        (Switches(login=("moth", "secret")), Unauthorised, "answered 401"),
        (Switches(stuck=9), ServiceUnavailable, "the job before ours has run for"),
        (Switches(seconds=30), TimedOut, "had not drawn it after 1 s; it was stopped"),
        (Switches(drip=10**6), ServiceUnavailable, "no whole answer in time"),
        (Switches(html=10**6), ServiceUnavailable, "not ComfyUI's: '<html>"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_each_failure_is_told_in_words(
    open_studio: Open, switches: Switches, error: type[DeckportError], words: str
) -> None:
    studio = open_studio(switches)
    with pytest.raises(error, match=words):
        studio.draw()
    with studio.comfyui.database.reading() as connection:
        assert slots_taken(connection) == {}, "no place is held by what has failed"


def test_a_job_that_does_not_end_is_told_to_and_then_its_server_is_left(open_studio: Open) -> None:
    studio = open_studio(Switches(stuck=1))
    with pytest.raises(ServiceUnavailable, match="the job before ours has run for"):
        studio.draw()
    assert any("does not end a job that was told to stop" in line for line in studio.said)
    assert studio.fakes[0].worker.interrupted


def test_what_a_killed_run_left_on_a_server_is_taken_over_and_not_drawn_again(open_studio: Open) -> None:
    """The run died after it had handed the job over: the next one waits for that job instead of handing it over."""
    studio = open_studio(Switches(seconds=0.3), Switches())
    studio.draw(run="run")
    job = bind(studio.comfyui.template("small"), {"prompt": "left behind", "seed": 5})
    server = studio.comfyui.servers[0]
    with studio.comfyui.database.writing() as connection:
        slot = services.take_slot(
            connection, {service_of(server): 0}, most=2, job=job.key, turn=services.Turn("killed"), partition="moth"
        )
        assert slot is not None
        services.handed_over(connection, slot, "ticket of the killed")
        services.forget_run(connection, "killed")
    server.submit(
        job.graph(f"deckport/{job.key}"), ticket="ticket of the killed", client_id="killed", told={"job": job.key}
    )
    occasion = Occasion("next", 0, studio.said.append, studio.cancelled)
    result = studio.comfyui.draw(
        studio.comfyui.template("small"), dict(job.values), partition="moth", occasion=occasion, told={},
        opened=open_picture,
    )  # fmt: skip
    assert result.provenance.more["ticket"] == "ticket of the killed"
    assert studio.drawn == 2, "the first, and the one that was left behind"


def test_before_a_job_is_taken_back_its_ticket_is_forgotten(open_studio: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill between the two leaves no ticket whose history says that somebody stopped it."""
    studio = open_studio(Switches(seconds=30))
    known: list[str] = []

    def note(server: Server, ticket: str) -> None:
        with studio.comfyui.database.reading() as connection:
            known.extend(connection.execute(db.select(tables.in_flight.c.ticket)).scalars())

    monkeypatch.setattr(Server, "take_back", note)
    studio.cancelled = lambda: studio.fakes[0].worker.running is not None
    with pytest.raises(Cancelled):
        studio.draw()
    assert known == [""]


def goes_away(
    studio: Studio,
    until: Callable[[], bool],
    meanwhile: Callable[[], None] = lambda: None,
    *,
    since: Callable[[], bool] = lambda: True,
) -> None:
    """The first server answers with somebody's error page from the moment it draws (and `since`), until then."""
    fake = studio.fakes[0]

    def away() -> None:
        while fake.worker.running is None or not since():
            time.sleep(0.005)
        fake.switches.html = 10**6
        while not until():
            time.sleep(0.005)
        meanwhile()
        fake.switches.html = 0

    studio.comfyui.patience, studio.comfyui.wait_s = replace(HURRY, job_s=30), 30
    threading.Thread(target=away, daemon=True).start()


def test_a_second_outage_is_waited_for_as_long_as_the_first(open_studio: Open) -> None:
    studio = open_studio(Switches())
    fake, studio.comfyui.wait_s = studio.fakes[0], 1.5

    def outage() -> None:
        fake.switches.html = 10**6
        threading.Timer(0.6, lambda: setattr(fake.switches, "html", 0)).start()

    outage()
    studio.draw("one")
    until = time.monotonic() + 1.5
    number = 0
    while time.monotonic() < until:
        studio.draw(f"picture {(number := number + 1)}")
    outage()
    studio.draw("other")


def test_a_stop_that_the_server_does_not_hear_leaves_the_job_to_the_next_run(open_studio: Open) -> None:
    studio = open_studio(Switches(seconds=2))
    fake, heard = studio.fakes[0], threading.Event()
    goes_away(studio, heard.is_set)
    studio.comfyui.patience = replace(HURRY, job_s=30, away_s=30)
    studio.cancelled = lambda: fake.switches.html > 0
    with pytest.raises(Cancelled, match="still has it"):
        studio.draw(run="first")
    with studio.comfyui.database.writing() as connection:
        services.forget_run(connection, "first")
    heard.set()
    while fake.switches.html:
        time.sleep(0.005)
    studio.draw(run="next")
    assert fake.requests.count("POST /prompt") == 1 and "POST /interrupt" not in fake.requests


def test_a_job_is_not_given_up_while_the_other_server_only_queues_it(open_studio: Open) -> None:
    studio = open_studio(Switches(seconds=3), Switches(worker_dead=True))
    one, other = studio.fakes
    goes_away(studio, lambda: bool(other.worker.queue))
    assert studio.draw().provenance.more["server"] == one.url
    assert one.requests.count("POST /prompt") == 1 and "POST /interrupt" not in one.requests


def test_a_job_is_not_given_up_before_another_server_has_it(open_studio: Open) -> None:
    studio = open_studio(Switches(seconds=3), Switches(status=[500] * 50))
    one, other = studio.fakes
    goes_away(studio, lambda: "POST /prompt" in other.requests)
    assert studio.draw().provenance.more["server"] == one.url
    assert one.requests.count("POST /prompt") == 1 and "POST /interrupt" not in one.requests


def test_what_a_person_stopped_while_the_server_was_away_is_not_done_again(open_studio: Open) -> None:
    studio = open_studio(Switches(seconds=3))
    fake = studio.fakes[0]

    def stopped() -> None:
        fake.worker.interrupted = True
        while not fake.worker.history:
            time.sleep(0.005)

    goes_away(studio, lambda: any("It had our job" in line for line in studio.said), stopped)
    with pytest.raises(Interrupted):
        studio.draw()
    assert fake.requests.count("POST /prompt") == 1


def test_a_run_that_is_stopped_while_the_server_is_away_leaves_the_job_to_the_next(open_studio: Open) -> None:
    studio = open_studio(Switches(seconds=3))
    fake, stop = studio.fakes[0], threading.Event()
    goes_away(studio, lambda: any("no ComfyUI answers" in line for line in studio.said), stop.set)
    studio.cancelled = stop.is_set
    with pytest.raises(Cancelled):
        studio.draw(run="first")
    with studio.comfyui.database.writing() as connection:
        services.forget_run(connection, "first")
    stop.clear()
    studio.comfyui = ComfyUI(
        [fake.url], studio.comfyui.database.url, workflows=studio.comfyui.workflows, patience=studio.comfyui.patience
    )
    studio.artist = ComfyUIArtist(studio.comfyui, "small")
    studio.draw(run="next")
    assert fake.requests.count("POST /prompt") == 1


@pytest.mark.parametrize(
    "switches",
    [
        pytest.param(Switches(take_but_fail=1, seconds=0.4), id="it was taken and the answer was an error"),
        pytest.param(Switches(cut=1), id="the answer broke off"),
    ],
)
def test_what_one_server_has_is_not_given_to_another(open_studio: Open, switches: Switches) -> None:
    studio = open_studio(switches, Switches())
    assert studio.draw().provenance.more["server"] == studio.fakes[0].url
    assert studio.drawn == 1


def test_a_job_does_not_move_for_ever(open_studio: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "OPENS_AFTER", 1000)  # a server that now works and now fails never rests
    studio = open_studio(Switches(status=[500] * 15))
    with pytest.raises(ServiceUnavailable, match="500"):
        studio.draw()


def test_a_server_that_is_away_for_long_is_tried_as_often_as_it_takes(open_studio: Open) -> None:
    studio = open_studio(Switches(status=[500] * 15))
    studio.comfyui.wait_s = 30
    assert studio.draw().pixels.shape == (376, 256, 3)


def test_what_a_person_stopped_at_the_server_is_not_done_again(open_studio: Open) -> None:
    studio = open_studio(Switches(seconds=30))
    fake = studio.fakes[0]

    def stop() -> None:
        while fake.worker.running is None:
            time.sleep(0.005)
        fake.worker.interrupted = True

    threading.Thread(target=stop).start()
    with pytest.raises(Interrupted, match="somebody stopped the job"):
        studio.draw()
    assert studio.drawn == 1


def test_a_stopped_run_takes_its_job_back_and_nobody_else_s(open_studio: Open) -> None:
    studio = open_studio(Switches(seconds=30))
    fake = studio.fakes[0]
    studio.cancelled = lambda: fake.worker.running is not None
    with pytest.raises(Cancelled, match="the server was told"):
        studio.draw()
    assert fake.worker.interrupted
    assert "POST /interrupt" in fake.requests


def test_a_job_that_waits_behind_somebody_else_s_is_taken_back_without_stopping_that(open_studio: Open) -> None:
    studio = open_studio(Switches(seconds=30))
    fake, server = studio.fakes[0], studio.comfyui.servers[0]
    theirs = bind(studio.comfyui.template("small"), {"prompt": "theirs", "seed": 5})
    server.submit(theirs.graph("theirs/art"), ticket="theirs", client_id="theirs", told={})
    studio.cancelled = lambda: len(server.queue().pending) == 1
    with pytest.raises(Cancelled, match="the server was told"):
        studio.draw()
    assert server.queue().running == ("theirs",) and not server.queue().pending
    assert not fake.worker.interrupted


def test_the_queue_is_asked_before_the_history(open_studio: Open) -> None:
    """A job goes from one to the other under one lock: asked the other way round it would now and then be missed."""
    studio = open_studio(Switches(seconds=0.1))
    studio.draw()
    asked = [request for request in studio.fakes[0].requests if "/queue" in request or "/history" in request]
    assert asked[0] == "GET /queue" and all(
        before == "GET /queue" for before, request in pairwise(asked) if "/history" in request
    )


def test_the_first_pictures_of_a_run_are_not_told_that_nobody_answers(open_studio: Open) -> None:
    studio = open_studio(Switches(seconds=0.1))
    threads = [threading.Thread(target=studio.draw, args=(f"picture {n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert studio.drawn == 6 and not any("no ComfyUI answers" in line for line in studio.said)


def test_a_server_that_was_away_for_long_goes_on_with_the_job_that_it_has(open_studio: Open) -> None:
    """Longer than it is waited for: the job is not handed over a second time when it is there again."""
    studio = open_studio(Switches(seconds=1.2))
    goes_away(studio, lambda: any("It had our job" in line for line in studio.said))
    assert studio.draw().pixels.shape == (376, 256, 3)
    assert studio.drawn == 1 and studio.fakes[0].requests.count("POST /prompt") == 1


def test_two_jobs_at_a_server_that_was_away_both_go_on_there(open_studio: Open) -> None:
    """Each comes back to its own, and neither takes the other's away."""
    studio = open_studio(Switches(seconds=2))
    fake = studio.fakes[0]

    def both_are_left() -> bool:
        return sum("It had our job" in line for line in studio.said) == 2

    goes_away(studio, both_are_left, since=lambda: bool(fake.worker.queue))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(studio.draw, ["one", "other"]))
    assert studio.drawn == 2 and fake.requests.count("POST /prompt") == 2
    assert "POST /interrupt" not in fake.requests


def test_a_try_in_vain_while_a_server_is_away_does_not_lose_the_job_that_it_has(open_studio: Open) -> None:
    studio = open_studio(Switches(seconds=3))
    goes_away(studio, lambda: sum("Trying again" in line for line in studio.said) >= 2)
    studio.draw()
    assert studio.drawn == 1 and studio.fakes[0].requests.count("POST /prompt") == 1


def test_somebody_s_error_page_holds_a_picture_up_for_no_longer_than_it_takes_to_see_it(open_studio: Open) -> None:
    """It is asked whether it is a ComfyUI before it is given a job: it cannot have taken one then."""
    studio = open_studio(Switches(html=10**6), Switches())
    studio.comfyui.patience = replace(HURRY, away_s=30)
    with studio.comfyui.database.writing() as connection:  # it has rested, and is tried with one job
        services.failed(connection, service_of(studio.comfyui.servers[0]), "it was not there", opens_after=1)
        connection.execute(tables.services.update().values(retry_at=now()))
    assert studio.draw().provenance.more["server"] == studio.fakes[1].url
    assert "POST /prompt" not in studio.fakes[0].requests
    assert sum("Trying again" in words for words in studio.said) == 1, (
        "steps of the other server are said when they come"
    )


def test_what_was_drawn_elsewhere_meanwhile_is_taken_back_before_the_next_job(open_studio: Open) -> None:
    studio = open_studio(Switches(seconds=30), Switches())
    away, other = studio.fakes
    is_drawn = threading.Event()
    goes_away(studio, is_drawn.is_set)
    assert studio.draw().provenance.more["server"] == other.url
    away.switches.seconds = other.switches.seconds = 0.1
    is_drawn.set()
    while away.switches.html:
        time.sleep(0.005)
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(studio.draw, [f"picture {n}" for n in range(4)]))
    assert {picture.provenance.more["server"] for picture in drawn} == {away.url, other.url}
    posts = [request for request in away.requests if request.startswith("POST")]
    assert posts[:4] == ["POST /prompt", "POST /queue", "POST /interrupt", "POST /prompt"]
    assert away.worker.history[away.worker.done[0]]["status"]["status_str"] == "error", "not drawn to its end"


def test_a_picture_that_is_done_while_it_is_told_to_stop_is_taken(
    open_studio: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = open_studio(Switches(seconds=0.7))
    monkeypatch.setattr(Server, "take_back", lambda server, ticket: None)  # too late: it stops between two nodes only
    assert studio.draw().pixels.shape == (376, 256, 3)


def test_what_no_server_has_is_told_before_the_first_card_and_one_that_is_away_is_given_time(open_studio: Open) -> None:
    lacking = frozenset({"sd_xl_base_1.0.safetensors"})
    studio = open_studio(Switches(missing_models=lacking), Switches(missing_models=lacking))
    with pytest.raises(MissingModel, match="sd_xl_base"):
        studio.artist.ready()
    studio.fakes[1].switches.html = 1
    studio.artist.ready()
    studio.fakes[0].switches.missing_models = frozenset()
    studio.artist.ready()
    with pytest.raises(TemplateError, match="stepz"):
        ComfyUIArtist(studio.comfyui, "small", {"stepz": 4}).ready()


# --- What a fresh look found ---------------------------------------------------------------------------------------


def test_one_that_lives_and_lacks_the_model_keeps_nobody_waiting_for_one_that_is_gone(open_studio: Open) -> None:
    lacking, gone = Switches(missing_models=frozenset({"sd_xl_base_1.0.safetensors"})), Switches(html=10**6)
    with pytest.raises(ServiceUnavailable, match="No ComfyUI that can draw this came back within 1 s"):
        open_studio(lacking, gone).draw()


def test_a_picture_is_taken_from_whichever_server_it_lies_on(open_studio: Open) -> None:
    studio = open_studio(Switches(), Switches())
    first = studio.draw()
    assert {studio.draw(run=f"run {n}").provenance.more["server"] for n in range(4)} == {
        first.provenance.more["server"]
    }
    assert studio.drawn == 1


def test_a_server_that_has_no_memory_to_free_is_no_end(open_studio: Open) -> None:
    studio = open_studio(Switches(oom=1), Switches())
    studio.fakes[0].switches.fails_to_free = True
    for n in range(2):
        assert studio.draw(f"picture {n}").pixels.shape == (376, 256, 3)


def test_a_workflow_that_takes_no_prompt_draws_no_card(open_studio: Open) -> None:
    studio = open_studio(Switches())
    bindings = studio.comfyui.workflows[0] / "small" / "bindings.toml"
    bindings.write_text(bindings.read_text().replace("[inputs.prompt]", "[inputs.positive]"))
    with pytest.raises(TemplateError, match="draws no picture of a card: it has no input prompt"):
        studio.draw()
    assert studio.drawn == 0


def test_what_belongs_to_the_card_cannot_be_set_for_all(open_studio: Open) -> None:
    studio = open_studio(Switches())
    studio.artist.values = {"seed": 5}
    with pytest.raises(TemplateError, match="seed cannot be set for every picture"):
        studio.draw()


def test_a_server_that_takes_calls_and_never_answers_keeps_nobody_from_the_others(
    open_studio: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deckport_assets.resources.comfyui.server.HEALTH_S", 0.2)
    studio = open_studio(Switches())
    with socket.create_server(("127.0.0.1", 0)) as hole:
        addresses = [f"http://127.0.0.1:{hole.getsockname()[1]}", studio.fakes[0].url]
        patience = studio.comfyui.patience
        url, workflows = studio.comfyui.database.url, studio.comfyui.workflows
        studio.comfyui = ComfyUI(addresses, url, workflows=workflows, patience=patience, wait_s=5)
        studio.artist.comfyui = studio.comfyui
        for n in range(4):
            assert studio.draw(f"picture {n}").provenance.more["server"] == studio.fakes[0].url
    assert studio.drawn == 4
