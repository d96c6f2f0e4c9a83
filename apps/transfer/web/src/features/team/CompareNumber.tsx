import { useQuery } from "@tanstack/react-query";

import { comparisonNumber } from "../../ward/compare";

/** Twenty digits of an identity, which two people compare. */
export function CompareNumber({ of, label }: { readonly of: string; readonly label: string }) {
  const number = useQuery({ queryKey: ["number", of], queryFn: () => comparisonNumber(of), staleTime: Number.POSITIVE_INFINITY });
  return (
    <div className="tag-panel" role="group" aria-label={label}>
      <span className="tag-panel-label">{label}</span>
      <output className="compare-number">{number.data ?? "…"}</output>
    </div>
  );
}
