// Runs every vector through a loaded module; the same in Node and in a browser.

/** `vectors` are the project's own, as `{ path, text }`. The result has the form of the `Report` in `src/report.rs`. */
export function run({ run_external, run_vector }, vectors) {
  const { files } = JSON.parse(run_external());
  const objects = new Map();
  for (const { path, text } of vectors) {
    const name = `vectors/${path.split("/").at(-2)}`;
    if (!objects.has(name)) objects.set(name, { name, passed: 0, skipped: 0, failures: [] });
    const differs = run_vector(path, text);
    if (differs === "") objects.get(name).passed += 1;
    else objects.get(name).failures.push(`${path}: ${differs}`);
  }
  return { files: [...files, ...objects.values()] };
}
