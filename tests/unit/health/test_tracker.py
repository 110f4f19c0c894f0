from appliance.health import Condition, HealthTracker, Severity

ENGINE = Condition("engine_absent", "engine", Severity.DEGRADED, "The engine is not built.", "Run scripts/engine.")
CONFIG = Condition("config_invalid", "gateway.port", Severity.BLOCKING, "The port is not a number.")


def test_only_blocking_conditions_make_the_box_not_ready() -> None:
    tracker = HealthTracker()
    tracker.set(ENGINE)
    assert tracker.ready() == (True, ())
    tracker.set(CONFIG)
    assert tracker.ready() == (False, ("config_invalid",))
    tracker.clear("config_invalid", "gateway.port")
    assert tracker.ready() == (True, ())


def test_the_worst_condition_comes_first() -> None:
    tracker = HealthTracker()
    tracker.set(ENGINE)
    tracker.set(CONFIG)
    assert [one.code for one in tracker.conditions()] == ["config_invalid", "engine_absent"]


def test_a_change_is_told_once() -> None:
    told: list[int] = []
    tracker = HealthTracker(lambda: told.append(1))
    tracker.set(ENGINE)
    tracker.set(ENGINE)
    tracker.clear("unknown", "engine")
    tracker.clear("engine_absent", "engine")
    assert len(told) == 2
