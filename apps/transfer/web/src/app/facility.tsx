import { createContext, use, useCallback, useMemo, useState, type ReactNode } from "react";

import { isMeant, useFacilities } from "../api/queries";
import type { Facility, Membership, Role } from "../api/types";
import { useWard } from "../ward/context";

export interface CurrentFacility {
  /** `grp_…`: for whom this person is working now. */
  readonly group: string;
  readonly role: Role;
  /** Its entry in the directory, when that is loaded. */
  readonly entry: Facility | undefined;
  /** All that this person belongs to. */
  readonly all: readonly Membership[];
  readonly choose: (group: string) => void;
}

const Context = createContext<CurrentFacility | undefined>(undefined);
const KEPT = "wardseal.facility";

export interface FacilityProviderProps {
  readonly children: ReactNode;
  /** For somebody who is in none. */
  readonly none: ReactNode;
}

/** Keeps for which of their facilities somebody is working. */
export function FacilityProvider({ children, none }: FacilityProviderProps) {
  const { me } = useWard();
  const [chosen, setChosen] = useState(() => localStorage.getItem(KEPT));
  const { data: directory } = useFacilities();
  const choose = useCallback((group: string) => {
    localStorage.setItem(KEPT, group);
    setChosen(group);
  }, []);
  const membership = me.facilities.find(({ group }) => group === chosen) ?? me.facilities[0];
  const value = useMemo<CurrentFacility | undefined>(
    () =>
      membership && {
        ...membership,
        entry: directory?.find(({ group }) => group === membership.group),
        all: me.facilities,
        choose,
      },
    [membership, directory, me.facilities, choose],
  );
  if (value === undefined) return none;
  return <Context value={value}>{children}</Context>;
}

/** For which facility this person is working. */
export function useFacility(): CurrentFacility {
  const value = use(Context);
  if (value === undefined) throw new Error("useFacility is for what stands inside a FacilityProvider");
  return value;
}

/** The name of a facility of the directory; a dash while it is not known. */
export function useFacilityName(): (group: string) => string {
  const { data } = useFacilities();
  return useCallback((group: string) => data?.find((facility) => isMeant(facility, group))?.name ?? "–", [data]);
}
