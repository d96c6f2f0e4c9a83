import { Redirect } from "wouter";

import { useFacilities } from "../../api";
import { useFacility } from "../../app/facility";

/** Where work begins: hospitals send patients, the others are asked for places. */
export function Start() {
  const { group } = useFacility();
  const directory = useFacilities();
  // Until the directory is there nobody knows which of the two it is.
  if (directory.isPending) return null;
  const sends = directory.data?.find((facility) => facility.group === group)?.families.includes("ACUTE") ?? true;
  return <Redirect to={sends ? "/cases" : "/inbox"} replace />;
}
