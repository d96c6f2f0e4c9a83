import type { Opened } from "@wardseal/sdk";
import { ChevronLeft, ChevronRight, ZoomIn, ZoomOut } from "lucide-react";
import { getDocument, GlobalWorkerOptions, PDFDataRangeTransport, TextLayer, type PDFDocumentProxy, type PDFPageProxy } from "pdfjs-dist";
import workerUrl from "pdfjs-dist/build/pdf.worker.min.mjs?url";
import { useEffect, useRef, useState } from "react";

import { ErrorNote } from "../../app/ErrorNote";
import { Callout, IconButton, Progress } from "../../design";
import { useI18n } from "../../i18n/context";

GlobalWorkerOptions.workerSrc = workerUrl;

/** Bytes that are fetched and decrypted at once: a frame of a sealed object. */
const RANGE = 1 << 20;
/** CSS pixels of a point at which a page is drawn, in steps. */
const ZOOMS = [0.4, 0.5, 0.75, 1, 1.25, 1.5, 2, 3] as const;
/** CSS pixels of the width of A4 at its own size, and of what stands beside it. */
const [WIDTH, BESIDE] = [794, 64];

/** The largest zoom at which a page of A4 fits, up to its own size. */
function fitting(): number {
  return Math.max(0, ZOOMS.findLastIndex((zoom) => zoom <= 1 && zoom * WIDTH + BESIDE <= innerWidth));
}

/** Gives pdf.js the parts of a document that it asks for, each fetched, verified and decrypted when it is wanted. */
class SealedRange extends PDFDataRangeTransport {
  readonly #opened: Opened;
  readonly #onError: (error: unknown) => void;
  #stopped = false;

  constructor(opened: Opened, size: number, first: Uint8Array, onError: (error: unknown) => void) {
    super(size, first);
    this.#opened = opened;
    this.#onError = onError;
  }

  override requestDataRange(begin: number, end: number): void {
    this.#opened.range(begin, Math.min(end, this.length)).then(
      // pdf.js takes nothing any more that comes after it was told to stop.
      (bytes) => (this.#stopped ? undefined : this.onDataRange(begin, bytes)),
      (error: unknown) => (this.#stopped ? undefined : this.#onError(error)),
    );
  }

  override abort(): void {
    this.#stopped = true;
  }
}

export interface PdfViewProps {
  readonly opened: Opened;
  readonly name: string;
  /** Its bytes, where the object itself does not say: an object that was sealed as a stream does not. */
  readonly whole: number;
}

/** The pages of a PDF. Scripts, forms and links in it do nothing. */
export default function PdfView({ opened, name, whole }: PdfViewProps) {
  const { t } = useI18n();
  const [pdf, setPdf] = useState<PDFDocumentProxy>();
  const [error, setError] = useState<unknown>();
  const [broken, setBroken] = useState(false);
  const [zoom, setZoom] = useState(fitting);
  const [current, setCurrent] = useState(1);
  const pages = useRef<HTMLDivElement>(null);

  useEffect(() => {
    let stop = (): void => undefined;
    let gone = false;
    const begin = async (): Promise<void> => {
      const size = opened.size ?? whole;
      const first = await opened.range(0, Math.min(size, RANGE));
      if (gone) return;
      const range = new SealedRange(opened, size, first, setError);
      const task = getDocument({
        range,
        rangeChunkSize: RANGE,
        disableAutoFetch: true,
        disableStream: true,
        isEvalSupported: false,
        useSystemFonts: false,
        enableXfa: false,
        stopAtErrors: false,
        wasmUrl: "/pdfjs/wasm/",
        standardFontDataUrl: "/pdfjs/standard_fonts/",
      });
      stop = () => {
        // First: what is being decrypted finds nobody who waits for it.
        range.abort();
        void task.destroy();
      };
      const loaded = await task.promise;
      if (gone) stop();
      else setPdf(loaded);
    };
    begin().catch((thrown: unknown) => {
      if (gone) return;
      const name = thrown instanceof Error ? thrown.name : "";
      if (["InvalidPDFException", "PasswordException", "UnknownErrorException", "FormatError"].includes(name)) setBroken(true);
      else setError(thrown);
    });
    return () => {
      gone = true;
      stop();
    };
  }, [opened, whole]);

  const go = (page: number): void => pages.current?.querySelector(`[data-page="${page}"]`)?.scrollIntoView({ block: "start" });

  if (broken) return <Callout tone="bad" role="alert">{t("documents.broken")}</Callout>;
  if (error !== undefined) return <ErrorNote error={error} />;
  if (pdf === undefined) return <Progress label={t("documents.opening", { name })} value={null} />;
  const scale = ZOOMS[zoom] ?? 1;
  return (
    <div className="pdf">
      <div className="pdf-bar" role="toolbar" aria-label={name}>
        <IconButton size="s" label={t("documents.previous")} icon={<ChevronLeft size={18} aria-hidden="true" />} isDisabled={current <= 1} onPress={() => go(current - 1)} />
        <span role="status" className="small">
          {t("documents.page", { n: current, pages: pdf.numPages })}
        </span>
        <IconButton size="s" label={t("documents.next")} icon={<ChevronRight size={18} aria-hidden="true" />} isDisabled={current >= pdf.numPages} onPress={() => go(current + 1)} />
        <span className="grow" />
        <IconButton size="s" label={t("documents.zoomOut")} icon={<ZoomOut size={18} aria-hidden="true" />} isDisabled={zoom === 0} onPress={() => setZoom(zoom - 1)} />
        <IconButton size="s" label={t("documents.zoomIn")} icon={<ZoomIn size={18} aria-hidden="true" />} isDisabled={zoom === ZOOMS.length - 1} onPress={() => setZoom(zoom + 1)} />
      </div>
      <div className="pdf-pages" ref={pages} tabIndex={0} role="group" aria-label={t("documents.pages", { n: pdf.numPages })}>
        {Array.from({ length: pdf.numPages }, (_, at) => (
          <PdfPage key={at} pdf={pdf} number={at + 1} scale={scale} onError={setError} onVisible={setCurrent} />
        ))}
      </div>
    </div>
  );
}

interface PageProps {
  readonly pdf: PDFDocumentProxy;
  readonly number: number;
  readonly scale: number;
  readonly onError: (error: unknown) => void;
  readonly onVisible: (page: number) => void;
}

/** One page: drawn when it comes near, as an image with its text above for selection and screen readers. */
function PdfPage({ pdf, number, scale, onError, onVisible }: PageProps) {
  const { t } = useI18n();
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const text = useRef<HTMLDivElement>(null);
  const [near, setNear] = useState(false);
  const [page, setPage] = useState<PDFPageProxy>();

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const root = element.parentElement;
    const coming = new IntersectionObserver(([entry]) => setNear(entry?.isIntersecting === true), { root, rootMargin: "150% 0px" });
    const seen = new IntersectionObserver(([entry]) => entry?.isIntersecting === true && onVisible(number), { root, rootMargin: "-40% 0px -55% 0px" });
    coming.observe(element);
    seen.observe(element);
    return () => {
      coming.disconnect();
      seen.disconnect();
    };
  }, [number, onVisible]);

  useEffect(() => {
    if (!near || page !== undefined) return;
    let gone = false;
    pdf.getPage(number).then((loaded) => (gone ? undefined : setPage(loaded)), onError);
    return () => {
      gone = true;
    };
  }, [near, page, pdf, number, onError]);

  useEffect(() => {
    const target = canvas.current;
    const words = text.current;
    if (!near || page === undefined || target === null || words === null) return;
    const viewport = page.getViewport({ scale: scale * (96 / 72) });
    const density = Math.min(devicePixelRatio, 2);
    target.width = Math.floor(viewport.width * density);
    target.height = Math.floor(viewport.height * density);
    const drawing = page.render({ canvas: target, viewport, transform: [density, 0, 0, density, 0, 0], annotationMode: 0 });
    words.replaceChildren();
    const layer = new TextLayer({ textContentSource: page.streamTextContent(), container: words, viewport });
    const ignoreStop = (thrown: unknown): void => {
      if (!(thrown instanceof Error) || !["RenderingCancelledException", "AbortException"].includes(thrown.name)) onError(thrown);
    };
    drawing.promise.catch(ignoreStop);
    layer.render().catch(ignoreStop);
    return () => {
      drawing.cancel();
      layer.cancel();
    };
  }, [near, page, scale, onError]);

  // A4 until its size is known.
  const size = page?.getViewport({ scale: scale * (96 / 72) }) ?? { width: 794 * scale, height: 1123 * scale };
  return (
    <div ref={box} className="pdf-page" data-page={number} style={{ width: `${Math.floor(size.width)}px`, height: `${Math.floor(size.height)}px` }}>
      {near && page !== undefined ? (
        <>
          <canvas ref={canvas} role="img" aria-label={t("documents.page", { n: number, pages: pdf.numPages })} />
          <div ref={text} className="pdf-text" />
        </>
      ) : null}
    </div>
  );
}
