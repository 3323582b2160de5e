/** What other programs say, of any size and in any form until it has been looked at. */

/** The text of a stream; throws, and closes the stream, where it has more than `limit` bytes. `what`: how the message names it. */
export async function readBounded(stream: AsyncIterable<Buffer>, limit: number, what: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > limit) throw new Error(`${what} is larger than ${limit} bytes`); // leaving the loop closes the stream
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** The JSON object that a text is; null where it is anything else. */
export function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
