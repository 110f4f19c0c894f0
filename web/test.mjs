/** Run the unit tests of the app with node's own runner: `node test.mjs [name…]`. Each test file is bundled first. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

/** `import "../src/words/every"`: all files of words. */
const words = {
  name: "words",
  setup(build) {
    build.onResolve({ filter: /src\/words\/every$/ }, () => ({ path: "every", namespace: "words" }));
    build.onLoad({ filter: /.*/, namespace: "words" }, () => {
      const files = readdirSync(join(here, "src/words"));
      return { contents: files.map((file) => `import "./src/words/${file}";`).join("\n"), resolveDir: here };
    });
  },
};

const here = dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2);
const files = readdirSync(join(here, "tests"))
  .filter((file) => file.endsWith(".test.ts") && (!wanted.length || wanted.some((name) => file.includes(name))));
const out = mkdtempSync(join(tmpdir(), "web-tests-"));
try {
  await esbuild.build({
    absWorkingDir: here,
    entryPoints: files.map((file) => `tests/${file}`),
    outdir: out,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node22",
    jsx: "automatic",
    jsxImportSource: "preact",
    define: { __VERSION__: '"0.0.0"' },
    plugins: [words],
    sourcemap: "inline",
    logLevel: "warning",
  });
  const built = readdirSync(out).map((file) => join(out, file));
  const run = spawnSync(process.execPath, ["--enable-source-maps", "--test", "--test-reporter=spec", ...built], { stdio: "inherit" });
  process.exitCode = run.status ?? 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
