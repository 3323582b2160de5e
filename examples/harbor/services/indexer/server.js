/** Finds ships by a part of their name. Needs api, which has them all. */
import { ask, serve } from "../../packages/shared/service.js";

serve("indexer", {
  "/search": async (url) => {
    const wanted = (url.searchParams.get("q") ?? "").toLowerCase();
    const harbor = await ask("api", "/ships");
    if (harbor === null) return { status: 503, body: { error: "api does not answer" } };
    return { found: harbor.ships.map((ship) => ship.name).filter((name) => name.toLowerCase().includes(wanted)) };
  },
});
