import type { Catalogue } from "../languages";
import { account } from "./account";
import { common } from "./common";
import { documents } from "./documents";
import { errors } from "./errors";
import { unlock } from "./unlock";

export default { ...common, ...errors, ...unlock, ...account, ...documents } satisfies Catalogue;
