export const wasm: Uint8Array<ArrayBuffer>;
