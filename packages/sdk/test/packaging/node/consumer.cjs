import("@wardseal/sdk").then(async ({ Wardseal }) => {
  const ward = await Wardseal.open({ tenant: `ten_${"a".repeat(52)}`, keys: "http://127.0.0.1:9" });
  const request = await ward.beginSignUp("anna");
  const code = await ward.finishSignUp("token").catch((error) => error.code);
  console.log(JSON.stringify({ user: request.user, code }));
});
