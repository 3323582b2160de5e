/** The page for everybody: which ships are in port. */
import { html, page } from "../../packages/shared/page.js";
import { ask, serve } from "../../packages/shared/service.js";

const HEAD = html`<tr>
  <th>ship</th>
  <th>berth</th>
</tr>`;
const row = (ship) =>
  html`<tr>
    <td>${ship.name}</td>
    <td>${ship.berth}</td>
  </tr>`;

serve("web", {
  "/": async () => {
    const harbor = await ask("api", "/ships");
    const ships = harbor
      ? html`<table>
          <thead>
            ${HEAD}
          </thead>
          <tbody>
            ${harbor.ships.map(row)}
          </tbody>
        </table>`
      : html`<p class="missing">The list of ships is not available.</p>`;
    return page(
      "Harbor",
      html`<h2>Ships in port</h2>
        ${ships}`,
    );
  },
});
