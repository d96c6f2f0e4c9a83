import { useMutation } from "@tanstack/react-query";

import { Confirm } from "../design";
import { useI18n } from "../i18n/context";
import { useKeeper } from "../ward/context";
import { ErrorNote } from "./ErrorNote";

/** Signing out erases keys from this machine, so it is asked once. */
export function SignOutDialog({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  const { t } = useI18n();
  const keeper = useKeeper();
  const leave = useMutation({ mutationFn: () => keeper.signOut() });
  return (
    <Confirm
      title={t("account.signOutTitle")}
      size="s"
      isOpen={isOpen}
      onClose={onClose}
      action={t("nav.signOut")}
      onConfirm={() => leave.mutate()}
      isPending={leave.isPending}
      error={<ErrorNote error={leave.error} />}
    >
      <p>{t("account.signOutText")}</p>
    </Confirm>
  );
}
