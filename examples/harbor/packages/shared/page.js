/** HTML without a framework: a template tag that escapes, and the parts that both frontends show. */
import { backendCommits, commit, environment } from "./service.js";

class Safe {
  constructor(text) {
    this.text = text;
  }
  toString() {
    return this.text;
  }
}

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Template tag: every value is escaped, except what this tag itself has made. */
export function html(strings, ...values) {
  const render = (value) => {
    if (Array.isArray(value)) return value.map(render).join("");
    return value instanceof Safe ? value.text : String(value ?? "").replace(/[&<>"']/g, (char) => ENTITIES[char]);
  };
  return new Safe(String.raw({ raw: strings }, ...values.map(render)));
}

const STYLE = new Safe(`
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { margin: 2rem auto; max-width: 44rem; padding: 0 1rem; }
  h1 small { font-size: 1rem; font-weight: normal; opacity: 0.75; }
  table { border-collapse: collapse; width: 100%; margin: 0.5rem 0 2rem; }
  th, td { text-align: left; padding: 0.35rem 0.75rem; border-bottom: 1px solid #8885; }
  code { font-size: 0.95em; }
  .missing { color: light-dark(#b31d28, #ff7b72); }
`);

const short = (id) => (id === null ? "not deployed" : id.slice(0, 10));

/** A whole page: what the service has to say, then the versions that it sees. */
export async function page(title, content) {
  const backends = Object.entries(await backendCommits());
  const rows = backends.map(([name, seen]) => {
    if (seen === null)
      return html`<tr>
        <th scope="row">${name}</th>
        <td class="missing">does not answer</td>
      </tr>`;
    return html`<tr>
      <th scope="row">${name}</th>
      <td><code title="${seen}">${short(seen)}</code></td>
    </tr>`;
  });
  return String(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>${title} · ${environment}</title>
          <style>
            ${STYLE}
          </style>
        </head>
        <body>
          <h1>
            ${title} <small>in ${environment}, from <code title="${commit}">${short(commit)}</code></small>
          </h1>
          ${content}
          <h2>Backends as seen from here</h2>
          <table>
            <thead>
              <tr>
                <th>service</th>
                <th>commit</th>
              </tr>
            </thead>
            <tbody>
              ${rows}
            </tbody>
          </table>
        </body>
      </html> `,
  );
}
