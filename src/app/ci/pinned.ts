import type { CommitId, EnvironmentId, ServiceId } from "../../core/config/config.ts";
import { WORKFLOW_FILES } from "../../core/config/github.ts";
import type { WorkflowRun } from "../../github/forge.ts";
import { fileOf } from "../../github/gates/waiting.ts";
import type { Record } from "../../github/records/record.ts";
import { pinOf } from "../../github/records/stops.ts";
import { code, short } from "./outputs.ts";
import type { Place } from "./place.ts";

/** A person has asked for this service by name: its own workflow, by hand. GitHub says which file a run is of, whatever a step says. */
export const isNamed = (run: Pick<WorkflowRun, "event" | "path">, service: ServiceId): boolean =>
  run.event === "workflow_dispatch" && fileOf(run) === WORKFLOW_FILES.service(service);

/** What a leg is to bring where. */
export type Leg = {
  readonly environment: EnvironmentId;
  readonly services: readonly ServiceId[];
  /** Of these, the one that a person has asked for by name. */
  readonly named: ServiceId | null;
  readonly commit: CommitId;
  /** The recorded set to go back to; null: it is a deploy. */
  readonly to: string | null;
};

/** Those that no pin keeps where they are; of the others it is said why they are left out. */
export function withoutPinned({ outputs }: Place, records: readonly Record[], asked: Leg): readonly ServiceId[] {
  const { environment, services, named, commit, to } = asked;
  const kept = services.flatMap((service) => {
    const pin = service === named ? null : pinOf(records, `${service}@${environment}`);
    return pin === null || (to === null && pin.commit === commit) ? [] : [{ service, pin }];
  });
  for (const { pin } of kept) outputs.say(`${pin.target} is left as it is: pinned at ${short(pin.commit)} by ${pin.by} (${pin.reason})`);
  if (kept.length > 0)
    outputs.table(
      `${environment}: pinned, and left as they are`,
      ["Service", "At", "By", "Why"],
      kept.map(({ service, pin }) => [service, code(short(pin.commit)), pin.by, pin.reason]),
    );
  return services.filter((service) => !kept.some((each) => each.service === service));
}
