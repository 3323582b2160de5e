import { expect, test } from "vitest";
import { builder } from "../../../src/builders/image/index.ts";
import { REGISTRY, missing, serve, sha256 } from "./image-rig.ts";

const COMMIT = "a".repeat(40);
const OTHER = "b".repeat(40);
const LABEL = "org.opencontainers.image.revision";

/** A registry with what images are made of, by what they hold; tags lead to some. */
async function registry(tags: Readonly<Record<string, string>> = {}) {
  const kept = new Map<string, string>();
  const add = (value: object): string => {
    const text = JSON.stringify(value);
    kept.set(sha256(text), text);
    return sha256(text);
  };
  const { host } = await serve(({ url }) => {
    const id = url.split("/").at(-1) ?? "";
    const body = kept.get(tags[id] ?? id);
    return body === undefined ? missing : { headers: { ...REGISTRY, "docker-content-digest": sha256(body) }, body };
  });
  const image = (labels: object | null): string => {
    const digest = add({ config: labels === null ? {} : { Labels: labels } });
    return add({ schemaVersion: 2, config: { digest }, layers: [] });
  };
  const index = (...images: readonly (readonly [digest: string, os: string])[]): string =>
    add({ schemaVersion: 2, manifests: images.map(([digest, os]) => ({ digest, platform: { os } })) });
  const why = (digest: string, tag?: string) =>
    builder.whyNotOf?.(digest, { project: "p", commit: COMMIT, config: { repository: `${host}/app`, ...(tag && { tag }) } }, "/nowhere");
  return { image, index, why, tags };
}

test("an image is of the commit that its label says, on every platform", async () => {
  const { image, index, why } = await registry();
  const [own, other, silent] = [image({ [LABEL]: COMMIT }), image({ [LABEL]: OTHER }), image({ maker: "x" })];
  expect(await why(own)).toBe(null);
  expect(await why(other)).toBe(`its label ${LABEL} says "${OTHER}"`);
  expect(await why(silent)).toContain(`it has no label ${LABEL}`);
  expect(await why(index([own, "linux"], [silent, "unknown"]))).toBe(null);
  expect(await why(index([own, "linux"], [other, "linux"]))).toContain(OTHER);
  expect(await why(index([own, "linux"], [silent, "linux"]))).toContain("it has no label");
  await expect(why(sha256("nothing"))).rejects.toMatchObject({ message: expect.stringContaining("answered 404") });
});

test("an image that says no commit is of the one that its tag names, and of no other tag", async () => {
  const tags: Record<string, string> = {};
  const { image, why } = await registry(tags);
  const [one, two] = [image(null), image({ maker: "x" })];
  tags[COMMIT] = one;
  tags["latest"] = two;
  expect(await why(one)).toBe(null);
  expect(await why(two)).toContain("is not this image");
  expect(await why(two, "latest")).toContain("is not this image");
  // what says another commit is not made ours by a tag
  const other = image({ [LABEL]: OTHER });
  tags[COMMIT] = other;
  expect(await why(other)).toContain(OTHER);
});
