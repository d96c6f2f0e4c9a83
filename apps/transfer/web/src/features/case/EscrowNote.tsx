import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { CheckCheck, Eye, Hourglass, Phone } from "lucide-react";
import { useState } from "react";

import { absorbRequest, api, type Facility, type RequestRecord } from "../../api";
import type { Escrow, EscrowState } from "../../api/types";
import { ErrorNote } from "../../app/ErrorNote";
import { Button, Confirm, Tag, toast, type Tone } from "../../design";
import { useI18n } from "../../i18n/context";
import { useWard } from "../../ward";
import { handOver, waitingOf } from "../../ward/escrow";
import { withPassword } from "../../ward/step-up";
import { CompareNumber } from "../team/CompareNumber";

const tones: Readonly<Record<EscrowState, Tone>> = { inEscrow: "wait", delivered: "info", opened: "good" };
const icons = { inEscrow: Hourglass, delivered: CheckCheck, opened: Eye } as const;

/** Where a request stands that waits for a facility without keys: word, icon and colour. */
export function EscrowTag({ state }: { readonly state: EscrowState }) {
  const { t } = useI18n();
  const Icon = icons[state];
  return (
    <Tag tone={tones[state]} icon={<Icon size={13} aria-hidden="true" />}>
      {t(`escrow.state.${state}`)}
    </Tag>
  );
}

interface EscrowNoteProps {
  readonly request: RequestRecord;
  readonly escrow: Escrow;
  readonly facility: Facility | undefined;
  readonly name: string;
}

/** What a request in escrow waits for; the code to be told; and the comparison after which the team gives the key itself. */
export function EscrowNote({ request, escrow, facility, name }: EscrowNoteProps) {
  const { t } = useI18n();
  const { ward } = useWard();
  const client = useQueryClient();
  const [comparing, setComparing] = useState(false);
  const waits = escrow.state === "inEscrow";
  const waiting = useQuery({ queryKey: ["escrow", request.session, escrow.pending], queryFn: () => waitingOf(ward, request.session, escrow.pending), enabled: waits, staleTime: 60_000, retry: false });
  const group = facility?.group ?? null;
  const hand = useMutation({
    mutationFn: (to: string) =>
      withPassword(async () => {
        await handOver(ward, request.session, escrow.pending, to);
        if (request.disclosure !== null && escrow.disclosurePending !== null) await handOver(ward, request.disclosure.session, escrow.disclosurePending, to);
        await api.requests.delivered(request.from, [request.id]);
        return api.requests.get(request.id);
      }),
    onSuccess: (record) => {
      setComparing(false);
      absorbRequest(client, record);
      toast(t("escrow.handed", { facility: name }));
    },
  });
  return (
    <div className="escrow-note">
      <p className="small soft">{t(`escrow.${escrow.state}Note`)}</p>
      {waits && waiting.data?.code !== undefined ? (
        <p className="row gap-1 small">
          <Phone size={14} aria-hidden="true" />
          {t("escrow.code")}: <output className="mono strong">{waiting.data.code}</output>
        </p>
      ) : null}
      {waits && group !== null && waiting.data?.policy === "confirmed" ? (
        <div>
          <Button variant="primary" onPress={() => setComparing(true)}>
            {t("escrow.compare")}
          </Button>
        </div>
      ) : null}
      {comparing && group !== null ? (
        <Confirm
          title={t("escrow.compareTitle", { facility: name })}
          action={t("escrow.compareAction")}
          isOpen
          onClose={() => {
            hand.reset();
            setComparing(false);
          }}
          onConfirm={() => hand.mutate(group)}
          isPending={hand.isPending}
          error={<ErrorNote error={hand.error} />}
        >
          <CompareNumber of={group} label={t("escrow.compareNumber")} />
          <p>{t("escrow.compareText", { facility: name })}</p>
        </Confirm>
      ) : null}
    </div>
  );
}
