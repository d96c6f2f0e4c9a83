import { ArrowLeft } from "lucide-react";
import { useEffect, useRef, useState } from "react";

import { Button, Steps, type Step } from "../../design";
import { useI18n } from "../../i18n/context";
import { useKeeper } from "../../ward/context";
import type { MailAttempt, Resumed } from "../../ward/recovery";
import { ByCode } from "./ByCode";
import { ByHelp } from "./ByHelp";
import { ByMail, Waiting } from "./ByMail";
import { Done } from "./Done";
import { NothingLeft } from "./NothingLeft";
import { Password } from "./Password";
import type { SetPassword, Way } from "./ways";
import { Who } from "./Who";
import "./recover.css";

/** What is shown: a way is chosen, proven, and ends with a new password. */
type At =
  | { readonly step: "who" }
  | { readonly step: "prove"; readonly way: Exclude<Way, "passkey">; readonly resumed?: Resumed }
  | { readonly step: "password"; readonly way: Exclude<Way, "passkey">; readonly set: SetPassword; readonly back: boolean }
  | { readonly step: "done"; readonly way: Exclude<Way, "passkey">; readonly password: string };

export interface RecoverScreenProps {
  readonly name: string;
  readonly onSignIn: () => void;
  readonly onInvitation: () => void;
}

/** For somebody who has forgotten the password: who it is, the proof, a new password. One page. */
export function RecoverScreen({ name: known, onSignIn, onInvitation }: RecoverScreenProps) {
  const { t } = useI18n();
  const keeper = useKeeper();
  const [name, setName] = useState(known);
  const [at, setAt] = useState<At>({ step: "who" });
  const attempt = useRef<MailAttempt>(undefined);
  useEffect(() => {
    document.title = `${t("recover.title")} · ${t("common.product")}`;
  }, [t]);
  // Keys that were recovered for nothing do not stay in the page.
  useEffect(() => () => void keeper.endRecovery(), [keeper]);

  // What an earlier visit began and waits for its delay goes on.
  useEffect(() => {
    let stale = false;
    keeper.resumeRecovery().then(
      (resumed) => {
        if (stale || resumed === undefined) return;
        setName(resumed.name);
        attempt.current = resumed.attempt;
        setAt((before) => (before.step === "who" ? { step: "prove", way: "mail", resumed } : before));
      },
      // Without it one begins anew.
      () => undefined,
    );
    return () => {
      stale = true;
    };
  }, [keeper]);

  const restart = (): void => {
    void attempt.current?.cancel().catch(() => undefined);
    attempt.current = undefined;
    void keeper.endRecovery();
    setAt({ step: "who" });
  };
  const proven = (way: Exclude<Way, "passkey">, back = false) => (set: SetPassword): void => setAt({ step: "password", way, set, back });

  return (
    <div className="stack gap-4">
      <div className="stack gap-1">
        <h1>{at.step === "prove" && at.way === "nothing" ? t("recover.nothingTitle") : t("recover.title")}</h1>
        {at.step === "who" ? <p className="soft">{t("recover.lead")}</p> : null}
      </div>
      {at.step === "prove" && at.way === "nothing" ? null : <Progress at={at} />}
      {at.step === "who" ? (
        <Who
          name={name}
          onName={setName}
          onWay={(way) => setAt({ step: "prove", way })}
        />
      ) : null}
      {at.step === "prove" && at.way === "mail" && at.resumed === undefined ? (
        <ByMail
          name={name}
          onProven={proven("mail")}
          onAttempt={(next) => {
            attempt.current = next;
          }}
        />
      ) : null}
      {at.step === "prove" && at.resumed !== undefined ? <Waiting attempt={at.resumed.attempt} ready={at.resumed.ready} onReleased={() => proven("mail")((password) => at.resumed?.attempt.setPassword(password) ?? Promise.resolve())} /> : null}
      {at.step === "prove" && at.way === "code" ? <ByCode name={name} onProven={proven("code", true)} /> : null}
      {at.step === "prove" && at.way === "help" ? <ByHelp name={name} onProven={proven("help")} /> : null}
      {at.step === "prove" && at.way === "nothing" ? <NothingLeft onInvitation={onInvitation} /> : null}
      {at.step === "password" ? (
        <Password name={name} set={at.set} onSet={(password) => setAt({ step: "done", way: at.way, password })} onBack={at.back ? () => setAt({ step: "prove", way: at.way }) : undefined} />
      ) : null}
      {at.step === "done" ? <Done name={name} password={at.password} /> : null}
      {at.step === "done" ? null : (
        <Button variant="quiet" wide icon={<ArrowLeft size={16} aria-hidden="true" />} onPress={at.step === "who" ? onSignIn : restart}>
          {t(at.step === "who" ? "recover.back" : "recover.backToWays")}
        </Button>
      )}
    </div>
  );
}

const order = ["who", "prove", "password", "done"] as const;

/** Where one stands on the way back in. */
function Progress({ at }: { readonly at: At }) {
  const { t } = useI18n();
  const proof = at.step === "who" || at.way === "mail" ? t("recover.step.codes") : at.way === "help" ? t("recover.step.help") : t("recover.step.code");
  const titles = { who: t("recover.step.who"), prove: proof, password: t("recover.step.password"), done: t("recover.step.done") };
  const current = order.indexOf(at.step);
  const steps = order.map((step, index): Step => ({ title: titles[step], state: index < current || at.step === "done" ? "done" : index === current ? "current" : "later" }));
  return <Steps label={t("recover.steps")} steps={steps} />;
}
