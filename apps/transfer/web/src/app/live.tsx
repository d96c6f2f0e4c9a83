import { useQueryClient } from "@tanstack/react-query";
import { WifiOff } from "lucide-react";
import { createContext, use, useEffect, useMemo, useRef, useState, type ReactNode } from "react";

import { listen, type Connection, type Events } from "../api/events";
import { onServerEvent } from "../api/queries";
import type { ServerEvent } from "../api/types";
import { Button, toast } from "../design";
import { useI18n } from "../i18n/context";

interface Live {
  readonly connection: Connection;
  readonly reconnect: () => void;
  readonly listeners: Set<(event: ServerEvent) => void>;
}

const Context = createContext<Live | undefined>(undefined);

/** Milliseconds for which a connection may be gone before anybody is told. */
const PATIENCE = 3_000;

/** Follows what happens at the server while somebody is signed in, and says when the connection is lost. */
export function LiveProvider({ children }: { readonly children: ReactNode }) {
  const { t } = useI18n();
  const client = useQueryClient();
  const [connection, setConnection] = useState<Connection>("connecting");
  const events = useRef<Events>(undefined);
  const listeners = useMemo(() => new Set<(event: ServerEvent) => void>(), []);
  const wasLost = useRef(false);

  useEffect(() => {
    let late: ReturnType<typeof setTimeout> | undefined;
    const stream = listen({
      onEvent(event) {
        onServerEvent(client, event);
        for (const listener of listeners) listener(event);
      },
      onReload: () => void client.invalidateQueries(),
      onConnection(next) {
        if (next === "open") {
          clearTimeout(late);
          late = undefined;
          setConnection("open");
        } else if (next === "lost") {
          late ??= setTimeout(() => setConnection("lost"), PATIENCE);
        }
      },
    });
    events.current = stream;
    const online = (): void => stream.reconnect();
    addEventListener("online", online);
    return () => {
      clearTimeout(late);
      removeEventListener("online", online);
      stream.close();
    };
  }, [client, listeners]);

  useEffect(() => {
    if (connection === "lost") wasLost.current = true;
    if (connection === "open" && wasLost.current) {
      wasLost.current = false;
      toast(t("connection.back"));
    }
  }, [connection, t]);

  const value = useMemo<Live>(() => ({ connection, listeners, reconnect: () => events.current?.reconnect() }), [connection, listeners]);
  return <Context value={value}>{children}</Context>;
}

function useLive(): Live {
  const value = use(Context);
  if (value === undefined) throw new Error("useLive is for what stands inside a LiveProvider");
  return value;
}

/** Is told of each event of the server, beside the queries that are asked again by themselves. */
export function useServerEvents(onEvent: (event: ServerEvent) => void): void {
  const { listeners } = useLive();
  const last = useRef(onEvent);
  useEffect(() => {
    last.current = onEvent;
  });
  useEffect(() => {
    const listener = (event: ServerEvent): void => last.current(event);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, [listeners]);
}

export function useConnection(): Connection {
  return useLive().connection;
}

/** Says that the connection is lost, and what still works. */
export function ConnectionBanner() {
  const { t } = useI18n();
  const { connection, reconnect } = useLive();
  return (
    <div role="alert">
      {connection === "lost" ? (
        <div className="banner" data-tone="wait">
          <WifiOff size={18} aria-hidden="true" />
          <p className="grow">
            <strong>{t("connection.lost")}</strong> {t("connection.lostNote")}
          </p>
          <Button size="s" onPress={reconnect}>
            {t("connection.retry")}
          </Button>
        </div>
      ) : null}
    </div>
  );
}
