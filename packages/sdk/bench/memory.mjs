// How much memory the pages of a browser take, by what Linux says of their processes.
import { readFileSync, readdirSync } from "node:fs";

/** The renderers of a browser: processes that descend from it and draw pages. */
function renderers(browser) {
  const parents = new Map();
  const found = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const status = readFileSync(`/proc/${name}/status`, "utf8");
      parents.set(Number(name), Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]));
      if (readFileSync(`/proc/${name}/cmdline`, "utf8").includes("--type=renderer")) found.push(Number(name));
    } catch {
      // It has ended meanwhile.
    }
  }
  const descends = (pid) => pid === browser || (pid > 1 && descends(parents.get(pid) ?? 0));
  return found.filter(descends);
}

/** Bytes that the pages of a browser hold. */
function resident(browser) {
  let bytes = 0;
  for (const pid of renderers(browser)) {
    try {
      bytes += Number(/^RssAnon:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
    } catch {
      // It has ended meanwhile.
    }
  }
  return bytes;
}

/** Runs `work`; gives what it gave and the most that the pages held meanwhile beyond what they held before, in bytes. */
export async function withPeak(browser, work) {
  const before = resident(browser);
  let peak = before;
  const timer = setInterval(() => {
    peak = Math.max(peak, resident(browser));
  }, 50);
  try {
    return { value: await work(), peak: peak - before };
  } finally {
    clearInterval(timer);
  }
}
