import { defineConfig } from "vitest/config";
import { assembled } from "./wat.mjs";

const assembling = {
  name: "assembling",
  enforce: "pre" as const,
  async load(id: string) {
    return id.endsWith(".wat") ? `export default Uint8Array.of(${(await assembled(id)).join()});` : undefined;
  },
};

export default defineConfig({ plugins: [assembling], test: { include: ["tests/**/*.test.ts"], testTimeout: 120_000 } });
