import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { KubeObject } from "../../../../src/cluster/objects.ts";
import { storedOf } from "../../../../src/drivers/helm/releases.ts";

const at = (time: string): number => Date.parse(time) / 1000;

/** A revision's Secret as Helm writes it. */
function secretOf(made: string, labels: Readonly<Record<string, string>>): KubeObject {
  const release = Buffer.from(gzipSync(JSON.stringify({ info: {} })).toString("base64")).toString("base64");
  const metadata = { name: "sh.helm.release.v1.api.v2", namespace: "shop", creationTimestamp: made, labels };
  return { apiVersion: "v1", kind: "Secret", metadata, data: { release } } as KubeObject;
}

test("a revision's time is when it was written last, and never that of the one before", () => {
  const labels = { version: "2", status: "deployed", modifiedAt: String(at("2026-03-02T10:00:09Z")) };
  expect(storedOf(secretOf("2026-03-02T10:00:00Z", labels)).at).toBe(at("2026-03-02T10:00:09Z") * 1000);
  // an upgrade hands the labels of the revision before on to the one that it makes
  const handedOn = { version: "2", status: "pending-upgrade", modifiedAt: String(at("2026-01-01T00:00:00Z")) };
  expect(storedOf(secretOf("2026-03-02T10:00:00Z", handedOn)).at).toBe(at("2026-03-02T10:00:00Z") * 1000);
  expect(storedOf(secretOf("2026-03-02T10:00:00Z", { version: "2" })).at).toBe(at("2026-03-02T10:00:00Z") * 1000);
});
