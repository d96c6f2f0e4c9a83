import type { Catalogue } from "../languages";
import { account } from "./account";
import { ask } from "./ask";
import { oneCase } from "./case";
import { cases } from "./cases";
import { common } from "./common";
import { documents } from "./documents";
import { errors } from "./errors";
import { escrow } from "./escrow";
import { inbox } from "./inbox";
import { recover } from "./recover";
import { request } from "./request";
import { team } from "./team";
import { unlock } from "./unlock";
import { ways } from "./ways";

export default { ...common, ...errors, ...unlock, ...recover, ...account, ...ways, ...documents, ...cases, ...oneCase, ...ask, ...escrow, ...inbox, ...request, ...team } satisfies Catalogue;
