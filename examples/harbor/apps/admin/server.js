/** The page for the harbor office: what the ships owe. */
import { html, page } from "../../packages/shared/page.js";
import { ask, serve } from "../../packages/shared/service.js";

const HEAD = html`<tr>
  <th>ship</th>
  <th>euros</th>
</tr>`;
const row = (order) =>
  html`<tr>
    <td>${order.ship}</td>
    <td>${order.euros}</td>
  </tr>`;

serve("admin", {
  "/": async () => {
    const answer = await ask("orders", "/orders");
    const orders = answer
      ? html`<table>
          <thead>
            ${HEAD}
          </thead>
          <tbody>
            ${answer.orders.map(row)}
          </tbody>
        </table>`
      : html`<p class="missing">The orders are not available.</p>`;
    return page(
      "Harbor office",
      html`<h2>Orders</h2>
        ${orders}`,
    );
  },
});
