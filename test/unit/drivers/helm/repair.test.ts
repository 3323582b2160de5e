import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { markOf, takenMarks } from "../../../../src/drivers/helm/marks.ts";
import { decide, goodRevision, type Step } from "../../../../src/drivers/helm/repair.ts";
import type { Stored } from "../../../../src/drivers/helm/releases.ts";
import { standingOf } from "../../../../src/drivers/helm/standing.ts";
import { type Actor, attemptOf, Storage } from "./storage.ts";

const NEW = attemptOf("9-9-new", "9");
const asker = (part: Partial<Parameters<typeof decide>[1]> = {}): Parameters<typeof decide>[1] => ({
  attempt: NEW.attempt,
  project: "harbor",
  goesBack: false,
  lastGood: null,
  service: "api",
  environment: "devnet",
  title: "the release api in harbor",
  handOver: (revision) => `hand over ${revision}`,
  ...part,
});
const goodOf = ({ attempt, commit, digest, fingerprint }: NonNullable<Actor>) => ({
  attempt,
  commit,
  digest,
  fingerprint: fingerprint ?? "",
});

/** A release after these deploys: `1` good, `1!` failed, `1?` cut off, in lower case by this project, `x…` by somebody else. */
function after(...deploys: readonly string[]): Storage {
  const storage = new Storage();
  for (const deploy of deploys) {
    const [, other, commit = "", end] = /^(x?)(\d+)([!?]?)$/.exec(deploy) ?? [];
    const made = storage.begin(other ? null : attemptOf(`1-${commit}-a`, commit), commit);
    if (made && end !== "?") storage.end(made.revision, end === "!" ? "failed" : "deployed", "done");
  }
  return storage;
}

describe("what has to happen before an attempt can change the release", () => {
  const good = goodOf(attemptOf("1-1-a", "1"));
  test.each<[string, Storage, Partial<Parameters<typeof decide>[1]>, Partial<Step>]>([
    ["nothing is there", after(), {}, { kind: "go", install: true, said: null }],
    ["all is well", after("1", "2"), {}, { kind: "go", install: false, said: null }],
    ["this attempt is applied", after("1", "2"), { attempt: "1-2-a" }, { kind: "done", revision: 2 }],
    ["an upgrade has failed", after("1", "2!"), {}, { kind: "go", install: false, said: null }],
    ["an upgrade was cut off", after("1", "2", "3?"), { lastGood: good }, { kind: "restore", from: 3, to: 1 }],
    ["one was cut off, and what was good is not kept", after("2", "3?"), { lastGood: good }, { kind: "restore", from: 2, to: 1 }],
    ["one was cut off, and Helm is to go back", after("1", "3?"), { goesBack: true, lastGood: good }, { kind: "go", install: false }],
    ["its own Helm has left it pending", after("1", "2?"), { attempt: "1-2-a" }, { kind: "conclude", revision: 2 }],
    ["the first install was cut off", after("1?"), {}, { kind: "uninstall" }],
    ["the first install has failed", after("1!"), {}, { kind: "uninstall" }],
    [
      "somebody else's first install has failed",
      after("x1!"),
      {},
      {
        kind: "go",
        install: false,
        said: "the release api in harbor was not made by Sluice (revision 1, failed): it is taken over as it is",
      },
    ],
    [
      "somebody else's upgrade has failed",
      after("1", "x2!"),
      {},
      { kind: "go", said: expect.stringContaining("changed by somebody else") },
    ],
    ["somebody else is at work", after("1", "x2?"), {}, { kind: "wait", revision: 2 }],
    ["somebody else installs", after("x1?"), {}, { kind: "wait", revision: 1 }],
    ["somebody else has made it", after("x1"), {}, { kind: "go", install: false, said: expect.stringContaining("not made by Sluice") }],
    ["somebody else has gone over it", after("1", "x2"), {}, { kind: "go", said: expect.stringContaining("changed by somebody else") }],
    [
      "another service had it",
      after("1"),
      { service: "backend" },
      {
        kind: "refuse",
        message: expect.stringMatching(
          /belongs to api@devnet: only one of the two can deploy it.*another `release`.*`hand over \d+`/,
        ) as string,
      },
    ],
    [
      "another project has it",
      after("1"),
      { project: "port" },
      { kind: "refuse", message: expect.stringContaining("belongs to the project harbor") },
    ],
  ])("%s", (_, { history }, part, step) => {
    expect(decide(history, asker(part))).toMatchObject(step);
  });

  test("a release that is being uninstalled is waited for, but for a first install that an attempt was taking away", () => {
    const person = after("1");
    person.history = person.history.map((one) => ({ ...one, status: "uninstalling" }));
    expect(decide([...after("1").history, ...person.history.map((one) => ({ ...one, revision: 2 }))], asker())).toMatchObject({
      kind: "wait",
    });
    const own = after("1!");
    own.history = own.history.map((one) => ({ ...one, status: "uninstalling" }));
    expect(decide(own.history, asker())).toMatchObject({ kind: "uninstall" });
  });

  test("a rollback that was cut off is known as an attempt's, and as whose", () => {
    const storage = after("1", "2");
    storage.beginRollback(1, attemptOf("1-5-a", "1"));
    expect(decide(storage.history, asker({ lastGood: goodOf(attemptOf("1-2-a", "2")) }))).toMatchObject({
      kind: "restore",
      from: 3,
      to: 2,
    });
    const other = after("1", "2");
    other.beginRollback(1, null);
    expect(decide(other.history, asker())).toMatchObject({ kind: "wait", revision: 3 });
  });
});

describe("what was good last", () => {
  test("is found by its attempt, by its fingerprint after that, never by what Helm calls superseded", () => {
    const { history } = after("1", "2", "3");
    expect(goodRevision(history, goodOf(attemptOf("1-2-a", "2")))).toBe(2);
    expect(goodRevision(history, { ...goodOf(attemptOf("1-2-a", "2")), attempt: "of another store" })).toBe(2);
    expect(goodRevision(history, goodOf(attemptOf("7-7-a", "7")))).toBeNull();
    expect(goodRevision(history, null)).toBeNull();
  });
});

/** Plays what an attempt does until Helm can be asked, as `prepare` does; the steps that it took. */
function play(storage: Storage, about: Parameters<typeof decide>[1]): Step[] {
  const steps: Step[] = [];
  for (;;) {
    const step = decide(storage.history, about);
    steps.push(step);
    if (steps.length > 5) throw new Error(`no end: ${steps.map(({ kind }) => kind).join(", ")}`);
    if (step.kind === "uninstall") storage.uninstall();
    else if (step.kind === "conclude") storage.conclude(step.revision);
    else if (step.kind === "restore") {
      const to = storage.history.find(({ revision }) => revision === step.to);
      if (!to) throw new Error(`restored to revision ${step.to}, which is gone`);
      const { by, attempt } = markOf(to);
      if (by === null) storage.label(step.to, takenMarks({ project: about.project, definition: NEW.definition }));
      const made = storage.beginRollback(step.to, { ...NEW, attempt: attempt ?? "restored" });
      if (made) storage.end(made.revision, "deployed", "");
      storage.conclude(step.from);
    } else return steps;
  }
}

/** What is seen from outside is what is there: the commit by whose content, and the attempt that brought it. */
function mustTell(storage: Storage, by: Actor): void {
  const seen = standingOf(storage.history);
  expect(seen.kind).toBe("whole");
  if (seen.kind !== "whole") return;
  if (seen.commit !== null || by !== null) expect(seen.commit).toBe(seen.revision.manifest);
  expect(seen.attempt).toBe(by?.attempt ?? null);
}

const act = fc.record({
  who: fc.constantFrom("attempt", "attempt", "attempt", "other"),
  what: fc.constantFrom("deploy", "deploy", "rollback", "prune"),
  end: fc.constantFrom("deployed", "deployed", "failed", "cut"),
  /** Whether what was deployed turned out good. */
  good: fc.boolean(),
  pick: fc.nat(20),
});

/** An attempt goes back only to what was made from something that is recorded, and what Helm has deployed. */
const isWay = (one: Stored): boolean =>
  markOf(one).by !== null && markOf(one).fingerprint !== null && (one.status === "deployed" || one.status === "superseded");

test("after any history an attempt comes to where Helm can be asked, by what was good last, and nobody's work is lost", () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 14 }), fc.boolean(), (acts, back) => {
      const storage = new Storage();
      let good: NonNullable<Actor> | null = null;
      let goodContent: string | null = null;
      let served = false;
      let pendingOf: "attempt" | "other" | null = null;
      for (const [index, { who, what, end, good: isGood, pick }] of acts.entries()) {
        if (what === "prune") {
          storage.prune(2 + (pick % 4));
          continue;
        }
        if (pendingOf === "other") break; // Helm refuses everybody until that has ended
        const actor = who === "other" ? null : attemptOf(`1-${index}-a`, `${index}`);
        if (actor === null && pendingOf === "attempt") break;
        const ways = storage.history.filter((one) => actor === null || isWay(one));
        const target = what === "rollback" ? ways[pick % Math.max(1, ways.length)] : undefined;
        if (actor !== null) {
          const steps = play(storage, asker({ attempt: actor.attempt, lastGood: good && goodOf(good), goesBack: target !== undefined }));
          expect(steps.at(-1)?.kind).toBe("go");
          if (steps.some(({ kind }) => kind === "uninstall")) expect(served, "what served was uninstalled").toBe(false);
        }
        const made = target ? storage.beginRollback(target.revision, actor) : storage.begin(actor, `${index}`);
        if (actor !== null) expect(made, "Helm refuses").not.toBeNull();
        if (!made) break;
        pendingOf = end === "cut" ? (who as "attempt" | "other") : null;
        if (end === "cut") continue;
        storage.end(made.revision, end === "failed" ? "failed" : "deployed", "done");
        if (end === "deployed") served = true;
        if (end === "deployed") mustTell(storage, actor);
        if (end === "deployed" && actor !== null && isGood) {
          good = target ? { ...actor, fingerprint: null } : actor;
          goodContent = made.manifest;
        }
      }
      const standing = standingOf(storage.history);
      if (pendingOf !== null) expect(standing.kind).not.toBe("whole");
      const before = storage.history;
      const kept = goodRevision(storage.history, good && goodOf(good));
      const steps = play(storage, asker({ lastGood: good && goodOf(good), goesBack: back && storage.history.some(isWay) }));
      expect(steps.at(-1)?.kind).toBe(pendingOf === "other" ? "wait" : "go");
      const restored = steps.find((step) => step.kind === "restore");
      if (restored && kept !== null) expect(before.find(({ revision }) => revision === restored.to)?.manifest).toBe(goodContent);
      if (steps.some(({ kind }) => kind === "uninstall")) expect(served, "what served was uninstalled").toBe(false);
      if (pendingOf === "attempt" && kept !== null && !back) expect(steps.map(({ kind }) => kind)).toEqual(["restore", "go"]);
      // what is there now was not brought by this attempt
      const now = standingOf(storage.history);
      if (now.kind === "whole") {
        expect(now.attempt).not.toBe(NEW.attempt);
        if (now.commit !== null) expect(now.commit).toBe(now.revision.manifest);
      }
    }),
    { numRuns: 10_000 },
  );
});
