// Every hook on a page, in StrictMode. The tests say through `hooks` what is shown, and read what the page says.
import { useChanges, useOpened, useProfile, useSeal, useSession, useSessions, useWardseal, WardsealProvider, type Lookup, type Repeatable, type Sealing } from "@wardseal/react";
import { Wardseal, memoryStore, type Options } from "@wardseal/sdk";
import { Component, StrictMode, useEffect, type ReactNode } from "react";
import { flushSync } from "react-dom";
import { createRoot } from "react-dom/client";

/** What a hook says, in the page, and at hand for the tests. */
function Said({ id, lookup, show }: { id: string; lookup: Lookup<unknown>; show: string }): ReactNode {
  hooks.reload[id] = lookup.reload;
  return (
    <p id={id}>
      {lookup.status}|{lookup.error?.code ?? ""}|{show}
    </p>
  );
}

function ProfileView(): ReactNode {
  const profile = useProfile();
  return <Said id="profile" lookup={profile} show={profile.data?.user ?? ""} />;
}

function SessionView({ id, at }: { id: string | undefined; at: string }): ReactNode {
  const session = useSession(id);
  useEffect(() => {
    hooks.mounts += 1;
  }, []);
  return <Said id={at} lookup={session} show={String(session.data?.recipients.length ?? "")} />;
}

function ListView({ parent }: { parent: string | undefined }): ReactNode {
  const sessions = useSessions(parent === undefined ? {} : { parent });
  return <Said id="list" lookup={sessions} show={String(sessions.data?.length ?? "")} />;
}

function TextView({ source, at = "text" }: { source: Repeatable | undefined; at?: string }): ReactNode {
  const opened = useOpened(source, { as: "text" });
  return <Said id={at} lookup={opened} show={opened.data?.content ?? ""} />;
}

function FormsView({ source }: { source: Repeatable }): ReactNode {
  const json = useOpened<{ title: string }>(source, { as: "json" });
  const blob = useOpened(source, { as: "blob" });
  const bytes = useOpened(source, { as: "bytes" });
  return (
    <>
      <Said id="json" lookup={json} show={json.data?.content.title ?? ""} />
      <Said id="blob" lookup={blob} show={`${blob.data?.content.type} ${blob.data?.content.size} ${blob.data?.name}`} />
      <Said id="bytes" lookup={bytes} show={`${bytes.data?.content.length} ${bytes.data?.author}`} />
    </>
  );
}

function ChangesView(): ReactNode {
  useChanges(({ kind, id }) => hooks.changes.push(`${kind} ${id}`));
  return null;
}

function SealView({ session }: { session: string }): ReactNode {
  const sealing = useSeal(session);
  hooks.sealing = sealing;
  return <p id="seal">{`${sealing.status}|${sealing.error?.code ?? ""}|${sealing.progress ?? ""}`}</p>;
}

function OpenedClient(): ReactNode {
  const ward = useWardseal();
  useEffect(() => {
    hooks.opened = ward;
  }, [ward]);
  return <p id="client">open</p>;
}

class Boundary extends Component<{ children: ReactNode }, { code: string | undefined }> {
  override state = { code: undefined };

  static getDerivedStateFromError(error: { code?: string; message: string }) {
    return { code: error.code ?? error.message };
  }

  override render(): ReactNode {
    return this.state.code === undefined ? this.props.children : <p id="boundary">{this.state.code}</p>;
  }
}

const root = createRoot(document.getElementById("root")!);
let ward: Wardseal | undefined;

const draw = (content: ReactNode): void => flushSync(() => root.render(<StrictMode>{content}</StrictMode>));
const below = (content: ReactNode): void => draw(<WardsealProvider ward={ward!}>{content}</WardsealProvider>);

const hooks = {
  Wardseal,
  memoryStore,
  changes: [] as string[],
  mounts: 0,
  reload: {} as Record<string, () => void>,
  sealing: undefined as Sealing | undefined,
  opened: undefined as Wardseal | undefined,
  use(given: Wardseal) {
    ward = given;
  },
  nothing: () => draw(null),
  profile: () => below(<ProfileView />),
  sessions: (...ids: (string | undefined)[]) => below(ids.map((id, at) => <SessionView key={at} id={id} at={`session${at}`} />)),
  profileAndSession: (id: string) => below([<ProfileView key="profile" />, <SessionView key="session" id={id} at="session0" />]),
  list: (parent?: string) => below(<ListView parent={parent} />),
  text: (source: Repeatable | undefined) => below(<TextView source={source} />),
  texts: (sources: Repeatable[]) => below(sources.map((source, at) => <TextView key={at} source={source} at={`text${at}`} />)),
  forms: (source: Repeatable) => below(<FormsView source={source} />),
  following: (id: string, source: Repeatable) =>
    below([<ChangesView key="changes" />, <SessionView key="session" id={id} at="session0" />, <TextView key="text" source={source} />, <ListView key="list" parent={undefined} />]),
  seal: (session: string) => below(<SealView session={session} />),
  orphan: () => draw(<Boundary key="orphan"><ProfileView /></Boundary>),
  open: (options: Options, fallback: "text" | "function") =>
    draw(
      <Boundary key={fallback}>
        <WardsealProvider options={options} fallback={fallback === "text" ? <p id="client">fallback</p> : (opening) => <Said id="client" lookup={opening} show="" />}>
          <OpenedClient />
        </WardsealProvider>
      </Boundary>,
    ),
};

export type Hooks = typeof hooks;
Object.assign(globalThis, { hooks });
