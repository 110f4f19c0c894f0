import pytest

from appliance.events import Bus, HealthChanged, ModelsChanged


def test_listeners_hear_their_type_in_the_order_of_subscription() -> None:
    bus, heard = Bus(), []
    bus.listen(HealthChanged, lambda _: heard.append("first"))
    bus.listen(HealthChanged, lambda _: heard.append("second"))
    bus.listen(ModelsChanged, lambda _: heard.append("other"))
    bus.publish(HealthChanged())
    assert heard == ["first", "second"]


def test_a_listener_that_fails_does_not_disturb_the_others(caplog: pytest.LogCaptureFixture) -> None:
    bus, heard = Bus(), []

    def broken(_: HealthChanged) -> None:
        raise ValueError("broken listener")

    bus.listen(HealthChanged, broken)
    bus.listen(HealthChanged, lambda _: heard.append("heard"))
    bus.publish(HealthChanged())
    assert heard == ["heard"]
    assert "HealthChanged" in caplog.text


def test_a_stopped_listener_hears_nothing_more() -> None:
    bus, heard = Bus(), []
    stop = bus.listen(HealthChanged, lambda _: heard.append(1))
    stop()
    bus.publish(HealthChanged())
    assert heard == []
