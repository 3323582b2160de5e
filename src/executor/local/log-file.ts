import { statSync } from "node:fs";
import { open } from "node:fs/promises";
import { codeOf } from "../../host/errors.ts";

/** Bytes of a file that somebody appends to, cut where a character ends. `next` is a byte offset; it equals `offset` when there is nothing more. */
export async function readFrom(path: string, offset: number, limit: number): Promise<{ readonly text: string; readonly next: number }> {
  const file = await open(path, "r").catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  });
  if (file === null) return { text: "", next: offset };
  try {
    // A character has at most four bytes, so that even the smallest limit makes progress.
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.max(limit, 4)), 0, Math.max(limit, 4), offset);
    const whole = wholeCharacters(buffer.subarray(0, bytesRead));
    return { text: whole.toString("utf8"), next: offset + whole.length };
  } finally {
    await file.close();
  }
}

/** Drops the first bytes of a character whose other bytes are not here yet. */
function wholeCharacters(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue; // a following byte: its first one is further ahead
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? bytes.subarray(0, bytes.length - back) : bytes;
  }
  return bytes;
}

/** 0 where there is no such file. */
export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
