/** The ships in port. Needs auth, which knows how many people may move them. */
import { ask, serve } from "../../packages/shared/service.js";
import { SHIPS } from "./ships.js";

serve("api", {
  "/ships": async () => ({
    pilots: (await ask("auth", "/roles"))?.people ?? null,
    ships: SHIPS.map(({ name, berth, tons }) => ({ name, berth, tons })),
  }),
});
