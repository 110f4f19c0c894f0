"""logs.tail: lines and cursors of a growing, rotating file."""

from __future__ import annotations

from pathlib import Path

from appliance.gateway.methods.logs import read_tail
from appliance.protocol.methods.logs import LogsTailResult


def tail(path: Path, cursor: int | None = None, *, limit: int = 100, max_bytes: int = 10_000) -> LogsTailResult:
    return read_tail(path, cursor, limit=limit, max_bytes=max_bytes)


def test_a_missing_file_is_an_empty_one(tmp_path: Path) -> None:
    result = tail(tmp_path / "gateway.log")
    assert (result.lines, result.cursor, result.size, result.reset) == ([], 0, 0, False)


def test_the_cursor_gives_only_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / "gateway.log"
    path.write_text("one\ntwo\n")
    first = tail(path)
    assert first.lines == ["one", "two"]
    assert tail(path, first.cursor).lines == []
    with path.open("a") as file:
        file.write("three\n")
    second = tail(path, first.cursor)
    assert second.lines == ["three"]
    assert second.cursor == second.size == path.stat().st_size


def test_a_line_that_is_still_written_waits(tmp_path: Path) -> None:
    path = tmp_path / "gateway.log"
    path.write_text("one\nhal")
    first = tail(path)
    assert first.lines == ["one"]
    with path.open("a") as file:
        file.write("f\n")
    assert tail(path, first.cursor).lines == ["half"]


def test_a_cursor_beyond_the_file_is_reset(tmp_path: Path) -> None:
    path = tmp_path / "gateway.log"
    path.write_text("new\n")
    result = tail(path, 5000)
    assert result.reset
    assert result.lines == ["new"]


def test_a_cursor_inside_a_line_of_a_new_file_is_reset(tmp_path: Path) -> None:
    path = tmp_path / "gateway.log"
    path.write_text("a line of the new file\n")
    assert tail(path, 4).reset


def test_only_the_end_of_a_large_file_is_read_and_begins_with_a_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "gateway.log"
    path.write_text("".join(f"line {number:04}\n" for number in range(1000)))
    result = tail(path, max_bytes=55)
    assert result.lines == [f"line {number:04}" for number in range(995, 1000)]
    assert result.truncated


def test_what_a_follower_missed_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "gateway.log"
    path.write_text("start\n")
    cursor = tail(path).cursor
    with path.open("a") as file:
        file.write("".join(f"line {number:04}\n" for number in range(1000)))
    result = tail(path, cursor, max_bytes=55)
    assert result.truncated
    assert result.skipped_bytes == path.stat().st_size - 55 - cursor
    assert not result.reset


def test_the_limit_keeps_the_last_lines(tmp_path: Path) -> None:
    path = tmp_path / "gateway.log"
    path.write_text("one\ntwo\nthree\n")
    assert tail(path, limit=3).lines == ["one", "two", "three"]
    result = tail(path, limit=2)
    assert result.lines == ["two", "three"]
    assert result.truncated


def test_bytes_that_are_no_text_do_not_stop_the_reader(tmp_path: Path) -> None:
    path = tmp_path / "gateway.log"
    path.write_bytes(b"bad \xff byte\n")
    assert tail(path).lines == ["bad \ufffd byte"]
