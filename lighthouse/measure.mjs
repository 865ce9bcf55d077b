// Runs Lighthouse's mobile preset on each page in turn and keeps its reports; what is enough is not decided here.
// The job comes on standard input, because it holds a session cookie, and everybody can read command lines.
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const job = JSON.parse(await text(process.stdin));
const require = createRequire(job.modules);
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { default: lighthouse } = await load("lighthouse");
const { default: puppeteer } = await load("puppeteer-core");

const tries = 4;
// At this speed and below Lighthouse warns that the machine is too slow for its score to say much.
const slow = 1000;

for (let run = 1; run <= job.runs; run += 1) {
  for (const [name, url] of Object.entries(job.pages)) {
    const report = await reported(`${name}, ${run} of ${job.runs}`, url);
    if (!report) throw new Error(`${url} could not be measured.`);
    await writeFile(`${job.reports}/${name}-${run}.json`, JSON.stringify(report));
  }
}

/** Return the first report of a machine that was fast enough for it, else the last there is. */
async function reported(what, url) {
  let report = null;
  for (let left = tries; left > 0; left -= 1) {
    // A busy machine makes Lighthouse miss a page's beginning now and then; it says so, and asks to run it again.
    report = (await measured(url)) ?? report;
    if (!report) continue;
    const speed = report.environment.benchmarkIndex;
    console.log(`${what}: performance ${report.categories.performance.score}, machine ${speed}`);
    if (speed > slow) break;
  }
  return report;
}

async function measured(url) {
  const browser = await puppeteer.launch({ executablePath: job.browser, args: job.flags });
  try {
    await browser.setCookie(job.cookie);
    const page = await browser.newPage();
    const { lhr } = await lighthouse(url, { logLevel: "error", onlyCategories: job.categories }, undefined, page);
    if (lhr.runtimeError) {
      console.error(`${url}: ${lhr.runtimeError.message}`);
      return null;
    }
    // Whoever is sent away to sign in would measure that page in this one's place.
    if (lhr.finalDisplayedUrl !== url) throw new Error(`${url} led to ${lhr.finalDisplayedUrl}.`);
    return lhr;
  } finally {
    await browser.close();
  }
}
