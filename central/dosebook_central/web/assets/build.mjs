// Bundle src/*.js and src/*.css into ../static/dist under hashed names, and write manifest.json:
// {"app.js": "app-HASH.js", …}. Files in sub-folders and files named _*.* are parts, not entries.
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "src");
const target = join(here, "..", "static", "dist");

const entries = (await readdir(source))
  .filter((name) => /^[^_].*\.(js|css)$/.test(name))
  .map((name) => join(source, name));

await mkdir(target, { recursive: true });

const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: entries,
  outdir: target,
  entryNames: "[name]-[hash]",
  chunkNames: "chunk-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  minify: true,
  sourcemap: false,
  legalComments: "eof",
  loader: { ".woff2": "file", ".svg": "file", ".png": "file" },
  metafile: true,
  logLevel: "warning",
});

const manifest = {};
for (const [file, output] of Object.entries(metafile.outputs)) {
  if (output.entryPoint) manifest[basename(output.entryPoint)] = basename(file);
}
const sorted = Object.fromEntries(Object.entries(manifest).sort());
// Whoever serves the pages meanwhile finds the former files until the new ones are all there.
await writeFile(join(target, "manifest.new"), `${JSON.stringify(sorted, null, 2)}\n`);
await rename(join(target, "manifest.new"), join(target, "manifest.json"));
const made = new Set([...Object.keys(metafile.outputs).map((path) => basename(path)), "manifest.json"]);
for (const name of await readdir(target)) if (!made.has(name)) await rm(join(target, name), { force: true });
for (const [name, file] of Object.entries(sorted)) {
  const [path] = Object.keys(metafile.outputs).filter((key) => basename(key) === file);
  console.log(`${name} → ${file} ${(metafile.outputs[path].bytes / 1024).toFixed(0)} KiB`);
}
