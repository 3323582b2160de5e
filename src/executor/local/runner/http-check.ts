import { get as getHttp, type IncomingMessage } from "node:http";
import { get as getHttps } from "node:https";
import { parseObject, readBounded } from "../../../host/answers.ts";

/** Of an answer that is to be compared. */
const LARGEST_ANSWER = 1024 * 1024;
const SLOWEST_ANSWER_MS = 10_000;

/**
 * GETs a URL and compares top-level keys of its JSON answer. Returns what is wrong, or null. Redirects are not followed: what they lead to is not what was named.
 * A connection of its own each time, so that the answer is from what serves now.
 */
export async function httpCheck(url: string, expect: Readonly<Record<string, string>>, signal: AbortSignal): Promise<string | null> {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || (parsed.protocol !== "http:" && parsed.protocol !== "https:")) return `${url} is not an http or https address`;
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(SLOWEST_ANSWER_MS)]);
    const answer = await request(parsed, limit);
    const status = answer.statusCode ?? 0;
    const body = await readBounded(answer, LARGEST_ANSWER, "the answer");
    if (status >= 300 && status < 400) return `${url} answered ${status}, a redirect; redirects are not followed: name the address itself`;
    if (status < 200 || status > 299) return `${url} answered ${status}`;
    return compare(url, body, expect);
  } catch (error) {
    signal.throwIfAborted();
    return `${url}: ${reasonOf(error)}`;
  }
}

function request(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const get = url.protocol === "https:" ? getHttps : getHttp;
    get(url, { agent: false, signal, headers: { accept: "application/json", "user-agent": "sluice" } }, resolve).once("error", reject);
  });
}

function compare(url: string, body: string, expect: Readonly<Record<string, string>>): string | null {
  if (Object.keys(expect).length === 0) return null;
  const answer = parseObject(body);
  if (answer === null) return `${url} did not answer with a JSON object`;
  const wrong = Object.entries(expect).flatMap(([key, wanted]) => {
    const found = answer[key];
    const text = typeof found === "string" ? found : JSON.stringify(found);
    return text === wanted
      ? []
      : [`${key} is ${text === undefined ? "not there" : JSON.stringify(text)}, expected ${JSON.stringify(wanted)}`];
  });
  return wrong.length === 0 ? null : `${url}: ${wrong.join("; ")}`;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "AbortError" || error.name === "TimeoutError") return `no answer within ${SLOWEST_ANSWER_MS / 1000} s`;
  return error.message === "" && "code" in error ? String(error.code) : error.message;
}
