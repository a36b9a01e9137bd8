// Builds the two scripts of the pages: page.js (every page) and charts.js (pages with charts).
//   node build.mjs FOLDER
import { build } from "esbuild";

const folder = process.argv[2];
if (!folder) {
  console.error("Name the folder to write to: node build.mjs FOLDER");
  process.exit(2);
}

await build({
  entryPoints: ["src/page.js", "src/charts.js"],
  outdir: folder,
  bundle: true,
  format: "esm",
  target: "es2020",
  minify: true,
  legalComments: "linked",
  logLevel: "warning",
});
