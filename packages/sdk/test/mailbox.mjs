// A mail server that keeps what it is given: what the vault's letters arrive in.
import { createServer } from "node:net";

/** Starts one. `letters` are the texts of what came, `next` waits for one more. */
export async function startMailbox() {
  const letters = [];
  const waiting = [];
  const server = createServer((socket) => {
    let said = "";
    let letter;
    const answer = (line) => socket.write(`${line}\r\n`);
    const heard = (line) => {
      if (letter !== undefined) {
        if (line !== ".") return void letter.push(line.replace(/^\./, ""));
        letters.push(textOf(letter.join("\r\n")));
        letter = undefined;
        waiting.shift()?.();
        return answer("250 kept");
      }
      switch (line.slice(0, 4).toUpperCase()) {
        case "DATA":
          letter = [];
          return answer("354 go on");
        case "QUIT":
          answer("221 bye");
          return void socket.end();
        default:
          return answer("250 yes");
      }
    };
    socket.setEncoding("utf8").on("data", (data) => {
      said += data;
      for (let end = said.indexOf("\r\n"); end >= 0; end = said.indexOf("\r\n")) {
        const line = said.slice(0, end);
        said = said.slice(end + 2);
        heard(line);
      }
    });
    socket.on("error", () => undefined);
    answer("220 mailbox");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  let read = 0;
  return {
    address: `smtp://127.0.0.1:${server.address().port}`,
    letters,
    /** The next letter that nobody read yet. */
    next: async () => {
      while (letters.length <= read) await new Promise((resolve) => waiting.push(resolve));
      return letters[read++];
    },
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}

function textOf(message) {
  const at = message.indexOf("\r\n\r\n");
  const [head, body] = [message.slice(0, at), message.slice(at + 4)];
  const encoding = /^content-transfer-encoding: (\S+)/im.exec(head)?.[1]?.toLowerCase();
  if (encoding === "base64") return `${head}\n\n${Buffer.from(body, "base64").toString("utf8")}`;
  if (encoding !== "quoted-printable") return message;
  const bytes = body.replace(/=\r\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return `${head}\n\n${Buffer.from(bytes, "latin1").toString("utf8")}`;
}
