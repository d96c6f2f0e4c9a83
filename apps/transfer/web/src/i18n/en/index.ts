/** English, the language whose keys the others must have. One file for each feature; add a file here and in `fr` and `de`. */
import { account } from "./account";
import { ask } from "./ask";
import { oneCase } from "./case";
import { cases } from "./cases";
import { common } from "./common";
import { documents } from "./documents";
import { errors } from "./errors";
import { inbox } from "./inbox";
import { request } from "./request";
import { team } from "./team";
import { unlock } from "./unlock";

export default { ...common, ...errors, ...unlock, ...account, ...documents, ...cases, ...oneCase, ...ask, ...inbox, ...request, ...team } as const;
