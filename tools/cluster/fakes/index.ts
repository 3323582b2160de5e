import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BEHAVIOURS } from "./behaviours.ts";
import { nodeStages } from "./nodes.ts";
import { podStages } from "./pods.ts";

/** Writes what kwok reads: its configuration, whose path is the answer, and the files with what containers write. */
export function writeFakes(directory: string): string {
  const logs = join(directory, "container-logs");
  mkdirSync(logs, { recursive: true });
  // the form of the container runtime: time, stream, whole line, text
  const line = (text: string): string => `${new Date().toISOString()} stdout F ${text}\n`;
  for (const [behaviour, lines] of Object.entries(BEHAVIOURS)) writeFileSync(join(logs, `${behaviour}.log`), lines.map(line).join(""));
  const ready = join(logs, "ready.log");
  const ordinary = {
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "ClusterLogs",
    metadata: { name: "ready" },
    spec: { logs: [{ logsFile: ready, previousLogsFile: ready }] },
  };
  const file = join(directory, "kwok.yaml");
  writeFileSync(file, [...nodeStages, ...podStages(logs), ordinary].map((one) => JSON.stringify(one)).join("\n---\n"));
  return file;
}

/** The kind by which a stage says what one pod's containers write. */
export const LOGS_KIND = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "logs.kwok.x-k8s.io", annotations: { "api-approved.kubernetes.io": "unapproved, a fake" } },
  spec: {
    group: "kwok.x-k8s.io",
    scope: "Namespaced",
    names: { kind: "Logs", listKind: "LogsList", plural: "logs", singular: "logs" },
    versions: [
      {
        name: "v1alpha1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      },
    ],
  },
};

/** Nodes with plenty of room. */
export const fakeNode = (index: number) => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: {
    name: `node-${index}`,
    labels: { "kubernetes.io/hostname": `node-${index}`, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64" },
  },
});
