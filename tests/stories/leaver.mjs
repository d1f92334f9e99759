/** An assistant leaves the clinic while her screens are open: `node leaver.mjs PLAN.json` prints what was left to her. */
import { readFileSync } from "node:fs";
import { launch, looked, signIn, someone, until } from "./browser.mjs";
import { addPasskey, at, byPassword, comeInFirst, cookie, deviceOf, fresh, goneDark, path, pictures, press, words } from "./pages.mjs";

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { url: origin } = plan.facts.web;
const faults = { policy: [], foreign: [], errors: [], warnings: [] };
const found = { faults };
const picture = pictures(plan.pictures);

/** Her desk: the list with its live line, and a passkey of this device. */
async function desk(browser) {
  const page = await someone(browser, origin, faults);
  const device = await deviceOf(page);
  const mine = await comeInFirst(page, origin, plan.leaver);
  await addPasskey(page, origin, mine.secret, "My desk");
  found.passkeys = (await device.credentials()).length;
  const live = page.waitForResponse(`${origin}/events`);
  await page.goto(`${origin}/studies`);
  found.live = (await live).status();
  found.listed = await words(page, ".row .name a");
  return { page, codes: mine.codes };
}

/** The other browser: the pictures of a scan. */
async function viewing(browser, code) {
  const page = await someone(browser, origin, faults);
  await byPassword(page, origin, plan.leaver.user, plan.leaver.second);
  await page.fill("input[name=code]", code);
  await press(page, "Sign in");
  await at(page, "/studies");
  await page.goto(`${origin}/series/1/view`);
  await looked(page);
  await page.pdf(); // as printing does: Chromium without a head has no printer
  found.images = await page.evaluate(() => window.enamelViewer.state().loaded);
  return page;
}

/** What her sessions and her machine open, asked without a browser. */
async function opens(sessions) {
  const asked = (where, headers) => fetch(`${origin}${where}`, { headers: { accept: "text/html", ...headers }, redirect: "manual" }).then((answer) => answer.status);
  const machine = await asked("/dicomweb/studies", { accept: "application/dicom+json", authorization: `Bearer ${plan.token}` });
  return { sessions: await Promise.all(sessions.map((each) => asked("/studies", { cookie: `__Host-enamel-session=${each}` }))), machine };
}

/** The administrator goes to her page and presses the leaver's button; a code that was used already does nothing. */
async function close(page, screens) {
  await signIn(page, origin, plan.facts.web);
  await page.goto(`${origin}/people`);
  await picture(page, "people-before");
  await page.getByRole("link", { name: `Change: ${plan.leaver.name}` }).click();
  await page.waitForSelector(".button.danger");
  found.ending = await words(page, "main");
  await picture(page, "person");
  const form = page.locator('form[action$="/close"]');
  await fresh(page, plan.facts.web.totp_secret, 'form[action$="/close"]');
  const asked = page.waitForRequest((request) => request.url().endsWith("/close")).then(() => Date.now());
  const pressed = form.getByRole("button", { name: "Close for good" }).click();
  found.screens = await Promise.all(
    screens.map(async (screen) => {
      const seen = await goneDark(screen);
      const seconds = (Date.now() - (await asked)) / 1000;
      await at(screen, "/login");
      const still = await screen.evaluate(() => ({ canvases: document.querySelectorAll("canvas").length, words: document.body.textContent }));
      return { seconds, seen, still };
    }),
  );
  await pressed;
  await page.waitForSelector(".notice.good");
  found.closed = await words(page, ".notice.good");
  found.ended = await words(page, "main");
  await picture(page, "people-after");
}

/** She tries the ways in that she had. */
async function tries(page) {
  await picture(page, "her-screen-after");
  await press(page, "Use a passkey");
  await page.waitForSelector("main .notice.bad");
  found.byPasskey = [path(page), await words(page, "main .notice.bad")];
  await picture(page, "passkey-refused");
  await byPassword(page, origin, plan.leaver.user, plan.leaver.second);
  await page.waitForSelector("main .notice.bad");
  found.byPassword = [path(page), await words(page, "main .notice.bad")];
  await picture(page, "password-refused");
  await page.goBack();
  await until("the page of before is drawn", () => page.evaluate(() => document.readyState === "complete").catch(() => false));
  found.backwards = await page.evaluate(() => document.body.textContent);
}

async function record(page) {
  await page.goto(`${origin}/trail`);
  const rows = await page.locator("main tbody tr").allTextContents();
  found.record = rows.map((row) => row.trim().replace(/\s+/g, " "));
  await picture(page, "record");
}

const browser = await launch();
try {
  const { page: list, codes } = await desk(browser);
  const viewer = await viewing(browser, codes[0]);
  await picture(list, "her-list");
  await picture(viewer, "her-viewer");
  const sessions = [await cookie(list, "session"), await cookie(viewer, "session")];
  found.before = await opens(sessions);
  const administrator = await someone(browser, origin, faults);
  await close(administrator, [list, viewer]);
  found.after = await opens(sessions);
  await tries(list);
  await record(administrator);
} finally {
  await browser.close();
}
console.log(JSON.stringify(found));
