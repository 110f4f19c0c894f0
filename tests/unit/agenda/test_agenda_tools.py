import asyncio

import pytest

from appliance.agenda.setting import MAX_DURATION_S
from appliance.agenda.store import MAX_PENDING_PER_SESSION
from tests.unit.agenda.conftest import Box, ms


async def test_a_timer_says_how_long_and_until_when(box: Box) -> None:
    result = await box.call("timer_set", duration_s=600)
    assert result.text == "Timer set for 10 minutes, until 14:35."
    assert result.data["dueMs"] == ms("2026-11-21T14:35")
    assert box.changes == 1


async def test_a_timer_over_midnight_names_the_day(box: Box) -> None:
    assert (await box.call("timer_set", duration_s=36_000, label="dough")).text == (
        "Timer “dough” set for 10 hours, until tomorrow at 00:25."
    )


async def test_pending_timers_are_listed_with_what_is_left(box: Box) -> None:
    assert (await box.call("timer_list")).text == "There are no timers."
    await box.call("timer_set", duration_s=600)
    await box.call("timer_set", duration_s=300, label="pasta")
    box.at("2026-11-21T14:26")
    assert (await box.call("timer_list")).text == (
        "2 timers: pasta, 4 minutes left (until 14:30); 10 minutes, 9 minutes left (until 14:35)."
    )


async def test_the_same_call_again_sets_one_timer_and_gives_the_first_answer(box: Box) -> None:
    first = await box.call("timer_set", call_id="one", duration_s=600)
    box.at("2026-11-21T14:30")
    again = await box.call("timer_set", call_id="one", duration_s=600)
    assert (again.text, again.data) == (first.text, first.data)
    assert len(await box.store.pending("agent:main:main")) == 1


async def test_another_wish_under_a_reused_call_id_is_not_taken_for_a_repeat(box: Box) -> None:
    await box.call("timer_set", call_id="call_0", duration_s=600)
    await box.call("timer_set", call_id="call_0", duration_s=300)
    assert len(await box.store.pending("agent:main:main")) == 2


@pytest.mark.parametrize(
    ("seconds", "refused"), [(0, True), (1, False), (MAX_DURATION_S, False), (MAX_DURATION_S + 1, True)]
)
async def test_a_timer_lasts_from_a_second_to_a_year(box: Box, seconds: int, refused: bool) -> None:
    result = await box.call("timer_set", duration_s=seconds)
    assert result.is_error is refused
    assert not refused or "one second" in result.text or "one year" in result.text


async def test_a_session_keeps_its_cap_of_pending_and_not_one_more(box: Box) -> None:
    for start in range(0, MAX_PENDING_PER_SESSION, 250):
        results = await asyncio.gather(*(box.call("timer_set", duration_s=600 + start + one) for one in range(250)))
        assert not any(one.is_error for one in results)
    result = await box.call("timer_set", duration_s=60)
    assert result.is_error
    assert str(MAX_PENDING_PER_SESSION) in result.text


@pytest.mark.parametrize(("length", "refused"), [(500, False), (501, True)])
async def test_the_text_of_a_reminder_has_a_bound(box: Box, length: int, refused: bool) -> None:
    assert (await box.call("reminder_set", text="x" * length, in_s=60)).is_error is refused


async def test_one_timer_needs_no_name_to_be_cancelled(box: Box) -> None:
    await box.call("timer_set", duration_s=600)
    assert (await box.call("timer_cancel")).text == "Cancelled the timer: 10 minutes, 10 minutes left (until 14:35)."
    assert (await box.call("timer_cancel")).text == "There is no timer to cancel."


async def test_of_two_timers_the_box_asks_which(box: Box) -> None:
    await box.call("timer_set", duration_s=600, label="eggs")
    await box.call("timer_set", duration_s=300, label="Pasta")
    asked = await box.call("timer_cancel")
    assert asked.is_error
    assert asked.text.startswith("Which one? There are 2 timers: Pasta")
    assert not (await box.call("timer_cancel", label="the pasta timer")).is_error
    assert [one.text for one in await box.store.pending("agent:main:main")] == ["eggs"]


async def test_timers_are_cancelled_by_length_and_all_at_once(box: Box) -> None:
    for seconds in (300, 600, 900):
        await box.call("timer_set", duration_s=seconds)
    assert not (await box.call("timer_cancel", duration_s=600)).is_error
    assert "no timer of 10 minutes" in (await box.call("timer_cancel", duration_s=600)).text
    assert (await box.call("timer_cancel", all=True)).text == "Cancelled 2 timers."


async def test_a_session_neither_sees_nor_cancels_what_another_set(box: Box) -> None:
    await box.call("timer_set", duration_s=600)
    mine = box.context
    box.context = type(mine)("agent:main:group:1", "main", "run-2", "", mine.now_ms, mine.zone)
    assert (await box.call("timer_list")).text == "There are no timers."
    assert (await box.call("timer_cancel", all=True)).is_error
    box.context = mine
    assert len(await box.store.pending("agent:main:main")) == 1


async def test_an_alarm_rings_the_next_time_it_is_that_late(box: Box) -> None:
    assert (await box.call("alarm_set", time="07:00")).text == "Alarm set for tomorrow at 07:00."
    assert (await box.call("alarm_set", time="18:00", label="gym")).text == "Alarm set for 18:00: gym."


async def test_a_repeating_alarm_says_when_it_rings_first(box: Box) -> None:
    result = await box.call("alarm_set", time="07:00", repeat="weekdays")
    assert result.text == "Alarm set for 07:00 on weekdays, first Monday."
    result = await box.call("reminder_set", text="bins out", at="18:00", repeat="mon")
    assert result.text == "I will remind you at 18:00 every Monday, first Monday: bins out"


async def test_an_alarm_in_the_past_is_refused(box: Box) -> None:
    result = await box.call("alarm_set", time="14:25", date="2026-11-21")
    assert result.is_error
    assert "has passed" in result.text
    assert not (await box.call("alarm_set", time="14:26", date="2026-11-21")).is_error


async def test_alarms_are_cancelled_by_their_time(box: Box) -> None:
    await box.call("alarm_set", time="07:00")
    await box.call("alarm_set", time="08:00")
    assert (await box.call("alarm_cancel", time="7am")).text == "Cancelled the alarm: tomorrow at 07:00."


async def test_a_reminder_takes_a_moment_or_a_length(box: Box) -> None:
    assert (await box.call("reminder_set", text="call mum", at="2026-11-22T18:00")).text == (
        "I will remind you tomorrow at 18:00: call mum"
    )
    assert (await box.call("reminder_set", text="stretch", in_s=1800)).text == "I will remind you at 14:55: stretch"
    for wrong in ({}, {"at": "2026-11-22T18:00", "in_s": 5}, {"at": "someday"}, {"in_s": 60, "repeat": "daily"}):
        assert (await box.call("reminder_set", text="x", **wrong)).is_error


async def test_reminders_are_cancelled_by_some_of_their_words(box: Box) -> None:
    await box.call("reminder_set", text="Call mum about Sunday", in_s=600)
    await box.call("reminder_set", text="Water the plants", in_s=700)
    assert "Water the plants" in (await box.call("reminder_cancel", text="plants")).text
    assert "no reminder called" in (await box.call("reminder_cancel", text="taxes")).text


async def test_what_is_due_is_told_once(box: Box) -> None:
    await box.call("timer_set", duration_s=600, label="pasta")
    assert await box.speak("2026-11-21T14:34") == []
    assert await box.speak("2026-11-21T14:35") == ["Your timer “pasta” (10 minutes) is done."]
    assert await box.speak("2026-11-21T14:36") == []


async def test_what_was_due_while_the_box_was_down_says_how_late_it_is(box: Box) -> None:
    await box.call("reminder_set", text="pills", in_s=600)
    await box.call("alarm_set", time="15:00")
    assert await box.speak("2026-11-22T09:00") == [
        "Reminder: pills (18 hours 25 minutes late, it was due yesterday at 14:35)",
        "Alarm: it is 15:00 (18 hours late, it was due yesterday at 15:00).",
    ]


async def test_a_daily_alarm_that_was_missed_for_days_speaks_once_and_goes_on(box: Box) -> None:
    await box.call("alarm_set", time="07:00", repeat="daily")
    assert len(await box.speak("2026-11-26T12:00")) == 1
    assert await box.store.next_due_ms() == ms("2026-11-27T07:00")


async def test_a_daily_alarm_rings_once_in_both_nights_of_the_year_that_change_the_clocks(box: Box) -> None:
    for start, due, again in (
        ("2027-03-27T12:00", "2027-03-28T03:00", "2027-03-29T02:30"),
        ("2026-10-24T12:00", "2026-10-25T02:30", "2026-10-26T02:30"),
    ):
        box.at(start)
        await box.call("alarm_set", time="02:30", repeat="daily")
        assert await box.store.next_due_ms() == ms(due)
        assert len(await box.speak(due)) == 1
        assert await box.store.next_due_ms() == ms(again)
        await box.call("alarm_cancel", all=True)


async def test_many_that_are_due_at_once_are_told_in_bounded_batches_and_none_twice(box: Box) -> None:
    for number in range(120):
        await box.call("timer_set", duration_s=60, label=f"t{number}")
    said = [
        *(await box.speak("2026-11-21T15:00")),
        *(await box.speak("2026-11-21T15:00")),
        *(await box.speak("2026-11-21T15:00")),
    ]
    assert len(said) == len(set(said)) == 120


async def test_a_jump_of_the_clock_moves_lengths_of_time_and_leaves_times_of_day(box: Box) -> None:
    await box.call("timer_set", duration_s=600)
    await box.call("alarm_set", time="18:00")
    assert await box.store.clock_jumped(3_600_000, box.context.now_ms, after=0, upto=9) == 1
    timer, alarm = await box.store.pending("agent:main:main")
    assert (timer.due_ms, alarm.due_ms) == (ms("2026-11-21T15:35"), ms("2026-11-21T18:00"))


async def test_a_cancelled_timer_says_nothing(box: Box) -> None:
    await box.call("timer_set", duration_s=60)
    await box.call("timer_cancel")
    assert await box.speak("2026-11-21T15:00") == []


async def test_an_argument_that_does_not_exist_is_named(box: Box) -> None:
    result = await box.call("timer_set", duration="10")
    assert result.is_error
    assert "There is no argument duration. Did you mean duration_s?" in result.text


@pytest.mark.parametrize(
    ("locale", "said", "rung"),
    [
        ("de-CH", "Timer „Eier“ läuft: 10 Minuten, bis 14:35.", "Dein Timer „Eier“ (10 Minuten) ist abgelaufen."),
        (
            "fr",
            "Minuteur « Eier » lancé : 10 minutes, jusqu'à 14:35.",
            "Ton minuteur « Eier » (10 minutes) est terminé.",
        ),
    ],
)
async def test_a_timer_answers_and_rings_in_the_language_in_which_it_was_set(
    box: Box, locale: str, said: str, rung: str
) -> None:
    box.speaks(locale)
    assert (await box.call("timer_set", duration_s=600, label="Eier")).text == said
    assert await box.speak("2026-11-21T14:35") == [rung]
