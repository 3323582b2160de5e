import { expect, test } from "vitest";
import { ends, Workflow } from "./rig.ts";

type Asked = { deployments: number; statuses: number; reads: number; queries: number };

/** What GitHub was asked; what creates content it limits most. */
function asked(flow: Workflow): Readonly<Asked> {
  const found: Asked = { deployments: 0, statuses: 0, reads: 0, queries: 0 };
  for (const { method, path } of flow.github.log) {
    if (path === "/graphql") found.queries += 1;
    else if (method === "GET") found.reads += 1;
    else if (path.endsWith("/statuses")) found.statuses += 1;
    else found.deployments += 1;
  }
  return found;
}

/** `SLUICE_WRITES=60x3` counts for more, and says what it has counted. */
const [services = 3, environments = 2] = (process.env["SLUICE_WRITES"] ?? "3x2").split("x").map(Number);

test(
  "an act costs two writes and two reads of what is recorded, beside who has started it and what was good before",
  { timeout: 1_800_000 },
  async () => {
    const flow = await Workflow.begin();
    const names = Array.from({ length: services }, (_, i) => `s${i}`);
    const places = Array.from({ length: environments }, (_, i) => `e${i}`);
    const policy = places.map((place, i) => `${place}: { needs: [${i === 0 ? "" : (places[i - 1] ?? "")}] }`).join(", ");
    flow.commit({
      "sluice.yaml": flow.file({ environments: policy, services: Object.fromEntries(names.map((name) => [name, "backend"])) }),
    });
    for (const place of places) for (const name of names) expect(ends(await flow.deploy(place, [name]))).toEqual({ exit: 0, said: "" });
    const found = asked(flow);
    if (process.env["SLUICE_WRITES"] !== undefined) console.log(JSON.stringify(found));
    const acts = services * environments;
    const before = (services * environments * (environments - 1)) / 2;
    expect(found).toMatchObject({ deployments: acts, statuses: acts, reads: 3 * acts + before });
  },
);

test("with a soak it is three: that it serves is said while the soak goes on", async () => {
  const flow = await Workflow.begin();
  const file = flow.file({ environments: "dev: {}", services: { api: "backend" } });
  flow.commit({ "sluice.yaml": file.replace("paths: [api],", "paths: [api], verify: { soak: 1s },") });
  expect(ends(await flow.deploy("dev", ["api"]))).toEqual({ exit: 0, said: "" });
  expect(asked(flow)).toMatchObject({ deployments: 1, statuses: 2 });
  expect(flow.shop.deployments[0]?.statuses.map(({ state }) => state)).toEqual(["success", "in_progress"]);
});
