// What the measurements share.

export function median(times) {
  return [...times].sort((one, other) => one - other)[Math.floor(times.length / 2)];
}

/** Milliseconds that `work` takes. */
export async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Median and best time of each in milliseconds; and how fast it was, compared with the first in the same round: the median of that. */
export async function compare(contenders, rounds) {
  const times = contenders.map(() => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [number, [, run]] of contenders.entries()) {
      const time = await timed(run);
      if (round > 0) times[number].push(time);
    }
  }
  return contenders.map(([name], number) => {
    const ratio = median(times[number].map((time, round) => times[0][round] / time));
    return { name, median: median(times[number]), best: Math.min(...times[number]), ratio };
  });
}
