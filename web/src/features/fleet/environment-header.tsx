import { HistoryIcon, KebabHorizontalIcon, LockIcon, PauseIcon, ShieldLockIcon } from "@primer/octicons-react";
import { ActionList, ActionMenu, Button } from "@primer/react";
import { Link } from "@tanstack/react-router";
import { useRef, useState } from "react";
import type { Schemas } from "../../../../src/contract/client.ts";
import { RollbackDialog } from "../rollback/rollback-dialog.tsx";
import { HoldDialog, UnholdDialog } from "./hold-dialogs.tsx";
import { LockDialog, UnlockDialog } from "./stop-dialogs.tsx";
import { EnvironmentStops } from "./stops.tsx";

type Environment = Schemas["Environment"];
type Open = "rollback" | "hold" | "unhold" | "lock" | "unlock" | null;

/** An environment's name, what stops deploys there, and what can be done to the whole of it. */
export function EnvironmentHeader({ environment, column }: { environment: Environment; column: number }) {
  const [open, setOpen] = useState<Open>(null);
  const { id, gate, rollback } = environment;
  return (
    <div role="columnheader" aria-colindex={column} className="grid-cell environment">
      <span className="environment-line">
        <span>{id}</span>
        {gate && (
          <span className="state tone-muted small" title="Deploys here wait for a decision">
            <ShieldLockIcon size={14} /> gate
          </span>
        )}
        <Acts environment={environment} open={open} onOpen={setOpen} />
      </span>
      {rollback !== null && (
        <span className="environment-line small">
          <Link to="/runs/$id" params={{ id: rollback }}>
            Rollback under way: run {rollback}
          </Link>
        </span>
      )}
      <EnvironmentStops
        environment={environment}
        acts={{
          hold: <Lift verb="Unhold" environment={id} onClick={() => setOpen("unhold")} />,
          lock: <Lift verb="Unlock" environment={id} onClick={() => setOpen("unlock")} />,
        }}
      />
    </div>
  );
}

const Lift = ({ verb, environment, onClick }: { verb: string; environment: string; onClick: () => void }) => (
  <span className="acts">
    <Button size="small" onClick={onClick}>
      {verb}
      <span className="hidden"> {environment}</span>
    </Button>
  </span>
);

type ActsProps = { readonly environment: Environment; readonly open: Open; readonly onOpen: (open: Open) => void };

function Acts({ environment, open, onOpen }: ActsProps) {
  const { id, hold, lock } = environment;
  const menu = useRef<HTMLButtonElement>(null);
  return (
    <span className="acts">
      <Button size="small" variant="invisible" leadingVisual={HistoryIcon} onClick={() => onOpen("rollback")}>
        Roll back…<span className="hidden"> {id}</span>
      </Button>
      {(!hold || !lock) && (
        <ActionMenu anchorRef={menu}>
          <ActionMenu.Anchor>
            <button type="button" className="icon-button">
              <KebabHorizontalIcon size={16} />
              <span className="hidden">Stop deploys in {id}</span>
            </button>
          </ActionMenu.Anchor>
          <ActionMenu.Overlay width="small">
            <ActionList>
              {!hold && (
                <ActionList.Item onSelect={() => onOpen("hold")}>
                  <ActionList.LeadingVisual>
                    <PauseIcon size={16} />
                  </ActionList.LeadingVisual>
                  Hold…
                </ActionList.Item>
              )}
              {!lock && (
                <ActionList.Item onSelect={() => onOpen("lock")}>
                  <ActionList.LeadingVisual>
                    <LockIcon size={16} />
                  </ActionList.LeadingVisual>
                  Lock…
                </ActionList.Item>
              )}
            </ActionList>
          </ActionMenu.Overlay>
        </ActionMenu>
      )}
      <Opened environment={environment} open={open} returnFocusRef={menu} onClose={() => onOpen(null)} />
    </span>
  );
}

type OpenedProps = {
  readonly environment: Environment;
  readonly open: Open;
  readonly returnFocusRef: React.RefObject<HTMLElement | null>;
  readonly onClose: () => void;
};

function Opened({ environment: { id, hold, lock }, open, returnFocusRef, onClose }: OpenedProps) {
  switch (open) {
    case "rollback":
      return <RollbackDialog environment={id} onClose={onClose} />;
    case "hold":
      return <HoldDialog environment={id} returnFocusRef={returnFocusRef} onClose={onClose} />;
    case "unhold":
      return hold && <UnholdDialog environment={id} hold={hold} onClose={onClose} />;
    case "lock":
      return <LockDialog on={id} returnFocusRef={returnFocusRef} onClose={onClose} />;
    case "unlock":
      return lock && <UnlockDialog on={id} lock={lock} onClose={onClose} />;
    case null:
      return null;
  }
}
