/**
 * Build the app into a folder: `node build.mjs OUT`. Hashed names, so that a browser keeps them for ever;
 * beside each file its gzip and brotli form; `build.json` says which files there are and how many bytes travel.
 */

import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, "../appliance/webui"));
const partial = `${out}.partial`;
const TEXT = new Set([".js", ".css", ".html", ".svg", ".webmanifest", ".json"]);

/** All styles in one sheet: the system first, then each view's own. A view only puts a .css file into its folder. */
const styles = {
  name: "styles",
  setup(build) {
    build.onResolve({ filter: /^homarus:styles$/ }, () => ({ path: "styles", namespace: "styles" }));
    build.onLoad({ filter: /.*/, namespace: "styles" }, async () => {
      const system = ["tokens", "base", "basics", "forms", "overlay", "shell"].map((name) => `./src/ui/${name}.css`);
      const files = await readdir(join(here, "src/views"), { recursive: true });
      const views = files.filter((file) => file.endsWith(".css")).sort().map((file) => `./src/views/${file}`);
      const contents = [...system, ...views].map((file) => `@import "${file}";`).join("\n");
      return { contents, loader: "css", resolveDir: here };
    });
  },
};

async function bundle(version) {
  return esbuild.build({
    absWorkingDir: here,
    entryPoints: { app: "src/main.tsx", style: "homarus:styles" },
    outdir: join(partial, "assets"),
    bundle: true,
    splitting: true,
    format: "esm",
    target: ["es2022", "chrome107", "firefox110", "safari16.4"],
    minify: true,
    metafile: true,
    legalComments: "eof",
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    jsx: "automatic",
    jsxImportSource: "preact",
    define: { __VERSION__: JSON.stringify(version) },
    plugins: [styles],
    logLevel: "warning",
  });
}

/** Every file that a page loads before it can paint: an entry and what it imports at once. */
function atOnce(outputs, start) {
  const seen = new Set();
  const visit = (file) => {
    if (seen.has(file) || !outputs[file]) return;
    seen.add(file);
    for (const one of outputs[file].imports) if (one.kind === "import-statement") visit(one.path);
  };
  visit(start);
  return [...seen];
}

async function compress() {
  const bytes = {};
  for (const file of (await readdir(partial, { recursive: true, withFileTypes: true })).filter((one) => one.isFile())) {
    const path = join(file.parentPath, file.name);
    const content = await readFile(path);
    const entry = { raw: content.length };
    if (TEXT.has(extname(path)) && content.length > 512) {
      const gz = gzipSync(content, { level: 9 });
      const br = brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
      await writeFile(`${path}.gz`, gz);
      await writeFile(`${path}.br`, br);
      entry.gzip = gz.length;
      entry.br = br.length;
    }
    bytes[path.slice(partial.length + 1)] = entry;
  }
  return bytes;
}

/** Tell the service worker which files make up the app; its name changes with them. */
async function fillWorker(names) {
  const files = ["/", "/theme.js", "/icon.svg", ...names.sort().map((name) => `/assets/${name}`)];
  const build = createHash("sha256").update(page).update(files.join()).digest("hex").slice(0, 12);
  const path = join(partial, "sw.js");
  const text = (await readFile(path, "utf8"))
    .replace("homarus-BUILD", `homarus-${build}`)
    .replace("/* FILES */", files.map((file) => JSON.stringify(file)).join(", "));
  await writeFile(path, text);
}

await rm(partial, { recursive: true, force: true });
await mkdir(join(partial, "assets"), { recursive: true });
const { version } = JSON.parse(await readFile(join(here, "package.json"), "utf8"));
const { metafile } = await bundle(version);
const outputs = Object.fromEntries(
  Object.entries(metafile.outputs).map(([path, value]) => [
    basename(path),
    { ...value, imports: value.imports.map((one) => ({ ...one, path: basename(one.path) })) },
  ]),
);
const named = (start) => Object.keys(outputs).find((name) => outputs[name].entryPoint === start);
const script = named("src/main.tsx");
const sheet = Object.keys(outputs).find((name) => name.endsWith(".css"));
const first = atOnce(outputs, script);
const chat = named("src/views/chat/index.tsx");
const chatFiles = chat ? atOnce(outputs, chat).filter((name) => !first.includes(name)) : [];

await cp(join(here, "static"), partial, { recursive: true });
const page = (await readFile(join(here, "static/index.html"), "utf8"))
  .replace("<!-- styles -->", `<link rel="stylesheet" href="/assets/${sheet}">`)
  .replace(
    "<!-- scripts -->",
    [
      ...first.slice(1).map((name) => `<link rel="modulepreload" href="/assets/${name}">`),
      `<script type="module" src="/assets/${script}"></script>`,
    ].join("\n"),
  );
await writeFile(join(partial, "index.html"), page);
await fillWorker(Object.keys(outputs));
const files = await compress();
const weigh = (names) => names.reduce((sum, name) => sum + (files[`assets/${name}`].gzip ?? files[`assets/${name}`].raw), 0);
const summary = {
  version,
  script,
  sheet,
  first,
  chat: chatFiles,
  firstPaint: { script: weigh(first), chat: weigh(chatFiles), style: weigh([sheet]) },
  files,
};
await writeFile(join(partial, "build.json"), JSON.stringify(summary, null, 1));
await rm(`${out}.old`, { recursive: true, force: true });
await rename(out, `${out}.old`).catch(() => undefined);
await rename(partial, out);
await rm(`${out}.old`, { recursive: true, force: true });
console.log(`first paint: ${summary.firstPaint.script} bytes of script, chat ${summary.firstPaint.chat}, style ${summary.firstPaint.style} (gzip)`);
