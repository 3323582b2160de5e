import { AlertIcon, type Icon, LockIcon, PauseIcon, PinIcon, QuestionIcon, CalendarIcon } from "@primer/octicons-react";
import type { Schemas } from "../../../../src/contract/client.ts";
import { shortCommit } from "../../lib/format.ts";
import type { Tone } from "../../lib/status.ts";
import { RunText } from "../../ui/run-text.tsx";
import { Ago, useToCome } from "../../ui/time.tsx";

type Target = Schemas["Target"];
type Environment = Schemas["Environment"];
type StopProps = { readonly icon: Icon; readonly tone: Tone; readonly word: string; readonly text: string; readonly until?: string | null };

/** What keeps a target as it is, or leaves open what is there: a word each, with who, why and until when. Nothing where nothing does. */
export function TargetStops({ target: { lock, pin, unknown, unrestored } }: { target: Target }) {
  return (
    <>
      {unknown && (
        <Stop icon={QuestionIcon} tone="attention" word="unknown" text={`an attempt to apply ${shortCommit(unknown.commit)} was cut off`} />
      )}
      {unrestored && <Stop icon={AlertIcon} tone="danger" word="not restored" text={`${unrestored.message} (run ${unrestored.run})`} />}
      {lock && <LockStop lock={lock} />}
      {pin && <Stop icon={PinIcon} tone="accent" word="pinned" text={`at ${shortCommit(pin.commit)} by ${pin.by}: ${pin.reason}`} />}
    </>
  );
}

/** What stops deploys in an environment, a line each, with what lifts it. */
export function EnvironmentStops({
  environment,
  acts,
}: {
  environment: Environment;
  acts: Readonly<Record<"hold" | "lock", React.ReactNode>>;
}) {
  const { hold, lock, freeze } = environment;
  return (
    <>
      {hold && (
        <span className="environment-line small">
          <Stop icon={PauseIcon} tone="attention" word="held" text={`${by(hold)}${hold.run === null ? "" : ` (run ${hold.run})`}`} />
          {acts.hold}
        </span>
      )}
      {lock && <EnvironmentLock lock={lock}>{acts.lock}</EnvironmentLock>}
      {freeze && <Freeze freeze={freeze} />}
    </>
  );
}

/** A lock ends by itself; nobody tells when. */
function EnvironmentLock({ lock, children }: { lock: NonNullable<Environment["lock"]>; children: React.ReactNode }) {
  if (!useToCome(lock.until)) return null;
  return (
    <span className="environment-line small">
      <LockStop lock={lock} />
      {children}
    </span>
  );
}

function Freeze({ freeze: { until, reason } }: { freeze: NonNullable<Environment["freeze"]> }) {
  if (!useToCome(until)) return null;
  return (
    <span className="environment-line small">
      <Stop icon={CalendarIcon} tone="accent" word="frozen" text={reason ?? "by policy"} until={until} />
    </span>
  );
}

function LockStop({ lock }: { lock: NonNullable<Target["lock"]> }) {
  if (!useToCome(lock.until)) return null;
  return <Stop icon={LockIcon} tone="attention" word="locked" text={by(lock)} until={lock.until} />;
}

const by = ({ by: who, reason }: { readonly by: string; readonly reason: string }): string => `by ${who}: ${reason}`;

function Stop({ icon: StopIcon, tone, word, text, until = null }: StopProps) {
  return (
    <span className="stop" title={text}>
      <span className={`state tone-${tone}`}>
        <StopIcon size={14} /> {word}
      </span>{" "}
      <span className="stop-text">
        {until !== null && (
          <>
            ends <Ago at={until} />,{" "}
          </>
        )}
        <RunText text={text} />
      </span>
    </span>
  );
}
