import js from "@eslint/js";
import globals from "globals";

const rules = {
  ...js.configs.recommended.rules,
  eqeqeq: "error",
  "no-implicit-globals": "error",
  "no-restricted-properties": [
    "error",
    ...["innerHTML", "outerHTML", "insertAdjacentHTML"].map((property) => ({
      property,
      message: "Text that people and models wrote goes in by textContent.",
    })),
  ],
  "no-shadow": "error",
  "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
  "no-var": "error",
  "object-shorthand": "error",
  "prefer-const": "error",
};
const reports = { reportUnusedDisableDirectives: "error" };

export default [
  { ignores: ["static/vendor/"] },
  {
    files: ["static/*.js"],
    ignores: ["static/gettext.js"],
    languageOptions: { sourceType: "script", globals: globals.browser },
    linterOptions: reports,
    rules,
  },
  {
    files: ["static/gettext.js", "static/review/*.js"],
    ignores: ["static/review/diff_worker.js"],
    languageOptions: { sourceType: "module", globals: globals.browser },
    linterOptions: reports,
    rules,
  },
  {
    files: ["static/review/diff_worker.js"],
    languageOptions: { sourceType: "script", globals: globals.worker },
    linterOptions: reports,
    rules: { ...rules, "no-implicit-globals": "off" },
  },
];
