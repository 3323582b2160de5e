import { EXIT, type ExitCode } from "../../cli/exit.ts";
import type { EnvironmentId } from "../../core/config/config.ts";
import type { Plan } from "../../core/plan/plan.ts";
import type { Forge } from "../../github/forge.ts";
import { isTarget, type TargetRecord } from "../../github/records/record.ts";
import { newestHistory, relationBetween } from "./history.ts";
import { artifactsOf, mustSayCommit, wavesOf as handedWaves } from "./inputs.ts";
import { environmentOf, mustBeGenuine, type Place } from "./place.ts";
import { movingIn, planFor, wavesOf } from "./plan.ts";
import { goBack } from "./rollback.ts";

/** `sluice ci resolve`: what is to be done in one environment. By hand, a commit behind what is live is a way back, by the rules of rollbacks. */
export async function ciResolve(place: Place, environment: EnvironmentId, waves: number): Promise<ExitCode> {
  const { host, inputs, outputs, source } = place;
  const policy = environmentOf(place, environment);
  const forge = await host.forge();
  await mustBeGenuine(place, forge);
  const commit = await source.resolve(mustSayCommit(inputs));
  const handed = handedWaves(host.env, environment);
  const { plan, warnings } = await planFor(place, commit, { services: null, environments: [environment] });
  if (handed === null && policy.order !== "any" && (await isBehind(place, forge, plan, environment))) {
    outputs.notice(`${commit.slice(0, 9)} is behind what is live in ${environment}: this is a rollback`);
    await goBack(place, forge, environment, commit, waves);
    return EXIT.done;
  }
  for (const warning of warnings) outputs.notice(warning);
  outputs.hand("commit", commit);
  outputs.hand("direction", "deploy");
  outputs.hand("to", "");
  const moving = handed === null ? await movingIn(place, plan, null) : null;
  outputs.hand("waves", handed ?? wavesOf(plan, environment, waves, (service) => moving?.has(`${service}@${environment}`) ?? true));
  outputs.hand("artifacts", artifactsOf(host.env));
  // who has called this has built; who has started it by hand has not
  outputs.hand("build", handed === null ? Object.keys(plan.artifacts) : []);
  outputs.hand("gate", policy.approval !== null);
  return EXIT.done;
}

/** Something newer is live on one of the targets, and nothing older on any: with something older there, it is a deploy that leaves the newer ones as they are. */
async function isBehind(place: Place, forge: Forge, plan: Plan, environment: EnvironmentId): Promise<boolean> {
  const members = Object.values(plan.members);
  const records = await newestHistory(forge, environment, () => Promise.resolve(members.map((m) => m.service)), place.believed);
  let newer = false;
  for (const { target, commit } of members) {
    const live = records.findLast((r): r is TargetRecord => isTarget(r) && r.target === target && isLive(r));
    if (!live || live.commit === commit) continue;
    const { order } = await relationBetween(place, commit, live.commit);
    if (order !== "contains") return false;
    newer = true;
  }
  return newer;
}

const isLive = ({ state }: TargetRecord): boolean => state === "good" || state === "serving" || state === "changed";
