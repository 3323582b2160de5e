/** Asks each thing once, and answers the same to all who ask. */
export function once<A extends readonly unknown[], T>(ask: (...about: A) => Promise<T>): (...about: A) => Promise<T> {
  const asked = new Map<string, Promise<T>>();
  return (...about) => {
    const key = JSON.stringify(about);
    const answer = asked.get(key) ?? ask(...about);
    asked.set(key, answer);
    return answer;
  };
}
