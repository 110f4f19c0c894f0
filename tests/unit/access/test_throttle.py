from __future__ import annotations

from appliance.access.throttle import Bucket, Throttle

NOW = 1_795_000_000_000


def _fail(throttle: Throttle, times: int, *, now_ms: int = NOW, source: str = "192.0.2.1") -> None:
    for _ in range(times):
        throttle.failed(Bucket.SHARED, source, now_ms)


def test_nine_failures_do_not_lock_and_the_tenth_does_for_five_minutes() -> None:
    throttle = Throttle()
    _fail(throttle, 9)
    assert throttle.locked_ms(Bucket.SHARED, "192.0.2.1", NOW) == 0
    _fail(throttle, 1)
    assert throttle.locked_ms(Bucket.SHARED, "192.0.2.1", NOW) == 300_000
    assert throttle.locked_ms(Bucket.SHARED, "192.0.2.1", NOW + 299_999) == 1
    assert throttle.locked_ms(Bucket.SHARED, "192.0.2.1", NOW + 300_000) == 0


def test_failures_older_than_a_minute_do_not_count() -> None:
    throttle = Throttle()
    _fail(throttle, 9)
    _fail(throttle, 1, now_ms=NOW + 60_000)
    assert throttle.locked_ms(Bucket.SHARED, "192.0.2.1", NOW + 60_000) == 0


def test_buckets_and_sources_are_counted_apart() -> None:
    throttle = Throttle()
    _fail(throttle, 10)
    assert throttle.locked_ms(Bucket.DEVICE_TOKEN, "192.0.2.1", NOW) == 0
    assert throttle.locked_ms(Bucket.SHARED, "192.0.2.2", NOW) == 0


def test_success_forgets_the_failures() -> None:
    throttle = Throttle()
    _fail(throttle, 9)
    throttle.succeeded(Bucket.SHARED, "192.0.2.1")
    _fail(throttle, 9)
    assert throttle.locked_ms(Bucket.SHARED, "192.0.2.1", NOW) == 0


def test_a_clock_set_back_never_lengthens_a_lock() -> None:
    throttle = Throttle()
    _fail(throttle, 10)
    yesterday = NOW - 86_400_000
    assert throttle.locked_ms(Bucket.SHARED, "192.0.2.1", yesterday) == 300_000
    assert throttle.locked_ms(Bucket.SHARED, "192.0.2.1", yesterday + 299_999) == 1
    assert throttle.locked_ms(Bucket.SHARED, "192.0.2.1", yesterday + 300_000) == 0


def test_a_flood_makes_no_lock_forgotten() -> None:
    throttle = Throttle()
    _fail(throttle, 10)
    for bucket in Bucket:
        for number in range(5000):
            throttle.failed(bucket, f"198.51.100.{number}", NOW)
    assert throttle.locked_ms(Bucket.SHARED, "192.0.2.1", NOW) == 300_000
    assert len(throttle) == 4096 * len(Bucket)


def test_a_flood_of_locked_addresses_is_bounded_too() -> None:
    throttle = Throttle()
    for number in range(4200):
        _fail(throttle, 10, source=f"198.51.100.{number}")
    assert len(throttle) == 4096
    assert throttle.locked_ms(Bucket.SHARED, "198.51.100.4199", NOW) == 300_000


def test_pages_on_this_machine_are_locked_together_after_a_hundred_failures() -> None:
    throttle = Throttle()
    for number in range(100):
        assert throttle.locked_ms(Bucket.SHARED, f"origin:https://a{number}.example", NOW) == 0
        throttle.failed(Bucket.SHARED, f"origin:https://a{number}.example", NOW)
    assert throttle.locked_ms(Bucket.SHARED, "origin:https://new.example", NOW) == 300_000
    assert throttle.locked_ms(Bucket.SHARED, "192.0.2.1", NOW) == 0


def test_a_flood_of_addresses_is_remembered_only_up_to_the_bound() -> None:
    throttle = Throttle()
    for number in range(4097):
        throttle.failed(Bucket.SHARED, f"198.51.100.{number}", NOW)
    assert len(throttle) == 4096


def test_who_has_a_whole_network_of_addresses_is_locked_out_with_it() -> None:
    throttle = Throttle()
    for number in range(100):
        assert throttle.locked_ms(Bucket.SHARED, f"2001:db8::{number:x}", 0) == 0
        throttle.failed(Bucket.SHARED, f"2001:db8::{number:x}", 0)
    assert throttle.locked_ms(Bucket.SHARED, "2001:db8::ffff:1", 0) == 300_000
    assert throttle.locked_ms(Bucket.SHARED, "2001:db8:0:1::1", 0) == 0
    assert throttle.locked_ms(Bucket.SHARED, "192.0.2.1", 0) == 0


def test_secrets_that_nobody_can_guess_are_counted_by_address_alone() -> None:
    throttle = Throttle()
    for number in range(200):
        throttle.failed(Bucket.DEVICE_TOKEN, f"2001:db8::{number:x}", 0)
    assert throttle.locked_ms(Bucket.DEVICE_TOKEN, "2001:db8::ffff:1", 0) == 0
