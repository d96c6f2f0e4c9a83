import { Inbox, MousePointerClick } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { useLocation, useParams } from "wouter";

import { useRequest, useRequests, type RequestRecord } from "../../api";
import { ErrorNote } from "../../app/ErrorNote";
import { useFacility, useFacilityName } from "../../app/facility";
import { Page } from "../../app/Page";
import { useShortcuts } from "../../app/shortcuts";
import { Button, Callout, Card, Clock, Deadline, Empty, LinkButton, RowLink, SearchField, Skeleton } from "../../design";
import { useI18n } from "../../i18n/context";
import type { Read } from "../content/content";
import { useContents } from "../content/contents";
import type { Rules } from "../content/rules";
import { ReceivedTag, UrgencyTag } from "../content/StateTag";
import { useRules } from "../content/useRules";
import { RequestView } from "../request/RequestView";
import { flagsOf, personOf } from "../sheet/Glance";
import { answerOf } from "../sheet/values";
import { shelfOf, shelved, type Shelf } from "./order";
import "./inbox.css";

/** Rows of what is done that are shown at first. */
const DONE = 10;

/** A facility's inbox: the requests by deadline, and the one that is looked at beside them. */
export default function InboxScreen() {
  const { id } = useParams<{ id?: string }>();
  const { t } = useI18n();
  const rules = useRules();
  const { group } = useFacility();
  const requests = useRequests(group);
  const [, navigate] = useLocation();
  const [search, setSearch] = useState("");
  const searchField = useRef<HTMLInputElement>(null);
  const [allDone, setAllDone] = useState(false);
  const groups = useMemo(() => shelved(requests.data ?? []), [requests.data]);
  const shown = useMemo(() => groups.map((each) => (each.shelf === "done" && !allDone && search === "" ? { ...each, requests: each.requests.slice(0, DONE) } : each)), [groups, allDone, search]);
  const order = shown.flatMap((each) => each.requests);
  const waiting = (requests.data ?? []).filter((request) => shelfOf(request) === "answer").length;
  // Sent before this facility had keys: they open once it has shown who it is.
  const keyless = (requests.data ?? []).filter(({ escrow }) => escrow?.state === "inEscrow").length;

  const step = (by: 1 | -1) => (): void => {
    const at = order.findIndex((request) => request.id === id);
    const next = order[at === -1 ? (by === 1 ? 0 : order.length - 1) : Math.min(Math.max(at + by, 0), order.length - 1)];
    if (next !== undefined) navigate(`/inbox/${next.id}`);
  };
  useShortcuts({ j: step(1), k: step(-1), "/": () => searchField.current?.focus(), Escape: id === undefined ? undefined : () => navigate("/inbox") });

  // Whichever key led there, the row of what is looked at is in sight.
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }, [id]);

  return (
    <Page title={t("inbox.title")} lead={requests.data === undefined ? undefined : waiting === 0 ? t("inbox.nothingWaiting") : t("inbox.waiting", { n: waiting })} width="wide">
      {keyless === 0 ? null : (
        <Callout
          tone="info"
          role="status"
          title={t("inbox.waitingKeys", { n: keyless })}
          actions={
            <LinkButton size="s" href="/waiting">
              {t("inbox.getKeys")}
            </LinkButton>
          }
        />
      )}
      {requests.data === undefined ? (
        requests.isError ? (
          <ErrorNote error={requests.error} onRetry={() => void requests.refetch()} />
        ) : (
          <Card>
            <Skeleton lines={8} />
          </Card>
        )
      ) : requests.data.length === 0 ? (
        <Empty icon={<Inbox size={24} />} title={t("inbox.none")}>
          {t("inbox.noneText")}
        </Empty>
      ) : (
        <div className="inbox" data-open={id !== undefined || undefined}>
          <div className="inbox-list no-print" ref={list}>
            <SearchField label={t("inbox.search")} value={search} onChange={setSearch} inputRef={searchField} />
            <List rules={rules} groups={shown} search={search} current={id} />
            {(groups.find(({ shelf }) => shelf === "done")?.requests.length ?? 0) > DONE && !allDone && search === "" ? (
              <Button variant="quiet" size="s" onPress={() => setAllDone(true)}>
                {t("inbox.allDone")}
              </Button>
            ) : null}
          </div>
          <div className="inbox-detail">
            {id === undefined ? (
              <Empty icon={<MousePointerClick size={24} />} title={t("inbox.choose")}>
                {t("inbox.chooseText")}
              </Empty>
            ) : (
              <Detail key={id} rules={rules} id={id} known={requests.data.find((request) => request.id === id)} />
            )}
          </div>
        </div>
      )}
    </Page>
  );
}

function Detail({ rules, id, known }: { readonly rules: Rules; readonly id: string; readonly known: RequestRecord | undefined }) {
  return known === undefined ? <Fetched rules={rules} id={id} /> : <RequestView rules={rules} request={known} />;
}

/** A request that is not in the list: of another of one's facilities, or old. */
function Fetched({ rules, id }: { readonly rules: Rules; readonly id: string }) {
  const request = useRequest(id);
  if (request.data !== undefined) return <RequestView rules={rules} request={request.data} />;
  if (request.isError) return <ErrorNote error={request.error} onRetry={() => void request.refetch()} />;
  return (
    <Card>
      <Skeleton lines={6} />
    </Card>
  );
}

interface ListProps {
  readonly rules: Rules;
  readonly groups: readonly { readonly shelf: Shelf; readonly requests: readonly RequestRecord[] }[];
  readonly search: string;
  readonly current: string | undefined;
}

function List({ rules, groups, search, current }: ListProps) {
  const i18n = useI18n();
  const { t, label } = i18n;
  const nameOf = useFacilityName();
  const all = groups.flatMap((each) => each.requests);
  // Of what was taken back there is nothing left to open.
  const open = useMemo(() => all.filter((request) => rules.requestState(request.state).access !== "nothing"), [rules, all]);
  const { read, failed } = useContents(open, "stage1");
  const words = search.trim().toLocaleLowerCase();
  const matches = (request: RequestRecord): boolean => {
    if (words === "") return true;
    const answers = read.get(request.sealed)?.answers ?? {};
    const text = [nameOf(request.from), request.id, answerOf(rules, answers, "careType", i18n), personOf(rules, answers, i18n), label(rules.requestState(request.state).labels)];
    return text.some((part) => part?.toLocaleLowerCase().includes(words));
  };
  const found = groups.map((each) => ({ ...each, requests: each.requests.filter(matches) })).filter((each) => each.requests.length > 0);
  if (found.length === 0) return <p className="soft">{t("inbox.nothingFound")}</p>;
  return found.map(({ shelf, requests }) => (
    <Card
      key={shelf}
      flush
      title={
        <>
          {t(`inbox.shelf.${shelf}`)} <span className="count">{requests.length}</span>
        </>
      }
    >
      <ul className="rows">
        {requests.map((request) => (
          <li key={request.id}>
            <Row rules={rules} request={request} content={read.get(request.sealed)} failed={failed.has(request.sealed)} isCurrent={request.id === current} from={nameOf(request.from)} />
          </li>
        ))}
      </ul>
    </Card>
  ));
}

interface RowProps {
  readonly rules: Rules;
  readonly request: RequestRecord;
  readonly content: Read | undefined;
  readonly failed: boolean;
  readonly isCurrent: boolean;
  readonly from: string;
}

function Row({ rules, request, content, failed, isCurrent, from }: RowProps) {
  const i18n = useI18n();
  const { t, label } = i18n;
  const answers = content?.answers ?? {};
  const isNew = request.state === "sent";
  const care = answerOf(rules, answers, "careType", i18n) ?? label(rules.family(request.family).labels);
  const flags = flagsOf(rules, answers, i18n).length;
  return (
    <RowLink href={`/inbox/${request.id}`} current={isCurrent}>
      <span className="inbox-row">
        <span className="inbox-row-title" data-new={isNew || undefined}>
          {care}
        </span>
        <span className="small soft truncate">{failed ? t("cases.notOpened") : [personOf(rules, answers, i18n), flags > 0 ? t("inbox.flags", { n: flags }) : ""].filter((part) => part !== "").join(" · ")}</span>
        <span className="small soft truncate">{from}</span>
        <span className="inbox-row-line">
          {shelfOf(request) === "answer" ? (
            <Deadline at={request.deadline} pausedSince={request.pausedSince} />
          ) : (
            <span className="small soft">
              <Clock at={request.updated} />
            </span>
          )}
          <span className="row gap-1">
            <UrgencyTag rules={rules} urgency={request.urgency} />
            <ReceivedTag rules={rules} state={request.state} />
          </span>
        </span>
      </span>
    </RowLink>
  );
}
