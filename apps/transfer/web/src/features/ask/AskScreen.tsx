import { Eye, Send } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { useLocation, useParams } from "wouter";

import { addressOf, isMeant, useCase, type CaseRecord, type Facility } from "../../api";
import { ErrorNote } from "../../app/ErrorNote";
import { useFacilityName } from "../../app/facility";
import { Page } from "../../app/Page";
import { Button, Callout, Card, Dialog, LinkButton, Skeleton, Tag, Tick, toast } from "../../design";
import { useI18n } from "../../i18n/context";
import { useContent, useOutbox, useWard } from "../../ward";
import type { PendingWish } from "../../ward/escrow";
import { JobList } from "../case/JobList";
import { shortId } from "../cases/names";
import { readContent } from "../content/content";
import type { Rules } from "../content/rules";
import { useRules } from "../content/useRules";
import { completeness } from "../form/StageForm";
import { answersOf } from "../form/stages";
import { Glance } from "../sheet/Glance";
import { Sheet } from "../sheet/Sheet";
import { Directory } from "./Directory";
import { EscrowDialog } from "./EscrowDialog";

/** Whom to ask: the directory, matched with the request in this page; several at once. */
export default function AskScreen() {
  const { id = "" } = useParams<{ id: string }>();
  const { t } = useI18n();
  const rules = useRules();
  const found = useCase(id);
  const back = { href: `/cases/${id}`, label: t("case.title", { id: shortId(id) }) };
  if (found.data === undefined) {
    return (
      <Page title={t("ask.title")} back={back} width="wide">
        {found.isError ? (
          <ErrorNote error={found.error} onRetry={() => void found.refetch()} />
        ) : (
          <Card>
            <Skeleton lines={8} />
          </Card>
        )}
      </Page>
    );
  }
  return <Ask rules={rules} record={found.data} back={back} />;
}

function Ask({ rules, record, back }: { readonly rules: Rules; readonly record: CaseRecord; readonly back: { readonly href: string; readonly label: string } }) {
  const { t, label } = useI18n();
  const { me } = useWard();
  const outbox = useOutbox();
  const [, navigate] = useLocation();
  const nameOf = useFacilityName();
  const opened = useContent(record.sealed, record.session, "case");
  const copy = useMemo(() => (opened.data === undefined ? undefined : readContent(opened.data.content)), [opened.data]);
  const stage1 = useMemo(() => answersOf(rules, 1, copy?.answers ?? {}), [rules, copy]);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  /** Of those that are not registered: how each gets it. */
  const [wishes, setWishes] = useState<Readonly<Record<string, PendingWish>>>({});
  const [confirming, setConfirming] = useState<Facility>();
  const [preview, setPreview] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();

  const open = record.requests.filter(({ state }) => rules.requestState(state).open);
  const isAsked = (facility: Facility): boolean => open.some(({ to }) => isMeant(facility, to));
  const room = Math.max(0, rules.catalogue.maxOpenRequests - open.length);
  const { problems } = completeness(rules, 1, stage1);
  const asks = rules.caseState(record.state).asks;
  const needs = useMemo(() => {
    const { language } = stage1;
    return { family: rules.familyOf(stage1["careType"]), capabilities: rules.capabilitiesNeeded(stage1), language: typeof language === "string" ? language : undefined };
  }, [rules, stage1]);
  const canSend = chosen.size > 0 && asks && copy !== undefined && problems.length === 0 && !busy;

  const set = (address: string, taken: boolean): void =>
    setChosen((before) => {
      const next = new Set(before);
      if (taken) next.add(address);
      else next.delete(address);
      return next;
    });
  const toggle = (facility: Facility, taken: boolean): void => {
    // One without keys is asked for its address first.
    if (taken && facility.group === null && wishes[addressOf(facility)] === undefined) setConfirming(facility);
    else set(addressOf(facility), taken);
  };

  const send = async (): Promise<void> => {
    if (!canSend) return;
    setBusy(true);
    setError(undefined);
    try {
      // Only fields of the first stage are named, so nothing else can be sealed.
      const fields = rules.catalogue.fields.filter(({ stage }) => stage === 1).map((field) => field.id);
      const to = [...chosen].map((address) => {
        const wish = wishes[address];
        return wish === undefined ? { to: address } : { to: address, wish };
      });
      await outbox.send({ case: record, to, fields });
      toast(t("ask.sent", { n: chosen.size }));
      navigate(back.href);
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
    }
  };

  // `Ctrl+Enter` sends, wherever the focus is on this screen.
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && document.querySelector(".modal-overlay") === null) void send();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  });

  return (
    <Page title={t("ask.title")} lead={t("ask.lead")} back={back} width="wide">
      <div className="stack">
        {copy !== undefined && problems.length > 0 ? (
          <Callout tone="wait" title={t("ask.incomplete", { n: problems.length })} actions={<LinkButton size="s" href={`${back.href}?missing`}>{t("ask.complete")}</LinkButton>}>
            {problems.map(({ field }) => label(rules.field(field)?.labels ?? { en: field, fr: field, de: field })).join(", ")}
          </Callout>
        ) : null}
        {asks ? null : <Callout tone="wait" title={t("ask.closed")} />}
        <ErrorNote error={opened.error} onRetry={() => void opened.refetch()} />
        <JobList of={record.id} nameOf={nameOf} record={record} />
        <Directory
          rules={rules}
          needs={needs}
          matches
          hides={({ group }) => me.facilities.some((mine) => mine.group === group)}
          leading={({ facility }) => {
            const isChosen = chosen.has(addressOf(facility));
            return isAsked(facility) ? (
              <Tag tone="progress">{t("ask.already")}</Tag>
            ) : (
              <Tick value={isChosen} onChange={(taken) => toggle(facility, taken)} isDisabled={busy || (!isChosen && chosen.size >= room)}>
                <span className="visually-hidden">{t("ask.choose", { facility: facility.name })}</span>
              </Tick>
            );
          }}
          trailing={({ facility }) => {
            const wish = wishes[addressOf(facility)];
            return wish === undefined || !chosen.has(addressOf(facility)) ? null : (
              <span className="facility-escrow small">
                <span className="soft">{t("escrow.way", { policy: t(`escrow.policy.${wish.policy}`), address: wish.address })}</span>
                <Button size="s" variant="quiet" onPress={() => setConfirming(facility)} isDisabled={busy} aria-label={t("escrow.change", { facility: facility.name })}>
                  {t("ways.change")}
                </Button>
              </span>
            );
          }}
        />
      </div>
      <div className="ask-bar" role="region" aria-label={t("ask.selection")}>
        <div className="ask-bar-said">
          <strong role="status">{chosen.size === 0 ? t("ask.chosenNone") : t("ask.chosen", { n: chosen.size })}</strong>
          <span className="small soft">{chosen.size >= room ? t("ask.full", { most: rules.catalogue.maxOpenRequests }) : t("ask.separately")}</span>
          <ErrorNote error={error} />
        </div>
        <Button icon={<Eye size={16} aria-hidden="true" />} onPress={() => setPreview(true)} isDisabled={copy === undefined}>
          {t("ask.preview")}
        </Button>
        <Button variant="primary" icon={<Send size={16} aria-hidden="true" />} onPress={() => void send()} isPending={busy} isDisabled={!canSend}>
          {chosen.size === 0 ? t("ask.sendNone") : t("ask.send", { n: chosen.size })}
        </Button>
      </div>
      {confirming === undefined ? null : (
        <EscrowDialog
          facility={confirming}
          known={wishes[addressOf(confirming)]}
          onClose={() => setConfirming(undefined)}
          onChoose={(wish) => {
            setWishes((before) => ({ ...before, [addressOf(confirming)]: wish }));
            set(addressOf(confirming), true);
            setConfirming(undefined);
          }}
        />
      )}
      <Dialog title={t("ask.previewTitle")} isOpen={preview} onClose={() => setPreview(false)} size="l">
        <div className="stack">
          <p className="small soft">{t("ask.previewLead")}</p>
          <Glance rules={rules} answers={stage1} />
          <Sheet rules={rules} stage={1} answers={stage1} />
        </div>
      </Dialog>
    </Page>
  );
}
