"""Answers and events about devices against their published definitions, and the scopes of the methods."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.clock import FakeClock
from tests.fakes.wire import DeviceKey
from tests.protocol.test_payload_schemas import check, schema
from tests.unit.gateway.methods.test_devices import ask, device_socket, pair, result, serving
from tests.unit.gateway.methods.test_setup import opened, spend

ADMIN, PAIRING, READ = "operator.admin", "operator.pairing", "operator.read"


async def test_answers_and_events_about_devices_fit(tmp_path: Path) -> None:
    async with serving(tmp_path) as running:
        phone, tablet = DeviceKey(), DeviceKey()
        token = await pair(running, phone, PAIRING, READ)
        request_id, unwanted = await ask(running, tablet, READ), await ask(running, DeviceKey(), READ)
        async with device_socket(running, phone, token, PAIRING, READ) as own, running.connected(ADMIN) as owner:
            for row in (await result(owner, "device.pair.list"))["pending"]:
                check("DevicePairRequestedEvent", row)
            await result(own, "device.scopes.requestUpgrade", scopes=[PAIRING, READ, "operator.write"])
            check("DevicePairRequestedEvent", (await owner.event("device.pair.requested"))["payload"])
            await result(owner, "device.pair.approve", requestId=request_id)
            await result(owner, "device.pair.reject", requestId=unwanted)
            for _ in range(2):
                check("DevicePairResolvedEvent", (await owner.event("device.pair.resolved"))["payload"])
            away = await result(owner, "device.token.rotate", deviceId=tablet.id, role="operator")
            check("DeviceTokenRotateResult", away)
            at_home = await result(own, "device.token.rotate", deviceId=phone.id, role="operator")
            check("DeviceTokenRotateResult", at_home)
            assert (away["tokenDelivery"], at_home["tokenDelivery"]) == ("withheld-cross-device", "in-band")


async def test_answers_and_events_about_setup_codes_fit(tmp_path: Path) -> None:
    async with opened(tmp_path, FakeClock()) as doors:
        for params in (
            {},
            {"includeQr": True, "joinUrl": True, "bootstrapProfile": "node"},
            {"publicUrl": "ws://192.168.1.5", "bootstrapProfile": "limited", "preferRemoteUrl": True},
            {"publicUrl": "ws://192.168.1.5"},
        ):
            check("DevicePairSetupCodeResult", await doors.code(**params))
        for certain, name in ((True, "Completed"), (False, "DeliveryUncertain")):
            answer = await doors.code()
            async with doors.gateway.connected(ADMIN) as owner:
                await spend(doors, answer, certain=certain)
                event = f"device.pair.setup.{name[0].lower()}{name[1:]}"
                check(f"DevicePairSetup{name}Event", (await owner.event(event))["payload"])
            status = await doors.ask("device.pair.setupStatus", setupId=answer["setupId"])
            check("DevicePairSetupStatusResult", status["payload"])
        methods = {method.name: method for method in doors.gateway.server_table.all()}
    published = {name: entry["scope"] for name, entry in schema()["methods"].items() if name.startswith("device.")}
    assert {name: methods[name].scope for name in published} == published
    assert not methods["device.pair.setupCode"].advertised
