import { Wardseal, WardsealError } from "@wardseal/sdk";
import { nodeFileStore } from "@wardseal/sdk/node";

const tenant = `ten_${"a".repeat(52)}`;
const ward = await Wardseal.open({ tenant, keys: "http://127.0.0.1:9", store: nodeFileStore(process.argv[2]) });
const request = await ward.beginSignUp("anna");
const code = await Wardseal.inspect(new Uint8Array(9)).catch((error) => (error instanceof WardsealError ? error.code : String(error)));
console.log(JSON.stringify({ user: request.user, code }));
