import { useQuery } from "@tanstack/react-query";
import { githubWords } from "../../../../src/contract/github.ts";
import { github } from "../../lib/queries.ts";

/** What GitHub has yet to be told, and what is left of its limits; nothing where the server does not speak to it. */
export function GithubLine() {
  const { data: connection } = useQuery(github);
  if (!connection) return null;
  const { line, isBehind } = githubWords(connection);
  return (
    <p className={isBehind ? "tone-attention" : "muted"} aria-label="GitHub">
      GitHub: {line}
    </p>
  );
}
