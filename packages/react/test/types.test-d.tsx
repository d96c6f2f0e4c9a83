// Compiled, never run: what the types say about each state.
import { useOpened, useProfile, useSeal, useSession, useSessions, WardsealProvider } from "@wardseal/react";
import type { Profile, Session, Wardseal, WardsealError } from "@wardseal/sdk";

/** Fails to compile unless both types are the same. */
function same<A, B>(..._: (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? [] : ["they differ"]): void {}

export function States(): void {
  const session = useSession("ses_1");
  if (session.status === "ready") {
    same<typeof session.data, Session>();
    same<typeof session.error, undefined>();
  } else if (session.status === "error") {
    same<typeof session.error, WardsealError>();
    same<typeof session.data, Session | undefined>();
  } else {
    same<typeof session.data, undefined>();
  }
  same<typeof session.reload, () => void>();

  const profile = useProfile();
  if (profile.status === "ready") same<typeof profile.data, Profile | undefined>();

  const sessions = useSessions({ limit: 10 });
  if (sessions.status === "ready") same<typeof sessions.data, readonly Session[]>();
}

export function Contents({ source }: { source: Blob | undefined }): void {
  const text = useOpened(source, { as: "text" });
  if (text.status === "ready") same<typeof text.data.content, string>();
  const blob = useOpened(source, { as: "blob" });
  if (blob.status === "ready") same<typeof blob.data.content, Blob>();
  const json = useOpened(source, { as: "json" });
  if (json.status === "ready") same<typeof json.data.content, unknown>();
  const typed = useOpened<{ title: string }>(source, { as: "json" });
  if (typed.status === "ready") same<typeof typed.data.content, { title: string }>();
  // @ts-expect-error A stream can be read once, and components are drawn more than once.
  useOpened(new ReadableStream<Uint8Array>(), { as: "text" });
  // @ts-expect-error There is no such form.
  useOpened(source, { as: "picture" });
}

export function Sealed(): void {
  const { status, progress, error, seal } = useSeal("ses_1");
  if (status === "sealing") same<typeof progress, number>();
  if (status === "error") same<typeof error, WardsealError>();
  void seal("text").then((sealed) => same<typeof sealed, Uint8Array<ArrayBuffer>>());
  void seal(new Blob()).then((sealed) => same<typeof sealed, Blob>());
}

export function Providers({ ward }: { ward: Wardseal }) {
  return (
    <>
      <WardsealProvider ward={ward} />
      <WardsealProvider options={{ tenant: "ten_1", keys: "https://keys.example.org" }} fallback={({ status }) => status} />
      {/* @ts-expect-error A client of one's own needs no fallback. */}
      <WardsealProvider ward={ward} fallback="Opening" />
    </>
  );
}
