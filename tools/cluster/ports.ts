import { once } from "node:events";
import { createServer } from "node:net";

/** Below what systems hand out by themselves (32768 on Linux, 49152 elsewhere), so that no connection takes the port of a part that is down for a while. */
const FROM = 20_000;
const UNTIL = 32_000;

/** So many ports of the loopback that nobody listens on, and that are not among those taken. */
export async function freePorts(count: number, taken: ReadonlySet<number>): Promise<readonly number[]> {
  const found = new Set<number>();
  for (let tries = 0; found.size < count && tries < 1000; tries++) {
    const port = FROM + Math.floor(Math.random() * (UNTIL - FROM));
    if (!taken.has(port) && !found.has(port) && (await isFree(port))) found.add(port);
  }
  if (found.size < count) throw new Error(`no ${count} free ports on 127.0.0.1 between ${FROM} and ${UNTIL}`);
  return [...found];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
