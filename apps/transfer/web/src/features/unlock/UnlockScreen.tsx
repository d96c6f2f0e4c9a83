import { useMutation } from "@tanstack/react-query";
import { KeyRound, Lock, ShieldCheck, UsersRound } from "lucide-react";
import { lazy, Suspense, useEffect, useState, type FormEvent, type ReactNode } from "react";

import { errorCode } from "../../app/errors";
import { ErrorNote } from "../../app/ErrorNote";
import { Logo } from "../../app/Logo";
import { Button, Callout, Progress, Segments, TextField, Tick } from "../../design";
import { useI18n } from "../../i18n/context";
import type { PlainKey } from "../../i18n/languages";
import { languages } from "../../i18n/languages";
import { useKeeper, useWardState } from "../../ward/context";
import type { LockReason, UnlockStep } from "../../ward/keeper";
import { DemoRoles } from "./DemoRoles";
import { NewPassword, useNewPassword } from "./NewPassword";
import { PasswordField } from "./PasswordField";
import "./unlock.css";

/** Not loaded by who just signs in. */
const RecoverScreen = lazy(async () => ({ default: (await import("../recover/RecoverScreen")).RecoverScreen }));
const RegisterScreen = lazy(async () => ({ default: (await import("../register/RegisterScreen")).RegisterScreen }));

const stepTexts = {
  opening: "unlock.opening",
  trusting: "unlock.trusting",
  session: "unlock.session",
  making: "signUp.making",
  securing: "signUp.securing",
} as const satisfies Record<UnlockStep, PlainKey>;

/** The invitation in the fragment, which browsers do not send: `/#invitation=…&name=…`. */
function invited(): { invitation: string; name: string } | undefined {
  const given = new URLSearchParams(location.hash.slice(1));
  const invitation = given.get("invitation");
  return invitation === null ? undefined : { invitation, name: given.get("name") ?? "" };
}

/** The invitation of a facility, from a mail: `/#facility=…`. */
function invitedFacility(): string | undefined {
  return new URLSearchParams(location.hash.slice(1)).get("facility") ?? undefined;
}

/** Before anybody has signed in, and while the page is locked. */
export default function UnlockScreen() {
  const state = useWardState();
  const keeper = useKeeper();
  const { t } = useI18n();
  const [invitation, setInvitation] = useState(invited);
  const [facility, setFacility] = useState(invitedFacility);
  /** The name of somebody who has forgotten the password. */
  const [forgotten, setForgotten] = useState<string>();
  useEffect(() => {
    document.title = `${t("unlock.title")} · ${t("common.product")}`;
  }, [t]);
  useEffect(() => {
    const listener = (): void => {
      setInvitation(invited());
      setFacility(invitedFacility());
    };
    addEventListener("hashchange", listener);
    return () => removeEventListener("hashchange", listener);
  }, []);
  return (
    <div className="unlock">
      <aside className="unlock-side">
        <div className="unlock-brand">
          <Logo size={40} />
          <span>{t("common.product")}</span>
        </div>
        <p className="unlock-headline">{t("unlock.headline")}</p>
        <ul role="list" className="unlock-promises">
          <Promise icon={<ShieldCheck size={20} />}>{t("unlock.promise1")}</Promise>
          <Promise icon={<KeyRound size={20} />}>{t("unlock.promise2")}</Promise>
          <Promise icon={<UsersRound size={20} />}>{t("unlock.promise3")}</Promise>
        </ul>
      </aside>
      <div className="unlock-main">
        <LanguageChoice />
        <main className="unlock-box">
          <Suspense fallback={<Progress label={t("common.loading")} value={null} />}>
          {state.status === "starting" ? <Progress label={t("unlock.starting")} value={null} /> : null}
          {state.status === "failed" ? <ErrorNote title={t("unlock.failed")} error={state.error} onRetry={() => void keeper.start()} /> : null}
          {state.status === "locked" ? (
            forgotten !== undefined ? (
              <RecoverScreen
                name={forgotten}
                onSignIn={() => setForgotten(undefined)}
                onInvitation={() => {
                  setForgotten(undefined);
                  setInvitation({ invitation: "", name: forgotten });
                }}
              />
            ) : facility !== undefined && !(state.own && state.reason !== "new") ? (
              <RegisterScreen invitation={facility} onSignIn={() => setFacility(undefined)} />
            ) : invitation === undefined || (state.own && state.reason !== "new") ? (
              <SignIn key={state.reason} reason={state.reason} name={state.name} own={state.own} onForgotten={setForgotten} onInvitation={() => setInvitation({ invitation: "", name: "" })} />
            ) : (
              <SignUp {...invitation} onSignIn={() => setInvitation(undefined)} />
            )
          ) : null}
          </Suspense>
        </main>
      </div>
    </div>
  );
}

function Promise({ icon, children }: { readonly icon: ReactNode; readonly children: ReactNode }) {
  return (
    <li>
      <span aria-hidden="true">{icon}</span>
      {children}
    </li>
  );
}

function LanguageChoice() {
  const { language, setLanguage, t } = useI18n();
  return (
    <header className="unlock-language">
      <Segments label={t("nav.language")} value={language} onChange={setLanguage} options={languages.map((value) => ({ value, label: value.toUpperCase() }))} />
    </header>
  );
}

interface SignInProps {
  readonly reason: LockReason;
  readonly name: string;
  readonly own: boolean;
  readonly onForgotten: (name: string) => void;
  readonly onInvitation: () => void;
}

function SignIn({ reason, name: known, own: isOwn, onForgotten, onInvitation }: SignInProps) {
  const { t } = useI18n();
  const keeper = useKeeper();
  const [name, setName] = useState(known);
  const [password, setPassword] = useState("");
  const [own, setOwn] = useState(false);
  const [step, setStep] = useState<UnlockStep>("opening");
  const [tried, setTried] = useState(false);
  const locked = reason === "idle" || reason === "locked";
  const open = useMutation({
    mutationFn: (given: { readonly name: string; readonly password: string }) => keeper.unlock({ ...given, own, onStep: setStep }),
    // A wrong password is typed again from the start.
    onError: (error) => (errorCode(error) === "wrong_password" ? setPassword("") : undefined),
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (name.trim() !== "" && password !== "" && !open.isPending) open.mutate({ name: name.trim(), password });
  };
  return (
    <form className="stack gap-4" onSubmit={submit} noValidate>
      <div className="stack gap-1">
        <h1>
          {locked ? <Lock size={20} aria-hidden="true" /> : null}
          {locked ? t("unlock.locked") : t("unlock.title")}
        </h1>
        <p className="soft">{reason === "idle" ? t("unlock.lockedIdle") : reason === "locked" ? t("unlock.lockedNote") : t("unlock.lead")}</p>
      </div>
      {reason === "signedOut" ? (
        <Callout tone="good" role="status">
          {t("unlock.signedOut")}
        </Callout>
      ) : null}
      {reason === "otherUser" ? (
        <Callout tone="wait" role="status">
          {t("error.otherUser")}
        </Callout>
      ) : null}
      {reason === "refused" ? (
        <Callout tone="bad" role="status">
          {t("unlock.refused")}
        </Callout>
      ) : null}
      {reason === "ended" ? (
        <Callout tone="wait" role="status">
          {t("error.signedOut")}
        </Callout>
      ) : null}
      <TextField
        label={t("unlock.name")}
        name="username"
        value={name}
        onChange={setName}
        autoComplete="username"
        spellCheck="false"
        isDisabled={open.isPending}
        autoFocus={known === ""}
        error={tried && name.trim() === "" ? t("unlock.needName") : undefined}
      />
      <PasswordField
        label={t("unlock.password")}
        value={password}
        onChange={setPassword}
        autoComplete="current-password"
        isDisabled={open.isPending}
        autoFocus={known !== ""}
        error={tried && password === "" && open.error === null ? t("unlock.needPassword") : undefined}
      />
      {isOwn ? null : (
        <Tick value={own} onChange={setOwn} isDisabled={open.isPending}>
          <span className="strong">{t("unlock.trust")}</span>
          <span className="unlock-note">{t("unlock.trustNote")}</span>
        </Tick>
      )}
      {open.isPending ? null : <ErrorNote error={open.error} />}
      <Button type="submit" variant="primary" size="l" wide isPending={open.isPending}>
        {open.isPending ? t(stepTexts[step]) : locked ? t("unlock.unlock") : t("unlock.action")}
      </Button>
      <Button variant="quiet" wide onPress={() => onForgotten(name.trim())} isDisabled={open.isPending}>
        {t("recover.forgot")}
      </Button>
      {isOwn ? (
        <Button variant="quiet" wide onPress={() => void keeper.signOut()} isDisabled={open.isPending}>
          {t("unlock.otherPerson")}
        </Button>
      ) : (
        <Button variant="quiet" wide onPress={onInvitation} isDisabled={open.isPending}>
          {t("unlock.haveInvitation")}
        </Button>
      )}
      {isOwn || locked ? null : (
        <DemoRoles
          isDisabled={open.isPending}
          onPick={(role) => {
            setName(role.name);
            open.mutate(role);
          }}
        />
      )}
    </form>
  );
}

interface SignUpProps {
  readonly invitation: string;
  readonly name: string;
  readonly onSignIn: () => void;
}

function SignUp({ invitation: given, name: known, onSignIn }: SignUpProps) {
  const { t } = useI18n();
  const keeper = useKeeper();
  const [invitation, setInvitation] = useState(given);
  const [name, setName] = useState(known);
  const typed = useNewPassword();
  const [own, setOwn] = useState(false);
  const [step, setStep] = useState<UnlockStep>("making");
  const [tried, setTried] = useState(false);
  const make = useMutation({
    mutationFn: () => keeper.signUp({ invitation: invitation.trim(), name: name.trim(), password: typed.password, own, onStep: setStep }),
    onSuccess: () => history.replaceState(null, "", location.pathname),
  });
  const problems = {
    invitation: invitation.trim() === "" ? t("signUp.needInvitation") : undefined,
    name: name.trim() === "" ? t("unlock.needName") : undefined,
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (Object.values(problems).every((problem) => problem === undefined) && typed.isReady && !make.isPending) make.mutate();
  };
  const shown = (problem: string | undefined): string | undefined => (tried ? problem : undefined);
  return (
    <form className="stack gap-4" onSubmit={submit} noValidate>
      <div className="stack gap-1">
        <h1>{t("signUp.title")}</h1>
        <p className="soft">{t("signUp.lead")}</p>
      </div>
      <TextField label={t("signUp.invitation")} value={invitation} onChange={setInvitation} autoComplete="off" spellCheck="false" isDisabled={make.isPending} error={shown(problems.invitation)} />
      <TextField label={t("unlock.name")} name="username" value={name} onChange={setName} autoComplete="username" spellCheck="false" isDisabled={make.isPending} error={shown(problems.name)} />
      <NewPassword state={typed} label={t("unlock.password")} forbidden={[name.trim()]} tried={tried} isDisabled={make.isPending} />
      <Tick value={own} onChange={setOwn} isDisabled={make.isPending}>
        <span className="strong">{t("unlock.trust")}</span>
        <span className="unlock-note">{t("unlock.trustNote")}</span>
      </Tick>
      {make.isPending ? null : <ErrorNote error={make.error} />}
      <Button type="submit" variant="primary" size="l" wide isPending={make.isPending}>
        {make.isPending ? t(stepTexts[step]) : t("signUp.action")}
      </Button>
      <Button variant="quiet" wide onPress={onSignIn} isDisabled={make.isPending}>
        {t("signUp.backToSignIn")}
      </Button>
    </form>
  );
}
