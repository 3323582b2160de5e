/** Who may do what in the harbor. */
import { serve } from "../../packages/shared/service.js";

const ROLES = new Map([
  ["ana", ["harbor-master", "pilot"]],
  ["ben", ["pilot"]],
  ["cleo", ["customs"]],
]);

serve("auth", {
  "/roles": (url) => {
    const name = url.searchParams.get("name");
    return name === null ? { people: ROLES.size } : { name, roles: ROLES.get(name) ?? [] };
  },
});
