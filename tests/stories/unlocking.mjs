/** A box is locked, and its passphrase is typed in a browser: `node unlocking.mjs PLAN.json`. Its test locks the box whenever this asks for it, by a line. */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { launch, someone, until } from "./browser.mjs";
import { comeInFirst, path, pictures, press, words } from "./pages.mjs";

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { origin } = plan;
const faults = { policy: [], foreign: [], errors: [], warnings: [] };
const found = { faults };
const picture = pictures(plan.pictures);
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Lock the box, unlock it on its page, touch nothing more; give where the page goes by itself. */
async function unlock(page, name) {
  process.stdout.write(`${JSON.stringify({ wanted: "lock" })}\n`);
  const { status } = JSON.parse((await answers.next()).value);
  if (status !== 0) throw new Error(`the box was not locked: ${status}`);
  await page.goto(`${origin}/unlock`);
  await page.fill("input[name=passphrase]", plan.passphrase);
  await press(page, "Unlock the box");
  const told = await words(page, "h1");
  await picture(page, `unlocking-${name}`);
  await until("the page goes on", () => path(page) !== "/unlock");
  await until("the box is there", async () => (await words(page, "h1").catch(() => told)) !== told);
  return { told, led: path(page) };
}

const browser = await launch();
try {
  const hers = await someone(browser, origin, faults);
  await comeInFirst(hers, origin, plan.who);
  found.signedIn = await unlock(hers, "signed-in");
  const stranger = await someone(browser, origin, faults);
  found.stranger = await unlock(stranger, "stranger");
} finally {
  await browser.close();
}
console.log(JSON.stringify({ found }));
process.exit(0);
