import { randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { readBounded } from "../../../host/answers.ts";
import { writeDurably } from "../../../host/files.ts";
import { identify } from "../../../host/processes.ts";
import { Keeper } from "./keeper.ts";
import { takeLock } from "./lock.ts";
import { HOST } from "./ports.ts";
import type { Act, Contact } from "./protocol.ts";

/** A keeper that has nothing to keep leaves after about so long; whoever needs one starts the next. */
const IDLE_LOOK_MS = 10_000;
const LARGEST_REQUEST = 4 * 1024 * 1024;

const [, , directory = ""] = process.argv;
process.on("SIGHUP", () => {}); // the end of a terminal is not the end of the services
process.on("uncaughtException", (error) => say(error.stack ?? error.message)); // nor is a full disk, or a mistake here: they go on being served
if (takeLock(directory)) {
  await keep(directory).catch((error: unknown) => {
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exit(1); // the next one may have more luck; nothing was served yet
  });
}

/** The program of a keeper's process, called with its directory. */
async function keep(home: string): Promise<void> {
  const keeper = new Keeper(home, basename(home), say);
  await keeper.takeOver();
  const token = randomBytes(32).toString("hex");
  const server = createServer((request, response) => {
    void answer(keeper, token, request).then(({ status, body, last }) => {
      response.writeHead(status, { "content-type": "application/json", connection: "close" }).end(JSON.stringify(body), () => {
        if (last) process.exit(0);
      });
    });
  });
  const port = await listening(server);
  const self = identify(process.pid);
  if (self === null) throw new Error("this process cannot be told from others");
  writeDurably(join(home, "keeper.json"), JSON.stringify({ ...self, port, token } satisfies Contact));
  process.on("SIGTERM", () => void keeper.handlers.stop({}).then(() => process.exit(0)));
  let idleBefore = false;
  setInterval(() => {
    if (idleBefore && keeper.idle()) process.exit(0);
    idleBefore = keeper.idle();
  }, IDLE_LOOK_MS).unref();
}

type Reply = { readonly status: number; readonly body: unknown; readonly last: boolean };

async function answer(keeper: Keeper, token: string, request: IncomingMessage): Promise<Reply> {
  const given = Buffer.from(request.headers.authorization ?? "");
  const wanted = Buffer.from(`Bearer ${token}`);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted))
    return { status: 401, body: "the token is not this keeper's", last: false };
  const act = request.url?.slice(1) ?? "";
  if (request.method !== "POST" || !isAct(keeper, act)) return { status: 404, body: "a keeper does not know that", last: false };
  try {
    const handler = keeper.handlers[act] as (ask: unknown) => Promise<unknown>;
    return {
      status: 200,
      body: await handler(JSON.parse(await readBounded(request, LARGEST_REQUEST, "the request"))),
      last: act === "stop",
    };
  } catch (error) {
    say(`${act}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return { status: 500, body: error instanceof Error ? error.message : String(error), last: false };
  }
}

function isAct(keeper: Keeper, act: string): act is Act {
  return Object.hasOwn(keeper.handlers, act);
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject).listen(0, HOST, () => resolve((server.address() as AddressInfo).port));
  });
}

/** Into `keeper.log`, which is this process's output. */
function say(text: string): void {
  process.stderr.write(`${new Date().toISOString()} ${text}\n`);
}
