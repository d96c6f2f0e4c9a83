// Prints what a run of vectors found, closing with the line that says how many passed, and sets the exit code.

/** `where` names the engine; `report` has the form of the `Report` in `src/report.rs`. */
export function print(where, report) {
  let passed = 0;
  let failed = 0;
  for (const file of report.files) {
    console.log(`${file.name}: ${file.passed} passed, ${file.skipped} not applicable`);
    for (const failure of file.failures) console.error(`FAILED ${where} ${file.name}: ${failure}`);
    passed += file.passed;
    failed += file.failures.length;
  }
  console.log(`${passed} passed, ${failed} failed`);
  if (failed > 0 || passed === 0) process.exitCode = 1;
}
