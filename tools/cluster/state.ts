import { readdirSync } from "node:fs";
import { join } from "node:path";
import { readText, writeWhole } from "../../src/host/files.ts";
import { isAlive, type Identity } from "../../src/host/processes.ts";
import type { Part, Ports } from "./parts.ts";
import { clustersDirectory, directoryOf } from "./places.ts";

/** What is written down about a cluster, as soon as it begins to be. */
export type State = {
  readonly name: string;
  readonly ports: Ports;
  readonly nodes: number;
  /** The process it was made for, by whose end it is abandoned; null: nobody's. */
  readonly owner: Identity | null;
  /** Whether it has served once. One that has not is made anew. */
  readonly complete: boolean;
  /** Parts that are meant to run. */
  readonly parts: Readonly<Partial<Record<Part, Identity>>>;
};

const fileOf = (name: string): string => join(directoryOf(name), "state.json");

export function readState(name: string): State | null {
  const text = readText(fileOf(name));
  return text === null ? null : (JSON.parse(text) as State);
}

export function writeState(state: State): void {
  writeWhole(fileOf(state.name), JSON.stringify(state, null, 2));
}

/** Names of all clusters here, those that are down too. */
export function listClusters(): readonly string[] {
  try {
    return readdirSync(clustersDirectory(), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .toSorted();
  } catch {
    return []; // none was ever made
  }
}

export const isAbandoned = ({ owner }: State): boolean => owner !== null && !isAlive(owner);
