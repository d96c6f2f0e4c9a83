// A PDF of a wanted size, as a scanner makes them: pages that are images which do not compress, and a line of text on each.
import { bytesOf } from "../../../../packages/sdk/test/servers.mjs";

/** About `size` bytes, `pages` pages, on each of which stands `text`. */
export function scannedPdf(size, pages = 8, text = "TEST Arztbrief") {
  const width = 800;
  const height = Math.max(1, Math.round(size / pages / (width * 3)));
  const parts = [];
  const offsets = [];
  let length = 0;
  const write = (part) => {
    const bytes = typeof part === "string" ? Buffer.from(part, "latin1") : part;
    parts.push(bytes);
    length += bytes.length;
  };
  const object = (number, head, stream) => {
    offsets[number] = length;
    write(`${number} 0 obj\n`);
    if (stream === undefined) write(head);
    else {
      write(`${head.slice(0, -2)} /Length ${stream.length} >>\nstream\n`);
      write(stream);
      write("\nendstream");
    }
    write("\nendobj\n");
  };
  write("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n");
  const kids = Array.from({ length: pages }, (_, at) => `${4 + at * 3} 0 R`).join(" ");
  object(1, "<< /Type /Catalog /Pages 2 0 R >>");
  object(2, `<< /Type /Pages /Kids [${kids}] /Count ${pages} >>`);
  object(3, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
  for (let at = 0; at < pages; at++) {
    const page = 4 + at * 3;
    object(page, `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> /XObject << /I ${page + 2} 0 R >> >> /Contents ${page + 1} 0 R >>`);
    object(page + 1, "<< >>", Buffer.from(`q 495 0 0 560 50 60 cm /I Do Q BT /F1 28 Tf 50 740 Td (${text}, ${at + 1} / ${pages}) Tj ET`, "latin1"));
    object(page + 2, `<< /Type /XObject /Subtype /Image /Width ${width} /Height ${height} /ColorSpace /DeviceRGB /BitsPerComponent 8 >>`, Buffer.from(bytesOf(width * height * 3, at + 1)));
  }
  const start = length;
  const count = 4 + pages * 3;
  write(`xref\n0 ${count}\n0000000000 65535 f \n`);
  for (let number = 1; number < count; number++) write(`${String(offsets[number]).padStart(10, "0")} 00000 n \n`);
  write(`trailer\n<< /Size ${count} /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`);
  return Buffer.concat(parts);
}
