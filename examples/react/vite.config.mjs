// The SDK loads its workers and its WebAssembly by addresses beside its own modules, which a bundle made in advance would lose.
export default {
  build: { target: "es2022" },
  optimizeDeps: { exclude: ["@wardseal/sdk"] },
  // The hooks lie in another folder of this repository, with a React of their own for their tests.
  resolve: { dedupe: ["react", "react-dom"] },
};
