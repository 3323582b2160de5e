import { type Icon, LockIcon, PinIcon, QuestionIcon, SearchIcon, UnlockIcon } from "@primer/octicons-react";
import { ActionList, ActionMenu } from "@primer/react";
import { useCallback, useRef, useState } from "react";
import type { Schemas } from "../../../../src/contract/client.ts";
import { targetId } from "../../lib/format.ts";
import { useToCome } from "../../ui/time.tsx";
import { DriftDialog } from "./drift-dialog.tsx";
import { LockDialog, PinDialog, SettleDialog, UnlockDialog, UnpinDialog } from "./stop-dialogs.tsx";

type Target = Schemas["Target"];
type Act = "lock" | "unlock" | "pin" | "unpin" | "settle" | "drift";
export type OpenMenu = (target: Target, button: HTMLElement) => void;

/** One menu for all targets of the fleet, at the button that asked for it: a menu for each cell would cost more than the cell. */
export function useTargetMenu(): { readonly openMenu: OpenMenu; readonly menu: React.ReactNode } {
  const anchor = useRef<HTMLElement | null>(null);
  const [at, setAt] = useState<Target | null>(null);
  const [act, setAct] = useState<{ readonly act: Act; readonly target: Target } | null>(null);
  const openMenu = useCallback((target: Target, button: HTMLElement) => {
    anchor.current = button;
    setAt(target);
  }, []);
  const menu = (
    <>
      {at && <Menu target={at} anchor={anchor} onAct={(chosen) => setAct({ act: chosen, target: at })} onClose={() => setAt(null)} />}
      {act && <ActOn {...act} returnFocusRef={anchor} onClose={() => setAct(null)} />}
    </>
  );
  return { openMenu, menu };
}

type MenuProps = {
  readonly target: Target;
  readonly anchor: React.RefObject<HTMLElement | null>;
  readonly onAct: (act: Act) => void;
  readonly onClose: () => void;
};

function Menu({ target, anchor, onAct, onClose }: MenuProps) {
  const toCome = useToCome(target.lock?.until ?? null);
  const locked = target.lock !== null && toCome;
  return (
    <ActionMenu open anchorRef={anchor} onOpenChange={(open) => !open && onClose()}>
      <ActionMenu.Overlay width="small" aria-label={`Actions for ${targetId(target)}`}>
        <ActionList>
          {actsOn(target, locked).map(({ act, word, icon: ActIcon }) => (
            <ActionList.Item key={act} onSelect={() => onAct(act)}>
              <ActionList.LeadingVisual>
                <ActIcon size={16} />
              </ActionList.LeadingVisual>
              {word}
            </ActionList.Item>
          ))}
        </ActionList>
      </ActionMenu.Overlay>
    </ActionMenu>
  );
}

type Item = { readonly act: Act; readonly word: string; readonly icon: Icon };

/** What a person can do to a target as it is now. */
const actsOn = ({ pin, unknown, commit }: Target, locked: boolean): readonly Item[] => [
  locked ? { act: "unlock", word: "Unlock…", icon: UnlockIcon } : { act: "lock", word: "Lock…", icon: LockIcon },
  pin ? { act: "unpin", word: "Unpin…", icon: PinIcon } : { act: "pin", word: "Pin…", icon: PinIcon },
  ...(unknown ? [{ act: "settle", word: "Settle…", icon: QuestionIcon } as const] : []),
  ...(commit === null ? [] : [{ act: "drift", word: "Look for drift…", icon: SearchIcon } as const]),
];

type ActProps = {
  readonly act: Act;
  readonly target: Target;
  readonly returnFocusRef: React.RefObject<HTMLElement | null>;
  readonly onClose: () => void;
};

function ActOn({ act, target, ...dialog }: ActProps) {
  const on = targetId(target);
  switch (act) {
    case "lock":
      return <LockDialog on={on} {...dialog} />;
    case "unlock":
      return target.lock && <UnlockDialog on={on} lock={target.lock} {...dialog} />;
    case "pin":
      return <PinDialog target={target} {...dialog} />;
    case "unpin":
      return <UnpinDialog target={target} {...dialog} />;
    case "settle":
      return <SettleDialog target={target} {...dialog} />;
    case "drift":
      return <DriftDialog target={target} {...dialog} />;
  }
}
