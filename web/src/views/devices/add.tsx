import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../../app/i18n";
import { GatewayError, gateway } from "../../gateway";
import { Button, CodeBlock, Dialog, Field, Icon, Notice, Skeleton, useAsync } from "../../ui";
import type { IconName } from "../../ui";
import { act, why } from "../panel";
import { CodeCard } from "./code";
import { endsAt } from "./model";
import type { Reach, SetupCode } from "./model";

type Profile = "full" | "limited" | "node";

const CHOICES: readonly { profile: Profile; icon: IconName }[] = [
  { profile: "full", icon: "person" },
  { profile: "limited", icon: "devices" },
  { profile: "node", icon: "node" },
];

export interface Made extends SetupCode {
  profile: Profile;
  endsAt: number;
}

/** Let somebody new in: first what it may do, then the code for it. A code that nobody used dies with the window. */
export function AddDevice({ onClose }: { onClose: () => void }): JSX.Element {
  const [made, setMade] = useState<Made | null>(null);
  const [problem, setProblem] = useState<GatewayError | null>(null);
  const [busy, setBusy] = useState<Profile | null>(null);
  const [address, setAddress] = useState("");
  const [done, setDone] = useState(false);
  const reach = useAsync((signal) => gateway.call<Reach>("homarus.reach", {}, { signal }), []);
  const alone = reach.value?.loopbackOnly === true;

  const make = async (profile: Profile): Promise<void> => {
    setBusy(profile);
    setProblem(null);
    const publicUrl = address.trim() || (alone ? reach.value?.urls[0] : undefined);
    try {
      const answer = await gateway.call<SetupCode>("device.pair.setupCode", { bootstrapProfile: profile, includeQr: true, ...(publicUrl ? { publicUrl } : {}) });
      setMade({ ...answer, profile, endsAt: endsAt(answer.expiresAtMs, Date.now()) });
    } catch (error) {
      setProblem(error instanceof GatewayError ? error : new GatewayError({ code: "FAILED", message: String(error) }));
    }
    setBusy(null);
  };
  useEffect(() => {
    if (!made || done) return;
    return () => void gateway.call("homarus.pair.cancel", { setupId: made.setupId }).catch(() => undefined); // It dies by itself as well.
  }, [made, done]);

  if (made) {
    return (
      <Dialog open title={t(`devices.add_${made.profile}`)} onClose={onClose}>
        <CodeCard made={made} alone={alone && !address.trim()} reach={reach.value} onDone={() => setDone(true)} onClose={onClose} onAgain={() => void make(made.profile)} />
      </Dialog>
    );
  }
  return (
    <Dialog open title={t("devices.addTitle")} onClose={onClose}>
      {reach.loading && !reach.value ? <Skeleton lines={3} /> : (
        <>
          {problem && <Notice tone="bad">{why(problem)}</Notice>}
          {alone && <Alone reach={reach.value!} address={address} setAddress={setAddress} />}
          <div class="choices">
            {CHOICES.map(({ profile, icon }) => (
              <button key={profile} type="button" class="choice" disabled={busy !== null} aria-busy={busy === profile} onClick={() => void make(profile)}>
                <Icon name={icon} size={24} />
                <span><strong>{t(`devices.add_${profile}`)}</strong><span class="muted small">{t(`devices.addText_${profile}`)}</span></span>
                <Icon name="chevronRight" />
              </button>
            ))}
          </div>
        </>
      )}
    </Dialog>
  );
}

/** Only programs on this machine reach the gateway: how to change that, or which other way there is. */
function Alone({ reach, address, setAddress }: { reach: Reach; address: string; setAddress: (text: string) => void }): JSX.Element {
  const [opened, setOpened] = useState(false);
  const open = async (): Promise<void> => {
    if (await act(() => gateway.call("homarus.config.edit", { path: "gateway.bind", value: "lan" }))) setOpened(true);
  };
  if (opened) return <Notice tone="good" title={t("devices.opened")}>{t("devices.openedText")}</Notice>;
  return (
    <>
      <Notice tone="warn" title={t("devices.alone")}>{t("devices.aloneText")}</Notice>
      <div class="cluster"><Button onClick={() => void open()} icon="wifi">{t("devices.openLan")}</Button></div>
      {reach.openLan && <CodeBlock wrap>{reach.openLan}</CodeBlock>}
      <Field label={t("devices.address")} type="url" mono placeholder="wss://box.example:443" hint={t("devices.addressHint")} value={address} onInput={setAddress} />
    </>
  );
}
