/** What of the SDK is needed to sign in and to work: a page that imports the whole of it on demand loads the whole of it. */
export { Wardseal, WardsealError, checkPassword, memoryStore } from "@wardseal/sdk";
