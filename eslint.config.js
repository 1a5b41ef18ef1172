// Style of the browser part. Types are asked too; Lit's templates have rules of their own.
import js from "@eslint/js";
import lit from "eslint-plugin-lit";
import typescript from "typescript-eslint";

export default typescript.config(
  { ignores: ["**/dist/", "node_modules/", ".venv/", "build/", "data/"] },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [...typescript.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { lit },
    rules: {
      ...lit.configs.recommended.rules,
      "no-eval": "error",
      "no-new-func": "error",
      "no-restricted-syntax": [
        "error",
        { selector: "ImportDeclaration[source.value='lit/directives/style-map.js']", message: "The content security policy forbids style attributes; set styles through the CSSOM." },
      ],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
    },
  },
  {
    // core/ is used by pages without designers: it stays free of Lit.
    files: ["runtime/web/src/core/**/*.ts"],
    rules: { "no-restricted-imports": ["error", { patterns: ["lit", "lit/*", "../islands/*", "../ui/*"] }] },
  },
  {
    // The runtime knows no builder.
    files: ["runtime/web/src/**/*.ts"],
    ignores: ["runtime/web/src/core/**"],
    rules: { "no-restricted-imports": ["error", { patterns: ["**/builder/**"] }] },
  },
);
