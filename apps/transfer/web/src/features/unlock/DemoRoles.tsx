import { useQuery } from "@tanstack/react-query";
import { FlaskConical, Mail } from "lucide-react";

import { api } from "../../api";
import type { DemoRole } from "../../api/types";
import { Select } from "../../design";
import { useI18n } from "../../i18n/context";

/** How many roles are offered at once; the rest stand in a list. */
const OFFERED = 4;

interface DemoRolesProps {
  readonly isDisabled: boolean;
  readonly onPick: (role: DemoRole) => void;
}

/** In a demonstration: invented people to step into. Nothing anywhere else. */
export function DemoRoles({ isDisabled, onPick }: DemoRolesProps) {
  const { t, label } = useI18n();
  const config = useQuery({ queryKey: ["config"], queryFn: ({ signal }) => api.config(signal), staleTime: Number.POSITIVE_INFINITY });
  const demo = config.data?.demo ?? null;
  if (demo === null) return null;
  const facilities = [...new Set(demo.roles.map((role) => role.facility))];
  // The first of each facility, so that both sides can be stepped into at once.
  const offered = facilities.slice(0, OFFERED).flatMap((facility) => demo.roles.find((role) => role.facility === facility) ?? []);
  return (
    <section className="demo" aria-labelledby="demo-title">
      <h2 id="demo-title">
        <FlaskConical size={16} aria-hidden="true" /> {t("unlock.demo")}
      </h2>
      <ul role="list" className="demo-roles">
        {offered.map((role) => (
          <li key={role.name}>
            <button type="button" className="demo-role" disabled={isDisabled} onClick={() => onPick(role)}>
              <span className="strong">{label(role.title)}</span>
              <span className="soft small">
                {role.facility} · {role.country}
              </span>
            </button>
          </li>
        ))}
      </ul>
      <Select
        label={t("unlock.demoOthers", { n: demo.roles.length })}
        value=""
        isDisabled={isDisabled}
        onChange={(name: string) => {
          const role = demo.roles.find((each) => each.name === name);
          if (role !== undefined) onPick(role);
        }}
        options={demo.roles.map((role) => ({ value: role.name, label: `${label(role.title)}, ${role.facility}`, hint: role.person }))}
      />
      <a className="demo-mails" href={demo.mailbox} target="_blank" rel="noreferrer">
        <Mail size={16} aria-hidden="true" /> {t("unlock.demoMails")}
      </a>
    </section>
  );
}
