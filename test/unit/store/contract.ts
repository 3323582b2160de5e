import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Change } from "../../../src/core/run/changes.ts";
import type { Page, PageRequest, Store } from "../../../src/engine/ports/store.ts";
import * as s from "./samples.ts";

/** An empty store, and the same store opened anew. */
export type Rig = { readonly store: Store; reopen(): Promise<Store>; remove(): Promise<void> };

const FIRST: PageRequest = { limit: 100, cursor: null };

/** What every store does, whatever it keeps its rows in. */
export function storeContract(name: string, make: () => Promise<Rig>): void {
  describe(`${name}: the store's contract`, () => {
    let rig: Rig;
    let store: Store;
    beforeEach(async () => {
      rig = await make();
      store = rig.store;
    });
    afterEach(() => rig.remove());

    const put = (...changes: readonly Change[]) => store.commit([s.entry(changes)], []);

    it("is empty at first", async () => {
      expect(await store.load()).toEqual({
        state: {
          meta: { seq: 1, at: 0 },
          runs: [],
          attempts: [],
          targets: [],
          environments: [],
          decisions: [],
          builds: [],
          good: [],
          relations: [],
          snapshots: [],
        },
        outbox: [],
        lastSeq: 0,
        lastAt: 0,
      });
      expect(await store.run("1")).toBeNull();
      expect(await store.plan("1")).toBeNull();
      expect(await store.definition(s.digest("d"))).toBeNull();
      expect(await store.eventsAfter(0, 10)).toEqual([]);
    });

    it("gives back every row as it was written, also after it is opened anew", async () => {
      const row = s.run("1");
      const every: readonly Change[] = [
        ...s.admitted(row, [s.member("api", row.commit)]),
        { table: "definition", digest: s.digest("d"), definition: s.definition() },
        {
          table: "step",
          row: s.step("1", "deploy:api@devnet", { reason: { code: "hold", environment: "devnet", reason: "näch 'fest'" } }),
        },
        { table: "attempt", row: s.attempt("1-a", "1") },
        { table: "target", row: s.targetRow("api") },
        { table: "environment", row: s.environment("devnet") },
        { table: "ledger", row: s.ledger(1, s.target("api"), row.commit) },
        { table: "snapshot", row: s.snapshot("s1", 2) },
        { table: "decision", row: s.decision("d1", row.commit) },
        { table: "relation", row: { release: row.commit, live: s.commit("b"), order: "behind", unmet: ["api"] } },
        { table: "build", row: { key: "mega", artifact: "mega", commit: row.commit, digest: s.digest("1"), attempt: "1-b", at: 5 } },
        { table: "render", row: { run: "1", target: s.target("api"), fingerprint: s.digest("2"), problem: null } },
        { table: "good", row: { target: s.target("api"), commit: row.commit } },
        { table: "meta", row: { seq: 3, at: 1_000 } },
      ];
      await put(...every);
      store = await rig.reopen();
      const rowOf = (table: Change["table"]) => every.flatMap((change) => (change.table === table && "row" in change ? [change.row] : []));
      expect([await store.run("1")]).toEqual(rowOf("run"));
      expect(await store.plan("1")).toEqual(s.plan(row.commit, [s.member("api", row.commit)]));
      expect(await store.definition(s.digest("d"))).toEqual(s.definition());
      expect(await store.steps("1")).toEqual(rowOf("step"));
      expect(await store.attempts("1")).toEqual(rowOf("attempt"));
      expect([await store.attempt("1-a")]).toEqual(rowOf("attempt"));
      expect(await store.renders("1")).toEqual(rowOf("render"));
      expect((await store.targets({}, FIRST)).items).toEqual(rowOf("target"));
      expect(await store.environments()).toEqual(rowOf("environment"));
      expect((await store.ledger(s.target("api"), FIRST)).items).toEqual(rowOf("ledger"));
      expect((await store.snapshots("devnet", FIRST)).items).toEqual(rowOf("snapshot"));
      expect([await store.snapshot("s1")]).toEqual(rowOf("snapshot"));
      expect(await store.decisions({})).toEqual(rowOf("decision"));
      expect([await store.relation(row.commit, s.commit("b"))]).toEqual(rowOf("relation"));
      expect(await store.builds(row.commit)).toEqual(rowOf("build"));
      expect(await store.goodTargets(row.commit)).toEqual([s.target("api")]);
    });

    it("keeps the last write of a row, and the first of a plan or definition", async () => {
      const [, seq] = await store.commit(
        [
          s.entry(s.admitted(s.run("1"))),
          s.entry([{ table: "run", row: s.run("1", { status: "failed" }) }]),
          s.entry([{ table: "run", row: s.run("1", { status: "succeeded" }) }]),
        ],
        [],
      );
      await put({ table: "plan", run: "1", plan: { ...s.plan(s.commit("b")), project: "other" } });
      expect((await store.run("1"))?.status).toBe("succeeded");
      expect((await store.plan("1"))?.project).toBe("harbor");
      expect((await store.eventsAfter((seq ?? 0) - 1, 1))[0]?.changes).toEqual([{ table: "run", row: s.run("1", { status: "failed" }) }]);
    });

    it("numbers the log without gaps, and shows a page what it follows", async () => {
      const event = { type: "attempt.lost", at: 7, attempt: "1-a" } as const;
      const shown: Change = { table: "attempt", row: s.attempt("1-a", "1") };
      const hidden: readonly Change[] = [
        { table: "plan", run: "1", plan: s.plan(s.commit("a")) },
        { table: "ledger", row: s.ledger(1, s.target("api"), s.commit("a")) },
        { table: "render", row: { run: "1", target: s.target("api"), fingerprint: null, problem: "no" } },
      ];
      const first = await put({ table: "run", row: s.run("1") });
      const more = await store.commit([s.entry([...hidden, shown], [], event), s.entry([], [], s.tick(9))], []);
      expect([...first, ...more]).toEqual([1, 2, 3]);
      expect(await store.lastSeq()).toBe(3);
      expect(await store.eventsAfter(1, 10)).toEqual([
        { seq: 2, at: 7, type: "attempt.lost", run: "1", changes: [shown] },
        { seq: 3, at: 9, type: "tick", run: null, changes: [] },
      ]);
      expect((await store.eventsAfter(0, 2)).map((each) => each.seq)).toEqual([1, 2]);
      expect((await store.load()).lastAt).toBe(9);
    });

    it("takes all of a commit or nothing, and the next one after that", async () => {
      const good = s.entry(s.admitted(s.run("1")), [s.stop("a")]);
      await expect(store.commit([good, s.entry([], [], s.tick(Number.NaN))], [])).rejects.toMatchObject({ name: "StoreError" });
      expect([await store.run("1"), await store.lastSeq(), (await store.load()).outbox]).toEqual([null, 0, []]);
      expect(await store.commit([good], [])).toHaveLength(1);
      expect((await store.load()).state.runs).toHaveLength(1);
    });

    it("keeps effects in their order until they are done, and lets one be asked for anew as it is done", async () => {
      await store.commit([s.entry([], [s.stop("a"), s.stop("b")]), s.entry([], [s.stop("c")])], []);
      await store.commit([], ["a"]);
      await store.commit([s.entry([], [s.stop("b")])], ["b", "unknown"]);
      expect((await store.load()).outbox.map((effect) => effect.key)).toEqual(["c", "b"]);
    });

    it("loads what the core needs, and no more", async () => {
      const [a, b, c, d] = [s.commit("a"), s.commit("b"), s.commit("c"), s.commit("d")];
      const related = (release: string, live: string): Change => ({
        table: "relation",
        row: { release, live, order: "diverged", unmet: null },
      });
      const build = (key: string, at: string): Change => ({
        table: "build",
        row: { key, artifact: key, commit: at, digest: s.digest("1"), attempt: "x", at: 1 },
      });
      await put(
        ...s.admitted(s.run("1", { commit: d, status: "succeeded" })),
        ...s.admitted(s.run("2", { commit: a, status: "waiting" }), [s.member("api", b)]),
        { table: "step", row: s.step("1", "x", { attempt: "1-x" }) },
        { table: "step", row: s.step("2", "z", { attempt: "2-z" }) },
        { table: "step", row: s.step("2", "y", { attempt: "2-y", status: "succeeded" }) },
        { table: "attempt", row: s.attempt("1-x", "1", { endedAt: 2, outcome: "succeeded" }) },
        { table: "attempt", row: s.attempt("1-open", "1") },
        { table: "attempt", row: s.attempt("2-z", "2", { endedAt: 2, outcome: "lost" }) },
        { table: "attempt", row: s.attempt("2-y", "2", { endedAt: 2, outcome: "succeeded" }) },
        { table: "render", row: { run: "1", target: s.target("api"), fingerprint: null, problem: null } },
        { table: "render", row: { run: "2", target: s.target("api"), fingerprint: null, problem: null } },
        { table: "target", row: s.targetRow("api", "devnet", { live: s.live(c) }) },
        { table: "decision", row: s.decision("d1", a) },
        { table: "decision", row: s.decision("d2", d) },
        build("k1", a),
        build("k2", b),
        build("k3", d),
        { table: "good", row: { target: s.target("api"), commit: b } },
        { table: "good", row: { target: s.target("api"), commit: d } },
        related(a, c),
        related(b, c),
        related(d, c),
        related(a, d),
      );
      const { state } = await store.load();
      expect(state.runs.map(({ row, steps, renders }) => [row.id, steps.map((each) => each.id), renders.length])).toEqual([
        ["2", ["z", "y"], 1],
      ]);
      expect(state.runs[0]?.plan.release.commit).toBe(a);
      expect(state.attempts.map((each) => each.id)).toEqual(["1-open", "2-z"]);
      expect(state.targets.map((each) => each.id)).toEqual(["api@devnet"]);
      expect(state.decisions.map((each) => each.id)).toEqual(["d1"]);
      expect(state.builds.map((each) => each.key)).toEqual(["k1", "k2"]);
      expect(state.good).toEqual([{ target: "api@devnet", commit: b }]);
      expect(state.relations.map((each) => each.release + each.live)).toEqual([a + c, b + c]);
    });

    it("gives a run the attempts of other runs that its steps have joined, and the core those that open steps name", async () => {
      await put(
        ...s.admitted(s.run("1", { status: "succeeded" })),
        ...s.admitted(s.run("2", { status: "running" })),
        { table: "step", row: s.step("2", "build:mega", { attempt: "1-joined", status: "running" }) },
        { table: "step", row: s.step("2", "deploy:api@devnet", { attempt: "2-own", status: "succeeded" }) },
        { table: "attempt", row: s.attempt("1-joined", "1", { joined: [{ run: "2", step: "build:mega" }], endedAt: 2, outcome: "lost" }) },
        { table: "attempt", row: s.attempt("1-alone", "1", { endedAt: 2, outcome: "succeeded" }) },
        { table: "attempt", row: s.attempt("2-own", "2", { endedAt: 3, outcome: "succeeded" }) },
      );
      expect((await store.attempts("1")).map((each) => each.id)).toEqual(["1-joined", "1-alone"]);
      expect((await store.attempts("2")).map((each) => each.id)).toEqual(["1-joined", "2-own"]);
      const { state } = await store.load();
      expect(state.attempts).toEqual([
        s.attempt("1-joined", "1", { joined: [{ run: "2", step: "build:mega" }], endedAt: 2, outcome: "lost" }),
      ]);
    });

    /** All pages of a list, each asked for with the cursor of the one before. */
    async function pages<T>(ask: (page: PageRequest) => Promise<Page<T>>): Promise<T[][]> {
      const found: T[][] = [];
      for (let cursor: string | null = null; ;) {
        const page: Page<T> = await ask({ limit: 2, cursor });
        found.push([...page.items]);
        if (page.next === null) return found;
        cursor = page.next;
      }
    }

    it("pages through runs, newest first, though newer ones come between", async () => {
      await put(...["1", "2", "3", "4", "5"].flatMap((id) => s.admitted(s.run(id, { status: Number(id) % 2 ? "running" : "failed" }))));
      await put({ table: "run", row: s.run("1", { status: "failed" }) });
      const first = await store.runs({}, { limit: 2, cursor: null });
      await put(...s.admitted(s.run("6")));
      const second = await store.runs({}, { limit: 2, cursor: first.next });
      expect([first, second].map((page) => page.items.map((each) => each.id))).toEqual([
        ["5", "4"],
        ["3", "2"],
      ]);
      expect((await pages((page) => store.runs({ status: ["failed"] }, page))).map((page) => page.map((each) => each.id))).toEqual([
        ["4", "2"],
        ["1"],
      ]);
      expect((await store.runs({ status: ["failed", "running"], kind: "rollback" }, FIRST)).items).toEqual([]);
      expect((await store.runs({ commit: s.commit("b") }, FIRST)).items).toEqual([]);
      expect(
        (await store.runs({ commit: s.commit("a"), kind: "deploy", status: ["running"] }, FIRST)).items.map((each) => each.id),
      ).toEqual(["6", "5", "3"]);
    });

    it("pages through targets, snapshots and a target's ledger", async () => {
      const api = s.target("api");
      await put(
        ...["d", "a", "c", "b"].map((name): Change => ({ table: "target", row: s.targetRow(name) })),
        { table: "target", row: s.targetRow("a", "mainnet") },
        ...[1, 2, 3, 4].map((seq): Change => ({ table: "ledger", row: s.ledger(seq, seq === 3 ? s.target("web") : api, s.commit("a")) })),
        ...[1, 2, 3].map((seq): Change => ({ table: "snapshot", row: s.snapshot(`s${seq}`, seq) })),
        { table: "snapshot", row: s.snapshot("other", 4, "mainnet") },
      );
      expect((await pages((page) => store.targets({}, page))).map((page) => page.map((each) => each.id))).toEqual([
        ["a@devnet", "a@mainnet"],
        ["b@devnet", "c@devnet"],
        ["d@devnet"],
      ]);
      expect((await store.targets({ environment: "devnet", service: "a" }, FIRST)).items.map((each) => each.id)).toEqual(["a@devnet"]);
      expect((await pages((page) => store.ledger(api, page))).map((page) => page.map((each) => each.seq))).toEqual([[4, 2], [1]]);
      expect((await pages((page) => store.snapshots("devnet", page))).map((page) => page.map((each) => each.id))).toEqual([
        ["s3", "s2"],
        ["s1"],
      ]);
    });

    it.each(["nonsense", "", Buffer.from('"text"').toString("base64url"), Buffer.from("[1]").toString("base64url")])(
      "refuses the cursor %j, which no page of runs gave out",
      async (cursor) => {
        await expect(store.runs({}, { limit: 2, cursor })).rejects.toMatchObject({ name: "StoreError", code: "bad-cursor" });
      },
    );

    it("finds decisions by commit and environment", async () => {
      const row = (id: string, at: string, environment: string): Change => ({
        table: "decision",
        row: s.decision(id, s.commit(at), environment),
      });
      await put(row("1", "a", "mainnet"), row("2", "a", "canary"), row("3", "b", "mainnet"));
      const ids = async (filter: Parameters<Store["decisions"]>[0]) => (await store.decisions(filter)).map((each) => each.id);
      expect(await ids({ commit: s.commit("a") })).toEqual(["1", "2"]);
      expect(await ids({ environment: "mainnet" })).toEqual(["1", "3"]);
      expect(await ids({ commit: s.commit("a"), environment: "mainnet" })).toEqual(["1"]);
    });

    it("remembers the first answer to a key, for a week", async () => {
      const answer = { request: "hash", status: 201, body: "{}" };
      expect(await store.answerOf("k")).toBeNull();
      await store.rememberAnswer("k", answer, 1_000);
      await store.rememberAnswer("k", { ...answer, status: 500 }, 1_001);
      expect(await (await rig.reopen()).answerOf("k")).toEqual(answer);
    });

    it("keeps notes by key: all of an act or none, told by what their keys begin with", async () => {
      await store.setNotes({ "a/2": "two", "a/1": "one", "ab/1": "other", b: "another" });
      await store.setNotes({ "a/2": null, "a/1": "once more" });
      const again = await rig.reopen();
      expect([await again.note("a/1"), await again.note("a/2")]).toEqual(["once more", null]);
      expect(await again.notes("a/")).toEqual([{ key: "a/1", body: "once more" }]);
      expect((await again.notes("a")).map(({ key }) => key)).toEqual(["a/1", "ab/1"]);
    });

    it("forgets answers that are older", async () => {
      await store.rememberAnswer("k", { request: "hash", status: 201, body: "{}" }, 1_000);
      await store.rememberAnswer("l", { request: "hash", status: 201, body: "{}" }, 1_001 + 7 * 86_400_000);
      expect([await store.answerOf("k"), (await store.answerOf("l"))?.status]).toEqual([null, 201]);
    });
  });
}
