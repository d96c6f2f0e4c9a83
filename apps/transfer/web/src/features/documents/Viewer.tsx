import { useQuery } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";

import { errorText } from "../../app/errors";
import { ErrorNote } from "../../app/ErrorNote";
import { Callout, Dialog, IconButton, Progress, toast } from "../../design";
import { useI18n } from "../../i18n/context";
import { loadDocument, openDocument, save, useWard, type DocumentEntry } from "../../ward";

const PdfView = lazy(() => import("./PdfView"));

/** Kinds of images that browsers draw and that can hold no script. */
const IMAGES = ["image/png", "image/jpeg", "image/webp", "image/gif"];
/** Bytes of text that are shown at most. */
const LONGEST_TEXT = 1 << 20;

export interface ViewerProps {
  readonly entry: DocumentEntry;
  readonly size: number;
  readonly session: string | undefined;
  readonly onClose: () => void;
}

/** One document over the page. Nothing of it is written to this machine unless it is saved. */
export default function Viewer({ entry, size, session, onClose }: ViewerProps) {
  const i18n = useI18n();
  const { t } = i18n;
  const { ward } = useWard();
  const name = entry.name === "" ? t("documents.unnamed") : entry.name;
  const source = { blob: entry.blob, size, ...(session === undefined ? {} : { session }) };
  const download = (): void => {
    loadDocument(ward, source, () => undefined).then(
      (content) => {
        save(content, name);
        toast(t("documents.saveWarning"));
      },
      (error: unknown) => toast(errorText(error, i18n)),
    );
  };
  return (
    <Dialog
      size="full"
      isOpen
      onClose={onClose}
      title={name}
      headerActions={<IconButton label={t("documents.download", { name })} size="s" icon={<Download size={18} aria-hidden="true" />} onPress={download} />}
    >
      {entry.type === "application/pdf" ? <Pdf {...source} name={name} whole={entry.size} /> : IMAGES.includes(entry.type) || entry.type === "text/plain" ? <Whole {...source} type={entry.type} name={name} whole={entry.size} /> : <Callout tone="info">{t("documents.notShown")}</Callout>}
    </Dialog>
  );
}

interface SourceProps {
  readonly blob: string;
  readonly size: number;
  readonly session?: string;
  readonly name: string;
}

/** A PDF: page by page, only what is looked at is fetched and decrypted. */
function Pdf({ name, whole, ...source }: SourceProps & { readonly whole: number }) {
  const { t } = useI18n();
  const { ward } = useWard();
  const opened = useQuery({ queryKey: ["document", source.blob], queryFn: ({ signal }) => openDocument(ward, source, signal), gcTime: 0 });
  if (opened.isError) return <ErrorNote error={opened.error} onRetry={() => void opened.refetch()} />;
  const waiting = <Progress label={t("documents.opening", { name })} value={null} />;
  if (opened.data === undefined) return waiting;
  return (
    <Suspense fallback={waiting}>
      <PdfView opened={opened.data} name={name} whole={whole} />
    </Suspense>
  );
}

/** An image or a text: all of it. */
function Whole({ type, name, whole, ...source }: SourceProps & { readonly type: string; readonly whole: number }) {
  const { t, format } = useI18n();
  const { ward } = useWard();
  const [done, setDone] = useState(0);
  const content = useQuery({ queryKey: ["document", source.blob], queryFn: ({ signal }) => loadDocument(ward, source, setDone, signal), gcTime: 0 });
  if (content.isError) return <ErrorNote error={content.error} onRetry={() => void content.refetch()} />;
  if (content.data === undefined) {
    return <Progress label={t("documents.opening", { name })} value={whole === 0 ? null : done / whole} detail={t("documents.progress", { done: format.bytes(done), whole: format.bytes(whole) })} />;
  }
  return type === "text/plain" ? <PlainText content={content.data} /> : <Image content={content.data} type={type} name={name} />;
}

function PlainText({ content }: { readonly content: Blob }) {
  const [text, setText] = useState("");
  useEffect(() => {
    let gone = false;
    void content
      .slice(0, LONGEST_TEXT)
      .text()
      .then((read) => (gone ? undefined : setText(read)));
    return () => {
      gone = true;
    };
  }, [content]);
  return <pre className="document-text">{text}</pre>;
}

function Image({ content, type, name }: { readonly content: Blob; readonly type: string; readonly name: string }) {
  const [address, setAddress] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([content], { type }));
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [content, type]);
  return address === undefined ? null : <img className="document-image" src={address} alt={name} />;
}
