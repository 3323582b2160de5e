import { createHash } from "node:crypto";
import type { Digest } from "../../../core/config/config.ts";
import { parseObject } from "../../../host/answers.ts";
import { RegistryError } from "./errors.ts";
import type { Access, Repository } from "./reference.ts";
import { Session } from "./registry.ts";

type Parsed = Readonly<Record<string, unknown>>;

/** Manifests in one index, and how deep one lies in another. */
const MOST = 32;
const DEPTH = 2;

/** What a label says in the image of a digest, once for each platform; null: it has none there. Each piece is the one that its digest names. Rejects with a `RegistryError`. */
export async function labelsOf(repository: Repository, digest: Digest, label: string, access: Access): Promise<readonly (string | null)[]> {
  const session = new Session(repository, access);
  const read = async (what: "manifests" | "blobs", id: unknown): Promise<Parsed> => {
    const { status, text } = await session.get(what, String(id));
    const found = parseObject(text);
    if (status !== 200 || found === null || `sha256:${createHash("sha256").update(text).digest("hex")}` !== id)
      throw new RegistryError("odd", `${repository.host} answered ${status} for ${String(id)}, and not with what that names`);
    return found;
  };
  const said: (string | null)[] = [];
  const visit = async (id: unknown, depth: number): Promise<void> => {
    const manifest = await read("manifests", id);
    const { manifests, config } = manifest;
    if (!Array.isArray(manifests)) {
      const { config: own } = await read("blobs", field(config, "digest"));
      const value = field(field(own, "Labels"), label);
      said.push(typeof value === "string" ? value : null);
      return;
    }
    const images = manifests.filter((one) => field(field(one, "platform"), "os") !== "unknown");
    if (depth === 0 || images.length > MOST)
      throw new RegistryError("odd", `${repository.host} has too much in ${digest} to be looked through`);
    for (const one of images) await visit(field(one, "digest"), depth - 1);
  };
  await visit(digest, DEPTH);
  return said;
}

const field = (of: unknown, name: string): unknown =>
  typeof of === "object" && of !== null && Object.hasOwn(of, name) ? (of as Parsed)[name] : undefined;
