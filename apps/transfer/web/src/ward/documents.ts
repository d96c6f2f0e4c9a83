import type { Opened, Wardseal } from "@wardseal/sdk";

import { api } from "../api/client";
import { ContentError } from "./sealed";

/** A document to be opened: its blob, how long that is, and the session for which it has to be sealed. */
export interface DocumentSource {
  readonly blob: string;
  /** Sealed bytes. */
  readonly size: number;
  /** D of the case. A receiver does not know it beforehand and takes what the object says. */
  readonly session?: string;
}

function check(opened: Opened, { session }: DocumentSource): Opened {
  if (session !== undefined && opened.session !== session) throw new ContentError("it was sealed for another session");
  return opened;
}

/** Opens a document so that any part can be read without the rest: only what is looked at is fetched and decrypted. */
export async function openDocument(ward: Wardseal, source: DocumentSource, signal?: AbortSignal): Promise<Opened> {
  const { blob, size } = source;
  return check(await ward.open({ size, read: (start, end) => api.blobs.range(blob, start, end, signal) }, { signal }), source);
}

/** Fetches and decrypts a whole document, with the bytes that are done. Its author and end are verified when it is given. */
export async function loadDocument(ward: Wardseal, source: DocumentSource, onProgress: (bytes: number) => void, signal?: AbortSignal): Promise<Blob> {
  const opened = check(await ward.open(await api.blobs.stream(source.blob, signal), { onProgress, signal }), source);
  return opened.blob();
}

/** A file name without what could mean something to a file system. */
export function safeName(name: string): string {
  const plain = name.replace(/[\u0000-\u001f\u007f\u202a-\u202e\u2066-\u2069<>:"/\\|?*]/g, "_").replace(/^[.\s]+|[.\s]+$/g, "");
  return plain === "" ? "document" : plain.slice(-180);
}

/** Gives a blob to the browser to be saved. */
export function save(content: Blob, name: string): void {
  // As bytes: whatever the author called it, the browser saves it and does not show it.
  const address = URL.createObjectURL(new Blob([content], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = safeName(name);
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
