import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jsonOf, Place, Shop } from "./rig.ts";

type Target = { service: string; commit: string | null };
type Plan = { release: { commit: string }; steps: { id: string }[] };
type Run = { status: string; commit: string };

const place = new Place();
afterAll(() => place.remove());

/** Each test goes on where the one before has ended. The repository's root holds no `sluice.yaml`; `products/shop` and `products/bank` do. */
describe("projects in subfolders of a repository", () => {
  let repository: Shop;
  let first: string;
  const inside = (project: string, args: readonly string[]) =>
    place.sluice(args, { cwd: join(repository.root, "products", project, "app") });
  const write = (path: string, text: string): void => {
    mkdirSync(join(repository.root, path, ".."), { recursive: true });
    writeFileSync(join(repository.root, path), text, { mode: 0o755 });
  };
  const status = async (project: string): Promise<readonly unknown[]> =>
    jsonOf<Target[]>(await inside(project, ["status", "--json"])).map(({ service, commit }) => [service, commit]);

  beforeAll(() => {
    repository = new Shop(place);
    const deploy = readFileSync(join(repository.root, "deploy.sh"), "utf8");
    repository.git("rm", "--quiet", "-r", ".");
    for (const project of ["shop", "bank"]) {
      write(`products/${project}/sluice.yaml`, config(project));
      write(`products/${project}/app/deploy.sh`, deploy);
    }
    first = repository.commit("two projects");
  });

  /** What is deployed is a folder of the project's, in which its program must be. */
  const config = (project: string): string => `version: 1
project: ${project}
environments: { ${project}net: { variables: { LIVE: "${repository.live}" } } }
artifacts: { app: { bundle: { path: app } } }
services:
  ${project}: { tier: backend, paths: [app], artifact: app, deploy: { command: { apply: [./deploy.sh], observe: ["${repository.root}/products/${project}/app/deploy.sh", observe] } } }
`;

  test("are found from inside, and each is planned by its own file and policy", async () => {
    const plan = jsonOf<Plan>(await inside("shop", ["plan", "--all", "--json"]));
    expect(plan.release.commit).toBe(first);
    expect(plan.steps.map(({ id }) => id)).toEqual(["build:app", "deploy:shop@shopnet", "verify:shop@shopnet"]);
    expect(jsonOf<Plan>(await inside("bank", ["plan", "--all", "--json"])).steps.map(({ id }) => id)).toContain("deploy:bank@banknet");
    expect((await inside("shop", ["doctor"])).out).toContain(`${join(repository.root, "products/shop")}`);
  });

  test("are built from their folder and deployed, each with a store beside its file", async () => {
    for (const project of ["shop", "bank"]) expect(await inside(project, ["deploy", "--all"])).toMatchObject({ exit: 0, err: "" });
    expect([await status("shop"), await status("bank")]).toEqual([[["shop", first]], [["bank", first]]]);
    for (const project of ["shop", "bank"]) expect(existsSync(join(repository.root, "products", project, ".sluice"))).toBe(true);
    expect([existsSync(join(repository.root, ".sluice")), repository.git("status", "--porcelain")]).toEqual([false, ""]);
  });

  test("see by --changed only what has changed in their folder", async () => {
    write("products/bank/app/version", "2");
    const second = repository.commit("the bank alone");
    for (const project of ["shop", "bank"]) expect(await inside(project, ["deploy", "--all", "--changed"])).toMatchObject({ exit: 0 });
    expect([await status("shop"), await status("bank")]).toEqual([[["shop", first]], [["bank", second]]]);
  });

  test("are asked for under their whole path where policy's ref does not have them", async () => {
    const policyRef = repository.git("commit-tree", "-m", "empty", repository.git("hash-object", "-t", "tree", "-w", "/dev/null"));
    repository.git("update-ref", "refs/remotes/origin/main", policyRef);
    repository.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main");
    expect((await inside("shop", ["plan", "--all"])).err).toMatch(
      /policy ref origin\/main: commit \w+ has no products\/shop\/sluice\.yaml/,
    );
    expect((await inside("shop", ["doctor"])).out).toContain("origin/main has no products/shop/sluice.yaml");
    repository.git("symbolic-ref", "--delete", "refs/remotes/origin/HEAD");
  });

  test("go back on their own", async () => {
    const ended = await inside("bank", ["rollback", "--all", "--env", "banknet", "--reason", "x", "--yes", "--json"]);
    expect(jsonOf<Run>(ended)).toMatchObject({ status: "succeeded", commit: first });
    expect([await status("shop"), await status("bank")]).toEqual([[["shop", first]], [["bank", first]]]);
  });
});
