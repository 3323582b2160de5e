/** A browser, as far as links, forms, redirects and cookies go: real requests, and nothing is done by itself. */
export class Browser {
  readonly #cookies = new Map<string, string>();

  /** Logs in at a site, whose session is this cookie. */
  logIn(origin: string, login: string): void {
    this.#cookies.set(origin, `user_session=${login}`);
  }

  open = (url: string): Promise<Page> => this.#go("GET", url, null);

  async #go(method: string, address: string, body: URLSearchParams | null): Promise<Page> {
    let [url, verb, sent] = [address, method, body];
    for (let hops = 0; hops < 10; hops += 1) {
      const cookie = this.#cookies.get(new URL(url).origin);
      const answer = await fetch(url, { method: verb, redirect: "manual", body: sent, headers: cookie === undefined ? {} : { cookie } });
      const to = answer.headers.get("location");
      if (answer.status < 300 || answer.status >= 400 || to === null) return new Page(url, answer, await answer.text(), this.#submit);
      [url, verb, sent] = [new URL(to, url).href, "GET", null];
    }
    throw new Error(`${address} leads in a circle`);
  }

  readonly #submit = (url: string, fields: URLSearchParams): Promise<Page> => this.#go("POST", url, fields);
}

export class Page {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly #submit: (url: string, fields: URLSearchParams) => Promise<Page>;

  constructor(url: string, answer: Response, text: string, submit: (url: string, fields: URLSearchParams) => Promise<Page>) {
    this.url = url;
    this.status = answer.status;
    this.headers = answer.headers;
    this.text = text;
    this.#submit = submit;
  }

  get links(): readonly string[] {
    return [...this.text.matchAll(/<a [^>]*href="([^"]*)"/g)].map(([, href = ""]) => unescaped(href));
  }

  /** What its form sends, and where to. */
  form(): { readonly action: string; readonly fields: URLSearchParams } {
    const action = /<form [^>]*action="([^"]*)"/.exec(this.text)?.[1];
    if (action === undefined) throw new Error(`there is no form: ${this.status} ${this.text}`);
    const fields = new URLSearchParams();
    for (const [input] of this.text.matchAll(/<input [^>]*>/g)) {
      const [name, value = ""] = ["name", "value"].map((key) => new RegExp(`${key}="([^"]*)"`).exec(input)?.[1]);
      if (name !== undefined) fields.set(name, unescaped(value));
    }
    return { action: new URL(unescaped(action), this.url).href, fields };
  }

  /** Sends its form, with these fields filled in. */
  submit(filled: Readonly<Record<string, string>> = {}): Promise<Page> {
    const { action, fields } = this.form();
    for (const [name, value] of Object.entries(filled)) fields.set(name, value);
    return this.#submit(action, fields);
  }
}

const unescaped = (text: string): string =>
  text.replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
