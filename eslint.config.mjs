import js from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
  // Kernels are AssemblyScript, which its own compiler checks.
  { ignores: ["**/dist/", "**/node_modules/", "**/*.mjs", "**/*.cjs", "**/kernels/", ".local/"] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": ["warn", { max: 60, skipBlankLines: true, skipComments: true }],
      "no-console": "error",
      // The root of these packages loads every module: half a gigabyte for tsc and hundreds of milliseconds at run time.
      "no-restricted-imports": [
        "error",
        {
          paths: ["@pulumi/azure-native", "@pulumi/kubernetes", "@pulumi/docker"].map((name) => ({
            name,
            message: "import a submodule, such as @pulumi/azure-native/containerservice",
          })),
        },
      ],
      "@typescript-eslint/no-unused-vars": ["error", { varsIgnorePattern: "^_" }],
    },
  },
  {
    // A component's constructor is mostly inputs, one a line; cut up, it would no longer read from top to bottom.
    files: ["components/**/*.ts"],
    rules: {
      "max-lines-per-function": ["warn", { max: 120, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      "max-lines": ["error", { max: 400, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": "off",
      "no-console": "off",
    },
  },
);
