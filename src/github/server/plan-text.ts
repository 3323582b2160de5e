import { shortCommit } from "../../contract/explain.ts";
import type { CommitId, EnvironmentId, ServiceId } from "../../core/config/config.ts";
import type { Diagnostic } from "../../core/config/diagnostic.ts";
import type { Forecast, Outlook } from "../../core/plan/forecast.ts";
import { code, codes, fenced, fit, lines, list, type Section, table } from "./markdown.ts";

/** A file that nothing can be planned from, and what to do about it. */
export type Unplannable = { readonly problem: string; readonly hint: string; readonly diagnostics: readonly Diagnostic[] };
/** What the plan is of. `merged`: as the forge would merge it; else it is the head alone. */
export type Candidate = {
  readonly branch: string;
  readonly base: CommitId | null;
  readonly head: CommitId;
  readonly merged: boolean;
  readonly starts: boolean;
};
export type PlanText = { readonly title: string; readonly body: string; readonly isGood: boolean };

/** Of a comment GitHub takes 65,536 characters, of a check's summary 65,535; the marker is not in it. */
const LONGEST = 65_000;
/** Services without a change that are named. */
const NAMED = 50;

/** What a merge would deploy and where, in words. Everything that a pull request says is in code. */
export function planText(candidate: Candidate, found: Forecast | Unplannable): PlanText {
  const head = [lines("### What a merge would deploy", "", ofWhat(candidate), "")];
  if ("problem" in found) return { title: "sluice.yaml cannot be deployed", body: fit([...head, ...wrong(found)], LONGEST), isGood: false };
  const { changed, same } = byChange(found);
  const count = (all: readonly ServiceId[]): string => `${all.length} ${all.length === 1 ? "service" : "services"}`;
  const sections = [
    ...head,
    ...edits(found, candidate),
    lines(
      `${count(changed)} would change${same.length === 0 ? "" : `, ${same.length} would be deployed along without a change at their paths`}.`,
      "",
    ),
    ...(changed.length === 0 ? [] : [matrix(found, changed, candidate)]),
    ...(same.length === 0 ? [] : [lines(along(same), "")]),
    ...environments(found, candidate),
    ...artifacts(found),
    ...titled("Changes of `sluice.yaml`", found.changes.map(code)),
    ...titled("Notes", found.plan.notes.map(code)),
  ];
  const where = Object.keys(found.plan.environments).join(", ");
  return { title: `A merge would change ${count(changed)} in ${where}`.slice(0, 200), body: fit(sections, LONGEST), isGood: true };
}

/** Of a pull request that was pointed at another branch after something was said. */
export const elsewhere = (branch: string): string =>
  `### What a merge would deploy\n\nNothing: it would be merged into ${code(branch)}, whose pushes deploy nothing.`;

function ofWhat({ branch, base, head, merged, starts }: Candidate): string {
  const at = base === null ? "" : ` at ${code(shortCommit(base))}`;
  const what = merged
    ? `Of ${code(shortCommit(head))} as GitHub would merge it into ${code(branch)}${at}.`
    : `Of ${code(shortCommit(head))} alone, since GitHub has no current merge of it: what ${code(branch)} has had since is not in it.`;
  return starts ? what : `${what} A push to ${code(branch)} starts no deploy by the server.`;
}

function wrong({ problem, hint, diagnostics }: Unplannable): readonly Section[] {
  const said = diagnostics.flatMap(({ file, line, column, severity, message, hint: how }) => [
    `${file}:${line}:${column}: ${severity}: ${message}`,
    ...(how === undefined ? [] : [`  ${how}`]),
  ]);
  // With diagnostics the hint says where to see them, and they are here.
  const whole = said.length > 0 ? [problem, ...said] : [...problem.split("; "), ...(hint === "" ? [] : [`  ${hint}`])];
  return [lines("**A push of this would be refused:**", ""), fenced(whole)];
}

function byChange({ plan, outlooks }: Forecast): { readonly changed: readonly ServiceId[]; readonly same: readonly ServiceId[] } {
  const services = [...new Set(Object.values(plan.members).map(({ service }) => service))];
  const isSame = (service: ServiceId): boolean =>
    Object.values(plan.members).every((member) => member.service !== service || outlooks[member.target]?.change === "same");
  const same = new Set(services.filter(isSame));
  return { changed: services.filter((service) => !same.has(service)), same: [...same] };
}

function matrix({ plan, outlooks }: Forecast, services: readonly ServiceId[], candidate: Candidate): Section {
  const ids = Object.keys(plan.environments);
  const cell = (service: ServiceId, environment: EnvironmentId): string => {
    const found = outlooks[`${service}@${environment}`];
    return found === undefined ? "–" : said(found, candidate, plan.environments[environment]?.order === "any");
  };
  return table(
    ["Service", ...ids.map(code)],
    services.map((service) => [code(service), ...ids.map((environment) => cell(service, environment))]),
    "services",
  );
}

const CHANGES: Readonly<Record<Outlook["change"], string>> = { new: "new", changed: "changes", same: "no change", unknown: "not known" };

/** A head that is not merged is no descendant of what is live, which says nothing. */
function said({ live, change, diverged, stop }: Outlook, { merged }: Candidate, anyOrder: boolean): string {
  const from = live === null ? "" : `, ${code(shortCommit(live))} is live`;
  const lost = diverged && merged && !anyOrder ? ", **blocked: diverged**" : "";
  return `${CHANGES[change]}${from}${lost}${stop === null ? "" : `, **${stop}**`}`;
}

function along(same: readonly ServiceId[]): string {
  const more = same.length > NAMED ? ` and ${same.length - NAMED} more` : "";
  return `Along: ${codes(same.slice(0, NAMED))}${more}.`;
}

/** In the order in which a release goes through them: what has to have happened, who decides, what is in the way. */
function environments({ plan, refused, stops }: Forecast, { branch }: Candidate): readonly Section[] {
  const rows = Object.values(plan.environments).map(({ id, needs, approval, approvers, deployers }) => {
    const parts = [
      needs.length === 0 ? "at once" : `after ${codes(needs)}`,
      approval === null
        ? "no gate"
        : `**gate**: ${approval.count} of ${approvers.length === 0 ? "anyone who may deploy there" : codes(approvers)} must approve`,
      ...(deployers.length === 0 ? [] : [`only if ${codes(deployers)} or a team of theirs merges`]),
      ...(refused.includes(id) ? [`**takes nothing from ${code(branch)}**, so that a deploy to it is refused`] : []),
      ...(stops[id] ?? []).map((stop) => `**stopped now**: ${code(stop)}`),
    ];
    return `${code(id)}: ${parts.join("; ")}`;
  });
  return titled("Where", rows);
}

function artifacts({ plan }: Forecast): readonly Section[] {
  const rows = Object.entries(plan.artifacts).map(([key, { builder, awaits }]) =>
    awaits === undefined ? `${code(key)} is built by ${code(builder)}` : `${code(key)} is waited for: ${code(awaits)}`,
  );
  return titled("Artifacts", rows);
}

/** Policy of a branch that it is read from becomes policy with the merge, also for the deploy that the merge starts. */
function edits({ edits: all, policy }: Forecast, { branch }: Candidate): readonly Section[] {
  if (all.length === 0) return [];
  const isThere = policy.ref === `origin/${branch}` || policy.ref === branch;
  const then = isThere
    ? `once it is merged the edited policy decides, also on this very deploy`
    : `policy is read from there alone, so it changes nothing`;
  return [
    lines(`**It edits policy.** What follows is by the policy of ${code(policy.ref)}, not by its own; ${then}:`, ""),
    list(
      all.map(({ act, what }) => `${act} ${code(what)}`),
      "edits",
    ),
  ];
}

const titled = (title: string, rows: readonly string[]): readonly Section[] =>
  rows.length === 0 ? [] : [lines(`**${title}**`, ""), list(rows, "lines")];
