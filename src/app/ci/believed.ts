import type { CommitId, Config, Environment, EnvironmentId, Policy } from "../../core/config/config.ts";
import { beyondAllow } from "../../core/config/release.ts";
import { planDeploy } from "../../core/plan/deploy.ts";
import { fingerprint } from "../../core/plan/fingerprint.ts";
import type { Definition, Member } from "../../core/plan/plan.ts";
import type { Configs } from "../../engine/configs.ts";
import { isTarget, type Record, type TargetRecord } from "../../github/records/record.ts";
import type { GitSource } from "../../source/git.ts";
import { nullIfUnreadable, Policies } from "./policies.ts";

type Parts = {
  readonly source: GitSource;
  readonly configs: Configs;
  /** As it is today, where it is read from, and on which branch that is. */
  readonly policy: Policy;
  readonly policyCommit: CommitId;
  readonly branch: string;
  /** Brings the branches as they are by now; resolves to the head of the default one, or to null where there is nobody to ask. */
  readonly refresh: () => Promise<CommitId | null>;
  /** Told once of each record that is not believed. */
  readonly warn: (message: string) => void;
};

/** `unvouched`: why git does not say the same of it, though it may be live, and the definition is what today's would be; null: git does. A text: why the record is not believed. */
type Verdict = { readonly definition: Definition; readonly unvouched: string | null } | string;

/**
 * Which records say what may be true. Whoever may write deployments can write one, so a definition, which is executed, never comes from there: it comes from git, by the record's commit and a version of policy that the default
 * branch has had, and the record has to say the same. One that does not fit is left out, as if it had never been made: it is no way back, nothing is live by it, and nothing waits for it.
 * One that may be true and whose definition may not be executed (any more) counts as what may be live: nothing goes on over that, and nothing goes back to it.
 */
export class Believed {
  readonly #parts: Parts;
  readonly #policies: Policies;
  /** By deployment. */
  readonly #verdicts = new Map<number, Verdict>();
  /** By content of `sluice.yaml`; null: it cannot be read. */
  readonly #releases = new Map<string, Config | null>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#policies = new Policies(parts);
  }

  /** In their order, without those that are not believed. Stops define nothing, and are as they are. Rejects where it cannot be known. */
  async of(records: readonly Record[]): Promise<readonly Record[]> {
    const fresh = records.filter((r): r is TargetRecord => isTarget(r) && !this.#verdicts.has(r.id));
    let odd = await this.#judge(fresh);
    if (odd.length > 0) {
      // what was merged and deployed after the checkout was made
      const head = await this.#parts.refresh();
      if (head !== null) {
        this.#policies.moved(head);
        odd = await this.#judge(odd);
      }
    }
    for (const record of odd) {
      const verdict = this.#verdicts.get(record.id);
      if (verdict !== undefined) this.#parts.warn(said(record, verdict));
    }
    return records.flatMap((record): readonly Record[] => {
      const verdict = isTarget(record) ? this.#verdicts.get(record.id) : undefined;
      return !isTarget(record) ? [record] : verdict === undefined || typeof verdict === "string" ? [] : [asGitSays(record, verdict)];
    });
  }

  /** Resolves to those that git does not vouch for. */
  async #judge(records: readonly TargetRecord[]): Promise<readonly TargetRecord[]> {
    for (const [environment, own] of Map.groupBy(records, (r) => r.environment)) await this.#judgeIn(environment, own);
    return records.filter(({ id }) => {
      const verdict = this.#verdicts.get(id);
      return verdict === undefined || typeof verdict === "string" || verdict.unvouched !== null;
    });
  }

  async #judgeIn(environment: EnvironmentId, records: readonly TargetRecord[]): Promise<void> {
    const { source, configs, policy } = this.#parts;
    const rules = policy.environments[environment];
    if (rules === undefined) {
      for (const { id } of records) this.#verdicts.set(id, `policy has no environment ${environment}`);
      return;
    }
    const taken = branchesOf(rules, this.#parts.branch);
    const there = await source.commitsOn(
      records.map((r) => r.commit),
      taken,
    );
    const contents = await source.contentsAt([...there], configs.file);
    for (const record of records) {
      const { id, commit } = record;
      if (there.has(commit)) this.#verdicts.set(id, await this.#verdict(record, contents.get(commit) ?? ""));
      else if (taken === null) this.#verdicts.set(id, await this.#unvouched(record, `there is no ${short(commit)} any more`));
      else this.#verdicts.set(id, await this.#elsewhere(record, taken));
    }
  }

  async #verdict(record: TargetRecord, content: string): Promise<Verdict> {
    const release = await this.#release(record.commit, content);
    if (release === null)
      return await this.#unvouched(record, `${short(record.commit)} has no ${this.#parts.configs.file} that can be read`);
    for await (const policy of this.#policies.around(record.createdAt)) {
      const rules = policy.environments[record.environment];
      const member = rules && memberOf(release, policy, record);
      if (member && fits(record, member) && beyondAllow(member.definition, rules).length === 0)
        return { definition: member.definition, unvouched: null };
    }
    return "it does not say what its commit makes of it under any policy that the default branch has had";
  }

  /** It may have come from a branch that is gone, or that was taken then. What its commit says is not executed, and only tells whether a job may have made the record. */
  async #elsewhere(record: TargetRecord, taken: readonly string[]): Promise<Verdict> {
    const { source, configs } = this.#parts;
    const { commit, environment } = record;
    const why = `${short(commit)} is on none of the branches that ${environment} takes (${taken.join(", ")})`;
    if (!(await source.commitsOn([commit], null)).has(commit)) return why;
    const contents = await source.contentsAt([commit], configs.file);
    const verdict = await this.#verdict(record, contents.get(commit) ?? "");
    return typeof verdict === "string" ? why : await this.#unvouched(record, why);
  }

  async #unvouched(record: TargetRecord, why: string): Promise<Verdict> {
    const { configs, policy, policyCommit } = this.#parts;
    const member = memberOf(await configs.at(policyCommit), policy, record);
    return member === null ? why : { definition: member.definition, unvouched: why };
  }

  async #release(commit: CommitId, content: string): Promise<Config | null> {
    const known = this.#releases.get(content);
    if (known !== undefined) return known;
    const release = content === "" ? null : await this.#parts.configs.at(commit).catch(nullIfUnreadable);
    this.#releases.set(content, release);
    return release;
  }
}

/** From where an environment's releases come; null: from anywhere. Behind a gate without `from` it is the default branch: a record is not asked who has approved it. */
export const branchesOf = ({ from, approval }: Environment, branch: string): readonly string[] | null =>
  from.length > 0 ? from : approval === null ? null : [branch];

function memberOf(release: Config, policy: Policy, { commit, service, environment, target }: TargetRecord): Member | null {
  const planned = planDeploy({ release, policy, commit, services: [service], environments: [environment], promotion: null });
  return "plan" in planned ? (planned.plan.members[target] ?? null) : null;
}

/** Each field that it says is git's. What a record of an older Sluice does not say yet is git's too. */
function fits({ definition, digest }: TargetRecord, member: Member): boolean {
  const same = Object.fromEntries(Object.keys(definition).map((key) => [key, member.definition[key as keyof Definition]]));
  return (digest === null) === (member.artifact === null) && fingerprint(same) === fingerprint(definition);
}

/** How it stands is what was read now. */
function asGitSays(record: TargetRecord, { definition, unvouched }: Exclude<Verdict, string>): TargetRecord {
  if (unvouched === null) return { ...record, definition };
  const { state } = record;
  return { ...record, definition, wasGood: false, state: state === "good" || state === "serving" ? "changed" : state };
}

const short = (commit: CommitId): string => commit.slice(0, 12);

function said({ id, target, by, commit }: TargetRecord, verdict: Verdict): string {
  const left = typeof verdict === "string";
  const why = left ? verdict : verdict.unvouched;
  const counts = left ? "left out" : "counts only as what may be live";
  return (
    `Deployment ${id} (${target} at ${short(commit)}, made by ${by}) is not believed and ${counts}: ${why}. ` +
    `If a job of yours has made it, deploy anew what is to be there; if not, ${by} has written it, or a workflow of some branch has: find out who, and take \`deployments: write\` from them`
  );
}
