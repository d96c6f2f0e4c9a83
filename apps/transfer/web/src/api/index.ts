/** The transfer server: typed calls, hooks over them, events. */
export { api, type Api } from "./client";
export { ApiError } from "./errors";
export { absorbCase, absorbRequest, addressOf, isMeant, keys, useCase, useCases, useFacilities, useRequest, useRequests, useRevocations } from "./queries";
export { ulid } from "./ulid";
export type * from "./types";
