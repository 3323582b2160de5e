import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { readText, writeWhole } from "../../../src/host/files.ts";
import { kwokConfig } from "../parts.ts";
import { BEHAVIOURS } from "./behaviours.ts";
import { nodeStages } from "./nodes.ts";
import { podStages } from "./pods.ts";

/** Writes what kwok reads: its configuration and the files with what containers write. Says whether anything is new. */
export function writeFakes(directory: string): boolean {
  const logs = join(directory, "container-logs");
  mkdirSync(logs, { recursive: true });
  // The form of container runtimes: time, stream, whole line, text. The time is one for all, so that a file is new only with its text.
  const line = (text: string): string => `2026-01-01T00:00:00.000000000Z stdout F ${text}\n`;
  const fileOf = (behaviour: string): string => join(logs, `${behaviour}.log`);
  const written = Object.entries(BEHAVIOURS).map(([behaviour, lines]) => writeNew(fileOf(behaviour), lines.map(line).join("")));
  const ordinary = {
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "ClusterLogs",
    metadata: { name: "ready" },
    spec: { logs: [{ logsFile: fileOf("ready"), previousLogsFile: fileOf("ready") }] },
  };
  const documents = [...nodeStages, ...podStages(logs), ordinary].map((one) => JSON.stringify(one));
  return [...written, writeNew(kwokConfig(directory), documents.join("\n---\n"))].includes(true);
}

function writeNew(path: string, text: string): boolean {
  if (readText(path) === text) return false;
  writeWhole(path, text);
  return true;
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
