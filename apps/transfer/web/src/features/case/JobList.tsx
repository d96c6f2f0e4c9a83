import type { CaseRecord } from "../../api";
import { ErrorNote } from "../../app/ErrorNote";
import { Button, Progress } from "../../design";
import { useI18n } from "../../i18n/context";
import { useJobs, useOutbox, type JobView } from "../../ward";

export interface JobListProps {
  /** The case. */
  readonly of: string;
  readonly record: CaseRecord;
  readonly nameOf: (group: string) => string;
}

/** Requests and disclosures that are on their way: they arrive, also when the page is closed meanwhile. */
export function JobList({ of, record, nameOf }: JobListProps) {
  const jobs = useJobs(of).filter(({ kind }) => kind !== "upload");
  if (jobs.length === 0) return null;
  return (
    <div className="stack gap-2">
      {jobs.map((job) => (
        <JobRow key={job.id} job={job} record={record} nameOf={nameOf} />
      ))}
    </div>
  );
}

function JobRow({ job, record, nameOf }: { readonly job: JobView; readonly record: CaseRecord; readonly nameOf: (group: string) => string }) {
  const { t } = useI18n();
  const outbox = useOutbox();
  const request = record.requests.find(({ id }) => job.requests.includes(id));
  const label = job.kind === "send" ? t("job.send", { n: job.requests.length }) : t("job.disclose", { facility: request === undefined ? "–" : nameOf(request.to) });
  const giveUp = (
    <Button size="s" variant="quiet" onPress={() => void outbox.cancel(job.id)}>
      {t("job.giveUp")}
    </Button>
  );
  if (job.step === "failed") {
    return (
      <div className="row gap-3">
        <div className="grow">
          <ErrorNote title={t("job.failed", { what: label })} error={job.error} onRetry={() => outbox.retry(job.id)} />
        </div>
        {giveUp}
      </div>
    );
  }
  return <Progress label={label} value={job.whole === 0 ? null : job.done / job.whole} detail={job.step === "waiting" || job.step === "elsewhere" ? t("job.waiting") : null} actions={job.step === "waiting" ? giveUp : null} />;
}
