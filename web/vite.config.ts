import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  root: path("."),
  base: "/",
  plugins: [react()],
  build: {
    outDir: path("../dist/web"),
    emptyOutDir: true,
    // The server's content security policy allows neither inline scripts nor data: scripts.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    // one page, one script: 224 KB as it is sent; what shows differences comes when one is shown, 23 KB more
    chunkSizeWarningLimit: 800,
  },
  // `vite web` beside `sluice serve`: the page reloads as it is edited, the data is the server's.
  server: { proxy: { "/api": process.env["SLUICE_URL"] ?? "http://127.0.0.1:8080" } },
});
