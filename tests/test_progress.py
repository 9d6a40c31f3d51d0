"""What a person reads while they wait."""

from deckport_assets.progress import Progress, in_words


def test_the_sentence_tells_counts_rate_and_the_time_that_is_left() -> None:
    progress = Progress(total=200, done=88, skipped=30, failed=2, began_at=100.0)
    assert progress.sentence(now=120.0) == "120 of 200 (2 failed, 30 skipped), 4.5 a second, 18 s left"


def test_what_was_skipped_makes_nothing_look_faster() -> None:
    assert Progress(total=200, skipped=150, began_at=0.0).eta_s(now=10.0) is None


def test_lengths_of_time_are_said_as_people_say_them() -> None:
    assert [in_words(s) for s in (4.4, 200, 7500)] == ["4 s", "3 min 20 s", "2 h 5 min"]
