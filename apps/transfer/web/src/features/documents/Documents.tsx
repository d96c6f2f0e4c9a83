import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Download, FileImage, FileText, Files, Paperclip, RotateCw, Trash2, X } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { Button as AriaButton, DropZone, FileTrigger, isFileDropItem } from "react-aria-components";

import { absorbCase, api, type BlobInfo, type CaseRecord } from "../../api";
import { errorText, isCancelled } from "../../app/errors";
import { ErrorNote } from "../../app/ErrorNote";
import { Button, Callout, IconButton, Progress, toast } from "../../design";
import { useI18n } from "../../i18n/context";
import { changeCase, loadDocument, save, useJobs, useOutbox, useWard, type DocumentEntry, type JobView } from "../../ward";
import "./documents.css";

const Viewer = lazy(() => import("./Viewer"));

/** Bytes of one document at most, as the server has it. */
const LARGEST = 2 * 1024 ** 3 - 64 * 1024 ** 2;
/** Kinds that can be looked at, or are harmless to keep. */
const KINDS = ["application/pdf", "image/png", "image/jpeg", "image/webp", "text/plain"];

/** A document that can be opened: how it is called, and the bytes that the server has of it. */
interface Openable {
  readonly entry: DocumentEntry;
  readonly size: number;
}

export interface DocumentsProps {
  /** Their names, from the working copy or from stage 2. */
  readonly entries: readonly DocumentEntry[];
  /** What the server has. An entry without its blob is not shown as openable. */
  readonly blobs: readonly BlobInfo[];
  /** D, where it is known: the sender knows it, a receiver does not. */
  readonly session?: string | undefined;
  /** The case to which documents can be added; absent for receivers. */
  readonly record?: CaseRecord | undefined;
}

/** The documents of a case: look at them, save them; for the sender also add and remove them. */
export function Documents({ entries, blobs, session, record }: DocumentsProps) {
  const { t, format } = useI18n();
  const [viewing, setViewing] = useState<Openable>();
  const complete = new Map(blobs.filter((blob) => blob.complete).map((blob) => [blob.id, blob.size]));
  return (
    <div className="stack gap-3">
      {entries.length === 0 ? <p className="soft row">
        <Files size={16} aria-hidden="true" /> {t("documents.none")}
      </p> : null}
      <ul role="list" className="rows documents">
        {entries.map((entry) => {
          const size = complete.get(entry.blob);
          const name = entry.name === "" ? t("documents.unnamed") : entry.name;
          return (
            <li key={entry.blob} className="document">
              <Kind type={entry.type} />
              <div className="document-name">
                <AriaButton className="document-title" isDisabled={size === undefined} onPress={() => size !== undefined && setViewing({ entry, size })} aria-label={t("documents.open", { name })}>
                  {name}
                </AriaButton>
                <span className="faint small nowrap">
                  {format.bytes(entry.size)} · {format.dateTime(entry.added)}
                </span>
              </div>
              {size === undefined ? null : <SaveButton entry={entry} size={size} session={session} />}
              {record === undefined ? null : <RemoveButton entry={entry} record={record} />}
            </li>
          );
        })}
      </ul>
      {record === undefined ? null : <Uploads record={record} />}
      {viewing === undefined ? null : (
        <Suspense fallback={null}>
          <Viewer entry={viewing.entry} size={viewing.size} session={session} onClose={() => setViewing(undefined)} />
        </Suspense>
      )}
    </div>
  );
}

function Kind({ type }: { readonly type: string }) {
  const Icon = type.startsWith("image/") ? FileImage : FileText;
  return <Icon size={20} aria-hidden="true" />;
}

function SaveButton({ entry, size, session }: Openable & { readonly session: string | undefined }) {
  const { t } = useI18n();
  const { ward } = useWard();
  const i18n = useI18n();
  const name = entry.name === "" ? t("documents.unnamed") : entry.name;
  const load = useMutation({
    mutationFn: () => loadDocument(ward, { blob: entry.blob, size, ...(session === undefined ? {} : { session }) }, () => undefined),
    onSuccess: (content) => {
      save(content, name);
      toast(t("documents.saveWarning"));
    },
    onError: (error) => toast(errorText(error, i18n)),
  });
  return <IconButton label={t("documents.download", { name })} size="s" icon={<Download size={16} aria-hidden="true" />} onPress={() => load.mutate()} isPending={load.isPending} />;
}

function RemoveButton({ entry, record }: { readonly entry: DocumentEntry; readonly record: CaseRecord }) {
  const i18n = useI18n();
  const { t } = i18n;
  const { ward } = useWard();
  const client = useQueryClient();
  const name = entry.name === "" ? t("documents.unnamed") : entry.name;
  const remove = useMutation({
    async mutationFn() {
      // Its name first: a name without a document is worse than a document without a name.
      const renamed = await changeCase(ward, client, record.id, (copy) => ({ ...copy, documents: copy.documents.filter(({ blob }) => blob !== entry.blob) }));
      absorbCase(client, await api.cases.removeDocument(record.id, renamed.version, entry.blob));
    },
    onSuccess: () => toast(t("documents.removed", { name })),
    onError: (error) => toast(errorText(error, i18n)),
  });
  return <IconButton label={t("documents.remove", { name })} size="s" icon={<Trash2 size={16} aria-hidden="true" />} onPress={() => remove.mutate()} isPending={remove.isPending} />;
}

/** Where files are dropped or chosen, and what of them is on its way. */
function Uploads({ record }: { readonly record: CaseRecord }) {
  const i18n = useI18n();
  const { t, format } = i18n;
  const outbox = useOutbox();
  const jobs = useJobs(record.id).filter(({ kind }) => kind === "upload");
  const [refused, setRefused] = useState<readonly string[]>([]);

  const add = (files: readonly File[]): void => {
    const problems: string[] = [];
    for (const file of files) {
      if (file.size === 0) problems.push(t("documents.empty", { name: file.name }));
      else if (file.size > LARGEST) problems.push(t("documents.tooLarge", { name: file.name, limit: format.bytes(LARGEST) }));
      else if (!KINDS.includes(file.type)) problems.push(t("documents.kind", { name: file.name }));
      else {
        outbox.upload(record, file).then(
          () => toast(t("documents.added", { name: file.name })),
          (error: unknown) => toast(isCancelled(error) ? t("documents.cancelled", { name: file.name }) : `${t("documents.failed", { name: file.name })}: ${errorText(error, i18n)}`),
        );
      }
    }
    setRefused(problems);
  };

  return (
    <div className="stack gap-3">
      {jobs.map((job) => (
        <UploadRow key={job.id} job={job} />
      ))}
      {refused.length === 0 ? null : (
        <Callout tone="bad" role="alert">
          {refused.map((problem) => (
            <p key={problem}>{problem}</p>
          ))}
        </Callout>
      )}
      <DropZone
        className="dropzone no-print"
        aria-label={t("documents.add")}
        getDropOperation={() => "copy"}
        onDrop={async (event) => add(await Promise.all(event.items.filter(isFileDropItem).map((item) => item.getFile())))}
      >
        <p>{t("documents.drop")}</p>
        <FileTrigger allowsMultiple acceptedFileTypes={KINDS} onSelect={(files) => files !== null && add([...files])}>
          <Button icon={<Paperclip size={16} aria-hidden="true" />}>{t("documents.add")}</Button>
        </FileTrigger>
      </DropZone>
    </div>
  );
}

function UploadRow({ job }: { readonly job: JobView }) {
  const { t, format } = useI18n();
  const outbox = useOutbox();
  const name = job.name === "" ? t("documents.unnamed") : job.name;
  const stop = <IconButton label={t("documents.cancel", { name })} size="s" icon={<X size={16} aria-hidden="true" />} onPress={() => void outbox.cancel(job.id)} />;
  if (job.step === "failed") {
    return (
      <div className="row gap-3">
        <div className="grow">
          <ErrorNote title={t("documents.failed", { name })} error={job.error} onRetry={() => outbox.retry(job.id)} />
        </div>
        {stop}
      </div>
    );
  }
  const sent = job.step !== "sealing" && job.done >= job.whole;
  const label =
    job.step === "sealing"
      ? t("documents.sealing", { name })
      : job.step === "waiting"
        ? t("documents.waiting", { name })
        : sent
          ? t("documents.attaching", { name })
          : t("documents.uploading", { name });
  return (
    <Progress
      label={label}
      value={sent ? null : job.whole === 0 ? 0 : job.done / job.whole}
      detail={t("documents.progress", { done: format.bytes(job.done), whole: format.bytes(job.whole) })}
      actions={
        <>
          {job.step === "waiting" ? <IconButton label={t("common.retry")} size="s" icon={<RotateCw size={16} aria-hidden="true" />} onPress={() => outbox.retry(job.id)} /> : null}
          {stop}
        </>
      }
    />
  );
}
