/** What a shell would act on; here it would reach the program as plain text, which is never what was meant. */
const SHELL_ONLY = /[|&;<>$`()*?]/;

/**
 * Splits a command at blanks; `"…"` and `'…'` keep them. Nothing else is special, and what only a shell understands is refused rather than passed on as text.
 */
export function splitWords(text: string): { readonly words: readonly string[] } | { readonly problem: string } {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (const character of text) {
    if (quote !== null) {
      if (character === quote) quote = null;
      else word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= "";
    } else if (/\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (SHELL_ONLY.test(character)) {
      return { problem: `\`${character}\` means something to a shell only, and none is used: write ["sh", "-c", "…"] to use one` };
    } else {
      word = (word ?? "") + character;
    }
  }
  if (quote !== null) return { problem: `the quote ${quote} is not closed` };
  if (word !== null) words.push(word);
  return words.length === 0 ? { problem: "the command is empty" } : { words };
}
