/** English, the language whose keys the others must have. One file for each feature; add a file here and in `fr` and `de`. */
import { account } from "./account";
import { common } from "./common";
import { documents } from "./documents";
import { errors } from "./errors";
import { unlock } from "./unlock";

export default { ...common, ...errors, ...unlock, ...account, ...documents } as const;
