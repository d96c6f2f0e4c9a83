import { useMutation } from "@tanstack/react-query";
import { Check, Printer } from "lucide-react";
import { useState } from "react";

import { ErrorNote } from "../../app/ErrorNote";
import { Button, Callout, Dialog, Progress, TextField, toast } from "../../design";
import { useI18n } from "../../i18n/context";
import { useWard } from "../../ward";
import { groupsOf, isGroup } from "../../ward/code-text";
import { withPassword } from "../../ward/step-up";
import { CodeGroups, CodePaper, Qr } from "./CodeSheet";

interface CodeDialogProps {
  readonly replaces: boolean;
  readonly onClose: () => void;
  /** The code holds from now on, whether it is printed or not. */
  readonly onSet: () => void;
}

/** A code on paper: made, printed, and read from the paper once. */
export function CodeDialog({ replaces, onClose, onSet }: CodeDialogProps) {
  const { t } = useI18n();
  const { ward, me } = useWard();
  const [made, setMade] = useState<{ readonly code: string; readonly at: number; readonly asked: number }>();
  const [has, setHas] = useState(false);
  const [typed, setTyped] = useState("");
  const [wrong, setWrong] = useState(false);
  const make = useMutation({
    mutationFn: () => withPassword(() => ward.recovery.createCode()),
    onSuccess: (code) => {
      // One of the whole groups, another each time.
      setMade({ code, at: Date.now(), asked: Math.floor(Math.random() * (groupsOf(code).length - 1)) });
      onSet();
    },
  });

  if (made === undefined) {
    return (
      <Dialog
        title={t("codeSheet.title")}
        isOpen
        onClose={onClose}
        size="s"
        footer={
          <>
            <Button onPress={onClose} isDisabled={make.isPending}>
              {t("common.cancel")}
            </Button>
            <Button variant="primary" onPress={() => make.mutate()} isPending={make.isPending} autoFocus>
              {t("codeSheet.make")}
            </Button>
          </>
        }
      >
        <div className="stack">
          <p>{t("codeSheet.makeText")}</p>
          {replaces ? <Callout tone="wait">{t("codeSheet.replaceText")}</Callout> : null}
          {make.isPending ? <Progress label={t("codeSheet.making")} value={null} /> : <ErrorNote error={make.error} />}
        </div>
      </Dialog>
    );
  }

  const leave = (): void => {
    toast(t("codeSheet.leaveText"));
    onClose();
  };
  const prove = (): void => {
    if (!isGroup(groupsOf(made.code)[made.asked] ?? "", typed)) return setWrong(true);
    toast(t("codeSheet.proofDone"));
    onClose();
  };
  return (
    <Dialog
      title={t("codeSheet.title")}
      isOpen
      onClose={leave}
      role="alertdialog"
      footer={
        <>
          <Button variant="quiet" onPress={leave}>
            {t("codeSheet.close")}
          </Button>
          {has ? (
            <Button variant="primary" onPress={prove}>
              {t("common.continue")}
            </Button>
          ) : (
            <>
              <Button icon={<Check size={16} aria-hidden="true" />} onPress={() => setHas(true)}>
                {t("codeSheet.have")}
              </Button>
              <Button variant="primary" icon={<Printer size={16} aria-hidden="true" />} onPress={() => print()}>
                {t("codeSheet.print")}
              </Button>
            </>
          )}
        </>
      }
    >
      {has ? (
        <form
          className="stack"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            prove();
          }}
        >
          <TextField
            label={t("codeSheet.proof", { group: made.asked + 1 })}
            hint={t("codeSheet.proofHint")}
            name="proof"
            value={typed}
            onChange={(text) => {
              setWrong(false);
              setTyped(text.toUpperCase());
            }}
            autoComplete="off"
            spellCheck="false"
            maxLength={8}
            autoFocus
            error={wrong ? t("codeSheet.proofWrong", { group: made.asked + 1 }) : undefined}
          />
          <div>
            <Button size="s" variant="quiet" onPress={() => setHas(false)}>
              {t("common.back")}
            </Button>
          </div>
        </form>
      ) : (
        <div className="stack">
          <Callout tone="wait">{t("codeSheet.printFirst")}</Callout>
          <div className="code-sheet">
            <CodeGroups code={made.code} label={t("codeSheet.code")} />
            <Qr text={made.code} label={t("codeSheet.qr")} />
          </div>
          <p className="small soft">{t("codeSheet.keep")}</p>
        </div>
      )}
      <CodePaper code={made.code} name={me.name} made={made.at} />
    </Dialog>
  );
}
