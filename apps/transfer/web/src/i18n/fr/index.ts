import type { Catalogue } from "../languages";
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

export default { ...common, ...errors, ...unlock, ...account, ...documents, ...cases, ...oneCase, ...ask, ...inbox, ...request, ...team } satisfies Catalogue;
