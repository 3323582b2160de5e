import {
  AlertFillIcon,
  BlockedIcon,
  CheckCircleFillIcon,
  CircleIcon,
  CircleSlashIcon,
  ClockIcon,
  type Icon,
  QuestionIcon,
  SkipIcon,
  StackIcon,
  SyncIcon,
  XCircleFillIcon,
} from "@primer/octicons-react";
import { type State, toneOf } from "../lib/status.ts";

const icons: Readonly<Record<State, Icon>> = {
  queued: StackIcon,
  pending: CircleIcon,
  waiting: ClockIcon,
  running: SyncIcon,
  succeeded: CheckCircleFillIcon,
  failed: XCircleFillIcon,
  errored: AlertFillIcon,
  blocked: BlockedIcon,
  skipped: SkipIcon,
  superseded: StackIcon,
  cancelled: CircleSlashIcon,
  healthy: CheckCircleFillIcon,
  progressing: SyncIcon,
  degraded: AlertFillIcon,
  unknown: QuestionIcon,
  none: CircleIcon,
};

/** A state as icon and word; with `children` another word that says the same in its place. */
export function StateWord({ state, children, size = 14 }: { state: State; children?: React.ReactNode; size?: number }) {
  const StateIcon = icons[state];
  return (
    <span className={`state tone-${toneOf(state)}`}>
      <StateIcon size={size} />
      <span>{children ?? state}</span>
    </span>
  );
}
