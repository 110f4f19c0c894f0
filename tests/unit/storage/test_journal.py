from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from appliance.storage.journal import Batch, Damage, Header, Journal, prune, read, segments, size


def rows(number: int) -> list[bytes]:
    return [msgspec.json.encode({"t": "things", "put": {"name": f"row {number}"}})]


def numbers(directory: Path, after: int = 0) -> list[int]:
    return [item.n for item in read(directory, after) if isinstance(item, Batch)]


@pytest.fixture
def journal(tmp_path: Path):
    journal = Journal(tmp_path, segment_bytes=300)
    journal.start_segment(1, ("a",), 0)
    yield journal
    journal.close()


def test_batches_come_back_in_order_across_segments(journal: Journal) -> None:
    for number in range(1, 30):
        journal.append(number, rows(number), 0)
    assert numbers(journal.directory) == list(range(1, 30))
    assert numbers(journal.directory, after=20) == list(range(21, 30))
    assert len(segments(journal.directory)) > 3
    first = next(item for item in read(journal.directory) if isinstance(item, Batch))
    assert first.records() == [{"t": "things", "put": {"name": "row 1"}}]


def test_a_reopened_journal_goes_on_where_it_stood(journal: Journal) -> None:
    for number in range(1, 8):
        journal.append(number, rows(number), 0)
    journal.close()
    again = Journal(journal.directory)
    assert (again.last, again.migrations) == (7, ("a",))
    again.append(8, rows(8), 0)
    again.close()
    assert numbers(journal.directory) == list(range(1, 9))


@pytest.mark.parametrize("cut", [1, 2, 30, 60])
def test_a_torn_end_is_set_aside_not_lost(journal: Journal, cut: int) -> None:
    for number in (1, 2):
        journal.append(number, rows(number), 0)
    journal.close()
    path = segments(journal.directory)[-1]
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    again = Journal(journal.directory)
    again.close()
    assert again.last == 1
    assert numbers(journal.directory) == [1]
    (torn,) = journal.directory.glob("*.torn-*")
    assert path.read_bytes() + torn.read_bytes() == whole[:-cut]


def test_garbage_at_the_end_does_not_hide_what_was_written_before(journal: Journal) -> None:
    journal.append(1, rows(1), 0)
    journal.close()
    with segments(journal.directory)[-1].open("ab") as file:
        file.write(b"\x00" * 100 + b"\n" + b'{"n":2,"at":0,"crc":1,"rows":[]}\n')
    again = Journal(journal.directory)
    again.close()
    assert (again.last, numbers(journal.directory)) == (1, [1])


def test_a_line_longer_than_a_block_is_found_at_open(journal: Journal) -> None:
    journal.append(1, [msgspec.json.encode({"t": "things", "put": {"name": "x" * 400_000}})], 0)
    journal.close()
    again = Journal(journal.directory)
    again.close()
    assert again.last == 1


def test_a_damaged_line_in_the_middle_is_told_and_the_rest_read(journal: Journal) -> None:
    for number in (1, 2, 3):
        journal.append(number, rows(number), 0)
    journal.close()
    path = segments(journal.directory)[0]
    path.write_bytes(path.read_bytes().replace(b"row 2", b"row X"))
    again = Journal(journal.directory)
    again.close()
    assert again.last == 3
    kinds = [type(item) for item in read(journal.directory)]
    assert kinds == [Header, Batch, Damage, Batch]


def test_a_segment_that_was_only_begun_is_left_out(journal: Journal) -> None:
    journal.append(1, rows(1), 0)
    journal.close()
    (journal.directory / "00000002.jsonl").write_bytes(b'{"journal":1,"fir')
    again = Journal(journal.directory)
    again.append(2, rows(2), 0)
    again.start_segment(3, ("a", "b"), 0)
    again.close()
    assert numbers(journal.directory) == [1, 2]


def test_a_batch_can_be_taken_back(journal: Journal) -> None:
    journal.append(1, rows(1), 0)
    journal.append(2, rows(2), 0)
    journal.retract()
    assert journal.last == 1
    journal.append(2, rows(99), 0)
    assert [item.records()[0]["put"]["name"] for item in read(journal.directory) if isinstance(item, Batch)] == [
        "row 1",
        "row 99",
    ]


def test_pruning_keeps_every_batch_after_the_mark(journal: Journal) -> None:
    for number in range(1, 30):
        journal.append(number, rows(number), 0)
    before = size(journal.directory)
    assert prune(journal.directory, 15) > 0
    kept = numbers(journal.directory)
    assert kept[-1] == 29
    assert set(range(16, 30)) <= set(kept)
    assert size(journal.directory) < before
    assert prune(journal.directory, 29) > 0
    assert segments(journal.directory), "the segment in use stays"
