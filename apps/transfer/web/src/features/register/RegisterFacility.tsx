import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";

import { isMeant, keys, useFacilities } from "../../api";
import { ErrorNote } from "../../app/ErrorNote";
import { Button, Progress, Skeleton } from "../../design";
import { useI18n } from "../../i18n/context";
import { useKeeper, useWard } from "../../ward";
import { registerFacility, type RegisterStep } from "../../ward/escrow";
import { withPassword } from "../../ward/step-up";
import { endRegistration } from "./registering";
import { RegisterSteps } from "./RegisterSteps";
import "./register.css";

/** Makes the group of a facility, binds its name to it and enters it in the directory. Goes on where it stopped. */
export function RegisterFacility({ identifier }: { readonly identifier: string }) {
  const { t } = useI18n();
  const { ward } = useWard();
  const keeper = useKeeper();
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const directory = useFacilities();
  const facility = directory.data?.find((each) => isMeant(each, identifier));
  const name = facility?.name ?? identifier;
  const [step, setStep] = useState<RegisterStep>("group");
  const register = useMutation({
    mutationFn: () => withPassword(() => registerFacility(ward, identifier, name, setStep)),
    onSuccess: async () => {
      endRegistration();
      // The directory knows its keys only now: without them the group has no name on any screen.
      await client.invalidateQueries({ queryKey: keys.facilities });
      navigate("/waiting");
      await keeper.refresh();
    },
  });
  const begun = useRef(false);
  const isKnown = facility !== undefined;
  useEffect(() => {
    // Once: who has come so far has said what he wants.
    if (begun.current || !isKnown) return;
    begun.current = true;
    register.mutate();
  }, [isKnown, register]);
  return (
    <div className="register stack gap-4">
      <h1>{t("register.title")}</h1>
      <RegisterSteps at="facility" />
      <ErrorNote error={directory.error} onRetry={() => void directory.refetch()} />
      {facility === undefined && directory.error === null ? <Skeleton lines={3} /> : null}
      {register.isPending ? <Progress label={step === "group" ? t("register.makingGroup", { facility: name }) : t(step === "name" ? "register.binding" : "register.entering")} value={null} /> : null}
      {register.isError ? (
        <>
          <ErrorNote error={register.error} />
          <Button variant="primary" size="l" wide onPress={() => register.mutate()}>
            {t("register.resume", { facility: name })}
          </Button>
        </>
      ) : null}
    </div>
  );
}
