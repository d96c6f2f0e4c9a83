// Finds the project's own vectors by walking their folder: a new case needs no new code.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

const FOLDER = fileURLToPath(new URL("../../spec/vectors/v1", import.meta.url));

/** Every case as `{ path, text }`, the path beginning at the object. Throws when there is none. */
export function vectors() {
  const cases = readdirSync(FOLDER, { withFileTypes: true })
    .filter((object) => object.isDirectory())
    .flatMap((object) => readdirSync(join(FOLDER, object.name)).map((name) => `${object.name}/${name}`))
    .filter((path) => path.endsWith(".json"))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(FOLDER, path), "utf8") }));
  if (cases.length === 0) throw new Error(`there are no vectors in ${FOLDER}`);
  return cases;
}
