import { setTimeout as delay } from "node:timers/promises";
import { probeDuring } from "../health";
import { mistakes } from "../hostile";
import {
  answeredOnce,
  check,
  figure,
  healthAnswers,
  ms,
  type Scenario,
  type Soak,
} from "../scenario";

interface Sample {
  readonly seconds: number;
  readonly mb: number;
}

/** Growth by least squares, in MB a minute. */
export function slope(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number) =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const [time, memory] = [mean(({ seconds }) => seconds), mean(({ mb }) => mb)];
  const covariance = mean(({ seconds, mb }) => (seconds - time) * (mb - memory));
  return (60 * covariance) / mean(({ seconds }) => (seconds - time) ** 2);
}

/** The end of the run: load at 80 % with wrong input and dying lanes in between; memory must stay flat. */
export const endurance: Scenario = {
  name: "endurance at 80 % of capacity",
  share: 0.28,
  run: async (soak, seconds) => {
    const { client, server, capacity } = soak;
    const load = client.openLoop(server, 0.8 * capacity, seconds);
    const health = probeDuring(server.url, load);
    const samples = sampleDuring(soak, load);
    const disturbing = disturb(soak, seconds);
    const result = await load;
    const restarts = await disturbing;
    const taken = await samples;
    // The first fifth is warming up: pools and caches fill.
    const steady = taken.slice(Math.floor(taken.length / 5));
    const perMinute = slope(steady);
    const mean = steady.reduce((sum, { mb }) => sum + mb, 0) / steady.length;
    const growth = (perMinute * 0.8 * seconds) / 60;
    return {
      figures: {
        seconds: Math.round(seconds),
        scored: result.scored,
        rejected: result.rejected,
        p50: ms(result.scoredP50Ms),
        p99: ms(result.scoredP99Ms),
        "lanes ended": restarts,
        "mean RSS": `${mean.toFixed(0)} MB`,
        "RSS slope": `${perMinute.toFixed(2)} MB a minute`,
      },
      checks: [
        ...answeredOnce(result),
        check("the server has not been restarted", server.child.exitCode === null, "alive"),
        figure(
          "memory is flat: the fitted growth is below 5 % of the mean",
          growth < 0.05 * mean,
          `${growth.toFixed(1)} MB of ${mean.toFixed(0)} MB`,
        ),
        healthAnswers(await health),
      ],
    };
  },
};

async function sampleDuring({ server }: Soak, work: Promise<unknown>): Promise<Sample[]> {
  const samples: Sample[] = [];
  const started = performance.now();
  let isDone = false;
  void work.then(() => (isDone = true));
  while (!isDone) {
    samples.push({ seconds: (performance.now() - started) / 1000, mb: server.rssMb() });
    await delay(500);
  }
  return samples;
}

/** A wrong request about every second, and a worker's death about every half minute. */
async function disturb(soak: Soak, seconds: number): Promise<number> {
  const { server, random, photograph } = soak;
  const end = performance.now() + (seconds - 2) * 1000;
  let deaths = 0;
  while (performance.now() < end) {
    await delay(2000 * random.next());
    await random.pick(mistakes).send(server, photograph, random);
    if (random.below(30) > 0) continue;
    soak.endLanes(server);
    deaths++;
  }
  return deaths;
}
