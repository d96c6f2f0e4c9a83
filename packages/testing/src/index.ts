/** Wardseal's servers in memory, for tests of applications. Begin with {@link TestPlatform.create}. */
export { TestClock, type Duration } from "./clock.js";
export { Faults, type Fault } from "./faults.js";
export { Mailbox, type Letter } from "./mailbox.js";
export { TestPlatform, type RecoveryRequest, type TestOptions, type TestPlatformOptions } from "./platform.js";
export type { Role, TestRequest } from "./requests.js";
