/** The linter: strict types, the house's sizes, and the layers of style.md. */
import tseslint from "typescript-eslint";

/** @param {string} layer @param {string[]} above */
function layer(layer, above) {
  const message = `${layer} may not know what lies above or beside it`;
  return {
    files: [`src/${layer}/**/*.ts`],
    rules: { "no-restricted-imports": ["error", { patterns: [{ group: above.map((name) => `**/${name}/**`), message }] }] },
  };
}

export default tseslint.config(
  { ignores: ["node_modules", "**/*.mjs", "eslint.config.js", "vitest.config.ts"] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { project: "./tsconfig.json", tsconfigRootDir: import.meta.dirname ?? "." } },
    rules: {
      "max-lines": ["error", 400],
      "max-lines-per-function": ["error", { max: 40, skipComments: true }],
      complexity: ["error", 12], // the house's 8, and room for the `?? 0` that checked indexing asks for and that counts as a branch
      "max-params": ["error", 6],
      "no-eval": "error",
      "@typescript-eslint/no-confusing-void-expression": "off", // short arrow functions that only do something read better
    },
  },
  layer("dicom", ["dicomweb", "local", "volume", "render", "tools", "ui"]),
  layer("dicomweb", ["dicom", "local", "volume", "render", "tools", "ui"]),
  layer("local", ["volume", "render", "tools", "ui"]),
  layer("volume", ["dicomweb", "local", "render", "tools", "ui"]),
  layer("render", ["dicomweb", "local", "tools", "ui"]),
  layer("tools", ["dicomweb", "local", "ui"]),
  { files: ["tests/**/*.ts"], rules: { "max-lines-per-function": "off" } }, // a describe block is one function
);
