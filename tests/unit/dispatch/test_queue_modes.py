import pytest

from appliance.dispatch.queue_modes import (
    Arrival,
    DropPolicy,
    QueueMode,
    QueueSettings,
    arrive,
    batch_size,
    overflow,
    quiet_in_ms,
)


def test_the_defaults_are_those_of_the_product() -> None:
    assert QueueSettings() == QueueSettings(QueueMode.COLLECT, 1000, 20, DropPolicy.SUMMARIZE)


@pytest.mark.parametrize("mode", QueueMode)
def test_an_idle_session_runs_at_once(mode: QueueMode) -> None:
    assert arrive(QueueSettings(mode=mode), busy=False, waiting=0) is Arrival.RUN


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (QueueMode.COLLECT, Arrival.WAIT),
        (QueueMode.FOLLOWUP, Arrival.WAIT),
        (QueueMode.STEER, Arrival.STEER),
        (QueueMode.INTERRUPT, Arrival.INTERRUPT),
    ],
)
def test_a_busy_session_follows_its_mode(mode: QueueMode, expected: Arrival) -> None:
    assert arrive(QueueSettings(mode=mode), busy=True, waiting=0) is expected


def test_the_new_message_is_refused_at_the_cap_and_not_one_before() -> None:
    settings = QueueSettings(cap=20, drop=DropPolicy.NEW)
    assert arrive(settings, busy=True, waiting=19) is Arrival.WAIT
    assert arrive(settings, busy=True, waiting=20) is Arrival.REFUSE


@pytest.mark.parametrize("drop", [DropPolicy.OLD, DropPolicy.SUMMARIZE])
def test_the_oldest_give_way_past_the_cap(drop: DropPolicy) -> None:
    settings = QueueSettings(cap=20, drop=drop)
    assert arrive(settings, busy=True, waiting=20) is Arrival.WAIT
    assert (overflow(settings, 20), overflow(settings, 21)) == (0, 1)


def test_waiting_messages_run_after_the_debounce_time_of_quiet() -> None:
    settings = QueueSettings()
    assert quiet_in_ms(settings, last_arrival_ms=5000, now_ms=5400) == 600
    assert quiet_in_ms(settings, last_arrival_ms=5000, now_ms=6000) == 0


def test_a_clock_that_jumps_back_cannot_hold_a_message() -> None:
    assert quiet_in_ms(QueueSettings(), last_arrival_ms=9_000_000, now_ms=0) == 1000


def test_collected_messages_make_one_turn_up_to_the_first_of_another_mode() -> None:
    collect, follow = QueueMode.COLLECT, QueueMode.FOLLOWUP
    assert batch_size([collect, collect, follow]) == 2
    assert batch_size([follow, collect]) == 1
    assert batch_size([]) == 0
