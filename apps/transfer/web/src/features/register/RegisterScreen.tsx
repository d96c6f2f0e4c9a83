import { useMutation, useQuery } from "@tanstack/react-query";
import { Building2 } from "lucide-react";
import { useState, type FormEvent } from "react";

import { api, ApiError } from "../../api";
import type { InvitedFacility } from "../../api/types";
import { ErrorNote } from "../../app/ErrorNote";
import { Button, Callout, Progress, Skeleton, TextField, Tick } from "../../design";
import { useI18n } from "../../i18n/context";
import type { PlainKey } from "../../i18n/languages";
import { useKeeper } from "../../ward/context";
import type { UnlockStep } from "../../ward/keeper";
import { NewPassword, useNewPassword } from "../unlock/NewPassword";
import { beginRegistration } from "./registering";
import { RegisterSteps } from "./RegisterSteps";
import "./register.css";

interface RegisterScreenProps {
  /** From the link in the mail. */
  readonly invitation: string;
  readonly onSignIn: () => void;
}

/** The first person of a facility that was asked before it had keys: who it is, and an account. */
export function RegisterScreen({ invitation, onSignIn }: RegisterScreenProps) {
  const { t } = useI18n();
  const found = useQuery({ queryKey: ["invitation", invitation], queryFn: () => api.registration.open(invitation), retry: (failures, error) => failures < 3 && error instanceof ApiError && error.retryable, staleTime: Number.POSITIVE_INFINITY });
  return (
    <div className="stack gap-4">
      <h1>{t("register.title")}</h1>
      {found.data === undefined ? (
        found.isError ? (
          found.error instanceof ApiError && !found.error.retryable ? (
            <Callout tone="bad" role="alert">
              {t("register.invalid")}
            </Callout>
          ) : (
            <ErrorNote error={found.error} onRetry={() => void found.refetch()} />
          )
        ) : (
          <Skeleton lines={6} />
        )
      ) : (
        <Account invitation={invitation} facility={found.data} />
      )}
      <Button variant="quiet" wide onPress={onSignIn}>
        {t("signUp.backToSignIn")}
      </Button>
    </div>
  );
}

const stepTexts: Readonly<Partial<Record<UnlockStep, PlainKey>>> = { making: "signUp.making", securing: "signUp.securing", opening: "unlock.opening", session: "unlock.session", trusting: "unlock.trusting" };

function Account({ invitation, facility }: { readonly invitation: string; readonly facility: InvitedFacility }) {
  const { t } = useI18n();
  const keeper = useKeeper();
  const [name, setName] = useState(facility.contact);
  const typed = useNewPassword();
  const [own, setOwn] = useState(false);
  const [tried, setTried] = useState(false);
  const [step, setStep] = useState<UnlockStep>("making");
  const make = useMutation({
    mutationFn: async () => {
      beginRegistration(facility.identifier);
      await keeper.signUp({ invitation, name: name.trim(), password: typed.password, own, onStep: setStep });
    },
    onSuccess: () => history.replaceState(null, "", "/"),
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (name.trim() !== "" && typed.isReady && !make.isPending) make.mutate();
  };
  return (
    <form className="stack gap-4" onSubmit={submit} noValidate>
      <RegisterSteps at="account" />
      <div className="register-facility">
        <Building2 size={22} aria-hidden="true" />
        <span>
          <span className="visually-hidden">{`${t("register.facility")}: `}</span>
          <span className="strong">{facility.name}</span>
          <span className="register-place">{facility.city}</span>
        </span>
      </div>
      <p>{facility.waiting === 0 ? t("register.none", { facility: facility.name }) : t("register.lead", { n: facility.waiting, facility: facility.name })}</p>
      <p className="small soft">{t("register.notYours")}</p>
      <TextField
        label={t("register.name")}
        hint={t("register.nameHint", { contact: facility.contact })}
        name="username"
        type="email"
        value={name}
        onChange={setName}
        autoComplete="username"
        spellCheck="false"
        isDisabled={make.isPending}
        error={tried && name.trim() === "" ? t("unlock.needName") : undefined}
      />
      <NewPassword state={typed} label={t("unlock.password")} forbidden={[name.trim()]} tried={tried} isDisabled={make.isPending} />
      <Tick value={own} onChange={setOwn} isDisabled={make.isPending}>
        <span className="strong">{t("unlock.trust")}</span>
        <span className="unlock-note">{t("unlock.trustNote")}</span>
      </Tick>
      {make.isPending ? <Progress label={t(stepTexts[step] ?? "signUp.making")} value={null} /> : <ErrorNote error={make.error} />}
      <Button type="submit" variant="primary" size="l" wide isPending={make.isPending}>
        {t("signUp.action")}
      </Button>
    </form>
  );
}
