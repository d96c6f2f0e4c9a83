import { useQuery, useQueryClient } from "@tanstack/react-query";

import { api } from "../../api";
import { useI18n } from "../../i18n/context";
import { useWard } from "../../ward";

export interface Names {
  readonly nameOf: (user: string) => string | undefined;
  /** The name, or a few signs of the identifier where it could not be checked. */
  readonly shown: (user: string) => string;
  readonly learn: (user: string, name: string) => void;
}

/**
 * What members are called. The transfer server says so, and it is believed only where the person's own chain, bound by
 * the tenant, says the same: nobody is shown under another's name.
 */
export function useNames(group: string, members: readonly { readonly id: string }[]): Names {
  const client = useQueryClient();
  const { t } = useI18n();
  const { me, ward } = useWard();
  const key = ["names", group, members.map(({ id }) => id)];
  const { data } = useQuery<Readonly<Record<string, string>>>({
    queryKey: key,
    queryFn: async ({ signal }) => {
      const claimed = await api.people(group, signal);
      const checked = await Promise.allSettled(claimed.map(async ({ user, name }) => ((await ward.users.byName([name]))[0] === user ? [[user, name] as const] : [])));
      return Object.fromEntries(checked.flatMap((each) => (each.status === "fulfilled" ? each.value : [])));
    },
    enabled: members.length > 0,
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const nameOf = (user: string): string | undefined => (user === me.user ? me.name : data?.[user]);
  return {
    nameOf,
    shown: (user) => nameOf(user) ?? t("team.unknown", { id: user.slice(-6) }),
    learn: (user, name) => client.setQueryData<Readonly<Record<string, string>>>(key, (known) => ({ ...known, [user]: name })),
  };
}
