import { type FSWatcher, watch } from "node:fs";

export type Watched = {
  readonly directory: string;
  /** Names of the files in it whose changes matter. */
  readonly files: readonly string[];
  /** How often to look without a notice, in ms. */
  readonly pollMs: number;
};

/**
 * Resolves once `condition` holds, or the signal aborts. Looks when one of the files changes and every `pollMs`: notices of change are an
 * optimisation, since a system may run out of watches, and a process that is killed changes no file.
 */
export function until({ directory, files, pollMs }: Watched, signal: AbortSignal, condition: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let watcher: FSWatcher | null = null;
    let timer: NodeJS.Timeout | null = null;
    const finish = (settle: () => void) => {
      watcher?.close();
      if (timer) clearInterval(timer);
      signal.removeEventListener("abort", look);
      settle();
    };
    const look = () => {
      try {
        if (signal.aborted || condition()) finish(resolve);
      } catch (error) {
        finish(() => reject(error instanceof Error ? error : new Error(String(error))));
      }
    };
    try {
      watcher = watch(directory, (_, name) => {
        if (name === null || files.includes(name)) look();
      });
      watcher.on("error", () => watcher?.close());
    } catch {
      watcher = null; // no watches left, or no such directory: the poll is enough
    }
    timer = setInterval(look, pollMs);
    signal.addEventListener("abort", look);
    look();
  });
}
