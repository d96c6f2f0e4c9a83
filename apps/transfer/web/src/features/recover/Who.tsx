import { useMutation } from "@tanstack/react-query";
import { ChevronRight, FileKey2, Fingerprint, LifeBuoy, Mail, UsersRound, type LucideIcon } from "lucide-react";
import { useState, type FormEvent } from "react";
import { Button as AriaButton } from "react-aria-components";
import { useLocation } from "wouter";

import { ErrorNote } from "../../app/ErrorNote";
import { Button, Progress, TextField } from "../../design";
import { useI18n } from "../../i18n/context";
import type { PlainKey } from "../../i18n/languages";
import { useKeeper } from "../../ward/context";
import type { Way } from "./ways";

export interface WhoProps {
  readonly name: string;
  readonly onName: (name: string) => void;
  readonly onWay: (way: Exclude<Way, "passkey">) => void;
}

const others: readonly { readonly way: Exclude<Way, "mail">; readonly icon: LucideIcon; readonly title: PlainKey; readonly note: PlainKey; readonly needsName: boolean }[] = [
  { way: "code", icon: FileKey2, title: "recover.code", note: "recover.codeNote", needsName: true },
  { way: "help", icon: UsersRound, title: "recover.help", note: "recover.helpNote", needsName: true },
  { way: "passkey", icon: Fingerprint, title: "recover.passkey", note: "recover.passkeyNote", needsName: false },
  { way: "nothing", icon: LifeBuoy, title: "recover.nothing", note: "recover.nothingNote", needsName: false },
];

/** Who it is, and how he wants to get back in. */
export function Who({ name, onName, onWay }: WhoProps) {
  const { t } = useI18n();
  const keeper = useKeeper();
  const [, navigate] = useLocation();
  const [tried, setTried] = useState(false);
  const passkey = useMutation({
    mutationFn: () => keeper.unlockByPasskey(),
    // Signed in, and still without a password that is known: it is set there.
    onSuccess: () => navigate("/account"),
  });
  const go = (way: Way, needsName: boolean): void => {
    setTried(needsName);
    if (passkey.isPending || (needsName && name.trim() === "")) return;
    onName(name.trim());
    if (way === "passkey") passkey.mutate();
    else onWay(way);
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    go("mail", true);
  };
  return (
    <form className="stack gap-4" onSubmit={submit} noValidate>
      <TextField
        label={t("unlock.name")}
        name="username"
        value={name}
        onChange={onName}
        autoComplete="username"
        spellCheck="false"
        autoFocus={name === ""}
        isDisabled={passkey.isPending}
        error={tried && name.trim() === "" ? t("unlock.needName") : undefined}
      />
      <Button type="submit" variant="primary" size="l" wide icon={<Mail size={18} aria-hidden="true" />} isDisabled={passkey.isPending}>
        {t("recover.mail")}
      </Button>
      {passkey.isPending ? <Progress label={t("recover.passkeyWaiting")} value={null} /> : <ErrorNote error={passkey.error} />}
      <section className="stack gap-2" aria-labelledby="other-ways">
        <h2 id="other-ways" className="recover-others">
          {t("recover.others")}
        </h2>
        <ul role="list" className="recover-ways">
          {others.map(({ way, icon: Icon, title, note, needsName }) => (
            <li key={way}>
              <AriaButton className="recover-way" isDisabled={passkey.isPending} onPress={() => go(way, needsName)}>
                <Icon size={20} aria-hidden="true" />
                <span className="grow">
                  <span className="strong">{t(title)}</span>
                  <span className="recover-way-note">{t(note)}</span>
                </span>
                <ChevronRight size={16} aria-hidden="true" />
              </AriaButton>
            </li>
          ))}
        </ul>
      </section>
    </form>
  );
}
