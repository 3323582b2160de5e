/** What each ship owes. Needs api, which knows the ships. */
import { ask, serve } from "../../packages/shared/service.js";

/** Euros for a day at the quay. */
const BERTH_FEE = 250;

serve("orders", {
  "/orders": async () => {
    const harbor = await ask("api", "/ships");
    if (harbor === null) return { status: 503, body: { error: "api does not answer" } };
    return { orders: harbor.ships.map((ship) => ({ ship: ship.name, euros: BERTH_FEE })) };
  },
});
