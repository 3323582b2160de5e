import "@primer/primitives/dist/css/base/size/size.css";
import "@primer/primitives/dist/css/base/typography/typography.css";
import "@primer/primitives/dist/css/base/motion/motion.css";
import "@primer/primitives/dist/css/functional/size/border.css";
import "@primer/primitives/dist/css/functional/size/size.css";
import "@primer/primitives/dist/css/functional/typography/typography.css";
import "@primer/primitives/dist/css/functional/themes/light.css";
import "@primer/primitives/dist/css/functional/themes/dark.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/content.css";
import "./styles/fleet.css";
import "./styles/run.css";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiError } from "./lib/api.ts";
import { Live } from "./lib/live.ts";
import { createPageRouter } from "./router.tsx";

/** A server's no stays a no; a connection that broke is tried again. */
const tryAgain = (failures: number, error: Error): boolean => !(error instanceof ApiError) && failures < 2;

const cache = new QueryClient({
  // The stream of events keeps what is shown true, so nothing grows old by itself.
  defaultOptions: { queries: { staleTime: Infinity, refetchOnWindowFocus: false, retry: tryAgain } },
});
const live = new Live(cache);
live.connect();

const root = document.getElementById("root");
if (!root) throw new Error("The page has no #root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={cache}>
      <RouterProvider router={createPageRouter(live)} />
    </QueryClientProvider>
  </StrictMode>,
);
