import { vi } from "vitest";
import { transition } from "../../../../src/core/run/transition.ts";
import type { Event } from "../../../../src/core/run/events.ts";
import type { Core } from "../model/play.ts";
import type { SearchOptions } from "../model/search.ts";

// any function of the core, whose types its own file checks
// oxlint-disable-next-line typescript/no-explicit-any
export type Module = Record<string, any>;
/** A wrong reading of the rules, and the rules that it breaks. `where`: what histories are about in which it shows. */
export type Mutant = {
  readonly reading: string;
  readonly breaks: readonly string[];
  readonly core: () => Core | Promise<Core>;
  readonly where?: Pick<SearchOptions, "about" | "setup" | "clear">;
};

/** The core with some functions of one of its files replaced; `load` gives other files of that same core. */
export async function instead(file: string, change: (module: Module, load: (file: string) => Module) => Module): Promise<Core> {
  vi.resetModules();
  const path = `../../../../src/core/${file}`;
  const others: Record<string, Module> = {};
  vi.doMock(path, async (original) => {
    const module = await original<Module>();
    return { ...module, ...change(module, (other) => others[other] ?? {}) };
  });
  const core: Core = await import("../../../../src/core/run/transition.ts");
  for (const other of ["run/steps.ts", "run/attempts.ts", "run/snapshots.ts", "run/stops.ts"])
    others[other] = await import(`../../../../src/core/${other}`);
  vi.doUnmock(path);
  return core;
}

/** The core as it is, told otherwise than things were. */
export const told = (change: (event: Event) => Event): Core => ({ transition: (state, event) => transition(state, change(event)) });
