"""What may go wrong at a ComfyUI, each by a name. Counts say how many times; a request or a job uses one up."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Switches:
    """All off. A test sets what it needs, while the server runs."""

    seconds: float = 0.0
    """How long a job takes, spread over its steps."""
    steps: int = 4
    login: tuple[str, str] | None = None
    """User and password that a proxy before it asks for."""
    missing_models: frozenset[str] = frozenset()
    missing_nodes: frozenset[str] = frozenset()
    more_checkpoints: tuple[str, ...] = ()
    """Checkpoints that it has beside those that it always has; one that is called empty is."""
    oom: int = 0
    node_fails: str = ""
    """The class of a node that fails in each job."""
    skip_invalid_outputs: bool = False
    """200 with node_errors: a second output is invalid and skipped in silence."""
    worker_dead: bool = False
    """Takes jobs and does none of them; /system_stats stays 200."""
    stuck: int = 0
    """Jobs that never end, and listen to no interrupt."""
    late_history: float = 0.0
    """Seconds between the end of a job and its history."""
    lose_file: int = 0
    """Jobs whose file is deleted as soon as it is saved: history says success."""
    half_file: int = 0
    """Jobs whose file is cut in half on the disk."""
    other_bytes: int = 0
    """Jobs whose file is replaced by another picture of the same name."""
    flat: int = 0
    """Jobs that come out in one colour."""
    drip: int = 0
    """Answers of /view that come a byte at a time and never end."""
    cut: int = 0
    """Answers of /view that end in the middle, with the whole length announced."""
    html: int = 0
    """Answers that are somebody's error page."""
    status: list[int] = field(default_factory=list)
    """Status codes with which the next POSTs to /prompt are answered instead."""
    take_but_fail: int = 0
    """Jobs that are taken while the answer is a 500: nobody knows whether they were."""
    most_upload_bytes: int = 104_857_600
    """What an upload may weigh, as said at the start (--max-upload-size) or to a proxy."""
    renames_uploads: bool = False
    """Every picture that is uploaded gets another name."""
    fails_to_free: bool = False
    """500 when it is told to free its memory."""
    silent_socket: bool = False
    no_metadata: bool = False
    """Started with --disable-metadata."""
