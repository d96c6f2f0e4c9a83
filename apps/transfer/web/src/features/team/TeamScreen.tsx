import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Ellipsis, KeyRound, UserRound } from "lucide-react";
import { useState } from "react";

import { keys } from "../../api";
import { ErrorNote } from "../../app/ErrorNote";
import { useFacility, useFacilityName } from "../../app/facility";
import { Page } from "../../app/Page";
import { Button, Card, Choices, Confirm, IconButton, Menu, Skeleton, Tag, TextField, toast } from "../../design";
import { useI18n } from "../../i18n/context";
import { useKeeper, useWard } from "../../ward";
import { withPassword } from "../../ward/step-up";
import { HelpCard } from "./HelpCard";
import { useNames } from "./names";
import { RestartDialog, RestartsCard } from "./Restarts";
import "./team.css";

type Role = "member" | "admin";

interface Member {
  readonly id: string;
  readonly role: Role;
}

/** Who belongs to the facility's group: whoever does can open what is sealed for it. */
export default function TeamScreen() {
  const { t } = useI18n();
  const { ward, me } = useWard();
  const keeper = useKeeper();
  const { group } = useFacility();
  const facilityName = useFacilityName();
  const client = useQueryClient();
  const found = useQuery({ queryKey: keys.group(group), queryFn: () => ward.groups.get(group) });
  const { shown, learn } = useNames(group, found.data?.members ?? []);
  const [removing, setRemoving] = useState<Member>();
  const [restarting, setRestarting] = useState<Member>();
  const isAdmin = found.data?.role === "admin";

  const changed = async (): Promise<void> => {
    await client.invalidateQueries({ queryKey: keys.group(group) });
    await keeper.refresh();
  };
  const setRole = useMutation({
    mutationFn: ({ id, role }: Member) => withPassword(() => ward.groups.setRole(group, id, role)),
    onSuccess: async (_, { id, role }) => {
      await changed();
      toast(t(role === "admin" ? "team.madeAdmin" : "team.madeMember", { name: shown(id) }));
    },
  });
  const remove = useMutation({
    mutationFn: (id: string) => withPassword(() => ward.groups.remove(group, [id])),
    onSuccess: async (_, id) => {
      setRemoving(undefined);
      await changed();
      toast(t("team.removed", { name: shown(id) }));
    },
  });

  return (
    <Page title={t("team.title")} lead={facilityName(group)}>
      <div className="stack">
        {isAdmin ? <HelpCard shown={shown} /> : null}
        {isAdmin ? <RestartsCard members={found.data?.members ?? []} onChanged={changed} /> : null}
        <Card
          title={t("team.members")}
          flush
          actions={
            found.data === undefined || found.data.epoch === 0 ? null : (
              <span className="small soft row gap-1">
                <KeyRound size={14} aria-hidden="true" />
                {t("team.epoch", { n: found.data.epoch })}
              </span>
            )
          }
        >
          {found.data === undefined ? (
            <div className="card-body">{found.isError ? <ErrorNote error={found.error} onRetry={() => void found.refetch()} /> : <Skeleton lines={4} />}</div>
          ) : (
            <ul className="rows" aria-label={t("team.members")}>
              {found.data.members.map((member) => (
                <li key={member.id} className="team-row">
                  <span className="team-mark" aria-hidden="true">
                    <UserRound size={18} />
                  </span>
                  <span className="grow">
                    <span className="strong">{shown(member.id)}</span>
                    {member.id === me.user ? <span className="soft"> ({t("team.you")})</span> : null}
                  </span>
                  <Tag tone={member.role === "admin" ? "info" : "neutral"} icon={null}>
                    {t(member.role === "admin" ? "account.role.admin" : "account.role.member")}
                  </Tag>
                  {isAdmin && member.id !== me.user ? (
                    <Menu
                      label={t("team.moreFor", { name: shown(member.id) })}
                      trigger={<IconButton size="s" label={t("team.moreFor", { name: shown(member.id) })} icon={<Ellipsis size={18} aria-hidden="true" />} />}
                      sections={[
                        {
                          entries: [
                            member.role === "admin"
                              ? { id: "member", label: t("team.makeMember"), onAction: () => setRole.mutate({ id: member.id, role: "member" }) }
                              : { id: "admin", label: t("team.makeAdmin"), onAction: () => setRole.mutate({ id: member.id, role: "admin" }) },
                            { id: "restart", label: t("team.restart"), onAction: () => setRestarting(member) },
                            { id: "remove", label: t("team.remove"), tone: "danger", onAction: () => setRemoving(member) },
                          ],
                        },
                      ]}
                    />
                  ) : null}
                </li>
              ))}
            </ul>
          )}
        </Card>
        <ErrorNote error={setRole.error} />
        {found.data === undefined ? null : isAdmin ? (
          <AddMember
            isMember={(user) => found.data.members.some(({ id }) => id === user)}
            onKnown={learn}
            add={async (user, role) => {
              await withPassword(() => ward.groups.add(group, user, role));
              await changed();
            }}
          />
        ) : (
          <p className="soft">{t("team.onlyAdmins")}</p>
        )}
        <p className="small faint">{t("team.namesNote")}</p>
      </div>
      {restarting === undefined ? null : <RestartDialog user={restarting.id} name={shown(restarting.id)} onClose={() => setRestarting(undefined)} />}
      {removing === undefined ? null : (
        <Confirm
          title={t("team.removeTitle", { name: shown(removing.id) })}
          action={t("team.remove")}
          tone="danger"
          isOpen
          onClose={() => {
            remove.reset();
            setRemoving(undefined);
          }}
          onConfirm={() => remove.mutate(removing.id)}
          isPending={remove.isPending}
          error={<ErrorNote error={remove.error} />}
        >
          <p>{t("team.removeText")}</p>
        </Confirm>
      )}
    </Page>
  );
}

interface AddMemberProps {
  readonly isMember: (user: string) => boolean;
  readonly onKnown: (user: string, name: string) => void;
  readonly add: (user: string, role: Role) => Promise<void>;
}

/** Takes somebody in, by login name. */
function AddMember({ isMember, onKnown, add }: AddMemberProps) {
  const { t } = useI18n();
  const { ward } = useWard();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("member");
  const [tried, setTried] = useState(false);
  const adding = useMutation({
    async mutationFn(wanted: string) {
      const [user] = await ward.users.byName([wanted]);
      if (user === undefined) return;
      onKnown(user, wanted);
      if (isMember(user)) return toast(t("team.already", { name: wanted }));
      await add(user, role);
      toast(t("team.added", { name: wanted }));
    },
    onSuccess: () => {
      setName("");
      setTried(false);
    },
  });
  const isUnknown = adding.error instanceof Error && "code" in adding.error && adding.error.code === "unknown_name";
  const error = tried && name.trim() === "" ? t("team.needName") : isUnknown ? t("team.noSuchName") : undefined;
  return (
    <Card title={t("team.add")}>
      <form
        className="team-add"
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (name.trim() !== "") adding.mutate(name.trim());
        }}
      >
        <TextField label={t("unlock.name")} hint={t("team.nameHint")} value={name} onChange={setName} isRequired autoComplete="off" spellCheck="false" {...(error === undefined ? {} : { error })} />
        <Choices
          label={t("team.role")}
          value={role}
          onChange={setRole}
          options={[
            { value: "member", label: t("account.role.member") },
            { value: "admin", label: t("account.role.admin") },
          ]}
        />
        <Button type="submit" variant="primary" isPending={adding.isPending}>
          {t("team.addAction")}
        </Button>
      </form>
      {isUnknown ? null : <ErrorNote error={adding.error} />}
    </Card>
  );
}
