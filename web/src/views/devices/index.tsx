import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import "../../words/devices";
import { t } from "../../app/i18n";
import { waitingApprovals } from "../../app/store";
import { gateway } from "../../gateway";
import { Button, Card, EmptyState, List, Page, useAsync } from "../../ui";
import { Gate, Loaded } from "../panel";
import { AddDevice } from "./add";
import { sorted } from "./model";
import type { DeviceList } from "./model";
import { DeviceRow } from "./row";
import { Recovery } from "./recovery";
import { Request } from "./request";

const EVENTS = ["device.pair.requested", "device.pair.resolved", "device.pair.changed", "device.pair.setup.completed", "presence"];

/** Who may come in, who asks to, and how somebody new does. */
export default function View(): JSX.Element {
  const [adding, setAdding] = useState(false);
  const met = gateway.met.value;
  const mayAdd = gateway.can("operator.admin") && gateway.has("homarus.pair.cancel");
  // Its place is kept before the box says who this is: nothing below jumps.
  const add = (mayAdd || !met) && <Button kind="primary" icon="plus" disabled={!mayAdd} onClick={() => setAdding(true)}>{t("devices.add")}</Button>;
  return (
    <Page title={t("views.devices")} lead={t("devices.lead")} actions={add}>
      <Gate method="device.pair.list" scope="operator.pairing"><Devices /></Gate>
      {adding && <AddDevice onClose={() => setAdding(false)} />}
    </Page>
  );
}

function Devices(): JSX.Element {
  const read = useAsync((signal) => gateway.call<DeviceList>("device.pair.list", {}, { signal }), [], EVENTS);
  const waiting = read.value?.pending.length;
  useEffect(() => {
    if (waiting !== undefined) waitingApprovals.value = waiting;
  }, [waiting]);
  return (
    <Loaded from={read} lines={5}>
      {({ pending, paired }) => (
        <>
          {pending.map((request) => <Request key={request.requestId} request={request} />)}
          <Card>
            {paired.length ? (
              <List label={t("views.devices")}>
                {sorted(paired, gateway.deviceId.value).map((device) => <DeviceRow key={device.deviceId} device={device} />)}
              </List>
            ) : (
              <EmptyState icon="devices" title={t("devices.none")}>{t("devices.noneText")}</EmptyState>
            )}
          </Card>
          {gateway.can("operator.admin") && gateway.has("homarus.recovery.new") && <Recovery />}
        </>
      )}
    </Loaded>
  );
}
