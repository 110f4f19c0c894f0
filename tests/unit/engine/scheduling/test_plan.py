"""What a step holds."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.engine.scheduling.plan import Sizes, turns

_SIZES = Sizes(alone=128, shared=32, batch=256)


@dataclass
class Member:
    name: str
    unread: int
    priority: int = 0
    last_read: int = 0

    @property
    def generating(self) -> bool:
        return self.unread == 1


def _planned(*members: Member, sizes: Sizes = _SIZES) -> dict[str, int]:
    return {member.name: count for member, count in turns(members, sizes)[0]}


def test_everyone_who_writes_takes_part_with_one_token() -> None:
    assert _planned(Member("a", 1), Member("b", 1)) == {"a": 1, "b": 1}


def test_writers_come_first_and_are_counted() -> None:
    parts, writers = turns([Member("a", 50), Member("b", 1), Member("c", 1)], _SIZES)
    assert [member.name for member, _ in parts] == ["b", "c", "a"]
    assert writers == 2


def test_a_lone_reader_reads_a_large_chunk() -> None:
    assert _planned(Member("a", 500)) == {"a": 128}


def test_beside_a_writer_only_a_small_chunk_is_read() -> None:
    assert _planned(Member("a", 500), Member("b", 1)) == {"a": 32, "b": 1}


def test_the_end_of_a_prompt_is_a_smaller_chunk_and_the_next_reader_gets_the_rest() -> None:
    assert _planned(Member("a", 100), Member("b", 500, last_read=1)) == {"a": 100, "b": 28}


def test_readers_take_turns() -> None:
    assert _planned(Member("a", 500, last_read=2), Member("b", 500, last_read=1)) == {"b": 128}


def test_a_reader_of_higher_priority_goes_first() -> None:
    assert _planned(Member("a", 500), Member("b", 500, priority=1, last_read=9)) == {"b": 128}


def test_a_batch_never_holds_more_than_it_can() -> None:
    sizes = Sizes(alone=8, shared=8, batch=8)
    writers = [Member(f"w{number}", 1) for number in range(6)]
    assert sum(_planned(*writers, Member("r", 500), sizes=sizes).values()) == 8
    full = [Member(f"w{number}", 1) for number in range(8)]
    assert "r" not in _planned(*full, Member("r", 500), sizes=sizes)


def test_nobody_means_nothing() -> None:
    assert _planned() == {}
