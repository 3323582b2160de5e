/** What every service of Harbor has in common: it listens, says that it is healthy, which version it is, and stops politely. */
import http from "node:http";

/** Longest wait for an answer of another service, in milliseconds. */
const PATIENCE = 1000;
/** How long requests under way may take once the service has been asked to stop, in milliseconds. */
const GRACE = 5000;

/** Where this runs: devnet, canary or mainnet, as Sluice says; "local" when started by hand. */
export const environment = process.env.SLUICE_ENVIRONMENT ?? "local";
/** The commit that this was deployed from; null when started by hand. */
export const commit = process.env.SLUICE_COMMIT ?? null;

/** Addresses of the services that this one needs, by name: Sluice sets SLUICE_NEED_<NAME>_URL for each. */
export const needs = Object.fromEntries(
  Object.entries(process.env).flatMap(([key, url]) => {
    const name = /^SLUICE_NEED_(.+)_URL$/.exec(key)?.[1];
    return name ? [[name.toLowerCase().replaceAll("_", "-"), url]] : [];
  }),
);

/** The JSON that a needed service answers, or null when it does not answer well or in time. */
export async function ask(name, path) {
  try {
    // a connection of its own: one that is kept would go on with the instance that it was made to, also after that has been replaced
    const response = await fetch(new URL(path, needs[name]), { headers: { connection: "close" }, signal: AbortSignal.timeout(PATIENCE) });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

/** The commits of the needed services as they answer right now; null for one that does not. */
export async function backendCommits() {
  // "own" keeps the question from travelling on to what those services need themselves.
  const answers = Object.keys(needs)
    .sort()
    .map(async (name) => [name, (await ask(name, "/version?own"))?.commit ?? null]);
  return Object.fromEntries(await Promise.all(answers));
}

/**
 * Runs a service. `routes` maps a path to a function of the request's URL; it returns an object for JSON, a string for HTML,
 * or null for "not found". `health` returns null when all is well, else what is wrong.
 */
export function serve(service, routes, health = () => null) {
  const common = {
    "/healthz": () => {
      const problem = health();
      return problem === null ? { ok: true } : { status: 503, body: { ok: false, problem } };
    },
    "/version": async (url) => ({ service, environment, commit, backends: url.searchParams.has("own") ? {} : await backendCommits() }),
  };
  const all = new Map(Object.entries({ ...common, ...routes }));

  const server = http.createServer(async (request, response) => {
    try {
      const url = new URL(request.url ?? "/", "http://localhost");
      const route = all.get(url.pathname);
      const answer = request.method === "GET" && route ? await route(url) : null;
      // Once asked to stop, an answer is the last one on its connection.
      response.shouldKeepAlive = server.listening;
      send(response, answer);
    } catch (error) {
      console.error(error);
      send(response, { status: 500, body: { error: "internal error" } });
    }
  });

  server.on("error", (error) => {
    console.error(`${service} cannot listen: ${error.message}`);
    process.exit(1);
  });
  server.listen(Number(process.env.PORT ?? 0), process.env.HOST ?? "127.0.0.1", () => {
    const { address, port } = server.address();
    console.log(`${service} listens on http://${address}:${port}`);
  });

  process.once("SIGTERM", () => {
    console.log(`${service} stops`);
    // Takes no new connections; requests under way are answered first.
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), GRACE).unref();
  });
}

function send(response, result) {
  const { status = 200, body } =
    result === null ? { status: 404, body: { error: "not found" } } : result?.status ? result : { body: result };
  const isPage = typeof body === "string";
  response.writeHead(status, {
    "content-type": isPage ? "text/html; charset=utf-8" : "application/json; charset=utf-8",
    "cache-control": "no-store",
  });
  response.end(isPage ? body : JSON.stringify(body));
}
