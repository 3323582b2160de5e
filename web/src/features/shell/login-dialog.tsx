import { FormControl, TextInput } from "@primer/react";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { answer, api, whenUnauthenticated } from "../../lib/api.ts";
import type { Live } from "../../lib/live.ts";
import { ActDialog } from "../../ui/dialog.tsx";

/** Asks for a token once the server wants one; the token itself is not kept, the answer sets a cookie that scripts cannot read. */
export function LoginDialog({ live }: { live: Live }) {
  const cache = useQueryClient();
  const [open, setOpen] = useState(false);
  const [token, setToken] = useState("");
  useEffect(() => whenUnauthenticated(() => setOpen(true)), []);
  if (!open) return null;
  return (
    <ActDialog
      title="Log in"
      verb="Log in"
      body={token.trim() === "" ? null : { token: token.trim() }}
      act={(body) => answer(api.POST("/api/v1/session", { body }))}
      onClose={() => setOpen(false)}
      onDone={() => {
        setToken("");
        live.connect();
        void cache.invalidateQueries();
      }}
    >
      <p>This server wants to know who asks.</p>
      <FormControl required>
        <FormControl.Label>Token</FormControl.Label>
        <TextInput block type="password" autoComplete="current-password" value={token} onChange={(event) => setToken(event.target.value)} />
        <FormControl.Caption>The secret of SLUICE_TOKEN.</FormControl.Caption>
      </FormControl>
    </ActDialog>
  );
}
